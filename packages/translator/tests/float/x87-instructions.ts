/** x87 instructions that are held against silicon, with memory at [rdi], and what their memory operand is. */
import { extended, F32, F64, number, type Random } from './random.ts'

export type MemoryKind = 'none' | 'f32' | 'f64' | 'f80' | 'i16' | 'i32' | 'i64' | 'bcd' | 'any'

export interface X87Tried {
  readonly name: string
  readonly code: readonly number[]
  readonly memory: MemoryKind
}

const REGISTERS = [0, 1, 2, 5, 7]

/** A register form for a few registers. */
const onRegisters = (name: string, opcode: number, modrm: number): X87Tried[] =>
  REGISTERS.map((i) => ({ name: `${name} st${i}`, code: [opcode, modrm + i], memory: 'none' }))

const inMemory = (name: string, opcode: number, digit: number, memory: MemoryKind): X87Tried => ({
  name: `${name} ${memory}`,
  code: [opcode, (digit << 3) | 7],
  memory,
})

const plain = (name: string, opcode: number, modrm: number): X87Tried => ({
  name,
  code: [opcode, modrm],
  memory: 'none',
})

const ARITHMETIC = { fadd: 0, fmul: 1, fsub: 4, fsubr: 5, fdiv: 6, fdivr: 7 } as const
/** In DC and DE the digits of subtraction and division are exchanged with their reversed ones. */
const REVERSED = [0, 1, 2, 3, 5, 4, 7, 6]

const arithmetic: readonly X87Tried[] = Object.entries(ARITHMETIC).flatMap(([name, digit]) => {
  const [toTop, toOther] = [0xc0 + digit * 8, 0xc0 + (REVERSED[digit] as number) * 8]
  return [
    inMemory(name, 0xd8, digit, 'f32'),
    inMemory(name, 0xdc, digit, 'f64'),
    inMemory(name, 0xda, digit, 'i32'),
    inMemory(name, 0xde, digit, 'i16'),
    ...onRegisters(name, 0xd8, toTop),
    ...onRegisters(`${name} to`, 0xdc, toOther),
    ...onRegisters(`${name}p`, 0xde, toOther),
  ]
})

const comparisons: readonly X87Tried[] = [
  ...(['fcom', 'fcomp'] as const).flatMap((name, n) => [
    inMemory(name, 0xd8, 2 + n, 'f32'),
    inMemory(name, 0xdc, 2 + n, 'f64'),
    inMemory(name, 0xda, 2 + n, 'i32'),
    inMemory(name, 0xde, 2 + n, 'i16'),
    ...onRegisters(name, 0xd8, 0xd0 + 8 * n),
  ]),
  plain('fcompp', 0xde, 0xd9),
  plain('fucompp', 0xda, 0xe9),
  ...onRegisters('fucom', 0xdd, 0xe0),
  ...onRegisters('fucomp', 0xdd, 0xe8),
  ...onRegisters('fcomi', 0xdb, 0xf0),
  ...onRegisters('fcomip', 0xdf, 0xf0),
  ...onRegisters('fucomi', 0xdb, 0xe8),
  ...onRegisters('fucomip', 0xdf, 0xe8),
  plain('ftst', 0xd9, 0xe4),
  plain('fxam', 0xd9, 0xe5),
]

const CONSTANTS = ['fld1', 'fldl2t', 'fldl2e', 'fldpi', 'fldlg2', 'fldln2', 'fldz']

const transfers: readonly X87Tried[] = [
  inMemory('fld', 0xd9, 0, 'f32'),
  inMemory('fld', 0xdd, 0, 'f64'),
  inMemory('fld', 0xdb, 5, 'f80'),
  ...onRegisters('fld', 0xd9, 0xc0),
  inMemory('fild', 0xdf, 0, 'i16'),
  inMemory('fild', 0xdb, 0, 'i32'),
  inMemory('fild', 0xdf, 5, 'i64'),
  inMemory('fbld', 0xdf, 4, 'bcd'),
  ...CONSTANTS.map((name, n) => plain(name, 0xd9, 0xe8 + n)),
  inMemory('fst', 0xd9, 2, 'f32'),
  inMemory('fst', 0xdd, 2, 'f64'),
  inMemory('fstp', 0xd9, 3, 'f32'),
  inMemory('fstp', 0xdd, 3, 'f64'),
  inMemory('fstp', 0xdb, 7, 'f80'),
  ...onRegisters('fst', 0xdd, 0xd0),
  ...onRegisters('fstp', 0xdd, 0xd8),
  ...onRegisters('fstpnce', 0xd9, 0xd8),
  inMemory('fist', 0xdf, 2, 'i16'),
  inMemory('fist', 0xdb, 2, 'i32'),
  inMemory('fistp', 0xdf, 3, 'i16'),
  inMemory('fistp', 0xdb, 3, 'i32'),
  inMemory('fistp', 0xdf, 7, 'i64'),
  inMemory('fisttp', 0xdf, 1, 'i16'),
  inMemory('fisttp', 0xdb, 1, 'i32'),
  inMemory('fisttp', 0xdd, 1, 'i64'),
  inMemory('fbstp', 0xdf, 6, 'bcd'),
  ...onRegisters('fxch', 0xd9, 0xc8),
  ...['b', 'e', 'be', 'u'].flatMap((c, n) => [
    ...onRegisters(`fcmov${c}`, 0xda, 0xc0 + 8 * n),
    ...onRegisters(`fcmovn${c}`, 0xdb, 0xc0 + 8 * n),
  ]),
]

