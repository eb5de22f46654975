/** Small drivers of the transports: they negotiate, and put queues into place (VIRTIO 1.2, 3.1.1). */
import type { GuestMemory, IoDevice } from '@ringfold/contracts'
import { VIRTIO_F, VIRTIO_MMIO, VIRTIO_PCI_COMMON, VIRTIO_STATUS } from '../facts.ts'
import { VIRTIO_PCI_BAR } from '../pci-transport.ts'
import { SplitQueueDriver } from './queue-driver.ts'

/** Registers of a transport, by what they mean. */
export interface TransportRegisters {
  readStatus(): number
  writeStatus(value: number): void
  /** Word 0 or 1 of the features. */
  readFeatures(word: 0 | 1): number
  writeFeatures(word: 0 | 1, value: number): void
  /** Selects a queue. @returns its largest size; 0 if there is no such queue */
  selectQueue(queue: number): number
  setQueue(size: number, addresses: SplitQueueDriver['addresses']): void
  notify(queue: number): void
  readConfig(offset: number, sizeBytes: 1 | 2 | 4): number
  /** Takes the interrupt back. @returns its causes */
  acknowledge(): number
}

const TWO_32 = 2 ** 32
const halves = (address: number): readonly [number, number] => [address % TWO_32, Math.floor(address / TWO_32)]

/** Over the BAR of the modern PCI interface. */
export function pciRegisters(bar: IoDevice): TransportRegisters {
  type Field = keyof typeof VIRTIO_PCI_COMMON
  const read = (name: Field) => bar.read(VIRTIO_PCI_COMMON[name][0], VIRTIO_PCI_COMMON[name][1])
  const write = (name: Field, value: number) => bar.write(VIRTIO_PCI_COMMON[name][0], VIRTIO_PCI_COMMON[name][1], value)
  return {
    readStatus: () => read('device_status'),
    writeStatus: (value) => write('device_status', value),
    readFeatures: (word) => {
      write('device_feature_select', word)
      return read('device_feature')
    },
    writeFeatures: (word, value) => {
      write('driver_feature_select', word)
      write('driver_feature', value)
    },
    selectQueue: (queue) => {
      write('queue_select', queue)
      return read('queue_size')
    },
    setQueue: (size, { descriptors, available, used }) => {
      write('queue_size', size)
      for (const [field, address] of [
        ['desc', descriptors],
        ['driver', available],
        ['device', used],
      ] as const) {
        const [lo, hi] = halves(address)
        write(`queue_${field}_lo`, lo)
        write(`queue_${field}_hi`, hi)
      }
      write('queue_enable', 1)
    },
    notify: (queue) => bar.write(VIRTIO_PCI_BAR.NOTIFY.offset + queue * VIRTIO_PCI_BAR.NOTIFY_MULTIPLIER, 2, queue),
    readConfig: (offset, sizeBytes) => bar.read(VIRTIO_PCI_BAR.DEVICE.offset + offset, sizeBytes),
    acknowledge: () => bar.read(VIRTIO_PCI_BAR.ISR.offset, 1),
  }
}

