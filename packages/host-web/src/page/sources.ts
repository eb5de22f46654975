/** Options as they go to the worker: its address is not the page's, and an object `URL` does not survive the way. */
import { HostWebError } from '../errors.ts'
import type { Source, WebBootOptions, WebDiskOptions, WebMachineOptions } from '../options.ts'

/** The page's own address; none outside of browsers. */
const pageAddress = (): string | undefined =>
  (globalThis as { readonly location?: { readonly href: string } }).location?.href

function absolute(source: Source): Source {
  if (source instanceof URL) return source.href
  if (typeof source !== 'string') return source
  const address = URL.parse(source, pageAddress())
  if (address !== null) return address.href
  throw new HostWebError(
    'web.option',
    `"${source}" is no address`,
    'give one that is absolute, or relative to the page',
  )
}

/** Options that mean the same in a worker. Throws `HostWebError` `web.option` for what is no address. */
export function absoluteOptions(options: WebMachineOptions): WebMachineOptions {
  const { boot, disks, snapshot } = options
  return {
    ...options,
    ...(boot === undefined ? {} : { boot: absoluteBoot(boot) }),
    ...(disks === undefined ? {} : { disks: disks.map(absoluteDisk) }),
    ...(snapshot === undefined ? {} : { snapshot: absolute(snapshot) }),
  }
}

function absoluteBoot(boot: WebBootOptions): WebBootOptions {
  const { kernel, initrd, modules } = boot
  return {
    ...boot,
    kernel: absolute(kernel),
    ...(initrd === undefined ? {} : { initrd: absolute(initrd) }),
    ...(modules === undefined ? {} : { modules: modules.map(({ bytes, text }) => ({ bytes: absolute(bytes), text })) }),
  }
}

function absoluteDisk(disk: WebDiskOptions): WebDiskOptions {
  const { contents } = disk
  return typeof contents === 'number' ? disk : { ...disk, contents: absolute(contents) }
}
