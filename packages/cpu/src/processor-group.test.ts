import { ACTIVITY_STATE, FIELD, hashState } from '@ringfold/arch'
import { assemble } from '@ringfold/isa/assembler'
import { PhysicalMemory } from '@ringfold/memory'
import { describe, expect, it } from 'vitest'
import { ENGINES, type EngineName } from './engines.ts'
import { ProcessorGroup } from './processor-group.ts'

const START = 0x8000

/** Real-mode code at 8000H for all; the bootstrap processor comes there from the reset vector. */
function group(engine: EngineName, count: number, text: string, slice = 100): ProcessorGroup {
  const memory = new PhysicalMemory({ ramBytes: 1 << 20 })
  const reset = new Uint8Array(0x10000)
  reset.set(assemble(`jmp 0:${START}`, { bits: 16 }).bytes, 0xfff0)
  memory.addRom(0xffff0000, reset)
  memory.writeBytes(START, assemble(text, { bits: 16, origin: BigInt(START) }).bytes)
  return new ProcessorGroup({ memory, count, engine, slice })
}

describe.each(ENGINES)('processors on engine %s', (engine) => {
  it('take turns on one memory, with a lock between them', () => {
    const all = group(
      engine,
      3,
      `
      xor ax, ax
      mov ds, ax
      mov cx, 200
      again:
      lock bts word [0x500], 0
      jc again
      mov ax, [0x502]
      inc ax
      mov [0x502], ax
      mov word [0x500], 0
      loop again
      cli
      hlt
      `,
    )
    for (const processor of all.processors.slice(1)) processor.signalStartup(START >> 12)
    expect(all.run(100_000).reason).toBe('halted')
    expect(all.processors[0]?.memory.read16(0x502)).toBe(600)
  })

  it('start by INIT and SIPI, and wait before (Intel SDM vol. 3A, 10.4.4)', () => {
    const all = group(engine, 2, 'mov bx, 0x77\ncli\nhlt')
    const [first, second] = all.processors
    expect(second?.state.lo(FIELD.activityState)).toBe(ACTIVITY_STATE.WAIT_FOR_SIPI)
    expect(all.run(1000).reason).toBe('halted')
    expect([first?.state.read('rbx'), second?.state.read('rbx')]).toEqual([0x77n, 0n])
    second?.signalInit()
    second?.signalStartup(START >> 12)
    expect(all.run(1000).reason).toBe('halted')
    expect(second?.state.read('cs')).toBe((START >> 12) << 8)
    expect(second?.state.read('rbx')).toBe(0x77n)
  })

  it('wake one another by a write to the monitored line (Intel SDM vol. 3A, 10.10.4)', () => {
    const all = group(
      engine,
      2,
      `
      xor ax, ax
      mov ds, ax
      mov ax, cs
      test ax, ax
      jz writer
      mov eax, 0x600
      xor ecx, ecx
      xor edx, edx
      monitor
      mwait
      mov bx, [0x600]
      cli
      hlt
      writer:
      mov cx, 400
      spin: loop spin
      mov word [0x600], 0x99
      cli
      hlt
      `,
    )
    all.processors[1]?.signalStartup(START >> 12)
    expect(all.run(100_000).reason).toBe('halted')
    expect(all.processors[1]?.state.read('rbx')).toBe(0x99n)
  })
})

it('engines agree on several processors, turn by turn', () => {
  const text = 'xor ax, ax\nmov ds, ax\nagain: lock inc word [0x500]\nadd bx, [0x500]\nmov [0x508], bx\njmp again'
  const hashes = ENGINES.map((engine) => {
    const all = group(engine, 3, text, 7)
    for (const processor of all.processors.slice(1)) processor.signalStartup(START >> 12)
    for (const budget of [1, 5, 100, 333, 1000]) all.run(budget)
    return all.processors.map(({ state }) => hashState(state))
  })
  expect(hashes[0]).toEqual(hashes[1])
})
