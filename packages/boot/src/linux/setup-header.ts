/** The head of a bzImage: Linux, Documentation/arch/x86/boot.rst, "The Real-Mode Kernel Header"; offsets are those of the file. */
import { type BootRejection, rejected } from '../load/rejection.ts'

/** Offsets of the setup header, in the file and in the zero page alike (boot.rst, "The Real-Mode Kernel Header"). */
export const SETUP_HEADER = {
  SETUP_SECTS: 0x1f1,
  SYSSIZE: 0x1f4,
  VID_MODE: 0x1fa,
  BOOT_FLAG: 0x1fe,
  /** The second byte of a short jump: where the header ends, from 0x202 on. */
  JUMP_DISTANCE: 0x201,
  HEADER: 0x202,
  VERSION: 0x206,
  TYPE_OF_LOADER: 0x210,
  LOADFLAGS: 0x211,
  CODE32_START: 0x214,
  RAMDISK_IMAGE: 0x218,
  RAMDISK_SIZE: 0x21c,
  HEAP_END_PTR: 0x224,
  CMD_LINE_PTR: 0x228,
  INITRD_ADDR_MAX: 0x22c,
  KERNEL_ALIGNMENT: 0x230,
  RELOCATABLE_KERNEL: 0x234,
  XLOADFLAGS: 0x236,
  CMDLINE_SIZE: 0x238,
  PAYLOAD_OFFSET: 0x248,
  PAYLOAD_LENGTH: 0x24c,
  SETUP_DATA: 0x250,
  PREF_ADDRESS: 0x258,
  INIT_SIZE: 0x260,
} as const

/** Bits of `loadflags`. */
export const LOADFLAGS = { LOADED_HIGH: 0x01, CAN_USE_HEAP: 0x80 } as const

/** Bits of `xloadflags` (protocol 2.12). */
export const XLOADFLAGS = { KERNEL_64: 0x01, CAN_BE_LOADED_ABOVE_4G: 0x02 } as const

/** Versions of the protocol that brought what this loader reads. */
const PROTOCOL = {
  COMMAND_LINE: 0x202,
  INITRD_ADDR_MAX: 0x203,
  RELOCATABLE: 0x205,
  CMDLINE_SIZE: 0x206,
  PAYLOAD: 0x208,
  INIT_SIZE: 0x20a,
  XLOADFLAGS: 0x20c,
} as const

const BOOT_FLAG = 0xaa55
/** `HdrS`. */
const HEADER_MAGIC = 0x5372_6448
const SECTOR_BYTES = 512
const DEFAULT_SETUP_SECTS = 4
const HEADER_END = 0x290
/** Where a kernel that cannot be relocated is loaded. */
const LOAD_HIGH = 0x10_0000

/** What the setup header says, with the defaults of the protocol's version. Addresses and sizes in bytes. */
export interface SetupHeader {
  readonly kind: 'header'
  /** 0x20f is 2.15. */
  readonly version: number
  /** From 0x1f1 to the end that the header names: what goes into the zero page. */
  readonly bytes: Uint8Array
  /** The protected-mode kernel: all that follows the real-mode part. */
  readonly kernel: Uint8Array
  readonly loadflags: number
  readonly xloadflags: number
  readonly initrdAddressMax: number
  readonly commandLineBytes: number
  readonly isRelocatable: boolean
  readonly alignment: number
  /** Where it would like to be loaded, or, if it is not relocatable, moves itself to. */
  readonly preferredAddress: number
  /** Where a boot loader that does not choose puts it. */
  readonly loadAddress: number
  /** What it needs in one piece from its run-time address on. */
  readonly initBytes: number
  /** The compressed kernel in `kernel`, if the header tells. */
  readonly payload: { readonly offset: number; readonly sizeBytes: number } | undefined
}

const notLinux = (what: string): BootRejection =>
  rejected(
    'boot.not-this-format',
    `no Linux bzImage: ${what}`,
    'give a vmlinuz of x86; a vmlinux is loaded by its ELF header',
  )

