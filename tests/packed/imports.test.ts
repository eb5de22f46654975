import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, inject, it } from 'vitest'
import { published, root } from './published.ts'

const consumer = inject('consumer')
const specifiers = published.flatMap((each) => each.specifiers)

/** Runs plain JavaScript in the consumer's project, and returns what it prints. */
function runInConsumer(source: string): string {
  return execFileSync(process.execPath, ['--input-type=module', '--eval', source], { cwd: consumer, encoding: 'utf8' })
}

it.each(specifiers)('%s exports, packed, the names that it exports from source', async (specifier) => {
  const print = `console.log(JSON.stringify(Object.keys(await import(${JSON.stringify(specifier)})).sort()))`
  const fromSource = Object.keys((await import(specifier)) as object).sort()
  expect(JSON.parse(runInConsumer(print))).toEqual(fromSource)
})

it.each(published.filter((each) => each.specifiers.length > 0))('$name hides what it does not document', ({ name }) => {
  const print = `import('${name}/dist/index.js').catch(({ code }) => console.log(code))`
  expect(runInConsumer(print)).toBe('ERR_PACKAGE_PATH_NOT_EXPORTED\n')
})

/** What stands in a program with neither Node's nor the DOM's types, and in one with either. */
const environments = [
  { environment: 'none', types: [], lib: ['es2024'] },
  { environment: 'node', types: ['node'], lib: ['es2024'] },
  { environment: 'web', types: [], lib: ['es2024', 'dom'] },
] as const
const resolutions = [
  { module: 'nodenext', moduleResolution: 'nodenext' },
  { module: 'esnext', moduleResolution: 'bundler' },
]
const programs = environments.flatMap((each) => resolutions.map((resolution) => ({ ...each, resolution })))
it.each(programs)(
  'every export of environment $environment type-checks for a strict consumer under $resolution.moduleResolution',
  (program) => {
    const { environment, types, lib, resolution } = program
    const directory = join(consumer, `types-${environment}-${resolution.moduleResolution}`)
    const specifiers = published.filter(({ row }) => row.environment === environment).flatMap((each) => each.specifiers)
    mkdirSync(directory, { recursive: true })
    const lines = specifiers.map((specifier, index) => `import type * as x${index} from '${specifier}'`)
    const uses = specifiers.map((_, index) => `export type { x${index} }`)
    writeFileSync(join(directory, 'all.ts'), [...lines, ...uses, ''].join('\n'))
    // Declarations included (no skipLibCheck): of other types there is nothing in sight.
    const typeRoots = [join(root, 'node_modules', '@types')]
    const compilerOptions = {
      ...resolution,
      target: 'es2024',
      lib,
      types,
      typeRoots,
      strict: true,
      noEmit: true,
    }
    writeFileSync(join(directory, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['all.ts'] }))
    expect(compile(directory)).toBe('')
  },
)

function compile(directory: string): string {
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  try {
    return execFileSync(process.execPath, [tsc, '-p', directory], { cwd: directory, encoding: 'utf8' })
  } catch (error) {
    return (error as { stdout: string }).stdout
  }
}
