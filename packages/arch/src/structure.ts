import { ArchError } from './errors.ts'

/** `[offset, size, meaning]`, in bytes. */
export type StructureRow = readonly [offsetBytes: number, sizeBytes: number, meaning: string]

/** A structure in memory that the processor reads or writes: byte offsets and sizes by the manual's names. */
export interface Structure<Rows extends Readonly<Record<string, StructureRow>>> {
  readonly name: string
  readonly source: string
  readonly sizeBytes: number
  /** Byte offset of each field. */
  readonly offset: { readonly [K in keyof Rows]: number }
  /** Size in bytes of each field. */
  readonly size: { readonly [K in keyof Rows]: number }
  readonly fields: readonly {
    readonly name: string
    readonly offsetBytes: number
    readonly sizeBytes: number
    readonly meaning: string
  }[]
}

/** Defines a memory structure. Throws `ArchError` `structure.definition` if fields overlap or leave it. */
export function structure<const Rows extends Readonly<Record<string, StructureRow>>>(definition: {
  readonly name: string
  readonly source: string
  readonly sizeBytes: number
  readonly fields: Rows
}): Structure<Rows> {
  const { name, source, sizeBytes } = definition
  const offset: Record<string, number> = {}
  const size: Record<string, number> = {}
  let end = 0
  const fields = Object.entries<StructureRow>(definition.fields).map(([field, [offsetBytes, fieldBytes, meaning]]) => {
    if (offsetBytes < end || offsetBytes + fieldBytes > sizeBytes) {
      throw new ArchError('structure.definition', `${name}.${field} overlaps or leaves it`, 'order fields by offset')
    }
    end = offsetBytes + fieldBytes
    offset[field] = offsetBytes
    size[field] = fieldBytes
    return Object.freeze({ name: field, offsetBytes, sizeBytes: fieldBytes, meaning })
  })
  return Object.freeze({
    name,
    source,
    sizeBytes,
    offset: Object.freeze(offset) as { readonly [K in keyof Rows]: number },
    size: Object.freeze(size) as { readonly [K in keyof Rows]: number },
    fields: Object.freeze(fields),
  })
}
