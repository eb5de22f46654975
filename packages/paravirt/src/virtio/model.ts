/** What a device model and a transport are to one another. */
import type { Stateful } from '@ringfold/contracts'
import type { PopResult } from './split-queue.ts'

/** What a transport does for the model behind it. */
export interface VirtioHost {
  /** Takes the next chain of a queue; `empty` also while the queue is not enabled or the driver is not ready. */
  pop(queue: number): PopResult
  /** A chain that was taken before, by its head. */
  chainAt(queue: number, head: number): PopResult
  /** Gives a chain back. */
  push(queue: number, head: number, writtenBytes: number): void
  /** Interrupts the driver for what was pushed, if it wants that. */
  notify(queue: number): void
  /** The configuration has changed: the driver is told. */
  configChanged(): void
  /** The driver did what it must not: DEVICE_NEEDS_RESET, until it resets the device (2.1.2). */
  fail(reason: string): void
  /** Whether a feature was negotiated. */
  hasFeature(bit: number): boolean
}

/** A virtio device without its transport. */
export interface VirtioModel<State = unknown> extends Stateful<State> {
  /** One of `VIRTIO_ID`. */
  readonly deviceId: number
  /** Feature bits of the device's own that it offers. */
  readonly features: readonly number[]
  /** Most descriptors of each of its queues: powers of two. */
  readonly queueSizes: readonly number[]
  /** Device configuration, in its layout. */
  readonly configBytes: Uint8Array
  /** Takes a write of device configuration, where something of it can be written. */
  writeConfig?(offset: number, sizeBytes: 1 | 2 | 4, value: number): void
  /** Called once, by the transport. */
  connect(host: VirtioHost): void
  /** The driver is ready: DRIVER_OK. */
  start?(): void
  /** The driver has made chains available in a queue. */
  notified(queue: number): void
  /** One queue was taken out of use: its requests are forgotten. */
  resetQueue?(queue: number): void
  /** Forgets all requests. */
  reset(): void
}
