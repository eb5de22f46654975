import { FIELD, RFLAGS, SEGMENT } from '@ringfold/arch'
import { type RuleContext, type RuleStatus, raise, VECTOR } from '../context.ts'
import { replaceFlags } from '../flags.ts'
import { SYSTEM_ACCESS } from '../segments/descriptor.ts'
import { setRealSegment } from '../segments/registers.ts'
import { frame } from './frame.ts'

const IVT_ENTRY_BYTES = 4

/** Real mode: through the interrupt vector table, without error code (Intel SDM vol. 3B, 22.1.4; vol. 2A, INT n, real-address mode). */
export function enterReal(ctx: RuleContext, event: number): RuleStatus {
  const { state, linear } = ctx
  frame.begin(state, event, 0)
  const at = frame.vector * IVT_ENTRY_BYTES
  if (at + IVT_ENTRY_BYTES - 1 > state.lo(FIELD.idtrLimit)) return raise(state, VECTOR.GP, frame.gateCode)
  if (linear.read(4, (state.lo(FIELD.idtrBase) + at) >>> 0, 0, SYSTEM_ACCESS) !== 0) return 1
  const vector = linear.lo
  const { stack } = frame
  stack.useCurrent(state)
  if (stack.probe(ctx, 3, 2, VECTOR.SS, 0) !== 0) return 1
  stack.push(ctx, 2, frame.flags & 0xffff)
  stack.push(ctx, 2, state.lo(FIELD.segSelector, SEGMENT.CS))
  stack.push(ctx, 2, frame.ripLo & 0xffff)
  stack.commit(state)
  const { IF, TF, AC, RF } = RFLAGS.lo
  replaceFlags(state, 0, IF | TF | AC | RF)
  setRealSegment(state, SEGMENT.CS, vector >>> 16)
  state.set(FIELD.rip, vector & 0xffff, 0)
  return 0
}
