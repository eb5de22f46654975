/** An ELF file around a flat image, with the note by which PVH finds its entry. */

const HEADER_BYTES = 64
const PROGRAM_HEADER_BYTES = 56
const NOTE_BYTES = 20
const IMAGE_OFFSET = 0x1000
const NOTE_OFFSET = HEADER_BYTES + 2 * PROGRAM_HEADER_BYTES
/** XEN_ELFNOTE_PHYS32_ENTRY: Xen, docs/misc/pvh.pandoc. */
const PHYS32_ENTRY = 18
const [LOAD, NOTE] = [1, 4]
const X86_64 = 62

/** The file; `address` is where the image is loaded, and `entry` where it begins, in 32-bit protected mode. */
export function elfImage(image: Uint8Array, address: number, entry: number): Uint8Array {
  const bytes = new Uint8Array(IMAGE_OFFSET + image.length)
  const view = new DataView(bytes.buffer)
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1])
  view.setUint16(16, 2, true)
  view.setUint16(18, X86_64, true)
  view.setUint32(20, 1, true)
  view.setUint32(24, entry, true)
  view.setUint32(32, HEADER_BYTES, true)
  view.setUint16(52, HEADER_BYTES, true)
  view.setUint16(54, PROGRAM_HEADER_BYTES, true)
  view.setUint16(56, 2, true)
  programHeader(view, HEADER_BYTES, LOAD, IMAGE_OFFSET, address, image.length)
  programHeader(view, HEADER_BYTES + PROGRAM_HEADER_BYTES, NOTE, NOTE_OFFSET, 0, NOTE_BYTES)
  view.setUint32(NOTE_OFFSET, 4, true)
  view.setUint32(NOTE_OFFSET + 4, 4, true)
  view.setUint32(NOTE_OFFSET + 8, PHYS32_ENTRY, true)
  bytes.set([0x58, 0x65, 0x6e, 0], NOTE_OFFSET + 12)
  view.setUint32(NOTE_OFFSET + 16, entry, true)
  bytes.set(image, IMAGE_OFFSET)
  return bytes
}

function programHeader(
  view: DataView,
  at: number,
  type: number,
  offset: number,
  address: number,
  sizeBytes: number,
): void {
  view.setUint32(at, type, true)
  view.setUint32(at + 4, 7, true)
  view.setUint32(at + 8, offset, true)
  view.setUint32(at + 16, address, true)
  view.setUint32(at + 24, address, true)
  view.setUint32(at + 32, sizeBytes, true)
  view.setUint32(at + 40, sizeBytes, true)
  view.setUint32(at + 48, 4, true)
}
