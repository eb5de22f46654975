/** Exceptions while exceptions are delivered: one after the other, double fault, or shutdown. */
import { ENGINES } from '@ringfold/cpu'
import { describe, expect, it } from 'vitest'
import { AT, FREE, Guest, HANDLERS } from './guest.ts'

const NOT_PRESENT = 0x60000
const IST2 = 44
/** `gate` spoils the gate of the first exception, `stack` its stack. */
type Spoilt = 'gate' | 'stack' | 'selector'

const FIRST = {
  '#UD': { vector: 6, code: 'at: ud2' },
  '#GP': { vector: 13, code: `mov eax, 0xff8\nat: mov ds, ax` },
  '#PF': { vector: 14, code: `at: mov eax, [${NOT_PRESENT}]` },
  'INT 40H': { vector: 0x40, code: 'at: int 0x40' },
} as const

/** Vector and error code of what the handler sees at last. */
// biome-ignore format: a table
const ROWS: readonly [keyof typeof FIRST, Spoilt, number, number, string][] = [
  ['#UD', 'gate', 11, (6 << 3) | 3, 'benign, then contributory: one after the other, with EXT'],
  ['#UD', 'selector', 13, 0xff9, 'benign, then contributory: the selector of the gate, with EXT'],
  ['#UD', 'stack', 14, 2, 'benign, then page fault: one after the other'],
  ['INT 40H', 'gate', 11, (0x40 << 3) | 2, 'a software interrupt is benign, and not external'],
  ['INT 40H', 'selector', 13, 0xff8, 'a software interrupt is benign, and not external'],
  ['INT 40H', 'stack', 14, 2, 'a software interrupt, then a page fault'],
  ['#GP', 'gate', 8, 0, 'contributory, then contributory: double fault'],
  ['#GP', 'selector', 8, 0, 'contributory, then contributory: double fault'],
  ['#GP', 'stack', 14, 2, 'contributory, then page fault: one after the other'],
  ['#PF', 'gate', 8, 0, 'page fault, then contributory: double fault'],
  ['#PF', 'stack', 8, 0, 'page fault, then page fault: double fault'],
]

