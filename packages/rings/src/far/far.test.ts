import { cplOf, FIELD, RFLAGS, readRflags, SEGMENT, TSS32, TSS64, writeRflags } from '@ringfold/arch'
import { describe, expect, it } from 'vitest'
import { descriptor, enterMode, GDT, gate, machine, SEL, STACK0, STACK3, TSS } from '../../tests/machine.ts'
import { VECTOR } from '../context.ts'
import { iret } from '../events/iret.ts'
import { setSegment } from '../segments/registers.ts'
import { retFar } from './return.ts'
import { callFar, jmpFar } from './transfer.ts'

const INNER = 0x7000
const GATE = 0x50

describe('real mode (Intel SDM vol. 2A, CALL and JMP)', () => {
  it('calls and returns with parameters', () => {
    const { ctx, state } = machine()
    expect(callFar(ctx, 0x200, 0x10, 0, 2, 0x105, 0)).toBe(0)
    expect([state.lo(FIELD.cs), state.lo(FIELD.rip), state.lo(FIELD.rsp)]).toEqual([0x200, 0x10, STACK0 - 4])
    expect(retFar(ctx, 2, 6)).toBe(0)
    expect([state.lo(FIELD.cs), state.lo(FIELD.rip), state.lo(FIELD.rsp)]).toEqual([0, 0x105, STACK0 + 6])
  })
})

describe('direct transfers (Intel SDM vol. 3A, 6.8.1)', () => {
  it.each([
    ['the same level', 0x9a, 0x50, 0, undefined],
    ['an inner segment', 0x9a, 0x50, 3, VECTOR.GP],
    ['an inner conforming segment', 0x9e, 0x50, 3, undefined],
    ['an outer segment', 0xfa, 0x50, 0, VECTOR.GP],
    ['data', 0x92, 0x50, 0, VECTOR.GP],
    ['not present', 0x1a, 0x50, 0, VECTOR.NP],
  ])('%s', (_, access, selector, cpl, vector) => {
    const { ctx, memory, state, event } = enterMode(machine(), cpl)
    memory.put64(GDT + 0x50, descriptor(0, 0xfffff, access, 0xc))
    expect(jmpFar(ctx, selector, 0x40, 0, 4, 0)).toBe(vector === undefined ? 0 : 1)
    expect(event()?.vector).toBe(vector)
    expect(cplOf(state)).toBe(cpl)
    if (vector === undefined) expect(state.lo(FIELD.cs) & 3).toBe(cpl)
  })

  it('checks the target against the limit with #GP(0)', () => {
    const { ctx, memory, event } = enterMode(machine(), 0)
    memory.put64(GDT + 0x50, descriptor(0, 0xfff, 0x9a, 4))
    expect(jmpFar(ctx, 0x50, 0x1000, 0, 4, 0)).toBe(1)
    expect(event()).toEqual({ vector: VECTOR.GP, errorCode: 0 })
  })
})

