/** Families of IR ops, and where their pieces end. */
import { type IrCode, isRoutine, Op } from '@ringfold/semantics'

export const MEMORY_STORES: ReadonlySet<number> = new Set(
  (['mem.store8', 'mem.store16', 'mem.store32', 'mem.store64', 'mem.store128'] as const).map((name) => Op[name]),
)
export const CAN_LEAVE: ReadonlySet<number> = new Set([
  ...(
    ['mem.load8', 'mem.load16', 'mem.load32', 'mem.load64', 'mem.load128', 'mem.probe', 'fault', 'call'] as const
  ).map((name) => Op[name]),
  ...MEMORY_STORES,
])
export const FLAG_OPS: ReadonlySet<number> = new Set([
  Op['flags.set'],
  Op['flags.bits'],
  Op['flags.get'],
  Op['flags.all'],
  Op['flags.condition'],
])
export const STATE_LOADS: ReadonlySet<number> = new Set([
  Op['state.load8'],
  Op['state.load16'],
  Op['state.load32'],
  Op['state.load64'],
  Op['state.load128'],
])
export const STATE_STORES: ReadonlySet<number> = new Set([
  Op['state.store8'],
  Op['state.store16'],
  Op['state.store32'],
  Op['state.store64'],
  Op['state.store128'],
])

export const canLeave = (op: number): boolean => CAN_LEAVE.has(op) || op === Op.jump
/** A call of what is no routine: the host's. */
export const isRuleCall = (code: IrCode, n: number): boolean =>
  code.op[n] === Op.call && !isRoutine(code.imm[n] as number)
export const isFlagOp = (op: number): boolean => FLAG_OPS.has(op)

export function matchingEnd(code: IrCode, from: number): number {
  let depth = 0
  for (let n = from; ; n++) {
    const op = code.op[n]
    if (op === Op.if || op === Op.loop) depth++
    else if (op === Op.end && --depth === 0) return n
  }
}

export function hasFlagOps(code: IrCode, from: number): boolean {
  const end = matchingEnd(code, from)
  for (let n = from; n < end; n++) if (FLAG_OPS.has(code.op[n] as number)) return true
  return false
}

/** Whether the next flag op, in the same straight piece, sets CF, AF and OF. */
export function setsCarryAdjustOverflow(code: IrCode, n: number): boolean {
  for (let i = n + 1; i < code.length; i++) {
    const op = code.op[i] as number
    if (op === Op.if || op === Op.else || op === Op.end || op === Op.loop) return false
    if (FLAG_OPS.has(op)) return op === Op['flags.bits'] && ((code.imm[i] as number) & 0x811) === 0x811
  }
  return false
}
