/** Obtains Debian's Xen. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { dependencyOf, type KeepOptions, type Made, obtainKept, one, type Recipe, type Workshop } from './kept.ts'

export interface XenHypervisor {
  /** `4.17-amd64`. */
  readonly release: string
  /** Of its package. */
  readonly version: string
  /** A multiboot kernel, not packed. */
  readonly path: string
}

const FORMAT = 1
const FILE = 'xen'

const RECIPE: Recipe = {
  ...{ name: 'xen', title: 'Debian Xen', command: 'ringfold guest xen' },
  ...{ architecture: 'amd64', format: FORMAT, make: makeXen },
}

/** The hypervisor of Debian's `xen-system-amd64`, from the cache or from Debian. Throws `HostError`. */
export async function obtainXen(options: KeepOptions = {}): Promise<XenHypervisor> {
  const { folder, manifest } = await obtainKept(RECIPE, options)
  return { release: manifest.release, version: manifest.version, path: join(folder, FILE) }
}

async function makeXen({ apt, unpacked, progress }: Workshop): Promise<Made> {
  const { name, version } = await dependencyOf(apt, 'xen-system-amd64', /xen-hypervisor-[\d.]+-amd64/)
  const release = name.slice('xen-hypervisor-'.length)
  progress(`downloading ${name} ${version}`)
  const files = await unpacked([name])
  return { release, version, contents: { [FILE]: gunzipSync(readFileSync(one(files, [`boot/xen-${release}.gz`]))) } }
}
