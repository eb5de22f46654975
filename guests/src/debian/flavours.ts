/** Debian's kernels for this kind of machine, by the names of their packages: `linux-image-FLAVOUR`. */
export const DEBIAN_FLAVOURS = {
  'cloud-amd64': { architecture: 'amd64', bits: 64, means: 'for virtual machines: few drivers, the smallest' },
  amd64: { architecture: 'amd64', bits: 64, means: 'for 64-bit PCs' },
  '686-pae': { architecture: 'i386', bits: 32, means: 'for 32-bit PCs with PAE' },
  '686': { architecture: 'i386', bits: 32, means: 'for 32-bit PCs without PAE' },
} as const satisfies Readonly<Record<string, { architecture: string; bits: 32 | 64; means: string }>>

export type DebianFlavour = keyof typeof DEBIAN_FLAVOURS

export const DEFAULT_DEBIAN_FLAVOUR: DebianFlavour = 'cloud-amd64'

/** What the kernel is told beside what its user adds. */
export const DEBIAN_COMMAND_LINE = 'console=ttyS0'

export function isDebianFlavour(name: string): name is DebianFlavour {
  return Object.hasOwn(DEBIAN_FLAVOURS, name)
}
