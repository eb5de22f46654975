/** Op numbers: pure ops first (rows.ts), then ops with effects, which engines implement each in their way. */
import { type PureRow, SCALAR_ROWS } from './rows.ts'
import { SIMD_ROWS } from './simd-rows.ts'
import { ValueType } from './types.ts'

const { i32, i64, v128, none } = ValueType

/** An op that reads or changes something, or steers. `imm` says what its immediate is. */
export interface EffectRow {
  readonly name: string
  readonly args: readonly ValueType[]
  readonly result: ValueType
  readonly imm?: string
  readonly means: string
}

/**
 * Addresses: `ea` is an effective address, i64 in 64-bit code and i32 elsewhere; the immediate holds the segment register
 * number, and engines add base, limit and canonical checks (see {@link MemoryImm}).
 */
const EFFECT_ROWS = [
  { name: 'const.i32', args: [], result: i32, imm: 'value', means: 'a constant' },
  { name: 'const.i64', args: [], result: i64, imm: 'low half; the high half stands beside it', means: 'a constant' },
  { name: 'const.v128', args: [], result: v128, imm: 'entry of the constants', means: 'a constant' },
  {
    name: 'select.i32',
    args: [i32, i32, i32],
    result: i32,
    means: 'the first value if the condition (third) is not 0, else the second',
  },
  { name: 'select.i64', args: [i64, i64, i32], result: i64, means: 'as select.i32' },
  { name: 'select.v128', args: [v128, v128, i32], result: v128, means: 'as select.i32' },
  { name: 'argument.i32', args: [], result: i32, imm: 'word', means: 'a word that a routine was called with' },
  { name: 'local.get.i32', args: [], result: i32, imm: 'local', means: 'a variable of the instruction' },
  { name: 'local.get.i64', args: [], result: i64, imm: 'local', means: 'a variable of the instruction' },
  { name: 'local.get.v128', args: [], result: v128, imm: 'local', means: 'a variable of the instruction' },
  { name: 'local.set.i32', args: [i32], result: none, imm: 'local', means: 'sets a variable' },
  { name: 'local.set.i64', args: [i64], result: none, imm: 'local', means: 'sets a variable' },
  { name: 'local.set.v128', args: [v128], result: none, imm: 'local', means: 'sets a variable' },
  { name: 'if', args: [i32], result: none, means: 'what follows, up to else or end, if the condition is not 0' },
  { name: 'else', args: [], result: none, means: 'otherwise' },
  { name: 'loop', args: [], result: none, means: 'what follows, up to end, again after each continue' },
  { name: 'continue.if', args: [i32], result: none, means: 'the innermost loop once more if the condition is not 0' },
  { name: 'end', args: [], result: none, means: 'ends if, else or loop' },

  {
    name: 'state.load8',
    args: [i32],
    result: i32,
    imm: 'byte offset in the state',
    means: 'zero-extended; the argument is added to the offset',
  },
  { name: 'state.load16', args: [i32], result: i32, imm: 'byte offset', means: 'zero-extended' },
  { name: 'state.load32', args: [i32], result: i32, imm: 'byte offset', means: '' },
  { name: 'state.load64', args: [i32], result: i64, imm: 'byte offset', means: '' },
  { name: 'state.load128', args: [i32], result: v128, imm: 'byte offset', means: '' },
  { name: 'state.store8', args: [i32, i32], result: none, imm: 'byte offset', means: 'the low byte of the value' },
  { name: 'state.store16', args: [i32, i32], result: none, imm: 'byte offset', means: 'the low 16 bits' },
  { name: 'state.store32', args: [i32, i32], result: none, imm: 'byte offset', means: '' },
  { name: 'state.store64', args: [i32, i64], result: none, imm: 'byte offset', means: '' },
  { name: 'state.store128', args: [i32, v128], result: none, imm: 'byte offset', means: '' },

  {
    name: 'slot.i32',
    args: [],
    result: i32,
    imm: 'field of the predecoded instruction',
    means: 'an operand that the template leaves open',
  },
  {
    name: 'slot.i64',
    args: [],
    result: i64,
    imm: 'field of the predecoded instruction',
    means: 'an operand that the template leaves open',
  },

  { name: 'mem.load8', args: [none], result: i32, imm: 'MemoryImm', means: 'zero-extended' },
  { name: 'mem.load16', args: [none], result: i32, imm: 'MemoryImm', means: 'zero-extended' },
  { name: 'mem.load32', args: [none], result: i32, imm: 'MemoryImm', means: '' },
  { name: 'mem.load64', args: [none], result: i64, imm: 'MemoryImm', means: '' },
  { name: 'mem.load128', args: [none], result: v128, imm: 'MemoryImm', means: '' },
  { name: 'mem.store8', args: [none, i32], result: none, imm: 'MemoryImm', means: 'the low byte' },
  { name: 'mem.store16', args: [none, i32], result: none, imm: 'MemoryImm', means: 'the low 16 bits' },
  { name: 'mem.store32', args: [none, i32], result: none, imm: 'MemoryImm', means: '' },
  { name: 'mem.store64', args: [none, i64], result: none, imm: 'MemoryImm', means: '' },
  { name: 'mem.store128', args: [none, v128], result: none, imm: 'MemoryImm', means: '' },
  {
    name: 'mem.probe',
    args: [none],
    result: none,
    imm: 'MemoryImm, with the size in its upper bits',
    means: 'raises the fault that a write would raise',
  },

  {
    name: 'flags.set',
    args: [none, none, none],
    result: none,
    imm: 'FlagKind << 2 | log2(bytes)',
    means: 'the six status flags of an operation: operands and result',
  },
  {
    name: 'flags.bits',
    args: [i32],
    result: none,
    imm: 'mask',
    means: 'sets the status flags in the mask, leaves the others',
  },
  { name: 'flags.get', args: [], result: i32, imm: 'bit number in RFLAGS', means: 'one status flag, 0 or 1' },
  { name: 'flags.all', args: [], result: i32, means: 'the six status flags in their places' },
  { name: 'flags.condition', args: [], result: i32, imm: 'condition 0..15 (tttn)', means: '0 or 1' },

  { name: 'rip.next', args: [], result: i64, means: 'the address of the next instruction, as an offset in CS' },
  { name: 'rip.this', args: [], result: i64, means: 'the address of this instruction, as an offset in CS' },
  {
    name: 'repeat',
    args: [i32],
    result: none,
    means:
      'if the condition is not 0, the instruction retires and is the next one again (an iteration of a string instruction)',
  },
  {
    name: 'jump',
    args: [i64],
    result: none,
    means:
      'goes on at an offset in CS after this instruction; faults here if that is not canonical or beyond the limit',
  },
  {
    name: 'call',
    args: [i32, i32, i32],
    result: none,
    imm: 'helper',
    means: 'a rule or helper; when it raises a fault, the instruction ends',
  },
  {
    name: 'fault',
    args: [i32],
    result: none,
    imm: 'vector',
    means: 'raises an exception with this error code, and ends the instruction',
  },
  {
    name: 'transfer',
    args: [],
    result: none,
    means: 'a rule has set RIP, and perhaps mode and privilege: the instruction ends here, and events are looked after',
  },
  {
    name: 'external',
    args: [],
    result: none,
    means:
      'stands first in what reaches outside the processor (clock, ports, waiting): engines that count lazily count before',
  },
  {
    name: 'leave',
    args: [],
    result: none,
    means: 'the next event may have moved: the engine looks after this instruction',
  },
] as const satisfies readonly EffectRow[]

