/** Every exception that an instruction can raise, in every mode: vector, error code, and the instruction pointer that is pushed. */
import { CR0, CR4, EXCEPTION, MXCSR, RFLAGS } from '@ringfold/arch'
import { ENGINES } from '@ringfold/cpu'
import { describe, expect, it } from 'vitest'
import type { TestMode } from '../machine.ts'
import { AT, FREE, Guest } from './guest.ts'

const CODE16 = FREE + 0x20
/** Where 16-bit code of protected mode begins in its segment. */
const ENTRY = 0x200

interface Case {
  readonly name: keyof typeof EXCEPTION
  readonly section: string
  readonly what: string
  readonly modes: readonly TestMode[]
  /** The instruction stands at `at`; `next` follows. */
  readonly code: string
  readonly trap?: boolean
  /** In real mode none is pushed. */
  readonly error?: number
  readonly prepare?: (guest: Guest, mode: TestMode) => void
}

const ALL = [16, 32, 64] as const
const LEGACY = [16, 32] as const
const PROTECTED = [32, 64] as const
const setCr0 = (bits: number) => (guest: Guest) => guest.control('cr0', bits)

// biome-ignore format: a table
const CASES: readonly Case[] = [
  { name: '#DE', section: '7.15 Interrupt 0', what: 'DIV by zero', modes: ALL, code: 'xor ecx, ecx\nat: div ecx\nnext:' },
  { name: '#DE', section: '7.15 Interrupt 0', what: 'IDIV whose quotient does not fit', modes: ALL,
    code: 'mov eax, 0x80000000\nmov edx, -1\nmov ecx, -1\nat: idiv ecx\nnext:' },
  { name: '#DE', section: '7.15 Interrupt 0', what: 'AAM by zero', modes: LEGACY, code: 'mov al, 7\nat: db 0xd4, 0\nnext:' },
  { name: '#DB', section: '7.15 Interrupt 1', what: 'INT1', modes: ALL, code: 'at: db 0xf1\nnext:', trap: true },
  { name: '#BP', section: '7.15 Interrupt 3', what: 'INT3', modes: ALL, code: 'at: int3\nnext:', trap: true },
  { name: '#BP', section: '7.15 Interrupt 3', what: 'INT 3 in two bytes', modes: ALL, code: 'at: db 0xcd, 3\nnext:', trap: true },
  { name: '#OF', section: '7.15 Interrupt 4', what: 'INTO', modes: LEGACY, code: 'mov al, 0x7f\ninc al\nat: into\nnext:', trap: true },
  { name: '#BR', section: '7.15 Interrupt 5', what: 'BOUND', modes: LEGACY,
    code: `mov word [0x100], 3\nmov word [0x102], 5\nmov ax, 6\nat: bound ax, [0x100]\nnext:` },
  { name: '#UD', section: '7.15 Interrupt 6', what: 'UD2', modes: ALL, code: 'at: ud2\nnext:' },
  { name: '#UD', section: '7.15 Interrupt 6', what: 'LOCK before a register destination', modes: ALL, code: 'at: db 0xf0, 0x01, 0xc0\nnext:' },
  { name: '#UD', section: '7.15 Interrupt 6', what: 'LOCK before MOV', modes: ALL, code: 'at: db 0xf0, 0x89, 0x03\nnext:' },
  { name: '#UD', section: '7.15 Interrupt 6', what: 'MOV to CS', modes: ALL, code: 'at: db 0x8e, 0xc8\nnext:' },
  { name: '#UD', section: '7.15 Interrupt 6', what: 'LEA of a register', modes: ALL, code: 'at: db 0x8d, 0xc0\nnext:' },
  { name: '#UD', section: '7.15 Interrupt 6', what: 'MOV from CR1', modes: ALL, code: 'at: db 0x0f, 0x20, 0xc8\nnext:' },
  { name: '#UD', section: '7.15 Interrupt 6', what: 'PUSHA in 64-bit mode', modes: [64], code: 'at: db 0x60\nnext:' },
  { name: '#UD', section: '7.15 Interrupt 6', what: 'INTO in 64-bit mode', modes: [64], code: 'at: db 0xce\nnext:' },
  { name: '#UD', section: '7.15 Interrupt 6', what: 'a far JMP to a pointer in 64-bit mode', modes: [64], code: 'at: db 0xea, 0, 0, 0, 0, 8, 0\nnext:' },
  { name: '#UD', section: '7.15 Interrupt 6', what: 'SSE without CR4.OSFXSR', modes: ALL, code: 'at: addps xmm0, xmm1\nnext:',
    prepare: (guest) => guest.control('cr4', 0, CR4.lo.OSFXSR) },
  { name: '#UD', section: '7.15 Interrupt 6', what: 'SSE with CR0.EM', modes: ALL, code: 'at: addps xmm0, xmm1\nnext:', prepare: setCr0(CR0.lo.EM) },
  { name: '#UD', section: '7.15 Interrupt 6', what: 'MMX with CR0.EM', modes: ALL, code: 'at: paddb mm0, mm1\nnext:', prepare: setCr0(CR0.lo.EM) },
  { name: '#NM', section: '7.15 Interrupt 7', what: 'x87 with CR0.TS', modes: ALL, code: 'at: fld1\nnext:', prepare: setCr0(CR0.lo.TS) },
  { name: '#NM', section: '7.15 Interrupt 7', what: 'x87 with CR0.EM', modes: ALL, code: 'at: fld1\nnext:', prepare: setCr0(CR0.lo.EM) },
  { name: '#NM', section: '7.15 Interrupt 7', what: 'SSE with CR0.TS', modes: ALL, code: 'at: addps xmm0, xmm1\nnext:', prepare: setCr0(CR0.lo.TS) },
  { name: '#NM', section: '7.15 Interrupt 7', what: 'MMX with CR0.TS', modes: ALL, code: 'at: paddb mm0, mm1\nnext:', prepare: setCr0(CR0.lo.TS) },
  { name: '#NM', section: '7.15 Interrupt 7', what: 'FXSAVE with CR0.TS', modes: ALL, code: 'at: fxsave [bx]\nnext:'.replace('bx', 'ebx'),
    prepare: (guest) => guest.control('cr0', CR0.lo.TS) },
  { name: '#NM', section: '7.15 Interrupt 7', what: 'WAIT with CR0.MP and CR0.TS', modes: ALL, code: 'at: wait\nnext:', prepare: setCr0(CR0.lo.TS | CR0.lo.MP) },
  { name: '#NP', section: '7.15 Interrupt 11', what: 'a data segment that is not present', modes: PROTECTED, error: FREE,
    code: `mov eax, ${FREE}\nat: mov ds, ax\nnext:`, prepare: (guest) => guest.describe(FREE, 0, 0xfffff, 0x12) },
  { name: '#SS', section: '7.15 Interrupt 12', what: 'a stack segment that is not present', modes: PROTECTED, error: FREE,
    code: `mov eax, ${FREE}\nat: mov ss, ax\nnext:`, prepare: (guest) => guest.describe(FREE, 0, 0xfffff, 0x12) },
  { name: '#SS', section: '7.15 Interrupt 12', what: 'a stack access beyond the limit', modes: [16], code: 'mov bp, 0xffff\nat: mov ax, [bp]\nnext:' },
  { name: '#SS', section: '7.15 Interrupt 12', what: 'a stack access that is not canonical', modes: [64], error: 0,
    code: 'mov rbp, 0x800000000000\nat: mov rax, [rbp]\nnext:' },
  { name: '#GP', section: '7.15 Interrupt 13', what: 'a selector beyond the GDT', modes: PROTECTED, error: 0xff8,
    code: 'mov eax, 0xffb\nat: mov ds, ax\nnext:' },
  { name: '#GP', section: '7.15 Interrupt 13', what: 'a selector of an LDT that there is not', modes: PROTECTED, error: 0xc,
    code: 'mov eax, 0xd\nat: mov es, ax\nnext:', prepare: (guest) => guest.load('nop') },
  { name: '#GP', section: '7.15 Interrupt 13', what: 'an access beyond the limit', modes: [16], code: 'mov bx, 0xffff\nat: mov ax, [bx]\nnext:' },
  { name: '#GP', section: '7.15 Interrupt 13', what: 'an address that is not canonical', modes: [64], error: 0,
    code: 'mov rbx, 0x800000000000\nat: mov rax, [rbx]\nnext:' },
  { name: '#GP', section: '7.15 Interrupt 13', what: 'a jump to an address that is not canonical', modes: [64], error: 0,
    code: 'mov rbx, 0x800000000000\nat: jmp rbx\nnext:' },
  { name: '#GP', section: '7.15 Interrupt 13', what: 'an instruction of 16 bytes', modes: ALL, error: 0,
    code: 'at: times 15 db 0x2e\nnop\nnext:' },
  { name: '#GP', section: '7.15 Interrupt 13', what: 'MOVAPS of a misaligned operand', modes: ALL, error: 0,
    code: 'mov ebx, 0x101\nat: movaps xmm0, [ebx]\nnext:' },
  { name: '#PF', section: '7.15 Interrupt 14', what: 'a page that is not present', modes: [64], error: 0,
    code: `at: mov rax, [${AT.data}]\nnext:`, prepare: (guest) => guest.page(AT.data, 0) },
  { name: '#MF', section: '7.15 Interrupt 16', what: 'an unmasked x87 exception, at the next instruction that waits', modes: ALL,
    code: 'fninit\nmov dword [0x100], 0x37b\nfldcw [0x100]\nfld1\nfldz\nfdivp\nnop\nat: fld1\nnext:', prepare: setCr0(CR0.lo.NE) },
  { name: '#AC', section: '7.15 Interrupt 17', what: 'a misaligned access', modes: PROTECTED, error: 0,
    code: `mov ebx, ${AT.data + 1}\nat: mov eax, [ebx]\nnext:` },
  { name: '#XM', section: '7.15 Interrupt 19', what: 'an unmasked SIMD exception', modes: ALL,
    code: `mov dword [0x100], ${0x1f80 & ~MXCSR.lo.ZM}\nldmxcsr [0x100]\nxorps xmm1, xmm1\nmov eax, 0x3f800000\nmovd xmm0, eax\nat: divss xmm0, xmm1\nnext:` },
  { name: '#UD', section: '7.15 Interrupt 19', what: 'an unmasked SIMD exception without CR4.OSXMMEXCPT', modes: ALL,
    code: `mov dword [0x100], ${0x1f80 & ~MXCSR.lo.ZM}\nldmxcsr [0x100]\nxorps xmm1, xmm1\nmov eax, 0x3f800000\nmovd xmm0, eax\nat: divss xmm0, xmm1\nnext:`,
    prepare: (guest) => guest.control('cr4', 0, CR4.lo.OSXMMEXCPT) },
]

