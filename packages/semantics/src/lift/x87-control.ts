/** x87 control instructions: stack and words (SDM vol. 2A). Those with N in the name do not look for pending exceptions. */
import { FSW } from '@ringfold/arch'
import type { Value } from '../ir/types.ts'
import { gprOffset, RAX } from './lifter.ts'
import type { Lifting } from './registry.ts'
import { notePointers, raisePendingX87, stackNumber } from './x87-begin.ts'
import { X87_ENVIRONMENT } from './x87-environment.ts'
import { initialize, setControlAndStatus, setWord, statusWord, word } from './x87-words.ts'

const { IE, DE, ZE, OE, UE, PE, SF, ES, B, C1 } = FSW.lo
const CLEARED = IE | DE | ZE | OE | UE | PE | SF | ES | B

const clearExceptions: Lifting = (l) => {
  setWord(l, 'fpuStatus', l.pure('i32.and', word(l, 'fpuStatus'), l.i32(~CLEARED & 0xffff)))
}

const loadControl: Lifting = (l) => {
  raisePendingX87(l)
  setControlAndStatus(l, l.load(0, 16), word(l, 'fpuStatus'))
}

const storeControl: Lifting = (l) => l.store(0, word(l, 'fpuControl'), 16)

const storeStatus: Lifting = (l) => {
  if (l.isMemory(0)) l.store(0, statusWord(l), 16)
  else l.storeState(gprOffset(RAX), 16, statusWord(l))
}

/** FINCSTP, FDECSTP: tags and registers stay; C1 is cleared. */
const moveTop =
  (by: number): Lifting =>
  (l) => {
    raisePendingX87(l)
    notePointers(l)
    const moved = l.pure('i32.add', word(l, 'fpuTop'), l.i32(by))
    setWord(l, 'fpuTop', l.pure('i32.and', moved, l.i32(7)))
    setWord(l, 'fpuStatus', l.pure('i32.and', word(l, 'fpuStatus'), l.i32(~C1)))
  }

const free =
  (pops: boolean): Lifting =>
  (l) => {
    raisePendingX87(l)
    notePointers(l)
    const top = word(l, 'fpuTop')
    const physical = l.pure('i32.and', l.pure('i32.add', top, stackNumber(l, 0)), l.i32(7))
    const empty = (r: Value) => {
      const bit = l.pure('i32.shl', l.i32(1), r)
      setWord(l, 'fpuTag', l.pure('i32.and', word(l, 'fpuTag'), l.pure('i32.xor', bit, l.i32(0xff))))
    }
    empty(physical)
    // Undefined by the manuals; cleared on the silicon that was tried (AMD).
    setWord(l, 'fpuStatus', l.pure('i32.and', word(l, 'fpuStatus'), l.i32(~C1)))
    if (!pops) return
    empty(top)
    const next = l.pure('i32.and', l.pure('i32.add', top, l.i32(1)), l.i32(7))
    setWord(l, 'fpuTop', next)
  }

const noOperation: Lifting = (l) => {
  raisePendingX87(l)
  notePointers(l)
}

/** EMMS, FEMMS: every register is empty, and TOP is 0 as after every MMX instruction (SDM vol. 3A, table 13-1). */
const emptyMmx: Lifting = (l) => {
  raisePendingX87(l)
  setWord(l, 'fpuTag', l.i32(0))
  setWord(l, 'fpuTop', l.i32(0))
}

const nothing: Lifting = () => undefined

export const X87_CONTROL: Readonly<Record<string, Lifting>> = {
  fincstp: moveTop(1),
  fdecstp: moveTop(-1),
  ffree: free(false),
  ffreep: free(true),
  fninit: initialize,
  fnclex: clearExceptions,
  fneni: nothing,
  fndisi: nothing,
  fnsetpm: nothing,
  fldcw: loadControl,
  fnstcw: storeControl,
  fnstsw: storeStatus,
  fnop: noOperation,
  wait: raisePendingX87,
  emms: emptyMmx,
  femms: emptyMmx,
  ...X87_ENVIRONMENT,
}
