import {
  ACTIVITY_STATE,
  CR0,
  CR4,
  DR6,
  DR7,
  EFER,
  FIELD,
  MSR,
  RFLAGS,
  readRflags,
  SEGMENT,
  TSS32,
  writeRflags,
} from '@ringfold/arch'
import { describe, expect, it } from 'vitest'
import { enterMode, type Machine, machine, TSS } from '../../tests/machine.ts'
import { resultLo, VECTOR } from '../context.ts'
import { deliverEvent } from '../events/deliver.ts'
import { cli, popf, pushf, sti } from '../flags.ts'
import { withFeatures } from '../models/features.ts'
import { cpuModel } from '../models/table.ts'
import { clts, lmsw, readControlRegister, smsw, writeControlRegister } from './cr.ts'
import {
  BREAK_ON,
  checkDebugTraps,
  checkInstructionBreakpoint,
  matchBreakpoints,
  readDebugRegister,
  writeDebugRegister,
} from './debug.ts'
import { rdmsr, wrmsr } from './msr.ts'
import * as system from './system.ts'

const { lo: C0 } = CR0
const { lo: C4 } = CR4
const GP = { vector: VECTOR.GP, errorCode: 0 }

describe('control registers (Intel SDM vol. 2B, MOV CR; vol. 3A, 2.5)', () => {
  it.each([
    ['PG without PE', 0, C0.PG, 0, 0],
    ['NW without CD', 0, C0.PE | C0.NW, 0, 0],
    ['bits 63:32 of CR0', 0, C0.PE, 1, 0],
    ['a bit of CR4 that the model lacks', 4, C4.LA57, 0, 0],
    ['PCIDE outside IA-32e mode', 4, C4.PCIDE, 0, 0],
    ['bits of CR8 beyond TPR', 8, 16, 0, 0],
    ['CPL 3', 3, 0, 0, 3],
  ])('#GP(0): %s', (_, number, lo, hi, cpl) => {
    const { ctx, event } = enterMode(machine(), cpl)
    expect(writeControlRegister(ctx, number, lo >>> 0, hi)).toBe(1)
    expect(event()).toEqual(GP)
  })

  it('CR1 and CR5 are #UD', () => {
    const { ctx, event } = machine()
    expect([readControlRegister(ctx, 1), event()?.vector, writeControlRegister(ctx, 5, 0, 0)]).toEqual([
      1,
      VECTOR.UD,
      1,
    ])
  })

  it('enters and leaves IA-32e mode (vol. 3A, 11.8.5)', () => {
    const { ctx, state, event, calls } = enterMode(machine(), 0)
    writeControlRegister(ctx, 4, C4.PAE, 0)
    state.set(FIELD.rcx, MSR.IA32_EFER.number, 0)
    state.set(FIELD.rax, EFER.lo.LME, 0)
    expect(wrmsr(ctx)).toBe(0)
    expect(writeControlRegister(ctx, 0, (C0.PE | C0.PG) >>> 0, 0)).toBe(0)
    expect(state.lo(FIELD.efer)).toBe(EFER.lo.LME | EFER.lo.LMA)
    expect(calls).not.toContain('pdptes')
    expect([writeControlRegister(ctx, 4, 0, 0), event()]).toEqual([1, GP])
    state.set(FIELD.rax, 0, 0)
    expect(wrmsr(ctx)).toBe(1)
    expect(writeControlRegister(ctx, 0, C0.PE, 0)).toBe(0)
    expect(state.lo(FIELD.efer)).toBe(EFER.lo.LME)
  })

  it('does not leave paging in 64-bit mode, nor enter IA-32e mode without PAE', () => {
    expect(writeControlRegister(enterMode(machine(), 0, true).ctx, 0, C0.PE, 0)).toBe(1)
    const { ctx, state } = enterMode(machine(), 0)
    state.set(FIELD.efer, EFER.lo.LME, 0)
    expect(writeControlRegister(ctx, 0, (C0.PE | C0.PG) >>> 0, 0)).toBe(1)
  })

  it('loads PDPTEs for PAE paging (5.4.1)', () => {
    const { ctx, calls } = enterMode(machine(), 0)
    writeControlRegister(ctx, 4, C4.PAE, 0)
    writeControlRegister(ctx, 0, (C0.PE | C0.PG) >>> 0, 0)
    writeControlRegister(ctx, 3, 0x3000, 0)
    expect(calls.filter((call) => call === 'pdptes').length).toBe(2)
  })

  it('CR3: bit 63 keeps translations with PCIDE and is not stored; MAXPHYADDR is checked (5.10.4.1)', () => {
    const { ctx, state, calls } = enterMode(machine(), 0, true)
    expect(writeControlRegister(ctx, 4, C4.PAE | C4.PCIDE, 0)).toBe(0)
    expect(writeControlRegister(ctx, 3, 0x3001, 0x80000000)).toBe(0)
    expect([state.read('cr3'), calls.at(-1)]).toEqual([0x3001n, 'cr3 true'])
    expect(writeControlRegister(ctx, 3, 0, 1 << 8)).toBe(1)
  })

  it('LMSW cannot clear PE; CLTS; SMSW under UMIP', () => {
    const { ctx, state } = enterMode(machine(), 0)
    expect(lmsw(ctx, C0.TS)).toBe(0)
    expect(state.lo(FIELD.cr0) & (C0.PE | C0.TS)).toBe(C0.PE | C0.TS)
    clts(ctx)
    expect(state.lo(FIELD.cr0) & C0.TS).toBe(0)
    const user = enterMode(machine(), 3)
    expect(smsw(user.ctx)).toBe(0)
    user.state.set(FIELD.cr4, C4.UMIP, 0)
    expect([smsw(user.ctx), user.event()]).toEqual([1, GP])
  })
})

