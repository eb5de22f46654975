/** What a PC's firmware does before it starts an operating system: tables, memory types, interrupts, PCI. */
import {
  type AcpiPlatform,
  type AcpiTables,
  acpiTables,
  applyEntry,
  applyMemoryTypes,
  applyWrites,
  type BootPlan,
  type BootResult,
  biosWrites,
  loadBzImage,
  loadElfKernel,
  loadMultiboot,
  MEMORY_TYPE_E820,
  type MemoryMap,
  memoryMap,
  pvhEntry,
  readElf,
  readMultibootHeader,
} from '@ringfold/boot'
import type { Processor } from '@ringfold/cpu'
import { ACPI_PM, HPET_BLOCK_ID, PVPANIC_PORT, pirqOf } from '@ringfold/devices'
import type { Board } from './board/board.ts'
import { assignPci } from './board/pci.ts'
import { MachineError } from './errors.ts'
import { ADDRESS, GSI, IRQ, PCI_IRQ, PCI_WINDOWS, PORT } from './memory-map.ts'
import type { BootOptions } from './options.ts'

/** What the ACPI tables say of a board. */
export function acpiPlatform(board: Board): AcpiPlatform {
  const serial = [
    { port: PORT.COM1, irq: IRQ.COM1 },
    { port: PORT.COM2, irq: IRQ.COM2 },
  ]
  return {
    localApicIds: board.group.processors.map((_, id) => id),
    localApicAddress: ADDRESS.LOCAL_APIC,
    ioApics: [{ id: board.group.processors.length, address: ADDRESS.IO_APIC, gsiBase: 0 }],
    overrides: [
      { irq: IRQ.TIMER, gsi: GSI.TIMER, trigger: 'edge', polarity: 'high' },
      { irq: IRQ.SCI, gsi: IRQ.SCI, trigger: 'level', polarity: 'high' },
      ...[...new Set(PCI_IRQ)].map((irq) => ({ irq, gsi: irq, trigger: 'level', polarity: 'high' }) as const),
    ],
    pm: {
      ...{ eventPort: ACPI_PM.EVENT_PORT, controlPort: ACPI_PM.CONTROL_PORT, timerPort: ACPI_PM.TIMER_PORT },
      timerBits: 32,
      gpe0: { port: ACPI_PM.GPE0_PORT, sizeBytes: ACPI_PM.GPE0_BYTES },
      smiCommand: { port: ACPI_PM.SMI_COMMAND_PORT, enable: ACPI_PM.ENABLE, disable: ACPI_PM.DISABLE },
      sciIrq: ACPI_PM.SCI_IRQ,
      s5SleepType: ACPI_PM.S5_TYPE,
      reset: { port: ACPI_PM.RESET_PORT, value: ACPI_PM.RESET_VALUE },
    },
    pci: {
      ecam: { address: ADDRESS.ECAM, buses: ADDRESS.ECAM_BUSES },
      io: PCI_WINDOWS.io,
      memory: PCI_WINDOWS.memory,
      gsis: GSI.PCI,
      irqs: PCI_IRQ,
      line: pirqOf,
    },
    serial: serial.slice(0, Math.max(1, Math.min(board.serial.length, serial.length))),
    keyboard: { irq: IRQ.KEYBOARD, mouseIrq: IRQ.MOUSE },
    hpet: { address: ADDRESS.HPET, blockId: HPET_BLOCK_ID },
    virtioMmio: board.virtioMmio,
    pvpanicPort: PVPANIC_PORT,
    fwCfgPort: PORT.FW_CFG,
    rtc: { irq: IRQ.RTC },
    pit: { irq: IRQ.TIMER },
  }
}

const ECAM_RANGE = {
  address: ADDRESS.ECAM,
  sizeBytes: ADDRESS.ECAM_BUSES << 20,
  type: MEMORY_TYPE_E820.RESERVED,
}

/** The map of memory that all boot protocols tell, and the tables in it. */
export function firmwareTables(board: Board): { readonly map: MemoryMap; readonly acpi: AcpiTables } {
  const acpi = acpiTables(acpiPlatform(board), { address: ADDRESS.RSDP })
  const map = memoryMap({ ramBytes: board.memory.ramBytes, special: [acpi.range, ECAM_RANGE] })
  return { map, acpi }
}

/** Plans what is to be booted. Throws `MachineError` `machine.boot`. */
export function planBoot(board: Board, boot: BootOptions): BootPlan {
  const { map, acpi } = firmwareTables(board)
  const plan = planKernel(boot, map, acpi.rsdpAddress)
  if (plan.kind === 'rejected') throw new MachineError('machine.boot', plan.message, plan.remedy)
  // What the BIOS left goes first: a kernel may be loaded over it.
  return { ...plan, writes: [...biosWrites(map), ...plan.writes, ...acpi.writes] }
}

function planKernel(boot: BootOptions, map: MemoryMap, rsdpAddress: number): BootResult {
  const { kernel, name = 'kernel', commandLine = '', initrd, modules = [] } = boot
  const entry = boot.entry ?? entryOf(kernel)
  const initial = initrd === undefined ? [] : [{ bytes: initrd, text: '' }]
  const all = [...initial, ...modules]
  switch (entry) {
    case 'multiboot': {
      const loaded = all.map(({ bytes, text }) => ({ contents: bytes, commandLine: text }))
      return loadMultiboot(kernel, { map, commandLine: `${name} ${commandLine}`.trimEnd(), modules: loaded })
    }
    case 'pvh':
    case 'elf': {
      const loaded = all.map(({ bytes, text }) => ({ contents: bytes, commandLine: text }))
      const protocol = entry === 'pvh' ? 'pvh' : 'plain'
      return loadElfKernel(kernel, { map, commandLine, modules: loaded, rsdpAddress, protocol })
    }
    default: {
      const bits = entry === 'linux32' ? 32 : entry === 'linux64' ? 64 : undefined
      return loadBzImage(kernel, {
        ...{ map, commandLine, rsdpAddress },
        ...(initrd === undefined ? {} : { initrd }),
        ...(bits === undefined ? {} : { entry: bits }),
      })
    }
  }
}

/** What a file is made for: its own magic numbers tell. What is nothing of all is refused as a bzImage. */
function entryOf(kernel: Uint8Array): BootOptions['entry'] {
  const file = readElf(kernel)
  if (file.kind === 'elf' && pvhEntry(file) !== undefined) return 'pvh'
  if (readMultibootHeader(kernel).kind !== 'rejected') return 'multiboot'
  return file.kind === 'elf' ? 'elf' : undefined
}

/** Loads what is planned, and lets the bootstrap processor begin there. */
export function powerOn(board: Board): void {
  const { memory, group, bootPlan } = board
  for (const { state, model } of group.processors) applyMemoryTypes(state, model)
  assignPci(board.pci)
  if (bootPlan === null) return
  const first = group.processors[0] as Processor
  applyWrites(bootPlan.writes, memory)
  applyEntry(bootPlan.entry, first.state)
  for (const processor of group.processors) processor.stateWritten()
}
