/** From forms to liftings. */
import { BITS } from './bits.ts'
import { CONTROL } from './control.ts'
import { INTEGER } from './integer.ts'
import type { Lifter } from './lifter.ts'
import { MULTIPLY } from './multiply.ts'
import { PORTS } from './ports.ts'
import { SEGMENT_FORMS, SEGMENTS } from './segments.ts'
import { SHIFT } from './shift.ts'
import { SIMD } from './simd.ts'
import { SSE_CONVERT } from './sse-convert.ts'
import { SSE_CONVERT_PACKED } from './sse-convert-packed.ts'
import { SSE_ARITHMETIC } from './sse-float.ts'
import { SSE_COMPARE } from './sse-float-compare.ts'
import { SSE_ROUND } from './sse-float-round.ts'
import { STACK } from './stack.ts'
import { STRINGS } from './strings.ts'
import { SYSTEM, SYSTEM_FORMS } from './system.ts'
import { X87 } from './x87.ts'
import { XSTATE } from './xstate.ts'

/** Builds the IR of one instruction. Faults come before changes: everything that can fault is loaded or probed first. */
export type Lifting = (l: Lifter) => void

const nothing: Lifting = () => undefined

/** Hints and fences: accesses of one processor are in order anyway. */
const NOTHING = (
  'nop pause prefetchnta prefetcht0 prefetcht1 prefetcht2 prefetch prefetchw prefetchwt1 prefetchit0 prefetchit1 ' +
  'lfence mfence sfence endbr32 endbr64 cldemote'
).split(' ')

const BY_MNEMONIC: ReadonlyMap<string, Lifting> = /* @__PURE__ */ new Map(
  /* @__PURE__ */ Object.entries({
    ...Object.fromEntries(NOTHING.map((n) => [n, nothing])),
    ...INTEGER,
    ...MULTIPLY,
    ...SHIFT,
    ...BITS,
    ...STACK,
    ...CONTROL,
    ...SIMD,
    ...SSE_ARITHMETIC,
    ...SSE_COMPARE,
    ...SSE_ROUND,
    ...SSE_CONVERT,
    ...SSE_CONVERT_PACKED,
    ...X87,
    ...XSTATE,
    ...SEGMENTS,
    ...SYSTEM,
    ...PORTS,
  }),
)

/** MOV of segment, control and debug registers are other instructions than MOV; so are far JMP and CALL. */
const BY_FORM: readonly (readonly [RegExp, Lifting])[] = [...SEGMENT_FORMS, ...SYSTEM_FORMS]

/** The lifting of a form, by its mnemonic and stable name; `undefined` where there is none yet. */
export function liftingOf(mnemonic: string, formName: string): Lifting | undefined {
  const string = STRINGS[mnemonic]
  if (string !== undefined && /_[xy]\d/.test(formName)) return string
  for (const [pattern, lifting] of BY_FORM) if (pattern.test(formName)) return lifting
  return BY_MNEMONIC.get(mnemonic)
}
