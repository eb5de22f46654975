/** virtio over PCI, the modern interface (VIRTIO 1.2, 4.1): registers in one BAR, and the capabilities that say where. */
import type { DmaMemory, IoDevice, IrqLine, Stateful } from '@ringfold/contracts'
import { type QueueSettings, VirtioDevice, type VirtioDeviceState } from './device.ts'
import { VIRTIO_F, VIRTIO_ISR, VIRTIO_PCI, VIRTIO_PCI_CAP, VIRTIO_PCI_COMMON } from './facts.ts'
import type { VirtioModel } from './model.ts'

/** Where the structures lie in the BAR: each has a page of its own. */
export const VIRTIO_PCI_BAR = {
  INDEX: 4,
  BYTES: 0x4000,
  COMMON: { offset: 0x0000, bytes: 0x38 + 4 },
  ISR: { offset: 0x1000, bytes: 4 },
  DEVICE: { offset: 0x2000, bytes: 0x1000 },
  NOTIFY: { offset: 0x3000, bytes: 0x1000 },
  NOTIFY_MULTIPLIER: 4,
} as const

const PAGE = 0xf000
const HALVES = {
  queue_desc_lo: ['descriptors', 0],
  queue_desc_hi: ['descriptors', 1],
  queue_driver_lo: ['available', 0],
  queue_driver_hi: ['available', 1],
  queue_device_lo: ['used', 0],
  queue_device_hi: ['used', 1],
} as const satisfies Readonly<Record<string, readonly ['descriptors' | 'available' | 'used', 0 | 1]>>

type CommonField = keyof typeof VIRTIO_PCI_COMMON

/** The field that begins at each offset. */
const FIELD_AT: ReadonlyMap<number, CommonField> = /* @__PURE__ */ new Map(
  Object.entries(VIRTIO_PCI_COMMON).map(([name, [offset]]) => [offset, name as CommonField]),
)

/** What a PCI function does for the transport. */
export interface VirtioPciFunction {
  readonly canMaster: boolean
  readonly intx: IrqLine
  readonly msix: { readonly isEnabled: boolean; signal(vector: number): void } | undefined
}

/** A vendor capability: what follows its id and its next pointer. */
export interface VirtioPciCapability {
  readonly id: number
  readonly body: Uint8Array
  read?(offset: number, sizeBytes: 1 | 2 | 4): number
  write?(offset: number, sizeBytes: 1 | 2 | 4, value: number): void
}

export interface VirtioPciState {
  readonly device: VirtioDeviceState
  readonly isr: number
  readonly deviceFeatureSelect: number
  readonly driverFeatureSelect: number
  readonly queueSelect: number
  readonly configVector: number
  readonly queueVectors: readonly number[]
  /** The window of VIRTIO_PCI_CAP_PCI_CFG: what of its body can be written. */
  readonly window: Uint8Array
}

export interface VirtioPciTransportOptions {
  readonly model: VirtioModel
  readonly memory: DmaMemory
  /** The function; asked when something is to be signalled, not before. */
  readonly pciFunction: () => VirtioPciFunction
}

const WINDOW_BODY_BYTES = 18
const VENDOR_CAPABILITY = 0x09

export class VirtioPciTransport implements Stateful<VirtioPciState> {
  readonly device: VirtioDevice
  readonly #function: () => VirtioPciFunction
  #isr = 0
  #deviceFeatureSelect = 0
  #driverFeatureSelect = 0
  #queueSelect = 0
  #configVector: number = VIRTIO_PCI.NO_VECTOR
  #queueVectors: number[]
  readonly #window = new Uint8Array(WINDOW_BODY_BYTES)

  constructor({ model, memory, pciFunction }: VirtioPciTransportOptions) {
    this.#function = pciFunction
    this.#queueVectors = model.queueSizes.map(() => VIRTIO_PCI.NO_VECTOR)
    this.device = new VirtioDevice({
      model,
      memory,
      canMaster: () => pciFunction().canMaster,
      interrupt: (queue) => this.#interrupt(queue),
    })
  }

