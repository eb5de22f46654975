/** v128 ops on bits, bytes and single lanes (WebAssembly core specification 2.0, 4.3.4 and 4.4.3). */
import type { PureRow } from '../rows.ts'
import { type Datum, ValueType } from '../types.ts'
import { simdCode, test, vector1, vector2 } from './lanes.ts'

const { i32, i64, f32, f64, v128 } = ValueType

const bytes2 = (name: string, opcode: number, f: (a: number, b: number) => number): PureRow =>
  vector2(`v128.${name}`, opcode, (a, b) => a.map((x, n) => f(x, b[n] as number)))

const LOGIC: readonly PureRow[] = [
  vector1('v128.not', 0x4d, (a) => a.map((x) => ~x)),
  bytes2('and', 0x4e, (a, b) => a & b),
  bytes2('andnot', 0x4f, (a, b) => a & ~b),
  bytes2('or', 0x50, (a, b) => a | b),
  bytes2('xor', 0x51, (a, b) => a ^ b),
  {
    name: 'v128.bitselect',
    args: [v128, v128, v128],
    result: v128,
    wasm: simdCode(0x52),
    evaluate: (a: Uint8Array, b: Uint8Array, mask: Uint8Array) =>
      a.map((x, n) => (x & (mask[n] as number)) | ((b[n] as number) & ~(mask[n] as number))),
  } satisfies PureRow,
  test('v128.any_true', 0x53, (a) => (a.some((x) => x !== 0) ? 1 : 0)),
]

const PERMUTE: readonly PureRow[] = [
  {
    name: 'i8x16.shuffle',
    args: [v128, v128],
    result: v128,
    wasm: simdCode(0x0d),
    immediate: 'shuffle',
    evaluate: (a: Uint8Array, b: Uint8Array, _c: undefined, lanes: Uint8Array) =>
      lanes.map((n) => (n < 16 ? a[n] : b[n - 16]) as number),
  } satisfies PureRow,
  vector2('i8x16.swizzle', 0x0e, (a, b) => b.map((n) => (n < 16 ? (a[n] as number) : 0))),
]

/** A lane as the scalar that holds it, and back. */
interface LaneType {
  readonly shape: string
  readonly bytes: number
  readonly scalar: ValueType
  read(view: DataView, at: number): Datum
  write(view: DataView, at: number, v: never): void
  readonly splat: number
  /** Opcodes of extraction, by suffix. */
  readonly extract: Readonly<Record<string, number>>
  readonly replace: number
}

// biome-ignore format: a table
const LANES: readonly LaneType[] = [
  { shape: 'i8x16', bytes: 1, scalar: i32, read: (v, at) => v.getInt8(at), write: (v, at, x: number) => v.setInt8(at, x),
    splat: 0x0f, extract: { _s: 0x15, _u: 0x16 }, replace: 0x17 },
  { shape: 'i16x8', bytes: 2, scalar: i32, read: (v, at) => v.getInt16(at, true), write: (v, at, x: number) => v.setInt16(at, x, true),
    splat: 0x10, extract: { _s: 0x18, _u: 0x19 }, replace: 0x1a },
  { shape: 'i32x4', bytes: 4, scalar: i32, read: (v, at) => v.getInt32(at, true), write: (v, at, x: number) => v.setInt32(at, x, true),
    splat: 0x11, extract: { '': 0x1b }, replace: 0x1c },
  { shape: 'i64x2', bytes: 8, scalar: i64, read: (v, at) => v.getBigInt64(at, true), write: (v, at, x: bigint) => v.setBigInt64(at, x, true),
    splat: 0x12, extract: { '': 0x1d }, replace: 0x1e },
  { shape: 'f32x4', bytes: 4, scalar: f32, read: (v, at) => v.getFloat32(at, true), write: (v, at, x: number) => v.setFloat32(at, x, true),
    splat: 0x13, extract: { '': 0x1f }, replace: 0x20 },
  { shape: 'f64x2', bytes: 8, scalar: f64, read: (v, at) => v.getFloat64(at, true), write: (v, at, x: number) => v.setFloat64(at, x, true),
    splat: 0x14, extract: { '': 0x21 }, replace: 0x22 },
]

const viewOf = (v: Uint8Array): DataView => new DataView(v.buffer, v.byteOffset, 16)

function laneRows(lane: LaneType): PureRow[] {
  const { shape, bytes, scalar } = lane
  const splat = (a: never): Uint8Array => {
    const result = new Uint8Array(16)
    for (let at = 0; at < 16; at += bytes) lane.write(viewOf(result), at, a)
    return result
  }
  const replace = (a: Uint8Array, b: never, _c: undefined, n: number): Uint8Array => {
    const result = a.slice()
    lane.write(viewOf(result), n * bytes, b)
    return result
  }
  const extract = (suffix: string) => (a: Uint8Array, _b: undefined, _c: undefined, n: number) => {
    const v = lane.read(viewOf(a), n * bytes)
    return suffix === '_u' ? (v as number) & (bytes === 1 ? 0xff : 0xffff) : v
  }
  return [
    { name: `${shape}.splat`, args: [scalar], result: v128, wasm: simdCode(lane.splat), evaluate: splat },
    ...Object.entries(lane.extract).map(
      ([suffix, opcode]): PureRow => ({
        name: `${shape}.extract_lane${suffix}`,
        args: [v128],
        result: scalar,
        wasm: simdCode(opcode),
        immediate: 'lane',
        evaluate: extract(suffix),
      }),
    ),
    {
      name: `${shape}.replace_lane`,
      args: [v128, scalar],
      result: v128,
      wasm: simdCode(lane.replace),
      immediate: 'lane',
      evaluate: replace,
    },
  ]
}

export const BITS_ROWS: readonly PureRow[] = [...LOGIC, ...PERMUTE, ...LANES.flatMap(laneRows)]
