import { CR4, cplOf, FIELD, RFLAGS, readRflags, writeRflags } from '@ringfold/arch'
import { describe, expect, it } from 'vitest'
import { enterMode, machine } from '../tests/machine.ts'
import { VECTOR } from './context.ts'
import { cpuid } from './models/cpuid.ts'
import { withFeatures } from './models/features.ts'
import { cpuModel, cpuModels } from './models/table.ts'
import { syscall, sysenter, sysexit, sysret } from './syscall.ts'

const AMD = cpuModels().find((model) => model.vendor === 'AuthenticAMD') as ReturnType<typeof cpuModel>

describe('fast system calls (Intel SDM vol. 2B; AMD APM vol. 3)', () => {
  it('SYSCALL and SYSRET', () => {
    const { ctx, state } = enterMode(machine(), 3, true)
    state.set(FIELD.star, 0, (0x23 << 16) | 0x10)
    state.set(FIELD.lstar, 0x1000, 0xffff8000)
    state.set(FIELD.fmask, RFLAGS.lo.IF, 0)
    expect(syscall(ctx, 0x402, 1)).toBe(0)
    expect([state.read('rip'), state.read('rcx'), state.lo(FIELD.cs), state.lo(FIELD.ss)]).toEqual([
      ...[0xffff8000_00001000n, 0x1_0000_0402n, 0x10, 0x18],
    ])
    expect([cplOf(state), readRflags(state), state.lo(FIELD.r11)]).toEqual([0, 2, RFLAGS.lo.IF | 2])
    expect(sysret(ctx, 8)).toBe(0)
    expect([state.read('rip'), state.lo(FIELD.cs), state.lo(FIELD.ss), cplOf(state)]).toEqual([
      0x1_0000_0402n,
      0x33,
      0x2b,
      3,
    ])
    expect(readRflags(state)).toBe(RFLAGS.lo.IF | 2)
  })

  it('SYSRET to an address that is not canonical: #GP at CPL 0 on Intel, not on AMD', () => {
    for (const [model, status] of [
      [cpuModel(), 1],
      [AMD, 0],
    ] as const) {
      const { ctx, state } = enterMode(machine(model), 0, true)
      state.set(FIELD.rcx, 0, 0x8000)
      expect(sysret(ctx, 8)).toBe(status)
      expect(cplOf(state)).toBe(status === 1 ? 0 : 3)
    }
  })

  it('SYSCALL outside 64-bit mode is #UD on Intel', () => {
    const { ctx, event } = enterMode(machine(), 3)
    expect([syscall(ctx, 0, 0), event()?.vector]).toEqual([1, VECTOR.UD])
  })

  it('SYSENTER and SYSEXIT', () => {
    const { ctx, state, event } = enterMode(machine(), 3)
    expect([sysenter(ctx), event()]).toEqual([1, { vector: VECTOR.GP, errorCode: 0 }])
    state.set(FIELD.sysenterCs, 0x08, 0)
    state.set(FIELD.sysenterEsp, 0x7000, 0)
    state.set(FIELD.sysenterEip, 0x9000, 0)
    writeRflags(state, RFLAGS.lo.IF | RFLAGS.lo.CF | 2)
    expect(sysenter(ctx)).toBe(0)
    expect([state.lo(FIELD.rip), state.lo(FIELD.rsp), cplOf(state), readRflags(state)]).toEqual([0x9000, 0x7000, 0, 3])
    state.set(FIELD.rdx, 0x400, 0)
    state.set(FIELD.rcx, 0x500, 0)
    expect(sysexit(ctx, 4)).toBe(0)
    expect([state.lo(FIELD.cs), state.lo(FIELD.ss), cplOf(state), state.lo(FIELD.rip)]).toEqual([0x1b, 0x23, 3, 0x400])
  })
})

describe('CPUID (Intel SDM vol. 2A, CPUID)', () => {
  it('vendor, features, OSXSAVE after CR4, XSAVE sizes', () => {
    const { ctx, state } = machine()
    cpuid(ctx, 0, 0)
    const text = [state.lo(FIELD.rbx), state.lo(FIELD.rdx), state.lo(FIELD.rcx)]
    expect(new TextDecoder().decode(new Uint32Array(text))).toBe('GenuineIntel')
    cpuid(ctx, 1, 0)
    expect((state.lo(FIELD.rcx) >>> 26) & 3).toBe(1)
    state.set(FIELD.cr4, CR4.lo.OSXSAVE, 0)
    cpuid(ctx, 1, 0)
    expect((state.lo(FIELD.rcx) >>> 26) & 3).toBe(3)
    cpuid(ctx, 0xd, 0)
    expect([state.lo(FIELD.rax), state.lo(FIELD.rcx)]).toEqual([3, 576])
    cpuid(ctx, 0x80000008, 0)
    expect(state.lo(FIELD.rax)).toBe(40 | (48 << 8))
  })

  it('AVX brings its component, and a feature needs another', () => {
    const { ctx, state } = machine(withFeatures(cpuModel(), '+AVX'))
    cpuid(ctx, 0xd, 2)
    expect([state.lo(FIELD.rax), state.lo(FIELD.rbx)]).toEqual([256, 576])
    expect(() => withFeatures(cpuModel(), '-SSE2')).toThrow(expect.objectContaining({ code: 'model.missing-feature' }))
    expect(() => withFeatures(cpuModel(), '+OSXSAVE')).toThrow(expect.objectContaining({ code: 'model.fixed-feature' }))
  })
})
