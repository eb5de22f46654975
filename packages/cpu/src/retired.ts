import { type CpuState, FIELD as FIELD_TABLE } from '@ringfold/arch'

// Constants of this module are folded into code, those of others are loaded each time.
const FIELD = FIELD_TABLE

/** Counts retired instructions in the state. */
export function countRetired(state: CpuState, retired: number): void {
  const lo = state.first(FIELD.retired) + retired
  state.set(FIELD.retired, lo >>> 0, state.hi(FIELD.retired) + (lo > 0xffffffff ? 1 : 0))
}
