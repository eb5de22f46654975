import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { checkArchitecture } from './check.ts'
import type { Environment, PackageRow } from './model.ts'

const repository = join(import.meta.dirname, '..', '..')
let root = ''

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'ringfold-architecture-'))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

function write(path: string, content: unknown): void {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  writeFileSync(join(root, path), typeof content === 'string' ? content : JSON.stringify(content))
}

function row(name: string, imports: readonly string[], rest: Partial<PackageRow> = {}): PackageRow {
  return { name, folder: 'packages', status: 'present', environment: 'none', imports, purpose: name, ...rest }
}

const manifestOf = (name: string, dependencies: Record<string, string> = {}) => ({
  name: `@ringfold/${name}`,
  description: name,
  type: 'module',
  sideEffects: false,
  exports: {
    '.': { '@ringfold/source': './src/index.ts', types: './dist/index.d.ts', default: './dist/index.js' },
  },
  dependencies,
})

function writePackage(name: string, source: string, dependencies: Record<string, string> = {}, env = 'none'): void {
  write(`packages/${name}/package.json`, manifestOf(name, dependencies))
  write(`packages/${name}/tsconfig.json`, { extends: `../../tools/tsconfig/${env}.json` })
  write(`packages/${name}/src/index.ts`, source)
}

/** A workspace of two lawful packages, `low` and `high`, and one that is not written yet. */
function writeLawfulWorkspace(extraRows: readonly PackageRow[] = []): void {
  const packages = [row('low', []), row('high', ['low']), row('later', ['high'], { status: 'planned' }), ...extraRows]
  write('architecture.json', { scope: '@ringfold', packages })
  write('package.json', { devDependencies: { vitest: '1' } })
  writePackage('low', 'export const one = 1\n')
  writePackage('high', "import { one } from '@ringfold/low'\nexport const two = one + one\n", {
    '@ringfold/low': 'workspace:^',
  })
}

const violations = () => checkArchitecture(root).map(({ rule, where, message }) => `${rule} ${where} ${message}`)

describe('a lawful workspace', () => {
  it('has no violations', () => {
    writeLawfulWorkspace()
    expect(violations()).toEqual([])
  })

  it('may use Node, its own name and a package for tests in tests', () => {
    writeLawfulWorkspace([row('kit', [], { forTests: true })])
    writePackage('kit', 'export const kit = 1\n')
    write('packages/low/package.json', {
      ...manifestOf('low'),
      devDependencies: { '@ringfold/kit': 'workspace:^' },
    })
    write(
      'packages/low/src/index.test.ts',
      "import 'node:fs'\nimport 'vitest'\nimport '@ringfold/low'\nimport '@ringfold/kit'\n",
    )
    expect(violations()).toEqual([])
  })
})