describe.each(ENGINES)('exceptions during delivery (Intel SDM vol. 3A, 7.15, Interrupt 8), engine %s', (engine) => {
  const guest = new Guest(engine)

  /** Starts in 64-bit mode; each handler but that of the first exception is whole, #DF and #PF have the stack of IST1. */
  const start = (vector: number, spoilt: Spoilt) => {
    guest.start(64).page(NOT_PRESENT, 0)
    const { machine } = guest
    const at = (n: number) => HANDLERS + n * 16
    machine.gate(8, at(8), { ist: 1 })
    machine.gate(14, at(14), { ist: 1 })
    machine.put64(AT.tss + IST2, BigInt(NOT_PRESENT + 0x1000))
    if (spoilt === 'stack') machine.gate(vector, at(vector), { ist: 2 })
    else if (spoilt === 'selector') machine.gate(vector, at(vector), { selector: 0xffb })
    else {
      machine.gate(vector, at(vector))
      guest.memory.write8(AT.idt + vector * 16 + 5, 0x0e)
    }
  }

  it.each(ROWS)('%s, %s spoilt: vector %i, error code %i (%s)', (first, spoilt, vector, error) => {
    const { vector: spoiltVector, code } = FIRST[first]
    start(spoiltVector, spoilt)
    expect(guest.run(code)).toMatchObject({ reason: 'halted', vector, error, ip: guest.label('at') })
    if (vector === 14) expect(guest.wide('cr2')).toBe(BigInt(NOT_PRESENT + 0x1000 - 8))
    else if (first === '#PF')
      expect(guest.wide('cr2')).toBe(BigInt(spoilt === 'stack' ? NOT_PRESENT + 0xff8 : NOT_PRESENT))
  })

  it('a fault during the delivery of a double fault shuts down; nothing is executed any more', () => {
    start(13, 'gate')
    guest.memory.write8(AT.idt + 8 * 16 + 5, 0x0e)
    expect(guest.run(FIRST['#GP'].code)).toEqual({ reason: 'shutdown' })
    expect(guest.cpu.run(10)).toEqual({ reason: 'shutdown', retired: 0 })
    expect(guest.reg('rip')).toBe(guest.label('at'))
  })

  it('an NMI ends a shutdown, unless one is being handled (vol. 3A, 7.15, Interrupt 8)', () => {
    start(13, 'gate')
    guest.memory.write8(AT.idt + 8 * 16 + 5, 0x0e)
    expect(guest.run(FIRST['#GP'].code).reason).toBe('shutdown')
    guest.cpu.signalNmi()
    expect(guest.go()).toMatchObject({ vector: 2, ip: guest.label('at') })
    // This handler shuts down in its turn.
    start(13, 'gate')
    guest.memory.write8(AT.idt + 8 * 16 + 5, 0x0e)
    guest.load(FIRST['#GP'].code, { at: HANDLERS + 2 * 16 })
    expect(guest.run(FIRST['#GP'].code).reason).toBe('shutdown')
    guest.cpu.signalNmi()
    expect(guest.go().reason).toBe('shutdown')
    guest.cpu.signalNmi()
    expect(guest.go().reason).toBe('shutdown')
    expect(guest.reg('rip')).toBe(HANDLERS + 2 * 16 + 5)
    // INIT ends it in any case (vol. 3A, 10.4).
    guest.cpu.signalInit()
    expect(guest.cpu.run(0).reason).toBe('budget')
    expect(guest.state.read('cs')).toBe(0xf000)
  })

  it('in 32-bit code: the gate lies beyond the limit of the IDT', () => {
    guest.start(32)
    guest.load(`lidt [table]\nmov eax, 0xff8\nat: mov ds, ax\ntable: dw ${9 * 8 - 1}\ndd ${AT.idt}`)
    expect(guest.go()).toMatchObject({ vector: 8, error: 0, ip: guest.label('at') })
  })

  it('real mode: beyond the limit of the vector table (vol. 3B, 22.1.4)', () => {
    guest.start(16)
    // Vector 13 lies beyond; so does the double fault.
    expect(guest.run(`mov word [0x100], 31\nlidt [0x100]\nat: int 0x20`).reason).toBe('shutdown')
    guest.start(16)
    expect(guest.run(`mov word [0x100], ${9 * 4 - 1}\nlidt [0x100]\nat: int 0x20`)).toMatchObject({ vector: 8 })
    guest.start(16)
    expect(guest.run(`mov word [0x100], ${14 * 4 - 1}\nlidt [0x100]\nat: int 0x20`)).toMatchObject({ vector: 13 })
  })

  it('a stack that has no room in real mode shuts down (vol. 3B, 22.1.4)', () => {
    guest.start(16)
    expect(guest.run('mov sp, 1\nud2').reason).toBe('shutdown')
  })

  it('a 32-bit task gate takes the double fault on a stack of its own (vol. 3A, 7.15, Interrupt 8)', () => {
    const tss = 0x3800
    guest.start(32)
    guest.describe(FREE, tss, 0x67, 0x89, 0)
    const { memory, machine } = guest
    for (const [offset, value] of [
      [32, HANDLERS + 8 * 16],
      [36, 2],
      [56, AT.stack - 0x2000],
      [76, 8],
      [80, 0x10],
      [84, 0x10],
    ] as const)
      memory.write32(tss + offset, value)
    machine.gate(8, 0, { type: 5, selector: FREE })
    // ESP has no room for a frame: #SS, then #SS again.
    guest.load(`mov esp, 4\nmov ax, ${FREE + 8}\nmov ss, ax\nat: push eax\npush eax\npush eax`)
    guest.describe(FREE + 8, 0, 0x5, 0x96, 4)
    const stop = guest.go()
    expect(stop).toMatchObject({ reason: 'halted', vector: 8, error: 0 })
    expect(guest.reg('rsp')).toBe(AT.stack - 0x2004)
    expect(guest.reg('tr')).toBe(FREE)
    expect(guest.memory.read32(AT.tss + 32)).toBe(guest.label('at'))
  })
})
