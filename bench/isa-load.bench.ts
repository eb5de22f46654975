/** What the packed package costs to load: import time in fresh processes, and minified bundles. `npm run -s bench -- isa-load`. */
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { runTurbo } from '../tools/turbo.ts'
import { median } from './measure.ts'

const root = join(import.meta.dirname, '..')
const ENTRIES = ['.', './decoder', './encoder', './assembler', './formatter', './facts', './registers']
const RUNS = 15

const specifier = (entry: string): string => `@ringfold/isa${entry.slice(1)}`

/** Milliseconds of `import()` of the built package in a process of its own. */
function importMs(entry: string): number {
  const script = `const t = performance.now(); await import('${specifier(entry)}'); console.log(performance.now() - t)`
  return Number(
    execFileSync(process.execPath, ['--input-type=module', '--eval', script], { cwd: root, encoding: 'utf8' }),
  )
}

/** Bytes of everything that an entry exports, minified for browsers, and gzipped. */
async function bundleBytes(entry: string): Promise<{ minified: number; gzipped: number }> {
  const contents = `import * as x from '${specifier(entry)}'; globalThis.x = x`
  const options = {
    bundle: true,
    minify: true,
    write: false,
    logLevel: 'error',
    format: 'esm',
    platform: 'browser',
  } as const
  const { outputFiles } = await build({ ...options, stdin: { contents, resolveDir: root } })
  const text = outputFiles[0]?.contents ?? new Uint8Array()
  return { minified: text.length, gzipped: gzipSync(text).length }
}

export async function run(options: { readonly json: boolean }): Promise<boolean> {
  if (runTurbo('build', ['@ringfold/isa']) !== 0) throw new Error('the build failed')
  const rows = []
  for (const entry of ENTRIES) {
    const times = Array.from({ length: RUNS }, () => importMs(entry))
    rows.push({ entry: specifier(entry), importMs: median(times), ...(await bundleBytes(entry)) })
  }
  if (options.json) console.log(JSON.stringify(rows, undefined, 2))
  else {
    console.log(`${'entry'.padEnd(28)}${'import'.padStart(12)}${'minified'.padStart(12)}${'gzipped'.padStart(12)}`)
    for (const r of rows) {
      const kb = (bytes: number) => `${(bytes / 1000).toFixed(1)} kB`
      console.log(
        `${r.entry.padEnd(28)}${`${r.importMs.toFixed(1)} ms`.padStart(12)}${kb(r.minified).padStart(12)}${kb(r.gzipped).padStart(12)}`,
      )
    }
    console.log(`Import: median of ${RUNS} fresh processes. Bundle: everything that the entry exports.`)
  }
  return true
}
