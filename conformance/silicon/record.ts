/** Draws vectors and records what this host's processor makes of them. */
import { release } from 'node:os'
import { type SiliconCase, type SiliconOutcome, TIMED_OUT } from './case.ts'
import { type Recordable, recordable } from './catalog.ts'
import { hostProcessor } from './forms.ts'
import { NativeRunner } from './native.ts'
import { hashOf } from './random.ts'
import { VECTORS, type Vector, VectorWriter } from './vectors.ts'

export interface RecordOptions {
  readonly seed: number
  /** Vectors of a form that only its kind of code has, of one in 32-bit code that 64-bit code has too, and sequences of a kind. */
  readonly perForm: number
  readonly perShared: number
  readonly sequences: number
  readonly folder?: string
}

/** Runs cases; each must come to an end. */
export function runCases(runner: NativeRunner, cases: readonly SiliconCase[]): Vector[] {
  const outcomes = runner.run(cases)
  const vectors = cases.map((input, n) => ({ input, expected: outcomes[n] as SiliconOutcome }))
  const late = vectors.find((v) => v.expected.trap === TIMED_OUT)
  if (late !== undefined) throw new Error(`${late.input.name} ${late.input.index} does not end`)
  return vectors
}

const countOf = ({ kind }: Recordable, o: RecordOptions): number =>
  kind === 'own' ? o.perForm : kind === 'shared' ? o.perShared : o.sequences

/** Records every file. `progress` is told what is being recorded. @returns bytes of all files. */
export function record(options: RecordOptions, progress: (line: string) => void): number {
  const header = {
    processor: hostProcessor().name,
    kernel: `Linux ${release()}`,
    date: new Date().toISOString().slice(0, 10),
    seed: options.seed,
  }
  const files = new Map<string, VectorWriter>()
  const runner = new NativeRunner()
  try {
    for (const [n, one] of recordable().entries()) {
      if (n % 200 === 0) progress(`${n}: ${one.name}`)
      const file = files.get(one.file) ?? new VectorWriter(header)
      files.set(one.file, file)
      const seed = hashOf(one.name, options.seed + one.bits)
      const cases = Array.from({ length: countOf(one, options) }, (_, i) => one.draw(seed, i))
      const drawn = cases.filter((c) => c !== undefined)
      if (drawn.length < cases.length) throw new Error(`${one.name} in ${one.bits}-bit code cannot be drawn`)
      file.add(one.name, one.bits, seed, runCases(runner, drawn))
    }
  } finally {
    runner.close()
  }
  let total = 0
  for (const [name, file] of files) {
    const bytes = file.write(options.folder ?? VECTORS, name)
    total += bytes
    progress(`${name}: ${file.groups} groups, ${file.vectors} vectors, ${bytes} bytes`)
  }
  return total
}
