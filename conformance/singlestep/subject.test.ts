import { describe, expect, it } from 'vitest'
import { flagsMaskOf } from './index.ts'
import type { MooTest } from './moo.ts'
import { differences, type StepOutcome } from './subject.ts'

const state = (mask: number, registers: readonly number[], address: number, value: number) => ({
  mask,
  registers: Uint16Array.from({ length: 14 }, (_, i) => registers[i] ?? 0),
  addresses: Uint32Array.of(address),
  values: Uint8Array.of(value),
})
const test: MooTest = {
  index: 0,
  name: 'inc ax',
  bytes: Uint8Array.of(0x40),
  initial: state(0x3fff, [1], 0x10, 1),
  final: state(1, [2], 0x10, 0xff),
  exception: undefined,
}
const outcome = (change: Partial<StepOutcome>): StepOutcome => ({
  registers: Uint16Array.from({ length: 14 }, (_, i) => (i === 0 ? 2 : 0)),
  written: new Map([[0x10, 0xff]]),
  vector: undefined,
  ...change,
})

describe('judging a single step', () => {
  it('passes what the final state says, and finds each kind of difference', () => {
    expect(differences(test, outcome({}), 0xffff)).toEqual([])
    expect(differences(test, outcome({ vector: 6 }), 0xffff)).toEqual(['vector: none expected, 6 found'])
    expect(differences(test, outcome({ written: new Map() }), 0xffff)).toEqual(['[10]: ff expected, 1 found'])
    expect(differences(test, outcome({ registers: new Uint16Array(14) }), 0xffff)).toHaveLength(1)
  })

  it('compares only defined flags, in the pushed word too', () => {
    const flags = Uint16Array.from({ length: 14 }, (_, i) => (i === 0 ? 2 : i === 13 ? 0x10 : 0))
    expect(differences(test, outcome({ registers: flags }), 0xffef)).toEqual([])
    expect(differences(test, outcome({ registers: flags }), 0xffff)).toHaveLength(1)
    const faulted = { ...test, exception: { vector: 0, flagsAddress: 0x10 } }
    const found = outcome({ vector: 0, written: new Map([[0x10, 0xef]]) })
    expect(differences(faulted, found, 0xffef)).toEqual([])
    expect(differences(faulted, found, 0xffff)).toHaveLength(1)
  })

  it('takes the mask of a group member before that of its opcode', () => {
    const metadata = { cpu: '286', opcodes: { '80': { reg: { '1': { 'flags-mask': 0xffef } } }, '08': {} } }
    expect([flagsMaskOf(metadata, '80.1'), flagsMaskOf(metadata, '08')]).toEqual([0xffef, 0xffff])
  })
})
