import { ArchError } from '../errors.ts'
import type { CpuState } from './cpu-state.ts'
import { assertFlagsSettled } from './flags.ts'
import { hashWords } from './hash.ts'
import { ARCHITECTURAL_ROWS, STATE_LAYOUT, type StateField } from './layout.ts'

/**
 * The version of the snapshot schema. It changes whenever the set, width or meaning of the saved fields does, together
 * with an entry in `MIGRATIONS`; moving a field to another offset changes nothing here.
 */
export const STATE_SCHEMA_VERSION = 1

/** The value of each element of each field, as a hexadecimal integer (`0x1f`): plain data for JSON or structured clone. */
export type SavedFields = Readonly<Record<string, readonly string[]>>

/** A saved CPU state. Fields of group `engine` are not in it; code and profiles never are. */
export interface CpuSnapshot {
  readonly kind: 'ringfold.cpu-state'
  readonly version: number
  /** Hash of the names, widths and counts of the fields that this version has. */
  readonly schema: string
  readonly fields: SavedFields
}

/** Turns the fields of one version into those of the next. */
export type SnapshotMigration = (fields: SavedFields) => SavedFields

/** Steps from each older version to the next; version 1 is the first. */
const MIGRATIONS: Readonly<Record<number, SnapshotMigration>> = {}

/** The schema hash of this version: of name, width and count of every saved field, in alphabetical order. */
export function stateSchemaHash(): string {
  const lines = ARCHITECTURAL_ROWS.map(({ name, bits, count }) => `${name}:${bits}x${count}`)
  const text = lines.sort().join('\n')
  return hashWords(Uint32Array.from(text, (char) => char.charCodeAt(0)))
}

/** Saves a state. Throws `ArchError` `state.flags-not-settled` while a lazy operation is outstanding. */
export function saveState(state: CpuState): CpuSnapshot {
  assertFlagsSettled(state)
  const fields: Record<string, readonly string[]> = {}
  for (const field of ARCHITECTURAL_ROWS) {
    fields[field.name] = Array.from({ length: field.count }, (_, i) => `0x${state.readBig(field, i).toString(16)}`)
  }
  return { kind: 'ringfold.cpu-state', version: STATE_SCHEMA_VERSION, schema: stateSchemaHash(), fields }
}

/**
 * Puts a snapshot into `state`, migrating older versions; fields of group `engine` become zero. `state` is changed only
 * if all of the snapshot is good. `migrations` adds to the built-in steps (or replaces them), by the version they start from.
 *
 * Throws `ArchError`: `snapshot.format` for anything that is no snapshot, `snapshot.newer-version`,
 * `snapshot.no-migration`, `snapshot.layout` if the version's fields are not those that it says it has, and
 * `snapshot.fields` for missing, unknown or malformed fields.
 */
export function restoreState(
  state: CpuState,
  snapshot: CpuSnapshot,
  migrations: Readonly<Record<number, SnapshotMigration>> = {},
): void {
  const fields = migrated(checkedSnapshot(snapshot), { ...MIGRATIONS, ...migrations })
  const unknown = Object.keys(fields).filter((name) => !ARCHITECTURAL_ROWS.some((field) => field.name === name))
  if (unknown.length > 0) throw fieldsError(`it has unknown fields: ${unknown.join(', ')}`)
  const values = ARCHITECTURAL_ROWS.map((field) => parsedElements(field, fields[field.name]))
  for (const field of STATE_LAYOUT) {
    if (field.group === 'engine') for (let i = 0; i < field.count; i++) state.writeBig(field, 0n, i)
  }
  for (const [row, field] of ARCHITECTURAL_ROWS.entries()) {
    for (const [index, value] of (values[row] ?? []).entries()) state.writeBig(field, value, index)
  }
}

function checkedSnapshot(snapshot: unknown): CpuSnapshot {
  const { kind, version, schema, fields } = (snapshot ?? {}) as Partial<CpuSnapshot>
  const good = kind === 'ringfold.cpu-state' && Number.isInteger(version) && typeof schema === 'string'
  if (!good || typeof fields !== 'object' || fields === null) {
    throw new ArchError('snapshot.format', 'this is no snapshot of a CPU state', 'give what saveState returned')
  }
  return snapshot as CpuSnapshot
}

function migrated(snapshot: CpuSnapshot, steps: Readonly<Record<number, SnapshotMigration>>): SavedFields {
  const { version, schema } = snapshot
  if (version > STATE_SCHEMA_VERSION) {
    const what = `the snapshot has schema version ${version}, this package knows up to ${STATE_SCHEMA_VERSION}`
    throw new ArchError(
      'snapshot.newer-version',
      what,
      'use the release of @ringfold/arch that saved it, or a later one',
    )
  }
  if (version === STATE_SCHEMA_VERSION && schema !== stateSchemaHash()) {
    const what = `the snapshot's schema ${schema} is not ${stateSchemaHash()}, though both are version ${version}`
    throw new ArchError(
      'snapshot.layout',
      what,
      'it comes from a modified or unreleased build: restore it with that build',
    )
  }
  let { fields } = snapshot
  for (let from = version; from < STATE_SCHEMA_VERSION; from++) {
    const step = steps[from]
    if (step === undefined) {
      const what = `there is no migration from schema version ${from}`
      throw new ArchError(
        'snapshot.no-migration',
        what,
        'pass one in `migrations`, or restore it with an older release',
      )
    }
    fields = step(fields)
  }
  return fields
}

function parsedElements(field: StateField, elements: unknown): bigint[] {
  if (!Array.isArray(elements) || elements.length !== field.count) {
    throw fieldsError(`field ${field.name} should have ${field.count} elements`)
  }
  return elements.map((text: unknown, i) => {
    const value = typeof text === 'string' && /^0x[0-9a-f]+$/.test(text) ? BigInt(text) : undefined
    if (value !== undefined && value === BigInt.asUintN(field.bits, value)) return value
    throw fieldsError(`${field.name}[${i}] is ${String(text)}, no hexadecimal integer of ${field.bits} bits`)
  })
}

function fieldsError(what: string): ArchError {
  return new ArchError('snapshot.fields', `the snapshot is damaged: ${what}`, 'take it again from its source')
}
