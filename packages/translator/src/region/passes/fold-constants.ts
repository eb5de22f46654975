/**
 * Constant propagation: what is computed from constants is one, and what changes nothing vanishes.
 *
 *     v2: i32 = i32.add 0x2, 0x3           (0x5, where it is used)
 *     v4: i32 = i32.wrap_i64 v3            v1, where v3 is i64.extend_i32_u v1
 *     v6: i64 = i64.add v5, 0x0            v5
 */
import { FIRST_EFFECT, IrBuilder, OP_ROWS, opNumber } from '@ringfold/semantics'
import { copyOp, isFlagResult, type Pass, rebuildBlock } from './pass.ts'

const WRAP = opNumber('i32.wrap_i64')
const EXTENDS: ReadonlySet<number> = new Set([opNumber('i64.extend_i32_u'), opNumber('i64.extend_i32_s')])
/** Ops whose second argument changes nothing if it is 0. */
const NEUTRAL: ReadonlySet<number> = new Set(
  ['add', 'sub', 'or', 'xor', 'shl', 'shr_u', 'shr_s'].flatMap((name) => [
    opNumber(`i32.${name}`),
    opNumber(`i64.${name}`),
  ]),
)
const NAMES: readonly string[] = OP_ROWS.map(({ name }) => name)

export const foldConstants: Pass = {
  name: 'fold-constants',
  summary: 'values computed from constants are constants, and operations that change nothing vanish',
  run(lifted, into) {
    const { code } = lifted
    const builder = new IrBuilder(into)
    return rebuildBlock(lifted, into, (n, a, b, c) => {
      const op = code.op[n] as number
      if (op >= FIRST_EFFECT) return copyOp(code, n, into, a, b, c)
      if (op === WRAP && EXTENDS.has(into.op[a] as number)) return into.a[a] as number
      if (into.isConstant(b) && into.imm[b] === 0 && into.immHi[b] === 0 && NEUTRAL.has(op) && !isFlagResult(code, n))
        return a
      if (a < 0 || !into.isConstant(a)) return copyOp(code, n, into, a, b, c)
      if ((b >= 0 && !into.isConstant(b)) || (c >= 0 && !into.isConstant(c))) return copyOp(code, n, into, a, b, c)
      return builder.pure(NAMES[op] as string, a, b, c, code.imm[n] as number)
    })
  },
}
