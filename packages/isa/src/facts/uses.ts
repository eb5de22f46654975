/** Registers and memory that one decoded instruction reads and writes, operands and implicit ones together. */

import { FormBit } from '../decoder/form-bits.ts'
import { type Instruction, Prefix } from '../decoder/instruction.ts'
import {
  memoryBase,
  memoryIndex,
  memoryScale,
  memorySegment,
  OperandKind,
  operandCount,
  operandKind,
  operandMemoryBytes,
  operandRegister,
} from '../decoder/operands.ts'
import { FORM_BITS } from '../generated/decode.ts'
import { FORM_IMPLICIT, IMPLICIT } from '../generated/facts.ts'
import { type Register, register, registerByName, registerClass, registerNumber } from '../registers.ts'
import type { Access } from './codes.ts'
import { operandAccess } from './effects.ts'

/** A register that an instruction uses. */
export interface RegisterUse {
  readonly register: Register
  readonly access: Access
  /** Not in the text: the form or an address names it. */
  readonly implicit: boolean
}

/** Memory that an instruction uses. */
export interface MemoryUse {
  readonly access: Access
  /** Bytes; 0 where the operand has no size. */
  readonly bytes: number
  /** Segment register number 0..5. */
  readonly segment: number
  readonly base: Register
  readonly index: Register
  readonly scale: number
  /** Signed displacement; stack accesses have the one of the first byte relative to the stack pointer before. */
  readonly displacement: bigint
  /** A stack access that is not an operand. */
  readonly stack: boolean
}

/** State beside registers and memory: `TOP`, `MXCSR`, `GDTR`, `MSR`, `TSC`, ... by the name of NOTATION.md. */
export interface ResourceUse {
  readonly resource: string
  readonly access: Access
}

export interface Uses {
  readonly registers: readonly RegisterUse[]
  readonly memory: readonly MemoryUse[]
  readonly resources: readonly ResourceUse[]
}

const widthOf = (bits: number): 'r16' | 'r32' | 'r64' => (bits === 64 ? 'r64' : bits === 32 ? 'r32' : 'r16')
const GPR = ['AX', 'CX', 'DX', 'BX', 'SP', 'BP', 'SI', 'DI']

/** Stack pointer of the mode: SS.B is not known to the decoder, so that 16- and 32-bit code is taken to have a stack of its own size. */
const stackRegister = (i: Instruction, number = 4): Register => register(widthOf(i.mode), number)

/** The registers that a name of NOTATION.md stands for here; empty where it names no register. */
export function implicitRegisters(i: Instruction, name: string): Register[] {
  const sized = /^([raz])(AX|CX|DX|BX|SP|BP|SI|DI)$/.exec(name)
  if (sized) {
    const number = GPR.indexOf(sized[2] ?? '')
    if (number === 4 || (number === 5 && sized[1] === 'r')) return [stackRegister(i, number)]
    return [register(widthOf(sized[1] === 'a' ? i.addressSize : i.operandSize), number)]
  }
  const range = /^(ST|XMM)\(?(\d+)\)?-(?:ST|XMM)\(?(\d+)\)?$/.exec(name)
  if (range) {
    const c = range[1] === 'ST' ? 'st' : 'xmm'
    const last = c === 'xmm' && i.mode !== 64 ? 7 : Number(range[3])
    return Array.from({ length: last + 1 }, (_, n) => register(c, n))
  }
  const r = registerByName(name)
  return r === 0 ? [] : [r]
}

function displacementOf(i: Instruction): bigint {
  if (i.dispBytes === 0) return 0n
  const unsigned = (BigInt(i.dispHi >>> 0) << 32n) | BigInt(i.dispLo >>> 0)
  return i.dispBytes === 8 ? unsigned : BigInt.asIntN(64, unsigned)
}

function memoryOperandUse(i: Instruction, n: number, access: Access): MemoryUse {
  return {
    access,
    bytes: operandMemoryBytes(i, n),
    segment: memorySegment(i, n),
    base: memoryBase(i, n),
    index: memoryIndex(i, n),
    scale: memoryScale(i),
    displacement: displacementOf(i),
    stack: false,
  }
}

