import { type Command, Option } from 'commander'
import { BITS, parseAddress, parseByteCount } from '../numbers.ts'

/** The options of `disasm` as commander gives them. */
export interface DisasmOptions {
  readonly bits?: (typeof BITS)[number]
  readonly syntax: 'intel' | 'att'
  readonly section?: string
  readonly offset?: number
  readonly length?: number
  readonly base?: bigint
  readonly json: boolean
}

const HELP = `
An ELF file shows its executable sections, with symbols as labels; any other file is code from its first byte on.
Bytes that are no instruction are shown one at a time as (bad), and decoding goes on at the next byte.
Numbers are decimal, or hexadecimal with 0x.

Examples:
  $ ringfold disasm /bin/ls | less
  $ ringfold disasm vmlinux --section .init.text --syntax att
  $ ringfold disasm disk.img --bits 16 --length 512 --base 0x7c00
  $ printf '\\x0f\\x01\\xd0' | ringfold disasm - --json`

/** Adds `ringfold disasm`. */
export function addDisasm(program: Command): void {
  program
    .command('disasm')
    .summary('disassemble an ELF file, or plain bytes')
    .description('Disassembles an ELF file, or plain bytes.')
    .argument('<file>', 'file to read, - for standard input')
    .addOption(
      new Option('--bits <width>', 'width of the code (default: what the ELF file says, else 64)').choices(BITS),
    )
    .addOption(
      new Option('--syntax <syntax>', 'how instructions are written').choices(['intel', 'att']).default('intel'),
    )
    .addOption(new Option('--section <name>', 'only this section of an ELF file').conflicts(['offset', 'length']))
    .option('--offset <bytes>', 'start here in the file (default: 0)', parseByteCount)
    .option('--length <bytes>', 'this many bytes (default: to the end)', parseByteCount)
    .option(
      '--base <address>',
      'address of the first byte of what --section or --offset chooses, else of the image or file',
      parseAddress,
    )
    .option('--json', 'one JSON object a line: address, bytes, mnemonic, text, label', false)
    .addHelpText('after', HELP)
    .action(async (file: string, options: DisasmOptions) => (await import('./run.ts')).runDisasm(file, options))
}
