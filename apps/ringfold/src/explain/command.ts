import { type Command, Option } from 'commander'
import { BITS } from '../numbers.ts'

/** The options of `explain` as commander gives them. */
export interface ExplainOptions {
  readonly bits: (typeof BITS)[number]
  readonly json: boolean
}

const HELP = `
A mnemonic shows all its forms. Bytes in hexadecimal and whole instructions show the one form that they are, with their
operands. The name of a form, as the table of a mnemonic shows it, shows that form.

Examples:
  $ ringfold explain popf
  $ ringfold explain "lock cmpxchg [rdi], rsi"
  $ ringfold explain 0f 01 d0
  $ ringfold explain mov_cr_r64 --json`

/** Adds `ringfold explain`. */
export function addExplain(program: Command): void {
  program
    .command('explain')
    .summary('tell everything about an instruction')
    .description(
      'Tells everything about an instruction: encoding, operands, flags, CPUID feature, privilege, sensitivity, intercepts, manual.',
    )
    .argument('<what...>', 'mnemonic, instruction, bytes in hexadecimal, or name of a form')
    .addOption(
      new Option('--bits <width>', 'width of the code that bytes and instructions stand in')
        .choices(BITS)
        .default('64'),
    )
    .option('--json', 'one JSON document', false)
    .addHelpText('after', HELP)
    .action(async (what: string[], options: ExplainOptions) => (await import('./run.ts')).runExplain(what, options))
}
