/** The part of the code key that follows from the processor's mode. */
import {
  ACCESS_RIGHTS,
  type CpuState,
  cplOf,
  FIELD as FIELD_TABLE,
  RFLAGS,
  SEGMENT as SEGMENT_TABLE,
} from '@ringfold/arch'
import { ACCESS_CLASS, accessClassOf } from '@ringfold/mmu'
import { isLongMode } from '@ringfold/rings'
import type { CodeMode } from '@ringfold/translator'
import type { Availability } from './availability.ts'
import { codeBits } from './code-fetch.ts'
import {
  CS_ACCESS_WORD as CS_ACCESS_PLACE,
  FLAGS_WORD as FLAGS_PLACE,
  SS_ACCESS_WORD as SS_ACCESS_PLACE,
  wordOf,
} from './state-words.ts'

// Constants of this module are folded into code, those of others are loaded each time.
const CS_ACCESS_WORD = CS_ACCESS_PLACE
const SS_ACCESS_WORD = SS_ACCESS_PLACE
const FLAGS_WORD = FLAGS_PLACE
const FIELD = FIELD_TABLE
const SEGMENT = SEGMENT_TABLE

const { UNUSABLE, DB, L, S } = ACCESS_RIGHTS.lo
const WRITABLE_DATA = 2
const CODE = 8
const READABLE_CODE = 10
const EXPAND_DOWN = 4
const WHOLE = 0xffffffff

/** Whether a segment reaches all 4 GiB from address 0, and allows reading and, for data, writing. */
const isFlat = (state: CpuState, segment: number): boolean =>
  state.lo(FIELD.segBase, segment) === 0 && isWhole(state, segment)

/** The same, from any address on. */
function isWhole(state: CpuState, segment: number): boolean {
  if (state.lo(FIELD.segLimit, segment) !== WHOLE) return false
  const rights = state.lo(FIELD.segAccess, segment)
  if ((rights & (UNUSABLE | S)) !== S) return false
  if (segment === SEGMENT.CS) return (rights & READABLE_CODE) === READABLE_CODE
  return (rights & (CODE | WRITABLE_DATA | EXPAND_DOWN)) === WRITABLE_DATA
}

const basedSegments = (state: CpuState): number =>
  [SEGMENT.FS, SEGMENT.GS].reduce((bits, segment) => bits | (isWhole(state, segment) ? 1 << segment : 0), 0)

/** The mode of 64-bit code that was found last at a privilege level, and the words of the state on which it depended. */
interface Last {
  mode: CodeMode | undefined
  ac: number
  readonly words: Uint32Array
}

const SS_DPL_SHIFT = ACCESS_RIGHTS.shift.DPL
const LAST_WORDS: readonly number[] = /* @__PURE__ */ (() => [
  ...[CS_ACCESS_WORD, SS_ACCESS_WORD],
  ...[FIELD.cr0, FIELD.cr4, FIELD.efer].map((field) => wordOf(field)),
])()
const { AC } = RFLAGS.lo

export class CodeModes {
  readonly #state: CpuState
  readonly #availability: Availability
  readonly #last: readonly Last[] = Array.from({ length: 4 }, () => ({
    mode: undefined,
    ac: 0,
    words: new Uint32Array(LAST_WORDS.length),
  }))
  readonly #plain: (CodeMode | undefined)[] = []
  /** Modes whose CS does not cover everything: by its base and limit too. */
  readonly #limited = new Map<string, CodeMode>()

  constructor(state: CpuState, availability: Availability) {
    this.#state = state
    this.#availability = availability
  }

  /** The mode of now: the same object whenever everything is the same. */
  current(): CodeMode {
    const { u32 } = this.#state
    const cs = u32[CS_ACCESS_WORD] as number
    if ((cs & L) === 0) return this.#find()
    // System calls and exceptions go to and fro between few modes of 64-bit code, which depend on nothing else.
    const place = ((u32[SS_ACCESS_WORD] as number) >>> SS_DPL_SHIFT) & 3
    const last = this.#last[place] as Last
    const { mode, words } = last
    const ac = (u32[FLAGS_WORD] as number) & AC
    let isSame = mode !== undefined && last.ac === ac
    for (let n = 0; n < LAST_WORDS.length; n++) isSame &&= words[n] === u32[LAST_WORDS[n] as number]
    if (isSame) return mode as CodeMode
    for (let n = 0; n < LAST_WORDS.length; n++) words[n] = u32[LAST_WORDS[n] as number] as number
    last.ac = ac
    last.mode = this.#find()
    return last.mode
  }

  #find(): CodeMode {
    const state = this.#state
    const bits = codeBits(state.lo(FIELD.segAccess, SEGMENT.CS), isLongMode(state))
    const stackBits = bits === 64 ? 64 : (state.lo(FIELD.segAccess, SEGMENT.SS) & DB) !== 0 ? 32 : 16
    const flat = bits === 64 || [SEGMENT.CS, SEGMENT.SS, SEGMENT.DS, SEGMENT.ES].every((s) => isFlat(state, s))
    const sizes = (bits >> 5) | ((stackBits >> 5) << 2) | (flat ? 16 : 0)
    const cpl = cplOf(state)
    const ac = (state.lo(FIELD.systemFlags) & RFLAGS.lo.AC) !== 0
    const accessClass = accessClassOf(cpl === 3 ? 0 : 1, ac)
    const isOverriding = accessClass === ACCESS_CLASS.SUPERVISOR_AC ? 128 : 0
    const number = sizes | (cpl << 5) | isOverriding | (this.#availability.modeBits() << 8)
    if (flat) {
      const based = bits === 64 ? 0 : basedSegments(state)
      // FS and GS are bits 4 and 5.
      const place = number * 4 + (based >> SEGMENT.FS)
      this.#plain[place] ??= { bits, stackBits, flat, based, accessClass }
      return this.#plain[place]
    }
    return this.#limitedMode(number, { bits, stackBits, flat, accessClass })
  }

  #limitedMode(number: number, mode: CodeMode): CodeMode {
    const state = this.#state
    const key = `${number} ${state.lo(FIELD.csBase)} ${state.lo(FIELD.segLimit, SEGMENT.CS)}`
    const known = this.#limited.get(key)
    if (known !== undefined) return known
    this.#limited.set(key, mode)
    return mode
  }
}
