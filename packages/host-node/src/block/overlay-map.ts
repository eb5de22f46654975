/** The map of an overlay: which slot of the file holds which cluster, in memory and in its two copies on disk. */
import { HostError } from '../errors.ts'
import type { DiskFile } from './disk-file.ts'
import { decodeMapSector, encodeMapSector, isGoodMapSector, OVERLAY, type OverlayLayout } from './overlay-format.ts'

const { MAP_SECTOR_BYTES, MAP_ENTRIES } = OVERLAY

export class OverlayMap {
  readonly #file: DiskFile
  readonly #layout: OverlayLayout
  readonly #entries: Uint32Array
  /** Sectors that differ from the file's. */
  readonly #dirty = new Set<number>()
  /** Sectors of which one copy is to be made good, and from where. */
  readonly #repairs: { readonly offset: number; readonly bytes: Uint8Array }[] = []

  /** Reads it, and changes nothing. Throws `HostError` `host.format` where both copies of a sector are damaged. */
  constructor(file: DiskFile, layout: OverlayLayout, path: string) {
    this.#file = file
    this.#layout = layout
    this.#entries = new Uint32Array(layout.clusters)
    const mapBytes = layout.mapSectors * MAP_SECTOR_BYTES
    const [first, second] = [new Uint8Array(mapBytes), new Uint8Array(mapBytes)]
    file.read(layout.firstMapOffset, first)
    file.read(layout.secondMapOffset, second)
    for (let sector = 0; sector < layout.mapSectors; sector++) {
      const [from, to] = [sector * MAP_SECTOR_BYTES, (sector + 1) * MAP_SECTOR_BYTES]
      this.#readSector(sector, first.subarray(from, to), second.subarray(from, to), path)
    }
  }

  #readSector(sector: number, first: Uint8Array, second: Uint8Array, path: string): void {
    const { firstMapOffset, secondMapOffset } = this.#layout
    const at = sector * MAP_SECTOR_BYTES
    // The second is written, and on disk, before the first is touched: where the first is good it is what the last flush left.
    const isFirst = isGoodMapSector(first, sector)
    if (!isFirst && !isGoodMapSector(second, sector))
      throw new HostError(
        'host.format',
        `${path} is damaged: both copies of sector ${sector} of its map`,
        'restore it from its backup',
      )
    const good = isFirst ? first : second
    decodeMapSector(good, sector, this.#entries)
    if (Buffer.compare(first, second) !== 0)
      this.#repairs.push({ offset: (isFirst ? secondMapOffset : firstMapOffset) + at, bytes: good.slice() })
  }

  get entries(): Readonly<Uint32Array> {
    return this.#entries
  }

  at(cluster: number): number {
    return this.#entries[cluster] as number
  }

  set(cluster: number, entry: number): void {
    this.#entries[cluster] = entry
    this.#dirty.add(Math.floor(cluster / MAP_ENTRIES))
  }

  /** Makes both copies alike again, after a crash between them. To be done before anything else is written. */
  repair(): void {
    if (this.#repairs.length === 0) return
    for (const { offset, bytes } of this.#repairs) this.#file.write(offset, bytes)
    this.#file.sync()
    this.#repairs.length = 0
  }

  /** Puts it on disk, after all else that was written: the second copy, and only when that is there, the first. */
  flush(): void {
    const sectors = [...this.#dirty].map((sector) => [sector, encodeMapSector(this.#entries, sector)] as const)
    const write = (offset: number) => {
      for (const [sector, bytes] of sectors) this.#file.write(offset + sector * MAP_SECTOR_BYTES, bytes)
    }
    write(this.#layout.secondMapOffset)
    this.#file.sync()
    if (sectors.length === 0) return
    write(this.#layout.firstMapOffset)
    this.#file.sync()
    this.#dirty.clear()
  }
}

/** Writes the map of an empty overlay. */
export function writeEmptyMap(file: DiskFile, { mapSectors, firstMapOffset, secondMapOffset }: OverlayLayout): void {
  const nothing = new Uint32Array(0)
  const bytes = new Uint8Array(mapSectors * MAP_SECTOR_BYTES)
  for (let sector = 0; sector < mapSectors; sector++)
    bytes.set(encodeMapSector(nothing, sector), sector * MAP_SECTOR_BYTES)
  file.write(firstMapOffset, bytes)
  file.write(secondMapOffset, bytes)
}
