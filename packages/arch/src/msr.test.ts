import { describe, expect, it } from 'vitest'
import { MSR, msrOf } from './msr.ts'
import { FIELD, STATE_LAYOUT, type StateField } from './state/layout.ts'

const all = Object.values(MSR)

describe('MSRs', () => {
  it('has each number once', () => {
    const numbers = all.flatMap((msr) => Array.from({ length: msr.count }, (_, i) => msr.number + i * msr.stride))
    expect(new Set(numbers).size).toBe(numbers.length)
  })

  it('resolves numbers, and rows of registers to their names', () => {
    expect(msrOf(0xc0000080)).toMatchObject({ name: 'IA32_EFER', index: 0, msr: MSR.IA32_EFER })
    expect(msrOf(0xc0000080 | 0)?.name).toBe('IA32_EFER')
    expect(msrOf(0x207)).toMatchObject({ name: 'IA32_MTRR_PHYSMASK3', index: 3 })
    expect(msrOf(0x40a)).toMatchObject({ name: 'IA32_MC2_ADDR', index: 2 })
    expect(msrOf(0x12345)).toBeUndefined()
  })

  it('holds 64-bit registers in 64-bit fields of the state, as many as there are', () => {
    for (const msr of all) {
      if (msr.state === undefined) continue
      const field: StateField = FIELD[msr.state]
      expect([msr.name, field.count]).toEqual([msr.name, msr.count])
      expect(field.bits).toBe(64)
    }
  })

  it('reaches every MSR field of the state, and none twice', () => {
    const offsets = all.flatMap((msr) => {
      if (msr.state === undefined) return []
      const field: StateField = FIELD[msr.state]
      return Array.from({ length: msr.count }, (_, i) => field.offset + i * field.strideBytes)
    })
    expect(new Set(offsets).size).toBe(offsets.length)
    const fields = STATE_LAYOUT.filter((field) => field.group === 'msr')
    const missing = fields.filter(({ offset }) => !offsets.includes(offset)).map(({ name }) => name)
    expect(missing, 'the time-stamp counter is the clock plus tscOffset').toEqual(['tscOffset'])
  })

  it('aliases the bases of FS and GS with those of the segment registers', () => {
    expect(FIELD[MSR.IA32_FS_BASE.state ?? 'rip'].offset).toBe(FIELD.segBase.offset + 4 * 8)
    expect(FIELD[MSR.IA32_GS_BASE.state ?? 'rip'].offset).toBe(FIELD.segBase.offset + 5 * 8)
  })
})
