/** Firmware images of the benchmark: each starts at the reset vector, enters flat 32-bit code, and marks rounds on COM1. */
import { assemble } from '@ringfold/isa/assembler'

/** Bytes of an image; it ends at 1 MiB and at 4 GiB. */
export const IMAGE_BYTES = 128 << 10
const BASE = 0x100000 - IMAGE_BYTES
/** Where the program runs: plain RAM, for every machine alike. */
const RUN = 0x300000
/** The I/O port on which a round is marked. */
export const MARK_PORT = 0x3f8

export interface Program {
  readonly name: string
  readonly image: Uint8Array
  /** Instructions from mark to mark. */
  readonly instructionsPerRound: number
}

/** The last 16 bytes of the image: a jump into its last 64 KiB, in which real mode starts. */
const PROLOGUE = `
bits 16
start16:
cli
lgdt [cs:gdtr - 0xf0000]
mov eax, cr0
or al, 1
mov cr0, eax
db 0x66, 0xea
dd start32
dw 8
align 8
gdt: dq 0
dq 0x00cf9a000000ffff
dq 0x00cf92000000ffff
gdtr: dw 23
dd gdt
bits 32
start32:
mov ax, 0x10
mov ds, ax
mov es, ax
mov ss, ax
mov fs, ax
mov gs, ax
mov esp, 0x90000
cld
mov esi, ${BASE}
mov edi, ${RUN}
mov ecx, ${(IMAGE_BYTES - 0x1000) / 4}
rep movsd
jmp ${RUN}
`

/** An image whose code begins at its first byte. */
function imageOf(code: Uint8Array): Uint8Array {
  const image = new Uint8Array(IMAGE_BYTES)
  if (code.length > IMAGE_BYTES - 0x1000) throw new Error(`the program has ${code.length} bytes`)
  image.set(code)
  const prologueAt = 0x100000 - 0x800
  image.set(assemble(PROLOGUE, { bits: 16, origin: BigInt(prologueAt) }).bytes, prologueAt - BASE)
  image.set(assemble(`jmp 0xf000:${prologueAt - 0xf0000}`, { bits: 16 }).bytes, IMAGE_BYTES - 16)
  return image
}

/** mulberry32, so that the programs are the same in every run. */
function generator(seed: number): () => number {
  let a = seed
  return () => {
    a = (a + 0x6d2b79f5) | 0
    let t = Math.imul(a ^ (a >>> 15), a | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return (t ^ (t >>> 14)) >>> 0
  }
}

const REGISTERS = ['eax', 'ebx', 'ecx', 'edx', 'esi', 'ebp']
const OPERATIONS = ['add', 'sub', 'xor', 'and', 'or', 'cmp', 'mov', 'adc']

/** One of the instructions that compilers emit most: register, immediate and memory forms, shifts, and branches that are not taken. */
function instruction(next: () => number): string {
  const register = () => REGISTERS[next() % REGISTERS.length] as string
  const operation = () => OPERATIONS[next() % OPERATIONS.length] as string
  const memory = () => `[edi+${4 * (next() % 1000)}]`
  switch (next() % 10) {
    case 0:
    case 1:
      return `${operation()} ${register()}, ${register()}`
    case 2:
      return `${operation()} ${register()}, ${next() % 1000}`
    case 3:
    case 4:
      return `mov ${register()}, ${memory()}`
    case 5:
      return `mov ${memory()}, ${register()}`
    case 6:
      return `${operation()} ${register()}, ${memory()}`
    case 7:
      return `lea ${register()}, [${register()}+${register()}*4+${next() % 100}]`
    case 8:
      return `${['shl', 'shr', 'sar'][next() % 3]} ${register()}, ${1 + (next() % 7)}`
    default:
      return next() % 2 === 0 ? `inc ${register()}` : `movzx ${register()}, byte ${memory()}`
  }
}

const DISTINCT = 20_000
/** Passes over the distinct instructions from mark to mark. */
const PASSES = 50

export function distinctInstructions(): Program {
  const next = generator(1)
  const lines = Array.from({ length: DISTINCT }, () => instruction(next))
  const code = `mov edi, 0x200000\nround:\nmov dword [0x1f0000], ${PASSES}\npass:\n${lines.join('\n')}
    dec dword [0x1f0000]\njnz pass\nmov dx, ${MARK_PORT}\nmov al, 1\nout dx, al\njmp round`
  const { bytes } = assemble(code, { bits: 32, origin: BigInt(RUN) })
  return { name: '20,000 distinct instructions', image: imageOf(bytes), instructionsPerRound: PASSES * (DISTINCT + 2) }
}

const LOOPS = 2_000_000

export function tightLoop(): Program {
  const code = `round:\nmov ecx, ${LOOPS}\ntop: add eax, ecx\nxor ebx, eax\nadd edx, 3\ndec ecx\njnz top
    mov dx, ${MARK_PORT}\nmov al, 1\nout dx, al\njmp round`
  const { bytes } = assemble(code, { bits: 32, origin: BigInt(RUN) })
  return { name: 'tight loop', image: imageOf(bytes), instructionsPerRound: LOOPS * 5 }
}

export const EXCEPTIONS_PER_ROUND = 100_000

/**
 * 64-bit code that raises #UD again and again. The handler steps over it and returns by IRETQ; or, without `returns`, it drops
 * the frame and goes on at once, so that little but the delivery is left.
 */
export function exceptions(returns: boolean): Program {
  const handler = returns ? 'add qword [rsp], 2\niretq' : 'lea rsp, [rsp+40]\njmp resumed'
  const code = `
bits 32
mov edi, 0x1000
xor eax, eax
mov ecx, 0x1000
rep stosd
mov dword [0x1000], 0x2003
mov dword [0x2000], 0x3003
mov dword [0x3000], 0x83
mov dword [0x3008], 0x200083
mov eax, handler
mov word [0x5060], ax
mov word [0x5062], 0x18
mov word [0x5064], 0x8e00
shr eax, 16
mov word [0x5066], ax
mov dword [0x5068], 0
mov word [0x5200], 0xfff
mov dword [0x5202], 0x5000
mov dword [0x5310], 0x0000ffff
mov dword [0x5314], 0x00cf9200
mov dword [0x5318], 0x0000ffff
mov dword [0x531c], 0x00af9a00
mov word [0x5400], 0x1f
mov dword [0x5402], 0x5300
lgdt [0x5400]
lidt [0x5200]
mov eax, 0x1000
mov cr3, eax
mov eax, 0x20
mov cr4, eax
mov ecx, 0xc0000080
rdmsr
or eax, 0x100
wrmsr
mov eax, cr0
or eax, 0x80000000
mov cr0, eax
jmp 0x18:long
bits 64
long:
round: mov ebx, ${EXCEPTIONS_PER_ROUND}
again: ud2
resumed: dec ebx
jnz again
mov dx, ${MARK_PORT}
mov al, 1
out dx, al
jmp round
handler:
${handler}
`
  const { bytes } = assemble(code, { bits: 32, origin: BigInt(RUN) })
  // Of each: UD2 does not retire; DEC, JNZ and the two of the handler do.
  return { name: 'exceptions', image: imageOf(bytes), instructionsPerRound: 4 * EXCEPTIONS_PER_ROUND }
}
