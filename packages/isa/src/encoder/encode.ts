/** From a mnemonic, or a form, and operands to bytes: the shortest encoding that means just that. */
import { FormBit, ImmKind } from '../decoder/form-bits.ts'
import { BASE_IP, type Instruction, Prefix } from '../decoder/instruction.ts'
import { OperandPlace } from '../decoder/places.ts'
import { checkedBits } from '../errors.ts'
import { FORM_BITS } from '../generated/decode.ts'
import { FORM_RULES, SPEC_MEMORY } from '../generated/encode.ts'
import { FORM_NAMES } from '../generated/form-names.ts'
import { FORM_MNEMONIC, MNEMONICS } from '../generated/names.ts'
import { SPEC_MEM_BYTES, SPEC_PLACE } from '../generated/operands.ts'
import { pseudoOperations } from '../pseudo-operations.ts'
import { aliasTable } from './aliases.ts'
import { blank, defaultSize } from './blank.ts'
import { ByteSink, emit } from './emit.ts'
import { type EncodeError, encodeError } from './errors.ts'
import { explain } from './explain.ts'
import { formInMode, formOperandSize } from './form-access.ts'
import { MemoryUse, Rule } from './form-shape.ts'
import { isHighByte, operandLetters, takeOperand, writtenSpecs } from './match.ts'
import type { EncodeOptions, EncodeRequest, OperandValue } from './operands.ts'
import { withoutShorthand } from './shorthands.ts'

/** Forms by mnemonic number, made on first use. */
let formsByMnemonic: number[][] | null = null

function index(): number[][] {
  if (formsByMnemonic) return formsByMnemonic
  const table: number[][] = MNEMONICS.map(() => [])
  for (let form = 1; form < FORM_MNEMONIC.length; form++) {
    if (((FORM_BITS[form] as number) & FormBit.later) === 0) table[FORM_MNEMONIC[form] as number]?.push(form)
  }
  formsByMnemonic = table
  return table
}

let numbers: ReadonlyMap<string, number> | null = null

function mnemonicNumber(name: string): number {
  numbers ??= new Map(MNEMONICS.map((m, n) => [m, n]))
  return numbers.get(name) ?? 0
}

/** Forms that a mnemonic, alias or pseudo-mnemonic stands for; empty where there is none. */
export function formsOf(mnemonic: string): readonly number[] {
  const lower = mnemonic.toLowerCase()
  const name = pseudoOperations().get(lower)?.mnemonic ?? lower
  const names = aliasTable().get(name) ?? [name]
  return names.flatMap((n) => index()[mnemonicNumber(n)] ?? [])
}

/** Every name that {@link formsOf} knows: mnemonics, aliases and pseudo-mnemonics. */
export const knownMnemonics = (): string[] => [
  ...new Set([
    ...MNEMONICS.slice(1).filter((_, n) => (index()[n + 1] ?? []).length > 0),
    ...aliasTable().keys(),
    ...pseudoOperations().keys(),
  ]),
]

const PREFIX_BIT = { lock: Prefix.lock, rep: Prefix.rep, repe: Prefix.rep, repne: Prefix.repne, notrack: 0 } as const

/** Prefixes that the form does not take are an error: they would mean nothing. */
function takePrefixes(i: Instruction, prefixes: EncodeRequest['prefixes']): boolean {
  const word = FORM_BITS[i.form] as number
  for (const p of prefixes ?? []) {
    if (p === 'lock' && ((word & FormBit.lock) === 0 || i.mod === 3)) return false
    if ((p === 'rep' || p === 'repe' || p === 'repne') && (word & (FormBit.rep | FormBit.repcc)) === 0) return false
    if (p === 'notrack') i.segment = 3
    i.prefixes |= PREFIX_BIT[p]
  }
  return true
}

/** Displacement bytes of a relative branch, 0 for anything else. */
export function branchBytes(form: number): number {
  const kind = (FORM_BITS[form] as number) & FormBit.immMask
  return kind === ImmKind.rel8 ? 1 : kind === ImmKind.rel16 ? 2 : kind === ImmKind.rel32 ? 4 : 0
}

interface Candidate {
  readonly form: number
  readonly bytes: Uint8Array
  readonly memoryBytes: number
  /** The operand size decides the memory's width: far pointers, environments of the x87. */
  readonly bySize: boolean
}

/** Destination, index and mask of a gather must differ (SDM vol. 2C, VPGATHERDD: #UD). */
const isGatherValid = (i: Instruction): boolean =>
  ((FORM_BITS[i.form] as number) & FormBit.gather) === 0 ||
  (i.reg !== i.index && i.reg !== i.vvvv && i.index !== i.vvvv)

/** From the end of a branch to its target. IP wraps around in 16 and 32 bits, but only between addresses that it can hold. */
function branchDistance(target: bigint, end: bigint, bits: number): bigint {
  const isHeld = (address: bigint) => address === BigInt.asUintN(bits, address)
  const exact = target - end
  return bits === 64 || (isHeld(target) && isHeld(end)) ? BigInt.asIntN(bits, exact) : exact
}

