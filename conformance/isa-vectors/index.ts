/** The outside decoder vectors: `npm run -s conformance -- isa-vectors`. */
import { archivesMissing, DATA, readArchive } from './archive.ts'
import { icedDecoderTally, icedMemoryTally } from './iced.ts'
import { capstoneTally, xedTally, zydisTally } from './others.ts'

export function tallies() {
  const iced = readArchive('iced')
  return [
    icedDecoderTally(iced),
    icedMemoryTally(iced),
    xedTally(readArchive('xed')),
    zydisTally(readArchive('zydis')),
    capstoneTally(readArchive('capstone')),
  ]
}

/** Compares all vectors and prints the counts. */
export function run(options: { readonly json: boolean }): boolean {
  const missing = archivesMissing()
  if (missing !== null) {
    console.error(`The vectors cannot be read: ${missing}. They are wanted in ${DATA}.`)
    return false
  }
  const all = tallies()
  if (options.json) {
    const summary = all.map((t) => ({
      name: t.name,
      total: t.total,
      agree: t.agree,
      explained: Object.fromEntries(t.explained),
      unexplained: t.unexplained.length,
    }))
    console.log(JSON.stringify(summary, null, 2))
  } else for (const t of all) console.log(t.report(40))
  return all.every((t) => t.unexplained.length === 0)
}
