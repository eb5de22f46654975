import { type Command, InvalidArgumentError, Option } from 'commander'
import { parseAddress } from '../numbers.ts'

/** The choices of `--mode`. */
export const MODES = ['4-level', '5-level', 'pae', '32-bit'] as const
export type Mode = (typeof MODES)[number]

/** The options of `walk` as commander gives them. */
export interface WalkOptions {
  readonly cr3: bigint
  readonly mode: Mode
  readonly base: bigint
  readonly maxphyaddr: number
  readonly nx: boolean
  readonly wp: boolean
  readonly pse: boolean
  readonly smep: boolean
  readonly smap: boolean
  readonly write: boolean
  readonly fetch: boolean
  readonly user: boolean
  readonly ac: boolean
  readonly json: boolean
}

const HELP = `
DUMP holds physical memory as it is, from --base on. It is only read: what an access would set in the entries (accessed and dirty
bits) is told, and not done. A page fault is an answer too, and ends with status 0.
Numbers are decimal, or hexadecimal with 0x.

Examples:
  $ ringfold walk memory.raw --cr3 0x1000 0xffff888000123456
  $ ringfold walk memory.raw --cr3 0x1000 --user --write 0x7f0000001000 0x400000
  $ ringfold walk memory.raw --cr3 0x2000 --mode pae --no-nx 0xc0100000 --json
  $ ringfold walk - --base 0x100000 --cr3 0x101000 0x400000 < high.raw`

function parseWidth(text: string): number {
  const bits = Number(text)
  if (!(Number.isInteger(bits) && bits >= 32 && bits <= 52)) throw new InvalidArgumentError('It is 32 to 52.')
  return bits
}

const collect = (text: string, before: readonly bigint[] = []): bigint[] => [...before, parseAddress(text)]

/** Adds `ringfold walk`. */
export function addWalk(program: Command): void {
  const command = program
    .command('walk')
    .summary('walk the page tables in a memory dump, and explain each level')
    .description(
      'Walks the page tables in a dump of physical memory, and explains each level down to the page or the page fault.',
    )
    .argument('<dump>', 'file of raw physical memory, - for standard input')
    .argument('<address...>', 'linear addresses', collect)
    .addOption(
      new Option('--cr3 <value>', 'CR3: where the first table lies').argParser(parseAddress).makeOptionMandatory(),
    )
    .addOption(new Option('--mode <mode>', 'paging mode').choices(MODES).default('4-level'))
    .addOption(
      new Option('--base <address>', 'physical address of the first byte of the dump')
        .argParser(parseAddress)
        .default(0n, '0'),
    )
    .addOption(
      new Option('--maxphyaddr <bits>', 'physical-address width of the processor').argParser(parseWidth).default(52),
    )
  addControls(command)
  command
    .option('--write', 'the access is a write', false)
    .addOption(new Option('--fetch', 'the access is an instruction fetch').default(false).conflicts('write'))
    .option('--user', 'the access is made at CPL 3', false)
    .addOption(new Option('--ac', 'EFLAGS.AC is set: SMAP lets the access pass').default(false).conflicts('user'))
    .option('--json', 'one JSON object a line, for each address', false)
    .addHelpText('after', HELP)
    .action(async (dump: string, addresses: bigint[], options: WalkOptions) =>
      (await import('./run.ts')).runWalk(dump, addresses, options),
    )
}

/** The control bits, each with its opposite. What systems set is on; SMEP and SMAP, which only forbid, are off. */
function addControls(command: Command): void {
  command
    .option('--nx', 'IA32_EFER.NXE is set', true)
    .option('--no-nx', 'it is not: bit 63 of entries is reserved')
    .option('--wp', 'CR0.WP is set', true)
    .option('--no-wp', 'it is not: supervisor writes ignore R/W')
    .option('--pse', 'CR4.PSE is set: 4-MByte pages in 32-bit mode', true)
    .option('--no-pse', 'it is not')
    .option('--smep', 'CR4.SMEP is set', false)
    .option('--smap', 'CR4.SMAP is set', false)
}
