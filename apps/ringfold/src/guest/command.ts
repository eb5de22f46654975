import { type Command, Option } from 'commander'

/** The options of `guest` as commander gives them. */
export interface GuestOptions {
  readonly flavour?: string
  readonly offline: boolean
  readonly refresh: boolean
  readonly json: boolean
}

const HELP = `
It is kept in the folder "ringfold" of XDG_CACHE_HOME (else of ~/.cache), and compared with its sums at each use. Nothing of the
system's configuration changes, and root is not needed.

Examples:
  $ ringfold guest debian
  $ ringfold guest debian --flavour 686-pae --refresh
  $ ringfold guest xen`

/** Adds `ringfold guest`. */
export function addGuest(program: Command): void {
  program
    .command('guest')
    .summary('obtain a guest')
    .description(
      "Obtains Debian's kernel and busybox with the system's package tool, and makes an initramfs of them; for xen, its hypervisor too.",
    )
    .argument('<name>', 'debian or xen')
    .addOption(
      new Option('--flavour <name>', 'which of its kernels (default: cloud-amd64); xen has amd64').choices([
        ...['cloud-amd64', 'amd64', '686', '686-pae'],
      ]),
    )
    .option('--offline', 'obtain nothing: say what is there', false)
    .option('--refresh', 'look for a newer kernel', false)
    .option('--json', 'as JSON', false)
    .addHelpText('after', HELP)
    .action(async (name: string, options: GuestOptions) => (await import('./run.ts')).runGuest(name, options))
}
