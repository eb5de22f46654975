/**
 * The x86 filter (xz file format 1.2.0, 5.3.2 "Branch/Call/Jump Filters"): before compression, targets of CALL and JMP were made absolute,
 * so that the same target has the same bytes. What is taken as an instruction is what the filter's definition in the LZMA SDK takes.
 */

const INSTRUCTION_BYTES = 5
/** E8: CALL rel32; E9: JMP rel32. */
const isCallOrJump = (byte: number): boolean => (byte & 0xfe) === 0xe8
/** Targets are within 16 MiB: the highest byte only repeats the sign. */
const isSignByte = (byte: number): boolean => byte === 0 || byte === 0xff

/**
 * By which of the three bytes before this one look like an instruction (bit 0: the byte before): how far into this operand such an
 * instruction's own operand reaches, in bytes; -1 where this byte cannot be an instruction then.
 */
const REACH = [0, 1, 2, -1, 3, -1, -1, -1] as const

/** The relative target of an absolute one, undoing also what an overlapping operand did to the bytes. */
function relative(absolute: number, next: number, reach: number): number {
  let target = absolute
  for (;;) {
    const distance = (target - next) | 0
    if (reach === 0 || !isSignByte((distance >>> (24 - reach * 8)) & 0xff)) return distance
    target = distance ^ ((reach === 0 ? 0 : 2 ** (32 - reach * 8)) - 1)
  }
}

/** Undoes the filter in place. `start` is the position of the first byte as the encoder counted it. */
export function undoX86Filter(bytes: Uint8Array, start: number): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let before = 0
  for (let at = 0; at + INSTRUCTION_BYTES <= bytes.length; at++) {
    const candidates = before
    before = (before << 1) & 7
    if (!isCallOrJump(bytes[at] as number)) continue
    before |= 1
    const reach = REACH[candidates] as number
    if (reach < 0 || (reach > 0 && isSignByte(bytes[at + 4 - reach] as number))) continue
    if (!isSignByte(bytes[at + 4] as number)) continue
    const distance = relative(view.getUint32(at + 1, true), start + at + INSTRUCTION_BYTES, reach)
    // 25 bits with their sign.
    view.setInt32(at + 1, (distance << 7) >> 7, true)
    at += INSTRUCTION_BYTES - 1
    before = 0
  }
}
