/** What a host tells firmware and systems: QEMU, docs/specs/fw_cfg, "Firmware Configuration Device". */
import type { DmaMemory, IoDevice, Stateful } from '@ringfold/contracts'
import { DeviceError } from '../errors.ts'

/** Keys of items; numbers are little-endian. Linux, include/uapi/linux/qemu_fw_cfg.h. */
export const FW_CFG = {
  SIGNATURE: 0x00,
  ID: 0x01,
  UUID: 0x02,
  RAM_SIZE: 0x03,
  NOGRAPHIC: 0x04,
  NB_CPUS: 0x05,
  MACHINE_ID: 0x06,
  KERNEL_ADDR: 0x07,
  KERNEL_SIZE: 0x08,
  KERNEL_CMDLINE: 0x09,
  INITRD_ADDR: 0x0a,
  INITRD_SIZE: 0x0b,
  BOOT_DEVICE: 0x0c,
  NUMA: 0x0d,
  BOOT_MENU: 0x0e,
  MAX_CPUS: 0x0f,
  KERNEL_ENTRY: 0x10,
  KERNEL_DATA: 0x11,
  INITRD_DATA: 0x12,
  CMDLINE_ADDR: 0x13,
  CMDLINE_SIZE: 0x14,
  CMDLINE_DATA: 0x15,
  SETUP_ADDR: 0x16,
  SETUP_SIZE: 0x17,
  SETUP_DATA: 0x18,
  FILE_DIR: 0x19,
  FILE_FIRST: 0x20,
} as const

/** Items that are numbers, and their sizes. */
const NUMBER_BYTES = {
  ...{ RAM_SIZE: 8, NOGRAPHIC: 2, NB_CPUS: 2, BOOT_DEVICE: 2, BOOT_MENU: 2, MAX_CPUS: 2 },
  ...{ KERNEL_ADDR: 4, KERNEL_SIZE: 4, KERNEL_ENTRY: 4, INITRD_ADDR: 4, INITRD_SIZE: 4 },
  ...{ CMDLINE_ADDR: 4, CMDLINE_SIZE: 4, SETUP_ADDR: 4, SETUP_SIZE: 4 },
} as const

/** Names of items that are numbers. */
export type FwCfgNumber = keyof typeof NUMBER_BYTES
/** What is handed over with its size and the address where it is to lie. */
export type FwCfgImage = 'KERNEL' | 'INITRD' | 'CMDLINE' | 'SETUP'

/** Offsets from the first port, which is 510H on a PC. */
const PORT = { SELECTOR: 0, DATA: 1, DMA: 4, DMA_LOW: 8 } as const
/** Ports from the selector to the end of the DMA interface. */
export const FW_CFG_PORTS = 12
const SIGNATURE = 'QEMU'
const DMA_SIGNATURE = 'QEMU CFG'
/** Bits of the item ID. */
const FEATURES = { TRADITIONAL: 1, DMA: 2 } as const
/** Bits 14 and 15 of a key: writing, and whether the item is of the architecture's. */
const WRITE_CHANNEL = 0x4000
const LAST_FILE = 0x3fff
const DIRECTORY = { HEADER_BYTES: 4, ENTRY_BYTES: 64, NAME: 8, NAME_BYTES: 56 } as const
const ACCESS = { BYTES: 16, LENGTH: 4, ADDRESS: 8 } as const
const CONTROL = { ERROR: 1, READ: 2, SKIP: 4, SELECT: 8, WRITE: 16 } as const
const ZEROS = new Uint8Array(1 << 16)
const TWO_32 = 2 ** 32
/** Physical addresses are below it. */
const ADDRESS_LIMIT = 2 ** 52

export interface FwCfgOptions {
  /** What the DMA interface reads requests from, and copies items to. */
  readonly memory: DmaMemory
}

export interface FwCfgState {
  readonly selected: number
  readonly offset: number
  /** Bits 63:32 of the address of a request. */
  readonly addressHi: number
}

/** Items are part of how the device is made, not of its state: the guest cannot change them. */
export class FwCfg implements Stateful<FwCfgState> {
  readonly #memory: DmaMemory
  readonly #items = new Map<number, Uint8Array>()
  readonly #files: { readonly name: string; readonly bytes: Uint8Array }[] = []
  #selected = 0
  #offset = 0
  #addressHi = 0

  constructor({ memory }: FwCfgOptions) {
    this.#memory = memory
    this.add(FW_CFG.SIGNATURE, ascii(SIGNATURE))
    this.add(FW_CFG.ID, littleEndian(FEATURES.TRADITIONAL | FEATURES.DMA, 4))
    this.#renewDirectory()
  }

  /** `FW_CFG_PORTS` ports: selector and data, and from the fifth on the DMA interface. */
  readonly ports: IoDevice = {
    read: (offset, sizeBytes) => {
      if (offset >= PORT.DMA) return readSignature(offset - PORT.DMA, sizeBytes)
      return offset === PORT.DATA && sizeBytes === 1 ? this.#next() : 0
    },
    write: (offset, sizeBytes, value) => {
      if (offset === PORT.SELECTOR && sizeBytes === 2) this.#select(value)
      else if (sizeBytes === 4) this.#writeAddress(offset, swap32(value))
    },
  }

  // The host's side.

  /** Sets an item, in place of what it was. Throws `DeviceError` `device.option` for a key that is none. */
  add(key: number, bytes: Uint8Array): void {
    if (!Number.isInteger(key) || key < 0 || key > 0xffff || (key & WRITE_CHANNEL) !== 0)
      throw new DeviceError('device.option', `an item of fw_cfg with key ${key}`, 'give one of `FW_CFG`')
    this.#items.set(key, bytes.slice())
  }

