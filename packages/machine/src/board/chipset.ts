/** The devices that every machine has, and their wires. */

import type { IoDevice, IrqLine } from '@ringfold/contracts'
import {
  ACPI_PM,
  AcpiPm,
  DEBUG_CONSOLE_PORT,
  debugConsole,
  FW_CFG_PORTS,
  FwCfg,
  fastA20,
  HPET_BYTES,
  Hpet,
  I8042,
  IoApic,
  isaDebugExit,
  Pic8259Pair,
  Pit8254,
  PVPANIC,
  PVPANIC_PORT,
  pvpanic,
  RtcCmos,
  Uart16550A,
} from '@ringfold/devices'
import type { Inputs } from '../inputs.ts'
import { ADDRESS, GSI, IRQ, PCI_IRQ, PORT } from '../memory-map.ts'
import type { MachineOptions } from '../options.ts'
import { SerialPort } from '../serial-port.ts'
import type { Board } from './board.ts'
import { FanOut, GatedLine, WiredOr } from './interrupts.ts'
import type { Processors } from './processors.ts'

/** Default time of the real-time clock at power-on: 2026-01-01. */
const DEFAULT_EPOCH = Date.UTC(2026, 0, 1) / 1000
const ISA_LINES = 16
const SERIAL_LINES = [
  { port: PORT.COM1, irq: IRQ.COM1 },
  { port: PORT.COM2, irq: IRQ.COM2 },
  { port: PORT.COM3, irq: IRQ.COM1 },
  { port: PORT.COM4, irq: IRQ.COM2 },
] as const

export function makePic(lint0: () => IrqLine | undefined): Pic8259Pair {
  return new Pic8259Pair({ output: { set: (level) => lint0()?.set(level) } })
}

/** Interrupt controllers: the wires of the global system interrupts. */
export function addInterruptControllers(board: Board, pic: Pic8259Pair, { bus, apicPage, apics }: Processors): void {
  const ioApic = new IoApic({ id: apics.length, target: bus, pins: GSI.COUNT })
  bus.addListener(ioApic)
  board.addPorts(PORT.PIC_MASTER, 2, pic.master, 1)
  board.addPorts(PORT.PIC_SLAVE, 2, pic.slave, 1)
  board.addPorts(PORT.PIC_EDGE_LEVEL, 2, pic.elcr, 1)
  board.addMmio(ADDRESS.IO_APIC, 0x1000, ioApic.mmio)
  board.addMmio(ADDRESS.LOCAL_APIC, 0x1000, apicPage)
  board.addDevice('pic', pic)
  board.addDevice('ioapic', ioApic)
  for (const apic of apics) board.addDevice(`apic${apic.initialId}`, apic)
  board.messages = bus
  const pci = pciLines(board, pic)
  board.setLines(
    Array.from({ length: GSI.COUNT }, (_, gsi) => {
      if (gsi === IRQ.TIMER) return new FanOut([pic.line(IRQ.TIMER), ioApic.line(GSI.TIMER)])
      if (gsi < ISA_LINES && gsi !== GSI.TIMER) return new FanOut([pic.line(gsi), ioApic.line(gsi)])
      const legacy = pci.get(gsi)
      return legacy === undefined ? ioApic.line(gsi) : new FanOut([ioApic.line(gsi), legacy])
    }),
  )
}

/** Where the PCI lines arrive at the 8259 pair, by their global system interrupts: several share an input. */
function pciLines(board: Board, pic: Pic8259Pair): ReadonlyMap<number, IrqLine> {
  const lines = new Map<number, IrqLine>()
  for (const irq of new Set<number>(PCI_IRQ)) {
    const sharing = GSI.PCI.filter((_, n) => PCI_IRQ[n] === irq)
    const wires = new WiredOr(pic.line(irq), sharing.length)
    board.addDevice(`pci-irq${irq}`, wires)
    for (const [n, gsi] of sharing.entries()) lines.set(gsi, wires.inputs[n] as IrqLine)
  }
  return lines
}

/** Clocks: the 8254, the real-time clock, and the event timer that can take their interrupts over. */
export function addTimers(board: Board, { epochSeconds = DEFAULT_EPOCH }: MachineOptions): void {
  const { time } = board
  const [pitLine, rtcLine] = [IRQ.TIMER, IRQ.RTC].map((irq) => new GatedLine(board.line(irq))) as [GatedLine, GatedLine]
  const pit = new Pit8254({ timeline: time, irq: pitLine })
  board.addPorts(PORT.PIT, 4, pit.ports, 1)
  board.addPorts(PORT.SYSTEM_CONTROL_B, 1, pit.port61, 1)
  board.addDevice('pit', pit)
  const rtc = new RtcCmos({ timeline: time, irq: rtcLine, epoch: epochSeconds })
  board.addPorts(PORT.CMOS, 2, rtc.ports, 1)
  board.addDevice('rtc', rtc)
  const hpet = new Hpet({
    timeline: time,
    irq: (gsi) => board.line(gsi),
    messages: board.messages,
    legacyReplacement: (on) => {
      pitLine.setOpen(!on)
      rtcLine.setOpen(!on)
    },
  })
  board.addMmio(ADDRESS.HPET, HPET_BYTES, hpet.mmio)
  board.addDevice('hpet', hpet)
  board.addPorts(PORT.POST, 1, SCRATCH, 1)
}

