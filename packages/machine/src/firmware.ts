/** What a PC's firmware does before it starts an operating system: tables, memory types, interrupts, PCI. */
import { FIELD, MTRR_DEF_TYPE } from '@ringfold/arch'
import {
  type AcpiPlatform,
  type AcpiTables,
  acpiTables,
  applyEntry,
  applyWrites,
  type BootPlan,
  type BootResult,
  loadBzImage,
  type MemoryMap,
  memoryMap,
} from '@ringfold/boot'
import type { Processor } from '@ringfold/cpu'
import { ACPI_PM } from '@ringfold/devices'
import type { Board } from './board/board.ts'
import { MachineError } from './errors.ts'
import { ADDRESS, GSI, IRQ, PCI_IRQ, PORT } from './memory-map.ts'
import type { BootOptions } from './options.ts'

const WRITE_BACK = 6

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
    serial: serial.slice(0, Math.max(1, Math.min(board.serial.length, serial.length))),
    rtc: { irq: IRQ.RTC },
    pit: { irq: IRQ.TIMER },
  }
}

/** The map of memory that all boot protocols tell, and the tables in it. */
export function firmwareTables(board: Board): { readonly map: MemoryMap; readonly acpi: AcpiTables } {
  const acpi = acpiTables(acpiPlatform(board), { address: ADDRESS.RSDP })
  const map = memoryMap({ ramBytes: board.memory.ramBytes, special: [acpi.range] })
  return { map, acpi }
}

/** The state in which firmware leaves every processor: memory types. */
export function prepareProcessor({ state }: Processor): void {
  state.set(FIELD.mtrrDefType, MTRR_DEF_TYPE.lo.E | MTRR_DEF_TYPE.lo.FE | WRITE_BACK, 0)
}

/** Plans what is to be booted. Throws `MachineError` `machine.boot`. */
export function planBoot(board: Board, boot: BootOptions): BootPlan {
  const { map, acpi } = firmwareTables(board)
  const plan: BootResult = loadBzImage(boot.kernel, {
    map,
    rsdpAddress: acpi.rsdpAddress,
    ...(boot.commandLine === undefined ? {} : { commandLine: boot.commandLine }),
    ...(boot.initrd === undefined ? {} : { initrd: boot.initrd }),
  })
  if (plan.kind === 'rejected') throw new MachineError('machine.boot', plan.message, plan.remedy)
  return { ...plan, writes: [...plan.writes, ...acpi.writes] }
}

/** Loads what is planned, and lets the bootstrap processor begin there. */
export function powerOn(board: Board): void {
  const { memory, group, bootPlan } = board
  for (const processor of group.processors) prepareProcessor(processor)
  if (bootPlan === null) return
  const first = group.processors[0] as Processor
  applyWrites(bootPlan.writes, memory)
  applyEntry(bootPlan.entry, first.state)
  for (const processor of group.processors) processor.stateWritten()
}