const rows = CASES.flatMap((row) => row.modes.map((mode) => ({ ...row, mode })))

describe.each(ENGINES)('exceptions of instructions (Intel SDM vol. 3A), engine %s', (engine) => {
  const guest = new Guest(engine)

  it.each(rows)('$name in $mode-bit mode: $what ($section)', ({ name, mode, code, trap, error, prepare }) => {
    // Alignment is checked at level 3 only (vol. 3A, 7.15, Interrupt 17).
    guest.start(mode, name === '#AC' ? 3 : 0)
    prepare?.(guest, mode)
    if (name === '#AC') {
      guest.control('cr0', CR0.lo.AM)
      guest.flags = RFLAGS.lo.AC | 2
    }
    const stop = guest.run(code)
    expect(stop).toMatchObject({ reason: 'halted', vector: EXCEPTION[name].vector })
    if (mode !== 16 && error !== undefined) expect(stop.error).toBe(error)
    else if (mode !== 16 && EXCEPTION[name].errorCode !== 'none') expect(stop.error).toBe(0)
    const base = mode === 16 ? AT.code : 0
    expect((stop.ip ?? 0) + base).toBe(guest.label(trap ? 'next' : 'at'))
    // RF is set in the image of faults, and 16-bit frames have no room for it (vol. 3B, 19.3.1.1).
    if (mode !== 16) expect(((stop.flags ?? 0) & RFLAGS.lo.RF) !== 0).toBe(!trap)
  })

  const narrow = CASES.filter(({ name, modes }) => modes.includes(16) && modes.includes(32) && name !== '#AC')
  it.each(narrow)('$name in 16-bit protected mode: $what ($section)', ({ name, code, trap, prepare }) => {
    guest.start(32).describe(CODE16, AT.code, 0xffff, 0x9a, 0)
    prepare?.(guest, 32)
    // From 32-bit code into a segment of 16 bits, through gates of 32 bits.
    guest.load(`db 0xea\ndd ${ENTRY}\ndw ${CODE16}`)
    guest.load(code, { bits: 16, at: AT.code + ENTRY })
    const at = guest.label(trap ? 'next' : 'at')
    expect(guest.go()).toMatchObject({ vector: EXCEPTION[name].vector, cs: CODE16, ip: at - AT.code })
  })
})
