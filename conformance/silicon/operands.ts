/** Random operands of a form: registers, immediates, and memory for which registers are made to point into the window. */
import type { MemoryValue, OperandValue } from '@ringfold/isa/encoder'
import { type RegisterClass, registerByName, registersOf } from '@ringfold/isa/registers'
import type { Draft } from './draft.ts'
import {
  CODE,
  FS_BASE,
  GS_BASE,
  READ_ONLY,
  READ_ONLY_BYTES,
  USER_CODE_32,
  USER_CODE_64,
  USER_DATA,
  WINDOW,
  WINDOW_BYTES,
} from './layout.ts'
import { integer64 } from './random.ts'

const NAMED_BYTES: Readonly<Record<string, number>> = {
  m32fp: 4,
  m64fp: 8,
  m80fp: 10,
  m80bcd: 10,
  m16int: 2,
  m32int: 4,
  m64int: 8,
}
const CLASSES: Readonly<Record<string, RegisterClass>> = {
  r8: 'r8',
  r16: 'r16',
  r32: 'r32',
  r64: 'r64',
  Sreg: 'sreg',
  mm: 'mm',
  xmm: 'xmm',
  'ST(i)': 'st',
}
const FS = 4
const GS = 5

/** Bytes of memory of an operand type, 0 where it says nothing. */
export function memoryBytes(type: string): number {
  const part = type.includes('/') ? type.slice(type.indexOf('/') + 1) : type
  const named = NAMED_BYTES[part]
  if (named !== undefined) return named
  const pair = /^m(\d+)[&:](\d+)$/.exec(part)
  if (pair) return (Number(pair[1]) + Number(pair[2])) / 8
  const sized = /^m(\d+)(byte)?(@.*)?$/.exec(part)
  return sized === null ? 0 : sized[2] === 'byte' ? Number(sized[1]) : Number(sized[1]) / 8
}

/** A linear address for an operand: mostly aligned in the window, also unaligned, across pages, and where it faults. */
export function drawAddress(d: Draft, bytes: number): bigint {
  const kind = d.next() % 32
  const any = d.next()
  const size = Math.max(bytes, 1)
  const room = WINDOW_BYTES - Math.max(size, 16)
  if (kind < 18) return BigInt(WINDOW + ((any % room) & ~15))
  if (kind < 22) return BigInt(WINDOW + ((any % room) & ~(Math.min(16, size & -size) - 1)))
  if (kind < 26) return BigInt(WINDOW + (any % room))
  // Across the border of two pages of the window.
  if (kind < 28) return BigInt(WINDOW + 0x1000 * (1 + (any % 3)) - 1 - ((any >>> 8) % size))
  // Read-only, or partly so; or where nothing is.
  if (kind === 28) return BigInt(READ_ONLY + ((any % (READ_ONLY_BYTES - 64)) & ~15))
  if (kind === 29) return BigInt(READ_ONLY - 1 - (any % size))
  if (kind === 30) return BigInt(READ_ONLY + READ_ONLY_BYTES - 1 - (any % size))
  return d.bits === 64 && (any & 3) === 0 ? 0x8000_0000_0000n + BigInt(any) : BigInt(WINDOW - 1 - (any % size))
}

/** A memory operand, whose registers are set in the draft. */
export function drawMemory(d: Draft, bytes: number, address = drawAddress(d, bytes)): MemoryValue {
  d.memory = { address, bytes }
  if (d.pointers.size > 0) return throughPointer(d, bytes)
  const segment = d.once(12) ? (d.bits === 64 ? d.pick([FS, GS]) : d.pick([0, 2, 3, FS, GS])) : -1
  const base = d.bits === 32 || segment < 0 ? 0n : segment === FS ? BigInt(FS_BASE) : BigInt(GS_BASE)
  const effective = BigInt.asUintN(d.bits, address - base)
  const memory = { kind: 'memory', bytes, segment } as const
  const kind = d.next() % 16
  const fits = effective < 1n << 31n
  if (kind === 0 && fits && d.bits === 64)
    return { ...memory, base: registerByName('rip'), index: 0, scale: 1, displacement: effective, ripTarget: true }
  if (kind === 1 && fits) return { ...memory, base: 0, index: 0, scale: 1, displacement: effective }
  const width = d.bits === 64 && kind === 2 && effective < 1n << 32n ? 32 : d.bits
  return { ...memory, ...drawRegisters(d, effective, width, kind) }
}

