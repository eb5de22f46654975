import type { PageNumber } from '@ringfold/contracts'
import { MemoryError } from './errors.ts'
import { HIGH_RAM_HOST_OFFSET, HIGH_RAM_PAGE, type MemoryLayout, PAGE_BYTES } from './layout.ts'

/** The version of the format below. */
export const MEMORY_SNAPSHOT_VERSION = 1

const WORDS_PER_PAGE = PAGE_BYTES / 4

/** The contents of RAM, as data for structured clone: the pages that are not all zero. */
export interface MemorySnapshot {
  readonly kind: 'ringfold.memory'
  readonly version: number
  readonly ramBytes: number
  /** Whether the A20 gate was open. */
  readonly a20: boolean
  /** Physical page numbers, in ascending order. */
  readonly pages: Uint32Array
  /** 4096 bytes for each of `pages`, in their order. */
  readonly contents: Uint8Array
}

/** Physical page number of page `index` of RAM, counted by host offset. */
function pageOf(index: number): PageNumber {
  const low = HIGH_RAM_HOST_OFFSET / PAGE_BYTES
  return index < low ? index : index - low + HIGH_RAM_PAGE
}

function isZero(words: Uint32Array, index: number): boolean {
  const end = (index + 1) * WORDS_PER_PAGE
  for (let at = index * WORDS_PER_PAGE; at < end; at++) if (words[at] !== 0) return false
  return true
}

/** The RAM of a memory, whose host offsets begin with RAM. */
export function saveRam({ ramBytes }: MemoryLayout, words: Uint32Array, a20: boolean): MemorySnapshot {
  const indices: number[] = []
  for (let index = 0; index < ramBytes / PAGE_BYTES; index++) if (!isZero(words, index)) indices.push(index)
  const contents = new Uint32Array(indices.length * WORDS_PER_PAGE)
  for (const [n, index] of indices.entries())
    contents.set(words.subarray(index * WORDS_PER_PAGE, (index + 1) * WORDS_PER_PAGE), n * WORDS_PER_PAGE)
  return {
    kind: 'ringfold.memory',
    version: MEMORY_SNAPSHOT_VERSION,
    ramBytes,
    a20,
    pages: Uint32Array.from(indices, pageOf),
    contents: new Uint8Array(contents.buffer),
  }
}

/** Puts a snapshot into RAM; `beforeWrite` is told each page that changes. */
export function restoreRam(
  snapshot: MemorySnapshot,
  { ramBytes }: MemoryLayout,
  bytes: Uint8Array,
  words: Uint32Array,
  beforeWrite: (page: PageNumber) => void,
): void {
  checkSnapshot(snapshot, ramBytes)
  const { pages, contents } = snapshot
  let next = 0
  for (let index = 0; index < ramBytes / PAGE_BYTES; index++) {
    const page = pageOf(index)
    const saved = pages[next] === page ? contents.subarray(next * PAGE_BYTES, (next + 1) * PAGE_BYTES) : undefined
    if (saved !== undefined) next++
    // Pages that stay zero are not touched, so that they go on costing nothing.
    else if (isZero(words, index)) continue
    beforeWrite(page)
    if (saved === undefined) words.fill(0, index * WORDS_PER_PAGE, (index + 1) * WORDS_PER_PAGE)
    else bytes.set(saved, index * PAGE_BYTES)
  }
}

function checkSnapshot(snapshot: MemorySnapshot, ramBytes: number): void {
  const { kind, version, a20, pages, contents } = (snapshot ?? {}) as Partial<MemorySnapshot>
  const known = kind === 'ringfold.memory' && version === MEMORY_SNAPSHOT_VERSION && typeof a20 === 'boolean'
  if (!known || !(pages instanceof Uint32Array) || !(contents instanceof Uint8Array)) {
    const what = `this is no memory snapshot of version ${MEMORY_SNAPSHOT_VERSION}`
    throw new MemoryError('memory.snapshot', what, 'give what save returned')
  }
  if (snapshot.ramBytes !== ramBytes) {
    const what = `the snapshot is of ${snapshot.ramBytes} bytes of RAM, this memory has ${ramBytes}`
    throw new MemoryError('memory.snapshot', what, 'restore it into a memory of its size')
  }
  const last = pageOf(ramBytes / PAGE_BYTES - 1)
  const lowPages = Math.min(ramBytes, HIGH_RAM_HOST_OFFSET) / PAGE_BYTES
  const inRam = (page: number) => page < lowPages || (page >= HIGH_RAM_PAGE && page <= last)
  const ordered = pages.every((page, n) => inRam(page) && (n === 0 || page > (pages[n - 1] as number)))
  if (!ordered || contents.length !== pages.length * PAGE_BYTES) {
    throw new MemoryError('memory.snapshot', 'the snapshot is damaged', 'take it again from its source')
  }
}
