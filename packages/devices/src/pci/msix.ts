import type { IoDevice } from '@ringfold/contracts'
import { DeviceError } from '../errors.ts'
import type { PciBarOptions } from './bars.ts'
import type { CapabilityList } from './capabilities.ts'
import type { ConfigSpace } from './config-space.ts'
import type { MessageInterrupts, MessagePath } from './messages.ts'
import { MsixTable, type MsixTableState } from './msix-table.ts'
import { CAPABILITY_ID, MSIX } from './registers.ts'

export interface PciMsixOptions {
  /** 1 to 2048. */
  readonly vectors: number
  /** The base address register of its table and pending bits: 32-bit memory that is nobody else's. */
  readonly bar: number
}

/** Where pending bits lie, unless the table reaches beyond it. */
const PBA_OFFSET = 2048
/** So that no page is shared with another device (PCI 3.0, 6.8.2 recommends it). */
const LEAST_BAR_BYTES = 4096

/** MSI-X (PCI 3.0, 6.8.2). */
export class Msix implements MessageInterrupts {
  readonly #space: ConfigSpace
  readonly #path: MessagePath
  readonly #offset: number
  readonly #table: MsixTable
  readonly #pbaOffset: number

  /** Throws `DeviceError` `device.option`. */
  constructor({ vectors, bar }: PciMsixOptions, space: ConfigSpace, capabilities: CapabilityList, path: MessagePath) {
    if (!Number.isInteger(vectors) || vectors < 1 || vectors > MSIX.MAX_VECTORS)
      throw new DeviceError('device.option', `${vectors} MSI-X vectors`, `give 1 to ${MSIX.MAX_VECTORS}`)
    this.#space = space
    this.#path = path
    this.#table = new MsixTable(vectors)
    this.#pbaOffset = Math.max(PBA_OFFSET, vectors * MSIX.ENTRY_BYTES)
    this.#offset = capabilities.add(CAPABILITY_ID.MSIX, MSIX.BYTES)
    space.define(this.#offset + MSIX.CONTROL, 2, vectors - 1, { writable: MSIX.ENABLE | MSIX.FUNCTION_MASK })
    space.define(this.#offset + MSIX.TABLE, 4, bar)
    space.define(this.#offset + MSIX.PBA, 4, this.#pbaOffset | bar)
  }

  /** What its base address register decodes: the table from 0 on, and the pending bits, which nobody can write. */
  bar(index: number): PciBarOptions {
    const table = this.#table
    const bytes = this.#pbaOffset + table.pendingBytes
    const device: IoDevice = {
      read: (offset, sizeBytes) =>
        offset < this.#pbaOffset
          ? table.read(offset, sizeBytes)
          : table.readPending(offset - this.#pbaOffset, sizeBytes),
      write: (offset, sizeBytes, value) => {
        table.write(offset, sizeBytes, value)
        this.settle()
      },
    }
    return { index, kind: 'memory32', sizeBytes: Math.max(LEAST_BAR_BYTES, 2 ** Math.ceil(Math.log2(bytes))), device }
  }

  get isEnabled(): boolean {
    return (this.#control & MSIX.ENABLE) !== 0
  }

  signal(vector: number): void {
    if (!this.isEnabled || !this.#table.has(vector)) return
    if (this.#canSend && !this.#table.isMasked(vector)) this.#send(vector)
    else this.#table.setPending(vector, true)
  }

  /** After a change of registers or of the table: sends what waits no longer; a disabled MSI-X forgets what was pending. */
  settle(): void {
    if (!this.isEnabled) this.#table.clearPending()
    if (!this.#canSend) return
    for (const vector of this.#table.ready()) {
      this.#table.setPending(vector, false)
      this.#send(vector)
    }
  }

  /** Vectors are masked, nothing is pending. The registers are reset with the configuration space. */
  reset(): void {
    this.#table.reset()
  }

  state(): MsixTableState {
    return this.#table.state()
  }

  restore(state: MsixTableState): void {
    this.#table.restore(state)
  }

  get #canSend(): boolean {
    return (this.#control & MSIX.FUNCTION_MASK) === 0 && this.#path.canMaster()
  }

  get #control(): number {
    return this.#space.read(this.#offset + MSIX.CONTROL, 2)
  }

  #send(vector: number): void {
    const { addressLo, addressHi, data } = this.#table.message(vector)
    this.#path.send(addressLo, addressHi, data)
  }
}
