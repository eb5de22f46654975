/** The state image: registers of a case before and after, 688 bytes. README of the vectors, "The state image". */
import { CODE, FS_BASE, GS_BASE, USER_CODE_32, USER_CODE_64, USER_DATA } from './layout.ts'
import { extended, integer64, type Random, seeded, sixteen } from './random.ts'

export type CodeBits = 32 | 64

export const IMAGE_BYTES = 688
/** Byte offsets. The image of FXSAVE64 (SDM vol. 1, table 10-2; 64-bit format) stands at `fx`. */
export const IMAGE = {
  gpr: 0,
  rip: 128,
  rflags: 136,
  fsBase: 144,
  gsBase: 152,
  cs: 160,
  ss: 162,
  ds: 164,
  es: 166,
  fs: 168,
  gs: 170,
  fcw: 176,
  fsw: 178,
  ftw: 180,
  fop: 182,
  fip: 184,
  fdp: 192,
  mxcsr: 200,
  st: 208,
  xmm: 336,
} as const

/** RFLAGS that a case can start with: IF and bit 1 are always set. */
const STATUS = 0x8d5
const ALWAYS = 0x202
const DF = 0x400
const AC = 0x40000

/** The first instruction stands at CODE plus this: room before it for branches that go back. */
export const codeAddress = (seed: number): number => CODE + 0x200 + (seed % 0xc00)

/** The x87 environment of a case. ES and B follow from the exceptions (SDM vol. 1, 8.1.3.3). */
function drawX87(next: Random, v: DataView, bits: CodeBits): void {
  const masks = next() % 4 === 0 ? next() & 0x3f : 0x3f
  const precision = [0, 2, 3, 3][next() % 4] as number
  const fcw = 0x40 | masks | (precision << 8) | ((next() & 3) << 10)
  v.setUint16(IMAGE.fcw, fcw, true)
  const flags = next() % 4 === 0 ? next() & 0x7f : 0
  const pending = (flags & ~masks & 0x3f) !== 0 ? 0x8080 : 0
  const top = next() & 7
  v.setUint16(IMAGE.fsw, flags | pending | (top << 11) | (next() & 0x4700), true)
  const kind = next() % 4
  const count = next() % 9
  const run = ((1 << count) - 1) << top
  v.setUint8(IMAGE.ftw, kind === 0 ? 0xff : kind === 1 ? 0 : kind === 2 ? next() & 0xff : (run | (run >> 8)) & 0xff)
  v.setUint16(IMAGE.fop, next() & 0x7ff, true)
  v.setUint32(IMAGE.fip, next(), true)
  v.setUint32(IMAGE.fdp, next(), true)
  if (bits === 64) {
    v.setUint16(IMAGE.fip + 4, next() & 0x7fff, true)
    v.setUint16(IMAGE.fdp + 4, next() & 0x7fff, true)
  }
  for (let n = 0; n < 8; n++) {
    const { signExponent, significand } = extended(next)
    v.setBigUint64(IMAGE.st + 16 * n, significand, true)
    v.setUint16(IMAGE.st + 16 * n + 8, signExponent, true)
  }
}

/** A value that MXCSR can hold. */
export function drawMxcsr(next: Random): number {
  const masks = next() % 4 === 0 ? next() & 0x3f : 0x3f
  const flags = next() % 2 === 0 ? next() & 0x3f : 0
  const daz = next() % 4 === 0 ? 0x40 : 0
  const ftz = next() % 4 === 0 ? 0x8000 : 0
  return flags | daz | (masks << 7) | ((next() & 3) << 13) | ftz
}

/** The state that a seed stands for. */
export function drawImage(seed: number, bits: CodeBits): Uint8Array {
  const image = new Uint8Array(IMAGE_BYTES)
  const v = new DataView(image.buffer)
  const next = seeded(seed)
  for (let n = 0; n < 16; n++) {
    const value = integer64(next)
    if (bits === 64) v.setBigUint64(8 * n, value, true)
    else if (n < 8) v.setUint32(8 * n, Number(value & 0xffffffffn), true)
  }
  v.setUint32(IMAGE.rip, codeAddress(seed), true)
  const direction = next() % 4 === 0 ? DF : 0
  const alignment = next() % 16 === 0 ? AC : 0
  v.setUint32(IMAGE.rflags, (next() & STATUS) | ALWAYS | direction | alignment, true)
  drawX87(next, v, bits)
  v.setUint32(IMAGE.mxcsr, drawMxcsr(next), true)
  for (let n = 0; n < (bits === 64 ? 16 : 8); n++) sixteen(next, v, IMAGE.xmm + 16 * n)
  setSegments(v, bits)
  return image
}

function setSegments(v: DataView, bits: CodeBits): void {
  v.setUint16(IMAGE.cs, bits === 64 ? USER_CODE_64 : USER_CODE_32, true)
  v.setUint16(IMAGE.ss, USER_DATA, true)
  if (bits === 64) {
    v.setUint32(IMAGE.fsBase, FS_BASE, true)
    v.setUint32(IMAGE.gsBase, GS_BASE, true)
  } else for (const at of [IMAGE.ds, IMAGE.es, IMAGE.fs, IMAGE.gs]) v.setUint16(at, USER_DATA, true)
}
