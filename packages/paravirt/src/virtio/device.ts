/** What all transports of a device have in common: status, features, queues (VIRTIO 1.2, 2 and 3). */
import type { DmaMemory, Stateful } from '@ringfold/contracts'
import { VIRTIO_F, VIRTIO_STATUS, VIRTQ_MAX_SIZE } from './facts.ts'
import type { VirtioHost, VirtioModel } from './model.ts'
import { type PopResult, SplitQueue, type SplitQueueState } from './split-queue.ts'

const { DRIVER_OK, FEATURES_OK, DEVICE_NEEDS_RESET } = VIRTIO_STATUS
const TWO_32 = 2 ** 32
const EMPTY: PopResult = { kind: 'empty' }
/** Features that the queues bring with them. */
const QUEUE_FEATURES = [VIRTIO_F.RING_INDIRECT_DESC, VIRTIO_F.RING_EVENT_IDX, VIRTIO_F.VERSION_1, VIRTIO_F.RING_RESET]

export interface QueueSettings {
  size: number
  enabled: boolean
  /** Addresses in halves: [low, high]. */
  descriptors: [number, number]
  available: [number, number]
  used: [number, number]
}

export interface VirtioDeviceState {
  readonly status: number
  readonly driverFeatures: readonly [number, number]
  readonly generation: number
  readonly queues: readonly (QueueSettings & { readonly ring: SplitQueueState | null })[]
  readonly model: unknown
}

export interface VirtioDeviceOptions {
  readonly model: VirtioModel
  readonly memory: DmaMemory
  /** Whether the device may reach memory now. */
  readonly canMaster?: () => boolean
  /** Interrupts: for a queue, or for a change of configuration (-1). */
  readonly interrupt: (queue: number) => void
}

export class VirtioDevice implements VirtioHost, Stateful<VirtioDeviceState> {
  readonly model: VirtioModel
  readonly queues: readonly QueueSettings[]
  readonly #options: VirtioDeviceOptions
  readonly #offered: readonly [number, number]
  readonly #rings: (SplitQueue | null)[]
  #status = 0
  #features: [number, number] = [0, 0]
  #generation = 0

  constructor(options: VirtioDeviceOptions) {
    this.#options = options
    this.model = options.model
    this.#offered = wordsOf([...QUEUE_FEATURES, ...options.model.features])
    this.queues = options.model.queueSizes.map((size) => unset(size))
    this.#rings = options.model.queueSizes.map(() => null)
    options.model.connect(this)
  }

  // The driver's side, as the transports show it.

  get status(): number {
    return this.#status
  }

  get generation(): number {
    return this.#generation
  }

  offeredFeatures(word: number): number {
    return this.#offered[word] ?? 0
  }

  driverFeatures(word: number): number {
    return this.#features[word] ?? 0
  }

