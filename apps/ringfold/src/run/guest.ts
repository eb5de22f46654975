/** What is booted: a guest by name, or the files that were named. */
import { basename } from 'node:path'
import process from 'node:process'
import { extractVmlinux } from '@ringfold/boot'
import {
  DEBIAN_COMMAND_LINE,
  DEFAULT_DEBIAN_FLAVOUR,
  type DebianFlavour,
  DOM0_FLAVOUR,
  isDebianFlavour,
  joinArchives,
  labGuest,
  scriptArchive,
  XEN_MEMORY_BYTES,
  xenBoot,
} from '@ringfold/guests'
import { obtainDebian, obtainXen, readFileChecked } from '@ringfold/host-node'
import type { BootOptions } from '@ringfold/machine'
import { InputError } from '../exit.ts'
import type { RunOptions } from './command.ts'
import { gunzipped } from './gunzip.ts'

/** Run by a Debian guest where nobody sits at a terminal. */
const DEFAULT_SCRIPT = `uname -a
grep -m1 'model name' /proc/cpuinfo
echo "$(nproc) processor(s), $(awk '/MemTotal/ { print int($2 / 1024) }' /proc/meminfo) MiB of memory"
cat /proc/uptime
`

export interface ChosenGuest {
  /** As a person knows it. */
  readonly name: string
  readonly boot: BootOptions | undefined
  /** RAM that it needs where nobody says otherwise. */
  readonly memoryBytes?: number
}

/** Throws `InputError`, `HostError`. */
export async function chooseGuest(options: RunOptions, isInteractive: boolean): Promise<ChosenGuest> {
  const { guest, kernel, restore } = options
  if (guest !== undefined && kernel !== undefined)
    throw new InputError('--guest and --kernel exclude each other', 'give one of them')
  if (guest !== undefined) return namedGuest(guest, options, isInteractive)
  if (kernel !== undefined) return { name: kernel, boot: await bootFiles(kernel, options) }
  if (restore !== undefined) return { name: restore, boot: undefined }
  throw new InputError('there is nothing to run', 'give --guest debian, --kernel FILE, or --restore FILE')
}

async function namedGuest(name: string, options: RunOptions, isInteractive: boolean): Promise<ChosenGuest> {
  for (const option of ['initrd', 'module'] as const)
    if ((options[option]?.length ?? 0) > 0)
      throw new InputError(`--${option} does not go with --guest`, 'the guest brings its own; use --kernel')
  if (name === 'xen') return { name, boot: await bootXen(options, isInteractive), memoryBytes: XEN_MEMORY_BYTES }
  const [kind, flavour = DEFAULT_DEBIAN_FLAVOUR, ...rest] = name.split(':')
  if (kind === 'debian' && rest.length === 0 && isDebianFlavour(flavour))
    return { name: `debian:${flavour}`, boot: await bootDebian(flavour, options, isInteractive) }
  if (name === 'lab') return { name, boot: { kernel: labGuest({ interactive: isInteractive }).image } }
  throw new InputError(
    `there is no guest ${name}`,
    'use lab, xen, debian, or debian: and one of cloud-amd64, amd64, 686, 686-pae',
  )
}

interface DebianFiles {
  readonly kernel: Uint8Array
  readonly kernelPath: string
  readonly initramfs: Uint8Array
}

const progress = (what: string) => process.stderr.write(`debian: ${what}\n`)

/** A kernel of Debian's, and the initramfs with what is to be run in it. */
async function debianFiles(
  flavour: DebianFlavour,
  { offline, script }: RunOptions,
  isInteractive: boolean,
): Promise<DebianFiles> {
  const { kernelPath, initramfsPath } = await obtainDebian({ flavour, offline, progress })
  const commands = script ?? (isInteractive ? undefined : DEFAULT_SCRIPT)
  const initramfs = await readFileChecked(initramfsPath, { what: 'initramfs' })
  return {
    kernel: await readFileChecked(kernelPath, { what: 'kernel' }),
    kernelPath,
    initramfs: commands === undefined ? initramfs : joinArchives(initramfs, scriptArchive(`${commands}\n`)),
  }
}

async function bootDebian(flavour: DebianFlavour, options: RunOptions, isInteractive: boolean): Promise<BootOptions> {
  const { append, entry } = options
  const { kernel, kernelPath, initramfs } = await debianFiles(flavour, options, isInteractive)
  return {
    kernel: entry === 'pvh' ? await unpacked(kernel, kernelPath) : kernel,
    initrd: initramfs,
    commandLine: [DEBIAN_COMMAND_LINE, ...append].join(' '),
    ...(entry === undefined ? {} : { entry: entry as NonNullable<BootOptions['entry']> }),
  }
}

/** Debian's Xen, with Debian's kernel as its first domain. */
async function bootXen(options: RunOptions, isInteractive: boolean): Promise<BootOptions> {
  if (options.entry !== undefined && options.entry !== 'multiboot')
    throw new InputError(`--entry ${options.entry} does not go with --guest xen`, 'leave it out: Xen is multiboot')
  const { path } = await obtainXen({ offline: options.offline, progress })
  const { kernel, initramfs } = await debianFiles(DOM0_FLAVOUR, options, isInteractive)
  const xen = await readFileChecked(path, { what: 'hypervisor' })
  return xenBoot({ xen, kernel, initramfs, append: options.append.join(' ') })
}

/** The ELF file within a bzImage: PVH enters that. */
async function unpacked(kernel: Uint8Array, name: string): Promise<Uint8Array> {
  const isElf = kernel[0] === 0x7f && kernel[1] === 0x45
  if (isElf) return kernel
  const result = await extractVmlinux(kernel, gunzipped)
  if (result.kind === 'vmlinux') return result.bytes
  throw new InputError(`${name}: ${result.message}`, result.remedy)
}

async function bootFiles(path: string, options: RunOptions): Promise<BootOptions> {
  const { initrd, append, entry } = options
  const kernel = plain(await readFileChecked(path, { what: 'kernel' }), path)
  const modules = await Promise.all(options.module.map(readModule))
  return {
    kernel: entry === 'pvh' ? await unpacked(kernel, path) : kernel,
    // It is one word there.
    name: basename(path).replaceAll(/\s/g, '_'),
    commandLine: append.join(' '),
    ...(initrd === undefined ? {} : { initrd: await readFileChecked(initrd, { what: 'initrd' }) }),
    ...(modules.length === 0 ? {} : { modules }),
    ...(entry === undefined ? {} : { entry: entry as NonNullable<BootOptions['entry']> }),
  }
}

/** A kernel that is packed as a whole is unpacked, as by GRUB: RFC 1952, 2.3.1. */
function plain(kernel: Uint8Array, name: string): Uint8Array {
  if (kernel[0] !== 0x1f || kernel[1] !== 0x8b) return kernel
  const bytes = gunzipped('gzip', kernel)
  if (bytes !== undefined) return bytes
  throw new InputError(`${name} looks like gzip, and cannot be unpacked`, 'give the whole file, or an unpacked one')
}

/** `FILE ARGS`: the module is told the whole text, as by GRUB. */
async function readModule(text: string): Promise<{ readonly bytes: Uint8Array; readonly text: string }> {
  const path = text.trim().split(/\s+/)[0] ?? ''
  if (path === '') throw new InputError('--module names no file', 'give "FILE" or "FILE ARGS"')
  return { bytes: await readFileChecked(path, { what: 'module' }), text: text.trim() }
}
