/**
 * What a BIOS leaves behind in memory, for kernels that look there: multiboot's are told that the machine is "as initialized by the
 * BIOS" (Multiboot Specification 0.6.96, 3.2). IBM Personal System/2 and Personal Computer BIOS Interface Technical Reference:
 * section 2, "Interrupts", and section 3, "BIOS Data Area" and "Extended BIOS Data Area".
 */
import { MEMORY_TYPE_E820, type MemoryMap, PC_BIOS } from './memory-map.ts'
import type { MemoryWrite } from './plan.ts'

const VECTORS = 256
/** Of the BIOS data area at 40H:0. */
const EBDA_SEGMENT = 0x40e
const MEMORY_KIB = 0x413

/** Services that a BIOS refuses with CF and a status in AH; all others return as they were called. */
const REFUSED = [
  // "Invalid function request": there is no disk of the BIOS.
  { vector: 0x13, offset: 0xe3fe, status: 0x01 },
  // "Unsupported function": the map of memory comes from the boot loader.
  { vector: 0x15, offset: 0xf859, status: 0x86 },
] as const
/** Where a PC/AT has an IRET: all other vectors lead there. */
const DUMMY_OFFSET = 0xff53
const IRET = 0xcf

/** MOV AH, status; PUSH BP; MOV BP, SP; OR BYTE [BP+6], 1; POP BP; IRET: FLAGS of the caller with CF. */
const refusal = (status: number): Uint8Array =>
  Uint8Array.of(0xb4, status, 0x55, 0x89, 0xe5, 0x80, 0x4e, 0x06, 0x01, 0x5d, IRET)

function vectorTable(): Uint8Array {
  const table = new DataView(new ArrayBuffer(4 * VECTORS))
  const segment = PC_BIOS.ROM >>> 4
  for (let vector = 0; vector < VECTORS; vector++) {
    const offset = REFUSED.find((service) => service.vector === vector)?.offset ?? DUMMY_OFFSET
    table.setUint16(4 * vector, offset, true)
    table.setUint16(4 * vector + 2, segment, true)
  }
  return new Uint8Array(table.buffer)
}

const word = (value: number): Uint8Array => Uint8Array.of(value & 0xff, value >>> 8)

/**
 * The interrupt vectors with handlers that do nothing, the size of conventional memory, and the extended BIOS data area. A kernel that
 * is loaded there goes before: these are to be written first.
 */
export function biosWrites(map: MemoryMap): MemoryWrite[] {
  const conventional = map.find(({ address, type }) => address === 0 && type === MEMORY_TYPE_E820.RAM)
  return [
    { address: 0, bytes: vectorTable() },
    { address: EBDA_SEGMENT, bytes: word(PC_BIOS.EBDA >>> 4) },
    { address: MEMORY_KIB, bytes: word(Math.floor((conventional?.sizeBytes ?? 0) / 1024)) },
    // Its first byte is its size in KiB.
    { address: PC_BIOS.EBDA, bytes: Uint8Array.of(PC_BIOS.EBDA_BYTES / 1024) },
    ...REFUSED.map(({ offset, status }) => ({ address: PC_BIOS.ROM + offset, bytes: refusal(status) })),
    { address: PC_BIOS.ROM + DUMMY_OFFSET, bytes: Uint8Array.of(IRET) },
  ]
}
