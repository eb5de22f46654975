/** What is made of packages, kept in a cache: folders that are whole, each with the sums of its files. */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { HostError } from '../errors.ts'
import { syncDirectory, writeFileAtomically } from '../files/files.ts'
import { PrivateApt, runTool } from './apt.ts'
import { withLock } from './lock.ts'

export interface KeepOptions {
  /** Default: `ringfold` in `XDG_CACHE_HOME`, or in `.cache` of the home directory. */
  readonly cacheDirectory?: string
  /** Obtains nothing: takes what is there. */
  readonly offline?: boolean
  /** Looks for newer packages even if some are there. */
  readonly refresh?: boolean
  /** Called with what is being done. */
  readonly progress?: (what: string) => void
  readonly signal?: AbortSignal
}

/** What a folder of the cache says of itself. */
export interface Manifest {
  readonly format: number
  readonly release: string
  /** Of the package. */
  readonly version: string
  /** SHA-256 of each file, in hexadecimal. */
  readonly files: Readonly<Record<string, string>>
}

/** What is to be kept. */
export interface Made extends Pick<Manifest, 'release' | 'version'> {
  readonly contents: Readonly<Record<string, Uint8Array>>
}

/** Where packages are unpacked. */
export interface Workshop {
  readonly apt: PrivateApt
  /** Downloads packages and unpacks them. @returns the folder that holds their files */
  unpacked(names: readonly string[]): Promise<string>
  readonly progress: (what: string) => void
}

export interface Recipe {
  /** Of its folders, before `_` and the version. */
  readonly name: string
  /** As a person knows it. */
  readonly title: string
  /** What obtains it. */
  readonly command: string
  /** Debian's name of an architecture. */
  readonly architecture: string
  /** Raised when something else is made of the packages. */
  readonly format: number
  make(shop: Workshop): Promise<Made>
}

export interface Kept {
  readonly folder: string
  readonly manifest: Manifest
}

const MANIFEST = 'manifest.json'

/** Where guests are kept. */
export function guestCache(): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'ringfold')
}

const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** What a folder holds if it is whole: every file as its manifest says. */
function keptIn(folder: string, format: number): Kept | undefined {
  try {
    const manifest = JSON.parse(readFileSync(join(folder, MANIFEST), 'utf8')) as Manifest
    if (manifest.format !== format) return undefined
    for (const [name, wanted] of Object.entries(manifest.files))
      if (digest(readFileSync(join(folder, name))) !== wanted) return undefined
    return { folder, manifest }
  } catch {
    return undefined
  }
}

/** The newest that is whole. */
function present(root: string, { name, format }: Recipe): Kept | undefined {
  const folders = existsSync(root) ? readdirSync(root).filter((folder) => folder.startsWith(`${name}_`)) : []
  const newestFirst = folders.sort((a, b) => b.localeCompare(a, 'en', { numeric: true }))
  for (const folder of newestFirst) {
    const kept = keptIn(join(root, folder), format)
    if (kept !== undefined) return kept
  }
  return undefined
}

/**
 * What a recipe makes: from the cache, or by the system's package tool, as any user. What is in the cache is compared with its sums at
 * each call, and replaced if it is damaged. Throws `HostError`.
 */
export async function obtainKept(recipe: Recipe, options: KeepOptions): Promise<Kept> {
  const { offline = false, refresh = false, progress = () => undefined } = options
  const root = join(options.cacheDirectory ?? guestCache(), 'debian')
  const found = refresh ? undefined : present(root, recipe)
  if (found !== undefined) return found
  if (offline) {
    const remedy = `run "${recipe.command}" with a network, or use the lab guest`
    throw new HostError('host.obtain', `there is no whole ${recipe.title} in ${root}`, remedy)
  }
  try {
    mkdirSync(root, { recursive: true })
  } catch (error) {
    const what = `the cache folder ${root} cannot be made (${(error as NodeJS.ErrnoException).code})`
    throw new HostError('host.path', what, 'set XDG_CACHE_HOME to a folder that you may write')
  }
  const waiting = (owner: number) => progress(`waiting for process ${owner}, which obtains guests too`)
  return withLock(join(root, 'lock'), waiting, async () => {
    // Whoever was waited for may have brought it.
    const meanwhile = refresh ? undefined : present(root, recipe)
    return meanwhile ?? (await make(root, recipe, progress, options.signal))
  })
}

