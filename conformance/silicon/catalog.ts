/** Everything that can be drawn: forms in both kinds of code, and kinds of sequences. */
import type { FormFacts } from '@ringfold/isa/facts'
import type { SiliconCase } from './case.ts'
import { drawCase } from './draw.ts'
import { hostHas, hostProcessor, recordedForms, sharedForms } from './forms.ts'
import type { CodeBits } from './image.ts'
import { drawSequence, SEQUENCE_KINDS } from './sequences.ts'

/** How the files of the repository were recorded. */
export const RECORDED = { seed: 20_261_126, perForm: 100, perShared: 10, sequences: 1000 } as const

export interface Recordable {
  readonly name: string
  readonly bits: CodeBits
  /** The file that its vectors stand in, without the ending. */
  readonly file: string
  readonly kind: 'own' | 'shared' | 'sequence'
  draw(seed: number, n: number): SiliconCase | undefined
}

function fileOf({ family: { group } }: FormFacts): string {
  if (group === 'x87' || group === 'mmx') return group
  if (group === 'xsave') return 'state'
  if (/^sse2?$/.test(group)) return 'sse'
  if (/^(sse3|ssse3|sse4a?|aes|sha)$/.test(group)) return 'sse3-aes'
  return /^(arithmetic|logical|data|shift)$/.test(group) ? 'integer' : 'general'
}

const ofForm = (form: FormFacts, bits: CodeBits, kind: 'own' | 'shared'): Recordable => ({
  name: form.name,
  bits,
  file: fileOf(form),
  kind,
  draw: (seed, n) => drawCase(form, bits, seed, n),
})

/** What this host can record: forms of 64-bit code; of 32-bit code those of its own, and those that both have; sequences. */
export function recordable(names = /(?:)/): Recordable[] {
  const host = hostProcessor()
  const all = [
    ...recordedForms(64).map((f) => [f, 64, 'own'] as const),
    ...recordedForms(32).map((f) => [f, 32, 'own'] as const),
    ...sharedForms().map((f) => [f, 32, 'shared'] as const),
  ]
  const forms = all.filter(([f]) => hostHas(f, host)).map(([f, bits, kind]) => ofForm(f, bits, kind))
  const sequences = ([64, 32] as const).flatMap((bits) =>
    SEQUENCE_KINDS.map(
      (kind): Recordable => ({
        name: `sequence-${kind.name}`,
        bits,
        file: 'sequences',
        kind: 'sequence',
        draw: (seed, n) => drawSequence(kind, bits, seed, n),
      }),
    ),
  )
  return [...forms, ...sequences].filter((r) => names.test(r.name))
}
