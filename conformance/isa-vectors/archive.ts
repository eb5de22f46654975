/** Reads the vector archives of `../shared/data/decoder` with the system's tar. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'

/** Where the outside vectors are: beside the checkout. */
export const DATA = join(import.meta.dirname, '..', '..', '..', 'shared', 'data', 'decoder')

/** Why the archives cannot be read here, or null where they can. */
export function archivesMissing(): string | null {
  if (!existsSync(join(DATA, 'iced.tar.xz'))) return '../shared/data/decoder is absent'
  const tar = spawnSync('tar', ['-tJf', join(DATA, 'zydis.tar.xz')], { stdio: 'ignore' })
  return tar.status === 0 ? null : 'tar with xz is absent'
}

function* filesBelow(folder: string): Generator<string> {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name)
    if (statSync(path).isDirectory()) yield* filesBelow(path)
    else yield path
  }
}

/** All files of an archive: path inside it -> text. */
export function readArchive(name: string): Map<string, string> {
  const folder = mkdtempSync(join(tmpdir(), 'ringfold-vectors-'))
  try {
    const tar = spawnSync('tar', ['-xJf', join(DATA, `${name}.tar.xz`), '-C', folder])
    if (tar.status !== 0) throw new Error(`tar -xJf ${name}.tar.xz: ${String(tar.stderr)}`)
    return new Map([...filesBelow(folder)].map((path) => [relative(folder, path), readFileSync(path, 'utf8')]))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** `48 8B44 10` -> bytes. */
export const hexBytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replace(/[\s_]/g, ''), 'hex'))
