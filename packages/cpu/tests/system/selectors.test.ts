/** Instructions about selectors and descriptor tables. */
import { CR4, FIELD, SEGMENT } from '@ringfold/arch'
import { ENGINES } from '@ringfold/cpu'
import { beforeEach, describe, expect, it } from 'vitest'
import { AT, FREE, Guest, SELECTOR } from './guest.ts'

const LDT = 0x5e000

// biome-ignore format: a table
const DESCRIPTORS: readonly [what: string, access: number, flags: number, lar: boolean, lsl: boolean, lar64: boolean, lsl64: boolean][] = [
  ['data', 0xf2, 0xc, true, true, true, true],
  ['code', 0xfa, 0xc, true, true, true, true],
  ['data that is not present', 0x72, 0xc, true, true, true, true],
  ['an available 16-bit TSS', 0xe1, 0, true, true, false, false],
  ['an LDT', 0xe2, 0, true, true, true, true],
  ['a busy 16-bit TSS', 0xe3, 0, true, true, false, false],
  ['a 16-bit call gate', 0xe4, 0, true, false, false, false],
  ['a task gate', 0xe5, 0, true, false, false, false],
  ['a 16-bit interrupt gate', 0xe6, 0, false, false, false, false],
  ['type 8', 0xe8, 0, false, false, false, false],
  ['an available TSS', 0xe9, 0, true, true, true, true],
  ['a busy TSS', 0xeb, 0, true, true, true, true],
  ['a call gate', 0xec, 0, true, false, true, false],
  ['an interrupt gate', 0xee, 0, false, false, false, false],
  ['type 0', 0xe0, 0, false, false, false, false],
]

describe.each(ENGINES)('LAR and LSL (Intel SDM vol. 2A, LAR, LSL), engine %s', (engine) => {
  const guest = new Guest(engine)

  it.each(DESCRIPTORS)('%s', (_, access, flags, larOk, lslOk, lar64Ok, lsl64Ok) => {
    for (const mode of [32, 64] as const) {
      guest.start(mode).describe(FREE, 0x12345678, 0x54321, access, flags)
      guest.load(
        `mov ecx, ${FREE}\nmov eax, 7\nmov ebx, 7\nlar eax, ecx\nsetz dl\nlsl ebx, ecx\nsetz dh\nmovzx edx, dx\nhlt`,
      )
      expect(guest.go()).toEqual({ reason: 'halted' })
      const [lar, lsl] = mode === 32 ? [larOk, lslOk] : [lar64Ok, lsl64Ok]
      expect(guest.reg('rdx') & 0xffff).toBe((lar ? 1 : 0) | (lsl ? 0x100 : 0))
      const limit = flags === 0xc ? 0x54321fff : 0x54321
      // Bits 23:8 of the second doubleword: type to present, the upper limit, and AVL to G.
      expect(guest.reg('rax')).toBe(lar ? (access << 8) | (5 << 16) | (flags << 20) : 7)
      expect(guest.reg('rbx')).toBe(lsl ? limit : 7)
    }
  })

  it.each([
    ['DPL below CPL', 3, FREE | 3, 0x92, false],
    ['DPL below RPL', 0, FREE | 3, 0x92, false],
    ['conforming code of any DPL', 3, FREE | 3, 0x9e, true],
    ['a null selector', 0, 0, 0x92, false],
    ['a selector beyond the GDT', 0, 0xff8, 0x92, false],
    ['a selector of an LDT that there is not', 0, 0xc, 0x92, false],
  ] as const)('%s', (_, cpl, selector, access, found) => {
    guest.start(32, cpl).describe(FREE, 0, 0xfffff, access)
    guest.load(`mov ecx, ${selector}\nlar eax, ecx\nsetz bl\nlsl eax, ecx\nsetz bh\nint 0x80`)
    guest.go()
    expect(guest.reg('rbx') & 0xffff).toBe(found ? 0x101 : 0)
  })

  it('of 16 bits: the low word', () => {
    guest.start(32).describe(FREE, 0, 0x54321, 0x92, 0xc)
    guest.run(`mov eax, -1\nmov ebx, -1\nmov ecx, ${FREE}\nlar ax, cx\nlsl bx, cx\nhlt`)
    expect([guest.reg('rax'), guest.reg('rbx')]).toEqual([0xffff9200, 0xffff1fff])
  })
})

