import { CR0, cplOf, createState, FIELD, readRflags, SEGMENT } from '@ringfold/arch'
import { cpuModel } from '@ringfold/rings'
import { expect, it } from 'vitest'
import { initState, resetState } from './reset.ts'

it('starts in real mode at the last 16 bytes below 4 GiB (Intel SDM vol. 3A, 12.1.4)', () => {
  const state = createState()
  state.u8.fill(0xff)
  resetState(state, cpuModel())
  expect(state.read('csBase') + state.read('rip')).toBe(0xfffffff0n)
  expect(state.read('cs')).toBe(0xf000)
  expect(readRflags(state)).toBe(2)
  expect(state.lo(FIELD.cr0) >>> 0).toBe((CR0.lo.CD | CR0.lo.NW | CR0.lo.ET) >>> 0)
  expect(cplOf(state)).toBe(0)
  expect(state.lo(FIELD.segLimit, SEGMENT.DS)).toBe(0xffff)
  expect(state.read('mxcsr')).toBe(0x1f80)
})

it('keeps vector registers, MSRs and cache control at INIT (table 12-1)', () => {
  const state = createState()
  resetState(state, cpuModel())
  state.write('xmm', 5n, 3)
  state.write('lstar', 0x1234n)
  state.write('cr0', 0x80000011n)
  state.write('rbx', 9n)
  initState(state, cpuModel())
  expect([state.read('xmm', 3), state.read('lstar'), state.read('rbx')]).toEqual([5n, 0x1234n, 0n])
  expect(state.read('cr0')).toBe(0x10n)
})