/** Over the registers of virtio-mmio. */
export function mmioRegisters(mmio: IoDevice): TransportRegisters {
  const read = (offset: number) => mmio.read(offset, 4)
  const write = (offset: number, value: number) => mmio.write(offset, 4, value)
  return {
    readStatus: () => read(VIRTIO_MMIO.Status),
    writeStatus: (value) => write(VIRTIO_MMIO.Status, value),
    readFeatures: (word) => {
      write(VIRTIO_MMIO.DeviceFeaturesSel, word)
      return read(VIRTIO_MMIO.DeviceFeatures)
    },
    writeFeatures: (word, value) => {
      write(VIRTIO_MMIO.DriverFeaturesSel, word)
      write(VIRTIO_MMIO.DriverFeatures, value)
    },
    selectQueue: (queue) => {
      write(VIRTIO_MMIO.QueueSel, queue)
      return read(VIRTIO_MMIO.QueueNumMax)
    },
    setQueue: (size, { descriptors, available, used }) => {
      write(VIRTIO_MMIO.QueueNum, size)
      for (const [register, address] of [
        [VIRTIO_MMIO.QueueDescLow, descriptors],
        [VIRTIO_MMIO.QueueDriverLow, available],
        [VIRTIO_MMIO.QueueDeviceLow, used],
      ] as const) {
        const [lo, hi] = halves(address)
        write(register, lo)
        write(register + 4, hi)
      }
      write(VIRTIO_MMIO.QueueReady, 1)
    },
    notify: (queue) => write(VIRTIO_MMIO.QueueNotify, queue),
    readConfig: (offset, sizeBytes) => mmio.read(VIRTIO_MMIO.Config + offset, sizeBytes),
    acknowledge: () => {
      const causes = read(VIRTIO_MMIO.InterruptStatus)
      write(VIRTIO_MMIO.InterruptACK, causes)
      return causes
    },
  }
}

export interface VirtioDriverOptions {
  readonly registers: TransportRegisters
  readonly memory: GuestMemory
  /** Where queues may lie, one behind the other. */
  readonly address: number
  /** Features wanted beside VERSION_1; those that are not offered are left out. */
  readonly features?: readonly number[]
  /** Descriptors of a queue. Default: as many as the device has, at most 64. */
  readonly queueSize?: number
}

const MOST_DESCRIPTORS = 64
const QUEUE_ALIGNMENT = 4096

/** A device that was negotiated with, and its queues. */
export class VirtioDriver {
  readonly registers: TransportRegisters
  readonly queues: SplitQueueDriver[] = []
  /** Whether the device took the features. */
  readonly isReady: boolean

  constructor({ registers, memory, address, features = [], queueSize = MOST_DESCRIPTORS }: VirtioDriverOptions) {
    this.registers = registers
    registers.writeStatus(0)
    registers.writeStatus(VIRTIO_STATUS.ACKNOWLEDGE)
    registers.writeStatus(registers.readStatus() | VIRTIO_STATUS.DRIVER)
    const wanted = [VIRTIO_F.VERSION_1, ...features]
    const words = ([0, 1] as const).map((word) => registers.readFeatures(word) & maskOf(wanted, word))
    for (const word of [0, 1] as const) registers.writeFeatures(word, (words[word] as number) >>> 0)
    registers.writeStatus(registers.readStatus() | VIRTIO_STATUS.FEATURES_OK)
    this.isReady = (registers.readStatus() & VIRTIO_STATUS.FEATURES_OK) !== 0
    if (!this.isReady) return
    const eventIndex = ((words[0] as number) & (1 << VIRTIO_F.RING_EVENT_IDX)) !== 0
    this.#setQueues(memory, address, queueSize, eventIndex)
    registers.writeStatus(registers.readStatus() | VIRTIO_STATUS.DRIVER_OK)
  }

  #setQueues(memory: GuestMemory, address: number, queueSize: number, eventIndex: boolean): void {
    let at = address
    for (let queue = 0; ; queue++) {
      const most = this.registers.selectQueue(queue)
      if (most === 0) return
      const size = Math.min(most, queueSize)
      const driver = new SplitQueueDriver({ memory, address: at, size, eventIndex })
      this.registers.setQueue(size, driver.addresses)
      this.queues.push(driver)
      at += Math.ceil(SplitQueueDriver.bytes(size) / QUEUE_ALIGNMENT) * QUEUE_ALIGNMENT
    }
  }

  /** Notifies the device of what was added to a queue, if it wants that. */
  kick(queue: number): void {
    if (this.queues[queue]?.needsKick()) this.registers.notify(queue)
  }
}

function maskOf(bits: readonly number[], word: 0 | 1): number {
  return bits.filter((bit) => bit >>> 5 === word).reduce((mask, bit) => mask | (1 << (bit & 31)), 0)
}
