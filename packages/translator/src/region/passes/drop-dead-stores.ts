/**
 * Dead registers: a register that is written again before anybody can see it is not written.
 *
 *     state.store64 #rax v1        state.store64 #rax v2
 *     state.store64 #rax v2
 *
 * An op that can leave the region sees all registers, and so does what stands behind a branch.
 */
import { Op } from '@ringfold/semantics'
import { CAN_LEAVE, STATE_LOADS, STATE_STORES } from '../ops.ts'
import type { LiftedBlock } from '../rewrite.ts'
import { copyOp, isGeneral, type Pass, rebuildBlock } from './pass.ts'

const STEERS: ReadonlySet<number> = new Set([Op.if, Op.else, Op.loop, Op.end, Op.jump, Op['continue.if']])

/** Stores that nobody sees. */
function deadStores({ code }: LiftedBlock): ReadonlySet<number> {
  const dead = new Set<number>()
  /** Places that are written as a whole further on, before anybody looks. */
  const overwritten = new Set<number>()
  for (let n = code.length - 1; n >= 0; n--) {
    const op = code.op[n] as number
    if (CAN_LEAVE.has(op) || STEERS.has(op)) overwritten.clear()
    const isStore = op === Op['state.store64']
    // A store of a part keeps the rest, as a load would see it.
    if (!STATE_STORES.has(op) && !STATE_LOADS.has(op)) continue
    const base = code.a[n] as number
    if (!code.isConstant(base)) continue
    const place = (code.imm[n] as number) + (code.imm[base] as number)
    if (!isStore) overwritten.delete(place & ~7)
    else if (isGeneral(place)) {
      if (overwritten.has(place)) dead.add(n)
      overwritten.add(place)
    }
  }
  return dead
}

export const dropDeadStores: Pass = {
  name: 'drop-dead-stores',
  summary: 'registers that are written again before anybody can see them are not written',
  run(lifted, into) {
    const dead = deadStores(lifted)
    return rebuildBlock(lifted, into, (n, a, b, c) => (dead.has(n) ? -1 : copyOp(lifted.code, n, into, a, b, c)))
  },
}
