/** Two documents of `bench -- guests --json`, side by side: `npm run -s bench -- compare A.json B.json`. */
import { readFileSync } from 'node:fs'
import process from 'node:process'
import type { RunOptions } from '../tools/named-runner.ts'
import { type Document, geometricMean } from './guests/report.ts'

/** Changes below this are taken for noise. */
const NOISE = 0.1

export interface Change {
  readonly name: string
  readonly bits: number
  readonly before: number
  readonly after: number
  /** How many times as fast it became. */
  readonly speedup: number
}

/** Rows that both documents have, with the same work. Throws where the work differs. */
export function changes(before: Document, after: Document): Change[] {
  if (before.work !== after.work)
    throw new Error(`they did different work: ${before.work} and ${after.work} times the units`)
  return after.rows.flatMap(({ name, bits, ringfold }) => {
    const old = before.rows.find((row) => row.name === name && row.bits === bits)?.ringfold
    if (old === undefined || old === null || ringfold === null || ringfold <= 0) return []
    return [{ name, bits, before: old, after: ringfold, speedup: old / ringfold }]
  })
}

const read = (path: string): Document => JSON.parse(readFileSync(path, 'utf8')) as Document

export function run({ json, args }: RunOptions): boolean {
  const [a, b] = args
  if (a === undefined || b === undefined || args.length !== 2) {
    process.stderr.write('npm run -s bench -- compare A.json B.json\n')
    process.exit(2)
  }
  const rows = changes(read(a), read(b))
  const mean = geometricMean(rows.map(({ speedup }) => speedup))
  if (json) console.log(JSON.stringify({ rows, geometricMean: mean }))
  else {
    for (const { name, bits, before, after, speedup } of rows) {
      const how = Math.abs(speedup - 1) < NOISE ? '' : speedup > 1 ? '  faster' : '  slower'
      const seconds = `${before.toFixed(2).padStart(9)} s${after.toFixed(2).padStart(9)} s`
      console.log(`${name.padEnd(12)}${String(bits).padStart(4)}${seconds}${speedup.toFixed(2).padStart(8)}x${how}`)
    }
    console.log(`geometric mean ${mean === null ? '-' : mean.toFixed(2)}x`)
  }
  return true
}