describe('MSRs (Intel SDM vol. 2B, RDMSR and WRMSR)', () => {
  const write = ({ ctx, state }: Machine, index: number, lo: number, hi = 0): number => {
    state.set(FIELD.rcx, index, 0)
    state.set(FIELD.rax, lo, 0)
    state.set(FIELD.rdx, hi, 0)
    return wrmsr(ctx)
  }
  it.each([
    ['no such register', 0x12345, 0, 0, 1],
    ['a read-only register', MSR.IA32_MTRRCAP.number, 0, 0, 1],
    ['LSTAR, not canonical', MSR.IA32_LSTAR.number, 0, 0x8000, 1],
    ['LSTAR', MSR.IA32_LSTAR.number, 1, 0xffff8000, 0],
    ['PAT with a reserved type', MSR.IA32_PAT.number, 2, 0, 1],
    ['PAT', MSR.IA32_PAT.number, 0x00070406, 0x00070406, 0],
    ['EFER, a reserved bit', MSR.IA32_EFER.number, 2, 0, 1],
    ['EFER.SVME of a model without it', MSR.IA32_EFER.number, EFER.lo.SVME, 0, 1],
    ['TSC_AUX, bits 63:32', MSR.IA32_TSC_AUX.number, 0, 1, 1],
    ['x2APIC mode of an APIC that is disabled', MSR.IA32_APIC_BASE.number, 0xfee00c00, 0, 1],
    ['an MTRR beyond MAXPHYADDR', MSR.IA32_MTRR_PHYSBASE.number, 6, 0x100, 1],
    ["AMD's register on Intel", MSR.HWCR.number, 0, 0, 1],
  ])('%s', (_, index, lo, hi, status) => {
    const built = enterMode(machine(), 0, true)
    expect(write(built, index, lo, hi)).toBe(status)
    expect(built.event()).toEqual(status === 0 ? undefined : GP)
  })

  it('the time-stamp counter is clock plus offset, and TSC_ADJUST follows (vol. 3B, 19.17.3)', () => {
    const built = enterMode(machine(), 0, true)
    expect(write(built, MSR.IA32_TIME_STAMP_COUNTER.number, 5000)).toBe(0)
    expect([system.rdtsc(built.ctx), built.state.lo(FIELD.rax), built.state.lo(FIELD.tscAdjust)]).toEqual([
      0, 5000, 4000,
    ])
    expect(write(built, MSR.IA32_TSC_ADJUST.number, 0)).toBe(0)
    system.rdtsc(built.ctx)
    expect(built.state.lo(FIELD.rax)).toBe(1000)
  })

  it('need CPL 0', () => {
    const { ctx, event } = enterMode(machine(), 3)
    expect([rdmsr(ctx), event()]).toEqual([1, GP])
  })
})

