import process from 'node:process'
import { instructionObject } from '@ringfold/isa/decoder'
import { formFacts } from '@ringfold/isa/facts'
import { hexBytes } from '../disasm/hex.ts'
import type { Bits } from '../numbers.ts'
import type { ExplainOptions } from './command.ts'
import { formJson } from './describe.ts'
import { formsText, instructionText } from './print.ts'
import { type Answer, answer } from './query.ts'

/** BigInt as hexadecimal text, bytes as digits: JSON has neither. */
const plain = (_: string, value: unknown): unknown => {
  if (typeof value === 'bigint') return value < 0n ? `-0x${(-value).toString(16)}` : `0x${value.toString(16)}`
  return value instanceof Uint8Array ? hexBytes(value, 0, value.length) : value
}

function json(found: Answer): object {
  if (found.kind === 'forms') return found.forms.map(formJson)
  const { instruction, bytes, intel, att } = found.explained
  const facts = formFacts(instruction.form)
  return { intel, att, instruction: instructionObject(instruction, bytes, 0), form: facts ? formJson(facts) : null }
}

/** `ringfold explain`. */
export function runExplain(what: readonly string[], options: ExplainOptions): void {
  const found = answer(what, Number(options.bits) as Bits)
  if (options.json) process.stdout.write(`${JSON.stringify(json(found), plain, 2)}\n`)
  else process.stdout.write(found.kind === 'forms' ? formsText(found.forms) : instructionText(found.explained))
}
