import { CR0, FIELD } from '@ringfold/arch'
import { beforeEach, describe, expect, it } from 'vitest'
import { InterpreterMachine, ReferenceMachine } from '../flat-machine.ts'

const CODE = 0x8000
const DATA = 0x20000
/** OSFXSR, OSXMMEXCPT. */
const CR4 = 0x600
const UD = 6
const GP = 13
const MF = 16
const XM = 19

type Machine = ReferenceMachine | InterpreterMachine

const ENGINES: readonly [string, () => Machine][] = [
  ['reference evaluator', () => new ReferenceMachine(64)],
  ['interpreter', () => new InterpreterMachine(64)],
]

const singles = (...values: number[]): Uint8Array => new Uint8Array(Float32Array.from(values).buffer)
const words = (...values: number[]): Uint8Array => new Uint8Array(Uint32Array.from(values).buffer)

describe.each(ENGINES)('SSE floating point in the %s', (_name, make) => {
  let machine: Machine

  beforeEach(() => {
    machine = make()
    machine.state.setLo(FIELD.cr0, CR0.lo.NE)
    machine.state.setLo(FIELD.cr4, CR4)
    machine.state.setLo(FIELD.mxcsr, 0x1f80)
    machine.state.write('rdi', BigInt(DATA))
  })

  /** The vector of the fault, or -1. */
  function run(...code: number[]): number {
    machine.bytes.set(code, CODE)
    machine.state.write('rip', BigInt(CODE))
    if (machine instanceof InterpreterMachine) machine.interpreter.invalidateAll()
    return machine.step() ? -1 : machine.fault
  }

  const xmm = (n: number): Uint8Array => machine.state.bytes(FIELD.xmm, n)

  it('raises #UD instead of #XM without CR4.OSXMMEXCPT, and sets flags either way (SDM vol. 1, 11.5.3.2)', () => {
    machine.state.setLo(FIELD.mxcsr, 0x1d80)
    xmm(0).set(singles(1, 1, 1, 1))
    xmm(1).set(singles(1, 0, 1, 1))
    expect(run(0x0f, 0x5e, 0xc1)).toBe(XM)
    expect(machine.state.lo(FIELD.mxcsr)).toBe(0x1d84)
    expect(xmm(0)).toEqual(singles(1, 1, 1, 1))
    machine.state.setLo(FIELD.mxcsr, 0x1d80)
    machine.state.setLo(FIELD.cr4, 0x200)
    expect(run(0x0f, 0x5e, 0xc1)).toBe(UD)
    expect(machine.state.lo(FIELD.mxcsr)).toBe(0x1d84)
  })

  it('wants packed operands aligned, and scalar ones not (SDM vol. 2A, 2.4)', () => {
    machine.state.write('rdi', BigInt(DATA + 4))
    expect(run(0x0f, 0x58, 0x07)).toBe(GP)
    expect(run(0x66, 0x0f, 0x5a, 0x07)).toBe(GP)
    // ADDSS, ADDSD, CVTPS2PD, CVTDQ2PD.
    for (const code of [
      [0xf3, 0x0f, 0x58, 0x07],
      [0xf2, 0x0f, 0x58, 0x07],
      [0x0f, 0x5a, 0x07],
      [0xf3, 0x0f, 0xe6, 0x07],
    ])
      expect(run(...code)).toBe(-1)
  })

  it('leaves bits above 127 alone', () => {
    machine.state.bytes(FIELD.zmm, 0).fill(0x55)
    xmm(0).set(singles(1, 2, 3, 4))
    xmm(1).set(singles(1, 1, 1, 1))
    expect(run(0x0f, 0x58, 0xc1)).toBe(-1)
    expect(xmm(0)).toEqual(singles(2, 3, 4, 5))
    expect(
      machine.state
        .bytes(FIELD.zmm, 0)
        .subarray(16)
        .every((b) => b === 0x55),
    ).toBe(true)
  })

  it('LDMXCSR refuses bits that MXCSR does not have, and raises nothing of what it loads (SDM vol. 2A)', () => {
    machine.bytes.set(words(0x11f80), DATA)
    expect(run(0x0f, 0xae, 0x17)).toBe(GP)
    expect(machine.state.lo(FIELD.mxcsr)).toBe(0x1f80)
    machine.bytes.set(words(0xc03f), DATA)
    expect(run(0x0f, 0xae, 0x17)).toBe(-1)
    expect(run(0x0f, 0xae, 0x5f, 0x08)).toBe(-1)
    expect(machine.bytes.subarray(DATA + 8, DATA + 12)).toEqual(words(0xc03f))
  })

  it('conversions with MMX registers enter MMX state, from memory they do not, and wait for x87 exceptions', () => {
    const { state } = machine
    state.setLo(FIELD.fpuTop, 3)
    xmm(1).set(singles(1.5, -2.5, 9, 9))
    // CVTPI2PS xmm0, [rdi].
    machine.bytes.set(words(7, 0xfffffff8), DATA)
    expect(run(0x0f, 0x2a, 0x07)).toBe(-1)
    expect([state.lo(FIELD.fpuTop), state.lo(FIELD.fpuTag)]).toEqual([3, 0])
    expect(xmm(0).subarray(0, 8)).toEqual(singles(7, -8))
    // CVTPS2PI mm2, xmm1.
    expect(run(0x0f, 0x2d, 0xd1)).toBe(-1)
    expect([state.lo(FIELD.fpuTop), state.lo(FIELD.fpuTag)]).toEqual([0, 0xff])
    expect(state.read('fpr', 2)).toBe(0xffff_fffffffe_00000002n)
    state.setLo(FIELD.fpuStatus, 0x80)
    state.setLo(FIELD.fpuTop, 3)
    expect(run(0x0f, 0x2d, 0xd1)).toBe(MF)
    expect(state.lo(FIELD.fpuTop)).toBe(3)
  })

  it('an unmasked exception of a conversion leaves MMX state and destination', () => {
    const { state } = machine
    state.setLo(FIELD.mxcsr, 0x1f00)
    state.setLo(FIELD.fpuTop, 3)
    xmm(1).set(singles(1, Number.NaN, 0, 0))
    expect(run(0x0f, 0x2d, 0xd1)).toBe(XM)
    expect([state.lo(FIELD.fpuTop), state.lo(FIELD.fpuTag), state.read('fpr', 2)]).toEqual([3, 0, 0n])
    expect(state.lo(FIELD.mxcsr)).toBe(0x1f01)
  })

  /** `op xmm0, xmm1` on four numbers given by their bits. */
  function approximate(opcode: number, ...bits: number[]): Uint32Array {
    xmm(1).set(words(...bits))
    expect(run(0x0f, opcode, 0xc1)).toBe(-1)
    return new Uint32Array(xmm(0).slice().buffer)
  }

  const RCP = 0x53
  const RSQRT = 0x52

  it('RCPPS and RSQRTPS are exact where there is nothing to approximate, and touch no flag (SDM vol. 2B)', () => {
    expect([...approximate(RCP, 0, 0x80000000, 0x7f800000, 0xff800000)]).toEqual([
      0x7f800000, 0xff800000, 0, 0x80000000,
    ])
    expect([...approximate(RCP, 1, 0x807fffff, 0x7f800001, 0xffc12345)]).toEqual([
      0x7f800000, 0xff800000, 0x7fc00001, 0xffc12345,
    ])
    // Tiny results are zeros.
    expect([...approximate(RCP, 0x7e800000, 0xfe800001, 0x7f7fffff, 0x7e7fffff)].slice(0, 3)).toEqual([
      0, 0x80000000, 0,
    ])
    expect([...approximate(RSQRT, 0, 0x80000000, 0x7f800000, 0xff800000)]).toEqual([
      0x7f800000, 0xff800000, 0, 0xffc00000,
    ])
    expect([...approximate(RSQRT, 0xbf800000, 0x80000001, 0x7fa00000, 0xffffffff)]).toEqual([
      0xffc00000, 0xff800000, 0x7fe00000, 0xffffffff,
    ])
    expect(machine.state.lo(FIELD.mxcsr)).toBe(0x1f80)
  })

  it('RCPSS changes the low number only', () => {
    xmm(0).set(singles(9, 8, 7, 6))
    xmm(1).set(singles(2, 0, 0, 0))
    expect(run(0xf3, 0x0f, 0x53, 0xc1)).toBe(-1)
    expect([...new Float32Array(xmm(0).slice().buffer)].slice(1)).toEqual([8, 7, 6])
  })

  it.each([
    ['RCPPS', RCP, (x: number) => 1 / x],
    ['RSQRTPS', RSQRT, (x: number) => 1 / Math.sqrt(x)],
  ] as const)('%s errs by less than 1.5 * 2^-12', (_op, opcode, exact) => {
    const { state } = machine
    const isInterpreter = machine instanceof InterpreterMachine
    // Both ends of every interval of two binades; other binades differ in the exponent only.
    const step = isInterpreter ? 1 : 64
    machine.bytes.set([0x0f, opcode, 0xc1], CODE)
    let worst = 0
    for (let n = 0; n < 4096; n += step) {
      const bits = 0x3f800000 + n * 0x1000
      xmm(1).set(words(bits, bits + 0xfff, bits + 0x7ff, bits ^ 0x20000000))
      state.write('rip', BigInt(CODE))
      expect(machine.step()).toBe(true)
      const results = new Float32Array(xmm(0).slice().buffer)
      new Float32Array(xmm(1).slice().buffer).forEach((x, k) => {
        worst = Math.max(worst, Math.abs((results[k] as number) / exact(x) - 1))
      })
    }
    expect(worst).toBeLessThan(1.5 * 2 ** -12)
  })
})
