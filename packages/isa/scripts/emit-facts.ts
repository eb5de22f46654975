/** The projections that `src/facts` reads: flags, access and flow for translators; texts for people, apart. */
import { cpuidFeature, RFLAGS } from '@ringfold/arch'
import { FLAG_EFFECTS, X87_CONDITION_SHIFT } from '../src/facts/codes.ts'
import type { Family } from '../table/notation.ts'
import { accessBits, flagMasks, flowNumber, implicitText, privilegeNumber, svmText, vmxText } from './facts.ts'
import type { Form } from './form.ts'
import { TableError } from './operand-types.ts'
import { HEADER, Interned, lazyStrings, numbers, strings } from './text.ts'

/** Names and masks: RFLAGS from `arch`, and the x87 condition codes behind them. */
const FLAG_TABLE: readonly (readonly [string, number])[] = [
  ...Object.entries(RFLAGS.lo),
  ...['C0', 'C1', 'C2', 'C3'].map((name, n) => [name, 1 << (X87_CONDITION_SHIFT + n)] as const),
]

/** Columns of small numbers: `src/generated/facts.ts`. */
export function factsFile(forms: readonly Form[]): string {
  const flagRows = new Interned(FLAG_EFFECTS.map(() => 0).join())
  const implicit = new Interned('')
  const flags = forms.map((f) => flagRows.add(flagMasks(f).join()))
  const implicits = forms.map((f) => implicit.add(implicitText(f)))
  return [
    HEADER,
    numbers('FORM_ACCESS', 'Uint16Array', 'Access to the operands of each form, three bits each.', [
      0,
      ...forms.map(accessBits),
    ]),
    numbers('FORM_FLAGS', 'Uint16Array', 'Row of FLAG_MASKS of each form.', [0, ...flags]),
    numbers(
      'FLAG_MASKS',
      'Uint32Array',
      `Masks of RFLAGS, ${FLAG_EFFECTS.length} a row: ${FLAG_EFFECTS.join(', ')}; C0..C3 in bits 24..27.`,
      flagRows.values.flatMap((row) => row.split(',').map((m) => Number(m) >>> 0)),
    ),
    numbers('FORM_FLOW', 'Uint8Array', 'Control flow of each form: see codes.ts.', [0, ...forms.map(flowNumber)]),
    numbers('FORM_PRIVILEGE', 'Uint8Array', 'Privilege rule of each form: see codes.ts.', [
      0,
      ...forms.map(privilegeNumber),
    ]),
    numbers('FORM_IMPLICIT', 'Uint16Array', 'Entry of IMPLICIT of each form.', [0, ...implicits]),
    strings(
      'FLAG_NAMES',
      'Names of the flags, by the mask of the same position in FLAG_BITS.',
      FLAG_TABLE.map(([name]) => name),
    ),
    numbers(
      'FLAG_BITS',
      'Uint32Array',
      'Masks of single flags.',
      FLAG_TABLE.map(([, mask]) => mask),
    ),
    strings('IMPLICIT', 'Implicit operands with access: `rAX:rw rDX:w` (table/NOTATION.md).', implicit.values),
  ].join('\n')
}

function featureText(f: Form): string {
  for (const feature of f.features) {
    if (cpuidFeature(feature) === undefined)
      throw new TableError(
        `${f.family.name}: '${f.row}': no CPUID feature '${feature}' (packages/arch/src/cpuid-table.ts)`,
      )
  }
  return f.features.join(' ')
}

const modeBits = (f: Form): number => f.modes.reduce((bits, m) => bits | { 16: 1, 32: 2, 64: 4 }[m], 0)

/** Attributes that people ask for; the rest is encoding. */
const SHOWN = ['lock', 'rep', 'repcc', 'pm', 'alias', 'undoc', 'gather']

function instructionText(f: Form): string {
  const letters = f.operands.map((o) => o.type)
  return letters.length === 0 ? f.mnemonic : `${f.mnemonic} ${letters.join(', ')}`
}

const familyFields: readonly (readonly [string, string, (f: Family) => string])[] = [
  ['FAMILY_NAMES', 'Heading of the manual.', (f) => f.name],
  ['FAMILY_SUMMARIES', 'What it does.', (f) => f.summary],
  ['FAMILY_CITATIONS', 'Where the manuals define it.', (f) => f.cite],
  ['FAMILY_GROUPS', 'Instruction group.', (f) => f.group],
  ['FAMILY_NOTES', 'Where manuals err or vendors differ.', (f) => f.note ?? ''],
  [
    'FAMILY_SENSITIVITY',
    'Popek-Goldberg class, a colon, and why.',
    (f) => (f.sensitive ? `${f.sensitive.class}:${f.sensitive.why}` : ''),
  ],
]

/** Texts: `src/generated/fact-texts.ts`. */
export function factTextsFile(forms: readonly Form[]): string {
  const families = [...new Set(forms.map((f) => f.family))]
  const column = (name: string, doc: string, of: (f: Form) => string): string => {
    const interned = new Interned('')
    const index = forms.map((f) => interned.add(of(f)))
    return `${lazyStrings(`${name}S`, doc, interned.values, '\n')}\n${numbers(`FORM_${name}`, 'Uint16Array', `Entry of ${name}S of each form.`, [0, ...index])}`
  }
  return [
    HEADER,
    "import { lazy } from '../facts/lazy.ts'\n",
    numbers('FORM_FAMILY', 'Uint16Array', 'Family of each form, 65535 for form 0.', [
      65535,
      ...forms.map((f) => families.indexOf(f.family)),
    ]),
    ...familyFields.map(([name, doc, of]) =>
      lazyStrings(
        name,
        doc,
        families.map((f) => of(f).replace(/\s+/g, ' ')),
        '\n',
      ),
    ),
    lazyStrings('FORM_ENCODINGS', "Encoding in the manual's notation.", ['', ...forms.map((f) => f.encoding)], '\n'),
    lazyStrings(
      'FORM_TEXTS',
      "Mnemonic and operands in the manual's letters.",
      ['', ...forms.map(instructionText)],
      '\n',
    ),
    numbers('FORM_MODES', 'Uint8Array', 'Modes: 1 16-bit, 2 32-bit, 4 64-bit.', [0, ...forms.map(modeBits)]),
    column('FEATURE', 'CPUID features, all of them needed.', featureText),
    column('VMX', 'VMX exits: reason/condition, comma separated.', vmxText),
    column('SVM', 'SVM intercepts: code/condition, comma separated.', svmText),
    column('ATTRIBUTE', 'Attributes of the row.', (f) => SHOWN.filter((a) => f.attributes.has(a)).join(' ')),
    column('VENDOR', 'Vendor whose processors alone decode it so.', (f) => f.vendor ?? ''),
    column('LATER', 'Extension whose rows come later.', (f) => f.later ?? ''),
  ].join('\n')
}
