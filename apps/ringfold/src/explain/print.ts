/** Explanations as text. */
import { type DecodedInstruction, instructionObject, type Operand, Status } from '@ringfold/isa/decoder'
import { type FormFacts, formFacts, operandAccess, usesOf } from '@ringfold/isa/facts'
import { registerName } from '@ringfold/isa/registers'
import { hexBytes } from '../disasm/hex.ts'
import { styled } from '../style.ts'
import { columnsOf, indented, labelled } from '../table.ts'
import { accessWords, type Entry, formEntries, modeText, sharedEntries } from './describe.ts'
import type { ExplainedInstruction } from './query.ts'

const title = (name: string, text: string): string => `${styled('bold', name)}  ${text}`

/** Forms whose facts are told together. */
function groupedByFacts(forms: readonly FormFacts[]): FormFacts[][] {
  const groups = new Map<string, FormFacts[]>()
  for (const form of forms) {
    const key = `${form.family.name}\n${sharedEntries(form).flat().join('\n')}`
    const group = groups.get(key)
    if (group) group.push(form)
    else groups.set(key, [form])
  }
  return [...groups.values()]
}

function formTable(forms: readonly FormFacts[]): string {
  const rows = forms.map((form) => [
    form.text,
    form.encoding,
    modeText(form),
    form.features.join(' ') || '-',
    form.name,
  ])
  return columnsOf(['instruction', 'encoding', 'modes', 'CPUID', 'form'], rows)
}

function groupText(forms: readonly FormFacts[]): string {
  const [first] = forms as [FormFacts]
  const heading = title(first.family.name, first.family.summary)
  if (forms.length === 1)
    return `${heading}\n\n${labelled([['form', `${first.name}: ${first.text}`], ...formEntries(first), ...sharedEntries(first)])}\n`
  const accesses = new Set(forms.map(({ operands }) => operands.map(({ access }) => accessWords(access)).join(', ')))
  const operands: Entry[] = accesses.size === 1 ? [['operands', [...accesses].join('') || 'none']] : []
  return `${heading}\n\n${indented(formTable(forms))}\n\n${labelled([...operands, ...sharedEntries(first)])}\n`
}

/** All forms, those with the same facts together. */
export const formsText = (forms: readonly FormFacts[]): string => groupedByFacts(forms).map(groupText).join('\n')

const hex = (value: bigint): string => (value < 0n ? `-0x${(-value).toString(16)}` : `0x${value.toString(16)}`)

function memoryText(operand: Operand & { kind: 'memory' }): string {
  const scaled =
    operand.index === null ? [] : [operand.scale === 1 ? operand.index : `${operand.index}*${operand.scale}`]
  const parts = [...(operand.base === null ? [] : [operand.base]), ...scaled]
  const shown = operand.displacement === 0n && parts.length > 0 ? parts : [...parts, hex(operand.displacement)]
  const size = operand.bytes === 0 ? '' : `${operand.bytes} ${operand.bytes === 1 ? 'byte' : 'bytes'} at `
  const address = operand.address === undefined ? '' : ` = ${hex(operand.address)}`
  return `${size}${operand.segment}:[${shown.join(' + ')}]${address}`
}

function operandText(operand: Operand): string {
  switch (operand.kind) {
    case 'register':
      return operand.register
    case 'memory':
      return memoryText(operand)
    case 'immediate':
      return `${hex(operand.value)}, ${operand.bits} bits${operand.signed ? ' (sign-extended)' : ''}`
    case 'branch':
      return `branch to ${hex(operand.target)}`
    case 'far':
      return `far pointer ${operand.selector.toString(16)}:${operand.offset.toString(16)}`
  }
}

function usedText({ instruction }: ExplainedInstruction): Entry[] {
  const { registers, memory } = usesOf(instruction)
  const implicit = registers.filter((use) => use.implicit)
  const stack = memory.filter((use) => use.stack)
  const texts = [
    ...implicit.map(({ register, access }) => `${registerName(register)}: ${accessWords(access)}`),
    ...stack.map(({ bytes, access }) => `${bytes} bytes of the stack: ${accessWords(access)}`),
  ]
  return texts.length === 0 ? [] : [['also uses', [...new Set(texts)].join('; ')]]
}

function decodedEntries(explained: ExplainedInstruction, object: DecodedInstruction): Entry[] {
  const operands = object.operands.map((operand, n): Entry => {
    return [`operand ${n + 1}`, `${operandText(operand)}: ${accessWords(operandAccess(explained.instruction.form, n))}`]
  })
  return [...operands, ...usedText(explained)]
}

/** One decoded instruction: its bytes, both syntaxes, its operands, and the facts of its form. */
export function instructionText(explained: ExplainedInstruction): string {
  const { instruction: i, bytes, intel, att } = explained
  const facts = formFacts(i.form)
  const object = instructionObject(i, bytes, 0)
  const entries: Entry[] = [['bytes', `${hexBytes(bytes, 0, i.length, ' ')} (${i.length} in ${i.mode}-bit mode)`]]
  if (att !== '') entries.push(['AT&T syntax', att])
  if (facts) entries.push(['form', `${facts.name}: ${facts.text}`])
  if (object.status === 'ok') entries.push(...decodedEntries(explained, object))
  if (facts)
    entries.push(
      ...formEntries(facts).filter(([label]) => label !== 'operands'),
      ...sharedEntries(facts).filter(([label]) => label !== 'implicit operands'),
    )
  if (i.status === Status.notInTable && !facts)
    entries.push(['not decoded', 'belongs to an extension that the table does not hold yet'])
  return `${title(intel, facts?.family.summary ?? '')}\n\n${labelled(entries)}\n`
}
