/** SSE floating-point instructions that are held against silicon: registers 0 and 1, and memory at [rdi]. */
import { F32, F64, type Layout, number, type Random } from './random.ts'

export interface Tried {
  readonly name: string
  readonly code: readonly number[]
  /** What the native program needs after it. */
  readonly epilogue?: readonly number[]
  /** 16 bytes of destination (XMM0) and source (XMM1, memory); the low half of the source also goes to RAX. */
  readonly operands: (next: Random) => readonly [Uint8Array, Uint8Array]
}

const nearOf = (layout: Layout, raw: bigint): number =>
  Number((raw >> BigInt(layout.fractionBits)) & ((1n << BigInt(layout.exponentBits)) - 1n))

/**
 * Factors whose product is a little less than the least normal number, but rounds to it: tiny all the same (SDM vol. 1, 4.9.1.5).
 * (1 + 2^-12) (1 - 2^-12) = 1 - 2^-24, and (1 + 2^-26) (1 - 2^-26 + 2^-53) is just above 1 - 2^-53.
 */
function brink(next: Random, layout: Layout): readonly [bigint, bigint] {
  const bits = BigInt(layout.fractionBits)
  const bias = BigInt((1 << (layout.exponentBits - 1)) - 1)
  const down = BigInt(1 + (next() % 100))
  const [above, below] = layout === F32 ? [1n << 11n, 0x7ff000n] : [1n << 26n, (1n << 52n) - (1n << 27n) + 1n]
  return [((bias - down) << bits) | above, (down << bits) | below]
}

/** Lanes of both operands: the second operand's exponents are near the first's. */
const floats =
  (layout: Layout) =>
  (next: Random): readonly [Uint8Array, Uint8Array] => {
    const [a, b] = [new Uint8Array(16), new Uint8Array(16)]
    // Often all lanes are alike in kind, so that the usual ways of whole vectors are tried too.
    const calm = next() % 3 === 0
    const bytes = layout === F32 ? 4 : 8
    const bias = (1 << (layout.exponentBits - 1)) - 1
    const draw = (near: number): bigint => {
      for (;;) {
        const v = number(next, layout, near)
        if (!calm || Math.abs(nearOf(layout, v) - bias) < 60) return v
      }
    }
    for (let at = 0; at < 16; at += bytes) {
      const x = draw(bias)
      const kind = next() % 16
      const [first, second] = kind === 1 && calm ? brink(next, layout) : [x, kind === 0 ? x : draw(nearOf(layout, x))]
      put(a, at, bytes, first)
      put(b, at, bytes, second)
    }
    return [a, b]
  }

function put(bytes: Uint8Array, at: number, size: number, v: bigint): void {
  for (let n = 0; n < size; n++) bytes[at + n] = Number((v >> BigInt(8 * n)) & 0xffn)
}

const integers =
  (size: 4 | 8) =>
  (next: Random): readonly [Uint8Array, Uint8Array] => {
    const [a, b] = [new Uint8Array(16), new Uint8Array(16)]
    const bits = size * 8
    for (let at = 0; at < 16; at += size) {
      const v = (BigInt(next()) << 32n) | BigInt(next())
      put(a, at, size, v >> 5n)
      put(b, at, size, BigInt.asIntN(bits, v) >> BigInt(next() % bits))
    }
    return [a, b]
  }

const PREFIXES = { ps: [], pd: [0x66], ss: [0xf3], sd: [0xf2] } as const
type Kind = keyof typeof PREFIXES

const operandsOf = (kind: Kind) => floats(kind.endsWith('d') ? F64 : F32)

/** xmm0, xmm1 and xmm0, [rdi]. */
const MODRM = { register: 0xc1, memory: 0x07 } as const

function both(name: string, code: (modrm: number) => number[], operands: Tried['operands']): Tried[] {
  return [
    { name, code: code(MODRM.register), operands },
    { name: `${name} memory`, code: code(MODRM.memory), operands },
  ]
}

const ARITHMETIC = { add: 0x58, mul: 0x59, sub: 0x5c, min: 0x5d, div: 0x5e, max: 0x5f, sqrt: 0x51 } as const
const IMMEDIATES_OF_ROUND = [0, 1, 2, 3, 4, 8 + 1, 8 + 4]

function ofKind(kind: Kind): Tried[] {
  const prefix = PREFIXES[kind]
  const operands = operandsOf(kind)
  const isPacked = kind.startsWith('p')
  return [
    ...Object.entries(ARITHMETIC).flatMap(([name, opcode]) =>
      both(name + kind, (m) => [...prefix, 0x0f, opcode, m], operands),
    ),
    ...[0, 1, 2, 3, 4, 5, 6, 7].flatMap((predicate) =>
      both(`cmp${kind} ${predicate}`, (m) => [...prefix, 0x0f, 0xc2, m, predicate], operands),
    ),
    ...IMMEDIATES_OF_ROUND.flatMap((immediate) => {
      const opcode = 0x08 + (isPacked ? 0 : 2) + (kind.endsWith('d') ? 1 : 0)
      return both(`round${kind} ${immediate}`, (m) => [0x66, 0x0f, 0x3a, opcode, m, immediate], operands)
    }),
  ]
}

