/** The PCI bus of the board, and the virtio devices on it. */
import type { IrqLine } from '@ringfold/contracts'
import {
  type AcpiPm,
  assignResources,
  PciHost,
  VirtioBlock,
  VirtioConsole,
  VirtioEntropy,
  VirtioNet,
  type VirtioPciDevice,
  virtioPciDevice,
} from '@ringfold/devices'
import { VirtioMmioTransport, type VirtioModel } from '@ringfold/paravirt'
import { MachineError } from '../errors.ts'
import type { Inputs } from '../inputs.ts'
import { ADDRESS, GSI, PCI_IRQ, PCI_WINDOWS, PORT } from '../memory-map.ts'
import type { MachineOptions } from '../options.ts'
import { SerialPort } from '../serial-port.ts'
import type { Board } from './board.ts'

const MIB = 1 << 20
/** Registers and configuration of a virtio device over MMIO, rounded up. */
const VIRTIO_MMIO_PAGE = 0x1000
const SECTOR = 512
/** The first PCI device that is not the host bridge's. */
const FIRST_DEVICE = 1
const MAC_PREFIX = [0x52, 0x54, 0x00, 0x12, 0x34] as const
const FIRST_MAC = 0x56

/** The bus, with its host bridge. */
export function addPci(board: Board, pm: AcpiPm): PciHost {
  const host = new PciHost({
    spaces: {
      addMemory: (base, sizeBytes, device, widest) => board.addMmio(base, sizeBytes, device, widest),
      removeMemory: (base) => board.memory.removeMmio(base),
      addPorts: (base, ports, device, widest) => board.addPorts(base, ports, device, widest),
      removePorts: (base) => board.ports.remove(base),
    },
    windows: PCI_WINDOWS,
    messages: board.messages,
    irq: (pirq): IrqLine => board.line(GSI.PCI[pirq] as number),
    resetControl: pm.resetControl,
  })
  board.addPorts(PORT.PCI_CONFIG_ADDRESS, 4, host.configAddress)
  board.addPorts(PORT.PCI_CONFIG_DATA, 4, host.configData)
  board.addMmio(ADDRESS.ECAM, ADDRESS.ECAM_BUSES * MIB, host.ecam)
  board.addDevice('pci', host)
  board.pci = host
  return host
}

/** What firmware does to the bus at power-on. */
export function assignPci(host: PciHost): void {
  assignResources(host, { interruptLine: (pirq) => PCI_IRQ[pirq] as number })
}

/** The next free place on the bus. */
function place(host: PciHost, { pciFunction }: VirtioPciDevice): void {
  const last = host.functions.reduce((most, { device }) => Math.max(most, device), FIRST_DEVICE - 1)
  host.add(last + 1, 0, pciFunction)
}

/** Puts a model where its driver finds it. */
type AddVirtio = (name: string, model: VirtioModel<never> | VirtioModel) => void

const overPci =
  (board: Board, host: PciHost): AddVirtio =>
  (name, model) => {
    const device = virtioPciDevice(model, board.memory)
    place(host, device)
    board.addDevice(name, device.transport)
  }

/** ACPI tells of as many places as are used. Throws `MachineError` `machine.option` beyond those that there are. */
const overMmio =
  (board: Board): AddVirtio =>
  (name, model) => {
    const n = board.virtioMmio.length
    const gsi = GSI.VIRTIO_MMIO[n]
    if (gsi === undefined) {
      const remedy = 'give fewer devices, or virtio: "pci"'
      throw new MachineError('machine.option', `more than ${n} virtio devices over MMIO`, remedy)
    }
    const address = ADDRESS.VIRTIO_MMIO + n * VIRTIO_MMIO_PAGE
    const transport = new VirtioMmioTransport({
      model: model as VirtioModel,
      memory: board.memory,
      irq: board.line(gsi),
    })
    board.addMmio(address, VIRTIO_MMIO_PAGE, transport.mmio)
    board.virtioMmio.push({ address, sizeBytes: VIRTIO_MMIO_PAGE, gsi })
    board.addDevice(name, transport)
  }

export function addVirtioDevices(board: Board, host: PciHost, inputs: Inputs, options: MachineOptions): void {
  const { disks = [], nets = [], seed, virtio = 'pci' } = options
  const add = virtio === 'pci' ? overPci(board, host) : overMmio(board)
  for (const [n, { backend, serial = `ringfold-disk${n}` }] of disks.entries()) {
    if (backend.sizeBytes <= 0 || backend.sizeBytes % SECTOR !== 0) {
      const what = `disk ${n} has ${backend.sizeBytes} bytes`
      throw new MachineError('machine.option', what, `give a disk of a multiple of ${SECTOR} bytes`)
    }
    const model = new VirtioBlock({ backend, timeline: board.time, serial })
    add(`disk${n}`, model)
    board.onClose(() => backend.close())
  }
  for (const [n, { backend, mac }] of nets.entries()) {
    const model = new VirtioNet({ mac: macBytes(mac ?? defaultMac(n)), send: (frame) => backend.send(frame) })
    const channel = `net${n}`
    inputs.connect(channel, (frame) => model.receive(frame))
    backend.onReceive((frame) => inputs.push(channel, frame))
    add(channel, model)
    board.onClose(() => backend.close())
  }
  if (options.console !== undefined) addConsole(board, add, inputs, options.console)
  const entropy = new VirtioEntropy(seed === undefined ? {} : { seed })
  add('entropy', entropy)
}

function addConsole(
  board: Board,
  add: AddVirtio,
  inputs: Inputs,
  backend: NonNullable<MachineOptions['console']>,
): void {
  const port = new SerialPort((bytes) => inputs.push('console', bytes.slice()), backend)
  const model = new VirtioConsole({ transmit: (bytes) => port.transmit(bytes) })
  inputs.connect('console', (bytes) => model.receive(bytes))
  add('console', model)
  board.onDrain(() => port.drain())
  board.onClose(() => backend.close())
}

/** The address that a card has if none is given. */
export function defaultMac(n: number): string {
  return [...MAC_PREFIX, FIRST_MAC + n].map((byte) => byte.toString(16).padStart(2, '0')).join(':')
}

/** Throws `MachineError` `machine.option`. */
function macBytes(text: string): Uint8Array {
  const bytes = text.split(':').map((part) => (/^[0-9a-f]{2}$/i.test(part) ? Number.parseInt(part, 16) : -1))
  const isGood = bytes.length === 6 && !bytes.includes(-1) && ((bytes[0] as number) & 1) === 0
  if (isGood) return Uint8Array.from(bytes)
  throw new MachineError(
    'machine.option',
    `"${text}" is no address of a network card`,
    'give one like 52:54:00:12:34:56',
  )
}
