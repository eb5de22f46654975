import type { Command } from 'commander'

/** The options of `census` as commander gives them. */
export interface CensusOptions {
  readonly html?: string
}

const HELP = `
Decodes every executable section of a program from its first byte to its last, and tells what it consists of: classes of
instructions, extensions, the most frequent mnemonics, lengths, and the instructions that a monitor has to care about.
The sweep also meets data that lies among the code, so that rare instructions may be none.

Examples:
  $ ringfold census
  $ ringfold census /bin/ls
  $ ringfold census --html node.html`

/** Adds `ringfold census`. */
export function addCensus(program: Command): void {
  program
    .command('census')
    .summary('decode and explain a program of this machine')
    .description('Decodes and explains a program of this machine: the Node that runs this, or another ELF file.')
    .argument('[file]', 'ELF file to read (default: the Node binary)')
    .option('--html <file>', 'write the charts to a self-contained HTML file too')
    .addHelpText('after', HELP)
    .action(async (file: string | undefined, options: CensusOptions) =>
      (await import('./run.ts')).runCensus(file, options),
    )
}
