import type { Command } from 'commander'

/** The options of `cpu-models` as commander gives them. */
export interface CpuModelsOptions {
  readonly features: string
  readonly json: boolean
}

const HELP = `
Examples:
  $ ringfold cpu-models
  $ ringfold cpu-models x86-64-v2 --features=-AES,-PCLMULQDQ
  $ ringfold cpu-models --json`

/** Adds `ringfold cpu-models`. */
export function addCpuModels(program: Command): void {
  program
    .command('cpu-models')
    .summary('list the processors that a machine can have')
    .description('Lists the CPU models, or tells everything about one: vendor, family, address widths, features.')
    .argument('[name]', 'a model')
    .option('--features <changes>', 'switch features on and off, as +NAME,-NAME', '')
    .option('--json', 'one JSON document', false)
    .addHelpText('after', HELP)
    .action(async (name: string | undefined, options: CpuModelsOptions) =>
      (await import('./run.ts')).runCpuModels(name, options),
    )
}
