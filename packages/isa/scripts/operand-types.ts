/** Reads one operand of a row, already expanded to a size, into its specification. */
import type { Access, OperandSpec, Place, RegClass } from './form.ts'

const GPR_NAMES: Readonly<Record<string, readonly [RegClass, number]>> = Object.fromEntries(
  ['A', 'C', 'D', 'B']
    .flatMap((x, i) => [
      [`${x}L`, ['r8', i]],
      [`${x}H`, ['r8', 20 + i]],
      [`${x}X`, ['r16', i]],
      [`E${x}X`, ['r32', i]],
      [`R${x}X`, ['r64', i]],
    ])
    .concat(
      ['SP', 'BP', 'SI', 'DI'].flatMap((x, i) => [
        [x, ['r16', i + 4]],
        [`E${x}`, ['r32', i + 4]],
        [`R${x}`, ['r64', i + 4]],
      ]),
    ),
)
const SEG = ['ES', 'CS', 'SS', 'DS', 'FS', 'GS']
const VECTOR = new Set<string>(['mm', 'xmm', 'ymm', 'zmm', 'k', 'tmm', 'bnd'])
const ACCESS = new Set<string>(['r', 'w', 'rw', 'cw', 'rcw', 'n'])

const NAMED_MEM: Readonly<Record<string, number>> = {
  m: 0,
  mib: 0,
  m80bcd: 10,
  m32fp: 4,
  m64fp: 8,
  m80fp: 10,
  m16int: 2,
  m32int: 4,
  m64int: 8,
}

/** `immSignTo` of an immediate that is sign-extended to whatever the operand size is (PUSH imm8). */
export const OPERAND_SIZE = -1

export class TableError extends Error {
  readonly code = 'ISA_TABLE'
}

const base = { reg: null, fixed: -1, mem: false, memBytes: 0, vsib: null, immBytes: 0, immSignTo: 0 } as const

/** Bytes of a memory type, or null where the text is not a memory type. */
function memoryBytes(type: string): number | null {
  if (type in NAMED_MEM) return NAMED_MEM[type] ?? 0
  let m = /^m(\d+)byte$/.exec(type)
  if (m) return Number(m[1])
  m = /^m(\d+)[:&](\d+)$/.exec(type)
  if (m) return (Number(m[1]) + Number(m[2])) / 8
  m = /^m(\d+)$/.exec(type)
  return m ? Number(m[1]) / 8 : null
}

function regClass(type: string): RegClass | null {
  if (/^r(8|16|32|64)$/.test(type)) return type as RegClass
  if (VECTOR.has(type)) return type as RegClass
  if (type === 'Sreg') return 'sreg'
  if (type === 'CRn') return 'cr'
  if (type === 'DRn') return 'dr'
  return type === 'ST(i)' ? 'st' : null
}

/** Fixed registers and constants: operands without a letter in OP/EN. */
export function fixedOperand(type: string, access: Access): OperandSpec | null {
  const gpr = GPR_NAMES[type]
  if (gpr) return { ...base, place: 'fixed', type, access, reg: gpr[0], fixed: gpr[1] }
  const seg = SEG.indexOf(type)
  if (seg >= 0) return { ...base, place: 'fixed', type, access, reg: 'sreg', fixed: seg }
  let m = /^ST\((\d)\)$/.exec(type) ?? (type === 'ST' ? ['', '0'] : null)
  if (m) return { ...base, place: 'fixed', type, access, reg: 'st', fixed: Number(m[1]) }
  m = /^(XMM|YMM|CR|DR)(\d+)$/.exec(type)
  if (m)
    return { ...base, place: 'fixed', type, access, reg: (m[1] ?? '').toLowerCase() as RegClass, fixed: Number(m[2]) }
  if (/^\d+$/.test(type)) return { ...base, place: 'const', type, access, fixed: Number(type) }
  m = /^([XY])(8|16|32|64)$/.exec(type)
  if (m) return { ...base, place: m[1] === 'X' ? 'si' : 'di', type, access, mem: true, memBytes: Number(m[2]) / 8 }
  m = /^m(\d+|X|)@r(\w\w)$/.exec(type)
  if (!m) return null
  const number = GPR_NAMES[`R${(m[2] ?? '').toUpperCase()}`]?.[1] ?? -1
  return { ...base, place: 'memfixed', type, access, mem: true, fixed: number, memBytes: Number(m[1] || 0) / 8 || 0 }
}

function immediate(type: string, place: Place, access: Access, operandSize: number): OperandSpec | null {
  const m = /^(imm|rel|moffs)(\d+)(sx)?$/.exec(type)
  if (m) {
    const bits = Number(m[2])
    if (m[1] === 'rel') return { ...base, place: 'D', type, access, immBytes: bits / 8, immSignTo: 64 }
    if (m[1] === 'moffs') return { ...base, place: 'D', type, access, mem: true, memBytes: bits / 8 }
    return { ...base, place, type, access, immBytes: bits / 8, immSignTo: m[3] ? operandSize || OPERAND_SIZE : 0 }
  }
  const far = /^ptr16:(16|32)$/.exec(type)
  return far ? { ...base, place: 'D', type, access, immBytes: 2 + Number(far[1]) / 8 } : null
}

/** An operand that is encoded at `place`. `operandSize` is 0 where the form has none. */
export function encodedOperand(type: string, place: Place, access: Access, operandSize: number): OperandSpec {
  const imm = immediate(type, place, access, operandSize)
  if (imm) return imm
  const vsib = /^vm(32|64)([xy])$/.exec(type)
  if (vsib)
    return {
      ...base,
      place,
      type,
      access,
      mem: true,
      memBytes: Number(vsib[1]) / 8,
      vsib: vsib[2] === 'x' ? 'xmm' : 'ymm',
    }
  const pair = /^(.+?)\/m(\d+)$/.exec(type)
  if (pair) {
    const reg = pair[1] === 'r' ? (`r${pair[2]}` as RegClass) : regClass(pair[1] ?? '')
    if (reg) return { ...base, place, type, access, reg, mem: true, memBytes: Number(pair[2]) / 8 }
  }
  const reg = regClass(type)
  if (reg) return { ...base, place, type, access, reg }
  const bytes = memoryBytes(type)
  if (bytes === null) throw new TableError(`operand type '${type}' is not in NOTATION.md`)
  return { ...base, place, type, access, mem: true, memBytes: bytes }
}

export function splitAccess(text: string): { type: string; access: Access } {
  const m = /^(.*?)(?::([a-z]+))?$/.exec(text)
  const type = m?.[1] ?? text
  const access = m?.[2]
  if (access === undefined || !ACCESS.has(access)) return { type: text, access: 'r' }
  return { type, access: access as Access }
}
