/** Which of several exceptions of one instruction comes first (Intel SDM vol. 3A, 7.9, table 7-2; vol. 2). */
import { CR0, CR4, FIELD, RFLAGS, SEGMENT } from '@ringfold/arch'
import { ENGINES } from '@ringfold/cpu'
import { describe, expect, it } from 'vitest'
import type { TestMode } from '../machine.ts'
import { AT, FREE, Guest } from './guest.ts'
import { PAGE } from './paging-tables.ts'

const VECTOR = { UD: 6, NM: 7, SS: 12, GP: 13, PF: 14, MF: 16, AC: 17 } as const

// biome-ignore format: a table
const ROWS: readonly [string, TestMode, number, string, number, ((guest: Guest) => unknown)?][] = [
  ['#UD of CR0.EM before #NM', 64, 0, 'at: addps xmm0, xmm1', VECTOR.UD, (g) => g.control('cr0', CR0.lo.EM | CR0.lo.TS)],
  ['#UD of LOCK before #NM', 64, 0, 'at: db 0xf0, 0x0f, 0x58, 0xc1', VECTOR.UD, (g) => g.control('cr0', CR0.lo.TS)],
  ['#NM before #PF of the operand', 64, 0, `at: movups xmm0, [${PAGE}]`, VECTOR.NM, (g) => g.control('cr0', CR0.lo.TS)],
  ['#NM before #GP of alignment', 64, 0, `at: movaps xmm0, [${AT.data + 1}]`, VECTOR.NM, (g) => g.control('cr0', CR0.lo.TS)],
  ['#NM before #MF', 64, 0, 'fninit\npush 0x37b\nfldcw [rsp]\nfld1\nfldz\nfdivp\nmov rax, cr0\nor eax, 8\nmov cr0, rax\nat: fld1', VECTOR.NM],
  ['#MF before #PF of the operand', 64, 0, `fninit\npush 0x37b\nfldcw [rsp]\nfld1\nfldz\nfdivp\nat: fld dword [${PAGE}]`, VECTOR.MF],
  ['privilege before #PF of the operand', 64, 3, `at: lgdt [${PAGE}]`, VECTOR.GP],
  ['privilege before #PF of INVPCID', 64, 3, `at: invpcid rax, [${PAGE}]`, VECTOR.GP],
  ['the permission map before #PF of INS', 64, 3, `mov edx, 0x7ff8\nmov edi, ${PAGE}\nat: insb`, VECTOR.GP],
  ['the permission map before #PF of OUTS', 64, 3, `mov edx, 0x7ff8\nmov esi, ${PAGE}\nat: outsb`, VECTOR.GP],
  ['segmentation before #PF', 64, 0, 'mov rbx, 0x800000000000\nat: add [rbx], eax', VECTOR.GP],
  ['alignment of CMPXCHG16B before #PF', 64, 0, `at: cmpxchg16b [${PAGE + 8}]`, VECTOR.GP],
  ['alignment of MOVAPS before #PF', 64, 0, `at: movaps xmm0, [${PAGE + 8}]`, VECTOR.GP],
  ['#AC before #PF', 64, 3, `mov ebx, ${PAGE + 1}\nat: mov eax, [rbx]`, VECTOR.AC, (g) => { g.control('cr0', CR0.lo.AM); g.flags = RFLAGS.lo.AC | 2 }],
  ['#PF of the fetch before what the instruction would raise', 64, 0, `mov ebx, ${PAGE}\njmp rbx`, VECTOR.PF],
  ['#UD before privilege: MOV to CR1', 64, 3, 'at: db 0x0f, 0x22, 0xc8', VECTOR.UD],
  ['#UD of CR4.OSXSAVE before privilege', 64, 3, 'xor ecx, ecx\nat: xsetbv', VECTOR.UD],
  ['#UD of a missing CR4.FSGSBASE before #GP', 64, 3, 'mov rax, 0x800000000000\nat: wrfsbase rax', VECTOR.UD],
  ['privilege before UMIP’s operand', 64, 3, `at: sgdt [${PAGE}]`, VECTOR.GP, (g) => g.control('cr4', CR4.lo.UMIP)],
  ['the second operand’s #PF before #DE', 64, 0, `xor ecx, ecx\nat: div dword [${PAGE}]`, VECTOR.PF],
  ['the limit before the type: both are #GP(0)', 32, 0, `mov eax, ${FREE}\nmov ds, ax\nat: mov [0x2000], eax`, VECTOR.GP, (g) => g.describe(FREE, 0, 0xfff, 0x90, 4)],
]

