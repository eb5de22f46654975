import { assemble } from '@ringfold/isa/assembler'
import { describe, expect, it } from 'vitest'
import { createMachine } from './create-machine.ts'
import type { BootOptions } from './options.ts'

const ORIGIN = 0x100000
const REAL = 0x8000

/** A multiboot kernel of this code, in 32-bit protected mode. */
function kernelOf(code: string): Uint8Array {
  const source = `
bits 32
  dd 0x1badb002, 0x10003, ${-(0x1badb002 + 0x10003) >>> 0}
  dd ${ORIGIN}, ${ORIGIN}, 0, 0, start
start:
${code}`
  return assemble(source, { bits: 32, origin: BigInt(ORIGIN) }).bytes
}

/** Goes to real mode and does something there: Intel SDM vol. 3A, 10.9.2. The machine ends with bits 6:0 of AL. */
const inRealMode = (code: string): Uint8Array =>
  kernelOf(`
  mov esi, real
  mov edi, ${REAL}
  mov ecx, real_end - real
  rep movsb
  mov esp, 0x7000
  lidt [idtr]
  lgdt [gdtr]
  jmp 8:${REAL}
idtr: dw 0x3ff, 0, 0
gdtr: dw 23, gdt - ${ORIGIN}, ${ORIGIN >>> 16}
align 8
gdt: dq 0, 0x00009a000000ffff, 0x000092000000ffff
real:
bits 16
  mov ax, 16
  mov ds, ax
  mov ss, ax
  mov eax, cr0
  and al, 0xfe
  mov cr0, eax
  jmp 0:${REAL} + in_real - real
in_real:
  xor ax, ax
  mov ds, ax
  mov ss, ax
${code}
  out 0xf4, al
real_end:`)

const statusOf = async (kernel: Uint8Array, boot: Partial<BootOptions> = {}): Promise<number | string> => {
  const machine = createMachine({ memory: 16 << 20, debugExitPort: 0xf4, boot: { kernel, ...boot } })
  const end = await machine.run({ instructions: 1_000_000 })
  return end.kind === 'debug-exit' ? end.status >>> 1 : end.kind
}

describe('the BIOS, for who asks in real mode', () => {
  it.each([
    ['INT 15H, the map of memory', 'mov eax, 0xe820\nint 0x15\nsbb al, al\nand al, 1\nor al, ah', 0x07],
    ['INT 13H, a disk', 'clc\nmov ax, 0x4100\nint 0x13\nsbb al, al\nand al, 2\nor al, ah', 0x03],
  ])('%s: refuses', async (_, code, status) => {
    expect(await statusOf(inRealMode(code))).toBe(status)
  })

  it('INT 10H, video: comes back as it was called, with the interrupt flag of the caller', async () => {
    const code = 'cli\nstc\nmov bx, 0x1210\nmov ax, bx\nint 0x10\nmov al, bl\npushf\npop cx\nand cx, 0x201\nor al, cl'
    expect(await statusOf(inRealMode(code))).toBe(0x11)
  })

  it('has the base of the extended BIOS data area and the size of memory', async () => {
    expect(await statusOf(kernelOf('mov al, [0x413]\nand al, 0x7f\nout 0xf4, al'))).toBe(639 & 0x7f)
    expect(await statusOf(kernelOf('mov al, [0x40f]\nand al, 0x7f\nout 0xf4, al'))).toBe(0x1f)
  })
})

describe("a multiboot kernel's command line", () => {
  const letter = (n: number) => kernelOf(`mov ebx, [ebx + 16]\nmov al, [ebx + ${n}]\nout 0xf4, al`)

  it("begins with the kernel's name", async () => {
    const boot = { name: 'xen', commandLine: 'a=1' }
    const text = await Promise.all([0, 1, 2, 3, 4, 7].map((n) => statusOf(letter(n), boot)))
    expect(text).toEqual([...'xen a'].map((character) => character.charCodeAt(0)).concat(0))
    expect(await statusOf(letter(0), { commandLine: 'a=1' })).toBe('k'.charCodeAt(0))
  })
})
