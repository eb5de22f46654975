/** Places in the state, as words of 32 bits, of what modes depend on: they are compared at every system call and exception. */
import { FIELD, SEGMENT } from '@ringfold/arch'

export const wordOf = (
  { offset, strideBytes }: { readonly offset: number; readonly strideBytes: number },
  index = 0,
): number => (offset + index * strideBytes) >>> 2

export const CS_ACCESS_WORD: number = /* @__PURE__ */ wordOf(FIELD.segAccess, SEGMENT.CS)
export const SS_ACCESS_WORD: number = /* @__PURE__ */ wordOf(FIELD.segAccess, SEGMENT.SS)
export const FLAGS_WORD: number = /* @__PURE__ */ wordOf(FIELD.systemFlags)
