/** Status flags of operations: what `flags.set` means. */
import { RFLAGS } from '@ringfold/arch'
import { FlagKind } from './ops.ts'

const { CF, PF, AF, ZF, SF, OF } = RFLAGS.lo

/** CF, PF, AF, ZF, SF and OF in their places. */
export const STATUS: number = CF | PF | AF | ZF | SF | OF

/** Flags that an operation of a kind leaves alone. */
export const KEPT: Readonly<Record<FlagKind, number>> = {
  [FlagKind.add]: 0,
  [FlagKind.sub]: 0,
  [FlagKind.logic]: 0,
  [FlagKind.inc]: CF,
  [FlagKind.dec]: CF,
  [FlagKind.result]: CF | AF | OF,
}

function isParityEven(byte: bigint): boolean {
  let v = Number(byte & 0xffn)
  v ^= v >> 4
  return ((0x6996 >> (v & 15)) & 1) === 0
}

/** ZF, SF and PF of a result. */
function resultFlags(bits: number, r: bigint): number {
  const value = BigInt.asUintN(bits, r)
  return (value === 0n ? ZF : 0) | (value >> BigInt(bits - 1) ? SF : 0) | (isParityEven(value) ? PF : 0)
}

/** CF, OF and AF of a sum or difference, by the carry out of each bit (SDM vol. 1, 3.4.3.1). */
function carryFlags(kind: FlagKind, bits: number, a: bigint, b: bigint, r: bigint): number {
  const top = (v: bigint) => (v >> BigInt(bits - 1)) & 1n
  switch (kind) {
    case FlagKind.add: {
      const carries = (a & b) | ((a | b) & ~r)
      return (top(carries) ? CF : 0) | (top((a ^ r) & (b ^ r)) ? OF : 0) | ((a ^ b ^ r) & 16n ? AF : 0)
    }
    case FlagKind.sub: {
      const borrows = (~a & b) | ((~a | b) & r)
      return (top(borrows) ? CF : 0) | (top((a ^ b) & (a ^ r)) ? OF : 0) | ((a ^ b ^ r) & 16n ? AF : 0)
    }
    case FlagKind.inc:
      return (BigInt.asIntN(bits, r) === -(1n << BigInt(bits - 1)) ? OF : 0) | ((r & 15n) === 0n ? AF : 0)
    case FlagKind.dec:
      return (BigInt.asUintN(bits, r) === (1n << BigInt(bits - 1)) - 1n ? OF : 0) | ((r & 15n) === 15n ? AF : 0)
    default:
      return 0
  }
}

/** The status flags after an operation on integers of `bits`, given those before. */
export function flagsAfter(kind: FlagKind, bits: number, a: bigint, b: bigint, r: bigint, before: number): number {
  return (before & KEPT[kind]) | resultFlags(bits, r) | carryFlags(kind, bits, a, b, r)
}

/** Whether a condition code (the low four bits of Jcc, SETcc, CMOVcc; SDM vol. 1, appendix B) holds. */
export function conditionHolds(code: number, flags: number): boolean {
  const sign = ((flags & SF) !== 0) !== ((flags & OF) !== 0)
  const tests = [
    (flags & OF) !== 0,
    (flags & CF) !== 0,
    (flags & ZF) !== 0,
    (flags & (CF | ZF)) !== 0,
    (flags & SF) !== 0,
    (flags & PF) !== 0,
    sign,
    sign || (flags & ZF) !== 0,
  ]
  return tests[code >> 1] !== ((code & 1) === 1)
}