  /** Features are the driver's to choose until it says that it has. */
  writeDriverFeatures(word: number, value: number): void {
    if (word < 2 && (this.#status & FEATURES_OK) === 0) this.#features[word] = value >>> 0
  }

  /** A write of the status: 0 resets; bits are only ever added; FEATURES_OK only if the device can do what was chosen. */
  writeStatus(value: number): void {
    if (value === 0) {
      this.reset()
      return
    }
    let added = value & ~this.#status & 0xff & ~DEVICE_NEEDS_RESET
    if ((added & FEATURES_OK) !== 0 && !this.#areFeaturesGood()) added &= ~FEATURES_OK
    this.#status |= added
    if ((added & DRIVER_OK) !== 0) this.model.start?.()
  }

  #areFeaturesGood(): boolean {
    const [lo, hi] = this.#features
    const [offeredLo, offeredHi] = this.#offered
    const isSubset = (lo & ~offeredLo) === 0 && (hi & ~offeredHi) === 0
    return isSubset && this.hasFeature(VIRTIO_F.VERSION_1)
  }

  /** A number of descriptors for a queue that is not enabled: a power of two, at most the device's (2.7). */
  writeQueueSize(queue: number, size: number): void {
    const settings = this.queues[queue]
    const most = this.model.queueSizes[queue] ?? 0
    const isGood = size > 0 && size <= Math.min(most, VIRTQ_MAX_SIZE) && (size & (size - 1)) === 0
    if (settings !== undefined && !settings.enabled && isGood) settings.size = size
  }

  writeQueueAddress(queue: number, part: 'descriptors' | 'available' | 'used', half: 0 | 1, value: number): void {
    const settings = this.queues[queue]
    if (settings !== undefined && !settings.enabled) settings[part][half] = value >>> 0
  }

  enableQueue(queue: number): void {
    const settings = this.queues[queue]
    if (settings === undefined || settings.enabled || (this.#status & FEATURES_OK) === 0) return
    settings.enabled = true
    this.#rings[queue] = this.#makeRing(settings)
  }

  /** A reset of one queue (2.6.1), or, over MMIO, a queue that is taken out of use. */
  resetQueue(queue: number): void {
    const settings = this.queues[queue]
    if (settings === undefined || !settings.enabled) return
    Object.assign(settings, unset(this.model.queueSizes[queue] as number))
    this.#rings[queue] = null
    this.model.resetQueue?.(queue)
  }

  #makeRing(settings: QueueSettings): SplitQueue {
    return new SplitQueue({
      memory: this.#options.memory,
      size: settings.size,
      descriptors: addressOf(settings.descriptors),
      available: addressOf(settings.available),
      used: addressOf(settings.used),
      eventIndex: this.hasFeature(VIRTIO_F.RING_EVENT_IDX),
      indirect: this.hasFeature(VIRTIO_F.RING_INDIRECT_DESC),
    })
  }

  /** The driver says that there is something in a queue. */
  notifyDevice(queue: number): void {
    if (this.#isReady && this.#rings[queue]) this.model.notified(queue)
  }

  /** A read of device configuration. */
  readConfig(offset: number, sizeBytes: 1 | 2 | 4): number {
    const { configBytes } = this.model
    let value = 0
    for (let n = 0; n < sizeBytes; n++) value += (configBytes[offset + n] ?? 0) * 2 ** (8 * n)
    return value
  }

  writeConfig(offset: number, sizeBytes: 1 | 2 | 4, value: number): void {
    this.model.writeConfig?.(offset, sizeBytes, value)
  }

  // The model's side.

  get #isReady(): boolean {
    const isOn = (this.#status & (DRIVER_OK | DEVICE_NEEDS_RESET)) === DRIVER_OK
    return isOn && (this.#options.canMaster?.() ?? true)
  }

  pop(queue: number): PopResult {
    const ring = this.#rings[queue]
    if (!this.#isReady || !ring) return EMPTY
    return this.#checked(ring.pop())
  }

  chainAt(queue: number, head: number): PopResult {
    const ring = this.#rings[queue]
    return this.#isReady && ring ? this.#checked(ring.chainAt(head)) : EMPTY
  }

  #checked(result: PopResult): PopResult {
    if (result.kind === 'broken') this.fail(result.reason)
    return result
  }

  push(queue: number, head: number, writtenBytes: number): void {
    if (this.#isReady) this.#rings[queue]?.push(head, writtenBytes)
  }

  notify(queue: number): void {
    if (this.#isReady && this.#rings[queue]?.wantsInterrupt()) this.#options.interrupt(queue)
  }

  configChanged(): void {
    this.#generation = (this.#generation + 1) & 0xff
    if ((this.#status & DRIVER_OK) !== 0) this.#options.interrupt(-1)
  }

  fail(_reason: string): void {
    if ((this.#status & DEVICE_NEEDS_RESET) !== 0) return
    this.#status |= DEVICE_NEEDS_RESET
    if ((this.#status & DRIVER_OK) !== 0) this.#options.interrupt(-1)
  }

  hasFeature(bit: number): boolean {
    return (((this.#features[bit >>> 5] ?? 0) >>> (bit & 31)) & 1) !== 0
  }

  // State.

  reset(): void {
    this.#status = 0
    this.#features = [0, 0]
    for (const [n, settings] of this.queues.entries()) {
      Object.assign(settings, unset(this.model.queueSizes[n] as number))
      this.#rings[n] = null
    }
    this.model.reset()
  }

  state(): VirtioDeviceState {
    return {
      status: this.#status,
      driverFeatures: [this.#features[0], this.#features[1]],
      generation: this.#generation,
      queues: this.queues.map((settings, n) => ({ ...structure(settings), ring: this.#rings[n]?.state() ?? null })),
      model: this.model.state(),
    }
  }

  restore({ status, driverFeatures, generation, queues, model }: VirtioDeviceState): void {
    this.#status = status
    this.#features = [driverFeatures[0], driverFeatures[1]]
    this.#generation = generation
    for (const [n, { ring, ...settings }] of queues.entries()) {
      Object.assign(this.queues[n] as QueueSettings, structure(settings))
      this.#rings[n] = ring === null ? null : this.#makeRing(settings)
      if (ring !== null) this.#rings[n]?.restore(ring)
    }
    this.model.restore(model)
  }
}

const addressOf = ([lo, hi]: readonly [number, number]): number => hi * TWO_32 + lo

function unset(size: number): QueueSettings {
  return { size, enabled: false, descriptors: [0, 0], available: [0, 0], used: [0, 0] }
}

/** A copy with addresses of its own. */
function structure({ size, enabled, descriptors, available, used }: QueueSettings): QueueSettings {
  return { size, enabled, descriptors: [...descriptors], available: [...available], used: [...used] }
}

function wordsOf(bits: readonly number[]): readonly [number, number] {
  const words: [number, number] = [0, 0]
  for (const bit of bits) words[bit >>> 5] = ((words[bit >>> 5] ?? 0) | (1 << (bit & 31))) >>> 0
  return words
}
