/** What the table says of a form, in words. */
import { type Access, type FlagFacts, type FormFacts, flagNames, type Intercept } from '@ringfold/isa/facts'

/** A fact with its name. */
export type Entry = readonly [label: string, text: string]

const ACCESS_WORDS: Readonly<Record<Access, string>> = {
  r: 'read',
  w: 'written',
  rw: 'read and written',
  cw: 'written on a condition',
  rcw: 'read, and written on a condition',
  n: 'named, not accessed',
}

const FLAG_WORDS: Readonly<Record<keyof FlagFacts, string>> = {
  read: 'reads',
  written: 'writes',
  cleared: 'clears',
  set: 'sets',
  undefined: 'leaves undefined',
  conditional: 'may leave as they are',
}

const SENSITIVITY_WORDS: Readonly<Record<NonNullable<FormFacts['sensitivity']>['class'], string>> = {
  privileged: 'sensitive, and privileged: it traps outside ring 0, so a monitor can emulate it',
  control: 'sensitive, and not privileged (control-sensitive): changes machine state without a trap',
  behavior: 'sensitive, and not privileged (behavior-sensitive): its result shows machine state, without a trap',
  location:
    'sensitive, and not privileged (location-sensitive): depends on the ring or mode that it runs in, without a trap',
}

export const accessWords = (access: Access): string => ACCESS_WORDS[access]

/** Names of the flags by what happens to them. */
export function flagsByEffect(flags: FlagFacts): Partial<Record<keyof FlagFacts, string[]>> {
  const effects = (Object.keys(FLAG_WORDS) as (keyof FlagFacts)[]).filter((effect) => flags[effect] !== 0)
  return Object.fromEntries(effects.map((effect) => [effect, flagNames(flags[effect])]))
}

function flagText(flags: FlagFacts): string {
  const parts = Object.entries(flagsByEffect(flags)).map(([effect, names]) => {
    return `${FLAG_WORDS[effect as keyof FlagFacts]} ${names.join(' ')}`
  })
  return parts.join('; ') || 'not touched'
}

const vmxText = ({ name, number, when }: Intercept): string => {
  const condition = when === 'always' ? 'always' : `if "${when.replaceAll('_', ' ')}"`
  return `exit reason ${number}, ${name.replaceAll('_', ' ')}: ${condition}`
}

const svmText = ({ name, number, when }: Intercept): string =>
  `VMEXIT_${name} (0x${number.toString(16)}): ${when === 'always' ? 'always' : `if ${when}`}`

const listed = (items: readonly string[], otherwise: string): string => items.join('\n') || otherwise

/** Operands in the manual's letters, and how each is accessed. */
export function operandText({ operands }: FormFacts): string {
  return listed(
    operands.map(({ type, access }) => `${type}: ${ACCESS_WORDS[access]}`),
    'none',
  )
}

/** Facts that forms of one mnemonic mostly share. */
export function sharedEntries(facts: FormFacts): Entry[] {
  const { family, implicit, sensitivity, privilege } = facts
  const entries: (Entry | undefined)[] = [
    implicit.length > 0
      ? ['implicit operands', implicit.map(({ name, access }) => `${name}: ${ACCESS_WORDS[access]}`).join('; ')]
      : undefined,
    ['flags', flagText(facts.flags)],
    facts.flow === 'next' ? undefined : ['control flow', facts.flow],
    ['privilege', privilege.rule === 'none' ? privilege.text : `${privilege.rule}: ${privilege.text}`],
    ['sensitivity', sensitivity ? `${SENSITIVITY_WORDS[sensitivity.class]}. ${sensitivity.why}` : 'innocuous'],
    ['VMX', listed(facts.vmx.map(vmxText), 'causes no VM exit by itself')],
    ['SVM', listed(facts.svm.map(svmText), 'has no intercept')],
    facts.later
      ? ['not decoded', `belongs to ${facts.later}, whose rows come later: only the length is known`]
      : undefined,
    ['manual', family.citation],
    family.note === '' ? undefined : ['note', family.note],
  ]
  return entries.filter((entry) => entry !== undefined)
}

/** Attributes of a row (NOTATION.md) in words. */
const ATTRIBUTE_WORDS: Readonly<Record<string, string>> = {
  lock: 'takes LOCK with a destination in memory',
  rep: 'takes REP',
  repcc: 'takes REPE and REPNE',
  pm: '#UD in real and virtual-8086 mode',
  alias: 'a second encoding',
  undoc: 'not, or hardly, documented',
  gather: '#UD unless destination, index and mask differ',
}

const attributeText = ({ attributes }: FormFacts): string =>
  attributes.map((attribute) => ATTRIBUTE_WORDS[attribute] ?? attribute).join('; ')

/** Facts of one form alone. */
export function formEntries(facts: FormFacts): Entry[] {
  return [
    ['encoding', facts.encoding],
    ['operands', operandText(facts)],
    ['modes', modeText(facts)],
    ['CPUID feature', featureText(facts)],
    ...(facts.attributes.length > 0 ? [['attributes', attributeText(facts)] as const] : []),
  ]
}

export const modeText = ({ modes, vendor }: FormFacts): string => modes.join(' ') + (vendor ? ` (${vendor} only)` : '')

export const featureText = ({ features }: FormFacts): string => features.join(' ') || 'none: every processor has it'

/** Facts for `--json`: names where the table has masks. */
export function formJson(facts: FormFacts): object {
  return { ...facts, flags: flagsByEffect(facts.flags) }
}