const unary: readonly X87Tried[] = [
  plain('fchs', 0xd9, 0xe0),
  plain('fabs', 0xd9, 0xe1),
  plain('fsqrt', 0xd9, 0xfa),
  plain('frndint', 0xd9, 0xfc),
  plain('fscale', 0xd9, 0xfd),
  plain('fxtract', 0xd9, 0xf4),
  plain('fprem', 0xd9, 0xf8),
  plain('fprem1', 0xd9, 0xf5),
]

const controls: readonly X87Tried[] = [
  plain('fincstp', 0xd9, 0xf7),
  plain('fdecstp', 0xd9, 0xf6),
  ...onRegisters('ffree', 0xdd, 0xc0),
  ...onRegisters('ffreep', 0xdf, 0xc0),
  plain('fninit', 0xdb, 0xe3),
  plain('fnclex', 0xdb, 0xe2),
  inMemory('fldcw', 0xd9, 5, 'any'),
  inMemory('fnstcw', 0xd9, 7, 'any'),
  inMemory('fnstsw', 0xdd, 7, 'any'),
  plain('fnstsw ax', 0xdf, 0xe0),
  inMemory('fldenv', 0xd9, 4, 'any'),
  inMemory('fnstenv', 0xd9, 6, 'any'),
  inMemory('frstor', 0xdd, 4, 'any'),
  inMemory('fnsave', 0xdd, 6, 'any'),
  plain('fnop', 0xd9, 0xd0),
  { name: 'fwait', code: [0x9b], memory: 'none' },
  plain('emms', 0x0f, 0x77),
]

export const X87_TRIED: readonly X87Tried[] = [...arithmetic, ...comparisons, ...transfers, ...unary, ...controls]

export const TRANSCENDENTAL_TRIED: readonly X87Tried[] = [
  plain('f2xm1', 0xd9, 0xf0),
  plain('fyl2x', 0xd9, 0xf1),
  plain('fptan', 0xd9, 0xf2),
  plain('fpatan', 0xd9, 0xf3),
  plain('fyl2xp1', 0xd9, 0xf9),
  plain('fsincos', 0xd9, 0xfb),
  plain('fsin', 0xd9, 0xfe),
  plain('fcos', 0xd9, 0xff),
]

const wide = (next: Random): bigint => (BigInt(next()) << 32n) | BigInt(next())

/** 16 bytes of memory, low first, with the operand at its start. */
export function drawMemory(next: Random, kind: MemoryKind, near: number): bigint {
  const rest = (wide(next) << 64n) | wide(next)
  const put = (v: bigint, bits: number): bigint => ((rest >> BigInt(bits)) << BigInt(bits)) | BigInt.asUintN(bits, v)
  switch (kind) {
    case 'f32':
      return put(number(next, F32, Math.max(0, Math.min(255, near - 16383 + 127))), 32)
    case 'f64':
      return put(number(next, F64, Math.max(0, Math.min(2047, near - 16383 + 1023))), 64)
    case 'f80':
      return put(extended(next, near), 80)
    case 'i16':
    case 'i32':
    case 'i64': {
      const bits = Number(kind.slice(1))
      return put(BigInt.asIntN(bits, wide(next)) >> BigInt(next() % bits), bits)
    }
    case 'bcd':
      return put(drawDecimal(next), 80)
    default:
      return rest
  }
}

function drawDecimal(next: Random): bigint {
  let v = BigInt(next() & 1) << 7n
  for (let n = 0; n < 18; n++) v = (v << 4n) | BigInt(n < next() % 18 ? 0 : next() % 10)
  return v
}
