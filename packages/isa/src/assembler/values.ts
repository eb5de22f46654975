/** Operands as a program writes them: register constants, memory operands, labels. */
import type { ImmediateValue, MemoryValue, RegisterValue } from '../encoder/index.ts'
import { type RegisterClass, register, registerByName } from '../registers.ts'

/** A register operand of one class: `Reg<'r64'>`. */
export interface Reg<C extends RegisterClass = RegisterClass> extends RegisterValue {
  readonly class: C
}

/** An address that the layout decides, or the distance between two, with a constant added. */
export interface LabelRef {
  readonly kind: 'label'
  readonly name: string
  /** The label whose address is taken off: the reference is a number, not an address. */
  readonly minus?: string
  readonly addend: bigint
}

/** A memory operand, perhaps with a label in its displacement. */
export interface Mem extends MemoryValue {
  readonly label?: LabelRef
}

/** What instruction methods take: registers, memory, labels, numbers, and `far(selector, offset)`. */
export type AssemblerOperand = Reg | Mem | LabelRef | ImmediateValue | number | bigint | FarPointer

/** `selector:offset`, perhaps with a label as offset. */
export interface FarPointer {
  readonly kind: 'far'
  readonly selector: number
  readonly offset: number | LabelRef
  /** How wide the offset is; by default as the code size has it, or as it must be. */
  readonly offsetBytes?: 2 | 4
}

const make = <C extends RegisterClass>(c: C, number: number): Reg<C> => ({
  kind: 'register',
  class: c,
  register: register(c, number),
})

const of = <const C extends RegisterClass, const N extends string>(
  c: C,
  names: readonly N[],
  first = 0,
): { readonly [K in N]: Reg<C> } =>
  Object.fromEntries(names.map((name, n) => [name, make(c, n + first)])) as { readonly [K in N]: Reg<C> }

/** `xmm0`, `xmm1`, ... as literal types. */
const numbered = <P extends string, N extends number>(prefix: P, numbers: readonly N[]): `${P}${N}`[] =>
  numbers.map((n) => `${prefix}${n}` as `${P}${N}`)

const EIGHT = [0, 1, 2, 3, 4, 5, 6, 7] as const
const SIXTEEN = [...EIGHT, 8, 9, 10, 11, 12, 13, 14, 15] as const

/** Every register by its name. */
export const reg = /* @__PURE__ */ Object.freeze({
  .../* @__PURE__ */ of('r8', [
    'al',
    'cl',
    'dl',
    'bl',
    'spl',
    'bpl',
    'sil',
    'dil',
    'r8b',
    'r9b',
    'r10b',
    'r11b',
    'r12b',
    'r13b',
    'r14b',
    'r15b',
  ]),
  .../* @__PURE__ */ of('r8', ['ah', 'ch', 'dh', 'bh'], 20),
  .../* @__PURE__ */ of('r16', [
    'ax',
    'cx',
    'dx',
    'bx',
    'sp',
    'bp',
    'si',
    'di',
    'r8w',
    'r9w',
    'r10w',
    'r11w',
    'r12w',
    'r13w',
    'r14w',
    'r15w',
  ]),
  .../* @__PURE__ */ of('r32', [
    'eax',
    'ecx',
    'edx',
    'ebx',
    'esp',
    'ebp',
    'esi',
    'edi',
    'r8d',
    'r9d',
    'r10d',
    'r11d',
    'r12d',
    'r13d',
    'r14d',
    'r15d',
  ]),
  .../* @__PURE__ */ of('r64', [
    'rax',
    'rcx',
    'rdx',
    'rbx',
    'rsp',
    'rbp',
    'rsi',
    'rdi',
    'r8',
    'r9',
    'r10',
    'r11',
    'r12',
    'r13',
    'r14',
    'r15',
  ]),
  .../* @__PURE__ */ of('sreg', ['es', 'cs', 'ss', 'ds', 'fs', 'gs']),
  .../* @__PURE__ */ of('cr', numbered('cr', [...EIGHT, 8] as const)),
  .../* @__PURE__ */ of('dr', numbered('dr', EIGHT)),
  .../* @__PURE__ */ of('st', numbered('st', EIGHT)),
  .../* @__PURE__ */ of('mm', numbered('mm', EIGHT)),
  .../* @__PURE__ */ of('xmm', numbered('xmm', SIXTEEN)),
  .../* @__PURE__ */ of('ymm', numbered('ymm', SIXTEEN)),
})

/** Index, displacement and segment of a memory operand. */
export interface MemoryParts {
  readonly index?: Reg
  readonly scale?: 1 | 2 | 4 | 8
  /** Displacement in bytes, or a label. */
  readonly disp?: number | bigint | LabelRef
  readonly segment?: Reg<'sreg'>
}

/** Name of a label as an operand: an address, or a displacement. */
export const label = (name: string, addend: number | bigint = 0): LabelRef => ({
  kind: 'label',
  name,
  addend: BigInt(addend),
})

/** How many bytes lie between two labels, plus a constant: the size of a table, the limit of a GDT. */
export const distance = (from: string, to: string, addend: number | bigint = 0): LabelRef => ({
  ...label(to, addend),
  minus: from,
})

/** A far pointer as an immediate operand. */
export const far = (selector: number, offset: number | LabelRef): FarPointer => ({ kind: 'far', selector, offset })

function build(bytes: number, base: Reg | LabelRef | number | bigint | null, parts: MemoryParts = {}): Mem {
  const where =
    typeof base === 'number' || typeof base === 'bigint' || (base !== null && base.kind === 'label') ? base : null
  const disp = parts.disp ?? where ?? 0
  const named = typeof disp === 'object' ? disp : null
  const register = base !== null && typeof base === 'object' && base.kind === 'register' ? base.register : 0
  return {
    kind: 'memory',
    bytes,
    segment: parts.segment ? parts.segment.register & 31 : -1,
    base: register,
    index: parts.index?.register ?? 0,
    scale: parts.scale ?? 1,
    displacement: typeof disp === 'object' ? disp.addend : BigInt(disp),
    ...(named ? { label: named } : {}),
  }
}

type Builder = (base: Reg | LabelRef | number | bigint | null, parts?: MemoryParts) => Mem

/** Memory whose size the other operands tell. */
export const mem: Builder = (base, parts) => build(0, base, parts)
export const mem8: Builder = (base, parts) => build(1, base, parts)
export const mem16: Builder = (base, parts) => build(2, base, parts)
export const mem32: Builder = (base, parts) => build(4, base, parts)
export const mem64: Builder = (base, parts) => build(8, base, parts)
export const mem80: Builder = (base, parts) => build(10, base, parts)
export const mem128: Builder = (base, parts) => build(16, base, parts)
export const mem256: Builder = (base, parts) => build(32, base, parts)

/** The register of that name, or null. `st` and `st(3)` are x87 registers. */
export function registerNamed(name: string): Reg | null {
  const r = registerByName(name)
  return r === 0 ? null : { kind: 'register', class: 'none', register: r }
}