  /** Sets an item that is a number. */
  addNumber(name: FwCfgNumber, value: number): void {
    this.add(FW_CFG[name], littleEndian(value, NUMBER_BYTES[name]))
  }

  /** Hands over a kernel, an initial RAM disk, a command line (with its NUL) or a set-up block; `address` is where it is to lie. */
  addImage(name: FwCfgImage, bytes: Uint8Array, address = 0): void {
    this.addNumber(`${name}_ADDR`, address)
    this.addNumber(`${name}_SIZE`, bytes.length)
    this.add(FW_CFG[`${name}_DATA`], bytes)
  }

  /**
   * Adds a file to the directory: `etc/...`, `opt/...`; at most 55 ASCII characters. Throws `DeviceError` `device.option` for a name that
   * is none, or is there already.
   */
  addFile(name: string, bytes: Uint8Array): void {
    const isName = /^[\x21-\x7e]+$/.test(name) && name.length < DIRECTORY.NAME_BYTES
    if (!isName || this.#files.some((file) => file.name === name))
      throw new DeviceError('device.option', `a file of fw_cfg named ${JSON.stringify(name)}`, 'give a new name')
    const key = FW_CFG.FILE_FIRST + this.#files.length
    if (key > LAST_FILE) throw new DeviceError('device.option', 'too many files of fw_cfg', 'add fewer')
    this.add(key, bytes)
    this.#files.push({ name, bytes })
    this.#renewDirectory()
  }

  /** The directory is big-endian. */
  #renewDirectory(): void {
    const bytes = new Uint8Array(DIRECTORY.HEADER_BYTES + this.#files.length * DIRECTORY.ENTRY_BYTES)
    const view = new DataView(bytes.buffer)
    view.setUint32(0, this.#files.length)
    for (const [n, file] of this.#files.entries()) {
      const at = DIRECTORY.HEADER_BYTES + n * DIRECTORY.ENTRY_BYTES
      view.setUint32(at, file.bytes.length)
      view.setUint16(at + 4, FW_CFG.FILE_FIRST + n)
      bytes.set(ascii(file.name), at + DIRECTORY.NAME)
    }
    this.#items.set(FW_CFG.FILE_DIR, bytes)
  }

  // The guest's side.

  /** The write channel has the same items; nothing of them can be written. */
  #select(key: number): void {
    this.#selected = key & ~WRITE_CHANNEL & 0xffff
    this.#offset = 0
  }

  get #item(): Uint8Array {
    return this.#items.get(this.#selected) ?? ZEROS.subarray(0, 0)
  }

  /** Behind its end an item reads as zeros. */
  #next(): number {
    const byte = this.#item[this.#offset] ?? 0
    this.#advance(1)
    return byte
  }

  #advance(bytes: number): void {
    this.#offset = Math.min(this.#offset + bytes, this.#item.length)
  }

  /** The address register is big-endian; its low half starts the request. */
  #writeAddress(offset: number, value: number): void {
    if (offset === PORT.DMA) this.#addressHi = value
    if (offset !== PORT.DMA_LOW) return
    const address = this.#addressHi * TWO_32 + value
    this.#addressHi = 0
    if (address < ADDRESS_LIMIT && this.#memory.isRam(address, ACCESS.BYTES)) this.#request(address)
  }

  #request(at: number): void {
    const bytes = new Uint8Array(ACCESS.BYTES)
    this.#memory.readBytes(at, bytes)
    const view = new DataView(bytes.buffer)
    const control = view.getUint32(0)
    const length = view.getUint32(ACCESS.LENGTH)
    const address = view.getUint32(ACCESS.ADDRESS) * TWO_32 + view.getUint32(ACCESS.ADDRESS + 4)
    if ((control & CONTROL.SELECT) !== 0) this.#select(control >>> 16)
    let result = 0
    if ((control & CONTROL.READ) !== 0) result = this.#copy(address, length) ? 0 : CONTROL.ERROR
    else if ((control & CONTROL.WRITE) !== 0) result = CONTROL.ERROR
    else if ((control & CONTROL.SKIP) !== 0) this.#advance(length)
    this.#memory.write32(at, swap32(result))
  }

  /** @returns whether all of it is RAM */
  #copy(address: number, length: number): boolean {
    if (address >= ADDRESS_LIMIT || !this.#memory.isRam(address, length)) return false
    const found = this.#item.subarray(this.#offset, this.#offset + length)
    this.#memory.writeBytes(address, found)
    for (let at = found.length; at < length; at += ZEROS.length)
      this.#memory.writeBytes(address + at, ZEROS.subarray(0, length - at))
    this.#advance(length)
    return true
  }

  reset(): void {
    this.#select(0)
    this.#addressHi = 0
  }

  state(): FwCfgState {
    return { selected: this.#selected, offset: this.#offset, addressHi: this.#addressHi }
  }

  restore({ selected, offset, addressHi }: FwCfgState): void {
    this.#selected = selected
    this.#offset = offset
    this.#addressHi = addressHi
  }
}

function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0))
}

function littleEndian(value: number, sizeBytes: number): Uint8Array {
  return Uint8Array.from({ length: sizeBytes }, (_, at) => Math.floor(value / 2 ** (8 * at)) % 256)
}

function swap32(value: number): number {
  return ((value << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | (value >>> 24)) >>> 0
}

/** The address register tells that there is one. */
function readSignature(offset: number, sizeBytes: number): number {
  let value = 0
  for (let at = 0; at < sizeBytes; at++) value += (DMA_SIGNATURE.charCodeAt(offset + at) || 0) * 2 ** (8 * at)
  return value
}
