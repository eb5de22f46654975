/** Outside vectors of instruction facts: `npm run -s conformance -- isa-facts`. */
import { archivesMissing, DATA, readArchive } from '../isa-vectors/archive.ts'
import { icedFactTally } from './iced.ts'

/** Compares all vectors and prints the counts. */
export function run(options: { readonly json: boolean }): boolean {
  const missing = archivesMissing()
  if (missing !== null) {
    console.error(`The vectors cannot be read: ${missing}. They are wanted in ${DATA}.`)
    return false
  }
  const t = icedFactTally(readArchive('iced'))
  if (options.json)
    console.log(
      JSON.stringify(
        {
          name: t.name,
          total: t.total,
          agree: t.agree,
          explained: Object.fromEntries(t.explained),
          unexplained: t.unexplained.length,
        },
        null,
        2,
      ),
    )
  else console.log(t.report(40))
  return t.unexplained.length === 0
}