async function make(
  root: string,
  recipe: Recipe,
  progress: (what: string) => void,
  signal: AbortSignal | undefined,
): Promise<Kept> {
  const { architecture } = recipe
  const work = mkdtempSync(join(root, '.work-'))
  try {
    const directory = join(root, `apt-${architecture}`)
    const apt = new PrivateApt({ directory, architecture, ...(signal === undefined ? {} : { signal }) })
    progress('renewing the lists of packages')
    await apt.update()
    const unpacked = async (names: readonly string[]) => {
      await apt.download(names, work)
      progress('unpacking')
      for (const name of readdirSync(work).filter((file) => file.endsWith('.deb'))) await unpack(work, name, signal)
      return join(work, 'root')
    }
    return await keep(root, work, recipe, await recipe.make({ apt, unpacked, progress }))
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

async function unpack(work: string, name: string, signal: AbortSignal | undefined): Promise<void> {
  const { status, stderr } = await runTool('dpkg-deb', ['-x', name, 'root'], {
    cwd: work,
    ...(signal === undefined ? {} : { signal }),
  })
  if (status !== 0) throw new HostError('host.tool', `dpkg-deb cannot unpack ${name}: ${stderr.trim()}`, 'try again')
}

/** Puts what was made into a folder of its own, and that into place: from then on it is there, whole. */
async function keep(root: string, work: string, recipe: Recipe, { contents, release, version }: Made): Promise<Kept> {
  const made = join(work, 'made')
  mkdirSync(made)
  for (const [name, bytes] of Object.entries(contents)) await writeFileAtomically(join(made, name), bytes)
  const files = Object.fromEntries(Object.entries(contents).map(([name, bytes]) => [name, digest(bytes)]))
  const manifest: Manifest = { format: recipe.format, release, version, files }
  await writeFileAtomically(join(made, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`)
  return putInPlace(root, made, recipe, version)
}

function putInPlace(root: string, made: string, { name, format }: Recipe, version: string): Kept {
  const folder = join(root, `${name}_${version.replaceAll(/[^\w.+~-]/g, '_')}`)
  // What is there under this name is damaged, or was asked to be replaced.
  rmSync(folder, { recursive: true, force: true })
  renameSync(made, folder)
  syncDirectory(root)
  for (const other of readdirSync(root))
    if (other.startsWith(`${name}_`) && join(root, other) !== folder) rmSync(join(root, other), { recursive: true })
  const kept = keptIn(folder, format)
  if (kept !== undefined) return kept
  throw new HostError('host.obtain', `what was put into ${folder} is not what was read back`, 'check the disk')
}

/** The one of these files that packages hold. Throws `HostError`. */
export function one(root: string, paths: readonly string[]): string {
  const found = paths.map((path) => join(root, path)).find((path) => existsSync(path))
  if (found !== undefined) return found
  const what = `the packages hold no ${paths.join(' or ')}`
  throw new HostError('host.obtain', what, 'report this, with the release of Debian')
}

export interface NamedPackage {
  readonly name: string
  readonly version: string
}

/** The package behind another one, which only depends on the newest. Throws `HostError`. */
export async function dependencyOf(apt: PrivateApt, name: string, wanted: RegExp): Promise<NamedPackage> {
  const depends = (await apt.show(name)).get('Depends') ?? ''
  const found = wanted.exec(depends)?.[0]
  if (found !== undefined) return { name: found, version: (await apt.show(found)).get('Version') ?? '' }
  throw new HostError('host.obtain', `${name} names no other: "${depends}"`, 'report this, with the release of Debian')
}
