import type { EngineName } from '@ringfold/cpu'
import { type Command, Option } from 'commander'
import { ENGINE_NAMES } from '../engine-names.ts'
import { parseAddress, parseWithin } from '../numbers.ts'

/** The options of `gdb` as commander gives them. */
export interface GdbOptions {
  readonly bios: boolean
  readonly at?: bigint
  readonly cpus: number
  readonly startup?: number
  readonly memory: number
  readonly model?: string
  readonly engine: EngineName
  readonly architecture: string
  readonly port: number
}

const HELP = `
The machine has processors and memory, and no devices yet. It stands still until gdb comes, and ends when gdb detaches.

Examples:
  $ ringfold asm --bits 16 --base 0x7c00 --file boot.s --binary > boot.bin
  $ ringfold gdb boot.bin --architecture i8086
  $ gdb -ex "target remote :1234"
  $ ringfold gdb firmware.bin --bios --cpus 2 --port 0`

/** Adds `ringfold gdb`. */
export function addGdb(program: Command): void {
  program
    .command('gdb')
    .summary('execute code under gdb')
    .description('Puts a program into the memory of a machine, and lets gdb execute it.')
    .argument('<image>', 'a boot sector or other plain code, or firmware; - for standard input')
    .option(
      '--bios',
      'firmware: it ends at 4 GiB and, as far as 128 KiB go, at 1 MiB; starts at the reset vector',
      false,
    )
    .option('--at <address>', 'where plain code lies, and is entered in real mode (default: 0x7c00)', parseAddress)
    .option('--cpus <count>', 'processors', parseWithin(1, 64), 1)
    .option('--startup <vector>', 'a start-up IPI for the others: they begin at this page', parseWithin(0, 255))
    .option('--memory <MiB>', 'RAM', parseWithin(1, 4096), 16)
    .option('--model <name>', 'processor model (see cpu-models)')
    .addOption(new Option('--engine <name>', 'what executes code').choices(ENGINE_NAMES).default('interpreter'))
    .addOption(
      new Option('--architecture <name>', 'how gdb reads code; the first one is right for all registers')
        .choices(['i386:x86-64', 'i386', 'i8086'])
        .default('i386:x86-64'),
    )
    .option('--port <number>', 'TCP port on this host; 0 for any', parseWithin(0, 65535), 1234)
    .addHelpText('after', HELP)
    .action(async (image: string, options: GdbOptions) => (await import('./run.ts')).runGdb(image, options))
}
