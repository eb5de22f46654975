/** Arithmetic of SSE to SSE4.1 (SDM vol. 2: ADDPS ... SQRTSD, MINPS ... MAXSD, ADDSUBPS, HADDPS, HSUBPS, DPPS, RCPPS, RSQRTPS). */
import { helperNumber } from '../helpers/index.ts'
import { FIRST_ELEMENT, SECOND_ELEMENT } from '../helpers/sse/operands.ts'
import { type Value, ValueType } from '../ir/types.ts'
import type { Lifter } from './lifter.ts'
import type { Lifting } from './registry.ts'
import { bytesBy, readVector } from './simd-operands.ts'
import { isOrdered, isPackedFast, isScalarFast, type Operands } from './sse-float-checks.ts'
import { SSE_DOT_PRODUCT } from './sse-float-dot.ts'
import {
  DOUBLE,
  either,
  readDestination,
  readLow,
  SINGLE,
  soft,
  softPacked,
  toBits,
  toFloat,
  type Width,
  writeLow,
  writeNumber,
  writeWhole,
} from './sse-float-operands.ts'

export type Arithmetic = 'add' | 'sub' | 'mul' | 'div' | 'sqrt'

/** ADDSS, ADDSD ... */
const scalar =
  (operation: Exclude<Arithmetic, 'sqrt'>, width: Width): Lifting =>
  (l) => {
    const b = readLow(l, 1, width)
    const { whole, low: a, number } = readDestination(l, width)
    const result = l.pure(`${width.float}.${operation}`, number, toFloat(l, width, b))
    const holds = isScalarFast(l, width, operation, { a, b, r: toBits(l, width, result) })
    writeNumber(l, width, whole, result, holds, () =>
      soft(l, `${width.float}.${operation}`, [a, b], [width.bits, width.bits]),
    )
  }

/** SQRTSS, SQRTSD: of the source only. */
const scalarRoot =
  (width: Width): Lifting =>
  (l) => {
    const b = readLow(l, 1, width)
    const { whole } = readDestination(l, width)
    const result = l.pure(`${width.float}.sqrt`, toFloat(l, width, b))
    const holds = isScalarFast(l, width, 'sqrt', { a: b, b, r: toBits(l, width, result) })
    writeNumber(l, width, whole, result, holds, () => soft(l, `${width.float}.sqrt`, [b], [width.bits, width.bits]))
  }

const suffix = ({ bits }: Width): string => (bits === 32 ? 'ps' : 'pd')

function packedResult(l: Lifter, width: Width, operation: Arithmetic, { a, b }: Omit<Operands, 'r'>): Value {
  const r = operation === 'sqrt' ? l.pure(`${width.vector}.sqrt`, b) : l.pure(`${width.vector}.${operation}`, a, b)
  const first = operation === 'sqrt' ? null : a
  return either(l, ValueType.v128, isPackedFast(l, width, operation, { a, b, r }), r, () =>
    softPacked(l, `sse.${operation}${suffix(width)}`, first, b),
  )
}

const packed =
  (operation: Arithmetic, width: Width): Lifting =>
  (l) => {
    const b = readVector(l, 1)
    const a = operation === 'sqrt' ? b : readVector(l, 0)
    writeWhole(l, packedResult(l, width, operation, { a, b }))
  }

/** The even and the odd numbers of two vectors, those of the first below those of the second. */
const halves = (l: Lifter, { bits }: Width, a: Value, b: Value, odd: 0 | 1): Value => {
  const bytes = bits / 8
  const place = (n: number) => (2 * Math.floor(n / bytes) + odd) * bytes + (n % bytes)
  return l.shuffle(a, b, bytesBy(place))
}

/** HADDPS, HSUBPD ...: operations of neighbours. */
const horizontal =
  (operation: 'add' | 'sub', width: Width): Lifting =>
  (l) => {
    const source = readVector(l, 1)
    const destination = readVector(l, 0)
    const [a, b] = [halves(l, width, destination, source, 0), halves(l, width, destination, source, 1)]
    writeWhole(l, packedResult(l, width, operation, { a, b }))
  }

