import type { Command } from 'commander'
import { setCommandStatus } from '../exit.ts'

/** The options of `start` as commander gives them. */
export interface StartOptions {
  readonly offline: boolean
}

const HELP = `
On a terminal you get the guest's shell: type "poweroff" to end, or Ctrl-] x. Otherwise it runs a short script and powers off.
"ringfold run --help" shows everything that a machine can be given.`

/** Adds `ringfold start`. */
export function addStart(program: Command): void {
  program
    .command('start')
    .summary('boot a stock Debian to its shell')
    .description(
      'Boots a stock Debian kernel on a PC of our own, to a shell; the lab guest where Debian cannot be had.',
    )
    .option('--offline', 'obtain nothing: use what is there', false)
    .addHelpText('after', HELP)
    .action(async (options: StartOptions) => setCommandStatus(await (await import('./run.ts')).runStart(options)))
}
