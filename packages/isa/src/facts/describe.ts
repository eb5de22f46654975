/** Facts of a form as an object with names and texts, for people and tools. Carries all the texts of the table. */

import {
  ATTRIBUTES,
  FAMILY_CITATIONS,
  FAMILY_GROUPS,
  FAMILY_NAMES,
  FAMILY_NOTES,
  FAMILY_SENSITIVITY,
  FAMILY_SUMMARIES,
  FEATURES,
  FORM_ATTRIBUTE,
  FORM_ENCODINGS,
  FORM_FAMILY,
  FORM_FEATURE,
  FORM_LATER,
  FORM_MODES,
  FORM_SVM,
  FORM_TEXTS,
  FORM_VENDOR,
  FORM_VMX,
  LATERS,
  SVMS,
  VENDORS,
  VMXS,
} from '../generated/fact-texts.ts'
import { FLAG_BITS, FLAG_NAMES, FORM_IMPLICIT, IMPLICIT } from '../generated/facts.ts'
import { FORM_NAMES } from '../generated/form-names.ts'
import { FORM_MNEMONIC, MNEMONICS } from '../generated/names.ts'
import { OPERAND_COUNT } from '../generated/operands.ts'
import { type Access, type ControlFlow, PRIVILEGE_RULES, type PrivilegeRule } from './codes.ts'
import {
  controlFlow,
  flagsCleared,
  flagsConditional,
  flagsRead,
  flagsSet,
  flagsUndefined,
  flagsWritten,
  operandAccess,
  privilegeRule,
} from './effects.ts'
import { svmExitCode, vmxExitReason } from './exit-reasons.ts'

/** An intercept of VMX or SVM. */
export interface Intercept {
  /** Basic exit reason, or intercept code. */
  readonly name: string
  readonly number: number
  /** `always`, or the control that enables it. */
  readonly when: string
}

/** Popek-Goldberg class and why. */
export interface SensitivityFact {
  readonly class: 'privileged' | 'control' | 'behavior' | 'location'
  readonly why: string
}

/** RFLAGS masks; C0..C3 of the x87 status word in bits 24..27. */
export interface FlagFacts {
  readonly read: number
  readonly written: number
  readonly undefined: number
  readonly cleared: number
  readonly set: number
  readonly conditional: number
}

/** Everything that the table says of a form. */
export interface FormFacts {
  readonly form: number
  readonly name: string
  readonly mnemonic: string
  /** `ADD r/m32, r32`. */
  readonly text: string
  /** `o32 01 /r`. */
  readonly encoding: string
  readonly modes: readonly (16 | 32 | 64)[]
  readonly operands: readonly { readonly type: string; readonly access: Access }[]
  readonly implicit: readonly { readonly name: string; readonly access: Access }[]
  readonly flags: FlagFacts
  readonly flow: ControlFlow
  readonly features: readonly string[]
  readonly privilege: { readonly rule: PrivilegeRule; readonly text: string }
  readonly sensitivity: SensitivityFact | null
  readonly vmx: readonly Intercept[]
  readonly svm: readonly Intercept[]
  readonly vendor: 'intel' | 'amd' | null
  readonly attributes: readonly string[]
  /** Name of the extension whose rows come later: only the extent of the form is known. */
  readonly later: string | null
  readonly family: {
    readonly name: string
    readonly summary: string
    readonly group: string
    readonly citation: string
    readonly note: string
  }
}

const words = (text: string | undefined, separator = ' '): string[] =>
  (text ?? '').split(separator).filter((w) => w !== '')

function intercepts(text: string | undefined, number: (name: string) => number | undefined): Intercept[] {
  return words(text, ',').map((part) => {
    const [name = '', when = ''] = part.split('/')
    return { name, number: number(name) ?? -1, when }
  })
}

function sensitivityOf(family: number): SensitivityFact | null {
  const text = FAMILY_SENSITIVITY()[family] ?? ''
  const colon = text.indexOf(':')
  return colon < 0 ? null : { class: text.slice(0, colon) as SensitivityFact['class'], why: text.slice(colon + 1) }
}

