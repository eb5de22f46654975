import { FIELD } from '@ringfold/arch'
import { describe, expect, it } from 'vitest'
import { InterpreterMachine, ReferenceMachine } from '../flat-machine.ts'
import { nativeMissing, RECORD, runNative } from './native.ts'
import { type Random, seeded } from './random.ts'
import { SSE_INSTRUCTIONS, type Tried } from './sse-instructions.ts'

const seed = Number(process.env.RINGFOLD_SEED ?? Date.now() & 0x7fffffff)
const missing = nativeMissing()

/** Cases an instruction (`RINGFOLD_ROUNDS` draws more), of which the reference evaluator gets every so many. */
const ROUNDS = Number(process.env.RINGFOLD_ROUNDS ?? 60)
const REFERENCE_EVERY = 10

const CODE = 0x8000
const DATA = 0x20000
const STATUS = 0x8d5
/** OSFXSR, OSXMMEXCPT. */
const CR4 = 0x600
const XM = 19

interface Case {
  readonly tried: Tried
  readonly destination: Uint8Array
  readonly source: Uint8Array
  readonly mxcsr: number
  readonly flags: number
}

/** A third is what the fast way wants; else any rounding and sticky flags, mostly all masked. */
function drawMxcsr(next: Random): number {
  if (next() % 3 === 0) return 0x1fa0
  const masks = next() % 4 === 0 ? (next() & 0x3f) << 7 : 0x1f80
  const daz = next() % 4 === 0 ? 0x40 : 0
  const ftz = next() % 4 === 0 ? 0x8000 : 0
  return masks | daz | ftz | ((next() & 3) << 13) | (next() % 2 === 0 ? next() & 0x3f : 0)
}

function drawCase(next: Random, tried: Tried): Case {
  const [destination, source] = tried.operands(next)
  return { tried, destination, source, mxcsr: drawMxcsr(next), flags: next() & STATUS }
}

const low64 = (bytes: Uint8Array): bigint => new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true)

function recordOf(c: Case): Uint8Array {
  const record = new Uint8Array(RECORD.bytes)
  const view = new DataView(record.buffer)
  const code = [...c.tried.code, ...(c.tried.epilogue ?? [])]
  record.set(code)
  record[RECORD.length] = code.length
  view.setUint32(RECORD.mxcsr, c.mxcsr, true)
  view.setUint32(RECORD.eflags, c.flags | 0x202, true)
  view.setBigUint64(RECORD.rax, low64(c.source), true)
  record.set(c.destination, RECORD.xmm)
  record.set(c.source, RECORD.xmm + 16)
  record.set(c.source, RECORD.memory)
  return record
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).reverse().toString('hex')

/** What an instruction leaves, as text. */
function silicon(outcome: Uint8Array): string {
  const view = new DataView(outcome.buffer, outcome.byteOffset)
  const text = [
    `xmm0 ${hex(outcome.subarray(RECORD.xmm, RECORD.xmm + 16))}`,
    `rax ${view.getBigUint64(RECORD.rax, true).toString(16)}`,
    `mxcsr ${(view.getUint32(RECORD.mxcsr, true) & 0xffff).toString(16)}`,
    `flags ${(view.getUint32(RECORD.eflags, true) & STATUS).toString(16)}`,
    `fault ${view.getUint32(RECORD.trapped, true) === 0 ? -1 : XM}`,
  ]
  return text.join(', ')
}

/** Each instruction has a place of its own, so that no decoded code becomes stale. */
const placeOf = (tried: Tried): number => CODE + SSE_INSTRUCTIONS.indexOf(tried) * 16

function withCode<Machine extends ReferenceMachine | InterpreterMachine>(machine: Machine): Machine {
  for (const tried of SSE_INSTRUCTIONS) machine.bytes.set(tried.code, placeOf(tried))
  return machine
}

function run(machine: ReferenceMachine | InterpreterMachine, c: Case): string {
  const { state, bytes } = machine
  const start = placeOf(c.tried)
  bytes.set(c.source, DATA)
  state.setLo(FIELD.cr4, CR4)
  state.setLo(FIELD.mxcsr, c.mxcsr)
  state.setLo(FIELD.statusFlags, c.flags)
  state.setLo(FIELD.lazyOp, 0)
  state.write('rax', low64(c.source))
  state.write('rdi', BigInt(DATA))
  state.write('rip', BigInt(start))
  state.bytes(FIELD.xmm, 0).set(c.destination)
  state.bytes(FIELD.xmm, 1).set(c.source)
  const end = BigInt(start + c.tried.code.length)
  let fault = -1
  while (state.read('rip') !== end && fault === -1)
    if (!machine.step()) fault = machine.fault === -1 ? -2 : machine.fault
  const text = [
    `xmm0 ${hex(state.bytes(FIELD.xmm, 0))}`,
    `rax ${state.read('rax').toString(16)}`,
    `mxcsr ${state.lo(FIELD.mxcsr).toString(16)}`,
    `flags ${(state.lo(FIELD.statusFlags) & STATUS).toString(16)}`,
    `fault ${fault}`,
  ]
  return text.join(', ')
}

function judge(c: Case, outcome: Uint8Array, machine: ReferenceMachine | InterpreterMachine): string {
  const [ours, theirs] = [run(machine, c), silicon(outcome)]
  if (ours === theirs) return ''
  const engine = machine instanceof InterpreterMachine ? 'interpreter' : 'reference'
  return `${c.tried.name} ${hex(c.destination)}, ${hex(c.source)}, mxcsr ${c.mxcsr.toString(16)}: ${engine} ${ours}; silicon ${theirs}`
}

describe.skipIf(missing !== null)(
  `SSE instructions against this processor (RINGFOLD_SEED=${seed}; ${missing ?? 'gcc is there'})`,
  () => {
    it(
      `leave the same registers, flags and faults, in ${ROUNDS} cases an instruction`,
      async () => {
        const next = seeded(seed)
        const cases = SSE_INSTRUCTIONS.flatMap((tried) => Array.from({ length: ROUNDS }, () => drawCase(next, tried)))
        const outcomes = await runNative(cases.map(recordOf))
        const [reference, interpreter] = [withCode(new ReferenceMachine(64)), withCode(new InterpreterMachine(64))]
        const failures = cases.flatMap((c, n) => {
          const outcome = outcomes[n] as Uint8Array
          const found = [judge(c, outcome, interpreter)]
          if (n % REFERENCE_EVERY === 0) found.push(judge(c, outcome, reference))
          return found.filter((text) => text !== '')
        })
        expect(failures.slice(0, 20)).toEqual([])
      },
      60_000 + ROUNDS * 1000,
    )
  },
)
