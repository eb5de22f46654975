import { type Command, Option } from 'commander'
import { BITS, parseAddress } from '../numbers.ts'

/** The options of `asm` as commander gives them. */
export interface AsmOptions {
  readonly bits: (typeof BITS)[number]
  readonly file?: string
  readonly base?: bigint
  readonly listing: boolean
  readonly binary: boolean
  readonly json: boolean
}

const HELP = `
Instructions are written as in Intel's manual. Several stand on lines of their own, or with ; between them.

Examples:
  $ ringfold asm "mov rax, [rbx+8*rcx+0x10]"
  $ ringfold asm --bits 16 --listing "cli; xor ax, ax; mov ds, ax"
  $ ringfold asm --file boot.s --bits 16 --binary > boot.bin
  $ echo "vmlaunch" | ringfold asm - --json`

/** Adds `ringfold asm`. */
export function addAsm(program: Command): void {
  program
    .command('asm')
    .summary('assemble instructions')
    .description('Assembles instructions, and prints their bytes in hexadecimal.')
    .argument('[text...]', 'instructions, - to read them from standard input')
    .addOption(new Option('--bits <width>', 'width of the code').choices(BITS).default('64'))
    .option('--file <path>', 'read the instructions from a file')
    .option('--base <address>', 'address of the first byte', parseAddress)
    .addOption(
      new Option('--listing', 'one line for each instruction: address, bytes, text')
        .default(false)
        .conflicts(['json', 'binary']),
    )
    .addOption(new Option('--binary', 'write the bytes themselves').default(false).conflicts(['json', 'listing']))
    .option('--json', 'one JSON object a line: address, bytes, mnemonic, text', false)
    .addHelpText('after', HELP)
    .action(async (text: string[], options: AsmOptions) => (await import('./run.ts')).runAsm(text, options))
}