/** Turns targets into displacements, now that the length is known; false where one does not reach. */
function relate(
  i: Instruction,
  request: EncodeRequest,
  out: ByteSink,
  options: EncodeOptions,
  bits: 16 | 32 | 64,
): boolean {
  const end = (options.address ?? 0n) + BigInt(out.length)
  const bytes = branchBytes(i.form)
  if (bytes > 0) {
    const target = request.operands?.find((o) => o.kind === 'immediate')?.value ?? 0n
    const distance = branchDistance(target, end, i.operandSize)
    if (BigInt.asIntN(bytes * 8, distance) !== distance) return false
    i.immLo = Number(BigInt.asIntN(32, distance))
    i.immHi = i.immLo >> 31
  }
  const memory = request.operands?.find((o) => o.kind === 'memory')
  if (memory?.kind === 'memory' && memory.ripTarget && i.base === BASE_IP) {
    const distance = BigInt.asIntN(64, memory.displacement - end)
    if (BigInt.asIntN(32, distance) !== distance) return false
    i.dispLo = Number(distance)
    i.dispHi = i.dispLo >> 31
  }
  return emit(i, bits, out) === null
}

/** Memory whose size the operand can give: an absolute address (moffs) is given with its register's. */
const isSized = (place: number): boolean =>
  place === OperandPlace.rm || place === OperandPlace.si || place === OperandPlace.di

function attempt(
  form: number,
  request: EncodeRequest,
  options: EncodeOptions,
  bits: 16 | 32 | 64,
): Candidate | 'operands' | 'range' | 'rexWithHighByte' {
  const operands = request.operands ?? []
  const specs = writtenSpecs(form, operands.length)
  if (specs === null) return 'operands'
  const i = blank(form, bits)
  for (const [n, s] of specs.entries()) {
    if (!takeOperand(i, s, operands[n] as OperandValue, bits)) return 'operands'
  }
  if ((i.prefixes & Prefix.rex) !== 0 && operands.some(isHighByte)) return 'rexWithHighByte'
  if (!isGatherValid(i)) return 'operands'
  const branch = branchBytes(form)
  if (branch > (options.branchLimit ?? 4)) return 'range'
  if (
    branch > 0 &&
    branch < (options.branchBytes ?? 1) &&
    index()[FORM_MNEMONIC[form] as number]?.some((f) => branchBytes(f) > branch && formInMode(f, bits))
  )
    return 'range'
  if (!takePrefixes(i, request.prefixes)) return 'operands'
  const out = new ByteSink()
  if ((FORM_RULES[form] as number) & Rule.registerZeroTaken && i.opcodeReg === 0) return 'operands'
  const problem = emit(i, bits, out)
  if (problem === 'rexWithHighByte') return problem
  if (problem !== null || !relate(i, request, out, options, bits)) return branch > 0 ? 'range' : 'operands'
  const memory = specs.find((s, n) => operands[n]?.kind === 'memory' && isSized(SPEC_PLACE[s] as number))
  return {
    form,
    bytes: out.bytes.slice(0, out.length),
    memoryBytes: memory === undefined ? 0 : (SPEC_MEM_BYTES[memory] as number),
    bySize: memory !== undefined && SPEC_MEMORY[memory] === MemoryUse.bySize,
  }
}

/** Forms that may be chosen: of this mode, and second encodings only where asked for by name. */
function candidates(request: EncodeRequest, bits: number): number[] | EncodeError {
  if (request.form !== undefined) {
    const form = FORM_NAMES.indexOf(request.form)
    if (form <= 0) return encodeError('unknownForm', `there is no form '${request.form}'`)
    return formInMode(form, bits) ? [form] : encodeError('mode', `'${request.form}' does not exist in ${bits}-bit mode`)
  }
  const forms = formsOf(request.mnemonic ?? '')
  if (forms.length === 0) return encodeError('unknownMnemonic', `unknown mnemonic '${request.mnemonic ?? ''}'`)
  const usable = forms.filter((f) => formInMode(f, bits) && ((FORM_RULES[f] as number) & (Rule.alias | Rule.amd)) === 0)
  return usable.length > 0 ? usable : encodeError('mode', `'${request.mnemonic}' does not exist in ${bits}-bit mode`)
}

/** Where the operands leave the operand size open (PUSH 1000, JMP, far pointers), the mode decides: a shorter 16-bit form would mean another thing. */
function ofUsualSize(found: readonly Candidate[], request: EncodeRequest, bits: number): readonly Candidate[] {
  const sizes = new Set(found.map((c) => formOperandSize(c.form)))
  const asked = request.operands?.find((o) => o.kind === 'immediate' && (o.bytes ?? 1) > 1)
  if (asked?.kind === 'immediate' && request.mnemonic?.toLowerCase() === 'push')
    return found.filter((c) => (formOperandSize(c.form) || defaultSize(c.form, bits)) === (asked.bytes ?? 0) * 8)
  if (sizes.size <= 1 || found.some((c) => c.memoryBytes > 0)) return found
  const usual = found.filter(
    (c) => (formOperandSize(c.form) || defaultSize(c.form, bits)) === defaultSize(c.form, bits),
  )
  return usual.length > 0 ? usual : found
}

