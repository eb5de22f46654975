import type { Command } from 'commander'

export interface DoctorOptions {
  readonly json: boolean
}

const HELP = `
Nothing of this is needed to install or to start Ringfold; each tool opens something more.
Exit status: 0, whatever is present.`

/** Adds `ringfold doctor`. */
export function addDoctor(program: Command): void {
  program
    .command('doctor')
    .summary('which optional tools are present, and what each is for')
    .description('Looks for the optional tools of this machine, and says what each is for and how to get it.')
    .option('--json', 'as JSON', false)
    .addHelpText('after', HELP)
    .action(async (options: DoctorOptions) => (await import('./run.ts')).runDoctor(options))
}
