/** Interrupt and trap gates of protected mode and of IA-32e mode, taken by INT n and by exceptions. */
import { FIELD, RFLAGS, SEGMENT } from '@ringfold/arch'
import { ENGINES } from '@ringfold/cpu'
import { beforeEach, describe, expect, it } from 'vitest'
import { AT, FREE, Guest, HANDLERS, SELECTOR, type Stop } from './guest.ts'

const { IF, NT, AC } = RFLAGS.lo
const N = 0x40
const HANDLER = HANDLERS + N * 16
/** Types of gates (vol. 3A, table 3-2). */
const TASK = 5
const INTERRUPT16 = 6
const TRAP16 = 7
const INTERRUPT = 14
const TRAP = 15

describe.each(ENGINES)('gates of the IDT in 32-bit mode (Intel SDM vol. 3A, 7.11 to 7.13), engine %s', (engine) => {
  const guest = new Guest(engine)
  const start = (cpl: number, gate: Parameters<Guest['machine']['gate']>[2] = {}) => {
    guest.start(32, cpl)
    guest.machine.gate(N, HANDLER, { dpl: 3, ...gate })
  }
  const interrupt = (flags = 2): Stop => {
    guest.flags = flags
    return guest.run(`at: int ${N}\nnext: nop`)
  }
  const slots = (count: number, bytes: 2 | 4) =>
    Array.from({ length: count }, (_, n) => guest.read(guest.stackTop + n * bytes, bytes))

  it.each([
    ['interrupt', INTERRUPT, true],
    ['trap', TRAP, false],
  ] as const)('%s gate: the frame, and the flags that are cleared (7.12.1)', (_, type, masks) => {
    start(0, { type })
    const flags = IF | NT | AC | RFLAGS.lo.CF | RFLAGS.lo.ID | 2
    expect(interrupt(flags)).toMatchObject({ vector: N, ip: guest.label('next'), cs: SELECTOR.code32, flags })
    expect(guest.flags).toBe(flags & ~NT & ~(masks ? IF : 0))
    expect(guest.stackTop).toBe(AT.stack - 12)
  })

  it.each([INTERRUPT16, TRAP16])('16-bit gate of type %i pushes words (7.12.1)', (type) => {
    start(0, { type })
    guest.memory.write16(AT.idt + N * 8 + 6, 0xffff)
    // The handler lies above 64 KByte, so its segment has a base.
    guest.describe(FREE, HANDLERS, 0xffff, 0x9a, 4)
    guest.machine.gate(N, N * 16, { dpl: 3, type, selector: FREE })
    interrupt(IF | 2)
    expect(slots(3, 2)).toEqual([guest.label('next') & 0xffff, SELECTOR.code32, IF | 2])
    expect([guest.reg('cs'), guest.reg('rip'), guest.stackTop]).toEqual([FREE, N * 16 + 1, AT.stack - 6])
    expect(guest.flags & IF).toBe(type === INTERRUPT16 ? 0 : IF)
  })

  it('16-bit gate with an error code and a stack switch: six words (7.12.1, 7.13)', () => {
    start(3)
    guest.describe(FREE, HANDLERS, 0xffff, 0x9a, 4)
    guest.machine.gate(13, 13 * 16, { type: INTERRUPT16, selector: FREE })
    guest.run('at: hlt')
    expect(slots(6, 2)).toEqual([
      0,
      guest.label('at') & 0xffff,
      SELECTOR.userCode32,
      2,
      AT.userStack & 0xffff,
      SELECTOR.userData,
    ])
  })

  it('from level 3: SS0:ESP0, and the old stack in the frame (7.12.1)', () => {
    start(3)
    expect(interrupt()).toMatchObject({
      vector: N,
      ip: guest.label('next'),
      cs: SELECTOR.userCode32,
      sp: AT.userStack,
      ss: SELECTOR.userData,
    })
    expect([guest.reg('ss'), guest.reg('rsp'), guest.reg('cs')]).toEqual([
      SELECTOR.data,
      AT.stack - 20,
      SELECTOR.code32,
    ])
  })

  it.each([1, 2])('to level %i: its own stack in the TSS (6.8.5)', (level) => {
    start(3, { selector: FREE })
    guest.describe(FREE, 0, 0xfffff, 0x9a | (level << 5)).describe(FREE + 8, 0, 0xfffff, 0x92 | (level << 5))
    guest.memory.write32(AT.tss + 4 + level * 8, AT.stack - 0x1000)
    guest.memory.write32(AT.tss + 8 + level * 8, (FREE + 8) | level)
    guest.load(`jmp $`, { at: HANDLER })
    expect(guest.run(`int ${N}`, { budget: 3 }).reason).toBe('budget')
    expect([guest.reg('cs'), guest.reg('ss'), guest.reg('rsp'), guest.reg('rip')]).toEqual([
      FREE | level,
      (FREE + 8) | level,
      AT.stack - 0x1014,
      HANDLER,
    ])
  })

  it('a 16-bit TSS has words for its stacks (9.6)', () => {
    start(3)
    guest.describe(FREE, 0x60000, 0xffff, 0x92, 4)
    guest.memory.write16(AT.tss + 2, 0x8000)
    guest.memory.write16(AT.tss + 4, FREE)
    guest.state.setLo(FIELD.segAccess, 0x83, SEGMENT.TR)
    guest.cpu.stateWritten()
    expect(interrupt()).toMatchObject({ vector: N, sp: AT.userStack, ss: SELECTOR.userData })
    expect([guest.reg('ss'), guest.reg('rsp')]).toEqual([FREE, 0x8000 - 20])
  })

  it('a conforming segment keeps the level and the stack (6.8.2)', () => {
    start(3, { selector: FREE })
    guest.describe(FREE, 0, 0xfffff, 0x9e)
    guest.load('jmp $', { at: HANDLER })
    guest.run(`int ${N}\nnext:`, { budget: 3 })
    expect([guest.reg('cs'), guest.reg('rsp'), guest.reg('rip')]).toEqual([FREE | 3, AT.userStack - 12, HANDLER])
    expect(slots(2, 4)).toEqual([guest.label('next'), SELECTOR.userCode32])
  })

  it('sets the accessed bits of the code and the stack segment (3.4.5.1)', () => {
    start(3, { selector: FREE })
    guest.describe(FREE, 0, 0xfffff, 0x9a).describe(FREE + 8, 0, 0xfffff, 0x92)
    guest.memory.write32(AT.tss + 8, FREE + 8)
    interrupt()
    expect([FREE, FREE + 8].map((at) => guest.memory.read8(AT.gdt + at + 5))).toEqual([0x9b, 0x93])
  })

  // biome-ignore format: a table
  it.each<[string, number, number, number, Parameters<Guest['machine']['gate']>[2], (() => void)?]>([
    ['a gate of DPL 0 at level 3 (7.12.1.1)', 3, 13, N * 8 + 2, { dpl: 0 }],
    ['a gate of DPL 2 at level 3', 3, 13, N * 8 + 2, { dpl: 2 }],
    ['a gate that is not present', 0, 11, N * 8 + 2, {}, () => guest.memory.write8(AT.idt + N * 8 + 5, 0x6e)],
    ['a gate beyond the limit', 0, 13, N * 8 + 2, {}, () => guest.state.setLo(FIELD.idtrLimit, N * 8 + 6)],
    ['a call gate in the IDT', 0, 13, N * 8 + 2, { type: 12 }],
    ['a TSS in the IDT', 0, 13, N * 8 + 2, { type: 9 }],
    ['a null selector', 0, 13, 0, { selector: 3 }],
    ['a selector beyond the GDT', 0, 13, 0xff8, { selector: 0xff8 }],
    ['a data segment', 0, 13, SELECTOR.data, { selector: SELECTOR.data }],
    ['an outer code segment', 0, 13, SELECTOR.userCode32 & ~3, { selector: SELECTOR.userCode32 }],
    ['a code segment that is not present', 0, 11, FREE, { selector: FREE }, () => guest.describe(FREE, 0, 0xfffff, 0x1a)],
    ['a target beyond the limit', 0, 13, 0, { selector: FREE }, () => guest.describe(FREE, 0, HANDLER - 1, 0x9a, 4)],
    ['a null SS0', 3, 10, 0, {}, () => guest.memory.write16(AT.tss + 8, 0)],
    ['SS0 beyond the GDT', 3, 10, 0xff8, {}, () => guest.memory.write16(AT.tss + 8, 0xff8)],
    ['SS0 of RPL 3', 3, 10, SELECTOR.data, {}, () => guest.memory.write16(AT.tss + 8, SELECTOR.data | 3)],
    ['SS0 of DPL 3', 3, 10, SELECTOR.userData & ~3, {}, () => guest.memory.write16(AT.tss + 8, SELECTOR.userData & ~3)],
    ['SS0 is code', 3, 10, SELECTOR.code32, {}, () => guest.memory.write16(AT.tss + 8, SELECTOR.code32)],
    ['SS0 cannot be written', 3, 10, FREE, {}, () => { guest.describe(FREE, 0, 0xfffff, 0x90); guest.memory.write16(AT.tss + 8, FREE) }],
    ['SS0 is not present', 3, 12, FREE, {}, () => { guest.describe(FREE, 0, 0xfffff, 0x12); guest.memory.write16(AT.tss + 8, FREE) }],
    ['no room at ESP0', 3, 12, FREE, {}, () => { guest.describe(FREE, 0, 0xfff, 0x92, 4); guest.memory.write16(AT.tss + 8, FREE) }],
    ['a TSS without room for SS0', 3, 10, SELECTOR.tss, {}, () => guest.state.setLo(FIELD.segLimit, 8, 7)],
  ])('%s (level %i): vector %i, error code %i', (_, cpl, vector, error, gate, prepare) => {
    start(cpl, gate)
    guest.load(`at: int ${N}`)
    // The stack of the fault's own gate must be whole: a conforming segment needs none.
    guest.describe(FREE + 16, 0, 0xfffff, 0x9e)
    if (cpl === 3 && vector !== 13) guest.machine.gate(vector, 0x47000, { selector: FREE + 16 })
    guest.load('jmp $', { at: 0x47000 })
    prepare?.()
    guest.cpu.stateWritten()
    guest.load(`at: int ${N}`)
    const at = guest.label('at')
    const stop = guest.go(10)
    if (stop.reason === 'halted') expect(stop).toMatchObject({ vector, error, ip: at })
    else expect([guest.reg('rip'), ...slots(2, 4)]).toEqual([0x47000, error, at])
  })

  it('INT3 and INTO are checked too, INT1 is not (7.12.1.1)', () => {
    for (const vector of [3, 4]) {
      start(3)
      guest.machine.gate(vector, HANDLER, { dpl: 0 })
      expect(guest.run(vector === 3 ? 'at: int3' : 'mov al, 0x7f\ninc al\nat: into')).toMatchObject({
        vector: 13,
        error: vector * 8 + 2,
        ip: guest.label('at'),
      })
    }
    start(3)
    expect(guest.run('db 0xf1\nnext:')).toMatchObject({ vector: 1, ip: guest.label('next') })
  })

  it('a 16-bit stack wraps at 64 KByte (6.8.5)', () => {
    start(0)
    guest.describe(FREE, 0x60000, 0xffff, 0x92, 0)
    guest.run(`mov ax, ${FREE}\nmov ss, ax\nmov esp, 0x12340004\nint ${N}\nnext:`)
    expect(guest.reg('rsp')).toBe(0x1234fff8)
    expect(guest.read(0x6fff8, 4)).toBe(guest.label('next'))
    expect(guest.read(0x60000, 4)).toBe(2)
  })
})