function operandsOf(form: number): FormFacts['operands'] {
  const [, list = ''] = /^\S+ (.*)$/.exec(FORM_TEXTS()[form] ?? '') ?? []
  const types = words(list, ', ')
  return Array.from({ length: OPERAND_COUNT[form] as number }, (_, n) => ({
    type: types[n] ?? '',
    access: operandAccess(form, n),
  }))
}

const flagFacts = (form: number): FlagFacts => ({
  read: flagsRead(form),
  written: flagsWritten(form),
  undefined: flagsUndefined(form),
  cleared: flagsCleared(form),
  set: flagsSet(form),
  conditional: flagsConditional(form),
})

function familyFacts(family: number): FormFacts['family'] {
  return {
    name: FAMILY_NAMES()[family] ?? '',
    summary: FAMILY_SUMMARIES()[family] ?? '',
    group: FAMILY_GROUPS()[family] ?? '',
    citation: FAMILY_CITATIONS()[family] ?? '',
    note: FAMILY_NOTES()[family] ?? '',
  }
}

/** Number of forms; they are numbered from 1. */
export const formCount = (): number => FORM_NAMES.length - 1

/** Facts of a form by its number (1..{@link formCount}); `undefined` for any other number. */
export function formFacts(form: number): FormFacts | undefined {
  const name = FORM_NAMES[form]
  if (name === undefined || name === '') return undefined
  const family = FORM_FAMILY[form] as number
  const rule = privilegeRule(form)
  const modes = FORM_MODES[form] as number
  return {
    form,
    name,
    mnemonic: MNEMONICS[FORM_MNEMONIC[form] as number] ?? '',
    text: FORM_TEXTS()[form] ?? '',
    encoding: FORM_ENCODINGS()[form] ?? '',
    modes: ([16, 32, 64] as const).filter((_, n) => modes & (1 << n)),
    operands: operandsOf(form),
    implicit: words(IMPLICIT[FORM_IMPLICIT[form] as number]).map((w) => {
      const [n = '', access = 'r'] = w.split(':') as [string, Access]
      return { name: n, access }
    }),
    flags: flagFacts(form),
    flow: controlFlow(form),
    features: words(FEATURES()[FORM_FEATURE[form] as number]),
    privilege: { rule, text: PRIVILEGE_RULES[rule] },
    sensitivity: sensitivityOf(family),
    vmx: intercepts(VMXS()[FORM_VMX[form] as number], vmxExitReason),
    svm: intercepts(SVMS()[FORM_SVM[form] as number], svmExitCode),
    vendor: (VENDORS()[FORM_VENDOR[form] as number] || null) as FormFacts['vendor'],
    attributes: words(ATTRIBUTES()[FORM_ATTRIBUTE[form] as number]),
    later: LATERS()[FORM_LATER[form] as number] || null,
    family: familyFacts(family),
  }
}

/** All forms, in the order of the table. */
export const allForms = (): FormFacts[] =>
  Array.from({ length: formCount() }, (_, n) => formFacts(n + 1)).filter((f) => f !== undefined)

/** Forms of a mnemonic, in either case. */
export function formsOfMnemonic(mnemonic: string): FormFacts[] {
  const wanted = MNEMONICS.indexOf(mnemonic.toLowerCase())
  if (wanted <= 0) return []
  const forms: FormFacts[] = []
  for (let form = 1; form <= formCount(); form++) {
    if (FORM_MNEMONIC[form] !== wanted) continue
    const facts = formFacts(form)
    if (facts) forms.push(facts)
  }
  return forms
}

/** The form of that stable name, or `undefined`. */
export function formByName(name: string): FormFacts | undefined {
  const form = FORM_NAMES.indexOf(name)
  return form > 0 ? formFacts(form) : undefined
}

/** All mnemonics, in lower case. */
export const allMnemonics = (): readonly string[] => MNEMONICS.slice(1)

/** Names of the flags in a mask: `['CF', 'ZF']`. */
export const flagNames = (mask: number): string[] =>
  FLAG_NAMES.filter((_, n) => (mask & (FLAG_BITS[n] as number)) !== 0)
