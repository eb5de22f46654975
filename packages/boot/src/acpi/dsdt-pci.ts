/** The PCI host bridge in the DSDT: ACPI 6.5, chapter 6; PCI Firmware Specification 3.3, chapter 4. */
import * as aml from './aml/index.ts'
import type { PciDescription } from './platform.ts'

/** "PCI Host Bridge Device" of `_OSC` (PCI Firmware 3.3, 4.5.1). */
const HOST_BRIDGE_UUID = '33db4d5b-1ff7-401c-9657-7441c03dd766'
/** Bits of the first doubleword that `_OSC` returns (ACPI 6.5, 6.2.11). */
const OSC_UNRECOGNIZED_UUID = 4
const OSC_UNRECOGNIZED_REVISION = 8

const DEVICES = 32
const PINS = 4
const CONFIG_PORTS = { port: 0xcf8, sizeBytes: 8 } as const

/** `_PRT` of bus 0 (ACPI 6.5, 6.2.13): a source of zero means that the fourth element is a global system interrupt. */
function routing({ line, gsis }: PciDescription, interrupts: readonly number[]): aml.AmlValue {
  const lineOf = line ?? ((device, pin) => (device + pin) % gsis.length)
  const rows = Array.from({ length: DEVICES * PINS }, (_, index) => {
    const device = Math.floor(index / PINS)
    const pin = index % PINS
    const interrupt = interrupts[lineOf(device, pin)] ?? 0
    return aml.packageOf([device * 0x1_0000 + 0xffff, pin, 0, interrupt].map(aml.integer))
  })
  return aml.packageOf(rows)
}

function windows({ ecam, io, memory, memory64 = [] }: PciDescription): aml.AmlValue {
  return aml.resourceTemplate([
    aml.wordBusNumber({ first: 0, last: ecam.buses - 1 }),
    aml.io(CONFIG_PORTS.port, CONFIG_PORTS.sizeBytes),
    ...io.map(aml.wordIo),
    ...memory.map(aml.dwordMemory),
    ...memory64.map(aml.qwordMemory),
  ])
}

/** `_OSC` (ACPI 6.5, 6.2.11): there is no firmware to keep a feature for itself, so the operating system gets what it asks for. */
function operatingSystemCapabilities(): aml.AmlStatement {
  const [uuid, revision, capabilities] = [aml.arg(0), aml.arg(1), aml.arg(3)]
  const status = aml.reference('CDW1')
  const flag = (bit: number) => aml.evaluated(aml.or(status, aml.integer(bit), status))
  return aml.method('_OSC', { args: 4, serialized: true }, [
    aml.createDwordField(capabilities, 0, 'CDW1'),
    aml.when(
      aml.equal(uuid, aml.uuid(HOST_BRIDGE_UUID)),
      [aml.when(aml.not(aml.equal(revision, aml.integer(1))), [flag(OSC_UNRECOGNIZED_REVISION)])],
      [flag(OSC_UNRECOGNIZED_UUID)],
    ),
    aml.returned(capabilities),
  ])
}

/** `\_SB.PCI0`. `\PICF` says which interrupt model `\_PIC` was told. */
export function hostBridge(pci: PciDescription): aml.AmlStatement {
  return aml.device('PCI0', [
    aml.name('_HID', aml.eisaId('PNP0A08')),
    aml.name('_CID', aml.eisaId('PNP0A03')),
    aml.name('_UID', aml.integer(0)),
    aml.name('_SEG', aml.integer(0)),
    aml.name('_BBN', aml.integer(0)),
    aml.name('_CRS', windows(pci)),
    aml.name('PRTP', routing(pci, pci.irqs)),
    aml.name('PRTA', routing(pci, pci.gsis)),
    aml.method('_PRT', {}, [
      aml.when(aml.reference('\\PICF'), [aml.returned(aml.reference('PRTA'))]),
      aml.returned(aml.reference('PRTP')),
    ]),
    operatingSystemCapabilities(),
  ])
}

/** The configuration space in memory is nobody's to use (PCI Firmware 3.3, 4.1.2). */
export function ecamReservation({ ecam }: PciDescription): aml.AmlStatement {
  return aml.device('ECAM', [
    aml.name('_HID', aml.eisaId('PNP0C02')),
    aml.name('_UID', aml.integer(0)),
    aml.name('_CRS', aml.resourceTemplate([aml.memory32Fixed(ecam.address, ecam.buses * 2 ** 20)])),
  ])
}