describe('call gates (Intel SDM vol. 3A, 6.8.3 to 6.8.6)', () => {
  it('switches the stack, copies parameters, and RETF goes back and drops inner segments', () => {
    const { ctx, memory, state } = enterMode(machine(), 3)
    memory.view.setUint32(TSS + TSS32.offset.ESP0, INNER, true)
    memory.view.setUint16(TSS + TSS32.offset.SS0, SEL.DATA0, true)
    memory.put64(GDT + GATE, gate(SEL.CODE0, 0x9000, 12, 3, 2))
    memory.view.setUint32(STACK3, 0x11, true)
    memory.view.setUint32(STACK3 + 4, 0x22, true)
    expect(callFar(ctx, GATE | 3, 0, 0, 4, 0x405, 0)).toBe(0)
    expect([cplOf(state), state.lo(FIELD.rip), state.lo(FIELD.rsp)]).toEqual([0, 0x9000, INNER - 24])
    const pushed = [0, 4, 8, 12, 16, 20].map((at) => memory.get32(INNER - 24 + at))
    expect(pushed).toEqual([0x405, SEL.CODE3, 0x11, 0x22, STACK3, SEL.DATA3])
    setSegment(state, SEGMENT.DS, SEL.DATA0, 0, 0, 0xffffffff, 0xc093)
    expect(retFar(ctx, 4, 8)).toBe(0)
    expect([cplOf(state), state.lo(FIELD.rip), state.lo(FIELD.rsp)]).toEqual([3, 0x405, STACK3 + 8])
    expect([state.lo(FIELD.ds), state.lo(FIELD.es)]).toEqual([0, SEL.DATA3])
  })

  it('64-bit gate: RSP0, a null SS, 8-byte slots', () => {
    const { ctx, memory, state } = enterMode(machine(), 3, true)
    memory.put64(TSS + TSS64.offset.RSP0, BigInt(INNER))
    memory.put64(GDT + GATE, gate(SEL.CODE64, 0x9000, 12, 3))
    expect(callFar(ctx, GATE | 3, 0, 0, 4, 0x405, 0)).toBe(0)
    expect([cplOf(state), state.lo(FIELD.ss), state.lo(FIELD.rsp)]).toEqual([0, 0, INNER - 32])
    expect(retFar(ctx, 8, 0)).toBe(0)
    expect([cplOf(state), state.lo(FIELD.rip), state.lo(FIELD.rsp)]).toEqual([3, 0x405, STACK3])
  })

  it('a gate of DPL below CPL or RPL is #GP with its selector; a jump may not go inward', () => {
    const { ctx, memory, event } = enterMode(machine(), 3)
    memory.put64(GDT + GATE, gate(SEL.CODE0, 0x9000, 12, 0))
    expect(callFar(ctx, GATE, 0, 0, 4, 0, 0)).toBe(1)
    expect(event()).toEqual({ vector: VECTOR.GP, errorCode: GATE })
    memory.put64(GDT + GATE, gate(SEL.CODE0, 0x9000, 12, 3))
    expect(jmpFar(ctx, GATE, 0, 0, 4, 0)).toBe(1)
    expect(event()).toEqual({ vector: VECTOR.GP, errorCode: SEL.CODE0 })
  })

  it('a stack that does not fit is #SS or #TS, and nothing changes', () => {
    const { ctx, memory, state, event } = enterMode(machine(), 3)
    memory.put64(GDT + GATE, gate(SEL.CODE0, 0x9000, 12, 3))
    expect(callFar(ctx, GATE, 0, 0, 4, 0, 0)).toBe(1)
    expect([event(), state.lo(FIELD.rsp), cplOf(state)]).toEqual([{ vector: VECTOR.TS, errorCode: 0 }, STACK3, 3])
  })
})

describe('task switches (Intel SDM vol. 3A, 9.3)', () => {
  const OTHER = 0x5000
  const SELECTOR = 0x60

  it('CALL nests, IRET with NT returns', () => {
    const { ctx, memory, state } = enterMode(machine(), 0)
    memory.put64(GDT + SEL.TSS, descriptor(TSS, 0x167, 0x8b, 0))
    memory.put64(GDT + SELECTOR, descriptor(OTHER, 0x67, 0x89, 0))
    const { offset } = TSS32
    const put = (at: number, value: number): void => memory.view.setUint32(OTHER + at, value, true)
    put(offset.EIP, 0x900)
    put(offset.EFLAGS, 2)
    put(offset.ESP, INNER)
    put(offset.CS, SEL.CODE0)
    put(offset.SS, SEL.DATA0)
    put(offset.DS, SEL.DATA0)
    state.set(FIELD.rbx, 77, 0)
    writeRflags(state, RFLAGS.lo.CF | 2)
    expect(callFar(ctx, SELECTOR, 0, 0, 4, 0x405, 0)).toBe(0)
    expect([state.lo(FIELD.rip), state.lo(FIELD.tr), state.lo(FIELD.rsp)]).toEqual([0x900, SELECTOR, INNER])
    expect(readRflags(state)).toBe(RFLAGS.lo.NT | 2)
    expect([memory.view.getUint8(GDT + SEL.TSS + 5), memory.view.getUint8(GDT + SELECTOR + 5)]).toEqual([0x8b, 0x8b])
    expect([memory.get32(OTHER), memory.get32(TSS + offset.EIP), memory.get32(TSS + offset.EBX)]).toEqual([
      SEL.TSS,
      0x405,
      77,
    ])
    expect(iret(ctx, 4, 0x910)).toBe(0)
    expect([state.lo(FIELD.rip), state.lo(FIELD.tr), state.lo(FIELD.rbx)]).toEqual([0x405, SEL.TSS, 77])
    expect([readRflags(state), memory.view.getUint8(GDT + SELECTOR + 5)]).toEqual([RFLAGS.lo.CF | 2, 0x89])
  })

  it('a busy TSS is #GP, a short one #TS', () => {
    const { ctx, memory, event } = enterMode(machine(), 0)
    memory.put64(GDT + SELECTOR, descriptor(OTHER, 0x67, 0x8b, 0))
    expect(jmpFar(ctx, SELECTOR, 0, 0, 4, 0)).toBe(1)
    expect(event()).toEqual({ vector: VECTOR.GP, errorCode: SELECTOR })
    memory.put64(GDT + SELECTOR, descriptor(OTHER, 0x66, 0x89, 0))
    expect(jmpFar(ctx, SELECTOR, 0, 0, 4, 0)).toBe(1)
    expect(event()).toEqual({ vector: VECTOR.TS, errorCode: SELECTOR })
  })
})
