/** The checks of .xz files: xz file format 1.2.0, 3.4 and 6. */

/** Reversed polynomials: IEEE 802.3, and ECMA-182 in two halves. */
const POLYNOMIAL_32 = 0xedb8_8320
const POLYNOMIAL_64 = { lo: 0xd787_0f42, hi: 0xc96c_5795 } as const

const TABLE_32 = /* @__PURE__ */ Uint32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte
  for (let bit = 0; bit < 8; bit++) rest = (rest >>> 1) ^ ((rest & 1) === 0 ? 0 : POLYNOMIAL_32)
  return rest >>> 0
})

/** The CRC32 of bytes. */
export function crc32(bytes: Uint8Array): number {
  let rest = 0xffff_ffff
  for (const byte of bytes) rest = (rest >>> 8) ^ (TABLE_32[(rest ^ byte) & 0xff] as number)
  return ~rest >>> 0
}

function table64(): { lo: Uint32Array; hi: Uint32Array } {
  const table = { lo: new Uint32Array(256), hi: new Uint32Array(256) }
  for (let byte = 0; byte < 256; byte++) {
    let [lo, hi] = [byte, 0]
    for (let bit = 0; bit < 8; bit++) {
      const carry = lo & 1
      lo = (lo >>> 1) | (hi << 31)
      hi >>>= 1
      if (carry !== 0) {
        lo ^= POLYNOMIAL_64.lo
        hi ^= POLYNOMIAL_64.hi
      }
    }
    table.lo[byte] = lo
    table.hi[byte] = hi
  }
  return table
}

const TABLE_64 = /* @__PURE__ */ table64()

/** The CRC64 of bytes, as its two halves. */
export function crc64(bytes: Uint8Array): { readonly lo: number; readonly hi: number } {
  let [lo, hi] = [-1, -1]
  for (const byte of bytes) {
    const index = (lo ^ byte) & 0xff
    lo = ((lo >>> 8) | (hi << 24)) ^ (TABLE_64.lo[index] as number)
    hi = (hi >>> 8) ^ (TABLE_64.hi[index] as number)
  }
  return { lo: ~lo >>> 0, hi: ~hi >>> 0 }
}

/** Check ids (xz file format, 2.1.1.2). */
const CHECK = { NONE: 0, CRC32: 1, CRC64: 4 } as const

/** Bytes of a check by its id (2.1.1.2). */
export const checkBytes = (id: number): number => [0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64][id] ?? 0

/** Whether a check can be computed here. */
export const isKnownCheck = (id: number): boolean => id === CHECK.NONE || id === CHECK.CRC32 || id === CHECK.CRC64

/** Whether data has the check that stands at `at`. */
export function checkHolds(id: number, data: Uint8Array, view: DataView, at: number): boolean {
  if (id === CHECK.NONE) return true
  if (id === CHECK.CRC32) return view.getUint32(at, true) === crc32(data)
  const { lo, hi } = crc64(data)
  return view.getUint32(at, true) === lo && view.getUint32(at + 4, true) === hi
}