export type EffectName = (typeof EFFECT_ROWS)[number]['name']

/** Every op in the order of its number. */
export const OP_ROWS: readonly (PureRow | EffectRow)[] = [...SCALAR_ROWS, ...SIMD_ROWS, ...EFFECT_ROWS]

const NUMBERS: ReadonlyMap<string, number> = /* @__PURE__ */ new Map(OP_ROWS.map((row, n) => [row.name, n]))

/** Number of a pure op, by name. */
export function opNumber(name: string): number {
  const number = NUMBERS.get(name)
  if (number === undefined) throw new Error(`there is no IR op ${name}`)
  return number
}

/** Numbers of the ops with effects. */
export const Op: Readonly<Record<EffectName, number>> = Object.freeze(
  Object.fromEntries(EFFECT_ROWS.map(({ name }) => [name, opNumber(name)])),
) as Record<EffectName, number>

/** Ops below this number are pure. */
export const FIRST_EFFECT: number = SCALAR_ROWS.length + SIMD_ROWS.length

/** The immediate of memory ops. */
export const MemoryImm = {
  segmentMask: 7,
  /** An access that is checked as a supervisor's whatever the CPL. */
  system: 8,
  /** 16-byte alignment is required: #GP(0) else. */
  aligned: 16,
  /** No #AC, whatever EFLAGS.AC says: a part of something whose alignment was checked as a whole. */
  unchecked: 32,
  /** The push or pop of a stack: #SS instead of #GP where SS is meant by the segment number anyway. */
  sizeShift: 8,
} as const

/** What `flags.set` computes flags from (a, b: operands; r: result; n: bits). */
export const FlagKind = {
  /** All six, of r = a + b or a + b + 1. */
  add: 1,
  /** All six, of r = a - b or a - b - 1. */
  sub: 2,
  /** ZF, SF, PF of r; CF, OF and AF are 0. */
  logic: 3,
  /** OF, AF, ZF, SF, PF of r = a + 1; CF stays. */
  inc: 4,
  /** OF, AF, ZF, SF, PF of r = a - 1; CF stays. */
  dec: 5,
  /** ZF, SF, PF of r; CF, OF and AF stay. */
  result: 6,
} as const
export type FlagKind = (typeof FlagKind)[keyof typeof FlagKind]
