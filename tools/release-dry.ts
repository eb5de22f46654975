// What a release would do, without doing it: the versions that the changesets ask for, and the tarballs that would be
// published. Publishes nothing and leaves the working tree as it was.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { packAll } from './pack.ts'

const root = join(import.meta.dirname, '..')

const table = (rows: readonly (readonly string[])[]): string => {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** The releases that the changesets add up to. */
function plannedReleases(): readonly { name: string; type: string; oldVersion: string; newVersion: string }[] {
  const output = join('.cache', 'release-plan.json')
  const changeset = join(root, 'node_modules', '.bin', 'changeset')
  execFileSync(changeset, ['status', `--output=${output}`], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] })
  const plan = JSON.parse(readFileSync(join(root, output), 'utf8')) as {
    releases: { name: string; type: string; oldVersion: string; newVersion: string }[]
  }
  return plan.releases
}

const releases = plannedReleases()
const packed = packAll(join(root, '.cache', 'packed'))
process.stdout.write(
  `${table([
    ['package', 'now', 'next', 'change', 'tarball', 'files'],
    ...packed.map(({ name, version, sizeBytes, files }) => {
      const release = releases.find((r) => r.name === name)
      return [
        name,
        version,
        release?.newVersion ?? version,
        release?.type ?? 'none',
        `${(sizeBytes / 1024).toFixed(0)} KiB`,
        String(files.length),
      ]
    }),
  ])}\nNothing was published.\n`,
)
