/**
 * Text against GNU objdump, in AT&T and Intel syntax: `npm run -s conformance -- isa-format [FILE...] [--limit N] [--count N] [--seed N]`.
 * Every form of the table in every mode; the first N instructions (1.5 million) of three large binaries; N random byte strings (100,000) in every mode.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { largeBinaries, numberOption, plainArguments, randomSlots } from '../isa-peers/index.ts'
import { archivesMissing, readArchive } from '../isa-vectors/archive.ts'
import type { Tally } from '../isa-vectors/tally.ts'
import { formTextTallies } from './forms.ts'
import { MACHINE, ObjdumpComparison, objdumpMissing, SYNTAXES, type TextCase } from './objdump.ts'
import { icedFormatterTally } from './vectors.ts'

/** Random strings, each followed by NOPs; only the instruction at the start of a string counts. */
export async function randomTextTallies(seed: number, count: number): Promise<Tally<TextCase>[]> {
  const folder = mkdtempSync(join(tmpdir(), 'ringfold-objdump-'))
  const tallies: Tally<TextCase>[] = []
  try {
    for (const bits of [16, 32, 64] as const) {
      const file = join(folder, `random${bits}`)
      writeFileSync(file, randomSlots(seed + bits, count))
      for (const syntax of SYNTAXES) {
        const comparison = new ObjdumpComparison(
          `${count} random byte strings, ${bits}-bit, seed ${seed}`,
          bits,
          syntax,
          32,
        )
        tallies.push(await comparison.run(['-D', '-b', 'binary', '-m', MACHINE[bits], file]))
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  return tallies
}

export async function binaryTextTallies(files: readonly string[], limit: number): Promise<Tally<TextCase>[]> {
  const tallies: Tally<TextCase>[] = []
  for (const file of files) {
    for (const syntax of SYNTAXES)
      tallies.push(await new ObjdumpComparison(`${file.split('/').at(-1)}`, 64, syntax).run(['-d', file], limit))
  }
  return tallies
}

export async function run(options: { readonly json: boolean; readonly args: readonly string[] }): Promise<boolean> {
  const missing = objdumpMissing()
  if (missing !== null) throw new Error(missing)
  const files = plainArguments(options.args)
  const seed = numberOption(options.args, '--seed', (Math.random() * 0x7fffffff) | 0)
  const vectors = archivesMissing() === null ? [icedFormatterTally(readArchive('iced'))] : []
  const tallies = [
    ...vectors,
    ...(await formTextTallies()),
    ...(await binaryTextTallies(
      files.length > 0 ? files : largeBinaries(),
      numberOption(options.args, '--limit', 1_500_000),
    )),
    ...(await randomTextTallies(seed, numberOption(options.args, '--count', 100_000))),
  ]
  if (options.json) {
    console.log(
      JSON.stringify(
        tallies.map((t) => ({
          name: t.name,
          total: t.total,
          agree: t.agree,
          explained: Object.fromEntries(t.explained),
          unexplained: t.unexplained.length,
        })),
        null,
        2,
      ),
    )
  } else for (const t of tallies) console.log(t.report(20))
  return tallies.every((t) => t.unexplained.length === 0)
}