/** `[rSP*3]` is three stack slots of the operand size; `[ES.reg]` memory at the register that operand 0 names. */
function implicitMemory(i: Instruction, name: string, access: Access): MemoryUse {
  if (name === '[ES.reg]') {
    const bytes = operandMemoryBytes(i, 1)
    return {
      access,
      bytes,
      segment: 0,
      base: operandRegister(i, 0),
      index: 0,
      scale: 1,
      displacement: 0n,
      stack: false,
    }
  }
  const [, pointer = '', slots = '1'] = /^\[(\w+)(?:\*(\d))?\]$/.exec(name) ?? []
  // IRET pops SS:rSP in 64-bit mode whatever the privilege (SDM vol. 2A, IRET).
  const count = i.mode === 64 && slots === '3' ? 5 : Number(slots)
  const base = pointer === 'rBP' ? stackRegister(i, 5) : pointer === 'SSP' ? 0 : stackRegister(i)
  const bytes = (count * i.operandSize) / 8
  const below = access === 'w' && pointer === 'rSP'
  return { access, bytes, segment: 2, base, index: 0, scale: 1, displacement: below ? BigInt(-bytes) : 0n, stack: true }
}

/** Address registers are read whatever happens to the memory. */
function addressUses(m: MemoryUse): RegisterUse[] {
  return [m.base, m.index].filter((r) => r !== 0).map((r) => ({ register: r, access: 'r', implicit: true }))
}

function operandUses(i: Instruction, registers: RegisterUse[], memory: MemoryUse[]): void {
  for (let n = 0; n < operandCount(i); n++) {
    const access = operandAccess(i.form, n)
    const kind = operandKind(i, n)
    if (kind === OperandKind.register && access !== 'n')
      registers.push({ register: operandRegister(i, n), access, implicit: false })
    if (kind !== OperandKind.memory) continue
    const use = memoryOperandUse(i, n, access)
    registers.push(...addressUses(use))
    if (access !== 'n') memory.push(use)
  }
}

/** The counter of a repeated string instruction: attributes `rep` and `repcc` imply it. */
function repeatCounter(i: Instruction): RegisterUse[] {
  const bits = FORM_BITS[i.form] as number
  const repeats = (bits & (FormBit.rep | FormBit.repcc)) !== 0 && (i.prefixes & (Prefix.rep | Prefix.repne)) !== 0
  return repeats ? [{ register: register(widthOf(i.addressSize), 1), access: 'rcw', implicit: true }] : []
}

/** Everything that a decoded instruction uses. Flags are apart: see effects.ts. */
export function usesOf(i: Instruction): Uses {
  const registers: RegisterUse[] = []
  const memory: MemoryUse[] = []
  const resources: ResourceUse[] = []
  operandUses(i, registers, memory)
  registers.push(...repeatCounter(i))
  const implicit = IMPLICIT[FORM_IMPLICIT[i.form] as number] ?? ''
  for (const part of implicit.split(' ')) {
    const [name = '', access = 'r'] = part.split(':') as [string, Access]
    if (name === '') continue
    const named = implicitRegisters(i, name)
    if (named.length > 0) registers.push(...named.map((r) => ({ register: r, access, implicit: true })))
    else if (name.startsWith('[')) memory.push(implicitMemory(i, name, access))
    else resources.push({ resource: name, access })
  }
  return { registers, memory, resources }
}

/** Registers that the instruction uses, operands first. */
export const usedRegisters = (i: Instruction): readonly RegisterUse[] => usesOf(i).registers

/** Memory that the instruction accesses, operands first, then stack. */
export const memoryAccesses = (i: Instruction): readonly MemoryUse[] => usesOf(i).memory

/**
 * The whole register that a write to `r` changes: in 64-bit mode writing a 32-bit register clears the upper half (SDM vol. 1,
 * 3.4.1.1), 8- and 16-bit writes keep the rest; a VEX instruction clears the upper half of the YMM register (SDM vol. 2, 2.3.10.1).
 */
export function writtenRegister(i: Instruction, r: Register): Register {
  const c = registerClass(r)
  if (c === 'r32' && i.mode === 64) return register('r64', registerNumber(r))
  if (c === 'xmm' && (i.prefixes & Prefix.vex) !== 0) return register('ymm', registerNumber(r))
  return r
}
