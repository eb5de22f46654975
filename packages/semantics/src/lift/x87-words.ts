/** The x87 words in the state, and what several instructions do to them. */
import { FCW, FIELD, FSW } from '@ringfold/arch'
import type { Value } from '../ir/types.ts'
import type { Lifter } from './lifter.ts'

const RESET_CONTROL = 0x037f
const EXCEPTIONS = 0x3f
/** The bits of the control word that can be written; bit 6 is always 1. */
const CONTROL_BITS = EXCEPTIONS | FCW.lo.PC | FCW.lo.RC | FCW.lo.X
const { ES, B } = FSW.lo

type Word = 'fpuStatus' | 'fpuControl' | 'fpuTop' | 'fpuTag'

export const word = (l: Lifter, name: Word): Value => l.loadState(FIELD[name].offset, 32)

export const setWord = (l: Lifter, name: Word, v: Value): void => l.storeState(FIELD[name].offset, 32, v)

/** The status word with TOP: i32. */
export function statusWord(l: Lifter): Value {
  const top = l.pure('i32.shl', word(l, 'fpuTop'), l.i32(FSW.shift.TOP))
  return l.pure('i32.or', word(l, 'fpuStatus'), top)
}

/** Sets the control word, and ES and B of the status word by what is unmasked then (SDM vol. 1, 8.1.3.3). */
export function setControlAndStatus(l: Lifter, control: Value, status: Value): void {
  const written = l.pure('i32.or', l.pure('i32.and', control, l.i32(CONTROL_BITS)), l.i32(0x40))
  const masks = l.pure('i32.xor', written, l.i32(EXCEPTIONS))
  const unmasked = l.pure('i32.and', l.pure('i32.and', status, masks), l.i32(EXCEPTIONS))
  const others = l.pure('i32.and', status, l.i32(~(ES | B | FSW.lo.TOP) & 0xffff))
  setWord(l, 'fpuControl', written)
  setWord(l, 'fpuStatus', l.pure('i32.or', others, l.select(unmasked, l.i32(ES | B), l.i32(0))))
}

/** What FNINIT does. */
export function initialize(l: Lifter): void {
  setWord(l, 'fpuControl', l.i32(RESET_CONTROL))
  for (const name of ['fpuStatus', 'fpuTop', 'fpuTag'] as const) setWord(l, name, l.i32(0))
  for (const { offset } of [FIELD.fip, FIELD.fdp]) l.storeState(offset, 64, l.i64(0))
  for (const { offset } of [FIELD.fcs, FIELD.fds, FIELD.fpuOpcode]) l.storeState(offset, 32, l.i32(0))
}
