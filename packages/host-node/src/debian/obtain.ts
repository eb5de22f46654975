/** Obtains Debian's kernel and busybox: a cache folder that is always whole. */
import { createHash } from 'node:crypto'
import { existsSync, globSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { decodeXz } from '@ringfold/boot/xz'
import {
  DEBIAN_FLAVOURS,
  type DebianFlavour,
  debianInitramfs,
  GUEST_MODULES,
  moduleName,
  resolveModules,
} from '@ringfold/guests'
import { HostError } from '../errors.ts'
import { syncDirectory, writeFileAtomically } from '../files/files.ts'
import { PrivateApt, runTool } from './apt.ts'
import { withLock } from './lock.ts'

export interface DebianGuest {
  readonly flavour: DebianFlavour
  /** Of the kernel: `6.1.0-56-cloud-amd64`. */
  readonly release: string
  /** Of its package. */
  readonly version: string
  readonly kernelPath: string
  readonly initramfsPath: string
}

export interface ObtainOptions {
  readonly flavour: DebianFlavour
  /** Default: `ringfold` in `XDG_CACHE_HOME`, or in `.cache` of the home directory. */
  readonly cacheDirectory?: string
  /** Obtains nothing: takes what is there. */
  readonly offline?: boolean
  /** Looks for a newer kernel even if one is there. */
  readonly refresh?: boolean
  /** Called with what is being done. */
  readonly progress?: (what: string) => void
  readonly signal?: AbortSignal
}

/** What a folder of the cache says of itself. It changes when what is put there does. */
interface Manifest {
  readonly format: number
  readonly flavour: DebianFlavour
  readonly release: string
  readonly version: string
  /** SHA-256 of each file, in hexadecimal. */
  readonly files: Readonly<Record<string, string>>
}

/** Of what is made from the packages: raised when the initramfs is made otherwise. */
const FORMAT = 4
const KERNEL = 'vmlinuz'
const INITRAMFS = 'initramfs.cpio'
const MANIFEST = 'manifest.json'
const REMEDY = 'run "ringfold guest debian" with a network, or use the lab guest'

/** Where guests are kept. */
export function guestCache(): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'ringfold')
}

const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** The guest in a folder if it is whole: every file as its manifest says. */
function guestIn(folder: string): DebianGuest | undefined {
  try {
    const manifest = JSON.parse(readFileSync(join(folder, MANIFEST), 'utf8')) as Manifest
    if (manifest.format !== FORMAT) return undefined
    for (const [name, wanted] of Object.entries(manifest.files))
      if (digest(readFileSync(join(folder, name))) !== wanted) return undefined
    const { flavour, release, version } = manifest
    const [kernelPath, initramfsPath] = [join(folder, KERNEL), join(folder, INITRAMFS)]
    return { flavour, release, version, kernelPath, initramfsPath }
  } catch {
    return undefined
  }
}

/** The newest whole guest of a flavour. */
function present(root: string, flavour: DebianFlavour): DebianGuest | undefined {
  const folders = existsSync(root) ? readdirSync(root).filter((name) => name.startsWith(`${flavour}_`)) : []
  const newestFirst = folders.sort((a, b) => b.localeCompare(a, 'en', { numeric: true }))
  for (const name of newestFirst) {
    const guest = guestIn(join(root, name))
    if (guest !== undefined) return guest
  }
  return undefined
}

/**
 * A stock Debian kernel with an initramfs of ours: from the cache, or by the system's package tool, as any user. What is in the cache
 * is compared with its sums at each call, and replaced if it is damaged. Throws `HostError`.
 */
export async function obtainDebian(options: ObtainOptions): Promise<DebianGuest> {
  const { flavour, offline = false, refresh = false, progress = () => undefined } = options
  const root = join(options.cacheDirectory ?? guestCache(), 'debian')
  const found = refresh ? undefined : present(root, flavour)
  if (found !== undefined) return found
  if (offline) {
    const what = `there is no whole Debian ${flavour} in ${root}`
    throw new HostError('host.obtain', what, REMEDY)
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
    const meanwhile = refresh ? undefined : present(root, flavour)
    return meanwhile ?? (await obtain(root, flavour, progress, options.signal))
  })
}