describe.each(ENGINES)('priorities among exceptions (Intel SDM vol. 3A, 7.9), engine %s', (engine) => {
  const guest = new Guest(engine)

  it.each(ROWS)('%s (%i-bit, level %i)', (_, mode, cpl, code, vector, prepare) => {
    guest.start(mode, cpl)
    if (mode === 64) guest.page(PAGE, 0)
    guest.load(code)
    prepare?.(guest)
    const stop = guest.run(code)
    expect(stop.vector).toBe(vector)
    expect(stop.ip).toBe(code.startsWith('mov ebx') && vector === VECTOR.PF ? PAGE : guest.label('at'))
  })

  it('a page fault of the fetch comes before #UD and #GP of what stands there; across pages only what is fetched counts', () => {
    guest.start(64).page(PAGE, 0)
    // UD2 whose second byte is not there.
    guest.memory.write8(PAGE - 1, 0x0f)
    expect(guest.run(`mov ebx, ${PAGE - 1}\njmp rbx`)).toMatchObject({ vector: VECTOR.PF, ip: PAGE - 1 })
  })

  it('the limit of CS comes before the page fault (7.9)', () => {
    guest.start(32).describe(FREE, AT.code, 0x1f, 0x9a, 4)
    expect(guest.run(`db 0xea\ndd 0x20\ndw ${FREE}`)).toMatchObject({ vector: VECTOR.GP, error: 0 })
  })
})

describe.each(ENGINES)('alignment checks (Intel SDM vol. 3A, 7.15, Interrupt 17, table 7-7), engine %s', (engine) => {
  const guest = new Guest(engine)
  const start = (mode: 32 | 64, cpl = 3) => {
    guest.start(mode, cpl).control('cr0', CR0.lo.AM)
    guest.flags = RFLAGS.lo.AC | 2
  }

  // biome-ignore format: a table
  it.each([
    ['a word', 'mov ax, [rbx]', 1, true], ['a word at 2', 'mov ax, [rbx]', 2, false], ['a byte', 'mov al, [rbx]', 1, false],
    ['a doubleword at 2', 'mov eax, [rbx]', 2, true], ['a doubleword at 4', 'mov eax, [rbx]', 4, false], ['a quadword at 4', 'mov rax, [rbx]', 4, true],
    ['a float of 32 bits', 'fld dword [rbx]', 2, true], ['a float of 64 bits at 4', 'fld qword [rbx]', 4, true], ['a float of 80 bits at 4', 'fld tword [rbx]', 4, true],
    ['a float of 80 bits at 8', 'fld tword [rbx]', 8, false], ['a push', 'lea rsp, [rbx + 8]\npush rax', 4, true], ['a store', 'mov [rbx], eax', 1, true],
    ['a read-modify-write', 'add [rbx], eax', 2, true], ['a string', 'mov esi, ebx\nlodsd', 2, true], ['LEA', 'lea rax, [rbx]', 1, false],
    ['MOVUPS at 4', 'movups xmm0, [rbx]', 4, true], ['BOUND’s successor MOVSXD', 'movsxd rax, dword [rbx]', 2, true],
  ] as const)('%s', (_, code, offset, checked) => {
    start(64)
    const stop = guest.run(`mov ebx, ${AT.data + offset}\n${code}\nint 0x80`)
    if (checked && code !== 'movups xmm0, [rbx]') expect(stop).toMatchObject({ vector: VECTOR.AC, error: 0 })
    // 16 bytes without an alignment of their own may be checked or not (vol. 2B, MOVUPS: "#AC ... depends on the model").
    else if (code === 'movups xmm0, [rbx]') expect([0x80, VECTOR.AC]).toContain(stop.vector)
    else expect(stop.vector).not.toBe(VECTOR.AC)
  })

  it.each([
    ['level 0', 64, 0, CR0.lo.AM, RFLAGS.lo.AC],
    ['CR0.AM clear', 64, 3, 0, RFLAGS.lo.AC],
    ['EFLAGS.AC clear', 64, 3, CR0.lo.AM, 0],
  ] as const)('not with %s', (_, mode, cpl, am, ac) => {
    guest.start(mode, cpl).control('cr0', am)
    guest.flags = ac | 2
    expect(guest.run(`mov ebx, ${AT.data + 1}\nmov eax, [rbx]\nint 0x80`).vector).toBe(0x80)
  })

  it('implicit accesses of the supervisor are not checked: a TSS and a GDT that are misaligned', () => {
    start(64)
    guest.state.set(FIELD.gdtrBase, AT.gdt + 1, 0)
    const table = new Uint8Array(0x100)
    guest.memory.readBytes(AT.gdt, table)
    guest.memory.writeBytes(AT.gdt + 1, table)
    guest.cpu.stateWritten()
    expect(guest.run('mov eax, 0x2b\nmov fs, ax\nint 0x80').vector).toBe(0x80)
    expect(guest.state.lo(FIELD.segSelector, SEGMENT.FS)).toBe(0x2b)
  })

  it('POPF that sets AC counts at once, and the handler begins without', () => {
    guest.start(32, 3).control('cr0', CR0.lo.AM)
    const stop = guest.run(`push ${RFLAGS.lo.AC}\npopfd\nat: mov eax, [${AT.data + 2}]`)
    expect(stop).toMatchObject({ vector: VECTOR.AC, error: 0, ip: guest.label('at') })
    expect(guest.flags & RFLAGS.lo.AC).toBe(RFLAGS.lo.AC)
  })
})

