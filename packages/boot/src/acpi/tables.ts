/** All tables of a platform, laid out in memory. */
import { BootError } from '../errors.ts'
import { MEMORY_TYPE_E820, type MemoryRange } from '../load/memory-map.ts'
import type { MemoryWrite } from '../load/plan.ts'
import { dsdtTerms } from './dsdt.ts'
import { fadt } from './fadt.ts'
import type { AcpiPlatform } from './platform.ts'
import { facs, hpetTable, madt, mcfg, RSDP_BYTES, rsdp, rsdt, xsdt } from './small-tables.ts'
import { table } from './table.ts'

export interface AcpiTables {
  /** Where Linux's zero page and PVH's start information point to. */
  readonly rsdpAddress: number
  readonly writes: readonly MemoryWrite[]
  /** What the map of memory must say of the place (`special` of `memoryMap`). */
  readonly range: MemoryRange
  /** Tables by signature, `RSD PTR ` among them. */
  readonly bySignature: ReadonlyMap<string, Uint8Array>
}

export interface AcpiPlacement {
  /**
   * Where the tables start, with the RSDP: a multiple of 16 within 0xe0000 to 0xfffff, if systems that are not told shall find it
   * (ACPI 6.5, 5.2.5.1). Default: 0xe0000.
   */
  readonly address?: number
  /** How many bytes they may take. Default: 64 KiB. */
  readonly sizeBytes?: number
}

const DSDT_REVISION = 2
const ALIGNMENT = 64
const PAGE_BYTES = 0x1000
const PROCESSORS_MAX = 4096

function checkOptions({ localApicIds, pci, virtioMmio = [], serial = [] }: AcpiPlatform): void {
  const wrong = (what: string, remedy: string) => new BootError('boot.acpi-option', what, remedy)
  if (localApicIds.length === 0 || localApicIds.length > PROCESSORS_MAX)
    throw wrong(`${localApicIds.length} processors`, `describe 1 to ${PROCESSORS_MAX}`)
  if (virtioMmio.length > 256) throw wrong(`${virtioMmio.length} virtio-mmio devices`, 'describe at most 256')
  if (serial.length > 9) throw wrong(`${serial.length} serial ports`, 'describe at most 9')
  if (pci && (pci.gsis.length === 0 || pci.gsis.length !== pci.irqs.length))
    throw wrong('PCI lines without interrupts', 'give as many 8259 interrupts as global system interrupts')
}

/** Puts one after the other, each aligned. */
class Layout {
  readonly writes: MemoryWrite[] = []
  readonly #base: number
  #next: number

  constructor(address: number) {
    this.#base = address
    this.#next = address
  }

  add(bytes: Uint8Array): number {
    const address = this.#next
    this.writes.push({ address, bytes })
    this.#next += Math.ceil(bytes.length / ALIGNMENT) * ALIGNMENT
    return address
  }

  get usedBytes(): number {
    return this.#next - this.#base
  }
}

const signatureOf = (bytes: Uint8Array): string => String.fromCharCode(...bytes.subarray(0, bytes[3] === 0x20 ? 8 : 4))

/**
 * The tables that describe a platform: RSDP, RSDT, XSDT, FADT (revision 6), FACS, DSDT, MADT, and HPET and MCFG where there is one.
 * Throws `BootError` `boot.acpi-option`, `boot.aml`.
 */
export function acpiTables(
  platform: AcpiPlatform,
  { address = 0xe_0000, sizeBytes = 0x1_0000 }: AcpiPlacement = {},
): AcpiTables {
  checkOptions(platform)
  if (address % ALIGNMENT !== 0)
    throw new BootError('boot.acpi-option', 'tables that are not aligned', `give a multiple of ${ALIGNMENT}`)
  const layout = new Layout(address)
  // The root pointer stands first, and is written when the others have their places.
  const root = new Uint8Array(RSDP_BYTES)
  const rsdpAddress = layout.add(root)
  const facsAddress = layout.add(facs())
  const dsdtAddress = layout.add(table('DSDT', DSDT_REVISION, dsdtTerms(platform)))
  const { hpet, pci } = platform
  const listed = [
    fadt(platform, dsdtAddress, facsAddress),
    madt(platform),
    ...(hpet ? [hpetTable(hpet)] : []),
    ...(pci ? [mcfg(pci)] : []),
  ].map((bytes) => layout.add(bytes))
  const rsdtAddress = layout.add(rsdt(listed))
  root.set(rsdp(rsdtAddress, layout.add(xsdt(listed))))
  if (layout.usedBytes > sizeBytes)
    throw new BootError('boot.acpi-option', `tables of ${layout.usedBytes} bytes do not fit`, 'give them another place')
  return {
    rsdpAddress,
    writes: layout.writes,
    // FACS is read and written by the operating system, so nothing of this may be reclaimed.
    range: { address, sizeBytes: Math.ceil(layout.usedBytes / PAGE_BYTES) * PAGE_BYTES, type: MEMORY_TYPE_E820.NVS },
    bySignature: new Map(layout.writes.map(({ bytes }) => [signatureOf(bytes), bytes])),
  }
}
