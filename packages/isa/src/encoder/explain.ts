/** Why no form takes the operands of a request: which operand it is, and what would be accepted there. */
import { FormBit } from '../decoder/form-bits.ts'
import { FORM_BITS } from '../generated/decode.ts'
import { SPEC_REG } from '../generated/operands.ts'
import { registerName } from '../registers.ts'
import { operandProblem } from './address.ts'
import { blank } from './blank.ts'
import { type EncodeError, encodeError } from './errors.ts'
import { isReserved, operandLetters, takeOperand, writtenSpecs } from './match.ts'
import type { EncodeRequest, OperandValue } from './operands.ts'

type Bits = 16 | 32 | 64

const different = (values: readonly string[]): string[] => [...new Set(values)]

/** CR1, DR8, CS of MOV: the registers of the class that a form of the list takes there; null where that is not the trouble. */
function reservedRegister(forms: readonly number[], specs: readonly number[], o: OperandValue): string[] | null {
  if (o.kind !== 'register') return null
  const [cls, number] = [o.register >> 5, o.register & 31]
  const at = specs.findIndex((s, k) => SPEC_REG[s] === cls && isReserved(forms[k] as number, s, number))
  if (at < 0) return null
  const [form, spec] = [forms[at] as number, specs[at] as number]
  return Array.from({ length: 16 }, (_, n) => (isReserved(form, spec, n) ? '' : registerName(cls * 32 + n))).filter(
    (name) => name !== '',
  )
}

/** Walks through the operands: the first that no form takes after the ones before it. */
function firstMisfit(forms: readonly number[], operands: readonly OperandValue[], name: string, bits: Bits) {
  let fitting = forms
  for (const [n, o] of operands.entries()) {
    const specAt = (f: number) => writtenSpecs(f, operands.length)?.[n] as number
    const next = fitting.filter((f) => takeOperand(blank(f, bits), specAt(f), o, bits))
    if (next.length === 0) {
      const reserved = reservedRegister(fitting, fitting.map(specAt), o)
      const accepted = reserved ?? different(fitting.map((f) => operandLetters(f)[n] ?? ''))
      return encodeError('operands', `operand ${n + 1} of '${name}' does not fit`, n + 1, accepted)
    }
    fitting = next
  }
  return fitting
}

/** The prefixes that forms take. */
function acceptedPrefixes(forms: readonly number[]): string[] {
  const has = (bit: number) => forms.some((f) => ((FORM_BITS[f] as number) & bit) !== 0)
  return [
    ...(has(FormBit.lock) ? ['lock with a destination in memory'] : []),
    ...(has(FormBit.rep) ? ['rep'] : []),
    ...(has(FormBit.repcc) ? ['repe', 'repne'] : []),
    'no prefix',
  ]
}

/** The error for a request that none of the forms takes. */
export function explain(forms: readonly number[], request: EncodeRequest, bits: Bits): EncodeError {
  const operands = request.operands ?? []
  const name = request.mnemonic ?? request.form ?? ''
  for (const [n, o] of operands.entries()) {
    const problem = operandProblem(o, bits)
    if (problem !== null)
      return encodeError(problem.code, `operand ${n + 1} of '${name}': ${problem.message}`, n + 1, problem.accepted)
  }
  const all = different(forms.map((f) => operandLetters(f).join(', ') || 'no operands'))
  const rightCount = forms.filter((f) => writtenSpecs(f, operands.length) !== null)
  if (rightCount.length === 0)
    return encodeError('operands', `'${name}' does not take ${operands.length} operands`, 0, all)
  const fitting = firstMisfit(rightCount, operands, name, bits)
  if (!Array.isArray(fitting)) return fitting as EncodeError
  if (fitting.some((f) => ((FORM_BITS[f] as number) & FormBit.gather) !== 0))
    return encodeError('operands', `operand 1 of '${name}': destination, index and mask must differ`, 1, [
      'a register that no other operand names',
    ])
  if ((request.prefixes ?? []).length > 0)
    return encodeError(
      'prefix',
      `'${name}' does not take the prefix ${request.prefixes?.join(' ')} with these operands`,
      0,
      acceptedPrefixes(fitting as number[]),
    )
  const letters = different((fitting as number[]).map((f) => operandLetters(f).join(', ')))
  return encodeError('range', `the operands of '${name}' cannot be encoded together`, 0, letters)
}
