/** A case in the making: the state of its seed, what is changed in it so that the instruction reaches something, and code. */
import type { MemoryPatch, SiliconCase, WordPatch } from './case.ts'
import { type CodeBits, codeAddress, drawImage, IMAGE, IMAGE_BYTES } from './image.ts'
import { CODE, CODE_BYTES, WINDOW, WINDOW_BYTES } from './layout.ts'
import { type Random, seeded } from './random.ts'
import { windowBytes } from './window.ts'

export const RAX = 0
export const RCX = 1
export const RDX = 2
export const RBX = 3
export const RSP = 4
export const RBP = 5
export const RSI = 6
export const RDI = 7

/** A memory operand of the instruction being drawn. */
export interface DrawnMemory {
  /** Linear address; the operand may also be wanted where nothing is mapped. */
  readonly address: bigint
  readonly bytes: number
}

export class Draft {
  readonly bits: CodeBits
  readonly seed: number
  /** Choices; the seed itself stands for the state. */
  readonly next: Random
  readonly image: Uint8Array
  readonly view: DataView
  readonly window = windowBytes().slice(0, WINDOW_BYTES)
  readonly code: number[] = []
  /** Registers whose value matters: addresses, counts. */
  readonly fixed = new Set<number>()
  /** In a sequence: registers that hold addresses and that no instruction may take. */
  readonly pointers = new Set<number>()
  memory: DrawnMemory | undefined

  /** `attempt`: other choices for the same state. */
  constructor(bits: CodeBits, seed: number, attempt = 0) {
    this.bits = bits
    this.seed = seed
    this.next = seeded((seed ^ 0x5bd1e995) + attempt)
    this.image = drawImage(seed, bits)
    this.view = new DataView(this.image.buffer)
  }

  /** True once in `n` times. */
  once(n: number): boolean {
    return this.next() % n === 0
  }

  pick<T>(list: readonly T[]): T {
    return list[this.next() % list.length] as T
  }

  /** Where the next instruction will stand. */
  get address(): number {
    return codeAddress(this.seed) + this.code.length
  }

  register(n: number): bigint {
    return this.view.getBigUint64(IMAGE.gpr + 8 * n, true)
  }

  /** Sets a register, unless its value matters already. */
  setRegister(n: number, value: bigint): void {
    if (this.fixed.has(n)) return
    this.fixed.add(n)
    this.view.setBigUint64(IMAGE.gpr + 8 * n, BigInt.asUintN(this.bits, value), true)
  }

  /** Sets the low bits of a register only. */
  setLow(n: number, bits: number, value: bigint): void {
    const old = this.register(n)
    this.setRegister(n, (old & ~((1n << BigInt(bits)) - 1n)) | BigInt.asUintN(bits, value))
  }

  /** Memory of the window at a linear address, as far as it is there. */
  setMemory(address: bigint, bytes: Uint8Array): void {
    const offset = Number(address) - WINDOW
    if (offset >= 0 && offset + bytes.length <= WINDOW_BYTES) this.window.set(bytes, offset)
  }

  readMemory(address: bigint, bytes: number): bigint | undefined {
    const offset = Number(address) - WINDOW
    if (offset < 0 || offset + bytes > WINDOW_BYTES) return undefined
    let value = 0n
    for (let n = bytes - 1; n >= 0; n--) value = (value << 8n) | BigInt(this.window[offset + n] as number)
    return value
  }

  /** An address in the code page where only INT3 stands. */
  emptyCode(): number {
    const start = codeAddress(this.seed)
    const before = start - 0x40 - CODE
    const after = CODE + CODE_BYTES - (start + 0x80)
    return this.once(2) ? CODE + (this.next() % before) : start + 0x80 + (this.next() % after)
  }

  /** The case, with what differs from what the seed stands for. */
  finish(name: string, index: number): SiliconCase {
    const drawn = new DataView(drawImage(this.seed, this.bits).buffer)
    const words: WordPatch[] = []
    for (let word = 0; word < IMAGE_BYTES / 8; word++) {
      const value = this.view.getBigUint64(word * 8, true)
      if (value !== drawn.getBigUint64(word * 8, true)) words.push({ word, value })
    }
    const { bits, seed } = this
    const memory = differencesOf(windowBytes(), this.window)
    return { name, index, bits, seed, code: Uint8Array.from(this.code), words, memory }
  }
}

/** Runs of bytes that differ; equal stretches shorter than a patch's head do not part them. */
export function differencesOf(from: Uint8Array, to: Uint8Array): MemoryPatch[] {
  const patches: MemoryPatch[] = []
  const HEAD = 4
  for (let at = 0; at < to.length; at++) {
    if (from[at] === to[at]) continue
    let end = at + 1
    for (let n = end; n < to.length && n < end + HEAD; n++) if (from[n] !== to[n]) end = n + 1
    patches.push({ offset: at, bytes: to.slice(at, end) })
    at = end
  }
  return patches
}