function checkMagic(image: Uint8Array, view: DataView): BootRejection | undefined {
  if (image.length < HEADER_END) return notLinux(`${image.length} bytes are less than a setup header`)
  if (view.getUint16(SETUP_HEADER.BOOT_FLAG, true) !== BOOT_FLAG) return notLinux('AA55 is missing at 0x1fe')
  if (view.getUint32(SETUP_HEADER.HEADER, true) !== HEADER_MAGIC) return notLinux('HdrS is missing at 0x202')
  const version = view.getUint16(SETUP_HEADER.VERSION, true)
  if (version >= PROTOCOL.COMMAND_LINE) return undefined
  const named = `${version >>> 8}.${(version & 0xff).toString().padStart(2, '0')}`
  return rejected('boot.old-protocol', `boot protocol ${named} is too old`, 'give a kernel with protocol 2.02 or newer')
}

/** Fields that a version does not have yet read as what the protocol says of that time. */
function fieldsOf(view: DataView, version: number): Omit<SetupHeader, 'kind' | 'version' | 'bytes' | 'kernel'> {
  const u32 = (offset: number, since: number, otherwise: number): number =>
    version >= since ? view.getUint32(offset, true) : otherwise
  const preferred = version >= PROTOCOL.INIT_SIZE ? Number(view.getBigUint64(SETUP_HEADER.PREF_ADDRESS, true)) : 0
  const payloadBytes = u32(SETUP_HEADER.PAYLOAD_LENGTH, PROTOCOL.PAYLOAD, 0)
  return {
    loadflags: view.getUint8(SETUP_HEADER.LOADFLAGS),
    xloadflags: version >= PROTOCOL.XLOADFLAGS ? view.getUint16(SETUP_HEADER.XLOADFLAGS, true) : 0,
    initrdAddressMax: u32(SETUP_HEADER.INITRD_ADDR_MAX, PROTOCOL.INITRD_ADDR_MAX, 0x37ff_ffff),
    commandLineBytes: u32(SETUP_HEADER.CMDLINE_SIZE, PROTOCOL.CMDLINE_SIZE, 255),
    isRelocatable: version >= PROTOCOL.RELOCATABLE && view.getUint8(SETUP_HEADER.RELOCATABLE_KERNEL) !== 0,
    alignment: u32(SETUP_HEADER.KERNEL_ALIGNMENT, PROTOCOL.RELOCATABLE, 0) || LOAD_HIGH,
    preferredAddress: preferred === 0 ? LOAD_HIGH : preferred,
    loadAddress: view.getUint32(SETUP_HEADER.CODE32_START, true),
    initBytes: u32(SETUP_HEADER.INIT_SIZE, PROTOCOL.INIT_SIZE, 0),
    payload:
      payloadBytes === 0
        ? undefined
        : { offset: view.getUint32(SETUP_HEADER.PAYLOAD_OFFSET, true), sizeBytes: payloadBytes },
  }
}

/** Reads the head of a bzImage. Nothing is copied. */
export function readSetupHeader(image: Uint8Array): SetupHeader | BootRejection {
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength)
  const rejection = checkMagic(image, view)
  if (rejection !== undefined) return rejection
  const version = view.getUint16(SETUP_HEADER.VERSION, true)
  const fields = fieldsOf(view, version)
  if ((fields.loadflags & LOADFLAGS.LOADED_HIGH) === 0)
    return rejected('boot.unsupported', 'this is a zImage, which is loaded low', 'give a bzImage')
  const setupBytes = ((image[SETUP_HEADER.SETUP_SECTS] || DEFAULT_SETUP_SECTS) + 1) * SECTOR_BYTES
  const kernelBytes = view.getUint32(SETUP_HEADER.SYSSIZE, true) * 16
  // The last paragraph of 16 bytes need not be whole.
  if (setupBytes + kernelBytes - 15 > image.length || setupBytes >= image.length)
    return rejected(
      'boot.truncated',
      `the kernel is ${setupBytes + kernelBytes} bytes by its header, the file ${image.length}`,
      'give the whole file',
    )
  const end = Math.min(SETUP_HEADER.HEADER + (image[SETUP_HEADER.JUMP_DISTANCE] ?? 0), HEADER_END)
  const bytes = image.subarray(SETUP_HEADER.SETUP_SECTS, end)
  return { kind: 'header', version, bytes, kernel: image.subarray(setupBytes), ...fields }
}
