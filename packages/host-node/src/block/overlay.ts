/**
 * A copy-on-write overlay: what is written stays in a file of its own, over a base that is not changed. The order of writes at a
 * flush makes every state in which the file can be found a good one: see docs/formats/overlay.md.
 */
import { createHash } from 'node:crypto'
import { existsSync, renameSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import type { BlockBackend } from '@ringfold/contracts'
import { HostError } from '../errors.ts'
import { syncDirectory } from '../files/files.ts'
import { type DiskFile, openDiskFile } from './disk-file.ts'
import { lockDisk } from './disk-lock.ts'
import {
  decodeHeader,
  decodeMap,
  encodeHeader,
  encodeMapSector,
  layoutOf,
  OVERLAY,
  type OverlayLayout,
} from './overlay-format.ts'
import { openRawDisk } from './raw.ts'

const { CLUSTER_BYTES, HEADER_BYTES, MAP_SECTOR_BYTES, MAP_ENTRIES, UNMAPPED, ZEROS } = OVERLAY
/** Of a base up to this size all is looked at; of a larger one so many blocks, spread evenly. */
const WHOLE_BYTES = 64 << 20
const SAMPLES = 1024

/** A back end that answers at once. */
export interface SyncBlock {
  readonly sizeBytes: number
  read(offset: number, into: Uint8Array): void
  close(): void
}

/** What a base is known by: its size, and its contents as far as they are looked at. */
function digestOf(base: SyncBlock): Uint8Array {
  const hash = createHash('sha256').update(`${base.sizeBytes}\n`)
  const blocks = Math.ceil(base.sizeBytes / CLUSTER_BYTES)
  const step = base.sizeBytes <= WHOLE_BYTES ? 1 : blocks / SAMPLES
  for (let n = 0; n < blocks; n += step) {
    const offset = Math.floor(n) * CLUSTER_BYTES
    const block = new Uint8Array(Math.min(CLUSTER_BYTES, base.sizeBytes - offset))
    base.read(offset, block)
    hash.update(block)
  }
  return new Uint8Array(hash.digest())
}

/** Makes the file of an empty overlay. */
export function initializeOverlay(file: DiskFile, base: SyncBlock): void {
  const { mapSectors } = layoutOf(base.sizeBytes)
  file.write(0, encodeHeader({ diskBytes: base.sizeBytes, baseDigest: digestOf(base) }))
  const empty = new Uint32Array(0)
  for (let sector = 0; sector < mapSectors; sector++)
    file.write(HEADER_BYTES + sector * MAP_SECTOR_BYTES, encodeMapSector(empty, sector))
  file.sync()
}

/** Under another name first, so that it is there whole or not at all. */
function createOverlay(path: string, base: SyncBlock): void {
  const temporary = `${path}.new`
  rmSync(temporary, { force: true })
  const file = openDiskFile(temporary, 'wx+', 'overlay')
  try {
    initializeOverlay(file, base)
  } finally {
    file.close()
  }
  renameSync(temporary, path)
  syncDirectory(dirname(path))
}

/**
 * Opens an overlay over a raw image, and makes it where it does not exist. Nothing that is there is ever replaced. Throws `HostError`:
 * `host.path`; `host.format` for what is no overlay, is damaged, or belongs to another base; `host.busy`.
 */
export function openOverlay(path: string, basePath: string): BlockBackend {
  const base = openRawDisk(basePath, { readOnly: true }) as BlockBackend & SyncBlock
  let unlock: (() => void) | undefined
  try {
    unlock = lockDisk(path)
    if (!existsSync(path)) createOverlay(path, base)
    return new OverlayDisk(openDiskFile(path, 'r+', 'overlay'), base, path, unlock)
  } catch (error) {
    unlock?.()
    base.close()
    throw error
  }
}

export class OverlayDisk implements BlockBackend {
  readonly sizeBytes: number
  readonly isReadOnly = false
  readonly #file: DiskFile
  readonly #base: SyncBlock
  readonly #layout: OverlayLayout
  readonly #unlock: () => void
  readonly #map: Uint32Array
  /** Sectors of the map that differ from the file's. */
  readonly #dirty = new Set<number>()
  /** Slots that nothing refers to, on disk either; and those that nothing will refer to after the next flush. */
  readonly #free: number[] = []
  #freed: number[] = []
  #nextSlot = 1

  /** Throws `HostError` `host.format`; then the file is closed. */
  constructor(file: DiskFile, base: SyncBlock, path: string, unlock: () => void) {
    this.#file = file
    this.#base = base
    this.#unlock = unlock
    this.sizeBytes = base.sizeBytes
    this.#layout = layoutOf(base.sizeBytes)
    try {
      this.#map = this.#readMap(path)
      this.#findSlots(path)
    } catch (error) {
      file.close()
      throw error
    }
  }

  #readMap(path: string): Uint32Array {
    const header = new Uint8Array(HEADER_BYTES)
    this.#file.read(0, header)
    const { diskBytes, baseDigest } = decodeHeader(header, path)
    const isSame = diskBytes === this.sizeBytes && Buffer.compare(baseDigest, digestOf(this.#base)) === 0
    if (!isSame) {
      const what = `${path} belongs to another base, or its base has changed since`
      throw new HostError('host.format', what, 'give the base with which it was made, as it was')
    }
    const bytes = new Uint8Array(this.#layout.mapSectors * MAP_SECTOR_BYTES)
    this.#file.read(HEADER_BYTES, bytes)
    return decodeMap(bytes, this.#layout, path)
  }

  /** Every slot belongs to one cluster at most, and lies in the file. */
  #findSlots(path: string): void {
    const used = new Set<number>()
    const slotsInFile = Math.ceil((this.#file.sizeBytes - this.#layout.dataOffset) / CLUSTER_BYTES)
    for (const [cluster, slot] of this.#map.entries()) {
      if (slot === UNMAPPED || slot === ZEROS) continue
      if (used.has(slot) || slot > slotsInFile) {
        const what = `${path} is damaged: cluster ${cluster} is in slot ${slot}`
        throw new HostError('host.format', what, 'restore it from its backup')
      }
      used.add(slot)
      this.#nextSlot = Math.max(this.#nextSlot, slot + 1)
    }
    for (let slot = 1; slot < this.#nextSlot; slot++) if (!used.has(slot)) this.#free.push(slot)
  }

  #offsetOf(slot: number): number {
    return this.#layout.dataOffset + (slot - 1) * CLUSTER_BYTES
  }

  read(offset: number, into: Uint8Array): void {
    for (const { cluster, from, at, count } of pieces(offset, into.length)) {
      const slot = this.#map[cluster] as number
      const part = into.subarray(at, at + count)
      if (slot === ZEROS) part.fill(0)
      else if (slot === UNMAPPED) this.#base.read(cluster * CLUSTER_BYTES + from, part)
      else this.#file.read(this.#offsetOf(slot) + from, part)
    }
  }

  write(offset: number, bytes: Uint8Array): void {
    for (const { cluster, from, at, count } of pieces(offset, bytes.length)) {
      const slot = this.#map[cluster] as number
      const part = bytes.subarray(at, at + count)
      if (slot === ZEROS || slot === UNMAPPED) this.#allocate(cluster, from, part)
      // What lies in the overlay already is written in place: each sector is then old or new.
      else this.#file.write(this.#offsetOf(slot) + from, part)
    }
  }

  /** A cluster comes into the overlay: as a whole, with the rest as it was. The map on disk follows at the next flush. */
  #allocate(cluster: number, from: number, part: Uint8Array): void {
    const whole = new Uint8Array(CLUSTER_BYTES)
    const inDisk = Math.min(CLUSTER_BYTES, this.sizeBytes - cluster * CLUSTER_BYTES)
    if (part.length < inDisk) this.read(cluster * CLUSTER_BYTES, whole.subarray(0, inDisk))
    whole.set(part, from)
    const slot = this.#free.pop() ?? this.#nextSlot++
    this.#file.write(this.#offsetOf(slot), whole)
    this.#setEntry(cluster, slot)
  }

  #setEntry(cluster: number, entry: number): void {
    const old = this.#map[cluster] as number
    // The map on disk may still refer to it.
    if (old !== UNMAPPED && old !== ZEROS) this.#freed.push(old)
    this.#map[cluster] = entry
    this.#dirty.add(Math.floor(cluster / MAP_ENTRIES))
  }

  discard(offset: number, lengthBytes: number): void {
    for (const { cluster, from, count } of pieces(offset, lengthBytes)) {
      const inDisk = Math.min(CLUSTER_BYTES, this.sizeBytes - cluster * CLUSTER_BYTES)
      if (from === 0 && count === inDisk) this.#setEntry(cluster, ZEROS)
      else this.write(cluster * CLUSTER_BYTES + from, new Uint8Array(count))
    }
  }

  /** Data first, and only then the map that refers to it; slots that are free now are used again only after that. */
  flush(): void {
    this.#file.sync()
    if (this.#dirty.size === 0) return
    for (const sector of this.#dirty)
      this.#file.write(HEADER_BYTES + sector * MAP_SECTOR_BYTES, encodeMapSector(this.#map, sector))
    this.#file.sync()
    this.#dirty.clear()
    this.#free.push(...this.#freed)
    this.#freed = []
  }

  close(): void {
    this.flush()
    this.#file.close()
    this.#base.close()
    this.#unlock()
  }
}

interface Piece {
  readonly cluster: number
  /** Where in the cluster, and where in the request. */
  readonly from: number
  readonly at: number
  readonly count: number
}

function pieces(offset: number, lengthBytes: number): Piece[] {
  const found: Piece[] = []
  for (let at = 0; at < lengthBytes; ) {
    const from = (offset + at) % CLUSTER_BYTES
    const count = Math.min(CLUSTER_BYTES - from, lengthBytes - at)
    found.push({ cluster: Math.floor((offset + at) / CLUSTER_BYTES), from, at, count })
    at += count
  }
  return found
}
