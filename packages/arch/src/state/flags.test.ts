import { describe, expect, it } from 'vitest'
import { SEGMENT } from '../segmentation.ts'
import { createState } from './cpu-state.ts'
import { cplOf, flagsAreSettled, readFpuStatus, readRflags, writeFpuStatus, writeRflags } from './flags.ts'
import { FIELD } from './layout.ts'

describe('flags', () => {
  it('parts RFLAGS into status flags and the others, and joins them', () => {
    const state = createState()
    writeRflags(state, 0xffffffff)
    expect(readRflags(state)).toBe(0x3f7fd7)
    expect(state.lo(FIELD.statusFlags)).toBe(0x8d5)
    expect(state.lo(FIELD.systemFlags)).toBe(0x3f7702)
    writeRflags(state, 0)
    expect(readRflags(state)).toBe(2)
  })

  it('does not pretend to know flags that an engine has yet to compute', () => {
    const state = createState()
    state.setLo(FIELD.lazyOp, 3)
    expect(flagsAreSettled(state)).toBe(false)
    expect(() => readRflags(state)).toThrow(expect.objectContaining({ code: 'state.flags-not-settled' }))
    writeRflags(state, 0x246)
    expect(flagsAreSettled(state)).toBe(true)
    expect(readRflags(state)).toBe(0x246)
  })

  it('parts the x87 status word into TOP and the rest', () => {
    const state = createState()
    writeFpuStatus(state, 0xf9ff)
    expect(state.read('fpuTop')).toBe(7)
    expect(state.read('fpuStatus')).toBe(0xc1ff)
    state.write('fpuTop', 2)
    expect(readFpuStatus(state)).toBe(0xd1ff)
  })

  it('has the CPL in SS', () => {
    const state = createState()
    state.setLo(FIELD.segAccess, 0x00f3, SEGMENT.SS)
    expect(cplOf(state)).toBe(3)
  })
})
