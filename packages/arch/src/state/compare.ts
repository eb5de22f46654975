import type { CpuState } from './cpu-state.ts'
import { STATE_ROWS, type StateRow } from './fields.ts'
import { assertFlagsSettled } from './flags.ts'
import { ARCHITECTURAL_ROWS } from './layout.ts'

/** One element in which two states differ. */
export interface StateDifference {
  /** Name of the field, and of the element where it has one: `rax`, `csBase`, `zmm[3]`. */
  readonly name: string
  readonly field: string
  readonly index: number
  readonly a: bigint
  readonly b: bigint
}

/**
 * The elements in which two states differ, in the order of the table. Fields of group `engine` do not count. Throws
 * `ArchError` `state.flags-not-settled` while a lazy operation is outstanding in either.
 */
export function compareStates(a: CpuState, b: CpuState): StateDifference[] {
  assertFlagsSettled(a)
  assertFlagsSettled(b)
  const differences: StateDifference[] = []
  for (const field of ARCHITECTURAL_ROWS) {
    for (let index = 0; index < field.count; index++) {
      const valueA = a.readBig(field, index)
      const valueB = b.readBig(field, index)
      if (valueA === valueB) continue
      differences.push({ name: elementName(field.name, index), field: field.name, index, a: valueA, b: valueB })
    }
  }
  return differences
}

/** The name of an element of a field: its own if it has one, else `field[index]`, or the field's if there is only one. */
export function elementName(field: string, index: number): string {
  const row: StateRow | undefined = STATE_ROWS.find((each) => each.name === field)
  const own = row?.elements?.[index]
  if (own !== undefined) return own
  return (row?.count ?? 1) === 1 ? field : `${field}[${index}]`
}