describe('imports', () => {
  const forms = {
    'a value import': "import { two } from '@ringfold/high'\nexport const x = two\n",
    'a type import': "import type { Two } from '@ringfold/high'\nexport type X = Two\n",
    'a side-effect import': "import '@ringfold/high'\n",
    'a re-export': "export { two } from '@ringfold/high'\n",
    'a star re-export': "export * from '@ringfold/high'\n",
    'a dynamic import': "export const x = import('@ringfold/high')\n",
    'an import() type': "export type X = import('@ringfold/high').Two\n",
    'an import = require': "import high = require('@ringfold/high')\nexport const x = high\n",
    'a module augmentation': "declare module '@ringfold/high' {}\nexport {}\n",
  }
  it.each(Object.entries(forms))('finds %s against the order of the layers', (_, source) => {
    writeLawfulWorkspace()
    write('packages/low/src/deep/inner.ts', source)
    expect(violations()).toEqual([
      'import packages/low/src/deep/inner.ts:1 low may not import high; architecture.json allows: nothing',
    ])
  })

  it('finds a test that imports against the order', () => {
    writeLawfulWorkspace()
    write('packages/low/src/index.test.ts', "import '@ringfold/high'\n")
    expect(violations()).toEqual([expect.stringContaining('low may not import high')])
  })

  it('finds a relative path out of the package, and out of src', () => {
    writeLawfulWorkspace()
    write('packages/low/scripts/generate.ts', 'export const row = 1\n')
    write('packages/low/src/index.ts', "import '../../high/src/index.ts'\nimport '../scripts/generate.ts'\n")
    write('packages/low/scripts/far.ts', "import '../../../tools/x.ts'\nimport '../src/index.ts'\n")
    expect(violations()).toEqual([
      expect.stringContaining('import packages/low/scripts/far.ts:1 ../../../tools/x.ts leaves packages/low/'),
      expect.stringContaining('import packages/low/src/index.ts:1 ../../high/src/index.ts leaves packages/low/src/'),
      expect.stringContaining('import packages/low/src/index.ts:2 ../scripts/generate.ts leaves packages/low/src/'),
    ])
  })

  it('finds an import that bypasses the exports', () => {
    writeLawfulWorkspace()
    write('packages/high/src/inner.ts', "import '@ringfold/low/src/index.ts'\n")
    expect(violations()).toEqual([
      expect.stringContaining('@ringfold/low/src/index.ts is not an export of @ringfold/low'),
    ])
  })

  it('finds imports that no manifest declares', () => {
    writeLawfulWorkspace()
    writePackage('high', "import '@ringfold/low'\nimport 'left-pad'\n")
    write('packages/high/src/index.test.ts', "import 'vitest'\nimport 'right-pad/deep'\n")
    expect(violations()).toEqual([
      expect.stringContaining('right-pad is imported but not in any manifest'),
      expect.stringContaining('@ringfold/low is imported but not in dependencies'),
      expect.stringContaining('left-pad is imported but not in dependencies'),
    ])
  })

  it('finds a tool that reaches into a package', () => {
    writeLawfulWorkspace()
    write('bench/speed.bench.ts', "import '../packages/low/src/index.ts'\nimport '@ringfold/low'\n")
    expect(violations()).toEqual([expect.stringContaining('import bench/speed.bench.ts:1')])
  })

  it('does not pass over a file that it cannot read', () => {
    writeLawfulWorkspace()
    write('packages/low/src/broken.ts', 'import {')
    expect(() => checkArchitecture(root)).toThrow('packages/low/src/broken.ts')
  })
})

describe('environment', () => {
  it.each(['node:fs', 'fs', 'fs/promises'])('finds %s in a package without an environment', (builtin) => {
    writeLawfulWorkspace()
    write('packages/low/src/inner.ts', `import type {} from '${builtin}'\n`)
    expect(violations()).toEqual([expect.stringContaining(`${builtin} needs Node, but low runs in "none"`)])
  })

  it('allows node: in a node package, and finds a package that may import one of another environment', () => {
    writeLawfulWorkspace([
      row('on-node', [], { environment: 'node' }),
      row('in-web', ['on-node'], { environment: 'web' }),
    ])
    writePackage('on-node', "import 'node:fs'\n", {}, 'node')
    writePackage('in-web', 'export const web = 1\n', {}, 'web')
    expect(violations()).toEqual([
      'environment architecture.json in-web: runs in "web" but may import on-node, which needs "node"',
    ])
  })

  it('finds settings and references that widen the environment', () => {
    writeLawfulWorkspace()
    write('packages/low/tsconfig.json', {
      extends: '../../tools/tsconfig/node.json',
      compilerOptions: { lib: ['DOM'], types: ['node'] },
    })
    write('packages/low/src/inner.ts', '/// <reference types="node" />\n/// <reference lib="dom" />\nexport {}\n')
    expect(violations()).toEqual([
      expect.stringContaining('must extend ../../tools/tsconfig/none.json'),
      expect.stringContaining('sets "lib"'),
      expect.stringContaining('sets "types"'),
      expect.stringContaining('reference packages/low/src/inner.ts:1'),
      expect.stringContaining('reference packages/low/src/inner.ts:2'),
    ])
  })

  const compile = (environment: Environment, source: string) => {
    cpSync(join(repository, 'tools', 'tsconfig'), join(root, 'tools', 'tsconfig'), { recursive: true })
    write('tsconfig.json', { extends: `./tools/tsconfig/${environment}.json`, files: ['probe.ts'] })
    write('package.json', { type: 'module' })
    write('probe.ts', `export const probe = ${source}\n`)
    const tsc = join(repository, 'node_modules', 'typescript', 'bin', 'tsc')
    try {
      execFileSync(process.execPath, [tsc, '-p', root], { encoding: 'utf8' })
      return 'compiles'
    } catch (error) {
      return (error as { stdout: string }).stdout
    }
  }

  it.each(['process.pid', 'Buffer.alloc(1)', 'setTimeout', 'console', 'document', 'window', 'fetch', 'performance'])(
    'none: %s does not compile',
    (source) => expect(compile('none', source)).toContain('error TS'),
  )
  it('none: the language compiles', () => expect(compile('none', 'new Uint8Array(1).at(0)')).toBe('compiles'))
  it('web: document compiles', () => expect(compile('web', 'document.title')).toBe('compiles'))
  it('web: process does not compile', () => expect(compile('web', 'process.pid')).toContain('error TS'))
})

