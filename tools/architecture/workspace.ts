import { join } from 'node:path'
import { type Architecture, type Manifest, npmNameOf, type PackageRow, readArchitecture, readJson } from './model.ts'

/** A checkout as the check sees it. */
export interface Workspace {
  readonly root: string
  readonly architecture: Architecture
  /** The manifest at the root. */
  readonly manifest: Manifest
  /** The row of the package that an import specifier names, if it is one of ours. */
  siblingOf(specifier: string): PackageRow | undefined
}

export function openWorkspace(root: string): Workspace {
  const architecture = readArchitecture(root)
  const byName = new Map(architecture.packages.map((row) => [npmNameOf(row, architecture.scope), row]))
  return {
    root,
    architecture,
    manifest: readJson<Manifest>(join(root, 'package.json')),
    siblingOf(specifier) {
      const parts = specifier.split('/', specifier.startsWith('@') ? 2 : 1)
      return byName.get(parts.join('/'))
    },
  }
}
