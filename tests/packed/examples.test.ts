import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { createContext, runInContext } from 'node:vm'
import { build } from 'esbuild'
import { describe, expect, inject, it } from 'vitest'
import { consoleExamples, typescriptExamples } from './examples.ts'
import { published, root } from './published.ts'

const consumer = inject('consumer')
const examples = published.flatMap((each, index) =>
  typescriptExamples(each).map((example, position) => ({
    ...example,
    environment: each.row.environment,
    directory: join(consumer, `example-${index}-${position}`),
  })),
)

/** What an example may use besides our packages, where there are no platform's types. */
const CONSOLE_TYPES = 'declare const console: { log(...values: unknown[]): void }\n'

function writeExample({ directory, code, environment }: (typeof examples)[number]): void {
  mkdirSync(directory, { recursive: true })
  writeFileSync(join(directory, 'example.ts'), code)
  writeFileSync(join(directory, 'console.d.ts'), environment === 'none' ? CONSOLE_TYPES : '')
  const compilerOptions = {
    module: 'nodenext',
    target: 'es2024',
    lib: environment === 'web' ? ['es2024', 'dom'] : ['es2024'],
    types: environment === 'node' ? ['node'] : [],
    typeRoots: [join(root, 'node_modules', '@types')],
    strict: true,
    noUncheckedIndexedAccess: true,
    exactOptionalPropertyTypes: true,
    noEmit: true,
  }
  writeFileSync(join(directory, 'tsconfig.json'), JSON.stringify({ compilerOptions }))
}

function run(command: string, args: readonly string[], directory: string): string {
  try {
    return execFileSync(command, args, { cwd: directory, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string }
    return `${stdout}${stderr}`
  }
}

/** What packages of environment "none" may take for granted beside the language: tools/tsconfig/platform.d.ts. */
const PLATFORM = { MessageChannel, TextDecoder, TextEncoder, clearTimeout, performance, setTimeout }

/** Runs the example as a browser would get it: one bundle, no Node, and no code from strings, as under a strict CSP. */
async function runBundled(directory: string): Promise<string> {
  const bundled = await build({
    entryPoints: [join(directory, 'example.ts')],
    absWorkingDir: directory,
    bundle: true,
    minify: true,
    platform: 'browser',
    // Everything is in it, so it is a script but for what it awaits.
    format: 'esm',
    target: 'es2024',
    write: false,
  })
  let printed = ''
  const log = (...values: unknown[]) => {
    printed += `${values.map((value) => (typeof value === 'string' ? value : inspect(value))).join(' ')}\n`
  }
  const context = createContext({ console: { log }, ...PLATFORM }, { codeGeneration: { strings: false, wasm: false } })
  await runInContext(`(async () => {${bundled.outputFiles[0]?.text ?? ''}\n})()`, context)
  return printed
}

it.each(published.filter(({ row }) => row.folder === 'packages'))('the README of $name has an example', (each) => {
  expect(typescriptExamples(each)).not.toEqual([])
})

describe.each(examples)('$title', (example) => {
  const { directory, expected, environment } = example
  writeExample(example)

  it('type-checks', () => {
    const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
    expect(run(process.execPath, [tsc, '-p', directory], directory)).toBe('')
  })

  it.skipIf(environment === 'web')('prints in Node what it says', () => {
    expect(run(process.execPath, ['example.ts'], directory)).toBe(expected)
  })

  it.skipIf(environment !== 'none')('prints from a browser bundle what it says', async () => {
    expect(await runBundled(directory)).toBe(expected)
  })
})

it.each(published.flatMap(consoleExamples))('$title', ({ code, expected }) => {
  const bin = join(consumer, 'node_modules', '.bin')
  expect(run('sh', ['-c', `PATH="${bin}:$PATH"; ${code}`], consumer)).toBe(expected)
})
