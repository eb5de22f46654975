import { ACCESS_RIGHTS, FIELD, INTERRUPTIBILITY, SEGMENT } from '@ringfold/arch'
import { describe, expect, it } from 'vitest'
import { descriptor, enterMode, GDT, machine, SEL, TSS } from '../../tests/machine.ts'
import { resultHi, resultLo, VECTOR } from '../context.ts'
import { cpuModel } from '../models/table.ts'
import { ACCESS_KIND, linearAddress } from './linear-address.ts'
import { loadFarSegment, loadLdtr, loadSegment, loadTr } from './load.ts'
import { setNull, setSegment } from './registers.ts'
import { arpl, lar, loadTable, lsl, storeTable, TABLE, verify } from './tables.ts'

const { S, P, DB } = ACCESS_RIGHTS.lo
const { READ, WRITE, EXECUTE } = ACCESS_KIND

describe('linear addresses (Intel SDM vol. 3A, 6.3 to 6.5)', () => {
  it('real mode: base plus offset within 64 KByte', () => {
    const { ctx, state, event } = machine()
    setSegment(state, SEGMENT.DS, 0x1234, 0x12340, 0, 0xffff, S | P | 3)
    expect(linearAddress(ctx, SEGMENT.DS, 0xfffe, 0, 2, WRITE)).toBe(0)
    expect(resultLo(state)).toBe(0x2233e)
    expect(linearAddress(ctx, SEGMENT.DS, 0xffff, 0, 2, READ)).toBe(1)
    expect(event()).toEqual({ vector: VECTOR.GP, errorCode: 0 })
    expect(linearAddress(ctx, SEGMENT.SS, 0xffff, 0, 2, READ)).toBe(1)
    expect(event()).toEqual({ vector: VECTOR.SS, errorCode: 0 })
  })

  it.each([
    ['expand-down below the limit', S | P | DB | 7, 0xfff, WRITE, 1],
    ['expand-down above the limit', S | P | DB | 7, 0x1000, WRITE, 0],
    ['expand-down of 16 bits above 64 KByte', S | P | 7, 0x10000, WRITE, 1],
    ['a write to read-only data', S | P | 1, 0, WRITE, 1],
    ['a write to code', S | P | 11, 0, WRITE, 1],
    ['a read of execute-only code', S | P | 9, 0, READ, 1],
    ['a read of readable code', S | P | 11, 0, READ, 0],
    ['an execution of data', S | P | 3, 0, EXECUTE, 1],
  ])('protected mode: %s', (_, rights, offset, kind, status) => {
    const { ctx, state } = enterMode(machine(), 0)
    setSegment(state, SEGMENT.ES, 8, 0, 0, 0xfff, rights)
    expect(linearAddress(ctx, SEGMENT.ES, offset, 0, 1, kind)).toBe(status)
  })

  it('a null segment faults in protected mode, not in 64-bit mode', () => {
    for (const long of [false, true]) {
      const { ctx, state } = enterMode(machine(), 0, long)
      setNull(state, SEGMENT.DS, 0)
      expect(linearAddress(ctx, SEGMENT.DS, 0, 0, 1, READ)).toBe(long ? 0 : 1)
    }
  })

  it('64-bit mode: canonical, and only FS and GS have bases (vol. 1, 3.3.7.1)', () => {
    const { ctx, state, event } = enterMode(machine(), 0, true)
    state.set(FIELD.fsBase, 0xfffffff0, 0x7fff)
    expect(linearAddress(ctx, SEGMENT.FS, 0xf, 0, 1, READ)).toBe(0)
    expect([resultLo(state), resultHi(state)]).toEqual([0xffffffff, 0x7fff])
    expect(linearAddress(ctx, SEGMENT.FS, 0x10, 0, 1, READ)).toBe(1)
    expect(linearAddress(ctx, SEGMENT.FS, 0xf, 0, 2, READ)).toBe(1)
    expect(linearAddress(ctx, SEGMENT.SS, 0, 0x8000, 1, READ)).toBe(1)
    expect(event()?.vector).toBe(VECTOR.SS)
  })
})

