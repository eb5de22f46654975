import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { directoryOf, npmNameOf, readArchitecture } from './architecture/model.ts'
import { runTurbo } from './turbo.ts'

const root = join(import.meta.dirname, '..')

/** What `pnpm pack` made of one package. */
export interface PackedPackage {
  readonly name: string
  readonly version: string
  /** Path of the tarball. */
  readonly tarball: string
  readonly sizeBytes: number
  /** Paths within the package. */
  readonly files: readonly string[]
}

interface PackReport {
  readonly name: string
  readonly version: string
  readonly filename: string
  readonly size: number
  readonly files: readonly { readonly path: string }[]
}

/**
 * Builds every present package of the workspace and packs it, as a release would, into `destination`, which is
 * emptied first.
 *
 * @throws Error when a build or a packing fails.
 */
export function packAll(destination: string): PackedPackage[] {
  const { scope, packages } = readArchitecture(root)
  const present = packages.filter((row) => row.status === 'present')
  const status = runTurbo(
    'build',
    present.map((row) => npmNameOf(row, scope)),
  )
  if (status !== 0) throw new Error('the build failed, so there is nothing to pack')
  rmSync(destination, { recursive: true, force: true })
  mkdirSync(destination, { recursive: true })
  return present.map((row) => {
    const output = execFileSync('pnpm', ['pack', '--json', '--pack-destination', destination], {
      cwd: join(root, directoryOf(row)),
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const { name, version, filename, size, files } = JSON.parse(output) as PackReport
    return {
      name,
      version,
      tarball: join(destination, basename(filename)),
      sizeBytes: size,
      files: files.map(({ path }) => path),
    }
  })
}

if (import.meta.main) {
  const destination = process.argv[2] ?? join(root, '.cache', 'packed')
  process.stdout.write(`${JSON.stringify(packAll(destination), undefined, 2)}\n`)
}
