/** What is wrong with a memory operand or a register whatever the instruction is, in words. */
import { registerName } from '../registers.ts'
import { addressSizeOf, existsInMode, fits, isVector } from './match.ts'
import type { MemoryValue, OperandValue } from './operands.ts'

/** Why an operand can stand in no instruction of a mode. */
export interface OperandProblem {
  readonly code: 'addressing' | 'displacement' | 'extendedRegister'
  readonly message: string
  readonly accepted: readonly string[]
}

/** SDM vol. 2, table 2-1. */
const SUMS_16 = ['bx+si', 'bx+di', 'bp+si', 'bp+di', 'si', 'di', 'bp', 'bx']

const addressing = (message: string, accepted: readonly string[]): OperandProblem => ({
  code: 'addressing',
  message,
  accepted,
})

function missingRegister(register: number, bits: number): OperandProblem | null {
  if (register === 0 || register >> 5 === 16 || existsInMode(register, bits)) return null
  return {
    code: 'extendedRegister',
    message: `${registerName(register)} does not exist in ${bits}-bit mode`,
    accepted: ['registers 0 to 7 of 8, 16 and 32 bits'],
  }
}

function displacementProblem(o: MemoryValue, size: number): OperandProblem | null {
  const isNumber = size === 64 ? BigInt.asIntN(32, o.displacement) === o.displacement : fits(o.displacement, size)
  if (isNumber || o.ripTarget) return null
  const accepted =
    size === 64 ? '-0x80000000 to 0x7fffffff' : size === 32 ? '-0x80000000 to 0xffffffff' : '-0x8000 to 0xffff'
  return { code: 'displacement', message: 'the displacement is out of range', accepted: [accepted] }
}

function sumProblem(o: MemoryValue, size: number): OperandProblem | null {
  const vsib = isVector(o.index)
  const [base, index] = [o.base & 31, o.index & 31]
  if (o.base >> 5 === 16 && o.index !== 0) return addressing('RIP cannot be added to an index', ['rip + displacement'])
  if (size === 16 && (o.base !== 0 || o.index !== 0)) {
    const names = [o.base, o.index].filter((r) => r !== 0).map(registerName)
    const isSum = SUMS_16.includes(names.join('+')) || SUMS_16.includes(names.reverse().join('+'))
    if (!isSum || o.scale !== 1) return addressing('no 16-bit address has these registers', SUMS_16)
  }
  const isStackIndex = !vsib && o.index !== 0 && index === 4 && (o.scale !== 1 || (o.base !== 0 && base === 4))
  if (size === 16 || !isStackIndex) return null
  return addressing(`${registerName(o.index)} cannot be an index`, ['base + index*1|2|4|8 + displacement'])
}

function memoryProblem(o: MemoryValue, bits: number): OperandProblem | null {
  const missing = missingRegister(o.base, bits) ?? missingRegister(o.index, bits)
  if (missing !== null) return missing
  const asked = addressSizeOf(o, isVector(o.index))
  const widths = bits === 64 ? ['64-bit registers', '32-bit registers'] : ['32-bit registers', '16-bit registers']
  if (asked < 0) return addressing('base and index must be address registers of one width', widths)
  if (asked !== 0 && Math.abs(asked - bits) > (bits === 32 ? 16 : 32))
    return addressing(`${bits}-bit mode has no ${asked}-bit addresses`, widths)
  return sumProblem(o, asked || bits) ?? displacementProblem(o, asked || (bits === 16 ? 32 : bits))
}

/** What is wrong with an operand in code of `bits`, whatever the instruction; null where nothing is. */
export function operandProblem(o: OperandValue, bits: number): OperandProblem | null {
  if (o.kind === 'memory') return memoryProblem(o, bits)
  return o.kind === 'register' ? missingRegister(o.register, bits) : null
}
