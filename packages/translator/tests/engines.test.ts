import { CR0, compareStates, FIELD, FSW, STATE_LAYOUT } from '@ringfold/arch'
import { Decoder, Instruction, Status } from '@ringfold/isa/decoder'
import { encode, type OperandValue } from '@ringfold/isa/encoder'
import { allForms, type FormFacts } from '@ringfold/isa/facts'
import { RegisterClassId } from '@ringfold/isa/registers'
import { encodeSample, sampleOperands } from '@ringfold/isa/samples'
import { isLifted } from '@ringfold/semantics'
import type { RegionOptions } from '@ringfold/translator'
import { describe, expect, it } from 'vitest'
import { InterpreterMachine, type Mode, ReferenceMachine } from './flat-machine.ts'
import { fillVector, generator, seed } from './random.ts'

const CODE = 0x8000
const DATA = 0x20000
/** Stands around what is tried, so that the interpreter predecodes no more than that. */
const RET = 0xc3

const EDGES = [
  0n,
  1n,
  2n,
  0x7fn,
  0x80n,
  0xffn,
  0x7fffn,
  0x8000n,
  0xffffn,
  0x7fffffffn,
  0x80000000n,
  0xffffffffn,
  1n << 63n,
]

/** Values that reach the corners: edges, small ones, addresses of data, and any. */
function value(next: () => number): bigint {
  const kind = next() % 6
  if (kind === 0) return EDGES[next() % EDGES.length] as bigint
  if (kind === 1) return BigInt(next() % 70)
  if (kind === 2) return BigInt(DATA + (next() % 0x8000))
  // Samples add 1 or 0x40: often aligned, then.
  if (kind === 5) return BigInt(DATA + (next() % 0x800) * 16 - (next() & 1))
  if (kind === 3) return BigInt.asUintN(64, -BigInt(next() % 300))
  return (BigInt(next()) << 32n) | BigInt(next())
}

const isTried = (f: FormFacts, mode: Mode): boolean => {
  if (f.later !== null || !f.modes.includes(mode)) return false
  const bytes = encodeSample(f, mode, 0)
  const i = new Instruction()
  if (!(bytes instanceof Uint8Array)) return false
  return new Decoder(mode).decode(i, bytes) === Status.ok && isLifted(i)
}

/** XMM registers and what lies above them; x87 registers, of which MMX registers are part; now and then a pending exception. */
function randomizeVectors(next: () => number, a: ReferenceMachine, b: InterpreterMachine): void {
  for (let n = 0; n < 16; n++) fillVector(next, a.state.bytes(FIELD.zmm, n))
  for (let n = 0; n < 8; n++) {
    fillVector(next, a.state.bytes(FIELD.mm, n))
    a.state.bytes(FIELD.fpr, n).set([next(), next()], 8)
  }
  a.state.write('fpuTop', next() & 7)
  a.state.write('fpuTag', next() & 0xff)
  a.state.write('fpuStatus', next() % 8 === 0 ? FSW.lo.ES : 0)
  a.state.write('fpuControl', 0x40 | (next() & (next() % 2 === 0 ? 0xf3f : 0xf00)) | (next() % 2 === 0 ? 0x3f : 0))
  a.state.write('cr0', BigInt(next() % 2 === 0 ? CR0.lo.NE : 0))
  for (const field of [
    ...[FIELD.zmm, FIELD.fpr, FIELD.fpuTop, FIELD.fpuTag, FIELD.fpuStatus, FIELD.fpuControl, FIELD.cr0],
  ]) {
    const end = field.offset + field.count * field.strideBytes
    b.state.u8.set(a.state.u8.subarray(field.offset, end), field.offset)
  }
}

/** A form's sample; with vector operands any of their registers, and any immediate. */
function encoding(next: () => number, form: FormFacts, mode: Mode, variant: number): Uint8Array {
  if (!form.operands.some(({ type }) => /^x?mm/.test(type))) return encodeSample(form, mode, variant) as Uint8Array
  const operands = sampleOperands(form, mode, variant).map((o, n): OperandValue => {
    const type = form.operands[n]?.type ?? ''
    if (o.kind === 'immediate' && type === 'imm8') return { kind: 'immediate', value: BigInt(next() & 0xff) }
    if (o.kind !== 'register' || !/^x?mm/.test(type)) return o
    const vectorClass = o.register >> 5
    const count = vectorClass === RegisterClassId.xmm && mode === 64 ? 16 : 8
    return { kind: 'register', register: vectorClass * 32 + (next() % count) }
  })
  return encode({ form: form.name, operands }, { bits: mode }) as Uint8Array
}

