import {
  ACTIVITY_STATE,
  CR4,
  cplOf,
  EVENT_INFORMATION,
  EVENT_TYPE,
  FIELD,
  INTERRUPTIBILITY,
  RFLAGS,
  readRflags,
  SEGMENT,
  TSS32,
  TSS64,
  writeRflags,
} from '@ringfold/arch'
import { describe, expect, it } from 'vitest'
import { enterMode, gate, IDT, machine, SEL, STACK0, STACK3, TSS } from '../../tests/machine.ts'
import { raise, VECTOR } from '../context.ts'
import { deliverEvent, softwareInterrupt } from './deliver.ts'
import { iret } from './iret.ts'

const VALID = EVENT_INFORMATION.lo.VALID
const INNER = 0x7000

describe('real mode (Intel SDM vol. 3B, 22.1.4)', () => {
  it('goes through the IVT and comes back by IRET', () => {
    const { ctx, state, memory } = machine()
    memory.view.setUint32(4 * 0x21, 0x1234_5678, true)
    state.set(FIELD.rip, 0x100, 0)
    writeRflags(state, RFLAGS.lo.IF | RFLAGS.lo.CF | 2)
    expect(softwareInterrupt(ctx, 0x21, EVENT_TYPE.SOFTWARE_INTERRUPT, 2)).toBe(0)
    expect([state.lo(FIELD.rip), state.lo(FIELD.cs), state.lo(FIELD.csBase)]).toEqual([0x5678, 0x1234, 0x12340])
    expect(readRflags(state)).toBe(RFLAGS.lo.CF | 2)
    expect(memory.view.getUint16(STACK0 - 6, true)).toBe(0x102)
    expect(iret(ctx, 2, 0)).toBe(0)
    expect([state.lo(FIELD.rip), state.lo(FIELD.cs), readRflags(state)]).toEqual([
      0x102,
      0,
      RFLAGS.lo.IF | RFLAGS.lo.CF | 2,
    ])
    expect(state.lo(FIELD.rsp)).toBe(STACK0)
  })

  it('shuts down when #DF cannot be delivered (vol. 3A, 7.15, interrupt 8)', () => {
    const { ctx, state } = machine()
    state.setLo(FIELD.idtrLimit, 3)
    raise(state, VECTOR.GP, 0)
    expect(deliverEvent(ctx)).toBe(1)
    expect(state.lo(FIELD.activityState)).toBe(ACTIVITY_STATE.SHUTDOWN)
  })
})

describe('32-bit gates (Intel SDM vol. 3A, 7.12.1)', () => {
  it('switches to the stack of the TSS, pushes the error code, and returns outward', () => {
    const { ctx, state, memory } = enterMode(machine(), 3)
    memory.view.setUint32(TSS + TSS32.offset.ESP0, INNER, true)
    memory.view.setUint16(TSS + TSS32.offset.SS0, SEL.DATA0, true)
    memory.put64(IDT + 8 * 13, gate(SEL.CODE0, 0x9000, 14))
    state.set(FIELD.rip, 0x400, 0)
    raise(state, VECTOR.GP, 0x18)
    expect(deliverEvent(ctx)).toBe(0)
    expect([cplOf(state), state.lo(FIELD.rip), state.lo(FIELD.cs), state.lo(FIELD.ss)]).toEqual([0, 0x9000, 8, 0x10])
    expect(state.lo(FIELD.rsp)).toBe(INNER - 24)
    const pushed = [0, 4, 8, 12, 16, 20].map((at) => memory.get32(INNER - 24 + at))
    expect(pushed).toEqual([0x18, 0x400, SEL.CODE3, RFLAGS.lo.IF | RFLAGS.lo.RF | 2, STACK3, SEL.DATA3])
    state.set(FIELD.rsp, INNER - 20, 0)
    expect(iret(ctx, 4, 0)).toBe(0)
    expect([cplOf(state), state.lo(FIELD.rip), state.lo(FIELD.rsp)]).toEqual([3, 0x400, STACK3])
    expect(readRflags(state) & RFLAGS.lo.IF).not.toBe(0)
  })

  it('checks the DPL of the gate for INT n, not for exceptions', () => {
    const { ctx, memory, event, state } = enterMode(machine(), 3)
    memory.put64(IDT + 8 * 0x80, gate(SEL.CODE0, 0x9000, 14))
    expect(softwareInterrupt(ctx, 0x80, EVENT_TYPE.SOFTWARE_INTERRUPT, 2)).toBe(1)
    expect(event()).toEqual({ vector: VECTOR.GP, errorCode: 0x80 * 8 + 2 })
    expect(state.lo(FIELD.rsp)).toBe(STACK3)
  })

  it('names the gate with EXT for an interrupt from outside (7.13)', () => {
    const { ctx, state, memory } = enterMode(machine(), 0)
    memory.put64(IDT + 8 * 13, gate(SEL.CODE0, 0x9000, 15))
    state.setLo(FIELD.pendingEvent, VALID | 0x40)
    expect(deliverEvent(ctx)).toBe(0)
    expect(memory.get32(STACK0 - 16)).toBe(0x40 * 8 + 3)
    expect(readRflags(state) & RFLAGS.lo.IF).not.toBe(0)
  })

  it('makes a double fault of #GP in #GP', () => {
    const { ctx, state, memory } = enterMode(machine(), 0)
    memory.put64(IDT + 8 * 8, gate(SEL.CODE0, 0xdf00, 14))
    raise(state, VECTOR.GP, 0)
    expect(deliverEvent(ctx)).toBe(0)
    expect([state.lo(FIELD.rip), memory.get32(STACK0 - 16)]).toEqual([0xdf00, 0])
  })
})

