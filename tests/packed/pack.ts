import { execFileSync } from 'node:child_process'
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { findPackageJSON } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { directoryOf, type Manifest, manifestOf, readArchitecture, readJson } from '../../tools/architecture/model.ts'
import { type PackedPackage, packAll } from '../../tools/pack.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** Every package as packed. */
    packed: PackedPackage[]
    /** A project outside the repository into which all tarballs were installed, and nothing else. */
    consumer: string
  }
}

const root = join(import.meta.dirname, '..', '..')

function collectOutside(manifest: Manifest, path: string, isOurs: (name: string) => boolean, into: Set<string>): void {
  for (const name of Object.keys(manifest.dependencies ?? {}).filter((each) => !isOurs(each))) {
    const found = findPackageJSON(name, path)
    if (found === undefined) throw new Error(`${name}, a dependency of ${path}, is not installed`)
    if (into.has(dirname(found))) continue
    into.add(dirname(found))
    // pnpm links packages: what one depends on stands beside the real one.
    collectOutside(readJson<Manifest>(found), realpathSync(found), isOurs, into)
  }
}

/** Directories of the outside packages that our apps depend on, so that npm need not ask a registry for them. */
function outsideDependencies(): string[] {
  const { scope, packages } = readArchitecture(root)
  const directories = new Set<string>()
  for (const row of packages) {
    const manifest = manifestOf(root, row)
    const path = join(root, directoryOf(row), 'package.json')
    if (manifest !== undefined) collectOutside(manifest, path, (name) => name.startsWith(`${scope}/`), directories)
  }
  return [...directories]
}

function installAll(consumer: string, packed: readonly PackedPackage[]): void {
  writeFileSync(join(consumer, 'package.json'), JSON.stringify({ name: 'consumer', private: true, type: 'module' }))
  const tarballs = packed.map(({ tarball }) => tarball)
  const flags = ['--offline', '--install-links', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
  execFileSync('npm', ['install', ...flags, ...tarballs, ...outsideDependencies()], { cwd: consumer, stdio: [0, 2, 2] })
}

/** Packs every package and installs all tarballs together, without a network, before the first test of `tests/packed`. */
export default function setup(project: TestProject): () => void {
  const packed = packAll(join(root, '.cache', 'packed'))
  const consumer = mkdtempSync(join(tmpdir(), 'ringfold-consumer-'))
  installAll(consumer, packed)
  project.provide('packed', packed)
  project.provide('consumer', consumer)
  return () => rmSync(consumer, { recursive: true, force: true })
}