/** Base, index and displacement that make an effective address. Whatever the index holds, the base makes up for it. */
function drawRegisters(d: Draft, effective: bigint, width: 32 | 64, kind: number) {
  const registers = registersOf(width === 64 ? 'r64' : 'r32').slice(0, d.bits === 64 ? 16 : 8)
  const base = d.pick(registers)
  const index = kind >= 10 ? d.pick(registers.filter((r) => (r & 31) !== 4 && r !== base)) : 0
  const scale = d.pick([1, 2, 4, 8] as const)
  const shape = d.next() % 4
  const displacement = shape === 0 ? 0n : BigInt(shape === 3 ? d.next() | 0 : (d.next() << 24) >> 24)
  const indexed = index === 0 ? 0n : d.register(index & 31) * BigInt(scale)
  if (index !== 0) d.fixed.add(index & 31)
  const rest = BigInt.asIntN(width, effective - indexed)
  const held = d.register(base & 31)
  // A register that is taken already (the stack's, a count) may do with another displacement.
  const isTaken = d.fixed.has(base & 31)
  if (!isTaken) d.setRegister(base & 31, BigInt.asUintN(width, rest - displacement))
  return { base, index, scale: index === 0 ? (1 as const) : scale, displacement: isTaken ? rest - held : displacement }
}

/** Memory near an address that a pointer of the sequence holds. */
function throughPointer(d: Draft, bytes: number): MemoryValue {
  const n = d.pick([...d.pointers])
  const held = d.register(n)
  const target = BigInt(WINDOW + ((d.next() % (WINDOW_BYTES - 1024)) & (d.once(4) ? -1 : ~15)))
  const displacement = d.once(2) ? target - held : BigInt((d.next() % 128) & ~15)
  const base = registersOf(d.bits === 64 ? 'r64' : 'r32')[n] as number
  d.memory = { address: held + displacement, bytes }
  return { kind: 'memory', bytes, segment: -1, base, index: 0, scale: 1, displacement }
}

function drawRegister(d: Draft, type: string): OperandValue {
  const cls = CLASSES[type]
  if (cls === undefined) return { kind: 'register', register: registerByName(type) }
  const general = cls === 'r8' || cls === 'r16' || cls === 'r32' || cls === 'r64'
  const all = registersOf(cls).filter((r) => {
    const number = r & 31
    if (!general) return d.bits === 64 || number < 8
    const holder = number >= 20 ? number - 20 : number
    return (d.bits === 64 || number < 8 || number >= 20) && !d.pointers.has(holder)
  })
  return { kind: 'register', register: d.pick(all) }
}

const SIGNED_BITS: Readonly<Record<string, number>> = { imm8sx: 8, imm32sx: 32 }

function drawImmediate(d: Draft, type: string): OperandValue {
  const signed = SIGNED_BITS[type]
  const bits = signed ?? Number(/\d+/.exec(type)?.[0] ?? 8)
  const value = d.once(2) ? integer64(d.next) : BigInt(d.next())
  return { kind: 'immediate', value: signed === undefined ? BigInt.asUintN(bits, value) : BigInt.asIntN(bits, value) }
}