describe('segment loads (Intel SDM vol. 2B, MOV; vol. 3A, 6.5 and 6.7)', () => {
  const D = GDT + 0x50
  it.each([
    ['data', 0x93, 0x50, 0, undefined],
    ['execute-only code', 0x99, 0x50, 0, VECTOR.GP],
    ['a system segment', 0x82, 0x50, 0, VECTOR.GP],
    ['not present', 0x13, 0x50, 0, VECTOR.NP],
    ['DPL below CPL', 0x93, 0x50, 3, VECTOR.GP],
    ['DPL below RPL', 0x93, 0x53, 0, VECTOR.GP],
    ['conforming code at any level', 0x9f, 0x53, 3, undefined],
    ['beyond the table', 0x93, 0x100, 0, VECTOR.GP],
  ])('DS: %s', (_, access, selector, cpl, vector) => {
    const { ctx, memory, event, state } = enterMode(machine(), cpl)
    memory.put64(D, descriptor(0x5000, 0x123, access, 4))
    expect(loadFarSegment(ctx, SEGMENT.DS, selector)).toBe(vector === undefined ? 0 : 1)
    expect(event()).toEqual(vector === undefined ? undefined : { vector, errorCode: selector & 0xfffc })
    if (vector === undefined) expect([state.lo(FIELD.dsBase), state.lo(FIELD.dsLimit)]).toEqual([0x5000, 0x123])
  })

  it.each([
    ['writable data', 0x92, 0x50, 0, undefined],
    ['read-only data', 0x90, 0x50, 0, VECTOR.GP],
    ['RPL other than CPL', 0x92, 0x53, 0, VECTOR.GP],
    ['DPL other than CPL', 0xf2, 0x50, 0, VECTOR.GP],
    ['not present', 0x12, 0x50, 0, VECTOR.SS],
  ])('SS: %s', (_, access, selector, cpl, vector) => {
    const { ctx, memory, event, state } = enterMode(machine(), cpl)
    memory.put64(D, descriptor(0, 0xfffff, access, 0xc))
    expect(loadSegment(ctx, SEGMENT.SS, selector)).toBe(vector === undefined ? 0 : 1)
    expect(event()?.vector).toBe(vector)
    expect(state.lo(FIELD.interruptibility)).toBe(vector === undefined ? INTERRUPTIBILITY.lo.MOV_SS : 0)
    if (vector === undefined) expect(memory.view.getUint8(D + 5)).toBe(access | 1)
  })

  it('a fault while setting the accessed bit leaves the register alone', () => {
    const { ctx, memory, event, state } = enterMode(machine(), 0)
    memory.put64(D, descriptor(0x5000, 0x123, 0x92, 4))
    memory.readOnlyFrom = D
    expect(loadFarSegment(ctx, SEGMENT.DS, 0x50)).toBe(1)
    expect([event()?.vector, state.lo(FIELD.dsBase)]).toEqual([VECTOR.PF, 0])
  })

  it('null: allowed for DS, #GP(0) for SS, but for 64-bit mode below CPL 3 with RPL = CPL', () => {
    const legacy = enterMode(machine(), 0)
    expect(loadFarSegment(legacy.ctx, SEGMENT.DS, 3)).toBe(0)
    expect(loadFarSegment(legacy.ctx, SEGMENT.SS, 0)).toBe(1)
    expect(loadFarSegment(enterMode(machine(), 0, true).ctx, SEGMENT.SS, 0)).toBe(0)
    expect(loadFarSegment(enterMode(machine(), 3, true).ctx, SEGMENT.SS, 3)).toBe(1)
  })

  it('Intel clears the base of FS with a null selector', () => {
    const { ctx, state } = enterMode(machine(cpuModel('x86-64-v2')), 0, true)
    state.set(FIELD.fsBase, 1, 2)
    loadFarSegment(ctx, SEGMENT.FS, 0)
    expect(state.read('fsBase')).toBe(0n)
  })

  it('CS is #UD', () => {
    const { ctx, event } = enterMode(machine(), 0)
    expect(loadSegment(ctx, SEGMENT.CS, SEL.CODE0)).toBe(1)
    expect(event()?.vector).toBe(VECTOR.UD)
  })
})

describe('system segments and tables (Intel SDM vol. 2A, LLDT, LTR, LGDT, LAR, LSL, ARPL; 2D, VERR)', () => {
  it('LTR marks the TSS busy, and refuses it then', () => {
    const { ctx, memory, state, event } = enterMode(machine(), 0)
    expect(loadTr(ctx, SEL.TSS)).toBe(0)
    expect([state.lo(FIELD.trBase), memory.view.getUint8(GDT + 0x28 + 5)]).toEqual([TSS, 0x8b])
    expect(loadTr(ctx, SEL.TSS)).toBe(1)
    expect(event()).toEqual({ vector: VECTOR.GP, errorCode: SEL.TSS })
  })

  it('LLDT: 16 bytes in IA-32e mode, whose upper type is zero', () => {
    const { ctx, memory, state } = enterMode(machine(), 0, true)
    memory.put64(GDT + 0x50, descriptor(0x5000, 0xff, 0x82, 0))
    memory.put64(GDT + 0x58, 0xffff8000n)
    expect(loadLdtr(ctx, 0x50)).toBe(0)
    expect(state.read('ldtrBase')).toBe(0xffff8000_00005000n)
    memory.put64(GDT + 0x58, 0x100_00000000n)
    expect(loadLdtr(ctx, 0x50)).toBe(1)
    expect(loadLdtr(enterMode(machine(), 3).ctx, 0)).toBe(1)
    expect(loadLdtr(machine().ctx, 0)).toBe(1)
  })

  it('LGDT and SGDT', () => {
    const { ctx, memory, state } = enterMode(machine(), 0, true)
    memory.view.setUint16(0x600, 0x77, true)
    memory.put64(0x602, 0xffff8000_00001000n)
    expect(loadTable(ctx, TABLE.IDT, SEGMENT.DS, 0x600, 0, 8)).toBe(0)
    expect(state.read('idtrBase')).toBe(0xffff8000_00001000n)
    expect(storeTable(ctx, TABLE.IDT, SEGMENT.DS, 0x700, 0)).toBe(0)
    expect([memory.view.getUint16(0x700, true), memory.get64(0x702)]).toEqual([0x77, 0xffff8000_00001000n])
    memory.put64(0x602, 0x8000_0000_0000n)
    expect(loadTable(ctx, TABLE.GDT, SEGMENT.DS, 0x600, 0, 8)).toBe(1)
  })

  it('LAR, LSL, VERR, VERW and ARPL tell by ZF', () => {
    const { ctx, state } = enterMode(machine(), 3)
    const zf = (): boolean => (state.lo(FIELD.statusFlags) & 0x40) !== 0
    lar(ctx, SEL.CODE3)
    expect([zf(), resultLo(state)]).toEqual([true, 0x00cffa00])
    lar(ctx, SEL.DATA0)
    expect(zf()).toBe(false)
    lsl(ctx, SEL.DATA3)
    expect([zf(), resultLo(state)]).toEqual([true, 0xffffffff])
    verify(ctx, SEL.CODE3, 0)
    expect(zf()).toBe(true)
    verify(ctx, SEL.CODE3, 1)
    expect(zf()).toBe(false)
    arpl(ctx, 0x10, 3)
    expect([zf(), resultLo(state)]).toEqual([true, 0x13])
  })
})
