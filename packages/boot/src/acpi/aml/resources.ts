/** Resource templates: ACPI 6.5, 6.4 "Resource Data Types for ACPI". */
import { littleEndian } from './bytes.ts'
import { type AmlValue, buffer } from './terms.ts'

/** One descriptor of a template. */
export interface ResourceDescriptor {
  readonly bytes: readonly number[]
}

/** How an interrupt is signalled. */
export interface InterruptKind {
  readonly trigger: 'edge' | 'level'
  readonly polarity: 'high' | 'low'
  readonly isShared?: boolean
}

/** Small items have their length in the tag; large ones in two bytes after it. */
const TAG = {
  IRQ_NO_FLAGS: 0x22,
  IRQ: 0x23,
  IO: 0x47,
  END: 0x79,
  MEMORY32_FIXED: 0x86,
  DWORD_ADDRESS: 0x87,
  WORD_ADDRESS: 0x88,
  EXTENDED_INTERRUPT: 0x89,
  QWORD_ADDRESS: 0x8a,
} as const

const large = (tag: number, body: readonly number[]): ResourceDescriptor => ({
  bytes: [tag, ...littleEndian(body.length, 2), ...body],
})

const DECODES_16_BITS = 1

/** Ports that a device decodes (6.4.2.5). */
export const io = (port: number, sizeBytes: number): ResourceDescriptor => ({
  bytes: [TAG.IO, DECODES_16_BITS, ...littleEndian(port, 2), ...littleEndian(port, 2), 1, sizeBytes],
})

/** An ISA interrupt: edge-triggered, active high, not shared (6.4.2.1). */
export const irq = (number: number): ResourceDescriptor => ({
  bytes: [TAG.IRQ_NO_FLAGS, ...littleEndian(2 ** number, 2)],
})

/** An interrupt below 16 with its kind (6.4.2.1). */
export const irqOf = (number: number, { trigger, polarity, isShared = false }: InterruptKind): ResourceDescriptor => ({
  bytes: [
    TAG.IRQ,
    ...littleEndian(2 ** number, 2),
    (trigger === 'edge' ? 1 : 0) | (polarity === 'low' ? 8 : 0) | (isShared ? 0x10 : 0),
  ],
})

const CONSUMER = 1

/** A global system interrupt that a device uses (6.4.3.6). */
export const interrupt = (gsi: number, { trigger, polarity, isShared = false }: InterruptKind): ResourceDescriptor =>
  large(TAG.EXTENDED_INTERRUPT, [
    CONSUMER | (trigger === 'edge' ? 2 : 0) | (polarity === 'low' ? 4 : 0) | (isShared ? 8 : 0),
    1,
    ...littleEndian(gsi, 4),
  ])

const WRITABLE = 1

/** Memory below 4 GiB that a device decodes (6.4.3.4). */
export const memory32Fixed = (address: number, sizeBytes: number): ResourceDescriptor =>
  large(TAG.MEMORY32_FIXED, [WRITABLE, ...littleEndian(address, 4), ...littleEndian(sizeBytes, 4)])

/** A range that a bridge passes on. Both ends are included. */
export interface Window {
  readonly first: number
  readonly last: number
}

const SPACE_TYPE = { MEMORY: 0, IO: 1, BUS: 2 } as const
/** `_MIF` and `_MAF`: both ends are fixed. Bit 0 is zero: a producer; bit 1 is zero: positive decode. */
const FIXED_ENDS = 0x0c
/** Bits of type-specific flags (6.4.3.5.5). */
const ENTIRE_RANGE = 3
const CACHEABLE_READ_WRITE = 1 | (1 << 1)

/** Address space descriptors (6.4.3.5): granularity, first, last, translation and length of one width. */
const addressSpace = (
  [tag, widthBytes]: readonly [tag: number, widthBytes: number],
  [type, specific]: readonly [type: number, specific: number],
  { first, last }: Window,
): ResourceDescriptor =>
  large(tag, [
    ...[type, FIXED_ENDS, specific],
    ...[0, first, last, 0, last - first + 1].flatMap((field) => littleEndian(field, widthBytes)),
  ])

const WORD = [TAG.WORD_ADDRESS, 2] as const
const DWORD = [TAG.DWORD_ADDRESS, 4] as const
const QWORD = [TAG.QWORD_ADDRESS, 8] as const

/** Bus numbers behind a bridge. */
export const wordBusNumber = (window: Window): ResourceDescriptor => addressSpace(WORD, [SPACE_TYPE.BUS, 0], window)
/** Ports behind a bridge: fewer than 65,536. */
export const wordIo = (window: Window): ResourceDescriptor => addressSpace(WORD, [SPACE_TYPE.IO, ENTIRE_RANGE], window)
/** Memory behind a bridge, below 4 GiB. */
export const dwordMemory = (window: Window): ResourceDescriptor =>
  addressSpace(DWORD, [SPACE_TYPE.MEMORY, WRITABLE], window)
/** Memory behind a bridge, anywhere. */
export const qwordMemory = (window: Window): ResourceDescriptor =>
  addressSpace(QWORD, [SPACE_TYPE.MEMORY, CACHEABLE_READ_WRITE], window)

/** A template; the checksum of its end tag is zero, which means that there is none (6.4.2.9). */
export const resourceTemplate = (descriptors: readonly ResourceDescriptor[]): AmlValue =>
  buffer([...descriptors.flatMap(({ bytes }) => bytes), TAG.END, 0])
