import { compareStates } from '@ringfold/arch'
import { Decoder, Instruction, Status } from '@ringfold/isa/decoder'
import { allForms, type FormFacts } from '@ringfold/isa/facts'
import { encodeSample } from '@ringfold/isa/samples'
import { isLifted } from '@ringfold/semantics'
import { describe, expect, it } from 'vitest'
import { InterpreterMachine, type Mode, ReferenceMachine } from './flat-machine.ts'
import { generator, seed } from './random.ts'

const CODE = 0x8000
const DATA = 0x20000

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
  const kind = next() % 5
  if (kind === 0) return EDGES[next() % EDGES.length] as bigint
  if (kind === 1) return BigInt(next() % 70)
  if (kind === 2) return BigInt(DATA + (next() % 0x8000))
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

/** Gives both machines the same random registers, flags and data. */
function randomize(next: () => number, a: ReferenceMachine, b: InterpreterMachine, mode: Mode): void {
  for (let n = 0; n < 16; n++) {
    const v = BigInt.asUintN(mode, value(next))
    a.state.write('gpr', v, n)
    b.state.write('gpr', v, n)
  }
  const stack = BigInt(DATA + 0x4000 + (next() % 64))
  const flags = next() & 0x8d5
  for (const machine of [a, b]) {
    machine.state.write('rsp', stack)
    machine.state.write('statusFlags', flags)
    machine.state.write('systemFlags', (flags & 4) << 8)
    machine.state.write('lazyOp', 0)
  }
  for (let n = 0; n < 64; n++) {
    const byte = next() & 0xff
    const at = DATA + (next() & 0x7fff)
    a.bytes[at] = byte
    b.bytes[at] = byte
  }
}

function difference(a: ReferenceMachine, b: InterpreterMachine): string {
  const states = compareStates(a.state, b.state)
  if (states.length > 0) return JSON.stringify(states, (_, v) => (typeof v === 'bigint' ? v.toString(16) : v))
  return Buffer.compare(a.bytes, b.bytes) === 0 ? '' : 'memory'
}

describe(`reference evaluator and interpreter agree (RINGFOLD_SEED=${seed})`, () => {
  it.each([64, 32] as const)('on every lifted form in %i-bit code, with random operands', (mode) => {
    const next = generator(seed + mode)
    const [a, b] = [new ReferenceMachine(mode), new InterpreterMachine(mode)]
    const failures = new Map<string, string>()
    let steps = 0
    for (const form of allForms().filter((f) => isTried(f, mode))) {
      for (let n = 0; n < 12; n++) {
        const bytes = encodeSample(form, mode, n & 1) as Uint8Array
        const at = CODE + (next() % 0xf00)
        for (const machine of [a, b]) {
          machine.bytes.set(bytes, at)
          machine.state.write('rip', BigInt(at))
        }
        b.interpreter.invalidateAll()
        randomize(next, a, b, mode)
        const [x, y] = [a.step(), b.step()]
        steps++
        const problem = x !== y || a.fault !== b.fault ? `${x} ${y} fault ${a.fault} ${b.fault}` : difference(a, b)
        if (problem === '') continue
        failures.set(form.name, problem)
        b.bytes.set(a.bytes)
        for (let k = 0; k < 16; k++) b.state.write('gpr', a.state.read('gpr', k), k)
        b.state.write('statusFlags', a.state.read('statusFlags'))
      }
    }
    expect([...failures].slice(0, 20)).toEqual([])
    expect(steps).toBeGreaterThan(4000)
  })
})