describe.each(ENGINES)(
  '16-bit addresses and pointers (Intel SDM vol. 2A, 2.1.5; vol. 3B, 22.1.1), engine %s',
  (engine) => {
    const guest = new Guest(engine)

    it('effective addresses wrap at 64 KByte', () => {
      guest.start(16)
      guest.memory.write16(AT.data + 1, 0x1234)
      guest.run('mov bx, 0xffff\nmov si, 2\nmov ax, [bx + si]\nmov cx, [bx + 2]\nhlt')
      expect([guest.reg('rax') & 0xffff, guest.reg('rcx') & 0xffff]).toEqual([0x1234, 0x1234])
    })

    it('near jumps of 16 bits cut the instruction pointer; running over FFFFH is #GP', () => {
      guest.start(16)
      guest.memory.writeBytes(AT.code + 0xfffe, new Uint8Array([0xeb, 0x10]))
      guest.load('db 0xe9\ndw 0xfffb\ntimes 13 nop\nmov bl, 5\nhlt')
      // JMP SHORT at FFFEH goes to 10000H + 10H, which is 10H.
      guest.go()
      expect(guest.reg('rbx') & 0xff).toBe(5)
      guest.start(16)
      guest.memory.writeBytes(AT.code + 0xffff, new Uint8Array([0x90]))
      expect(guest.run('db 0xe9\ndw 0xfffc')).toMatchObject({ vector: VECTOR.GP })
    })

    it('PUSHA with SP 7 to 15 and odd is #GP in real mode, with 1 to 5 a shutdown (vol. 2B, PUSHA)', () => {
      for (const sp of [7, 9, 11, 13, 15]) {
        guest.start(16)
        expect(guest.run(`mov sp, ${sp}\npusha`)).toMatchObject({ vector: VECTOR.GP, ip: 3 })
      }
      for (const sp of [1, 3, 5]) {
        guest.start(16)
        expect(guest.run(`mov sp, ${sp}\npusha`).reason).toBe('shutdown')
      }
      guest.start(16)
      expect(guest.run('mov sp, 8\npusha\nmov bx, sp\nhlt')).toEqual({ reason: 'halted' })
      expect(guest.reg('rbx') & 0xffff).toBe(0xfff8)
    })

    it('PUSH and POP wrap SP', () => {
      guest.start(16)
      guest.run('xor sp, sp\npush 0x1234\nmov bx, sp\npop ax\nmov cx, sp\nhlt')
      expect([guest.reg('rbx') & 0xffff, guest.reg('rax') & 0xffff, guest.reg('rcx') & 0xffff]).toEqual([
        0xfffe, 0x1234, 0,
      ])
    })
  },
)
