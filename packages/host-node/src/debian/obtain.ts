/** Obtains Debian's kernel and busybox, and makes an initramfs. */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { decodeXz } from '@ringfold/boot/xz'
import {
  DEBIAN_FLAVOURS,
  type DebianFlavour,
  debianInitramfs,
  GUEST_MODULES,
  type KernelModule,
  moduleName,
  resolveModules,
} from '@ringfold/guests'
import { HostError } from '../errors.ts'
import { dependencyOf, type KeepOptions, type Made, obtainKept, one, type Workshop } from './kept.ts'

export interface DebianGuest {
  readonly flavour: DebianFlavour
  /** Of the kernel: `6.1.0-56-cloud-amd64`. */
  readonly release: string
  /** Of its package. */
  readonly version: string
  readonly kernelPath: string
  readonly initramfsPath: string
}

export interface ObtainOptions extends KeepOptions {
  readonly flavour: DebianFlavour
}

/** Of what is made from the packages: raised when the initramfs is made otherwise. */
const FORMAT = 4
const KERNEL = 'vmlinuz'
const INITRAMFS = 'initramfs.cpio'

/** A stock Debian kernel with an initramfs of ours, from the cache or from Debian. Throws `HostError`. */
export async function obtainDebian({ flavour, ...options }: ObtainOptions): Promise<DebianGuest> {
  const { architecture } = DEBIAN_FLAVOURS[flavour]
  const { folder, manifest } = await obtainKept(
    {
      name: flavour,
      title: `Debian ${flavour}`,
      command: 'ringfold guest debian',
      architecture,
      format: FORMAT,
      make: (shop) => makeGuest(shop, flavour),
    },
    options,
  )
  const [kernelPath, initramfsPath] = [join(folder, KERNEL), join(folder, INITRAMFS)]
  return { flavour, release: manifest.release, version: manifest.version, kernelPath, initramfsPath }
}

async function makeGuest({ apt, unpacked, progress }: Workshop, flavour: DebianFlavour): Promise<Made> {
  const { name, version } = await dependencyOf(apt, `linux-image-${flavour}`, /linux-image-[\w.+-]+/)
  const release = name.slice('linux-image-'.length).replace(/-unsigned$/, '')
  progress(`downloading ${name} ${version} and busybox-static`)
  const files = await unpacked([name, 'busybox-static'])
  progress('making the initramfs')
  const kernel = readFileSync(one(files, [`boot/vmlinuz-${release}`]))
  const busybox = readFileSync(one(files, ['bin/busybox', 'usr/bin/busybox']))
  const initramfs = debianInitramfs({ busybox, modules: modulesIn(files) })
  return { release, version, contents: { [KERNEL]: kernel, [INITRAMFS]: initramfs } }
}

function modulesIn(files: string): readonly KernelModule[] {
  const paths = new Map(
    globSync(['lib/modules/**/*.ko*', 'usr/lib/modules/**/*.ko*'], { cwd: files }).map((path) => [
      moduleName(path),
      join(files, path),
    ]),
  )
  return resolveModules(GUEST_MODULES, (name) => {
    const path = paths.get(name)
    return path === undefined ? undefined : uncompressed(path)
  })
}

/** A module as the guest's busybox takes it. Newer Debian kernels have theirs compressed. */
function uncompressed(path: string): Uint8Array {
  const bytes = readFileSync(path)
  if (!path.endsWith('.xz')) return bytes
  const result = decodeXz(bytes)
  if (result.kind === 'rejected') throw new HostError('host.obtain', `${path}: ${result.message}`, result.remedy)
  return result.bytes
}
