/** FLDENV, FSTENV, FRSTOR, FSAVE: the environment in its four formats (SDM vol. 1, 8.1.10, figures 8-9 to 8-12), and the registers. */
import { CR0, FIELD, RFLAGS } from '@ringfold/arch'
import { Fpu } from '../float/fpu.ts'
import { helperNumber } from '../helpers/index.ts'
import { MemoryImm } from '../ir/ops.ts'
import { type Value, ValueType } from '../ir/types.ts'
import type { Lifter } from './lifter.ts'
import type { Lifting } from './registry.ts'
import type { Bits } from './source.ts'
import { raisePendingX87 } from './x87-begin.ts'
import { initialize, setControlAndStatus, statusWord } from './x87-words.ts'

const WORDS = 7
const REGISTERS = 8
const REGISTER_BYTES = 10
const EXCEPTIONS = 0x3f

/** Width of an element of the environment: 16 bits with an operand size of 16, else 32. */
const elementBits = (l: Lifter): 16 | 32 => (l.source.operandSize === 16 ? 16 : 32)

const field = (l: Lifter, name: 'fcs' | 'fds' | 'fpuOpcode' | 'fip' | 'fdp' | 'fpuControl' | 'fpuStatus'): Value =>
  l.loadState(FIELD[name].offset, 32)

const and = (l: Lifter, x: Value, mask: number): Value => l.pure('i32.and', x, l.i32(mask))
const or = (l: Lifter, x: Value, y: Value): Value => l.pure('i32.or', x, y)
const shl = (l: Lifter, x: Value, n: number): Value => l.pure('i32.shl', x, l.i32(n))
const shr = (l: Lifter, x: Value, n: number): Value => l.pure('i32.shr_u', x, l.i32(n))

/** Truth: the format is that of protected mode. Virtual-8086 mode uses that of real mode. */
function usesProtectedFormat(l: Lifter): Value {
  if (l.source.mode === 64) return l.i32(1)
  const isProtected = and(l, l.loadState(FIELD.cr0.offset, 32), CR0.lo.PE)
  const isVirtual = and(l, l.loadState(FIELD.systemFlags.offset, 32), RFLAGS.lo.VM)
  return l.pure('i32.and', isProtected, l.pure('i32.eqz', isVirtual))
}

/** The seven elements. Of pointers in the real format, selector and offset make one address of 20 or 32 bits. */
function environment(l: Lifter): Value[] {
  const bits = elementBits(l)
  const isProtected = usesProtectedFormat(l)
  const [fip, fdp, fcs, fds, fop] = (['fip', 'fdp', 'fcs', 'fds', 'fpuOpcode'] as const).map((n) => field(l, n)) as [
    Value,
    Value,
    Value,
    Value,
    Value,
  ]
  l.call(helperNumber('x87.tagWord'))
  const words = [field(l, 'fpuControl'), statusWord(l), l.result(0, 32)]
  const linear = (selector: Value, offset: Value) => l.pure('i32.add', shl(l, selector, 4), offset)
  const [ip, dp] = [linear(fcs, fip), linear(fds, fdp)]
  const highPart = (v: Value) => (bits === 16 ? and(l, shr(l, v, 4), 0xf000) : shl(l, shr(l, v, 16), 12))
  const ones = (v: Value) => (bits === 16 ? v : or(l, v, l.i32(0xffff0000)))
  const selectorAndOpcode = bits === 16 ? fcs : or(l, fcs, shl(l, fop, 16))
  const choose = (x: Value, y: Value) => l.select(isProtected, x, y)
  return [
    ...words.map(ones),
    choose(fip, ones(and(l, ip, 0xffff))),
    choose(selectorAndOpcode, or(l, highPart(ip), fop)),
    choose(fdp, ones(and(l, dp, 0xffff))),
    choose(ones(fds), highPart(dp)),
  ]
}

function storeEnvironment(l: Lifter, words: readonly Value[]): void {
  const bits = elementBits(l)
  words.forEach((word, n) => {
    l.store(0, word, bits, (n * bits) / 8)
  })
}

/** FNSTENV masks all exceptions afterwards, so that none is pending. */
const fnstenv: Lifting = (l) => {
  l.probe(0, WORDS * elementBits(l))
  storeEnvironment(l, environment(l))
  setControlAndStatus(l, or(l, field(l, 'fpuControl'), l.i32(EXCEPTIONS)), field(l, 'fpuStatus'))
}

const loadWords = (l: Lifter): Value[] => {
  const bits = elementBits(l)
  return Array.from({ length: WORDS }, (_, n) => l.load(0, bits, (n * bits) / 8))
}

/** The abridged tags: a bit of 1 for every pair of bits that is not 3. */
function abridgedTags(l: Lifter, word: Value): Value {
  const isEmpty = and(l, l.pure('i32.and', word, shr(l, word, 1)), 0x5555)
  const used = l.pure('i32.xor', isEmpty, l.i32(0x5555))
  const pairs = and(l, or(l, used, shr(l, used, 1)), 0x3333)
  const nibbles = and(l, or(l, pairs, shr(l, pairs, 2)), 0x0f0f)
  return and(l, or(l, nibbles, shr(l, nibbles, 4)), 0xff)
}