/** ADDSUBPS, ADDSUBPD: even lanes are subtracted, which is an addition with the sign changed unless there is a NaN. */
const alternating =
  (width: Width): Lifting =>
  (l) => {
    const b = readVector(l, 1)
    const a = readVector(l, 0)
    const bytes = width.bits / 8
    const signs = Uint8Array.from(bytesBy((n) => (n % (2 * bytes) === bytes - 1 ? 0x80 : 0)))
    const r = l.pure(`${width.vector}.add`, a, l.pure('v128.xor', b, l.v128(signs)))
    const slow = () => softPacked(l, `sse.addsub${suffix(width)}`, a, b)
    writeWhole(l, either(l, ValueType.v128, isPackedFast(l, width, 'add', { a, b, r }), r, slow))
  }

type Extreme = 'min' | 'max'

/** The second operand unless the first is less (greater). Rounds nothing: any mode is good. */
const scalarExtreme =
  (operation: Extreme, width: Width): Lifting =>
  (l) => {
    const b = readLow(l, 1, width)
    const { whole, low: a, number } = readDestination(l, width)
    const compare = `${width.float}.${operation === 'min' ? 'lt' : 'gt'}`
    const r = l.select(l.pure(compare, number, toFloat(l, width, b)), a, b)
    const slow = () => soft(l, `${width.float}.${operation}`, [a, b], [width.bits, width.bits])
    writeLow(l, whole, either(l, width.type, isOrdered(l, width, [a, b]), r, slow), width)
  }

const packedExtreme =
  (operation: Extreme, width: Width): Lifting =>
  (l) => {
    const b = readVector(l, 1)
    const a = readVector(l, 0)
    // Wasm's pmin(x, y) is y < x ? y : x, and pmax(x, y) is x < y ? y : x.
    const r = l.pure(`${width.vector}.p${operation}`, b, a)
    const slow = () => softPacked(l, `sse.${operation}${suffix(width)}`, a, b)
    writeWhole(l, either(l, ValueType.v128, isPackedFast(l, width, operation, { a, b, r }), r, slow))
  }

/** RCPPS, RSQRTPS. */
const approximation =
  (routine: string): Lifting =>
  (l) =>
    writeWhole(l, softPacked(l, routine, null, readVector(l, 1)))

/** RCPSS, RSQRTSS: by the same routine, on four equal lanes. */
const scalarApproximation =
  (routine: string): Lifting =>
  (l) => {
    const { whole } = readDestination(l, SINGLE)
    l.argument(SECOND_ELEMENT, l.pure('i32x4.splat', readLow(l, 1, SINGLE)), 128)
    l.call(helperNumber(routine))
    writeLow(l, whole, l.result(FIRST_ELEMENT, 32), SINGLE)
  }

const ofWidth = (width: Width): Readonly<Record<string, Lifting>> => {
  const [p, s] = width.bits === 32 ? ['ps', 'ss'] : ['pd', 'sd']
  return {
    ...Object.fromEntries((['add', 'sub', 'mul', 'div'] as const).map((o) => [o + s, scalar(o, width)])),
    ...Object.fromEntries((['add', 'sub', 'mul', 'div', 'sqrt'] as const).map((o) => [o + p, packed(o, width)])),
    [`sqrt${s}`]: scalarRoot(width),
    ...Object.fromEntries((['min', 'max'] as const).map((o) => [o + s, scalarExtreme(o, width)])),
    ...Object.fromEntries((['min', 'max'] as const).map((o) => [o + p, packedExtreme(o, width)])),
    [`hadd${p}`]: horizontal('add', width),
    [`hsub${p}`]: horizontal('sub', width),
    [`addsub${p}`]: alternating(width),
  }
}

export const SSE_ARITHMETIC: Readonly<Record<string, Lifting>> = {
  ...ofWidth(SINGLE),
  ...ofWidth(DOUBLE),
  ...SSE_DOT_PRODUCT,
  rcpps: approximation('sse.rcpps'),
  rsqrtps: approximation('sse.rsqrtps'),
  rcpss: scalarApproximation('sse.rcpps'),
  rsqrtss: scalarApproximation('sse.rsqrtps'),
}
