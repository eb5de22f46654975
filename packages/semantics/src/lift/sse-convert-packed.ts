/** Conversions of vectors (SDM vol. 2A: CVTDQ2PS ... CVTTPD2PI). Fast and slow way as in sse-float-operands.ts. */
import { type Value, ValueType } from '../ir/types.ts'
import type { Lifter } from './lifter.ts'
import type { Lifting } from './registry.ts'
import { lowQuad, readVector, vectorInstruction, writeVector } from './simd-operands.ts'
import { SINGLE_RANGE } from './sse-convert.ts'
import { absolute, allLanes, usualLanes } from './sse-float-checks.ts'
import {
  allOf,
  anyOf,
  DOUBLE,
  either,
  floatVector,
  isFastMode,
  isInexactSilent,
  isNearestSilent,
  SINGLE,
  softPacked,
  type Width,
} from './sse-float-operands.ts'

const choose = (l: Lifter, holds: Value, fast: Value, routine: string, source: Value, word?: Value): Value =>
  either(l, ValueType.v128, holds, fast, () => softPacked(l, routine, null, source, word))

const splatInteger = (l: Lifter, value: number): Value => l.pure('i32x4.splat', l.i32(value))

/** Doublewords to single precision: exact up to 2^24. */
function integersToSingle(l: Lifter, v: Value): Value {
  const limit = 1 << 24
  const shifted = l.pure('i32x4.add', v, splatInteger(l, limit))
  const isExact = allLanes(l, l.pure('i32x4.le_u', shifted, splatInteger(l, 2 * limit)))
  return choose(l, anyOf(l, isExact, isFastMode(l)), l.pure('f32x4.convert_i32x4_s', v), 'sse.dq2ps', v)
}

/** To doublewords, by MXCSR.RC or truncated; of double precision into the low half, with zeros above. */
function toIntegers(l: Lifter, width: Width, truncates: boolean, v: Value): Value {
  const { vector, bits } = width
  const rounded = l.pure(`${vector}.${truncates ? 'trunc' : 'nearest'}`, v)
  const fits = l.pure(`${vector}.lt`, absolute(l, width, rounded), floatVector(l, width, 2 ** 31))
  const isExact = allLanes(l, l.pure(`${vector}.eq`, rounded, v))
  const isSilent = anyOf(l, isExact, truncates ? isInexactSilent(l) : isNearestSilent(l))
  const convert = bits === 32 ? 'i32x4.trunc_sat_f32x4_s' : 'i32x4.trunc_sat_f64x2_s_zero'
  const routine = bits === 32 ? 'sse.ps2dq' : 'sse.pd2dq'
  const holds = allOf(l, allLanes(l, fits), isSilent)
  const converted = choose(l, holds, l.pure(convert, rounded), routine, v, l.i32(truncates ? 1 : 0))
  return bits === 32 ? converted : lowHalf(l, converted)
}

/** What stands above the low half becomes 0: routines leave it alone. */
const lowHalf = (l: Lifter, v: Value): Value => l.replaceLane('i64x2', v, 1, l.i64(0))

/** The low two numbers to double precision: exact. */
const singleToDouble = (l: Lifter, v: Value): Value => {
  const low = l.pure('i64x2.splat', lowQuad(l, v))
  const holds = allLanes(l, usualLanes(l, SINGLE, low))
  return choose(l, holds, l.pure('f64x2.promote_low_f32x4', low), 'sse.ps2pd', low)
}

function doubleToSingle(l: Lifter, v: Value): Value {
  const size = absolute(l, DOUBLE, v)
  const is = (op: string, value: number) => l.pure(`f64x2.${op}`, size, floatVector(l, DOUBLE, value))
  const fits = l.pure('v128.and', is('ge', SINGLE_RANGE.least), is('lt', SINGLE_RANGE.end))
  const holds = allOf(l, isFastMode(l), allLanes(l, l.pure('v128.or', fits, is('eq', 0))))
  return lowHalf(l, choose(l, holds, l.pure('f32x4.demote_f64x2_zero', v), 'sse.pd2ps', v))
}

const integersToDouble = (l: Lifter, v: Value): Value => l.pure('f64x2.convert_low_i32x4_s', v)

const conversion = (convert: (l: Lifter, v: Value) => Value): Lifting =>
  vectorInstruction((l) => writeVector(l, 0, convert(l, readVector(l, 1))))

/** Of a source of 64 bits: the high half of the vector must not be seen, zeros raise nothing. */
const ofLowHalf = (convert: (l: Lifter, v: Value) => Value) => conversion((l, v) => convert(l, lowHalf(l, v)))

/** CVTPI2PS: the high half of the destination stays. */
const mmxToSingle: Lifting = vectorInstruction((l) => {
  const v = integersToSingle(l, lowHalf(l, readVector(l, 1)))
  const destination = l.loadState(0, 128, l.source.registerOffset(0))
  writeVector(l, 0, l.replaceLane('i64x2', destination, 0, lowQuad(l, v)))
})

export const SSE_CONVERT_PACKED: Readonly<Record<string, Lifting>> = {
  cvtdq2ps: conversion(integersToSingle),
  cvtdq2pd: conversion(integersToDouble),
  cvtpi2pd: conversion(integersToDouble),
  cvtpi2ps: mmxToSingle,
  cvtps2dq: conversion((l, v) => toIntegers(l, SINGLE, false, v)),
  cvttps2dq: conversion((l, v) => toIntegers(l, SINGLE, true, v)),
  cvtpd2dq: conversion((l, v) => toIntegers(l, DOUBLE, false, v)),
  cvttpd2dq: conversion((l, v) => toIntegers(l, DOUBLE, true, v)),
  cvtps2pi: ofLowHalf((l, v) => toIntegers(l, SINGLE, false, v)),
  cvttps2pi: ofLowHalf((l, v) => toIntegers(l, SINGLE, true, v)),
  cvtpd2pi: conversion((l, v) => toIntegers(l, DOUBLE, false, v)),
  cvttpd2pi: conversion((l, v) => toIntegers(l, DOUBLE, true, v)),
  cvtps2pd: conversion(singleToDouble),
  cvtpd2ps: conversion(doubleToSingle),
}
