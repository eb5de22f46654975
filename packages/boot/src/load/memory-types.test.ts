import { createState, FIELD } from '@ringfold/arch'
import { expect, it } from 'vitest'
import { applyMemoryTypes } from './index.ts'

const GIB = 2 ** 30

it('is write-back with the last GiB below 4 GiB and video memory uncached', () => {
  const state = createState()
  applyMemoryTypes(state, { physicalAddressBits: 40 })
  expect(state.read('mtrrDefType')).toBe(0xc06n)
  expect([state.read('mtrrPhysBase', 0), state.read('mtrrPhysMask', 0)]).toEqual([0xc000_0000n, 0xff_c000_0800n])
  expect(state.read('mtrrPhysMask', 1)).toBe(0n)
  const fixed = Array.from({ length: FIELD.mtrrFix.count }, (_, n) => state.read('mtrrFix', n))
  expect(fixed.map((types) => types === 0x0606_0606_0606_0606n)).toEqual(fixed.map((_, n) => n !== 2))
})

it('divides what is no power of two', () => {
  const state = createState()
  applyMemoryTypes(state, { physicalAddressBits: 36, uncached: [{ address: 2.5 * GIB, sizeBytes: 1.5 * GIB }] })
  const pair = (n: number) => [state.read('mtrrPhysBase', n), state.read('mtrrPhysMask', n)]
  expect(pair(0)).toEqual([0xa000_0000n, 0xf_e000_0800n])
  expect(pair(1)).toEqual([0xc000_0000n, 0xf_c000_0800n])
  const scattered = Array.from({ length: 11 }, (_, n) => ({ address: n * 0x2000, sizeBytes: 0x1000 }))
  expect(() => applyMemoryTypes(state, { physicalAddressBits: 36, uncached: scattered })).toThrow(
    expect.objectContaining({ code: 'boot.memory-types' }),
  )
})