describe('permissions (Intel SDM vol. 3A, 2.8; vol. 1, 20.5)', () => {
  it('a feature that is off makes its rule #UD or #GP', () => {
    const off = withFeatures(cpuModel(), '-RDTSCP,-INVPCID,-XSAVE,-FSGSBASE,-SEP,-MONITOR')
    const { ctx, event, state } = enterMode(machine(off), 0, true)
    const rules = [system.rdtscp, system.xgetbv, (c: typeof ctx) => system.invpcid(c, 2, 0, 0), system.mwait]
    for (const rule of rules) expect([rule(ctx), event()?.vector]).toEqual([1, VECTOR.UD])
    expect(writeControlRegister(ctx, 4, C4.PAE | C4.FSGSBASE, 0)).toBe(1)
    expect(state.lo(FIELD.cr4)).toBe(C4.PAE)
  })

  it('TSD, HLT, INVLPG at CPL 3', () => {
    const { ctx, state } = enterMode(machine(), 3)
    expect(system.rdtsc(ctx)).toBe(0)
    state.set(FIELD.cr4, C4.TSD, 0)
    expect([system.rdtsc(ctx), system.hlt(ctx), system.invlpg(ctx, 0, 0), system.privileged(ctx)]).toEqual([1, 1, 1, 1])
    const kernel = enterMode(machine(), 0)
    expect([system.hlt(kernel.ctx), kernel.state.lo(FIELD.activityState)]).toEqual([0, ACTIVITY_STATE.HLT])
  })

  it('XSETBV needs x87, and OSXSAVE', () => {
    const { ctx, state, event } = enterMode(machine(), 0, true)
    state.set(FIELD.rax, 3, 0)
    expect([system.xsetbv(ctx), event()?.vector]).toEqual([1, VECTOR.UD])
    state.set(FIELD.cr4, C4.PAE | C4.OSXSAVE, 0)
    expect([system.xsetbv(ctx), state.lo(FIELD.xcr0)]).toEqual([0, 3])
    for (const value of [2, 7]) {
      state.set(FIELD.rax, value, 0)
      expect(system.xsetbv(ctx)).toBe(1)
    }
  })

  it('ports: IOPL, then the map of the TSS, all bytes', () => {
    const { ctx, state, memory, event } = enterMode(machine(), 3)
    memory.view.setUint16(TSS + TSS32.offset.IOMAP, 0x68, true)
    memory.view.setUint8(TSS + 0x68, 0b0000_1000)
    expect([system.checkIo(ctx, 2, 1), system.checkIo(ctx, 2, 2), event()]).toEqual([0, 1, GP])
    expect(system.checkIo(ctx, 0xffff, 1)).toBe(1)
    writeRflags(state, RFLAGS.lo.IOPL | 2)
    expect(system.checkIo(ctx, 0xffff, 1)).toBe(0)
  })

  it('SWAPGS and WRGSBASE', () => {
    const { ctx, state } = enterMode(machine(), 0, true)
    state.set(FIELD.kernelGsBase, 1, 2)
    expect([system.swapgs(ctx), state.read('gsBase')]).toEqual([0, 0x2_0000_0001n])
    expect(system.writeSegmentBase(ctx, SEGMENT.GS, 1, 0)).toBe(1)
    state.set(FIELD.cr4, C4.PAE | C4.FSGSBASE, 0)
    expect(system.writeSegmentBase(ctx, SEGMENT.GS, 1, 0)).toBe(0)
    expect(system.writeSegmentBase(ctx, SEGMENT.GS, 0, 0x8000)).toBe(1)
  })
})

