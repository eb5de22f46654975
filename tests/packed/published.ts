import { join } from 'node:path'
import {
  directoryOf,
  manifestOf,
  npmNameOf,
  type PackageRow,
  readArchitecture,
} from '../../tools/architecture/model.ts'

export const root = join(import.meta.dirname, '..', '..')

/** A package that is published, as the repository describes it. */
export interface Published {
  readonly name: string
  readonly row: PackageRow
  readonly directory: string
  /** What may be imported: `@ringfold/isa`, `@ringfold/isa/decoder`, ... */
  readonly specifiers: readonly string[]
}

const { scope, packages } = readArchitecture(root)

export const published: readonly Published[] = packages
  .filter(({ status }) => status === 'present')
  .map((row) => {
    const name = npmNameOf(row, scope)
    const subpaths = Object.keys(manifestOf(root, row)?.exports ?? {})
    return {
      name,
      row,
      directory: join(root, directoryOf(row)),
      specifiers: subpaths.map((path) => `${name}${path.slice(1)}`),
    }
  })
