/** The differentiated system description table: the devices of the machine in AML (ACPI 6.5, chapters 5 and 6). */
import * as aml from './aml/index.ts'
import { ecamReservation, hostBridge } from './dsdt-pci.ts'
import type { AcpiPlatform } from './platform.ts'

/** Fixed places of a PC. */
const PORT = { PIT: 0x40, KEYBOARD_DATA: 0x60, KEYBOARD_COMMAND: 0x64, RTC: 0x70 } as const
const HPET_BYTES = 0x400
const FW_CFG_PORTS = 12
const LEVEL_HIGH: aml.InterruptKind = { trigger: 'level', polarity: 'high' }
/** `_STA`: present, enabled and working, but nothing to show to a user (ACPI 6.5, 6.3.7). */
const HIDDEN = 0x0b
const SHOWN = 0x0f

interface DeviceDescription {
  readonly hid: aml.AmlValue
  readonly uid?: number
  readonly status?: number
  readonly resources: readonly aml.ResourceDescriptor[]
}

const device = (path: string, { hid, uid = 0, status = SHOWN, resources }: DeviceDescription): aml.AmlStatement =>
  aml.device(path, [
    aml.name('_HID', hid),
    aml.name('_UID', aml.integer(uid)),
    aml.name('_STA', aml.integer(status)),
    aml.name('_CRS', aml.resourceTemplate(resources)),
  ])

const pnp = aml.eisaId

/** Processor devices (ACPI 6.5, 8.4): `_UID` is the one of the MADT. */
const processors = ({ localApicIds }: AcpiPlatform): aml.AmlStatement[] =>
  localApicIds.map((_, uid) =>
    aml.device(`C${uid.toString(16).toUpperCase().padStart(3, '0')}`, [
      aml.name('_HID', aml.string('ACPI0007')),
      aml.name('_UID', aml.integer(uid)),
    ]),
  )

const serialPorts = ({ serial = [] }: AcpiPlatform): aml.AmlStatement[] =>
  serial.map(({ port, irq }, index) =>
    device(`COM${index + 1}`, {
      hid: pnp('PNP0501'),
      uid: index + 1,
      resources: [aml.io(port, 8), aml.irq(irq)],
    }),
  )

function keyboard({ keyboard: present }: AcpiPlatform): aml.AmlStatement[] {
  if (present === undefined) return []
  const ports = [aml.io(PORT.KEYBOARD_DATA, 1), aml.io(PORT.KEYBOARD_COMMAND, 1)]
  const keys = device('KBD', { hid: pnp('PNP0303'), resources: [...ports, aml.irq(present.irq)] })
  if (present.mouseIrq === undefined) return [keys]
  return [keys, device('MOU', { hid: pnp('PNP0F13'), resources: [aml.irq(present.mouseIrq)] })]
}

function timers({ rtc, pit, hpet }: AcpiPlatform): aml.AmlStatement[] {
  const terms: aml.AmlStatement[] = []
  if (rtc) terms.push(device('RTC', { hid: pnp('PNP0B00'), resources: [aml.io(PORT.RTC, 2), aml.irq(rtc.irq)] }))
  if (pit) terms.push(device('PIT', { hid: pnp('PNP0100'), resources: [aml.io(PORT.PIT, 4), aml.irq(pit.irq)] }))
  if (hpet)
    terms.push(device('HPET', { hid: pnp('PNP0103'), resources: [aml.memory32Fixed(hpet.address, HPET_BYTES)] }))
  return terms
}

/** Devices that only virtual machines have: QEMU, docs/specs/pvpanic.rst and fw_cfg.rst. */
function paravirtual({ pvpanicPort, fwCfgPort, virtioMmio = [] }: AcpiPlatform): aml.AmlStatement[] {
  const terms: aml.AmlStatement[] = []
  if (pvpanicPort !== undefined)
    terms.push(device('PEVT', { hid: aml.string('QEMU0001'), resources: [aml.io(pvpanicPort, 1)] }))
  if (fwCfgPort !== undefined)
    terms.push(
      device('FWCF', {
        hid: aml.string('QEMU0002'),
        status: HIDDEN,
        resources: [aml.io(fwCfgPort, FW_CFG_PORTS)],
      }),
    )
  const transports = virtioMmio.map(({ address, sizeBytes, gsi }, uid) =>
    device(`VR${uid.toString(16).toUpperCase().padStart(2, '0')}`, {
      hid: aml.string('LNRO0005'),
      uid,
      resources: [aml.memory32Fixed(address, sizeBytes), aml.interrupt(gsi, LEVEL_HIGH)],
    }),
  )
  return [...terms, ...transports]
}

/** The terms of the DSDT, without the table's header. */
export function dsdtTerms(platform: AcpiPlatform): Uint8Array {
  const { pci, pm } = platform
  const s5 = [pm.s5SleepType, pm.s5SleepType, 0, 0].map(aml.integer)
  return aml.block([
    aml.name('PICF', aml.integer(0)),
    // The operating system says which interrupt controllers it uses: 0 for the 8259 pair, 1 for APICs (ACPI 6.5, 5.8.1).
    aml.method('_PIC', { args: 1 }, [aml.store(aml.arg(0), aml.reference('PICF'))]),
    aml.name('\\_S5', aml.packageOf(s5)),
    aml.scope('\\_SB', [
      ...processors(platform),
      ...(pci ? [ecamReservation(pci), hostBridge(pci)] : []),
      ...serialPorts(platform),
      ...keyboard(platform),
      ...timers(platform),
      ...paravirtual(platform),
    ]),
  ])
}
