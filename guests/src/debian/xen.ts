/** What Debian's Xen and its first domain are told beside what their user adds. */
import type { DebianFlavour } from './flavours.ts'

/** Xen 4.17, docs/misc/xen-command-line.pandoc. `noreboot`: a crash ends in a halt, and can be read. */
export const XEN_COMMAND_LINE = 'console=com1 com1=115200,8n1 loglvl=all noreboot dom0_mem=256M'

/** Of the first domain: its console is Xen's. */
export const DOM0_COMMAND_LINE = 'console=hvc0'

/** Hypervisor, the files of the first domain, and this domain itself. */
export const XEN_MEMORY_BYTES = 512 << 20

/** The flavour of 64 bits that is built to be a first domain: `CONFIG_XEN_DOM0`. */
export const DOM0_FLAVOUR: DebianFlavour = 'amd64'

export interface XenFiles {
  /** The hypervisor. */
  readonly xen: Uint8Array
  /** Of the first domain: a bzImage, or an ELF file. */
  readonly kernel: Uint8Array
  readonly initramfs: Uint8Array
  /** Added to what Xen is told. */
  readonly append?: string
}

/** As GRUB starts Xen by multiboot: the first domain's kernel and initramfs are modules, each told its file's name first. */
export function xenBoot({ xen, kernel, initramfs, append = '' }: XenFiles) {
  return {
    kernel: xen,
    name: 'xen',
    commandLine: `${XEN_COMMAND_LINE} ${append}`.trim(),
    modules: [
      { bytes: kernel, text: `vmlinuz ${DOM0_COMMAND_LINE}` },
      { bytes: initramfs, text: 'initramfs.cpio' },
    ],
  }
}