const W = 0x48
const single = floats(F32)
const double = floats(F64)

const CONVERSIONS: readonly Tried[] = [
  ...both('cvtdq2ps', (m) => [0x0f, 0x5b, m], integers(4)),
  ...both('cvtps2dq', (m) => [0x66, 0x0f, 0x5b, m], single),
  ...both('cvttps2dq', (m) => [0xf3, 0x0f, 0x5b, m], single),
  ...both('cvtdq2pd', (m) => [0xf3, 0x0f, 0xe6, m], integers(4)),
  ...both('cvtpd2dq', (m) => [0xf2, 0x0f, 0xe6, m], double),
  ...both('cvttpd2dq', (m) => [0x66, 0x0f, 0xe6, m], double),
  ...both('cvtps2pd', (m) => [0x0f, 0x5a, m], single),
  ...both('cvtpd2ps', (m) => [0x66, 0x0f, 0x5a, m], double),
  ...both('cvtss2sd', (m) => [0xf3, 0x0f, 0x5a, m], single),
  ...both('cvtsd2ss', (m) => [0xf2, 0x0f, 0x5a, m], double),
  ...[[], [W]].flatMap((wide) => {
    const size = wide.length === 0 ? '' : ' 64'
    const words = integers(wide.length === 0 ? 4 : 8)
    return [
      // From RAX: ModRM C0.
      { name: `cvtsi2ss${size}`, code: [0xf3, ...wide, 0x0f, 0x2a, 0xc0], operands: words },
      { name: `cvtsi2sd${size}`, code: [0xf2, ...wide, 0x0f, 0x2a, 0xc0], operands: words },
      { name: `cvtsi2sd${size} memory`, code: [0xf2, ...wide, 0x0f, 0x2a, 0x07], operands: words },
      ...both(`cvtss2si${size}`, (m) => [0xf3, ...wide, 0x0f, 0x2d, m], single),
      ...both(`cvttss2si${size}`, (m) => [0xf3, ...wide, 0x0f, 0x2c, m], single),
      ...both(`cvtsd2si${size}`, (m) => [0xf2, ...wide, 0x0f, 0x2d, m], double),
      ...both(`cvttsd2si${size}`, (m) => [0xf2, ...wide, 0x0f, 0x2c, m], double),
    ]
  }),
]

const EMMS = [0x0f, 0x77]
const MM0_TO_RAX = [W, 0x0f, 0x7e, 0xc0]
const RAX_TO_MM0 = [W, 0x0f, 0x6e, 0xc0]

const MMX: readonly Tried[] = [
  { name: 'cvtpi2ps', code: [...RAX_TO_MM0, 0x0f, 0x2a, 0xc0], epilogue: EMMS, operands: integers(4) },
  { name: 'cvtpi2ps memory', code: [0x0f, 0x2a, 0x07], operands: integers(4) },
  { name: 'cvtpi2pd', code: [...RAX_TO_MM0, 0x66, 0x0f, 0x2a, 0xc0], epilogue: EMMS, operands: integers(4) },
  ...[0x2d, 0x2c].flatMap((opcode) =>
    [
      ...both(`cvtps2pi ${opcode}`, (m) => [0x0f, opcode, m, ...MM0_TO_RAX], single),
      ...both(`cvtpd2pi ${opcode}`, (m) => [0x66, 0x0f, opcode, m, ...MM0_TO_RAX], double),
    ].map((tried) => ({ ...tried, epilogue: EMMS })),
  ),
]

const OTHERS: readonly Tried[] = [
  ...both('ucomiss', (m) => [0x0f, 0x2e, m], single),
  ...both('comiss', (m) => [0x0f, 0x2f, m], single),
  ...both('ucomisd', (m) => [0x66, 0x0f, 0x2e, m], double),
  ...both('comisd', (m) => [0x66, 0x0f, 0x2f, m], double),
  ...both('addsubps', (m) => [0xf2, 0x0f, 0xd0, m], single),
  ...both('addsubpd', (m) => [0x66, 0x0f, 0xd0, m], double),
  ...both('haddps', (m) => [0xf2, 0x0f, 0x7c, m], single),
  ...both('hsubps', (m) => [0xf2, 0x0f, 0x7d, m], single),
  ...both('haddpd', (m) => [0x66, 0x0f, 0x7c, m], double),
  ...both('hsubpd', (m) => [0x66, 0x0f, 0x7d, m], double),
  ...[0xff, 0xf1, 0x71, 0xbc, 0x35].flatMap((imm) =>
    both(`dpps ${imm}`, (m) => [0x66, 0x0f, 0x3a, 0x40, m, imm], single),
  ),
  ...[0x33, 0x31, 0x12].flatMap((imm) => both(`dppd ${imm}`, (m) => [0x66, 0x0f, 0x3a, 0x41, m, imm], double)),
]

export const SSE_INSTRUCTIONS: readonly Tried[] = [
  ...(['ps', 'pd', 'ss', 'sd'] as const).flatMap(ofKind),
  ...CONVERSIONS,
  ...MMX,
  ...OTHERS,
]