/** Gives both machines the same random registers, flags and data. */
function randomize(next: () => number, a: ReferenceMachine, b: InterpreterMachine, mode: Mode): void {
  for (let n = 0; n < 16; n++) {
    const v = BigInt.asUintN(mode, value(next))
    a.state.write('gpr', v, n)
    b.state.write('gpr', v, n)
  }
  const stack = BigInt(DATA + 0x4000 + (next() % 64))
  const flags = next() & 0x8d5
  // Half of them let SSE floating point go its fast way, the others round, flush and trap in any way.
  const mxcsr = next() % 2 === 0 ? 0x1fa0 : next() & 0xffff
  for (const machine of [a, b]) {
    machine.state.write('mxcsr', mxcsr)
    machine.state.write('rsp', stack)
    machine.state.write('statusFlags', flags)
    machine.state.write('systemFlags', (flags & 4) << 8)
    machine.state.write('lazyOp', 0)
    machine.state.write('cr0', BigInt(CR0.lo.NE))
  }
  randomizeVectors(next, a, b)
  for (let n = 0; n < 64; n++) {
    const byte = next() & 0xff
    const at = DATA + (next() & 0x7fff)
    a.bytes[at] = byte
    b.bytes[at] = byte
  }
}

/** Whether the bytes of all fields are equal that are not an engine's own: nearly always, and known faster than by value. */
const haveSameBytes = (a: ReferenceMachine, b: InterpreterMachine): boolean =>
  STATE_LAYOUT.every(({ group, offset, count, strideBytes }) => {
    const end = offset + count * strideBytes
    return (
      group === 'engine' || Buffer.compare(a.state.u8.subarray(offset, end), b.state.u8.subarray(offset, end)) === 0
    )
  })

function difference(a: ReferenceMachine, b: InterpreterMachine): string {
  const states = haveSameBytes(a, b) ? [] : compareStates(a.state, b.state)
  if (states.length > 0) return JSON.stringify(states, (_, v) => (typeof v === 'bigint' ? v.toString(16) : v))
  return Buffer.compare(a.bytes, b.bytes) === 0 ? '' : 'memory'
}

/** Every instruction becomes a region of its own. */
const REGIONS: RegionOptions = { hotAfter: 1, batch: 1, mostInstructions: 1, isEager: true }
/** Compiling takes longer than executing. */
const TIERS = [
  ['interpreter', 64, undefined, 12],
  ['interpreter', 32, undefined, 12],
  ['regions', 64, REGIONS, 4],
  ['regions', 32, REGIONS, 4],
] as const

describe(`reference evaluator and tiers agree (RINGFOLD_SEED=${seed})`, () => {
  it.each(TIERS)('%s: on every lifted form in %i-bit code, with random operands', (_, mode, regions, rounds) => {
    const next = generator(seed + mode)
    const [a, b] = [new ReferenceMachine(mode), new InterpreterMachine(mode, regions)]
    const failures = new Map<string, string>()
    let steps = 0
    for (const machine of [a, b]) machine.bytes.fill(RET, CODE, CODE + 0x1000)
    for (const form of allForms().filter((f) => isTried(f, mode))) {
      for (let n = 0; n < rounds; n++) {
        const bytes = encoding(next, form, mode, n & 1)
        const at = CODE + (next() % 0xf00)
        for (const machine of [a, b]) {
          machine.bytes.set(bytes, at)
          machine.state.write('rip', BigInt(at))
        }
        b.interpreter.invalidateAll()
        randomize(next, a, b, mode)
        const [x, y] = [a.step(), b.step()]
        for (const machine of [a, b]) machine.bytes.fill(RET, at, at + bytes.length)
        steps++
        const problem = x !== y || a.fault !== b.fault ? `${x} ${y} fault ${a.fault} ${b.fault}` : difference(a, b)
        if (problem === '') continue
        failures.set(form.name, problem)
        b.bytes.set(a.bytes)
        b.state.u8.set(a.state.u8)
      }
    }
    expect([...failures].slice(0, 20)).toEqual([])
    expect(steps).toBeGreaterThan(rounds * 333)
    if (regions !== undefined) expect(b.interpreter.regions?.statistics().translated).toBeGreaterThan(steps / 2)
  })
})