async function obtain(
  root: string,
  flavour: DebianFlavour,
  progress: (what: string) => void,
  signal: AbortSignal | undefined,
): Promise<DebianGuest> {
  const { architecture } = DEBIAN_FLAVOURS[flavour]
  const work = mkdtempSync(join(root, '.work-'))
  try {
    const directory = join(root, `apt-${architecture}`)
    const apt = new PrivateApt({ directory, architecture, ...(signal === undefined ? {} : { signal }) })
    progress('renewing the lists of packages')
    await apt.update()
    const image = await imagePackage(apt, flavour)
    progress(`downloading ${image.name} ${image.version} and busybox-static`)
    await apt.download([image.name, 'busybox-static'], work)
    progress('unpacking')
    for (const name of readdirSync(work).filter((file) => file.endsWith('.deb'))) await unpack(work, name, signal)
    progress('making the initramfs')
    return await finish(root, work, flavour, image)
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

interface ImagePackage {
  readonly name: string
  readonly version: string
  readonly release: string
}

/** The package behind `linux-image-FLAVOUR`, which only depends on the newest. */
async function imagePackage(apt: PrivateApt, flavour: DebianFlavour): Promise<ImagePackage> {
  const depends = (await apt.show(`linux-image-${flavour}`)).get('Depends') ?? ''
  const name = /linux-image-[\w.+-]+/.exec(depends)?.[0]
  if (name === undefined)
    throw new HostError('host.obtain', `linux-image-${flavour} names no kernel: "${depends}"`, REMEDY)
  const version = (await apt.show(name)).get('Version') ?? ''
  return { name, version, release: name.slice('linux-image-'.length).replace(/-unsigned$/, '') }
}

async function unpack(work: string, name: string, signal: AbortSignal | undefined): Promise<void> {
  const { status, stderr } = await runTool('dpkg-deb', ['-x', name, 'root'], {
    cwd: work,
    ...(signal === undefined ? {} : { signal }),
  })
  if (status !== 0) throw new HostError('host.tool', `dpkg-deb cannot unpack ${name}: ${stderr.trim()}`, 'try again')
}

/** Puts what is needed into a folder of its own, and that into place: from then on it is there, whole. */
async function finish(root: string, work: string, flavour: DebianFlavour, image: ImagePackage): Promise<DebianGuest> {
  const files = join(work, 'root')
  const { release, version } = image
  const kernel = readFileSync(one(files, [`boot/vmlinuz-${release}`]))
  const busybox = readFileSync(one(files, ['bin/busybox', 'usr/bin/busybox']))
  const paths = new Map(
    globSync(['lib/modules/**/*.ko*', 'usr/lib/modules/**/*.ko*'], { cwd: files }).map((path) => [
      moduleName(path),
      join(files, path),
    ]),
  )
  const modules = resolveModules(GUEST_MODULES, (name) => {
    const path = paths.get(name)
    return path === undefined ? undefined : uncompressed(path)
  })
  const made = join(work, 'made')
  mkdirSync(made)
  const contents = { [KERNEL]: kernel, [INITRAMFS]: debianInitramfs({ busybox, modules }) }
  for (const [name, bytes] of Object.entries(contents)) await writeFileAtomically(join(made, name), bytes)
  const sums = Object.fromEntries(Object.entries(contents).map(([name, bytes]) => [name, digest(bytes)]))
  const manifest: Manifest = { format: FORMAT, flavour, release, version, files: sums }
  await writeFileAtomically(join(made, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`)
  return putInPlace(root, made, flavour, version)
}

function one(root: string, paths: readonly string[]): string {
  const found = paths.map((path) => join(root, path)).find((path) => existsSync(path))
  if (found !== undefined) return found
  throw new HostError(
    'host.obtain',
    `the packages hold no ${paths.join(' or ')}`,
    'report this, with the release of Debian',
  )
}

/** A module as the guest's busybox takes it. Newer Debian kernels have theirs compressed. */
function uncompressed(path: string): Uint8Array {
  const bytes = readFileSync(path)
  if (!path.endsWith('.xz')) return bytes
  const result = decodeXz(bytes)
  if (result.kind === 'rejected') throw new HostError('host.obtain', `${path}: ${result.message}`, result.remedy)
  return result.bytes
}

function putInPlace(root: string, made: string, flavour: DebianFlavour, version: string): DebianGuest {
  const folder = join(root, `${flavour}_${version.replaceAll(/[^\w.+~-]/g, '_')}`)
  // What is there under this name is damaged, or was asked to be replaced.
  rmSync(folder, { recursive: true, force: true })
  renameSync(made, folder)
  syncDirectory(root)
  for (const name of readdirSync(root))
    if (name.startsWith(`${flavour}_`) && join(root, name) !== folder) rmSync(join(root, name), { recursive: true })
  const guest = guestIn(folder)
  if (guest !== undefined) return guest
  throw new HostError('host.obtain', `what was put into ${folder} is not what was read back`, 'check the disk')
}
