import { globSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { dirname, join, normalize } from 'node:path'
import { type ImportSite, scanFile } from './imports.ts'
import { directoryOf, type Manifest, manifestOf, npmNameOf, type PackageRow, type Violation } from './model.ts'
import type { Workspace } from './workspace.ts'

/** A package with everything that its imports are judged by. */
interface Subject {
  readonly workspace: Workspace
  readonly row: PackageRow
  readonly manifest: Manifest
}

interface SourceFile {
  /** Path from the root of the workspace. */
  readonly path: string
  /** Published code, as opposed to tests, scripts and tables that run at build time. */
  readonly isSource: boolean
}

function filesOf(root: string, row: PackageRow): SourceFile[] {
  const directory = directoryOf(row)
  return globSync(`${directory}/**/*.{ts,tsx,mts,js,mjs}`, {
    cwd: root,
    exclude: (path) => /(^|\/)(node_modules|dist)$/.test(path),
  })
    .sort()
    .map((path) => ({ path, isSource: path.startsWith(`${directory}/src/`) && !path.endsWith('.test.ts') }))
}

function checkRelative(subject: Subject, file: SourceFile, specifier: string): string | undefined {
  const home = file.isSource ? `${directoryOf(subject.row)}/src/` : `${directoryOf(subject.row)}/`
  const target = normalize(join(dirname(file.path), specifier))
  return target.startsWith(home) ? undefined : `${specifier} leaves ${home}; import the other package by its name`
}

function isAllowedSibling(subject: Subject, file: SourceFile, target: PackageRow): boolean {
  if (subject.row.imports.includes(target.name)) return true
  return !file.isSource && (target === subject.row || target.forTests === true)
}

function checkSibling(subject: Subject, file: SourceFile, specifier: string, target: PackageRow): string | undefined {
  const { workspace, row, manifest } = subject
  if (!isAllowedSibling(subject, file, target))
    return `${row.name} may not import ${target.name}; architecture.json allows: ${row.imports.join(', ') || 'nothing'}`
  const name = npmNameOf(target, workspace.architecture.scope)
  const exported = manifestOf(workspace.root, target)?.exports ?? {}
  if (!Object.hasOwn(exported, `.${specifier.slice(name.length)}`))
    return `${specifier} is not an export of ${name}; it exports: ${Object.keys(exported).join(', ') || 'nothing'}`
  if (target !== row && !isDeclared(manifest, file, name))
    return `${name} is imported but not in ${file.isSource ? 'dependencies' : 'dependencies or devDependencies'}`
  return undefined
}

function isDeclared(manifest: Manifest, file: SourceFile, name: string): boolean {
  const declared = { ...(file.isSource ? {} : manifest.devDependencies), ...manifest.dependencies }
  return Object.hasOwn(declared, name)
}

function checkOutside(subject: Subject, file: SourceFile, specifier: string): string | undefined {
  if (isBuiltin(specifier)) {
    if (!file.isSource || subject.row.environment === 'node') return undefined
    return `${specifier} needs Node, but ${subject.row.name} runs in "${subject.row.environment}"`
  }
  const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
  if (isDeclared(subject.manifest, file, name)) return undefined
  if (!file.isSource && Object.hasOwn(subject.workspace.manifest.devDependencies ?? {}, name)) return undefined
  return `${name} is imported but not in ${file.isSource ? 'dependencies' : 'any manifest'}`
}

function checkImport(subject: Subject, file: SourceFile, { specifier }: ImportSite): string | undefined {
  if (specifier.startsWith('.')) return checkRelative(subject, file, specifier)
  const target = subject.workspace.siblingOf(specifier)
  return target ? checkSibling(subject, file, specifier, target) : checkOutside(subject, file, specifier)
}

function checkUnused({ workspace, row, manifest }: Subject, imported: ReadonlySet<string>): Violation[] {
  const where = `${directoryOf(row)}/package.json`
  return Object.keys(manifest.dependencies ?? {})
    .filter((name) => !imported.has(name))
    .filter((name) => workspace.siblingOf(name) !== undefined)
    .map((name) => ({ rule: 'unused-dependency', where, message: `${name} is a dependency that no source imports` }))
}

/** Every import of every file of one package against the layers, the manifests and the environment. */
export function checkSources(workspace: Workspace, row: PackageRow, manifest: Manifest): Violation[] {
  const subject: Subject = { workspace, row, manifest }
  const violations: Violation[] = []
  const imported = new Set<string>()
  for (const file of filesOf(workspace.root, row)) {
    const { imports, references, runtimeLines } = scanFile(join(workspace.root, file.path))
    const report = (rule: string, line: number, message: string) =>
      violations.push({ rule, where: `${file.path}:${line}`, message })
    for (const site of imports) {
      const message = checkImport(subject, file, site)
      if (message !== undefined) report('import', site.line, message)
      const target = workspace.siblingOf(site.specifier)
      if (file.isSource && target) imported.add(npmNameOf(target, workspace.architecture.scope))
    }
    if (!file.isSource) continue
    for (const { specifier, line } of references)
      report('reference', line, `a reference to "${specifier}" changes the environment that the package compiles in`)
    if (row.typesOnly) for (const line of runtimeLines) report('types-only', line, `${row.name} holds types only`)
  }
  return [...violations, ...checkUnused(subject, imported)]
}

/** The workspace's own tools, benchmarks and suites use packages as anybody does: by their exports. */
export function checkWorkspaceTools(workspace: Workspace): Violation[] {
  const paths = globSync('{tools,bench,conformance,tests}/**/*.{ts,mts,mjs}', {
    cwd: workspace.root,
    exclude: (path) => path.endsWith('node_modules'),
  }).sort()
  return paths.flatMap((path) =>
    scanFile(join(workspace.root, path))
      .imports.filter(({ specifier }) => specifier.startsWith('.'))
      .filter(({ specifier }) => /^(packages|apps|guests)\//.test(normalize(join(dirname(path), specifier))))
      .map(({ specifier, line }) => ({
        rule: 'import',
        where: `${path}:${line}`,
        message: `${specifier} reaches into a package; import it by its name`,
      })),
  )
}
