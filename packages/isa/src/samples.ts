/** An encoding of every form, from operands made for it: what tests and comparisons with other tools go through: `@ringfold/isa/samples`. */

import { type EncodeError, encode, type MemoryValue, type OperandValue } from './encoder/index.ts'
import type { FormFacts } from './facts/index.ts'
import { registerByName } from './registers.ts'

const memory = (bytes: number, base: string, index = 0, displacement = 0n): MemoryValue => ({
  kind: 'memory',
  bytes,
  segment: -1,
  base: registerByName(base),
  index,
  scale: index ? 2 : 1,
  displacement,
})

const REGISTERS: Readonly<Record<string, readonly string[]>> = {
  r8: ['bl', 'cl'],
  r16: ['bx', 'di'],
  r32: ['ebx', 'edi'],
  r64: ['rbx', 'r13'],
  Sreg: ['ds', 'fs'],
  CRn: ['cr4', 'cr0'],
  DRn: ['dr7', 'dr1'],
  mm: ['mm3', 'mm7'],
  xmm: ['xmm5', 'xmm2'],
  ymm: ['ymm5', 'ymm2'],
  'ST(i)': ['st(3)', 'st(6)'],
  AL: ['al'],
  CL: ['cl'],
  AX: ['ax'],
  DX: ['dx'],
  EAX: ['eax'],
  ECX: ['ecx'],
  RAX: ['rax'],
  'ST(0)': ['st(0)'],
  XMM0: ['xmm0'],
  ES: ['es'],
  CS: ['cs'],
  SS: ['ss'],
  DS: ['ds'],
  FS: ['fs'],
  GS: ['gs'],
}
const NAMED_BYTES: Readonly<Record<string, number>> = {
  m32fp: 4,
  m64fp: 8,
  m80fp: 10,
  m80bcd: 10,
  m16int: 2,
  m32int: 4,
  m64int: 8,
  m: 0,
  mib: 0,
}

/** A value for an operand type of the table; `variant` chooses between register and memory, and between registers. */
function valueFor(type: string, bits: number, variant: number, position: number): OperandValue {
  const base = bits === 64 ? 'rbx' : bits === 32 ? 'ebx' : 'bx'
  const reg = (t: string): OperandValue => {
    const names = REGISTERS[t] ?? []
    return { kind: 'register', register: registerByName(names[(variant + position) % names.length] ?? '') }
  }
  const split = /^(.*)\/m(\d+)$/.exec(type)
  if (split)
    return variant % 2 === 0
      ? reg(split[1] === 'r' ? `r${split[2]}` : (split[1] ?? ''))
      : memory(Number(split[2]) / 8, base, 0, 0x40n)
  if (REGISTERS[type]) return reg(type)
  const vsib = /^vm\d+([xy])$/.exec(type)
  if (vsib) return { ...memory(0, base === 'bx' ? 'ebx' : base, registerByName(vsib[1] === 'x' ? 'xmm4' : 'ymm4')) }
  const string = /^([XY])(\d+)$/.exec(type)
  if (string)
    return memory(
      Number(string[2]) / 8,
      (bits === 64 ? 'r' : bits === 32 ? 'e' : '') + (string[1] === 'X' ? 'si' : 'di'),
    )
  const fixed = /^m(\d*)@r(\w\w)$/.exec(type)
  if (fixed)
    return memory(
      Number(fixed[1] || 0) / 8,
      (bits === 64 ? 'r' : bits === 32 ? 'e' : '') + (fixed[2] ?? '').toLowerCase(),
    )
  if (type.startsWith('imm')) return { kind: 'immediate', value: type.endsWith('sx') ? -3n : 5n }
  if (type.startsWith('rel')) return { kind: 'immediate', value: 0x10n }
  if (type.startsWith('moffs')) return { ...memory(Number(type.slice(5)) / 8, ''), displacement: 0x1234n }
  if (type.startsWith('ptr')) return { kind: 'far', selector: 8, offset: 0x1234 }
  if (/^\d+$/.test(type)) return { kind: 'immediate', value: BigInt(type) }
  const far = /^m16:(\d+)$/.exec(type)
  if (far) return { ...memory(2 + Number(far[1]) / 8, base), far: true }
  const pair = /^m(\d+)&(\d+)$/.exec(type)
  if (pair) return memory((Number(pair[1]) + Number(pair[2])) / 8, base)
  const sized = /^m(\d+)(byte)?$/.exec(type)
  return memory(sized ? Number(sized[1]) / (sized[2] ? 1 : 8) : (NAMED_BYTES[type] ?? 0), base, 0, 1n)
}

/** Operands for a form in code of `bits` bits; `variant` 0 takes registers where the form leaves the choice, 1 memory. */
export function sampleOperands(f: FormFacts, bits: 16 | 32 | 64, variant: number): OperandValue[] {
  const addressSize = Number(/\ba(16|32|64)\b/.exec(f.encoding)?.[1] ?? bits)
  const operands = f.operands.map((o, n) => valueFor(o.type, addressSize, variant, n))
  // The three registers of a gather must differ.
  if (f.attributes.includes('gather')) {
    const vector = f.operands[0]?.type ?? 'xmm'
    operands[0] = { kind: 'register', register: registerByName(`${vector}1`) }
    operands[2] = { kind: 'register', register: registerByName(`${f.operands[2]?.type ?? 'xmm'}3`) }
  }
  return operands
}

/** A form's bytes for {@link sampleOperands}. */
export const encodeSample = (f: FormFacts, bits: 16 | 32 | 64, variant: number): Uint8Array | EncodeError =>
  encode({ form: f.name, operands: sampleOperands(f, bits, variant) }, { bits })
