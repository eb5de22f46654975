/** The initramfs of a Debian guest, from files that were obtained. */
import { type CpioEntry, writeCpio } from '@ringfold/boot/cpio'
import { INIT, MOTD, POWER_BUTTON, POWEROFF, PROFILE, REBOOT, SCRIPT_PATH, UDHCPC } from './init-script.ts'
import type { KernelModule } from './modules.ts'

const EXECUTABLE = 0o755
/** The console that /init speaks on before devtmpfs is there: Linux, Documentation/admin-guide/devices.txt. */
const CONSOLE = { major: 5, minor: 1 } as const
const NULL_DEVICE = { major: 1, minor: 3 } as const

export interface DebianInitramfsParts {
  /** A static busybox of the kernel's architecture. */
  readonly busybox: Uint8Array
  /** In the order in which they are loaded. */
  readonly modules: readonly KernelModule[]
}

const text = (contents: string): Uint8Array => new TextEncoder().encode(contents)
const script = (path: string, contents: string): CpioEntry => ({
  kind: 'file',
  path,
  mode: EXECUTABLE,
  contents: text(contents),
})
const plain = (path: string, contents: string): CpioEntry => ({ kind: 'file', path, contents: text(contents) })
const directory = (path: string): CpioEntry => ({ kind: 'directory', path })

/** The archive, newc: the same parts make the same bytes. */
export function debianInitramfs({ busybox, modules }: DebianInitramfsParts): Uint8Array {
  return writeCpio([
    ...['bin', 'dev', 'etc', 'etc/acpi', 'etc/acpi/PWRF', 'lib', 'lib/ringfold', 'proc', 'root', 'sbin', 'sys'].map(
      directory,
    ),
    { kind: 'character', path: 'dev/console', mode: 0o600, ...CONSOLE },
    { kind: 'character', path: 'dev/null', mode: 0o666, ...NULL_DEVICE },
    { kind: 'file', path: 'bin/busybox', mode: EXECUTABLE, contents: busybox },
    { kind: 'symlink', path: 'bin/sh', target: 'busybox' },
    script('init', INIT),
    script('sbin/poweroff', POWEROFF),
    script('sbin/reboot', REBOOT),
    script('etc/acpi/PWRF/00000080', POWER_BUTTON),
    script('etc/udhcpc.script', UDHCPC),
    plain('etc/profile', PROFILE),
    plain('etc/motd', MOTD),
    plain('etc/passwd', 'root:x:0:0:root:/root:/bin/sh\n'),
    plain('etc/group', 'root:x:0:\n'),
    plain('lib/ringfold/modules', modules.map(({ name }) => `${name}\n`).join('')),
    ...modules.map(
      ({ name, bytes }): CpioEntry => ({ kind: 'file', path: `lib/ringfold/${name}.ko`, contents: bytes }),
    ),
  ])
}

/** An archive to stand behind an initramfs: the guest runs these commands and powers off. */
export function scriptArchive(commands: string): Uint8Array {
  return writeCpio([directory('ringfold'), plain(SCRIPT_PATH, commands)])
}

/** An initramfs with another archive behind it, as Linux reads them: each starts at a multiple of 4 bytes. */
export function joinArchives(...archives: readonly Uint8Array[]): Uint8Array {
  const starts: number[] = []
  let length = 0
  for (const archive of archives) {
    starts.push(length)
    length += Math.ceil(archive.length / 4) * 4
  }
  const joined = new Uint8Array(length)
  for (const [n, archive] of archives.entries()) joined.set(archive, starts[n])
  return joined
}