/** Where a branch goes: to INT3 mostly, else out of the code page. */
function drawTarget(d: Draft, type: string): OperandValue {
  const far = type !== 'rel8' && d.once(8)
  const near = BigInt(d.address) + BigInt((d.next() << 24) >> 24)
  const isNear = near > BigInt(d.address) + 20n || near < BigInt(d.address)
  if (type === 'rel8') return { kind: 'immediate', value: isNear ? near : BigInt(d.address) + 40n }
  return {
    kind: 'immediate',
    value: BigInt(far ? d.pick([CODE - 64, WINDOW + 256, READ_ONLY, 0x12345678]) : d.emptyCode()),
  }
}

/** Selectors that a case may meet: null, flat segments of CPL 3, of the kernel, beyond the table, and of an LDT that is not there. */
const SELECTORS = [
  0,
  1,
  3,
  USER_DATA,
  USER_DATA,
  USER_CODE_32,
  USER_CODE_64,
  USER_DATA & ~3,
  USER_DATA - 1,
  8,
  0x10,
  0x18,
  0xfff8,
  0x1000,
  7,
]
/** Where far branches go: mostly code that can be entered. */
const FAR_TARGETS = [USER_CODE_64, USER_CODE_32, USER_CODE_64, USER_CODE_32, USER_CODE_64 & ~3]

/** A selector of `likely` ones, or any that a case may meet. */
export const drawSelector = (d: Draft, likely: readonly number[] = SELECTORS): number =>
  d.pick(d.once(4) ? SELECTORS : likely)

export const drawCodeSelector = (d: Draft): number => drawSelector(d, FAR_TARGETS)

const ACCUMULATOR_MEMORY: Readonly<Record<string, number>> = { rBX: 3, rDI: 7 }

/** Memory whose address register is given by the form: string operands, XLAT, MASKMOV. */
function drawFixedMemory(d: Draft, type: string): MemoryValue | undefined {
  const string = /^([XY])(\d+)$/.exec(type)
  const fixed = /^m(\d+)@(r\w\w)$/.exec(type)
  if (string === null && fixed === null) return undefined
  const bytes = Number(string?.[2] ?? fixed?.[1]) / 8
  const number = string === null ? (ACCUMULATOR_MEMORY[fixed?.[2] ?? ''] as number) : string[1] === 'X' ? 6 : 7
  const address = drawAddress(d, bytes)
  const al = number === 3 ? d.register(0) & 0xffn : 0n
  d.memory = { address, bytes }
  if (number === 3) d.fixed.add(0)
  d.setRegister(number, address - al)
  const base = registersOf(d.bits === 64 ? 'r64' : 'r32')[number] as number
  return { kind: 'memory', bytes, segment: -1, base, index: 0, scale: 1, displacement: 0n }
}

/** An operand of a type of the table (NOTATION.md, "Operands"). */
export function drawOperand(d: Draft, type: string): OperandValue {
  const fixed = drawFixedMemory(d, type)
  if (fixed !== undefined) return fixed
  const slash = type.indexOf('/')
  if (slash > 0) {
    if (d.once(2)) return drawMemory(d, memoryBytes(type))
    const register = type.slice(0, slash)
    return drawRegister(d, register === 'r' ? `r${type.slice(slash + 2)}` : register)
  }
  if (type.startsWith('imm')) return drawImmediate(d, type)
  if (type.startsWith('rel')) return drawTarget(d, type)
  if (type.startsWith('ptr'))
    return {
      kind: 'far',
      selector: drawSelector(d, FAR_TARGETS),
      offset: d.emptyCode() & (type === 'ptr16:16' ? 0xffff : -1),
    }
  if (/^\d+$/.test(type)) return { kind: 'immediate', value: BigInt(type) }
  if (type.startsWith('moffs')) {
    const bytes = Number(type.slice(5)) / 8
    const address = drawAddress(d, bytes)
    d.memory = { address, bytes }
    return {
      kind: 'memory',
      bytes,
      segment: -1,
      base: 0,
      index: 0,
      scale: 1,
      displacement: BigInt.asIntN(d.bits, address),
    }
  }
  if (type === 'm' || /^m\d/.test(type)) return drawMemory(d, memoryBytes(type) || 8)
  return drawRegister(d, type)
}