describe.each(ENGINES)('VERR, VERW and ARPL (Intel SDM vol. 2), engine %s', (engine) => {
  const guest = new Guest(engine)

  // biome-ignore format: a table
  it.each([
    ['data', 0xf2, FREE | 3, 3, true, true],
    ['data that is read-only', 0xf0, FREE | 3, 3, true, false],
    ['data of DPL 0 at level 3', 0x92, FREE | 3, 3, false, false],
    ['data of DPL 0 with RPL 3', 0x92, FREE | 3, 0, false, false],
    ['code', 0xfa, FREE | 3, 3, true, false],
    ['code that is execute-only', 0xf8, FREE | 3, 3, false, false],
    ['conforming code of DPL 0', 0x9e, FREE | 3, 3, true, false],
    ['data that is not present', 0x72, FREE | 3, 3, true, true],
    ['a system segment', 0xe9, FREE | 3, 3, false, false],
    ['a null selector', 0xf2, 0, 0, false, false],
    ['a selector beyond the GDT', 0xf2, 0xff8, 0, false, false],
  ] as const)('%s', (_, access, selector, cpl, readable, writable) => {
    guest.start(32, cpl).describe(FREE, 0, 0xfffff, access)
    guest.run(`mov ecx, ${selector}\nverr cx\nsetz bl\nverw cx\nsetz bh\nint 0x80`)
    expect(guest.reg('rbx') & 0xffff).toBe((readable ? 1 : 0) | (writable ? 0x100 : 0))
  })

  it.each([
    [0x58, 3, 0x5b, true],
    [0x5b, 0, 0x5b, false],
    [0x59, 1, 0x59, false],
    [0x59, 2, 0x5a, true],
  ])('ARPL %i, %i', (destination, source, result, raised) => {
    guest.start(32, 3)
    guest.run(
      `mov word [${AT.data}], ${destination}\nmov ecx, ${source}\narpl word [${AT.data}], cx\nsetz bl\nmov eax, ${destination}\narpl ax, cx\nint 0x80`,
    )
    expect([guest.read(AT.data, 2), guest.reg('rax'), guest.reg('rbx') & 1]).toEqual([result, result, raised ? 1 : 0])
  })

  it.each(['lar ax, bx', 'lsl ax, bx', 'verr ax', 'verw ax', 'sldt ax', 'str ax', 'lldt ax', 'ltr ax', 'arpl ax, bx'])(
    '%s in real mode is #UD',
    (code) => {
      guest.start(16)
      expect(guest.run(code)).toMatchObject({ vector: 6, ip: 0 })
    },
  )
})