describe('virtual-8086 mode (Intel SDM vol. 3B, 22.2 and 22.3)', () => {
  it('enters through a gate with nine doublewords and more, and returns', () => {
    const { ctx, state, memory } = enterMode(machine(), 0)
    const image = [0x100, 0x50, RFLAGS.lo.VM | RFLAGS.lo.IF | 2, 0x200, 0x60, 1, 2, 3, 4]
    image.forEach((value, n) => void memory.view.setUint32(STACK0 + 4 * n, value, true))
    expect(iret(ctx, 4, 0)).toBe(0)
    expect([cplOf(state), state.lo(FIELD.csBase), state.lo(FIELD.es), state.lo(FIELD.gs)]).toEqual([3, 0x500, 1, 4])
    expect(softwareInterrupt(ctx, 0x10, EVENT_TYPE.SOFTWARE_INTERRUPT, 2)).toBe(1)
    expect(state.lo(FIELD.pendingEvent) & 0xff).toBe(VECTOR.GP)
    memory.view.setUint32(TSS + TSS32.offset.ESP0, INNER, true)
    memory.view.setUint16(TSS + TSS32.offset.SS0, SEL.DATA0, true)
    memory.put64(IDT + 8 * 13, gate(SEL.CODE0, 0x9000, 14))
    expect(deliverEvent(ctx)).toBe(0)
    expect([cplOf(state), readRflags(state) & RFLAGS.lo.VM, state.lo(FIELD.es)]).toEqual([0, 0, 0])
    expect(memory.get32(INNER - 4)).toBe(4)
    state.set(FIELD.rsp, INNER - 36, 0)
    expect(iret(ctx, 4, 0)).toBe(0)
    expect([state.lo(FIELD.rip), state.lo(FIELD.cs), state.lo(FIELD.gs)]).toEqual([0x100, 0x50, 4])
  })

  it('redirects INT n to the program under VME', () => {
    const { ctx, state, memory } = enterMode(machine(), 0)
    state.set(FIELD.cr4, CR4.lo.VME, 0)
    memory.view.setUint16(TSS + TSS32.offset.IOMAP, 0x88, true)
    memory.view.setUint32(4 * 0x10, 0x0300_0400, true)
    const image = [0x100, 0x50, RFLAGS.lo.VM | RFLAGS.lo.VIF | 2, 0x200, 0x60, 0, 0, 0, 0]
    image.forEach((value, n) => void memory.view.setUint32(STACK0 + 4 * n, value, true))
    iret(ctx, 4, 0)
    expect(softwareInterrupt(ctx, 0x10, EVENT_TYPE.SOFTWARE_INTERRUPT, 2)).toBe(0)
    expect([state.lo(FIELD.cs), state.lo(FIELD.rip), cplOf(state)]).toEqual([0x300, 0x400, 3])
    expect(memory.view.getUint16(0x600 + 0x200 - 2, true) & RFLAGS.lo.IF).not.toBe(0)
    expect(readRflags(state) & RFLAGS.lo.VIF).toBe(0)
  })
})