  /** Vectors that the device can use: one for each queue, and one for changes of configuration. */
  get vectors(): number {
    return this.device.model.queueSizes.length + 1
  }

  /** The registers. */
  readonly bar: IoDevice = {
    read: (offset, sizeBytes) => this.#read(offset, sizeBytes),
    write: (offset, sizeBytes, value) => this.#write(offset, sizeBytes, value),
  }

  #interrupt(queue: number): void {
    const { msix, intx } = this.#function()
    if (msix?.isEnabled) {
      const vector = queue < 0 ? this.#configVector : (this.#queueVectors[queue] ?? VIRTIO_PCI.NO_VECTOR)
      if (vector !== VIRTIO_PCI.NO_VECTOR) msix.signal(vector)
      return
    }
    this.#isr |= queue < 0 ? VIRTIO_ISR.CONFIG : VIRTIO_ISR.QUEUE
    intx.set(true)
  }

  #read(offset: number, sizeBytes: 1 | 2 | 4): number {
    switch (offset & PAGE) {
      case VIRTIO_PCI_BAR.COMMON.offset:
        return this.#readCommon(offset, sizeBytes)
      case VIRTIO_PCI_BAR.ISR.offset:
        return offset === VIRTIO_PCI_BAR.ISR.offset ? this.#readIsr() : 0
      case VIRTIO_PCI_BAR.DEVICE.offset:
        return this.device.readConfig(offset - VIRTIO_PCI_BAR.DEVICE.offset, sizeBytes)
      default:
        return 0
    }
  }

  /** Reading clears it, and takes the interrupt back. */
  #readIsr(): number {
    const value = this.#isr
    this.#isr = 0
    this.#function().intx.set(false)
    return value
  }

  #write(offset: number, sizeBytes: 1 | 2 | 4, value: number): void {
    switch (offset & PAGE) {
      case VIRTIO_PCI_BAR.COMMON.offset:
        this.#writeCommon(offset, sizeBytes, value)
        break
      case VIRTIO_PCI_BAR.DEVICE.offset:
        this.device.writeConfig(offset - VIRTIO_PCI_BAR.DEVICE.offset, sizeBytes, value)
        break
      case VIRTIO_PCI_BAR.NOTIFY.offset:
        this.device.notifyDevice((offset - VIRTIO_PCI_BAR.NOTIFY.offset) / VIRTIO_PCI_BAR.NOTIFY_MULTIPLIER)
        break
      default:
        break
    }
  }

  /** Drivers access each field in its width (4.1.3.1); narrower reads get a part, others nothing. */
  #readCommon(offset: number, sizeBytes: 1 | 2 | 4): number {
    for (let start = offset; start > offset - 4 && start >= 0; start--) {
      const name = FIELD_AT.get(start)
      if (name === undefined) continue
      const [, width] = VIRTIO_PCI_COMMON[name]
      if (start + width <= offset) return 0
      const value = this.#field(name)
      return Math.floor(value / 2 ** (8 * (offset - start))) % 2 ** (8 * sizeBytes)
    }
    return 0
  }

  get #queue(): QueueSettings | undefined {
    return this.device.queues[this.#queueSelect]
  }

  #field(name: CommonField): number {
    const { device } = this
    switch (name) {
      case 'device_feature_select':
        return this.#deviceFeatureSelect
      case 'device_feature':
        return device.offeredFeatures(this.#deviceFeatureSelect)
      case 'driver_feature_select':
        return this.#driverFeatureSelect
      case 'driver_feature':
        return device.driverFeatures(this.#driverFeatureSelect)
      case 'config_msix_vector':
        return this.#configVector
      case 'num_queues':
        return device.queues.length
      case 'device_status':
        return device.status
      case 'config_generation':
        return device.generation
      case 'queue_select':
        return this.#queueSelect
      default:
        return this.#queueField(name)
    }
  }

  #queueField(name: CommonField): number {
    const queue = this.#queue
    if (queue === undefined) return name === 'queue_msix_vector' ? VIRTIO_PCI.NO_VECTOR : 0
    if (name in HALVES) {
      const [part, half] = HALVES[name as keyof typeof HALVES]
      return queue[part][half]
    }
    switch (name) {
      case 'queue_size':
        return queue.size
      case 'queue_msix_vector':
        return this.#queueVectors[this.#queueSelect] ?? VIRTIO_PCI.NO_VECTOR
      case 'queue_enable':
        return queue.enabled ? 1 : 0
      case 'queue_notify_off':
        return this.#queueSelect
      default:
        return 0
    }
  }

  #writeCommon(offset: number, sizeBytes: 1 | 2 | 4, value: number): void {
    const name = FIELD_AT.get(offset)
    if (name === undefined || VIRTIO_PCI_COMMON[name][1] !== sizeBytes) return
    switch (name) {
      case 'device_feature_select':
        this.#deviceFeatureSelect = value
        break
      case 'driver_feature_select':
        this.#driverFeatureSelect = value
        break
      case 'driver_feature':
        this.device.writeDriverFeatures(this.#driverFeatureSelect, value)
        break
      case 'config_msix_vector':
        this.#configVector = this.#vector(value)
        break
      case 'device_status':
        this.#writeStatus(value)
        break
      case 'queue_select':
        this.#queueSelect = value
        break
      default:
        this.#writeQueueField(name, value)
    }
  }

  #writeQueueField(name: CommonField, value: number): void {
    const { device } = this
    const queue = this.#queueSelect
    if (name in HALVES) {
      const [part, half] = HALVES[name as keyof typeof HALVES]
      device.writeQueueAddress(queue, part, half, value)
    } else if (name === 'queue_size') device.writeQueueSize(queue, value)
    else if (name === 'queue_msix_vector') this.#writeQueueVector(queue, value)
    else if (name === 'queue_enable' && value === 1) device.enableQueue(queue)
    else if (name === 'queue_reset' && value === 1 && device.hasFeature(VIRTIO_F.RING_RESET)) device.resetQueue(queue)
  }

  #writeQueueVector(queue: number, value: number): void {
    if (queue < this.#queueVectors.length) this.#queueVectors[queue] = this.#vector(value)
  }

  /** A vector that there is, or none: the driver reads back what it got (4.1.5.1.2). */
  #vector(value: number): number {
    return value < this.vectors ? value : VIRTIO_PCI.NO_VECTOR
  }

  #writeStatus(value: number): void {
    if (value === 0) this.reset()
    else this.device.writeStatus(value)
  }

  /** The capabilities by which drivers find the registers (4.1.4). */
  get capabilities(): readonly VirtioPciCapability[] {
    const { COMMON, ISR, DEVICE, NOTIFY, NOTIFY_MULTIPLIER } = VIRTIO_PCI_BAR
    return [
      capability(VIRTIO_PCI_CAP.COMMON_CFG, COMMON),
      capability(VIRTIO_PCI_CAP.NOTIFY_CFG, NOTIFY, NOTIFY_MULTIPLIER),
      capability(VIRTIO_PCI_CAP.ISR_CFG, ISR),
      capability(VIRTIO_PCI_CAP.DEVICE_CFG, DEVICE),
      this.#windowCapability(),
    ]
  }

  /** A window on the BAR for who cannot reach memory (4.1.4.9): bar, offset and length are the driver's to write. */
  #windowCapability(): VirtioPciCapability {
    const { body } = capability(VIRTIO_PCI_CAP.PCI_CFG, { offset: 0, bytes: 0 }, 0)
    this.#window.set(body)
    return {
      id: VENDOR_CAPABILITY,
      body,
      read: (offset, sizeBytes) => {
        if (offset === WINDOW_DATA) return this.#throughWindow(null)
        return bytesValue(this.#window, offset, sizeBytes)
      },
      write: (offset, sizeBytes, value) => {
        if (offset === WINDOW_DATA) this.#throughWindow(value)
        else
          for (let n = 0; n < sizeBytes; n++)
            if (WINDOW_WRITABLE(offset + n)) this.#window[offset + n] = (value >>> (8 * n)) & 0xff
      },
    }
  }

  #throughWindow(value: number | null): number {
    const view = new DataView(this.#window.buffer)
    const offset = view.getUint32(WINDOW_OFFSET, true)
    const length = view.getUint32(WINDOW_LENGTH, true)
    const isGood = this.#window[WINDOW_BAR] === VIRTIO_PCI_BAR.INDEX && offset + length <= VIRTIO_PCI_BAR.BYTES
    if (!isGood || (length !== 1 && length !== 2 && length !== 4)) return 0
    if (value === null) return this.#read(offset, length)
    this.#write(offset, length, length === 4 ? value : value & (2 ** (8 * length) - 1))
    return 0
  }

  reset(): void {
    this.#isr = 0
    this.#function().intx.set(false)
    this.#deviceFeatureSelect = 0
    this.#driverFeatureSelect = 0
    this.#queueSelect = 0
    this.#configVector = VIRTIO_PCI.NO_VECTOR
    this.#queueVectors.fill(VIRTIO_PCI.NO_VECTOR)
    this.device.reset()
  }

  state(): VirtioPciState {
    return {
      device: this.device.state(),
      ...{ isr: this.#isr, deviceFeatureSelect: this.#deviceFeatureSelect },
      ...{ driverFeatureSelect: this.#driverFeatureSelect, queueSelect: this.#queueSelect },
      ...{ configVector: this.#configVector, queueVectors: [...this.#queueVectors], window: this.#window.slice() },
    }
  }

  restore(state: VirtioPciState): void {
    this.#isr = state.isr
    this.#deviceFeatureSelect = state.deviceFeatureSelect
    this.#driverFeatureSelect = state.driverFeatureSelect
    this.#queueSelect = state.queueSelect
    this.#configVector = state.configVector
    this.#queueVectors = [...state.queueVectors]
    this.#window.set(state.window)
    this.device.restore(state.device)
  }
}

/** Offsets in the body of a capability: 2 less than in the specification's structure. */
const WINDOW_BAR = 2
const WINDOW_OFFSET = 6
const WINDOW_LENGTH = 10
const WINDOW_DATA = 14
const WINDOW_WRITABLE = (at: number): boolean => at === WINDOW_BAR || (at >= WINDOW_OFFSET && at < WINDOW_DATA)

/** struct virtio_pci_cap behind id and next pointer; with what NOTIFY_CFG and PCI_CFG have behind it. */
function capability(
  type: number,
  { offset, bytes }: { readonly offset: number; readonly bytes: number },
  tail?: number,
): VirtioPciCapability {
  const body = new Uint8Array(tail === undefined ? WINDOW_DATA : WINDOW_BODY_BYTES)
  const view = new DataView(body.buffer)
  body[0] = body.length + 2
  body[1] = type
  body[WINDOW_BAR] = VIRTIO_PCI_BAR.INDEX
  view.setUint32(WINDOW_OFFSET, offset, true)
  view.setUint32(WINDOW_LENGTH, bytes, true)
  if (tail !== undefined) view.setUint32(WINDOW_DATA, tail, true)
  return { id: VENDOR_CAPABILITY, body }
}

function bytesValue(bytes: Uint8Array, offset: number, sizeBytes: number): number {
  let value = 0
  for (let n = 0; n < sizeBytes; n++) value += (bytes[offset + n] ?? 0) * 2 ** (8 * n)
  return value
}
