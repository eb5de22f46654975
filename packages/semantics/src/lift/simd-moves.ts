/** Moves between vector registers, general registers and memory (SDM vol. 2). */
import type { Value } from '../ir/types.ts'
import { ValueType } from '../ir/types.ts'
import { broadcast, bytesBy, lowDoubleword, lowQuad, zeros } from '../ir/vectors.ts'
import type { Lifter } from './lifter.ts'
import type { Lifting } from './registry.ts'
import { ALIGNED, isVectorRegister, readVector, vectorInstruction, writeVector } from './simd-operands.ts'
import type { Bits } from './source.ts'

const quad = (n: 0 | 1, k: number): number => n * 8 + (k % 8)

/** A vector of quadword `x` of `a` below quadword `y` of `b`. */
const quads = (l: Lifter, [a, x]: readonly [Value, 0 | 1], [b, y]: readonly [Value, 0 | 1]): Value =>
  l.shuffle(
    a,
    b,
    bytesBy((k) => (k < 8 ? quad(x, k) : 16 + quad(y, k))),
  )

/** MOVAPS and its like: 16 bytes to or from memory, which `flags` may want aligned. */
const moveWhole = (flags: number): Lifting =>
  vectorInstruction((l) => {
    const v = readVector(l, 1, flags)
    if (l.isMemory(0)) l.store(0, v, 128, 0, flags)
    else writeVector(l, 0, v)
  })

/** The low 32 or 64 bits alone, the rest zeros. */
const alone = (l: Lifter, bits: 32 | 64, v: Value): Value =>
  l.replaceLane(bits === 32 ? 'i32x4' : 'i64x2', zeros(l), 0, v)

const lowPart = (l: Lifter, bits: 32 | 64, n: number): Value =>
  bits === 32 ? lowDoubleword(l, readVector(l, n)) : lowQuad(l, readVector(l, n))

/** MOVSS and MOVSD: from memory the rest becomes zeros, between registers it stays. */
const moveScalar = (bits: 32 | 64): Lifting =>
  vectorInstruction((l) => {
    if (l.isMemory(0)) l.store(0, lowPart(l, bits, 1), bits)
    else if (l.isMemory(1)) writeVector(l, 0, alone(l, bits, l.load(1, bits)))
    else {
      const low = bits / 8
      writeVector(
        l,
        0,
        l.shuffle(
          readVector(l, 0),
          readVector(l, 1),
          bytesBy((k) => (k < low ? 16 + k : k)),
        ),
      )
    }
  })

/** MOVD and MOVQ: general register, memory or vector; a vector register that is written is zeros above. */
const moveLow = (bits: 32 | 64): Lifting =>
  vectorInstruction((l) => {
    const v = isVectorRegister(l, 1) ? lowPart(l, bits, 1) : l.get(1, bits)
    if (isVectorRegister(l, 0)) writeVector(l, 0, alone(l, bits, v))
    else l.set(0, v, bits)
  })

/** MOVLPS, MOVLPD (quadword 0), MOVHPS, MOVHPD (1): to or from memory; the other quadword stays. */
const moveQuad = (n: 0 | 1): Lifting =>
  vectorInstruction((l) => {
    if (l.isMemory(0)) l.store(0, l.lane('i64x2.extract_lane', readVector(l, 1), n), 64)
    else {
      const v = l.load(1, 64)
      writeVector(l, 0, l.replaceLane('i64x2', readVector(l, 0), n, v))
    }
  })

/** MOVHLPS and MOVLHPS. */
const moveHighToLow: Lifting = vectorInstruction((l) =>
  writeVector(l, 0, quads(l, [readVector(l, 1), 1], [readVector(l, 0), 1])),
)
const moveLowToHigh: Lifting = vectorInstruction((l) =>
  writeVector(l, 0, quads(l, [readVector(l, 0), 0], [readVector(l, 1), 0])),
)

/** The effective address `by` bytes further: i64 in 64-bit code, cut to the address size. */
function further(l: Lifter, ea: Value, by: Value): Value {
  const { mode, addressSize } = l.source
  if (mode === 32) return l.cut(addressSize as Bits, l.pure('i32.add', ea, by))
  const sum = l.pure('i64.add', ea, l.pure('i64.extend_i32_u', by))
  return addressSize === 64 ? sum : l.pure('i64.and', sum, l.i64(-1, 0))
}

/** Once for each bit of `mask`, which is not 0, from the lowest: with its number. */
function forEachBit(l: Lifter, mask: Value, body: (n: Value) => void): void {
  const left = l.local(ValueType.i32, mask)
  l.loop(() => {
    const bits = l.getLocal(left)
    body(l.pure('i32.ctz', bits))
    const rest = l.pure('i32.and', bits, l.pure('i32.sub', bits, l.i32(1)))
    l.setLocal(left, rest)
    return rest
  })
}

/** MASKMOVDQU, MASKMOVQ: bytes that are not selected are neither written nor checked; all that are, before the first write. */
const moveMasked: Lifting = vectorInstruction((l, width) => {
  const ea = l.address(0)
  const segment = l.source.segment(0)
  const v = readVector(l, 1)
  const signs = l.pure('i8x16.bitmask', readVector(l, 2))
  const mask = width === 64 ? l.pure('i32.and', signs, l.i32(0xff)) : signs
  l.if(mask, () => {
    forEachBit(l, mask, (n) => l.probeAt(further(l, ea, n), 8, segment))
    forEachBit(l, mask, (n) => {
      const byte = l.lane('i8x16.extract_lane_u', broadcast(l, 1, v, n), 0)
      l.storeAt(further(l, ea, n), byte, 8, segment)
    })
  })
})

export const SIMD_MOVES: Readonly<Record<string, Lifting>> = {
  ...Object.fromEntries(
    'movaps movapd movdqa movntps movntpd movntdq movntdqa'.split(' ').map((n) => [n, moveWhole(ALIGNED)]),
  ),
  ...Object.fromEntries('movups movupd movdqu lddqu'.split(' ').map((n) => [n, moveWhole(0)])),
  movss: moveScalar(32),
  movsd: moveScalar(64),
  movntss: moveScalar(32),
  movntsd: moveScalar(64),
  movd: moveLow(32),
  movq: moveLow(64),
  movntq: moveLow(64),
  movq2dq: moveLow(64),
  movdq2q: moveLow(64),
  movlps: moveQuad(0),
  movlpd: moveQuad(0),
  movhps: moveQuad(1),
  movhpd: moveQuad(1),
  movhlps: moveHighToLow,
  movlhps: moveLowToHigh,
  maskmovdqu: moveMasked,
  maskmovq: moveMasked,
}
