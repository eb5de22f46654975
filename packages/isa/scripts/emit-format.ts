/** The formatters' projection of the forms: the text of `src/generated/format.ts`. */
import { Flow, FormatFact } from '../src/formatter/form-facts.ts'
import type { Form } from './form.ts'
import { numbers } from './text.ts'

const FLOW: Readonly<Record<string, number>> = {
  jmp: Flow.branch,
  call: Flow.branch,
  jcc: Flow.conditional,
  ret: Flow.ret,
  jmpind: Flow.indirect,
  callind: Flow.indirect,
  farjmp: Flow.far,
  farcall: Flow.far,
  farret: Flow.farRet,
}

const SIZE: Readonly<Record<number, number>> = { 16: 1, 32: 2, 64: 3 }

function formatFacts(f: Form): number {
  const only = f.space === 'legacy' && f.pp?.length === 1 ? (f.pp[0] ?? 0) : 0
  let word = only | (f.operandSize === null ? 0 : (SIZE[f.operandSize] ?? 0) << FormatFact.sizeShift)
  if (f.operandSize !== null) word |= FormatFact.sized
  if (f.w !== null) word |= FormatFact.wide
  if (f.addressSize !== null) word |= FormatFact.addressed
  if (f.space === 'vex') word |= FormatFact.vex
  return word | ((FLOW[f.facts.flow ?? ''] ?? 0) << FormatFact.flowShift)
}

/** The text of the file. */
export const formatFile = (forms: readonly Form[], header: string): string =>
  [
    header,
    numbers('FORM_FORMAT', 'Uint16Array', 'What the formatters have to know of each form: see form-facts.ts.', [
      0,
      ...forms.map(formatFacts),
    ]),
  ].join('\n')
