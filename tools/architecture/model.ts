import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** What a package's source may take for granted: the bare language, Node, or a browser. */
export type Environment = 'none' | 'node' | 'web'

/** One line of `architecture.json`. The order of the lines is the order of the layers: imports only point upwards. */
export interface PackageRow {
  readonly name: string
  /** Where its directory stands; `.` is the root of the workspace. */
  readonly folder: 'packages' | 'apps' | '.'
  readonly status: 'present' | 'planned'
  readonly environment: Environment
  /** Short names of the packages that this one may import. */
  readonly imports: readonly string[]
  /** One sentence; `description` in the package's manifest repeats it, and the check compares the two. */
  readonly purpose: string
  /** The package exports types only: nothing of it exists at run time. */
  readonly typesOnly?: boolean
  /** Any package's tests may import this one, wherever it stands in the order. */
  readonly forTests?: boolean
}

export interface Architecture {
  /** npm scope of everything under `packages/`, with its `@`. */
  readonly scope: string
  readonly packages: readonly PackageRow[]
}

/** Something that contradicts the architecture, and what to do about it. */
export interface Violation {
  readonly rule: string
  /** Path from the root of the workspace, with `:line` where there is one. */
  readonly where: string
  readonly message: string
}

export interface Manifest {
  readonly name?: string
  readonly description?: string
  readonly type?: string
  readonly sideEffects?: boolean
  readonly exports?: Readonly<Record<string, Readonly<Record<string, string>>>>
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

export function readJson<T>(path: string): T {
  return JSON.parse(readFileSync(path, 'utf8')) as T
}

export function readArchitecture(root: string): Architecture {
  return readJson<Architecture>(join(root, 'architecture.json'))
}

export function directoryOf(row: PackageRow): string {
  return row.folder === '.' ? row.name : `${row.folder}/${row.name}`
}

/** The npm name: plain for apps, scoped for the rest. */
export function npmNameOf(row: PackageRow, scope: string): string {
  return row.folder === 'apps' ? row.name : `${scope}/${row.name}`
}

export function manifestOf(root: string, row: PackageRow): Manifest | undefined {
  const path = join(root, directoryOf(row), 'package.json')
  return existsSync(path) ? readJson<Manifest>(path) : undefined
}

const usableIn: Readonly<Record<Environment, readonly Environment[]>> = {
  none: ['none'],
  node: ['none', 'node'],
  web: ['none', 'web'],
}

/** Contradictions within `architecture.json` itself. */
export function checkModel({ packages }: Architecture): Violation[] {
  const violations: Violation[] = []
  const earlier = new Map<string, PackageRow>()
  const report = (row: PackageRow, rule: string, message: string) =>
    violations.push({ rule, where: 'architecture.json', message: `${row.name}: ${message}` })
  for (const row of packages) {
    if (earlier.has(row.name)) report(row, 'one-row', 'listed twice')
    for (const name of row.imports) {
      const target = earlier.get(name)
      if (target === undefined) report(row, 'layer-order', `may import ${name}, which is not listed above it`)
      else if (!usableIn[row.environment].includes(target.environment))
        report(
          row,
          'environment',
          `runs in "${row.environment}" but may import ${name}, which needs "${target.environment}"`,
        )
    }
    earlier.set(row.name, row)
  }
  return violations
}
