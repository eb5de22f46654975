/** Passes over the lifted IR of one block, and what they have in common. */
import type { IrCode } from '@ringfold/semantics'
import type { LiftedBlock } from '../rewrite.ts'

/**
 * A pass over a block, before registers and flags become locals. It may change whatever nobody can see: where an op can leave the region
 * (memory, `fault`, `call`), the registers of the state have to be what they are without the pass.
 */
export interface Pass {
  readonly name: string
  /** What it does, in one line, for people. */
  readonly summary: string
  /** The block with other IR, which is built into `into` (empty, and another than the block's). */
  run(block: LiftedBlock, into: IrCode): LiftedBlock
}

/** What a pass makes of an op, whose arguments are already those of the new code: a value of the new code, or -1 for none. */
export type Rebuild = (n: number, a: number, b: number, c: number) => number

/** Copies a block op by op, as `rebuild` says. */
export function rebuildBlock(lifted: LiftedBlock, into: IrCode, rebuild: Rebuild): LiftedBlock {
  const { code, starts, block } = lifted
  into.locals.push(...code.locals)
  into.vectors.push(...code.vectors)
  const map = new Int32Array(code.length)
  const moved: number[] = []
  const { a, b, c } = code
  const of = (v: number): number => (v < 0 ? -1 : (map[v] as number))
  for (let n = 0; n < code.length; n++) {
    while (moved.length < starts.length && (starts[moved.length] as number) <= n) moved.push(into.length)
    map[n] = rebuild(n, of(a[n] as number), of(b[n] as number), of(c[n] as number))
  }
  while (moved.length < starts.length) moved.push(into.length)
  return { block, code: into, starts: moved }
}

/** Copies an op with these arguments. */
export const copyOp = (code: IrCode, n: number, into: IrCode, a: number, b: number, c: number): number =>
  into.push(code.op[n] as number, a, b, c, code.imm[n] as number, code.immHi[n] as number)
