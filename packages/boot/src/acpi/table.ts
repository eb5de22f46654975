/** System description tables: ACPI 6.5, 5.2.6 "System Description Table Header". */
import { ascii, concatenate, littleEndian } from './aml/bytes.ts'

const OEM_ID = 'RNGFLD'
const OEM_TABLE_ID = 'RINGFOLD'
const OEM_REVISION = 1
const CREATOR_ID = 'RFLD'
const CREATOR_REVISION = 1

export const HEADER_BYTES = 36
const CHECKSUM_OFFSET = 9

/** What has to be added to bytes so that they sum to zero. */
export const checksum = (bytes: Uint8Array): number =>
  (256 - (bytes.reduce((sum, byte) => sum + byte, 0) & 0xff)) & 0xff

/** Who made a table, as its header and the RSDP say it. */
export const oemId = (): number[] => ascii(OEM_ID)

/** A table with header and checksum. */
export function table(signature: string, revision: number, ...parts: (Uint8Array | readonly number[])[]): Uint8Array {
  const body = concatenate(parts)
  const bytes = concatenate([
    ...[ascii(signature), littleEndian(HEADER_BYTES + body.length, 4), [revision, 0], oemId(), ascii(OEM_TABLE_ID)],
    ...[littleEndian(OEM_REVISION, 4), ascii(CREATOR_ID), littleEndian(CREATOR_REVISION, 4)],
    body,
  ])
  bytes[CHECKSUM_OFFSET] = checksum(bytes)
  return bytes
}

/** A structure of fixed size, made of fields by offset: `[offset, size, value]`, in bytes. */
export type FieldRow = readonly [offset: number, sizeBytes: number, value: number]

export function structure(sizeBytes: number, rows: readonly FieldRow[]): Uint8Array {
  const bytes = new Uint8Array(sizeBytes)
  for (const [offset, size, value] of rows) bytes.set(littleEndian(value, size), offset)
  return bytes
}

/** Address spaces of a generic address structure (ACPI 6.5, 5.2.3.2). */
export const ADDRESS_SPACE = { MEMORY: 0, IO: 1 } as const

/** The 12 bytes of a generic address structure (ACPI 6.5, 5.2.3.2). */
export const genericAddress = (
  space: number,
  { address, widthBits, accessBytes }: { address: number; widthBits: number; accessBytes: number },
): number[] => [space, widthBits, 0, accessBytes === 0 ? 0 : Math.log2(accessBytes) + 1, ...littleEndian(address, 8)]
