import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { defineConfig } from 'tsup'

interface Manifest {
  readonly exports?: Record<string, { readonly '@ringfold/source'?: string }>
  readonly bin?: Record<string, string>
}

/**
 * The entry files of the package in the current directory, by output name. The package's `exports` are the only list:
 * `dist/` mirrors `src/`, because the declarations that `tsc` writes do.
 */
function entriesOf(manifest: Manifest): Record<string, string> {
  const sources = [
    ...Object.values(manifest.exports ?? {}).map((target) => target['@ringfold/source']),
    ...Object.values(manifest.bin ?? {}).map((path) => path.replace('./dist/', './src/').replace(/\.js$/, '.ts')),
  ].filter((path) => path !== undefined)
  return Object.fromEntries(sources.map((path) => [path.replace(/^\.\/src\//, '').replace(/\.ts$/, ''), path]))
}

const manifest = JSON.parse(readFileSync(join(process.cwd(), 'package.json'), 'utf8')) as Manifest

export default defineConfig({
  entry: entriesOf(manifest),
  format: 'esm',
  target: 'es2024',
  platform: 'neutral',
  splitting: true,
  clean: true,
  dts: false,
  silent: true,
})
