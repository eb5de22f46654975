/** Passes over the lifted IR of one block, and what they have in common. */
import { FIELD } from '@ringfold/arch'
import { type IrCode, Op } from '@ringfold/semantics'
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

/** New values by old ones, of the block that is copied now: used again, because there are many blocks and most are small. */
let places = new Int32Array(1024)

/** Copies a block op by op, as `rebuild` says. */
export function rebuildBlock(lifted: LiftedBlock, into: IrCode, rebuild: Rebuild): LiftedBlock {
  const { code, starts, block } = lifted
  into.locals.push(...code.locals)
  into.vectors.push(...code.vectors)
  const { a, b, c, length } = code
  if (places.length < length) places = new Int32Array(2 * length)
  const map = places
  const moved: number[] = []
  for (let n = 0; n < length; n++) {
    while (moved.length < starts.length && (starts[moved.length] as number) <= n) moved.push(into.length)
    const [x, y, z] = [a[n] as number, b[n] as number, c[n] as number]
    map[n] = rebuild(n, x < 0 ? x : (map[x] as number), y < 0 ? y : (map[y] as number), z < 0 ? z : (map[z] as number))
  }
  while (moved.length < starts.length) moved.push(into.length)
  return { block, code: into, starts: moved }
}

/**
 * Whether an op makes the result of an operation that sets flags: it has to stay the sum or difference of its operands, by which
 * conditions are recognized as comparisons. `flags.set` stands behind it, within a few ops.
 */
export function isFlagResult(code: IrCode, n: number): boolean {
  const end = Math.min(n + NEAR, code.length)
  for (let i = n + 1; i < end; i++)
    if (code.op[i] === FLAGS_SET) return code.c[i] === n || code.a[code.c[i] as number] === n
  return false
}

const FLAGS_SET = Op['flags.set']
const NEAR = 6

const GENERAL_END = FIELD.gpr.offset + FIELD.gpr.count * FIELD.gpr.strideBytes

/** Whether a place in the state belongs to a general register. */
export const isGeneral = (place: number): boolean => place >= FIELD.gpr.offset && place < GENERAL_END

/** Copies an op with these arguments. */
export const copyOp = (code: IrCode, n: number, into: IrCode, a: number, b: number, c: number): number =>
  into.push(code.op[n] as number, a, b, c, code.imm[n] as number, code.immHi[n] as number)
