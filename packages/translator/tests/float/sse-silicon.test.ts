import { beforeAll, describe, expect, it } from 'vitest'
import { nativeMissing, RECORD, runNative } from './native.ts'
import { F32, F64, type Layout, number, type Random, seeded } from './random.ts'
import { FloatRoutines } from './routines.ts'

const seed = Number(process.env.RINGFOLD_SEED ?? Date.now() & 0x7fffffff)
const missing = nativeMissing()

interface Tried {
  readonly routine: string
  readonly code: readonly number[]
  readonly operands: (next: Random) => bigint[]
  readonly option?: number
  readonly resultBits: 32 | 64
  /** The result is in RAX, not in XMM0. */
  readonly inRax?: boolean
}

const pair =
  (layout: Layout) =>
  (next: Random): bigint[] => {
    const first = number(next, layout)
    const near = Number((first >> BigInt(layout.fractionBits)) & ((1n << BigInt(layout.exponentBits)) - 1n))
    return [first, number(next, layout, near)]
  }

const one =
  (layout: Layout) =>
  (next: Random): bigint[] => [number(next, layout)]
const wide = (next: Random): bigint => BigInt.asUintN(64, (BigInt(next()) << 32n) | BigInt(next()))
const integer =
  (bits: number) =>
  (next: Random): bigint[] => [BigInt.asUintN(bits, BigInt.asIntN(bits, wide(next)) >> BigInt(next() % bits))]

/** op xmm0, xmm1; unary ones read xmm1. */
const sse = (prefix: number, opcode: number, rm = 0xc1): number[] => [prefix, 0x0f, opcode, rm]

function ofFormat(name: string, layout: Layout, prefix: number): Tried[] {
  const bits = layout === F32 ? 32 : 64
  const binary = (op: string, opcode: number): Tried => ({
    routine: `${name}.${op}`,
    code: sse(prefix, opcode),
    operands: pair(layout),
    resultBits: bits,
  })
  const toInteger = (to: 32 | 64, truncates: 0 | 1): Tried => ({
    routine: `${name}.toI${to}`,
    code: [prefix, ...(to === 64 ? [0x48] : []), 0x0f, truncates ? 0x2c : 0x2d, 0xc1],
    operands: one(layout),
    option: truncates,
    resultBits: to,
    inRax: true,
  })
  return [
    ...Object.entries({ add: 0x58, mul: 0x59, sub: 0x5c, min: 0x5d, div: 0x5e, max: 0x5f }).map(([op, code]) =>
      binary(op, code),
    ),
    { routine: `${name}.sqrt`, code: sse(prefix, 0x51), operands: one(layout), resultBits: bits },
    ...([32, 64] as const).flatMap((to) => [toInteger(to, 0), toInteger(to, 1)]),
    ...[0, 1, 2, 3, 4, 8 + 1, 8 + 4].map(
      (option): Tried => ({
        routine: `${name}.round`,
        code: [0x66, 0x0f, 0x3a, bits === 32 ? 0x0a : 0x0b, 0xc1, option],
        operands: one(layout),
        option,
        resultBits: bits,
      }),
    ),
    ...([32, 64] as const).map(
      (from): Tried => ({
        routine: `i${from}.toF${bits}`,
        code: [prefix, ...(from === 64 ? [0x48] : []), 0x0f, 0x2a, 0xc0],
        operands: integer(from),
        resultBits: bits,
      }),
    ),
    {
      routine: `f${bits}.toF${96 - bits}`,
      code: sse(prefix, 0x5a),
      operands: one(layout),
      resultBits: (96 - bits) as 32 | 64,
    },
    ...[0, 1, 2, 3].map(
      (option): Tried => ({
        // VFMADD213, VFMSUB213, VFNMADD213, VFNMSUB213: xmm0 = +-(xmm1 * xmm0) +- xmm2
        routine: `${name}.fma`,
        code: [0xc4, 0xe2, bits === 32 ? 0x71 : 0xf1, [0xa9, 0xad, 0xab, 0xaf][option] as number, 0xc2],
        operands: (next) => [...pair(layout)(next), number(next, layout)],
        option,
        resultBits: bits,
      }),
    ),
  ]
}

