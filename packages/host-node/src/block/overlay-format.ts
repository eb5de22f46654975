/** The file of an overlay: see docs/formats/overlay.md. Little-endian. */
import { crc32 } from 'node:zlib'
import { HostError } from '../errors.ts'

export const OVERLAY = {
  MAGIC: 'RINGFOVL',
  VERSION: 1,
  HEADER_BYTES: 4096,
  LEAST_CLUSTER_BYTES: 512,
  MOST_CLUSTER_BYTES: 65_536,
  /** A sector of the map: entries, then their check. */
  MAP_SECTOR_BYTES: 512,
  MAP_ENTRIES: 126,
  /** The copies of the map lie so that no sector of a disk below, of 512 or 4096 bytes, has parts of both. */
  ALIGN_BYTES: 4096,
  /** Entries: a slot number, or one of these. */
  UNMAPPED: 0,
  ZEROS: 0xffff_ffff,
} as const

const FIELD = { version: 8, clusterBytes: 12, diskBytes: 16, baseDigest: 24, check: OVERLAY.HEADER_BYTES - 4 } as const
const DIGEST_BYTES = 32
const MAP_CHECK_AT = OVERLAY.MAP_ENTRIES * 4

export interface OverlayHeader {
  readonly diskBytes: number
  readonly clusterBytes: number
  /** SHA-256 of what the base is known by. */
  readonly baseDigest: Uint8Array
}

export function encodeHeader({ diskBytes, clusterBytes, baseDigest }: OverlayHeader): Uint8Array {
  const bytes = new Uint8Array(OVERLAY.HEADER_BYTES)
  const view = new DataView(bytes.buffer)
  bytes.set(new TextEncoder().encode(OVERLAY.MAGIC))
  view.setUint32(FIELD.version, OVERLAY.VERSION, true)
  view.setUint32(FIELD.clusterBytes, clusterBytes, true)
  view.setBigUint64(FIELD.diskBytes, BigInt(diskBytes), true)
  bytes.set(baseDigest, FIELD.baseDigest)
  view.setUint32(FIELD.check, crc32(bytes.subarray(0, FIELD.check)), true)
  return bytes
}

/** Throws `HostError` `host.format` with the reason. */
export function decodeHeader(bytes: Uint8Array, path: string): OverlayHeader {
  const refuse = (reason: string, remedy: string) => new HostError('host.format', `${path} ${reason}`, remedy)
  if (new TextDecoder('latin1').decode(bytes.subarray(0, FIELD.version)) !== OVERLAY.MAGIC)
    throw refuse('is no overlay', 'give an overlay, or a name that does not exist yet')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  if (view.getUint32(FIELD.check, true) !== crc32(bytes.subarray(0, FIELD.check)))
    throw refuse('is damaged: the sum of its header is wrong', 'restore it from its backup')
  const version = view.getUint32(FIELD.version, true)
  const clusterBytes = view.getUint32(FIELD.clusterBytes, true)
  if (version !== OVERLAY.VERSION || !isClusterSize(clusterBytes))
    throw refuse(
      `is an overlay of version ${version} with clusters of ${clusterBytes} bytes`,
      'use the release that made it',
    )
  return {
    diskBytes: Number(view.getBigUint64(FIELD.diskBytes, true)),
    clusterBytes,
    baseDigest: bytes.slice(FIELD.baseDigest, FIELD.baseDigest + DIGEST_BYTES),
  }
}

/** A power of two within the limits. */
export function isClusterSize(bytes: number): boolean {
  const { LEAST_CLUSTER_BYTES, MOST_CLUSTER_BYTES } = OVERLAY
  return bytes >= LEAST_CLUSTER_BYTES && bytes <= MOST_CLUSTER_BYTES && (bytes & (bytes - 1)) === 0
}

export interface OverlayLayout {
  readonly clusterBytes: number
  readonly clusters: number
  readonly mapSectors: number
  /** Where the two copies of the map lie. The first is in force where its sum is right. */
  readonly firstMapOffset: number
  readonly secondMapOffset: number
  /** Where slot 1 lies; there is no slot 0. */
  readonly dataOffset: number
}

const aligned = (offset: number, to: number): number => Math.ceil(offset / to) * to

export function layoutOf(diskBytes: number, clusterBytes: number): OverlayLayout {
  const clusters = Math.ceil(diskBytes / clusterBytes)
  const mapSectors = Math.ceil(clusters / OVERLAY.MAP_ENTRIES)
  const mapBytes = aligned(mapSectors * OVERLAY.MAP_SECTOR_BYTES, OVERLAY.ALIGN_BYTES)
  const firstMapOffset = OVERLAY.HEADER_BYTES
  const secondMapOffset = firstMapOffset + mapBytes
  const dataOffset = aligned(secondMapOffset + mapBytes, Math.max(clusterBytes, OVERLAY.ALIGN_BYTES))
  return { clusterBytes, clusters, mapSectors, firstMapOffset, secondMapOffset, dataOffset }
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

/** Whether a sector of the map is whole, and lies where it belongs. */
export function isGoodMapSector(bytes: Uint8Array, sector: number): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const check = view.getUint32(MAP_CHECK_AT, true)
  return check === crc32(bytes.subarray(0, MAP_CHECK_AT)) && view.getUint32(MAP_CHECK_AT + 4, true) === sector
}

/** Puts the entries of a sector into the map. */
export function decodeMapSector(bytes: Uint8Array, sector: number, map: Uint32Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const first = sector * OVERLAY.MAP_ENTRIES
  const count = Math.min(OVERLAY.MAP_ENTRIES, map.length - first)
  for (let n = 0; n < count; n++) map[first + n] = view.getUint32(4 * n, true)
}
