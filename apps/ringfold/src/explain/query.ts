/** What `explain` was asked for. */
import { AssemblerError, assemble } from '@ringfold/isa/assembler'
import { Decoder, Instruction, Status } from '@ringfold/isa/decoder'
import { formsOf, knownMnemonics } from '@ringfold/isa/encoder'
import { allForms, type FormFacts, formByName, formFacts } from '@ringfold/isa/facts'
import { Formatter, NOT_IN_TABLE } from '@ringfold/isa/formatter'
import { InputError } from '../exit.ts'
import type { Bits } from '../numbers.ts'
import { didYouMean } from '../suggest.ts'

/** One instruction, decoded from bytes that were given or assembled. */
export interface ExplainedInstruction {
  readonly instruction: Instruction
  readonly bytes: Uint8Array
  readonly intel: string
  /** `''` where the table does not hold it. */
  readonly att: string
}

export type Answer =
  | { readonly kind: 'forms'; readonly forms: readonly FormFacts[] }
  | { readonly kind: 'instruction'; readonly explained: ExplainedInstruction }

const HEX_BYTES = /^(?:(?:0x)?[0-9a-f]{2}[\s,]*)+$/i

/** Forms of a mnemonic or alias, and of the others of their families that only add a size to it, or `f` for far: POPF, POPFD, POPFQ; RET, RETF. */
function formsOfName(name: string): FormFacts[] {
  const direct = formsOf(name).flatMap((form) => formFacts(form) ?? [])
  if (direct.length === 0) return allForms().filter(({ mnemonic }) => mnemonic === name)
  const families = new Set(direct.map(headingOf))
  const isKin = (form: FormFacts) =>
    families.has(headingOf(form)) && new RegExp(`^${mnemonicStem(direct)}[bwdqf]?$`).test(form.mnemonic)
  return allForms().filter(isKin)
}

/** Heading of the manual's page, which near and far transfers share. */
const headingOf = ({ family }: FormFacts): string => family.name.replace(/ \(.*\)$/, '')

const mnemonicStem = (forms: readonly FormFacts[]): string => (forms[0]?.mnemonic ?? '').replace(/[^a-z0-9]/g, '')

function decoded(bytes: Uint8Array, bits: Bits): ExplainedInstruction {
  const instruction = new Instruction()
  const status = new Decoder(bits).decode(instruction, bytes)
  if (status === Status.needMoreBytes) throw new InputError('the bytes end within the instruction')
  if (status === Status.invalid) throw new InputError(`no processor executes these bytes in ${bits}-bit mode`)
  const held = status === Status.ok
  return {
    instruction,
    bytes: bytes.subarray(0, instruction.length),
    intel: held ? new Formatter().format(instruction) : NOT_IN_TABLE,
    att: held ? new Formatter({ syntax: 'att' }).format(instruction) : '',
  }
}

function assembled(text: string, bits: Bits): Uint8Array {
  try {
    return assemble(text, { bits }).bytes
  } catch (error) {
    if (!(error instanceof AssemblerError)) throw error
    const [word = ''] = text.trim().split(/\s+/)
    const remedy = error.code === 'UNKNOWN_MNEMONIC' ? didYouMean(word.toLowerCase(), knownMnemonics()) : ''
    throw new InputError(error.message, remedy)
  }
}

/**
 * Finds out what is meant: a mnemonic, the name of a form, bytes, or an instruction.
 *
 * @throws InputError where it is none of them.
 */
export function answer(what: readonly string[], bits: Bits): Answer {
  const text = what.join(' ').trim()
  const name = text.toLowerCase()
  const forms = /^[a-z0-9]+$/.test(name) ? formsOfName(name) : []
  if (forms.length > 0) return { kind: 'forms', forms }
  const form = formByName(name)
  if (form !== undefined) return { kind: 'forms', forms: [form] }
  if (HEX_BYTES.test(text)) {
    const hex = text.replace(/0x|[\s,]/gi, '')
    return { kind: 'instruction', explained: decoded(Uint8Array.from(Buffer.from(hex, 'hex')), bits) }
  }
  const bytes = assembled(text, bits)
  if (bytes.length === 0)
    throw new InputError('there is nothing to explain', 'Name a mnemonic, an instruction, or bytes.')
  return { kind: 'instruction', explained: decoded(bytes, bits) }
}