describe('flags (Intel SDM vol. 2B, POPF and PUSHF; vol. 2A, CLI)', () => {
  const { IF, IOPL, TF, VIF, VIP, VM } = RFLAGS.lo
  it('POPF changes IF by IOPL and IOPL at CPL 0 only', () => {
    const user = enterMode(machine(), 3)
    expect(popf(user.ctx, IOPL | TF, 4)).toBe(0)
    expect(readRflags(user.state)).toBe(IF | TF | 2)
    const kernel = enterMode(machine(), 0)
    popf(kernel.ctx, IOPL, 4)
    expect(readRflags(kernel.state)).toBe(IOPL | 2)
    expect([cli(user.ctx), user.event()]).toEqual([1, GP])
  })

  it('STI holds interrupts back for one instruction', () => {
    const { ctx, state } = enterMode(machine(), 0)
    cli(ctx)
    sti(ctx)
    expect([state.lo(FIELD.interruptibility), readRflags(state)]).toEqual([1, IF | 2])
  })

  it('PVI and VME: CLI, STI and PUSHF act on VIF', () => {
    const { ctx, state } = enterMode(machine(), 3)
    state.set(FIELD.cr4, C4.PVI, 0)
    expect([sti(ctx), readRflags(state) & VIF]).toEqual([0, VIF])
    writeRflags(state, VIP | 2)
    expect(sti(ctx)).toBe(1)
    writeRflags(state, VM | VIF | 2)
    expect(pushf(ctx, 2)).toBe(1)
    state.set(FIELD.cr4, C4.VME, 0)
    expect([pushf(ctx, 2), resultLo(state)]).toEqual([0, IF | IOPL | 2])
  })
})

describe('debug registers (Intel SDM vol. 3B, 19.2 and 19.3)', () => {
  it('DR4 is DR6 unless CR4.DE; GD raises #DB with BD and is cleared by its delivery', () => {
    const { ctx, state, event, memory } = machine()
    expect([readDebugRegister(ctx, 4), resultLo(state)]).toEqual([0, 0xffff0ff0])
    state.set(FIELD.cr4, C4.DE, 0)
    expect([readDebugRegister(ctx, 4), event()?.vector]).toEqual([1, VECTOR.UD])
    writeDebugRegister(ctx, 7, DR7.lo.GD, 0)
    expect([writeDebugRegister(ctx, 0, 1, 0), event()?.vector]).toEqual([1, VECTOR.DB])
    memory.view.setUint32(4, 0x500, true)
    expect(deliverEvent(ctx)).toBe(0)
    expect([state.lo(FIELD.dr6) & DR6.lo.BD, state.lo(FIELD.dr7) & DR7.lo.GD]).toEqual([DR6.lo.BD, 0])
  })

  it.each([
    [BREAK_ON.WRITE, 0x1003, 1, 1],
    [BREAK_ON.WRITE, 0x1004, 1, 0],
    [BREAK_ON.WRITE, 0xffe, 4, 1],
    [BREAK_ON.WRITE, 0xffc, 4, 0],
    [BREAK_ON.ACCESS, 0x1000, 4, 0],
  ])('a write breakpoint of 4 bytes at 1002H, kind %i at %i of %i bytes', (kind, address, size, met) => {
    const { ctx, state } = machine()
    state.set(FIELD.dr0, 0x1002, 0)
    state.set(FIELD.dr7, DR7.lo.L0 | (1 << DR7.shift.RW0) | (3 << DR7.shift.LEN0), 0)
    expect(matchBreakpoints(ctx, kind, address, 0, size)).toBe(met)
  })

  it('instruction breakpoints are faults that RF passes over; TF traps', () => {
    const { ctx, state, event } = machine()
    state.set(FIELD.dr1, 0x100, 0)
    state.set(FIELD.dr7, DR7.lo.G1, 0)
    expect([checkInstructionBreakpoint(ctx, 0x100, 0), event()?.vector]).toEqual([1, VECTOR.DB])
    expect(state.lo(FIELD.pendingPayload)).toBe(DR6.lo.B1)
    writeRflags(state, RFLAGS.lo.RF | 2)
    expect(checkInstructionBreakpoint(ctx, 0x100, 0)).toBe(0)
    expect([checkDebugTraps(ctx, 0), checkDebugTraps(ctx, 1), state.lo(FIELD.pendingPayload)]).toEqual([
      0,
      1,
      DR6.lo.BS,
    ])
  })
})