const TRIED = [...ofFormat('f32', F32, 0xf3), ...ofFormat('f64', F64, 0xf2)]
const ROUNDS = 400

const EXCEPTIONS = 0x3f

interface Case {
  readonly tried: Tried
  readonly operands: readonly bigint[]
  readonly mxcsr: number
}

function drawCase(next: Random, tried: Tried): Case {
  // Mostly everything is masked; else any masks.
  const masks = next() % 4 === 0 ? (next() & 0x3f) << 7 : 0x1f80
  const daz = next() % 4 === 0 ? 0x40 : 0
  const ftz = next() % 4 === 0 ? 0x8000 : 0
  return { tried, operands: tried.operands(next), mxcsr: masks | daz | ftz | ((next() & 3) << 13) }
}

function recordOf({ tried, operands, mxcsr }: Case): Uint8Array {
  const record = new Uint8Array(RECORD.bytes)
  const view = new DataView(record.buffer)
  record.set(tried.code, 0)
  record[RECORD.length] = tried.code.length
  view.setUint32(RECORD.mxcsr, mxcsr, true)
  view.setUint32(RECORD.eflags, 0x202, true)
  view.setBigUint64(RECORD.rax, operands[0] as bigint, true)
  // Unary operations read XMM1; VFMADD213 multiplies XMM1 by XMM0, and prefers NaNs in this order.
  const places = operands.length === 1 ? [1] : operands.length === 2 ? [0, 1] : [1, 0, 2]
  operands.forEach((v, n) => {
    view.setBigUint64(RECORD.xmm + (places[n] as number) * 16, v, true)
  })
  return record
}

const hex = (v: bigint | number): string => v.toString(16)

/** What is wrong, or nothing. */
function judge(c: Case, outcome: Uint8Array, routines: FloatRoutines): string {
  const view = new DataView(outcome.buffer, outcome.byteOffset)
  const { result, exceptions } = routines.call(c.tried.routine, c.operands, c.mxcsr, c.tried.option)
  const unmasked = ~(c.mxcsr >> 7) & EXCEPTIONS
  const expected = view.getUint32(RECORD.mxcsr, true) & EXCEPTIONS
  const what = `${c.tried.routine}.${c.tried.option ?? 0}(${c.operands.map(hex)}) mxcsr ${hex(c.mxcsr)}`
  // Of a lane, what is found before the operation suppresses what is found after it.
  const seen = exceptions & unmasked & 7 ? exceptions & 7 : exceptions
  if (seen !== expected) return `${what}: exceptions ${hex(seen)}, silicon ${hex(expected)}`
  if (expected & unmasked) return ''
  const raw = view.getBigUint64(c.tried.inRax ? RECORD.rax : RECORD.xmm, true)
  const silicon = BigInt.asUintN(c.tried.resultBits, raw)
  return silicon === result ? '' : `${what} = ${hex(result)}, silicon ${hex(silicon)}`
}

describe.skipIf(missing !== null)(
  `SSE routines against this processor (RINGFOLD_SEED=${seed}; ${missing ?? 'gcc is there'})`,
  () => {
    let routines: FloatRoutines
    beforeAll(() => {
      routines = new FloatRoutines()
    })

    it(`give its results and exceptions, in ${ROUNDS} cases an operation`, async () => {
      const next = seeded(seed)
      const cases = TRIED.flatMap((tried) => Array.from({ length: ROUNDS }, () => drawCase(next, tried)))
      const outcomes = await runNative(cases.map(recordOf))
      const failures = cases.map((c, n) => judge(c, outcomes[n] as Uint8Array, routines)).filter((s) => s !== '')
      expect(failures.slice(0, 20)).toEqual([])
    })
  },
)
