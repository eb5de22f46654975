/**
 * A copy-on-write overlay: what is written stays in a file of its own, over a base that is not changed. The order of writes at a
 * flush makes every state in which the file can be found a good one: see docs/formats/overlay.md.
 */
import { createHash, randomBytes } from 'node:crypto'
import { lstatSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { HostError, pathError } from '../errors.ts'
import { syncDirectory } from '../files/files.ts'
import { type DiskFile, openDiskFile } from './disk-file.ts'
import { lockDisk, refuseIfWritten } from './disk-lock.ts'
import { decodeHeader, encodeHeader, isClusterSize, layoutOf, OVERLAY, type OverlayLayout } from './overlay-format.ts'
import { OverlayMap, writeEmptyMap } from './overlay-map.ts'
import { openRawDisk } from './raw.ts'
import { Slots } from './slots.ts'
import { endAll, type SyncBlock, type SyncBlockBackend } from './sync-block.ts'

const { HEADER_BYTES, UNMAPPED, ZEROS } = OVERLAY
/** A base is looked at in blocks: all of them up to this size; of a larger one so many, spread evenly. */
const DIGEST_BLOCK_BYTES = 65_536
const WHOLE_BYTES = 64 << 20
const SAMPLES = 1024

export interface OverlayOptions {
  /** Of an overlay that is made: a power of two from 512 to 65536, the default. Small ones take less room, and a larger map. */
  readonly clusterBytes?: number
}

/** What a base is known by: its size, and its contents as far as they are looked at. */
function digestOf(base: SyncBlock): Uint8Array {
  const hash = createHash('sha256').update(`${base.sizeBytes}\n`)
  const blocks = Math.ceil(base.sizeBytes / DIGEST_BLOCK_BYTES)
  const step = base.sizeBytes <= WHOLE_BYTES ? 1 : blocks / SAMPLES
  for (let n = 0; n < blocks; n += step) {
    const offset = Math.floor(n) * DIGEST_BLOCK_BYTES
    const block = new Uint8Array(Math.min(DIGEST_BLOCK_BYTES, base.sizeBytes - offset))
    base.read(offset, block)
    hash.update(block)
  }
  return new Uint8Array(hash.digest())
}

/** Makes the file of an empty overlay. */
export function initializeOverlay(file: DiskFile, base: SyncBlock, clusterBytes: number): void {
  file.write(0, encodeHeader({ diskBytes: base.sizeBytes, clusterBytes, baseDigest: digestOf(base) }))
  writeEmptyMap(file, layoutOf(base.sizeBytes, clusterBytes))
  file.sync()
}

/** Under another name first, so that it is there whole or not at all. The lock is held: nobody else makes it. */
function createOverlay(path: string, base: SyncBlock, clusterBytes: number): void {
  if (!isClusterSize(clusterBytes))
    throw new HostError('host.option', `${clusterBytes} bytes are no cluster`, 'give a power of two from 512 to 65536')
  const temporary = join(dirname(path), `.ringfold-${randomBytes(8).toString('hex')}`)
  try {
    const file = openDiskFile(temporary, 'wx+', 'overlay')
    try {
      initializeOverlay(file, base, clusterBytes)
    } finally {
      file.close()
    }
    renameSync(temporary, path)
    syncDirectory(dirname(path))
  } catch (error) {
    rmSync(temporary, { force: true })
    throw pathError(`cannot make overlay ${path}`, error)
  }
}

function openBase(path: string): SyncBlock {
  const base = openRawDisk(path, { readOnly: true })
  try {
    refuseIfWritten(path)
    return base
  } catch (error) {
    base.close()
    throw error
  }
}

/**
 * Opens an overlay over a base, and makes it where it does not exist. Nothing that is there is ever replaced. The base is a raw image, or a
 * disk that answers at once; closing the overlay closes it. Throws `HostError`: `host.path`; `host.format` for what is no overlay, is damaged, or
 * belongs to another base; `host.busy` where a machine writes the overlay or the base; `host.option`.
 */
export function openOverlay(path: string, base: string | SyncBlock, options: OverlayOptions = {}): SyncBlockBackend {
  const { clusterBytes = OVERLAY.MOST_CLUSTER_BYTES } = options
  const below = typeof base === 'string' ? openBase(base) : base
  let unlock: (() => void) | undefined
  try {
    unlock = lockDisk(path)
    if (lstatSync(path, { throwIfNoEntry: false }) === undefined) createOverlay(path, below, clusterBytes)
    return new OverlayDisk(openDiskFile(path, 'r+', 'overlay'), below, path, unlock)
  } catch (error) {
    unlock?.()
    if (typeof base === 'string') below.close()
    throw error
  }
}

export class OverlayDisk implements SyncBlockBackend {
  readonly sizeBytes: number
  readonly isReadOnly = false
  readonly #file: DiskFile
  readonly #base: SyncBlock
  readonly #layout: OverlayLayout
  readonly #map: OverlayMap
  readonly #slots: Slots
  readonly #unlock: () => void
  #isClosed = false

  /** Throws `HostError` `host.format`, having changed nothing; then the file is closed. */
  constructor(file: DiskFile, base: SyncBlock, path: string, unlock: () => void) {
    this.#file = file
    this.#base = base
    this.#unlock = unlock
    this.sizeBytes = base.sizeBytes
    try {
      this.#layout = this.#readHeader(path)
      this.#map = new OverlayMap(file, this.#layout, path)
      const dataBytes = Math.max(0, file.sizeBytes - this.#layout.dataOffset)
      this.#slots = new Slots(this.#map.entries, Math.floor(dataBytes / this.#layout.clusterBytes), path)
      this.#map.repair()
    } catch (error) {
      file.close()
      throw error
    }
  }

  #readHeader(path: string): OverlayLayout {
    const header = new Uint8Array(HEADER_BYTES)
    this.#file.read(0, header)
    const { diskBytes, clusterBytes, baseDigest } = decodeHeader(header, path)
    const isSame = diskBytes === this.sizeBytes && Buffer.compare(baseDigest, digestOf(this.#base)) === 0
    if (isSame) return layoutOf(diskBytes, clusterBytes)
    const what = `${path} belongs to another base, or its base has changed since`
    throw new HostError('host.format', what, 'give the base with which it was made, as it was')
  }

  #offsetOf(slot: number): number {
    return this.#layout.dataOffset + (slot - 1) * this.#layout.clusterBytes
  }

  read(offset: number, into: Uint8Array): void {
    const { clusterBytes } = this.#layout
    for (const { cluster, from, at, count } of pieces(clusterBytes, offset, into.length)) {
      const slot = this.#map.at(cluster)
      const part = into.subarray(at, at + count)
      if (slot === ZEROS) part.fill(0)
      else if (slot === UNMAPPED) this.#base.read(cluster * clusterBytes + from, part)
      else this.#file.read(this.#offsetOf(slot) + from, part)
    }
  }

  write(offset: number, bytes: Uint8Array): void {
    for (const { cluster, from, at, count } of pieces(this.#layout.clusterBytes, offset, bytes.length)) {
      const slot = this.#map.at(cluster)
      const part = bytes.subarray(at, at + count)
      if (slot === ZEROS || slot === UNMAPPED) this.#allocate(cluster, from, part)
      // What lies in the overlay already is written in place: each sector is then old or new.
      else this.#file.write(this.#offsetOf(slot) + from, part)
    }
  }

  #bytesOf(cluster: number): number {
    const { clusterBytes } = this.#layout
    return Math.min(clusterBytes, this.sizeBytes - cluster * clusterBytes)
  }

  /** A cluster comes into the overlay: as a whole, with the rest as it was. The map on disk follows at the next flush. */
  #allocate(cluster: number, from: number, part: Uint8Array): void {
    const { clusterBytes } = this.#layout
    const whole = new Uint8Array(clusterBytes)
    const inDisk = this.#bytesOf(cluster)
    if (part.length < inDisk) this.read(cluster * clusterBytes, whole.subarray(0, inDisk))
    whole.set(part, from)
    const slot = this.#slots.take()
    try {
      this.#file.write(this.#offsetOf(slot), whole)
    } catch (error) {
      this.#slots.giveUp(slot)
      throw error
    }
    this.#map.set(cluster, slot)
  }

  discard(offset: number, lengthBytes: number): void {
    const { clusterBytes } = this.#layout
    for (const { cluster, from, count } of pieces(clusterBytes, offset, lengthBytes)) {
      const slot = this.#map.at(cluster)
      if (slot === ZEROS) continue
      if (count < this.#bytesOf(cluster)) this.write(cluster * clusterBytes + from, new Uint8Array(count))
      else {
        this.#map.set(cluster, ZEROS)
        if (slot !== UNMAPPED) this.#slots.giveUp(slot)
      }
    }
  }

  flush(): void {
    this.#map.flush()
    this.#slots.flushed()
  }

  /** Gives back the room behind the last cluster. */
  #trim(): void {
    this.#slots.trim()
    const end = this.#offsetOf(this.#slots.count + 1)
    if (this.#file.sizeBytes > end) this.#file.truncate(end)
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    endAll(
      () => {
        this.flush()
        this.#trim()
      },
      () => this.#file.close(),
      () => this.#base.close(),
      this.#unlock,
    )
  }
}

interface Piece {
  readonly cluster: number
  /** Where in the cluster, and where in the request. */
  readonly from: number
  readonly at: number
  readonly count: number
}

function pieces(clusterBytes: number, offset: number, lengthBytes: number): Piece[] {
  const found: Piece[] = []
  for (let at = 0; at < lengthBytes; ) {
    const from = (offset + at) % clusterBytes
    const count = Math.min(clusterBytes - from, lengthBytes - at)
    found.push({ cluster: Math.floor((offset + at) / clusterBytes), from, at, count })
    at += count
  }
  return found
}