describe('64-bit gates (Intel SDM vol. 3A, 7.14)', () => {
  it('aligns the stack, pushes SS:RSP always, and returns', () => {
    const { ctx, state, memory } = enterMode(machine(), 0, true)
    memory.put64(IDT + 16 * 14, gate(SEL.CODE64, 0x9000, 14))
    state.set(FIELD.rsp, STACK0 - 3, 0)
    state.set(FIELD.rip, 0x400, 0)
    raise(state, VECTOR.PF, 2)
    state.set(FIELD.pendingPayload, 0x1234, 0xffff8000)
    expect(deliverEvent(ctx)).toBe(0)
    expect(state.read('cr2')).toBe(0xffff8000_00001234n)
    expect(state.lo(FIELD.rsp)).toBe(STACK0 - 16 - 48)
    const pushed = [0, 8, 16, 24, 32, 40].map((at) => memory.get64(STACK0 - 64 + at))
    expect(pushed).toEqual([2n, 0x400n, 0x38n, BigInt(RFLAGS.lo.IF | RFLAGS.lo.RF | 2), BigInt(STACK0 - 3), 0x10n])
    state.set(FIELD.rsp, STACK0 - 56, 0)
    expect(iret(ctx, 8, 0)).toBe(0)
    expect([state.lo(FIELD.rip), state.lo(FIELD.rsp), state.lo(FIELD.ss)]).toEqual([0x400, STACK0 - 3, 0x10])
  })

  it('uses RSP0 with a null SS from CPL 3 (7.14.4), and IST (7.14.5)', () => {
    for (const ist of [0, 3]) {
      const { ctx, state, memory } = enterMode(machine(), 3, true)
      memory.put64(IDT + 16 * 2, gate(SEL.CODE64, 0x9000, 14, 0, ist))
      memory.put64(TSS + (ist === 0 ? TSS64.offset.RSP0 : TSS64.offset.IST3), BigInt(INNER))
      state.setLo(FIELD.pendingEvent, VALID | (EVENT_TYPE.NMI << EVENT_INFORMATION.shift.TYPE) | VECTOR.NMI)
      expect(deliverEvent(ctx)).toBe(0)
      expect([cplOf(state), state.lo(FIELD.ss), state.lo(FIELD.rsp)]).toEqual([0, 0, INNER - 40])
      expect(state.lo(FIELD.interruptibility)).toBe(INTERRUPTIBILITY.lo.NMI)
      expect(iret(ctx, 8, 0)).toBe(0)
      expect([cplOf(state), state.lo(FIELD.segSelector, SEGMENT.SS), state.lo(FIELD.interruptibility)]).toEqual([
        3,
        SEL.DATA3,
        0,
      ])
    }
  })

  it('refuses NT in IA-32e mode and a return address that is not canonical (vol. 2A, IRET)', () => {
    const { ctx, state, memory, event } = enterMode(machine(), 0, true)
    writeRflags(state, RFLAGS.lo.NT | 2)
    expect(iret(ctx, 8, 0)).toBe(1)
    expect(event()).toEqual({ vector: VECTOR.GP, errorCode: 0 })
    writeRflags(state, 2)
    const image = [0x8000_0000_0000n, 0x38n, 2n, BigInt(STACK0), 0x10n]
    image.forEach((value, n) => void memory.put64(STACK0 + 8 * n, value))
    expect(iret(ctx, 8, 0)).toBe(1)
    expect([event(), state.lo(FIELD.rsp)]).toEqual([{ vector: VECTOR.GP, errorCode: 0 }, STACK0])
  })
})

describe('precise restart of a delivery (Intel SDM vol. 3A, 7.6 and 7.15)', () => {
  it('a page fault while pushing leaves stack, registers and flags, and becomes a double fault of #PF', () => {
    const { ctx, state, memory } = enterMode(machine(), 0, true)
    memory.put64(IDT + 16 * 14, gate(SEL.CODE64, 0x9000, 14))
    memory.put64(IDT + 16 * 8, gate(SEL.CODE64, 0xdf00, 14, 0, 1))
    memory.put64(TSS + TSS64.offset.IST1, BigInt(INNER))
    state.set(FIELD.rsp, 0xc010, 0)
    memory.readOnlyFrom = 0xb000
    raise(state, VECTOR.PF, 0)
    expect(deliverEvent(ctx)).toBe(0)
    expect([state.lo(FIELD.rip), state.lo(FIELD.rsp)]).toEqual([0xdf00, INNER - 48])
    expect(memory.get64(INNER - 16)).toBe(0xc010n)
  })

  it('software INT restarts: the fault is pending, nothing was pushed', () => {
    const { ctx, state, memory, event } = enterMode(machine(), 0, true)
    memory.put64(IDT + 16 * 0x80, gate(SEL.CODE64, 0x9000, 14))
    state.set(FIELD.rip, 0x400, 0)
    memory.readOnlyFrom = 0x5000
    expect(softwareInterrupt(ctx, 0x80, EVENT_TYPE.SOFTWARE_INTERRUPT, 2)).toBe(1)
    expect([event()?.vector, state.lo(FIELD.rip), state.lo(FIELD.rsp)]).toEqual([VECTOR.PF, 0x400, STACK0])
  })
})
