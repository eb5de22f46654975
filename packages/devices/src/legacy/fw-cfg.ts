/** The firmware configuration device of QEMU: QEMU documentation, "QEMU Firmware Configuration (fw_cfg) Device". */
import type { DmaMemory, IoDevice, Stateful } from '@ringfold/contracts'
import { DeviceError } from '../errors.ts'

/** Keys of items. */
export const FW_CFG = {
  SIGNATURE: 0x00,
  ID: 0x01,
  RAM_SIZE: 0x03,
  NB_CPUS: 0x05,
  KERNEL_ADDR: 0x07,
  KERNEL_SIZE: 0x08,
  KERNEL_CMDLINE: 0x09,
  INITRD_ADDR: 0x0a,
  INITRD_SIZE: 0x0b,
  MAX_CPUS: 0x0f,
  KERNEL_DATA: 0x11,
  INITRD_DATA: 0x12,
  CMDLINE_SIZE: 0x14,
  CMDLINE_DATA: 0x15,
  FILE_DIR: 0x19,
  FILE_FIRST: 0x20,
} as const

/** From port 510H on: selector, data, and the DMA address, high word first, big-endian. */
export const FW_CFG_PORTS = 12
const PORT = { SELECTOR: 0, DATA: 1, DMA_HIGH: 4, DMA_LOW: 8 } as const
const ID = { TRADITIONAL: 1, DMA: 2 } as const
const DMA = { ERROR: 0x01, READ: 0x02, SKIP: 0x04, SELECT: 0x08, WRITE: 0x10 } as const
const DMA_SIGNATURE = [0x5145_4d55, 0x2043_4647] as const
const DMA_BYTES = 16
const FILE_ENTRY_BYTES = 64
const FILE_NAME_BYTES = 56
const TWO_32 = 2 ** 32
const KEY = 0x3fff
/** Zeros that are written where an item ends: in pieces, so that a guest cannot ask for much of the host's memory. */
const PIECE_BYTES = 1 << 16

export interface FwCfgState {
  readonly selected: number
  readonly at: number
  readonly dmaHigh: number
}

export class FwCfg implements Stateful<FwCfgState> {
  readonly #memory: DmaMemory
  readonly #items = new Map<number, Uint8Array>()
  readonly #files: { readonly name: string; readonly key: number; readonly sizeBytes: number }[] = []
  #selected = 0
  #at = 0
  #dmaHigh = 0

  constructor({ memory }: { readonly memory: DmaMemory }) {
    this.#memory = memory
    this.#items.set(FW_CFG.SIGNATURE, new TextEncoder().encode('QEMU'))
    this.addNumber(FW_CFG.ID, ID.TRADITIONAL | ID.DMA, 4)
    this.#renewDirectory()
  }

  /** Gives an item its bytes. */
  addItem(key: number, bytes: Uint8Array): void {
    this.#items.set(key & KEY, bytes)
  }

  /** A little-endian number of 2, 4 or 8 bytes. */
  addNumber(key: number, value: number, sizeBytes: 2 | 4 | 8): void {
    const bytes = new Uint8Array(sizeBytes)
    for (let n = 0; n < sizeBytes; n++) bytes[n] = Math.floor(value / 2 ** (8 * n)) % 256
    this.addItem(key, bytes)
  }

  /** Adds a file to the directory. Throws `DeviceError` `device.option` for a name that is too long, or there already. */
  addFile(name: string, bytes: Uint8Array): void {
    if (new TextEncoder().encode(name).length >= FILE_NAME_BYTES || this.#files.some((file) => file.name === name))
      throw new DeviceError(
        'device.option',
        `"${name}" as a file`,
        `give another name of at most ${FILE_NAME_BYTES - 1} bytes`,
      )
    const key = FW_CFG.FILE_FIRST + this.#files.length
    this.#files.push({ name, key, sizeBytes: bytes.length })
    this.addItem(key, bytes)
    this.#renewDirectory()
  }

  /** Count, then entries: size, key, reserved, name; big-endian. */
  #renewDirectory(): void {
    const bytes = new Uint8Array(4 + FILE_ENTRY_BYTES * this.#files.length)
    const view = new DataView(bytes.buffer)
    view.setUint32(0, this.#files.length)
    for (const [n, { name, key, sizeBytes }] of this.#files.entries()) {
      const at = 4 + FILE_ENTRY_BYTES * n
      view.setUint32(at, sizeBytes)
      view.setUint16(at + 4, key)
      bytes.set(new TextEncoder().encode(name), at + 8)
    }
    this.#items.set(FW_CFG.FILE_DIR, bytes)
  }

  readonly ports: IoDevice = {
    read: (offset, sizeBytes) => {
      if (offset === PORT.DATA) return this.#next()
      if (offset >= PORT.DMA_HIGH && sizeBytes === 4)
        return swapped(DMA_SIGNATURE[offset === PORT.DMA_HIGH ? 0 : 1] as number)
      return 0
    },
    write: (offset, sizeBytes, value) => {
      if (offset === PORT.SELECTOR && sizeBytes === 2) this.#select(value)
      else if (offset === PORT.DMA_HIGH && sizeBytes === 4) this.#dmaHigh = swapped(value)
      else if (offset === PORT.DMA_LOW && sizeBytes === 4) {
        const address = this.#dmaHigh * TWO_32 + swapped(value)
        this.#dmaHigh = 0
        this.#transfer(address)
      }
    },
  }

  #select(key: number): void {
    this.#selected = key & KEY
    this.#at = 0
  }

  get #item(): Uint8Array {
    return this.#items.get(this.#selected) ?? NOTHING
  }

  /** Behind its end, an item reads as zeros. */
  #next(): number {
    return this.#item[this.#at++] ?? 0
  }

  /** A transfer as the structure at `address` says: control, length, address; big-endian. It is done when this returns. */
  #transfer(address: number): void {
    if (!this.#memory.isRam(address, DMA_BYTES)) return
    const words = [0, 4, 8, 12].map((offset) => swapped(this.#memory.read32(address + offset)))
    const [control = 0, length = 0, high = 0, low = 0] = words
    if ((control & DMA.SELECT) !== 0) this.#select(control >>> 16)
    let status = 0
    if ((control & DMA.READ) !== 0) status = this.#read(high * TWO_32 + low, length) ? 0 : DMA.ERROR
    else if ((control & DMA.WRITE) !== 0) status = DMA.ERROR
    else if ((control & DMA.SKIP) !== 0) this.#at += length
    this.#memory.write32(address, swapped(status))
  }

  #read(address: number, length: number): boolean {
    if (!this.#memory.isRam(address, length)) return false
    for (let done = 0; done < length; done += PIECE_BYTES) {
      const piece = new Uint8Array(Math.min(PIECE_BYTES, length - done))
      piece.set(this.#item.subarray(this.#at, this.#at + piece.length))
      this.#memory.writeBytes(address + done, piece)
      this.#at += piece.length
    }
    return true
  }

  reset(): void {
    this.#selected = 0
    this.#at = 0
    this.#dmaHigh = 0
  }

  state(): FwCfgState {
    return { selected: this.#selected, at: this.#at, dmaHigh: this.#dmaHigh }
  }

  restore({ selected, at, dmaHigh }: FwCfgState): void {
    this.#selected = selected
    this.#at = at
    this.#dmaHigh = dmaHigh
  }
}

const NOTHING = new Uint8Array(0)

/** The four bytes of a word in the other order. */
function swapped(word: number): number {
  return ((word << 24) | ((word << 8) & 0xff_0000) | ((word >>> 8) & 0xff00) | (word >>> 24)) >>> 0
}
