import type { Command } from 'commander'

/** The options of `start` as commander gives them. */
export interface StartOptions {
  readonly html?: string
}

const HELP = `
Decodes every executable section of a program from its first byte to its last, and tells what it consists of: classes of
instructions, extensions, the most frequent mnemonics, lengths, and the instructions that a monitor has to care about.
The sweep also meets data that lies among the code, so that rare instructions may be none.

Examples:
  $ ringfold start
  $ ringfold start /bin/ls
  $ ringfold start --html node.html`

/** Adds `ringfold start`. */
export function addStart(program: Command): void {
  program
    .command('start')
    .summary('decode and explain a program of this machine')
    .description('Decodes and explains a program of this machine: the Node that runs this, or another ELF file.')
    .argument('[file]', 'ELF file to read (default: the Node binary)')
    .option('--html <file>', 'write the charts to a self-contained HTML file too')
    .addHelpText('after', HELP)
    .action(async (file: string | undefined, options: StartOptions) =>
      (await import('./run.ts')).runStart(file, options),
    )
}
