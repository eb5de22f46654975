import { STATE_ROWS, STATE_VIEWS, type StateGroup, type StateRow } from './fields.ts'

type Rows = (typeof STATE_ROWS)[number]
type Views = (typeof STATE_VIEWS)[number]
type ElementOf<Row> = Row extends { readonly elements: readonly (infer Name extends string)[] } ? Name : never

/** Where a field lies in the state, and what it is. `Bits` is the number of significant bits of one element. */
export interface StateField<Bits extends number = number> {
  readonly name: string
  readonly bits: Bits
  readonly count: number
  /** Byte offset of element 0 from the start of the state; a multiple of the alignment of its width. */
  readonly offset: number
  /** Bytes from one element to the next. */
  readonly strideBytes: number
  readonly group: StateGroup
  readonly means: string
}

/** The names of the rows of the table: what a snapshot holds. */
export type StateRowName = Rows['name']

type RowFields = { readonly [Row in Rows as Row['name']]: StateField<Row['bits']> }
type ElementFields = { readonly [Row in Rows as ElementOf<Row>]: StateField<Row['bits']> }
type ViewFields = { readonly [View in Views as View['name']]: StateField<View['bits']> }

/** All fields by name: the rows of the table, the named elements of arrays (`rax`, `csBase`), and the views (`xmm`, `mm`). */
export type StateFields = RowFields & ElementFields & ViewFields

/** The name of a field, of a named element, or of a view. */
export type StateFieldName = keyof StateFields & string

/** The width in bits of a field, by name. */
export type StateFieldBits<Name extends StateFieldName> =
  StateFields[Name] extends StateField<infer Bits> ? Bits : never

interface Layout {
  readonly rows: readonly StateField[]
  readonly fields: StateFields
  readonly sizeBytes: number
}

/** Bytes that a field of so many bits occupies: at least an i32, and v128-aligned from 80 bits on. */
function storageBytes(bits: number): number {
  if (bits <= 32) return 4
  if (bits <= 64) return 8
  if (bits <= 128) return 16
  return bits / 8
}

/** V8 folds a property into code that was never set anew in any object of its shape: `{ ...field, offset }` would set it twice. */
function fieldOf(
  name: string,
  bits: number,
  count: number,
  offset: number,
  strideBytes: number,
  group: StateGroup,
  means: string,
): StateField {
  return Object.freeze({ name, bits, count, offset, strideBytes, group, means })
}

function layOut(): Layout {
  const rows: StateField[] = []
  const fields: Record<string, StateField> = {}
  let end = 0
  for (const row of STATE_ROWS as readonly StateRow[]) {
    const { name, bits, count = 1, room = count, group, elements = [], means } = row
    const strideBytes = storageBytes(bits)
    const offset = Math.ceil(end / strideBytes) * strideBytes
    end = offset + strideBytes * room
    const field = fieldOf(name, bits, count, offset, strideBytes, group, means)
    rows.push(field)
    fields[name] = field
    elements.forEach((element, index) => {
      const meansElement = `${means}: ${element}`
      const at = offset + index * strideBytes
      fields[element] = fieldOf(element, bits, 1, at, strideBytes, group, meansElement)
    })
  }
  for (const { name, of, bits, means } of STATE_VIEWS) {
    const { count, offset, strideBytes, group } = fields[of] as StateField
    fields[name] = fieldOf(name, bits, count, offset, strideBytes, group, means)
  }
  // The keys are those of the table, which the type spells out. A copy, because V8 turns an object to which many
  // properties were added by name into a hash table (5 ns for each look-up where a constant would do), and a copy back.
  const copy = Object.freeze({ ...fields }) as unknown as StateFields
  return { rows: Object.freeze(rows), fields: copy, sizeBytes: Math.ceil(end / 64) * 64 }
}

const LAYOUT = /* @__PURE__ */ layOut()

/** Every field by name: `FIELD.rip.offset`. */
export const FIELD: StateFields = /* @__PURE__ */ (() => LAYOUT.fields)()

/** The rows of the table in the order of their offsets; aliases and views are not among them. */
export const STATE_LAYOUT: readonly StateField[] = /* @__PURE__ */ (() => LAYOUT.rows)()

/** Size of the state in bytes, a multiple of 64. The TLB may follow it in the same memory. */
export const STATE_SIZE_BYTES: number = /* @__PURE__ */ (() => LAYOUT.sizeBytes)()

/** The rows that are the processor's own: what snapshots, comparisons and hashes cover. */
export const ARCHITECTURAL_ROWS: readonly StateField[] = /* @__PURE__ */ (() =>
  Object.freeze(LAYOUT.rows.filter((field) => field.group !== 'engine')))()
