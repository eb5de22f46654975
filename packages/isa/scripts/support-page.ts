/** The support page, `docs/instructions.md`: what the table holds, family by family. */
import type { Family } from '../table/notation.ts'
import { svmText, vmxText } from './facts.ts'
import type { Form } from './form.ts'

const GROUP_TITLES: Readonly<Record<Family['group'], string>> = {
  data: 'Data transfer',
  arithmetic: 'Binary arithmetic',
  decimal: 'Decimal arithmetic',
  logical: 'Logic',
  shift: 'Shifts and rotates',
  bit: 'Bits and bytes',
  control: 'Control transfer',
  string: 'Strings',
  io: 'I/O',
  stack: 'Stack frames',
  flag: 'Flags',
  segment: 'Segment registers',
  misc: 'Miscellaneous',
  random: 'Random numbers',
  bmi: 'Bit manipulation extensions',
  x87: 'x87',
  mmx: 'MMX',
  sse: 'SSE',
  sse2: 'SSE2',
  sse3: 'SSE3',
  ssse3: 'SSSE3',
  sse4: 'SSE4.1 and SSE4.2',
  sse4a: 'SSE4a',
  aes: 'AES, carry-less multiplication, SM4',
  sha: 'SHA and SM3',
  gfni: 'Galois field',
  avx: 'AVX',
  avx2: 'AVX2',
  fma: 'FMA',
  f16c: 'Half precision',
  system: 'System',
  xsave: 'Processor extended state',
  cet: 'Control-flow enforcement',
  vmx: 'VMX',
  svm: 'SVM',
  later: 'Known extents',
}

const unique = (values: readonly string[]): string[] => [...new Set(values)].filter((v) => v !== '')

/** Pipes and angle brackets would end cells or open tags. */
const cell = (text: string): string => text.replace(/\|/g, '\\|').replace(/</g, '&lt;')

function exits(text: readonly string[]): string {
  return unique(text.flatMap((t) => t.split(',').map((part) => part.split('/')[0] ?? ''))).join(', ')
}

function familyRow(family: Family, forms: readonly Form[]): string {
  const modes = unique(forms.flatMap((f) => f.modes.map(String)))
  const cells = [
    unique(forms.map((f) => f.mnemonic)).join(' '),
    String(forms.length),
    family.summary,
    unique(forms.flatMap((f) => f.features)).join(' '),
    modes.length === 3 ? 'all' : modes.join(' '),
    unique(forms.map((f) => f.facts.priv ?? '')).join(' '),
    family.sensitive?.class ?? '',
    exits(forms.map(vmxText)),
    exits(forms.map(svmText)),
    family.cite,
  ]
  return `| ${cells.map(cell).join(' | ')} |`
}

function section(group: Family['group'], forms: readonly Form[]): string[] {
  const families = [...new Set(forms.map((f) => f.family))]
  return [
    `## ${GROUP_TITLES[group]}`,
    '',
    '| instructions | forms | what | CPUID | modes | privilege | sensitive | VMX exit | SVM intercept | manual |',
    '|---|---:|---|---|---|---|---|---|---|---|',
    ...families.map((family) =>
      familyRow(
        family,
        forms.filter((f) => f.family === family),
      ),
    ),
    '',
  ]
}

export function supportPage(forms: readonly Form[]): string {
  const held = forms.filter((f) => f.later === null)
  const later = unique(forms.map((f) => f.later ?? ''))
  const groups = unique(held.map((f) => f.family.group)) as Family['group'][]
  return [
    '<!-- Generated from packages/isa/table by `npm run generate`. Do not edit. -->',
    '',
    '# Instructions',
    '',
    `The table holds ${held.length} instruction forms of ${unique(held.map((f) => f.mnemonic)).length} mnemonics. Of ${forms.length - held.length} more forms only the extent is known: they decode as`,
    `"not in the table" with the right length (${later.join(', ')}), and so do EVEX, XOP and the APX promotions in EVEX map 4.`,
    '',
    'Privilege rules, sensitivity classes and intercept names are explained in [the notation](../packages/isa/table/NOTATION.md); `ringfold explain` shows one instruction in full.',
    '',
    ...groups.flatMap((g) =>
      section(
        g,
        held.filter((f) => f.family.group === g),
      ),
    ),
  ].join('\n')
}
