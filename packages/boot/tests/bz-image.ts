import { LOADFLAGS, SETUP_HEADER, XLOADFLAGS } from '../src/linux/index.ts'

/** What a made-up bzImage says of itself. */
export interface BzImageParts {
  readonly version?: number
  readonly loadflags?: number
  readonly xloadflags?: number
  readonly relocatable?: boolean
  readonly preferredAddress?: number
  readonly initBytes?: number
  readonly initrdAddressMax?: number
  readonly commandLineBytes?: number
  readonly kernel?: Uint8Array
  readonly payload?: { readonly offset: number; readonly sizeBytes: number }
}

const SETUP_BYTES = 0x400

/** A bzImage with a header like Linux 6.1's, and no code. */
export function bzImage(parts: BzImageParts = {}): Uint8Array {
  const { kernel = Uint8Array.from({ length: 0x1000 }, (_, n) => n), payload } = parts
  const bytes = new Uint8Array(SETUP_BYTES + kernel.length)
  const view = new DataView(bytes.buffer)
  bytes.set(kernel, SETUP_BYTES)
  view.setUint8(SETUP_HEADER.SETUP_SECTS, SETUP_BYTES / 512 - 1)
  view.setUint32(SETUP_HEADER.SYSSIZE, Math.ceil(kernel.length / 16), true)
  view.setUint16(SETUP_HEADER.BOOT_FLAG, 0xaa55, true)
  bytes.set([0xeb, 0x6a, 0x48, 0x64, 0x72, 0x53], 0x200)
  view.setUint16(SETUP_HEADER.VERSION, parts.version ?? 0x20f, true)
  view.setUint8(SETUP_HEADER.LOADFLAGS, parts.loadflags ?? LOADFLAGS.LOADED_HIGH)
  view.setUint32(SETUP_HEADER.CODE32_START, 0x10_0000, true)
  view.setUint32(SETUP_HEADER.INITRD_ADDR_MAX, parts.initrdAddressMax ?? 0x7fff_ffff, true)
  view.setUint32(SETUP_HEADER.KERNEL_ALIGNMENT, 0x20_0000, true)
  view.setUint8(SETUP_HEADER.RELOCATABLE_KERNEL, (parts.relocatable ?? true) ? 1 : 0)
  const xloadflags = parts.xloadflags ?? XLOADFLAGS.KERNEL_64 | XLOADFLAGS.CAN_BE_LOADED_ABOVE_4G
  view.setUint16(SETUP_HEADER.XLOADFLAGS, xloadflags, true)
  view.setUint32(SETUP_HEADER.CMDLINE_SIZE, parts.commandLineBytes ?? 2047, true)
  view.setUint32(SETUP_HEADER.PAYLOAD_OFFSET, payload?.offset ?? 0, true)
  view.setUint32(SETUP_HEADER.PAYLOAD_LENGTH, payload?.sizeBytes ?? 0, true)
  view.setBigUint64(SETUP_HEADER.PREF_ADDRESS, BigInt(parts.preferredAddress ?? 0x100_0000), true)
  view.setUint32(SETUP_HEADER.INIT_SIZE, parts.initBytes ?? 0x300_0000, true)
  return bytes
}
