/** How long instructions are whose rows come later: EVEX and XOP. */

/** Bytes of ModRM, SIB and displacement at `p` (SDM vol. 2, tables 2-1 to 2-3). `asz`: 0, 1, 2 for 16-, 32-, 64-bit addresses. */
export function addressBytes(bytes: Uint8Array, p: number, asz: number): number {
  const modrm = bytes[p] as number
  const mod = modrm >> 6
  const rm = modrm & 7
  if (mod === 3) return 1
  if (asz === 0) return mod === 1 ? 2 : mod === 2 || rm === 6 ? 3 : 1
  const sib = rm === 4 ? 1 : 0
  const base = sib ? (bytes[p + 1] as number) & 7 : rm
  return 1 + sib + (mod === 1 ? 1 : mod === 2 || base === 5 ? 4 : 0)
}

/**
 * Position after the EVEX instruction whose first payload byte is at `p`, or -1 where the map does not exist
 * (SDM vol. 2, 2.7.1: three payload bytes, then opcode, ModRM, SIB, displacement, immediate).
 */
export function evexEnd(bytes: Uint8Array, p: number, asz: number): number {
  const map = (bytes[p] as number) & 7
  if (map === 0) return -1
  // EVEX.pp = 66: APX's promoted instructions take 16-bit immediates.
  const word = ((bytes[p + 1] as number) & 3) === 1
  const opcode = bytes[p + 3] as number
  const reg = ((bytes[p + 4] as number) >> 3) & 7
  return p + 4 + addressBytes(bytes, p + 4, asz) + evexImmediateBytes(map, opcode, reg, word)
}

/** Position after the XOP instruction whose first payload byte is at `p`, or -1 (APM vol. 6: maps 8, 9 and A). */
export function xopEnd(bytes: Uint8Array, p: number, asz: number): number {
  const map = (bytes[p] as number) & 0x1f
  if (map < 8 || map > 10) return -1
  return p + 3 + addressBytes(bytes, p + 3, asz) + (map === 8 ? 1 : map === 10 ? 4 : 0)
}

/**
 * Immediate bytes of an EVEX instruction: all of map 3 have one; of map 1 the shifts, shuffles, compares, inserts and extracts (SDM vol. 2,
 * appendix A; opcodes 70-73, C2, C4-C6). Map 4 promotes legacy map 0 (APX architecture specification, "EVEX map 4"); map 7 has 32-bit MSR numbers.
 */
function evexImmediateBytes(map: number, opcode: number, reg: number, wordOperand: boolean): number {
  if (map === 3) return 1
  if (map === 1)
    return (opcode >= 0x70 && opcode <= 0x73) || opcode === 0xc2 || (opcode >= 0xc4 && opcode <= 0xc6) ? 1 : 0
  if (map === 7) return 4
  if (map !== 4) return 0
  const wide = wordOperand ? 2 : 4
  if (opcode === 0x69 || opcode === 0x81) return wide
  if (
    opcode === 0x6b ||
    opcode === 0x80 ||
    opcode === 0x83 ||
    opcode === 0xc0 ||
    opcode === 0xc1 ||
    opcode === 0x24 ||
    opcode === 0x2c
  )
    return 1
  if (opcode === 0xf6 && reg <= 1) return 1
  return opcode === 0xf7 && reg <= 1 ? wide : 0
}
