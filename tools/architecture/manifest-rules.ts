import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import {
  directoryOf,
  type Manifest,
  manifestOf,
  npmNameOf,
  type PackageRow,
  readJson,
  type Violation,
} from './model.ts'
import type { Workspace } from './workspace.ts'

const SOURCE_CONDITION = '@ringfold/source'
const presetKeys = ['lib', 'types', 'typeRoots', 'customConditions', 'paths', 'noLib', 'libReplacement'] as const

interface CompilerSettings {
  readonly extends?: string
  readonly compilerOptions?: Readonly<Record<string, unknown>>
}

/** Rows without a directory, and directories without a row. */
export function checkPresence({ root, architecture }: Workspace): Violation[] {
  const violations: Violation[] = []
  const rows = new Map(architecture.packages.map((row) => [directoryOf(row), row]))
  for (const [directory, row] of rows) {
    const exists = existsSync(join(root, directory, 'package.json'))
    if (exists !== (row.status === 'present'))
      violations.push({
        rule: 'presence',
        where: 'architecture.json',
        message: `${row.name} is "${row.status}", but ${directory} ${exists ? 'exists' : 'does not exist'}`,
      })
  }
  for (const folder of ['packages', 'apps'].filter((name) => existsSync(join(root, name))))
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true }))
      if (entry.isDirectory() && !rows.has(`${folder}/${entry.name}`))
        violations.push({ rule: 'presence', where: `${folder}/${entry.name}`, message: 'no row in architecture.json' })
  return violations
}

function checkDependencies(workspace: Workspace, row: PackageRow, manifest: Manifest): string[] {
  const { dependencies, peerDependencies, optionalDependencies } = manifest
  return Object.entries({ ...dependencies, ...peerDependencies, ...optionalDependencies }).flatMap(([name, range]) => {
    const target = workspace.siblingOf(name)
    if (target === undefined)
      return row.folder !== 'apps' ? [`depends on ${name}: packages depend on nothing from outside`] : []
    if (!row.imports.includes(target.name))
      return [`depends on ${name}; architecture.json allows: ${row.imports.join(', ') || 'nothing'}`]
    return range === 'workspace:^' ? [] : [`depends on ${name} as "${range}", not "workspace:^"`]
  })
}

function checkExports(root: string, row: PackageRow, manifest: Manifest): string[] {
  return Object.entries(manifest.exports ?? {}).flatMap(([subpath, target]) => {
    const source = target[SOURCE_CONDITION]
    if (source === undefined) return [`exports["${subpath}"] has no ${SOURCE_CONDITION}`]
    const output = source.replace('./src/', './dist/').replace(/\.ts$/, '')
    const wanted = { [SOURCE_CONDITION]: source, types: `${output}.d.ts`, default: `${output}.js` }
    if (JSON.stringify(target) !== JSON.stringify(wanted))
      return [`exports["${subpath}"] must be ${JSON.stringify(wanted)}: dist mirrors src`]
    return existsSync(join(root, directoryOf(row), source)) ? [] : [`exports["${subpath}"] names ${source}, absent`]
  })
}

function checkFields(workspace: Workspace, row: PackageRow, manifest: Manifest): string[] {
  const wanted: Manifest = {
    name: npmNameOf(row, workspace.architecture.scope),
    description: row.purpose,
    type: 'module',
    sideEffects: false,
  }
  return (Object.keys(wanted) as (keyof Manifest)[])
    .filter((field) => manifest[field] !== wanted[field])
    .map((field) => `"${field}" must be ${JSON.stringify(wanted[field])}`)
}

/** The package compiles with its environment's settings and cannot widen them. */
function checkCompilerSettings(root: string, row: PackageRow): string[] {
  const path = join(root, directoryOf(row), 'tsconfig.json')
  if (!existsSync(path)) return ['there is no tsconfig.json']
  const settings = readJson<CompilerSettings>(path)
  const preset = `${row.folder === '.' ? '..' : '../..'}/tools/tsconfig/${row.environment}.json`
  const widened = presetKeys.filter((key) => Object.hasOwn(settings.compilerOptions ?? {}, key))
  return [
    ...(settings.extends === preset ? [] : [`must extend ${preset}, its environment's settings`]),
    ...widened.map((key) => `sets "${key}", which belongs to the environment's settings`),
  ]
}

/** One package's manifest and compiler settings against its row. */
export function checkManifest(workspace: Workspace, row: PackageRow): Violation[] {
  const manifest = manifestOf(workspace.root, row)
  if (manifest === undefined) return []
  const at = (file: string, rule: string) => (message: string) => ({
    rule,
    where: `${directoryOf(row)}/${file}`,
    message,
  })
  return [
    ...checkFields(workspace, row, manifest).map(at('package.json', 'manifest')),
    ...checkExports(workspace.root, row, manifest).map(at('package.json', 'exports')),
    ...checkDependencies(workspace, row, manifest).map(at('package.json', 'dependency')),
    ...checkCompilerSettings(workspace.root, row).map(at('tsconfig.json', 'environment')),
  ]
}