/** Keyboard, debugging ports, and the device by which test kernels learn what the machine has. */
export function addLegacyDevices(board: Board, inputs: Inputs, options: MachineOptions): void {
  const a20 = (enabled: boolean) => board.memory.setA20(enabled)
  const reset = () => board.onEvent({ kind: 'reset' })
  const i8042 = new I8042({ keyboardIrq: board.line(IRQ.KEYBOARD), mouseIrq: board.line(IRQ.MOUSE), a20, reset })
  board.addPorts(PORT.KEYBOARD_DATA, 1, i8042.data, 1)
  board.addPorts(PORT.KEYBOARD_COMMAND, 1, i8042.command, 1)
  board.addDevice('i8042', i8042)
  inputs.connect('keyboard', (bytes) => {
    const text = new TextDecoder().decode(bytes)
    i8042.keyboard.key(text.slice(1), text.startsWith('+'))
  })
  const gate = fastA20({ a20, reset })
  board.addPorts(PORT.SYSTEM_CONTROL_A, 1, gate.port, 1)
  board.addDevice('fast-a20', gate)
  board.addPorts(
    PVPANIC_PORT,
    1,
    pvpanic((events) => {
      if ((events & PVPANIC.PANICKED) !== 0) board.onEvent({ kind: 'panic' })
    }),
    1,
  )
  const { debugExitPort, debugConsole: transmit } = options
  if (transmit !== undefined) board.addPorts(DEBUG_CONSOLE_PORT, 1, debugConsole(transmit), 1)
  if (debugExitPort !== undefined)
    board.addPorts(
      debugExitPort,
      4,
      isaDebugExit((status) => board.onEvent({ kind: 'debug-exit', status })),
    )
  addFwCfg(board)
}

function addFwCfg(board: Board): void {
  const fwCfg = new FwCfg({ memory: board.memory })
  const { length } = board.group.processors
  fwCfg.addNumber('NB_CPUS', length)
  fwCfg.addNumber('MAX_CPUS', length)
  fwCfg.addNumber('RAM_SIZE', board.memory.ramBytes)
  board.addPorts(PORT.FW_CFG, FW_CFG_PORTS, fwCfg.ports)
  board.addDevice('fw-cfg', fwCfg)
}

/** The port at which firmware tells how far it is; systems write there to wait a microsecond. */
const SCRATCH: IoDevice = { read: () => 0, write: () => undefined }

export function addPower(board: Board, inputs: Inputs): AcpiPm {
  const pm = new AcpiPm({
    timeline: board.time,
    sci: board.line(IRQ.SCI),
    powerOff: (type) => {
      if (type === ACPI_PM.S5_TYPE) board.onEvent({ kind: 'powered-off' })
    },
    reset: () => board.onEvent({ kind: 'reset' }),
  })
  board.addPorts(ACPI_PM.EVENT_PORT, ACPI_PM.EVENT_BYTES, pm.event)
  board.addPorts(ACPI_PM.CONTROL_PORT, ACPI_PM.CONTROL_BYTES, pm.control, 2)
  board.addPorts(ACPI_PM.TIMER_PORT, ACPI_PM.TIMER_BYTES, pm.timer)
  board.addPorts(ACPI_PM.GPE0_PORT, ACPI_PM.GPE0_BYTES, pm.gpe0, 2)
  board.addPorts(ACPI_PM.SMI_COMMAND_PORT, 1, pm.smiCommand, 1)
  board.addDevice('acpi-pm', pm)
  inputs.connect('power', () => pm.pressPowerButton())
  return pm
}

/** The serial lines that were asked for; COM1 always exists. */
export function addSerialLines(board: Board, inputs: Inputs, { serial = [] }: MachineOptions): void {
  const count = Math.min(Math.max(1, serial.length), SERIAL_LINES.length)
  for (const [n, { port, irq }] of SERIAL_LINES.slice(0, count).entries()) {
    const channel = `serial${n}`
    const line = new SerialPort((bytes) => inputs.push(channel, bytes.slice()), serial[n])
    const uart = new Uart16550A({
      timeline: board.time,
      irq: board.line(irq),
      transmit: (bytes) => line.transmit(bytes),
    })
    inputs.connect(channel, (bytes) => uart.receive(bytes))
    board.addPorts(port, 8, uart.ports, 1)
    board.addDevice(channel, uart)
    board.serial.push(line)
    board.onDrain(() => line.drain())
    const backend = serial[n]
    if (backend !== undefined) board.onClose(() => backend.close())
  }
}