function setEnvironment(l: Lifter, words: readonly Value[]): void {
  const [control, status, tags, ip, cs, dp, ds] = words as [Value, Value, Value, Value, Value, Value, Value]
  const bits = elementBits(l)
  const isProtected = usesProtectedFormat(l)
  const set = (name: 'fcs' | 'fds' | 'fpuOpcode', v: Value) => l.storeState(FIELD[name].offset, 32, v)
  const setPointer = (name: 'fip' | 'fdp', v: Value) =>
    l.storeState(FIELD[name].offset, 64, l.pure('i64.extend_i32_u', v))
  const joined = (low: Value, high: Value) =>
    or(
      l,
      and(l, low, 0xffff),
      bits === 16 ? shl(l, and(l, high, 0xf000), 4) : shl(l, shr(l, and(l, high, 0x0ffff000), 12), 16),
    )
  const choose = (x: Value, y: Value) => l.select(isProtected, x, y)
  setPointer('fip', choose(ip, joined(ip, cs)))
  setPointer('fdp', choose(dp, joined(dp, ds)))
  set('fcs', choose(and(l, cs, 0xffff), l.i32(0)))
  set('fds', choose(and(l, ds, 0xffff), l.i32(0)))
  // The 16-bit format of protected mode has no opcode: zero afterwards, as `conformance/silicon` shows.
  set('fpuOpcode', and(l, choose(bits === 16 ? l.i32(0) : shr(l, cs, 16), cs), 0x7ff))
  l.storeState(FIELD.fpuTag.offset, 32, abridgedTags(l, tags))
  l.storeState(FIELD.fpuTop.offset, 32, and(l, shr(l, status, 11), 7))
  setControlAndStatus(l, control, status)
}

const fldenv: Lifting = (l) => {
  raisePendingX87(l)
  setEnvironment(l, loadWords(l))
}

/** The effective address of register `i` (a value) behind the environment. */
function registerAddress(l: Lifter, i: Value, offset: number): Value {
  const { mode, addressSize } = l.source
  const start = (WORDS * elementBits(l)) / 8 + offset
  const distance = l.pure('i32.add', l.pure('i32.mul', i, l.i32(REGISTER_BYTES)), l.i32(start))
  const ea = l.address(0)
  if (mode === 64 && addressSize === 64) return l.pure('i64.add', ea, l.pure('i64.extend_i32_u', distance))
  const narrow = l.pure('i32.add', mode === 64 ? l.resize(ea, 64, 32) : ea, distance)
  return mode === 64 ? l.resize(narrow, 32, 64) : l.cut(addressSize as Bits, narrow)
}

/** Does something for ST(0) to ST(7). */
function forRegisters(l: Lifter, act: (i: Value, physical: Value) => void): void {
  const at = l.local(ValueType.i32, l.i32(0))
  const fpu = new Fpu(l)
  l.loop(() => {
    const i = l.getLocal(at)
    act(i, fpu.physical(i))
    const next = l.pure('i32.add', i, l.i32(1))
    l.setLocal(at, next)
    return l.pure('i32.lt_u', next, l.i32(REGISTERS))
  })
}

const fnsave: Lifting = (l) => {
  const segment = l.source.segment(0)
  const fpu = new Fpu(l)
  l.probe(0, WORDS * elementBits(l) + REGISTERS * REGISTER_BYTES * 8)
  storeEnvironment(l, environment(l))
  forRegisters(l, (i, physical) => {
    l.storeAt(registerAddress(l, i, 0), fpu.significand(physical), 64, segment, MemoryImm.unchecked)
    l.storeAt(registerAddress(l, i, 8), fpu.topHalf(physical), 16, segment, MemoryImm.unchecked)
  })
  initialize(l)
}

/** All memory is read once before anything changes: the area has no more than two pages, of which the last load finds the second. */
const frstor: Lifting = (l) => {
  raisePendingX87(l)
  const segment = l.source.segment(0)
  const fpu = new Fpu(l)
  const words = loadWords(l)
  const touch = (i: number, offset: number, bits: number) =>
    l.loadAt(registerAddress(l, l.i32(i), offset), bits, segment, MemoryImm.unchecked)
  touch(0, 0, 64)
  touch(REGISTERS - 1, 0, 64)
  touch(REGISTERS - 1, 8, 16)
  setEnvironment(l, words)
  forRegisters(l, (i, physical) => {
    const significand = l.loadAt(registerAddress(l, i, 0), 64, segment, MemoryImm.unchecked)
    const topHalf = l.loadAt(registerAddress(l, i, 8), 16, segment, MemoryImm.unchecked)
    fpu.write(physical, significand, topHalf)
  })
}

export const X87_ENVIRONMENT: Readonly<Record<string, Lifting>> = { fnstenv, fldenv, fnsave, frstor }
