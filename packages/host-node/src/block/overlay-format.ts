/** The file of an overlay: see docs/formats/overlay.md. Little-endian. */
import { crc32 } from 'node:zlib'
import { HostError } from '../errors.ts'

export const OVERLAY = {
  MAGIC: 'RFOVLAY1',
  VERSION: 1,
  HEADER_BYTES: 4096,
  CLUSTER_BYTES: 65_536,
  /** A sector of the map: entries, then their check. */
  MAP_SECTOR_BYTES: 512,
  MAP_ENTRIES: 126,
  /** Entries: a slot number, or one of these. */
  UNMAPPED: 0,
  ZEROS: 0xffff_ffff,
} as const

const FIELD = { version: 8, clusterBytes: 12, diskBytes: 16, baseDigest: 24, check: OVERLAY.HEADER_BYTES - 4 } as const
const DIGEST_BYTES = 32
const MAP_CHECK_AT = OVERLAY.MAP_ENTRIES * 4

export interface OverlayHeader {
  readonly diskBytes: number
  /** SHA-256 of what the base is known by. */
  readonly baseDigest: Uint8Array
}

export function encodeHeader({ diskBytes, baseDigest }: OverlayHeader): Uint8Array {
  const bytes = new Uint8Array(OVERLAY.HEADER_BYTES)
  const view = new DataView(bytes.buffer)
  bytes.set(new TextEncoder().encode(OVERLAY.MAGIC))
  view.setUint32(FIELD.version, OVERLAY.VERSION, true)
  view.setUint32(FIELD.clusterBytes, OVERLAY.CLUSTER_BYTES, true)
  view.setBigUint64(FIELD.diskBytes, BigInt(diskBytes), true)
  bytes.set(baseDigest, FIELD.baseDigest)
  view.setUint32(FIELD.check, crc32(bytes.subarray(0, FIELD.check)), true)
  return bytes
}

/** Throws `HostError` `host.format` with the reason. */
export function decodeHeader(bytes: Uint8Array, path: string): OverlayHeader {
  const refuse = (reason: string, remedy: string) => new HostError('host.format', `${path} ${reason}`, remedy)
  if (new TextDecoder('latin1').decode(bytes.subarray(0, 8)) !== OVERLAY.MAGIC)
    throw refuse('is no overlay', 'give an overlay, or a name that does not exist yet')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  if (view.getUint32(FIELD.check, true) !== crc32(bytes.subarray(0, FIELD.check)))
    throw refuse('is damaged: the sum of its header is wrong', 'restore it from its backup')
  const version = view.getUint32(FIELD.version, true)
  if (version !== OVERLAY.VERSION || view.getUint32(FIELD.clusterBytes, true) !== OVERLAY.CLUSTER_BYTES)
    throw refuse(`is an overlay of version ${version}`, 'use the release that wrote it')
  return {
    diskBytes: Number(view.getBigUint64(FIELD.diskBytes, true)),
    baseDigest: bytes.slice(FIELD.baseDigest, FIELD.baseDigest + DIGEST_BYTES),
  }
}

export interface OverlayLayout {
  readonly clusters: number
  readonly mapSectors: number
  /** Where slot 1 lies; there is no slot 0. */
  readonly dataOffset: number
}

export function layoutOf(diskBytes: number): OverlayLayout {
  const clusters = Math.ceil(diskBytes / OVERLAY.CLUSTER_BYTES)
  const mapSectors = Math.ceil(clusters / OVERLAY.MAP_ENTRIES)
  const mapEnd = OVERLAY.HEADER_BYTES + mapSectors * OVERLAY.MAP_SECTOR_BYTES
  return { clusters, mapSectors, dataOffset: Math.ceil(mapEnd / OVERLAY.CLUSTER_BYTES) * OVERLAY.CLUSTER_BYTES }
}

/** One sector of the map. */
export function encodeMapSector(map: Uint32Array, sector: number): Uint8Array {
  const bytes = new Uint8Array(OVERLAY.MAP_SECTOR_BYTES)
  const view = new DataView(bytes.buffer)
  for (let n = 0; n < OVERLAY.MAP_ENTRIES; n++)
    view.setUint32(4 * n, map[sector * OVERLAY.MAP_ENTRIES + n] ?? OVERLAY.UNMAPPED, true)
  view.setUint32(MAP_CHECK_AT, crc32(bytes.subarray(0, MAP_CHECK_AT)), true)
  view.setUint32(MAP_CHECK_AT + 4, sector, true)
  return bytes
}

/** The map out of its sectors. Throws `HostError` `host.format` for a sector that is damaged. */
export function decodeMap(bytes: Uint8Array, { clusters, mapSectors }: OverlayLayout, path: string): Uint32Array {
  const map = new Uint32Array(mapSectors * OVERLAY.MAP_ENTRIES)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  for (let sector = 0; sector < mapSectors; sector++) {
    const at = sector * OVERLAY.MAP_SECTOR_BYTES
    const isGood = view.getUint32(at + MAP_CHECK_AT, true) === crc32(bytes.subarray(at, at + MAP_CHECK_AT))
    if (!isGood || view.getUint32(at + MAP_CHECK_AT + 4, true) !== sector)
      throw new HostError(
        'host.format',
        `${path} is damaged: sector ${sector} of its map`,
        'restore it from its backup',
      )
    for (let n = 0; n < OVERLAY.MAP_ENTRIES; n++)
      map[sector * OVERLAY.MAP_ENTRIES + n] = view.getUint32(at + 4 * n, true)
  }
  return map.subarray(0, clusters)
}
