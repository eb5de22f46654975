/** Notes (gABI 5, "Note Section"): build ids, ABI tags, and what a kernel tells the monitor that loads it. */
import { SectionType, SegmentType } from './constants.ts'
import type { ElfFile } from './file.ts'
import { NOTE_HEADER, readRecord, viewOf } from './records.ts'
import { stringAt } from './strings.ts'

export interface ElfNote {
  /** Who gives the type its meaning: `GNU`, `Xen`. */
  readonly name: string
  readonly type: number
  /** View of the descriptor. */
  readonly desc: Uint8Array
}

/**
 * The notes in the bytes of a section or segment, up to the first that does not fit.
 *
 * @param align of the section or segment. Words are 4-aligned even in 64-bit files, which differs from the gABI's text, but
 * is what every tool writes; only with an alignment of 8 (`.note.gnu.property`) descriptors are 8-aligned.
 */
export function* notesOf(bytes: Uint8Array, align: bigint): Generator<ElfNote, void, undefined> {
  const view = viewOf(bytes)
  const unit = align === 8n ? 8 : 4
  const up = (n: number) => Math.ceil(n / unit) * unit
  for (let at = 0; at + NOTE_HEADER.sizeBytes <= bytes.length; ) {
    const { n_namesz, n_descsz, n_type } = readRecord(NOTE_HEADER, view, at)
    const nameAt = at + NOTE_HEADER.sizeBytes
    const descAt = up(nameAt + n_namesz)
    if (descAt + n_descsz > bytes.length) return
    yield {
      name: stringAt(bytes.subarray(nameAt, nameAt + n_namesz), 0),
      type: n_type,
      desc: bytes.subarray(descAt, descAt + n_descsz),
    }
    at = up(descAt + n_descsz)
  }
}

/** All notes of a file: of its note segments, or where it has none (relocatable files) of its note sections. */
export function* notes(file: ElfFile): Generator<ElfNote, void, undefined> {
  const segments = file.segments.filter(({ type }) => type === SegmentType.PT_NOTE)
  if (segments.length > 0) for (const { bytes, align } of segments) yield* notesOf(bytes, align)
  else
    for (const { type, bytes, addralign } of file.sections)
      if (type === SectionType.SHT_NOTE) yield* notesOf(bytes, addralign)
}
