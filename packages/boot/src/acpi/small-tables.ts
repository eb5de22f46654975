/** Tables without AML: MADT, HPET, MCFG, FACS, RSDT, XSDT and RSDP. */
import { ascii, concatenate, littleEndian } from './aml/bytes.ts'
import type { InterruptKind } from './aml/index.ts'
import type { AcpiPlatform, HpetDescription, PciDescription, SourceOverride } from './platform.ts'
import { ADDRESS_SPACE, checksum, genericAddress, oemId, structure, table } from './table.ts'

/** Interrupt controller structures (ACPI 6.5, 5.2.12). */
const MADT_TYPE = { LOCAL_APIC: 0, IO_APIC: 1, OVERRIDE: 2, LOCAL_NMI: 4, X2APIC: 9, X2APIC_NMI: 10 } as const
const MADT_REVISION = 5
/** There is an 8259 pair besides. */
const PCAT_COMPAT = 1
const ENABLED = 1
const ALL_PROCESSORS = 0xff
const ALL_PROCESSORS_X2APIC = 0xffff_ffff
const LINT1 = 1
/** xAPIC ids end at 254: 255 is the broadcast. */
const LAST_XAPIC_ID = 254
const ISA_BUS = 0

const entry = (type: number, ...fields: number[][]): number[] => {
  const body = fields.flat()
  return [type, body.length + 2, ...body]
}

/** MPS INTI flags (ACPI 6.5, 5.2.12.5). */
const intiFlags = ({ trigger, polarity }: InterruptKind): number =>
  (polarity === 'high' ? 1 : 3) | (trigger === 'edge' ? 1 << 2 : 3 << 2)

/** ACPI 6.5, 5.2.12.2 and 5.2.12.12: processors in the form that holds their ids. */
const processorEntry = (id: number, uid: number): number[] =>
  id <= LAST_XAPIC_ID && uid < ALL_PROCESSORS
    ? entry(MADT_TYPE.LOCAL_APIC, [uid, id], littleEndian(ENABLED, 4))
    : entry(MADT_TYPE.X2APIC, [0, 0], ...[id, ENABLED, uid].map((field) => littleEndian(field, 4)))

const overrideEntry = (override: SourceOverride): number[] =>
  entry(
    MADT_TYPE.OVERRIDE,
    [ISA_BUS, override.irq],
    littleEndian(override.gsi, 4),
    littleEndian(intiFlags(override), 2),
  )

/** ACPI 6.5, 5.2.12: processors, I/O APICs, overrides, and NMI at LINT1 of every processor. */
export function madt({ localApicIds, localApicAddress, ioApics, overrides }: AcpiPlatform): Uint8Array {
  const processors = localApicIds.map(processorEntry)
  const nmi = [entry(MADT_TYPE.LOCAL_NMI, [ALL_PROCESSORS, 0, 0, LINT1])]
  if (processors.some(([type]) => type === MADT_TYPE.X2APIC))
    nmi.push(entry(MADT_TYPE.X2APIC_NMI, [0, 0], littleEndian(ALL_PROCESSORS_X2APIC, 4), [LINT1, 0, 0, 0]))
  return table(
    'APIC',
    MADT_REVISION,
    littleEndian(localApicAddress, 4),
    littleEndian(PCAT_COMPAT, 4),
    ...processors,
    ...ioApics.map(({ id, address, gsiBase }) =>
      entry(MADT_TYPE.IO_APIC, [id, 0], littleEndian(address, 4), littleEndian(gsiBase, 4)),
    ),
    ...overrides.map(overrideEntry),
    ...nmi,
  )
}

/** IA-PC HPET 1.0a, 3.2.4. */
export function hpetTable({ address, blockId, minimumTick = 0 }: HpetDescription): Uint8Array {
  const place = genericAddress(ADDRESS_SPACE.MEMORY, { address, widthBits: 64, accessBytes: 0 })
  return table('HPET', 1, littleEndian(blockId, 4), place, [0], littleEndian(minimumTick, 2), [0])
}

/** PCI Firmware Specification 3.3, 4.1.2: segment 0 from bus 0 on. */
export function mcfg({ ecam }: PciDescription): Uint8Array {
  const reserved = new Uint8Array(8)
  return table('MCFG', 1, reserved, littleEndian(ecam.address, 8), [0, 0, 0, ecam.buses - 1], [0, 0, 0, 0])
}

const FACS_BYTES = 64
const FACS_VERSION = 2

/** ACPI 6.5, 5.2.10: it has no header, no checksum, and must be aligned to 64 bytes. */
export function facs(): Uint8Array {
  const bytes = structure(FACS_BYTES, [
    [4, 4, FACS_BYTES],
    [32, 1, FACS_VERSION],
  ])
  bytes.set(ascii('FACS'))
  return bytes
}

/** ACPI 6.5, 5.2.7 and 5.2.8: the same addresses in 4 and in 8 bytes. */
export const rsdt = (addresses: readonly number[]): Uint8Array =>
  table('RSDT', 1, ...addresses.map((address) => littleEndian(address, 4)))
export const xsdt = (addresses: readonly number[]): Uint8Array =>
  table('XSDT', 1, ...addresses.map((address) => littleEndian(address, 8)))

export const RSDP_BYTES = 36
const RSDP_BYTES_1_0 = 20
const RSDP_REVISION = 2
const RSDP = { CHECKSUM: 8, EXTENDED_CHECKSUM: 32 } as const

/** ACPI 6.5, 5.2.5.3: two checksums, one of the part that ACPI 1.0 knows. */
export function rsdp(rsdtAddress: number, xsdtAddress: number): Uint8Array {
  const bytes = concatenate([
    ...[ascii('RSD PTR '), [0], oemId(), [RSDP_REVISION], littleEndian(rsdtAddress, 4)],
    ...[littleEndian(RSDP_BYTES, 4), littleEndian(xsdtAddress, 8), [0, 0, 0, 0]],
  ])
  bytes[RSDP.CHECKSUM] = checksum(bytes.subarray(0, RSDP_BYTES_1_0))
  bytes[RSDP.EXTENDED_CHECKSUM] = checksum(bytes)
  return bytes
}