describe('manifests', () => {
  it('finds a dependency against the order, a pinned one, an outside one and an unused one', () => {
    writeLawfulWorkspace()
    writePackage('low', 'export const one = 1\n', { '@ringfold/high': 'workspace:^', 'left-pad': '1' })
    writePackage('high', 'export const two = 2\n', { '@ringfold/low': '1.0.0' })
    expect(violations()).toEqual([
      expect.stringContaining('low/package.json depends on @ringfold/high; architecture.json allows: nothing'),
      expect.stringContaining('low/package.json depends on left-pad: packages depend on nothing from outside'),
      expect.stringContaining('high/package.json depends on @ringfold/low as "1.0.0", not "workspace:^"'),
      expect.stringContaining('unused-dependency packages/low/package.json @ringfold/high'),
      expect.stringContaining('unused-dependency packages/high/package.json @ringfold/low'),
    ])
  })

  it('finds exports that are not of the one pattern, and fields that are not as they must be', () => {
    writeLawfulWorkspace()
    write('packages/low/package.json', {
      ...manifestOf('low'),
      description: 'another',
      sideEffects: true,
      exports: {
        ...manifestOf('low').exports,
        './a': { default: './dist/a.js' },
        './b': { '@ringfold/source': './src/b.ts', types: './dist/index.d.ts', default: './dist/b.js' },
        './c': { '@ringfold/source': './src/c.ts', types: './dist/c.d.ts', default: './dist/c.js' },
      },
    })
    expect(violations()).toEqual([
      'manifest packages/low/package.json "description" must be "low"',
      'manifest packages/low/package.json "sideEffects" must be false',
      expect.stringContaining('exports["./a"] has no @ringfold/source'),
      expect.stringContaining('exports["./b"] must be'),
      expect.stringContaining('exports["./c"] names ./src/c.ts, absent'),
    ])
  })

  it('finds run-time code in a package of types', () => {
    writeLawfulWorkspace([row('types', [], { typesOnly: true })])
    writePackage('types', "export interface A {}\nexport type * from './a.ts'\nexport type {}\nexport const x = 1\n")
    write('packages/types/src/a.ts', "export * from './b.ts'\n")
    expect(violations()).toEqual([
      'types-only packages/types/src/a.ts:1 types holds types only',
      'types-only packages/types/src/index.ts:4 types holds types only',
    ])
  })
})

describe('architecture.json', () => {
  it('finds an import of a later package, an unknown one and a second row', () => {
    writeLawfulWorkspace()
    write('architecture.json', {
      scope: '@ringfold',
      packages: [row('low', ['high', 'nowhere']), row('high', ['low']), row('high', [])],
    })
    expect(violations().slice(0, 3)).toEqual([
      'layer-order architecture.json low: may import high, which is not listed above it',
      'layer-order architecture.json low: may import nowhere, which is not listed above it',
      'one-row architecture.json high: listed twice',
    ])
  })

  it('finds rows and directories without each other', () => {
    writeLawfulWorkspace([row('gone', [])])
    writePackage('later', 'export const early = 1\n')
    writePackage('stranger', 'export const who = 1\n')
    expect(violations()).toEqual([
      expect.stringContaining('later is "planned", but packages/later exists'),
      expect.stringContaining('gone is "present", but packages/gone does not exist'),
      'presence packages/stranger no row in architecture.json',
    ])
  })
})
