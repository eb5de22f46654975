/** virtio over MMIO, version 2 (VIRTIO 1.2, 4.2). */
import type { DmaMemory, IoDevice, IrqLine, Stateful } from '@ringfold/contracts'
import { VirtioDevice, type VirtioDeviceState } from './device.ts'
import {
  VIRTIO_F,
  VIRTIO_ISR,
  VIRTIO_MMIO,
  VIRTIO_MMIO_MAGIC,
  VIRTIO_MMIO_VENDOR,
  VIRTIO_MMIO_VERSION,
} from './facts.ts'
import type { VirtioModel } from './model.ts'

export interface VirtioMmioTransportOptions {
  readonly model: VirtioModel
  readonly memory: DmaMemory
  readonly irq: IrqLine
}

export interface VirtioMmioState {
  readonly device: VirtioDeviceState
  readonly interruptStatus: number
  readonly deviceFeatureSelect: number
  readonly driverFeatureSelect: number
  readonly queueSelect: number
}

const ADDRESSES: ReadonlyMap<number, readonly ['descriptors' | 'available' | 'used', 0 | 1]> = /* @__PURE__ */ new Map([
  [VIRTIO_MMIO.QueueDescLow, ['descriptors', 0]],
  [VIRTIO_MMIO.QueueDescHigh, ['descriptors', 1]],
  [VIRTIO_MMIO.QueueDriverLow, ['available', 0]],
  [VIRTIO_MMIO.QueueDriverHigh, ['available', 1]],
  [VIRTIO_MMIO.QueueDeviceLow, ['used', 0]],
  [VIRTIO_MMIO.QueueDeviceHigh, ['used', 1]],
] as const)

/** There are no shared memory regions: their length reads all ones (4.2.2.1). */
const NO_REGION = 0xffff_ffff

export class VirtioMmioTransport implements Stateful<VirtioMmioState> {
  readonly device: VirtioDevice
  readonly #irq: IrqLine
  #interruptStatus = 0
  #deviceFeatureSelect = 0
  #driverFeatureSelect = 0
  #queueSelect = 0

  constructor({ model, memory, irq }: VirtioMmioTransportOptions) {
    this.#irq = irq
    this.device = new VirtioDevice({ model, memory, interrupt: (queue) => this.#interrupt(queue) })
  }

  #interrupt(queue: number): void {
    this.#interruptStatus |= queue < 0 ? VIRTIO_ISR.CONFIG : VIRTIO_ISR.QUEUE
    this.#irq.set(true)
  }

  /** The registers, `VIRTIO_MMIO_BYTES`: 32 bits wide, but for the device's configuration. */
  readonly mmio: IoDevice = {
    read: (offset, sizeBytes) => {
      if (offset >= VIRTIO_MMIO.Config) return this.device.readConfig(offset - VIRTIO_MMIO.Config, sizeBytes)
      return sizeBytes === 4 ? this.#read(offset) : 0
    },
    write: (offset, sizeBytes, value) => {
      if (offset >= VIRTIO_MMIO.Config) this.device.writeConfig(offset - VIRTIO_MMIO.Config, sizeBytes, value)
      else if (sizeBytes === 4) this.#write(offset, value)
    },
  }

  #read(offset: number): number {
    const { device } = this
    switch (offset) {
      case VIRTIO_MMIO.MagicValue:
        return VIRTIO_MMIO_MAGIC
      case VIRTIO_MMIO.Version:
        return VIRTIO_MMIO_VERSION
      case VIRTIO_MMIO.DeviceID:
        return device.model.deviceId
      case VIRTIO_MMIO.VendorID:
        return VIRTIO_MMIO_VENDOR
      case VIRTIO_MMIO.DeviceFeatures:
        return device.offeredFeatures(this.#deviceFeatureSelect)
      case VIRTIO_MMIO.QueueNumMax:
        return device.model.queueSizes[this.#queueSelect] ?? 0
      case VIRTIO_MMIO.QueueReady:
        return device.queues[this.#queueSelect]?.enabled ? 1 : 0
      case VIRTIO_MMIO.InterruptStatus:
        return this.#interruptStatus
      case VIRTIO_MMIO.Status:
        return device.status
      case VIRTIO_MMIO.ConfigGeneration:
        return device.generation
      case VIRTIO_MMIO.SHMLenLow:
      case VIRTIO_MMIO.SHMLenHigh:
      case VIRTIO_MMIO.SHMBaseLow:
      case VIRTIO_MMIO.SHMBaseHigh:
        return NO_REGION
      default:
        return 0
    }
  }

  #write(offset: number, value: number): void {
    const { device } = this
    const queue = this.#queueSelect
    const address = ADDRESSES.get(offset)
    if (address !== undefined) {
      device.writeQueueAddress(queue, address[0], address[1], value)
      return
    }
    switch (offset) {
      case VIRTIO_MMIO.DeviceFeaturesSel:
        this.#deviceFeatureSelect = value
        break
      case VIRTIO_MMIO.DriverFeatures:
        device.writeDriverFeatures(this.#driverFeatureSelect, value)
        break
      case VIRTIO_MMIO.DriverFeaturesSel:
        this.#driverFeatureSelect = value
        break
      case VIRTIO_MMIO.QueueSel:
        this.#queueSelect = value
        break
      case VIRTIO_MMIO.QueueNum:
        device.writeQueueSize(queue, value)
        break
      default:
        this.#command(offset, value)
    }
  }

  #command(offset: number, value: number): void {
    const { device } = this
    const queue = this.#queueSelect
    switch (offset) {
      case VIRTIO_MMIO.QueueReady:
        if (value === 1) device.enableQueue(queue)
        else if (value === 0) device.resetQueue(queue)
        break
      case VIRTIO_MMIO.QueueReset:
        if (value === 1 && device.hasFeature(VIRTIO_F.RING_RESET)) device.resetQueue(queue)
        break
      case VIRTIO_MMIO.QueueNotify:
        device.notifyDevice(value)
        break
      case VIRTIO_MMIO.InterruptACK:
        this.#interruptStatus &= ~value
        this.#irq.set(this.#interruptStatus !== 0)
        break
      case VIRTIO_MMIO.Status:
        if (value === 0) this.reset()
        else device.writeStatus(value & 0xff)
        break
      default:
        break
    }
  }

  reset(): void {
    this.#interruptStatus = 0
    this.#irq.set(false)
    this.#deviceFeatureSelect = 0
    this.#driverFeatureSelect = 0
    this.#queueSelect = 0
    this.device.reset()
  }

  state(): VirtioMmioState {
    return {
      device: this.device.state(),
      ...{ interruptStatus: this.#interruptStatus, deviceFeatureSelect: this.#deviceFeatureSelect },
      ...{ driverFeatureSelect: this.#driverFeatureSelect, queueSelect: this.#queueSelect },
    }
  }

  restore(state: VirtioMmioState): void {
    this.#interruptStatus = state.interruptStatus
    this.#deviceFeatureSelect = state.deviceFeatureSelect
    this.#driverFeatureSelect = state.driverFeatureSelect
    this.#queueSelect = state.queueSelect
    this.device.restore(state.device)
  }
}