describe.each(ENGINES)('descriptor tables (Intel SDM vol. 2A, LGDT, LLDT, LTR), engine %s', (engine) => {
  const guest = new Guest(engine)
  beforeEach(() => void guest.start(32))

  it('LGDT and SGDT, LIDT and SIDT: limit and base', () => {
    guest.run(
      `lgdt [table]\nsgdt [${AT.data}]\nlidt [table + 6]\nsidt [${AT.data + 8}]\nhlt\ntable: dw 0x1234\ndd 0x12345678\ndw 0x4321\ndd 0xabcdef01`,
    )
    expect([
      guest.read(AT.data, 2),
      guest.read(AT.data + 2, 4),
      guest.read(AT.data + 8, 2),
      guest.read(AT.data + 10, 4),
    ]).toEqual([0x1234, 0x12345678, 0x4321, 0xabcdef01])
    // The two bytes behind are not written.
    expect(guest.read(AT.data + 6, 2)).toBe(0)
  })

  it('with an operand size of 16 bits the base has 24', () => {
    guest.run(`db 0x66\nlgdt [table]\nhlt\ntable: dw 0x1234\ndd 0x12345678`)
    expect(guest.reg('gdtrBase')).toBe(0x345678)
  })

  it('in 64-bit mode the base has 64, and must be canonical', () => {
    guest.start(64)
    guest.run(`lgdt [rel table]\nsgdt [${AT.data}]\nhlt\ntable: dw 0x1234\ndq 0xffff800012345678`)
    expect(guest.wide('gdtrBase')).toBe(0xffff800012345678n)
    expect(guest.machine.get64(AT.data + 2)).toBe(0xffff800012345678n)
    guest.start(64)
    expect(guest.run(`at: lidt [rel table]\ntable: dw 0x1234\ndq 0x800000000000`)).toMatchObject({
      vector: 13,
      error: 0,
      ip: guest.label('at'),
    })
  })

  it('LLDT and SLDT; a null selector makes LDT selectors #GP', () => {
    guest.describe(FREE, LDT, 0xf, 0x82, 0)
    guest.machine.put64(LDT + 8, 0x00cf92000000ffffn)
    guest.run(`mov eax, ${FREE}\nlldt ax\nsldt ebx\nmov ecx, 0xc\nmov es, cx\nmov edx, es\nhlt`)
    expect([guest.reg('rbx'), guest.reg('rdx'), guest.state.lo(FIELD.segLimit, SEGMENT.LDTR)]).toEqual([FREE, 0xc, 0xf])
    guest.start(32)
    guest.describe(FREE, LDT, 0xf, 0x82, 0)
    expect(guest.run(`mov eax, ${FREE}\nlldt ax\nxor eax, eax\nlldt ax\nmov ecx, 0xc\nat: mov es, cx`)).toMatchObject({
      vector: 13,
      error: 0xc,
      ip: guest.label('at'),
    })
  })

  it('an LDT selector beyond its limit', () => {
    guest.describe(FREE, LDT, 0xf, 0x82, 0)
    expect(guest.run(`mov eax, ${FREE}\nlldt ax\nmov ecx, 0x14\nat: mov es, cx`)).toMatchObject({
      vector: 13,
      error: 0x14,
      ip: guest.label('at'),
    })
  })

  it('LTR marks the TSS busy; STR', () => {
    guest.describe(FREE, 0x3800, 0x67, 0x89, 0)
    guest.run(`mov eax, ${FREE}\nltr ax\nstr ebx\nhlt`)
    expect([
      guest.reg('rbx'),
      guest.memory.read8(AT.gdt + FREE + 5),
      guest.state.lo(FIELD.segBase, SEGMENT.TR),
    ]).toEqual([FREE, 0x8b, 0x3800])
  })

  it('LLDT and LTR of 16 bytes in IA-32e mode', () => {
    guest
      .start(64)
      .describe(FREE, LDT, 0xf, 0x82, 0)
      .describe(FREE + 16, 0x3800, 0x67, 0x89, 0)
    guest.memory.write32(AT.gdt + FREE + 8, 0xffff8000)
    guest.run(`mov eax, ${FREE}\nlldt ax\nmov eax, ${FREE + 16}\nltr ax\nhlt`)
    expect([guest.state.hi(FIELD.segBase, SEGMENT.LDTR), guest.state.lo(FIELD.segBase, SEGMENT.TR)]).toEqual([
      0xffff8000, 0x3800,
    ])
  })

  // biome-ignore format: a table
  it.each<[string, 32 | 64, string, number, number, (() => void)?]>([
    ['LLDT of a TSS', 32, `mov eax, ${SELECTOR.tss}\nat: lldt ax`, 13, SELECTOR.tss],
    ['LLDT of data', 32, `mov eax, ${SELECTOR.data}\nat: lldt ax`, 13, SELECTOR.data],
    ['LLDT from an LDT', 32, `mov eax, ${FREE | 4}\nat: lldt ax`, 13, FREE | 4],
    ['LLDT beyond the GDT', 32, 'mov eax, 0xff8\nat: lldt ax', 13, 0xff8],
    ['LLDT of one that is not present', 32, `mov eax, ${FREE}\nat: lldt ax`, 11, FREE, () => guest.describe(FREE, LDT, 0xf, 0x02, 0)],
    ['LLDT with a type in the upper half', 64, `mov eax, ${FREE}\nat: lldt ax`, 13, FREE, () => { guest.describe(FREE, LDT, 0xf, 0x82, 0); guest.memory.write32(AT.gdt + FREE + 12, 0x200) }],
    ['LLDT with a base that is not canonical', 64, `mov eax, ${FREE}\nat: lldt ax`, 13, FREE, () => { guest.describe(FREE, LDT, 0xf, 0x82, 0); guest.memory.write32(AT.gdt + FREE + 8, 0x8000) }],
    ['LLDT whose upper half is beyond the GDT', 64, 'mov eax, 0xf8\nat: lldt ax', 13, 0xf8, () => guest.describe(0xf8, LDT, 0xf, 0x82, 0)],
    ['LTR of a null selector', 32, 'xor eax, eax\nat: ltr ax', 13, 0],
    ['LTR of an LDT', 32, `mov eax, ${FREE}\nat: ltr ax`, 13, FREE, () => guest.describe(FREE, LDT, 0xf, 0x82, 0)],
    ['LTR of a busy TSS', 32, `mov eax, ${FREE}\nat: ltr ax`, 13, FREE, () => guest.describe(FREE, 0x3800, 0x67, 0x8b, 0)],
    ['LTR of one that is not present', 32, `mov eax, ${FREE}\nat: ltr ax`, 11, FREE, () => guest.describe(FREE, 0x3800, 0x67, 0x09, 0)],
    ['LTR of a 16-bit TSS', 64, `mov eax, ${FREE}\nat: ltr ax`, 13, FREE, () => guest.describe(FREE, 0x3800, 0x67, 0x81, 0)],
  ])('%s in %i-bit mode', (_, mode, code, vector, error, prepare) => {
    guest.start(mode)
    prepare?.()
    expect(guest.run(code)).toMatchObject({ vector, error, ip: guest.label('at') })
  })

  it('a 16-bit TSS in 32-bit mode', () => {
    guest.describe(FREE, 0x3800, 0x2b, 0x81, 0)
    guest.run(`mov eax, ${FREE}\nltr ax\nhlt`)
    expect(guest.memory.read8(AT.gdt + FREE + 5)).toBe(0x83)
  })

  // biome-ignore format: a table
  it.each(['lgdt [0]', 'lidt [0]', 'lldt ax', 'ltr ax', 'lmsw ax', 'clts'])('%s needs level 0', (code) => {
    for (const mode of [32, 64] as const) {
      guest.start(mode, 3)
      expect(guest.run(code)).toMatchObject({ vector: 13, error: 0, ip: AT.code })
    }
  })

  it.each(['sgdt', 'sidt', 'sldt', 'str', 'smsw'])('%s at level 3 is #GP(0) with CR4.UMIP (vol. 3A, 2.5)', (name) => {
    for (const mode of [32, 64] as const) {
      guest.start(mode, 3)
      expect(guest.run(`${name} [${AT.data}]\nint 0x80`).vector).toBe(0x80)
      guest.start(mode, 3).control('cr4', CR4.lo.UMIP)
      expect(guest.run(`${name} [${AT.data}]\nint 0x80`)).toMatchObject({ vector: 13, error: 0, ip: AT.code })
      guest.start(mode, 0).control('cr4', CR4.lo.UMIP)
      expect(guest.run(`${name} [${AT.data}]\nhlt`)).toEqual({ reason: 'halted' })
    }
  })

  it('stores of selectors: 16 bits to memory, zero-extended to a register (vol. 2B, STR)', () => {
    guest.start(64)
    guest.run(
      `mov rax, -1\nmov rbx, -1\nmov rcx, -1\nmov qword [${AT.data}], -1\nstr rax\nstr ebx\nstr cx\nstr [${AT.data}]\nhlt`,
    )
    expect([guest.wide('rax'), guest.wide('rbx'), guest.wide('rcx')]).toEqual([0x38n, 0x38n, 0xffffffffffff0038n])
    expect(guest.machine.get64(AT.data)).toBe(0xffffffffffff0038n)
  })
})
