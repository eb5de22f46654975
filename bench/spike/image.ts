/** The kernels as a guest sees them: segments at their addresses, and functions by name. */
import { loadSegments, readElf, symbolTable } from '@ringfold/boot/elf'

/** The kernels in the order in which native.c and the boot image number them. */
export const KERNELS = ['crc', 'matrix', 'chase', 'fib', 'interpret'] as const
export type Kernel = (typeof KERNELS)[number]

/** What one round of a kernel is, for people. */
export const KERNEL_TITLES: Readonly<Record<Kernel, string>> = {
  crc: 'CRC-32 of 64 KiB by table',
  matrix: '64x64 matrix product',
  chase: 'linked list, 4096 steps',
  fib: 'recursive calls',
  interpret: 'switch interpreter, 4096 steps',
}

export interface Segment {
  readonly address: number
  readonly bytes: Uint8Array
  /** More than `bytes` where the rest is zero. */
  readonly sizeBytes: number
}

export interface Image {
  readonly segments: readonly Segment[]
  /** Addresses of the kernels and of `prepare`. */
  readonly functions: ReadonlyMap<Kernel | 'prepare', number>
}

/** Reads the linked kernels. Throws where the file is not what the linker was asked for. */
export function readImage(file: Uint8Array): Image {
  const elf = readElf(file)
  if (elf.kind !== 'elf') throw new Error(elf.message)
  const table = symbolTable(elf)
  const address = (name: string): number => {
    for (const symbol of table ?? []) if (symbol.name === name) return Number(symbol.value)
    throw new Error(`the image has no function ${name}`)
  }
  return {
    segments: loadSegments(elf).map(({ vaddr, bytes, memsz }) => ({
      address: Number(vaddr),
      bytes,
      sizeBytes: Number(memsz),
    })),
    functions: new Map((['prepare', ...KERNELS] as const).map((name) => [name, address(name)])),
  }
}