/** Memory without a size that fits several widths: stack and branches take the mode's, anything else is ambiguous. */
function chooseSize(
  found: readonly Candidate[],
  request: EncodeRequest,
  bits: number,
): readonly Candidate[] | EncodeError {
  const unsized = request.operands?.some((o) => o.kind === 'memory' && o.bytes === 0) ?? false
  const widths = [...new Set(found.map((c) => c.memoryBytes).filter((b) => b > 0))]
  if (!unsized || widths.length <= 1) return found
  const usual = found.filter((c) =>
    c.bySize
      ? formOperandSize(c.form) === (bits === 16 ? 16 : 32)
      : formOperandSize(c.form) ===
          (bits === 64 && (FORM_BITS[c.form] as number) & (FormBit.d64 | FormBit.f64) ? 64 : bits) &&
        c.memoryBytes === bits / 8,
  )
  if (found.every((c) => c.bySize) && usual.length > 0) return usual
  if (/^(push|pop|call|jmp)$/.test(request.mnemonic?.toLowerCase() ?? '') && usual.length > 0) return usual
  const position = (request.operands?.findIndex((o) => o.kind === 'memory') ?? 0) + 1
  return encodeError(
    'ambiguousSize',
    `the size of operand ${position} of '${request.mnemonic}' is not given (byte, word, dword, qword)`,
    position,
    widths.map((b) => `m${b * 8}`),
  )
}

/** XCHG and TEST mean the same with their operands exchanged, and some forms have only one order. */
const isCommutative = ({ mnemonic, operands }: EncodeRequest): boolean =>
  /^(xchg|test)$/i.test(mnemonic ?? '') && operands?.length === 2 && operands[1]?.kind !== 'immediate'

/** CMPLTPS is CMPPS with a last operand 1. */
function withoutPseudo(request: EncodeRequest): EncodeRequest {
  const pseudo = request.form === undefined ? pseudoOperations().get(request.mnemonic?.toLowerCase() ?? '') : undefined
  if (pseudo === undefined) return request
  const immediate = { kind: 'immediate', value: BigInt(pseudo.immediate) } as const
  return { ...request, mnemonic: pseudo.mnemonic, operands: [...(request.operands ?? []), immediate] }
}

/** The error for a request of which no form could be encoded. */
function refusal(
  forms: readonly number[],
  request: EncodeRequest,
  options: EncodeOptions,
  seen: { readonly range: boolean; readonly highByte: boolean },
): EncodeError {
  const operands = request.operands ?? []
  const name = request.mnemonic ?? request.form
  if (seen.highByte) {
    const position = operands.findIndex(isHighByte) + 1
    const why = 'AH, CH, DH and BH cannot stand in an instruction that needs a REX prefix'
    return encodeError('rexWithHighByte', `operand ${position} of '${name}': ${why}`, position, [
      'another 8-bit register',
    ])
  }
  const target = operands.findIndex((o) => o.kind === 'immediate')
  if (seen.range && target >= 0) {
    const branches = forms.filter((f) => branchBytes(f) > 0 && branchBytes(f) <= (options.branchLimit ?? 4))
    const accepted = branches.map((f) => operandLetters(f)[target] ?? '')
    return encodeError('range', `operand ${target + 1} of '${name}': the target is out of reach`, target + 1, [
      ...new Set(accepted),
    ])
  }
  return explain(forms, request, options.bits ?? 64)
}

/**
 * Encodes an instruction: the shortest of all forms that mean the same, or the form that is named.
 * @returns the bytes, or a typed error that names the operand and what would be accepted.
 */
export function encode(asked: EncodeRequest, options: EncodeOptions = {}): Uint8Array | EncodeError {
  const request = withoutShorthand(withoutPseudo(asked))
  const bits = checkedBits(options.bits ?? 64)
  const forms = candidates(request, bits)
  if (!Array.isArray(forms)) return forms
  const found: Candidate[] = []
  let range = false
  let highByte = false
  const requests = isCommutative(request)
    ? [request, { ...request, operands: [...(request.operands ?? [])].reverse() }]
    : [request]
  for (const [form, ordered] of forms.flatMap((f) => requests.map((r) => [f, r] as const))) {
    const c = attempt(form, ordered, options, bits)
    if (typeof c === 'object') found.push(c)
    else {
      range ||= c === 'range'
      highByte ||= c === 'rexWithHighByte'
    }
  }
  if (found.length === 0) return refusal(forms, request, options, { range, highByte })
  const usual = ofUsualSize(found, request, bits)
  if (usual.length === 0)
    return encodeError('operands', `'${request.mnemonic}' has no form of this operand size in ${bits}-bit mode`, 1)
  const sized = chooseSize(usual, request, bits)
  if (!Array.isArray(sized)) return sized as EncodeError
  // Of the mnemonics that an alias stands for, the first that fits.
  const mnemonic = FORM_MNEMONIC[(sized[0] as Candidate).form]
  return (sized as readonly Candidate[])
    .filter((c) => FORM_MNEMONIC[c.form] === mnemonic)
    .reduce((a, b) => (b.bytes.length < a.bytes.length ? b : a)).bytes
}
