import type { SymbolIndex } from '@ringfold/boot/elf'
import { type FormFacts, formFacts } from '@ringfold/isa/facts'
import type { Bits } from '../numbers.ts'
import type { Census } from './census.ts'

/** How often something occurs. */
export interface Count {
  readonly name: string
  readonly count: number
}

/** An instruction that a monitor cares about. */
export interface Notable {
  readonly mnemonic: string
  readonly count: number
  /** Popek-Goldberg class, or the privilege rule where the instruction is not sensitive. */
  readonly kind: string
  readonly why: string
  readonly firstAddress: bigint
  /** The symbol that the first one lies in, `''` where none is known. */
  readonly firstSymbol: string
}

/** What was swept. */
export interface Program {
  readonly name: string
  readonly bits: Bits
  readonly sections: readonly { readonly name: string; readonly addr: bigint; readonly bytes: Uint8Array }[]
  readonly symbols: SymbolIndex
}

/** A census in words. All lists start with what is most frequent. */
export interface Summary {
  readonly byGroup: readonly Count[]
  readonly byExtension: readonly Count[]
  readonly byMnemonic: readonly Count[]
  /** Instructions of 1 to 15 bytes. */
  readonly byLength: readonly Count[]
  readonly notable: readonly Notable[]
}

export const BASE_SET = 'base'

interface FormCount {
  readonly facts: FormFacts
  readonly count: number
}

function metForms(census: Census): FormCount[] {
  return [...census.firstPlaces.keys()].flatMap((form) => {
    const facts = formFacts(form)
    return facts ? [{ facts, count: census.byForm[form] as number }] : []
  })
}

function countBy(forms: readonly FormCount[], nameOf: (facts: FormFacts) => string): Count[] {
  const counts = new Map<string, number>()
  for (const { facts, count } of forms) counts.set(nameOf(facts), (counts.get(nameOf(facts)) ?? 0) + count)
  return [...counts].map(([name, count]) => ({ name, count })).sort((a, b) => b.count - a.count)
}

function symbolAt(symbols: SymbolIndex, address: bigint): string {
  const place = symbols.atOrBelow(Number(address & 0xffffffffn), Number(address >> 32n))
  return place < 0 ? '' : symbols.name(place)
}

function notableOf(program: Program, census: Census, forms: readonly FormCount[]): Notable {
  const [{ facts }] = forms as [FormCount]
  const places = forms.map((form) => census.firstPlaces.get(form.facts.form)).filter((place) => place !== undefined)
  const addresses = places.map(({ section, offset }) => (program.sections[section]?.addr ?? 0n) + BigInt(offset))
  const [firstAddress = 0n] = addresses.sort((a, b) => (a < b ? -1 : 1))
  return {
    mnemonic: facts.mnemonic,
    count: forms.reduce((sum, { count }) => sum + count, 0),
    kind: facts.sensitivity?.class ?? facts.privilege.rule,
    why: facts.sensitivity?.why ?? facts.privilege.text,
    firstAddress,
    firstSymbol: symbolAt(program.symbols, firstAddress),
  }
}

/** The sensitive and the privileged instructions, those of one mnemonic and class together. */
function notables(program: Program, census: Census, forms: readonly FormCount[]): Notable[] {
  const isNotable = ({ sensitivity, privilege }: FormFacts) => sensitivity !== null || privilege.rule !== 'none'
  const groups = Map.groupBy(
    forms.filter(({ facts }) => isNotable(facts)),
    ({ facts }) => `${facts.mnemonic} ${facts.sensitivity?.class ?? facts.privilege.rule}`,
  )
  return [...groups.values()].map((group) => notableOf(program, census, group)).sort((a, b) => b.count - a.count)
}

export function summarize(program: Program, census: Census): Summary {
  const forms = metForms(census)
  return {
    byGroup: countBy(forms, ({ family }) => family.group),
    byExtension: countBy(forms, ({ features }) => features.join('+') || BASE_SET),
    byMnemonic: countBy(forms, ({ mnemonic }) => mnemonic),
    byLength: [...census.byLength].slice(1).map((count, i) => ({ name: `${i + 1}`, count })),
    notable: notables(program, census, forms),
  }
}
