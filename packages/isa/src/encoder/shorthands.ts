/** Operands that the manuals and assemblers let a program leave out. */
import { registerByName } from '../registers.ts'
import type { EncodeRequest, OperandValue } from './operands.ts'

interface Shorthand {
  readonly mnemonic: RegExp
  /** Number of operands of the short form, and its kind where only one kind of first operand has it. */
  readonly count: number
  readonly first?: OperandValue['kind']
  readonly full: (operands: readonly OperandValue[]) => readonly OperandValue[]
}

const st = (n: number): OperandValue => ({ kind: 'register', register: registerByName(`st(${n})`) })
const imm = (value: bigint): OperandValue => ({ kind: 'immediate', value })

/** No-operand forms of the x87: SDM vol. 2A, FADD, FCOM, FXCH and their kin; the rest as NASM has it. */
const SHORTHANDS: readonly Shorthand[] = [
  { mnemonic: /^f(add|mul|subr?|divr?)p$/, count: 0, full: () => [st(1), st(0)] },
  { mnemonic: /^f(u?comp?|xch)$/, count: 0, full: () => [st(1)] },
  { mnemonic: /^f(add|mul|subr?|divr?)p$/, count: 1, first: 'register', full: ([i]) => [i as OperandValue, st(0)] },
  {
    mnemonic: /^f(add|mul|subr?|divr?|u?comip?|cmovn?(b|e|be|u))$/,
    count: 1,
    first: 'register',
    full: ([i]) => [st(0), i as OperandValue],
  },
  { mnemonic: /^aa[md]$/, count: 0, full: () => [imm(10n)] },
  { mnemonic: /^(ro|rc|sh|sa)[lr]$/, count: 1, full: ([d]) => [d as OperandValue, imm(1n)] },
  {
    mnemonic: /^imul$/,
    count: 2,
    first: 'register',
    full: ([d, s]) =>
      s?.kind === 'immediate' ? [d as OperandValue, d as OperandValue, s] : [d as OperandValue, s as OperandValue],
  },
]

/** The request with all operands that its mnemonic's forms write. */
export function withoutShorthand(request: EncodeRequest): EncodeRequest {
  const operands = request.operands ?? []
  const name = request.mnemonic?.toLowerCase() ?? ''
  if (request.form !== undefined || operands.length > 2) return request
  const found = SHORTHANDS.find(
    (s) =>
      s.count === operands.length && (s.first === undefined || operands[0]?.kind === s.first) && s.mnemonic.test(name),
  )
  return found ? { ...request, operands: found.full(operands) } : request
}