describe.each(ENGINES)('gates of the IDT in IA-32e mode (Intel SDM vol. 3A, 7.14), engine %s', (engine) => {
  const guest = new Guest(engine)
  const start = (cpl: number, gate: Parameters<Guest['machine']['gate']>[2] = {}) => {
    guest.start(64, cpl)
    guest.machine.gate(N, HANDLER, { dpl: 3, ...gate })
  }
  beforeEach(() => start(0))

  it('the same level: SS:RSP is pushed, on a stack aligned to 16 bytes (7.14.2)', () => {
    for (const distance of [0, 1, 8, 15]) {
      start(0)
      const stop = guest.run(`mov rsp, ${AT.stack - distance}\nint ${N}\nnext:`)
      expect(stop).toMatchObject({
        vector: N,
        ip: guest.label('next'),
        cs: SELECTOR.code64,
        sp: AT.stack - distance,
        ss: SELECTOR.data,
      })
      expect([guest.stackTop, guest.reg('ss')]).toEqual([((AT.stack - distance) & ~15) - 40, SELECTOR.data])
    }
  })

  it('from level 3: RSP0, and a null SS (7.14.4)', () => {
    start(3)
    expect(guest.run(`int ${N}`)).toMatchObject({ sp: AT.userStack, ss: SELECTOR.userData, cs: SELECTOR.userCode64 })
    expect([guest.stackTop, guest.reg('ss'), guest.reg('cs')]).toEqual([AT.stack - 40, 0, SELECTOR.code64])
  })

  it.each([1, 2, 7])('IST%i, also at the same level, where SS stays (7.14.5)', (ist) => {
    for (const cpl of [0, 3]) {
      start(cpl, { ist })
      guest.machine.put64(AT.tss + 28 + 8 * ist, BigInt(AT.stack - 0x2000 - 3))
      expect(guest.run(`int ${N}`)).toMatchObject({ vector: N, sp: cpl === 3 ? AT.userStack : AT.stack })
      expect([guest.stackTop, guest.reg('ss')]).toEqual([AT.stack - 0x2010 - 40, cpl === 3 ? 0 : SELECTOR.data])
    }
  })

  it('a target of 64 bits (7.14.1)', () => {
    // The page at the top of the address space is the handler's.
    const { tables } = AT
    guest.machine.put64(tables + 511 * 8, BigInt(tables + 0x1000) | 7n)
    guest.machine.put64(tables + 0x1000 + 511 * 8, BigInt(tables + 0x2000) | 7n)
    guest.machine.put64(tables + 0x2000 + 511 * 8, BigInt(tables + 0x3000) | 7n)
    guest.machine.gate(N, 0xffe00000 + HANDLER, { dpl: 3 })
    guest.memory.write32(AT.idt + N * 16 + 8, 0xffffffff)
    expect(guest.run(`int ${N}`).reason).toBe('halted')
    expect(guest.wide('rip')).toBe(0xffffffffffe00000n + BigInt(HANDLER + 1))
  })

  it('from compatibility mode to 64-bit code (7.14)', () => {
    guest.run(
      `push 0x2b\npush ${AT.userStack}\npush 2\npush 0x23\nlea rax, [rel user]\npush rax\niretq\nbits 32\nuser: int ${N}\nnext:`,
    )
    expect(guest.reg('cs')).toBe(SELECTOR.code64)
    expect(guest.read(guest.stackTop, 8)).toBe(guest.label('next'))
    expect(guest.read(guest.stackTop + 8, 8)).toBe(SELECTOR.userCode32)
  })

  // biome-ignore format: a table
  it.each<[string, number, number, number, Parameters<Guest['machine']['gate']>[2], (() => void)?]>([
    ['DPL below CPL', 3, 13, N * 8 + 2, { dpl: 0 }],
    ['not present', 0, 11, N * 8 + 2, {}, () => guest.memory.write8(AT.idt + N * 16 + 5, 0x0e)],
    ['beyond the limit by a byte', 0, 13, N * 8 + 2, {}, () => guest.state.setLo(FIELD.idtrLimit, N * 16 + 14)],
    ['a 16-bit gate', 0, 13, N * 8 + 2, { type: INTERRUPT16 }],
    ['a task gate', 0, 13, N * 8 + 2, { type: TASK }],
    ['a null selector', 0, 13, 0, { selector: 0 }],
    ['a 32-bit code segment', 0, 13, SELECTOR.code32, { selector: SELECTOR.code32 }],
    ['both L and D', 0, 13, FREE, { selector: FREE }, () => guest.describe(FREE, 0, 0xfffff, 0x9a, 0xe)],
    ['a code segment that is not present', 0, 11, FREE, { selector: FREE }, () => guest.describe(FREE, 0, 0xfffff, 0x1a, 0xa)],
    ['a target that is not canonical', 0, 13, 0, {}, () => guest.memory.write32(AT.idt + N * 16 + 8, 0x8000)],
    ['IST that is not canonical', 0, 12, 0, { ist: 3 }, () => guest.machine.put64(AT.tss + 52, 1n << 47n)],
    ['an IST beyond the TSS', 0, 10, SELECTOR.tss, { ist: 7 }, () => guest.state.setLo(FIELD.segLimit, 90, 7)],
    ['a stack that is not mapped', 0, 14, 2, { ist: 3 }, () => { guest.machine.put64(AT.tss + 52, 0x61000n); guest.page(0x60000, 0) }],
  ])('%s (level %i): vector %i, error code %i (7.14.1, 7.13)', (_, cpl, vector, error, gate, prepare) => {
    start(cpl, gate)
    prepare?.()
    guest.cpu.stateWritten()
    expect(guest.run(`at: int ${N}`)).toMatchObject({ vector, error, ip: guest.label('at') })
  })
})
