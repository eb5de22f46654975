/** Kernel modules: what one needs, and in which order they are loaded. */
import { readElf, sectionByName } from '@ringfold/boot/elf'

/** Modules that a guest of a machine of ours can use, by name; what they need comes along. */
export const GUEST_MODULES: readonly string[] = [
  ...['virtio_pci', 'virtio_mmio', 'virtio_blk', 'virtio_net', 'virtio_console', 'virtio_rng'],
  ...[
    'ext4',
    'crc32c_generic',
    'crc32c_intel',
    'af_packet',
    'evdev',
    'button',
    'i8042',
    'atkbd',
    'rtc_cmos',
    'pvpanic_mmio',
  ],
]

/** A module's file. */
export interface KernelModule {
  /** With underscores: `virtio_rng`. */
  readonly name: string
  readonly bytes: Uint8Array
}

/** The name that a module's file gives it: `-` and `_` are the same. */
export function moduleName(path: string): string {
  return (path.split('/').at(-1) ?? '').replace(/\.ko(\.\w+)?$/, '').replaceAll('-', '_')
}

/** Names of the modules that one needs: `depends=` of its section `.modinfo`. Empty for what is no module. */
export function moduleDependencies(bytes: Uint8Array): readonly string[] {
  const file = readElf(bytes)
  const info = file.kind === 'elf' ? sectionByName(file, '.modinfo')?.bytes : undefined
  const entries = new TextDecoder('latin1').decode(info ?? new Uint8Array(0)).split('\0')
  const depends = entries.find((entry) => entry.startsWith('depends='))?.slice('depends='.length) ?? ''
  return depends === '' ? [] : depends.split(',').map(moduleName)
}

/**
 * The modules of `wanted` that exist, with all that they need, each behind what it needs. `read` gives a module's bytes, or undefined
 * where there is none: it is built in, or this kernel does not have it.
 */
export function resolveModules(
  wanted: readonly string[],
  read: (name: string) => Uint8Array | undefined,
): readonly KernelModule[] {
  const found = new Map<string, KernelModule>()
  const seen = new Set<string>()
  const visit = (name: string): void => {
    if (seen.has(name)) return
    seen.add(name)
    const bytes = read(name)
    if (bytes === undefined) return
    for (const needed of moduleDependencies(bytes)) visit(needed)
    found.set(name, { name, bytes })
  }
  for (const name of wanted) visit(name)
  return [...found.values()]
}
