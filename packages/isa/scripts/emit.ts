/** The text of the generated files. */

import { encodeFile } from './emit-encode.ts'
import { factsFile, factTextsFile } from './emit-facts.ts'
import type { Form } from './form.ts'
import { formBits, operandTable } from './project.ts'
import { HEADER, numbers, strings, UNPACK_IMPORT } from './text.ts'
import { buildGraph } from './trie.ts'

function decodeFile(forms: readonly Form[], onError?: (m: string) => void): string {
  const graph = buildGraph(forms, onError)
  return [
    HEADER,
    numbers('FORM_BITS', 'Uint32Array', 'What the decoder has to know of each form: see form-bits.ts.', [
      0,
      ...forms.map(formBits),
    ]),
    numbers('NODES', 'Uint32Array', 'Children of the selectors.', graph.nodes),
    ...([16, 32, 64] as const).map((m) =>
      numbers(
        `ROOTS_${m}`,
        'Uint32Array',
        `Roots in ${m}-bit mode: legacy maps 0-3, VEX maps 1-3 and 7, 256 opcodes each.`,
        graph.roots[m],
      ),
    ),
  ].join('\n')
}

function operandsFile(forms: readonly Form[]): string {
  const t = operandTable(forms)
  return [
    HEADER,
    numbers('FORM_OPERANDS', 'Uint16Array', 'Four operand specifications a form.', t.ofForm),
    numbers('OPERAND_COUNT', 'Uint8Array', 'Operands of each form.', t.counts),
    numbers('SPEC_PLACE', 'Uint8Array', 'By specification: place (places.ts).', t.place),
    numbers('SPEC_REG', 'Uint8Array', 'Register class, 0 none.', t.reg),
    numbers('SPEC_FIXED', 'Int8Array', 'Number of a fixed register, or the constant.', t.fixed),
    numbers('SPEC_MEM_BYTES', 'Uint16Array', 'Bytes of the memory operand, 0 without size.', t.memBytes),
    numbers('SPEC_IMM_BITS', 'Uint8Array', 'Bits in which the immediate counts.', t.immBits),
    numbers('SPEC_IMM_SIGNED', 'Uint8Array', 'The immediate is sign-extended to these bits.', t.immSigned),
    numbers('SPEC_VSIB', 'Uint8Array', 'Register class of a vector index, 0 none.', t.vsib),
  ].join('\n')
}

function namesFile(forms: readonly Form[]): string {
  const mnemonics = ['(bad)', ...new Set(forms.map((f) => f.mnemonic.toLowerCase()))]
  const index = new Map(mnemonics.map((m, i) => [m, i]))
  return [
    HEADER,
    strings('MNEMONICS', 'Mnemonics in lower case; number 0 stands for bytes that are no instruction.', mnemonics),
    numbers('FORM_MNEMONIC', 'Uint16Array', 'Mnemonic number of each form.', [
      0,
      ...forms.map((f) => index.get(f.mnemonic.toLowerCase()) ?? 0),
    ]),
  ].join('\n')
}

function formNamesFile(forms: readonly Form[]): string {
  return [
    HEADER,
    strings('FORM_NAMES', 'Stable names of the forms, by number.', ['', ...forms.map((f) => f.name)]),
  ].join('\n')
}

/** Path below packages/isa -> text, for every generated file. */
export function projections(forms: readonly Form[], onError?: (m: string) => void): Record<string, string> {
  const files = {
    'src/generated/decode.ts': decodeFile(forms, onError),
    'src/generated/operands.ts': operandsFile(forms),
    'src/generated/names.ts': namesFile(forms),
    'src/generated/form-names.ts': formNamesFile(forms),
    'src/generated/facts.ts': factsFile(forms),
    'src/generated/fact-texts.ts': factTextsFile(forms),
    'src/generated/encode.ts': encodeFile(forms, { header: HEADER, numbers, strings }),
  }
  return Object.fromEntries(
    Object.entries(files).map(([path, text]) => [
      path,
      text.includes('unpack(') ? text.replace(HEADER, HEADER + UNPACK_IMPORT) : text,
    ]),
  )
}
