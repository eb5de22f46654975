import type { EngineName } from '@ringfold/cpu'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { ENGINE_NAMES } from '../engine-names.ts'
import { setCommandStatus } from '../exit.ts'
import { parseAddress, parseSize, parseWithin } from '../numbers.ts'

/** The options of `run` as commander gives them. */
export interface RunOptions {
  readonly guest?: string
  readonly kernel?: string
  readonly initrd?: string
  readonly module: readonly string[]
  readonly append: readonly string[]
  readonly entry?: string
  readonly disk: readonly string[]
  readonly memory?: number
  readonly cpus?: number
  readonly cpuModel?: string
  readonly cpuFeatures?: string
  readonly net: readonly string[]
  readonly serial: readonly string[]
  readonly debugExit?: number
  readonly engine: EngineName
  readonly stats: boolean
  readonly dump?: 'ir' | 'wasm'
  readonly at?: bigint
  readonly clock?: 'virtual' | 'real'
  readonly maxInstructions?: number
  readonly snapshot?: string
  readonly restore?: string
  readonly record?: string
  readonly replay?: string
  readonly gdb?: number
  readonly report?: string
  readonly script?: string
  readonly offline: boolean
  readonly reboot: boolean
  readonly quiet: boolean
}

const HELP = `
Guests: debian[:FLAVOUR] is a stock Debian kernel with busybox (cloud-amd64, amd64, 686, 686-pae), xen the same as
the first domain of Debian's Xen; both are obtained at first need, see "ringfold guest --help". lab is a small guest of our own.
Without a terminal a guest runs a script and powers off.

Disks:  FILE is a raw image that is written; FILE,ro is not written; FILE,overlay=OVERLAY keeps what is written in OVERLAY.
Nets:   user reaches services on this host's loopback at 10.0.2.2 (needs passt); switch:NAME connects machines with the same NAME.
Serial: stdio (the first line's default), file:FILE, unix:PATH, none. Given again, it is for the next line (COM2...).

On a terminal, Ctrl-] is the escape key: Ctrl-] x ends the machine, Ctrl-] p presses the power button, Ctrl-] s writes the snapshot.
SIGTERM presses the power button; a second one, or ten seconds without an answer, stops the machine.

Exit status: 0 the guest powered off; odd: (value << 1) | 1 of the debug-exit port; 2 wrong usage or bad input; 4 triple fault;
6 guest panic; 8 the instructions are used up; 10 host error.

Examples:
  $ ringfold run --guest debian
  $ ringfold run --guest debian:686 --cpus 2 --disk disk.img,overlay=changes.rfo --net user
  $ ringfold run --kernel vmlinuz --initrd initrd.img --append "console=ttyS0 quiet"
  $ ringfold run --guest debian --script 'uname -a; cat /proc/cpuinfo' --report report.json
  $ ringfold run --guest debian --append nokaslr --dump ir --at 0xffffffff81000000
  $ ringfold run --guest xen --cpus 2 --append "dom0_mem=384M"
  $ ringfold run --kernel xen.gz --module "vmlinuz console=hvc0" --module initrd.img --append "console=com1" --memory 512M
  $ ringfold run --kernel test.elf --module "env A=1" --serial stdio --debug-exit 0xf4 --cpu-model x86-64-v2-amd`

const gather = (value: string, before: readonly string[]): string[] => [...before, value]

function parsePort(text: string): number {
  return parseWithin(0, 0xfffc)(text)
}

function parseCount(text: string): number {
  const value = Number(text.replaceAll('_', ''))
  if (Number.isSafeInteger(value) && value > 0) return value
  throw new InvalidArgumentError('A number above 0 is wanted: 1000000, or 1e6.')
}

/** Adds `ringfold run`. */
export function addRun(program: Command): void {
  const command = program
    .command('run')
    .summary('run a machine')
    .description('Boots a PC of our own: a kernel and what belongs to it, or a guest that is known by name.')
    .option('--guest <name>', 'debian[:cloud-amd64|amd64|686|686-pae], xen or lab')
    .option('--kernel <file>', 'bzImage, ELF file (PVH), or multiboot kernel; one packed with gzip is unpacked')
    .option('--initrd <file>', "initial RAM disk; a multiboot kernel's first module")
    .option('--module <"file args">', 'a module of a multiboot kernel, with its text', gather, [])
    .option('--append <text>', "added to the kernel's command line; what comes later wins", gather, [])
    .addOption(
      new Option('--entry <how>', 'how the kernel is entered (default: as it is made for)').choices([
        ...['linux64', 'linux32', 'pvh', 'multiboot', 'elf'],
      ]),
    )
    .option('--disk <file[,ro|overlay=F]>', 'a virtio disk', gather, [])
    .option('--memory <size>', 'RAM, like 512M or 2G (default: 256M, for xen 512M)', parseSize)
    .option('--cpus <count>', 'processors (default: 1)', parseWithin(1, 255))
    .option('--cpu-model <name>', 'see "ringfold cpu-models"')
    .option('--cpu-features <list>', 'features switched on and off, like +aes,-sse4_2')
    .option('--net <how>', 'a virtio network card: none, user, or switch:NAME (default: none)', gather, [])
    .option('--serial <where>', 'a serial line: stdio, file:FILE, unix:PATH, none (default: stdio)', gather, [])
    .option('--debug-exit <port>', 'a device at which a guest ends the machine with a status', parsePort)
  addRunTail(command)
}

function addRunTail(command: Command): void {
  command
    .addOption(
      new Option('--engine <name>', 'what executes code; auto takes the fastest').choices(ENGINE_NAMES).default('auto'),
    )
    .addOption(
      new Option(
        '--clock <kind>',
        'virtual: a run repeats to the bit, waiting takes no time; real: along with the clock of this host (default: real on a terminal or with a network, else virtual)',
      ).choices(['virtual', 'real']),
    )
    .option('--max-instructions <count>', 'stop after so many, with status 8', parseCount)
    .option('--snapshot <file>', 'write a snapshot there at the end, or at Ctrl-] s')
    .option('--restore <file>', 'go on from a snapshot; disks are to be given as they were')
    .option('--record <file>', 'write down all input, so that the run can be replayed')
    .option('--replay <file>', 'take input from a recording, and compare the end state with its')
    .option('--gdb <port>', 'wait for gdb on this TCP port; 0 for any', parseWithin(0, 65535))
    .option('--report <file>', 'write what was measured, as JSON')
    .option(
      '--stats',
      'tell at the end what the engine counted: regions, modules, bytes, times, why it was left',
      false,
    )
    .addOption(
      new Option(
        '--dump <what>',
        'tell at the end what became of the code at --at: its IR pass by pass, or its WebAssembly',
      ).choices(['ir', 'wasm']),
    )
    .option('--at <address>', 'linear address of an instruction, for --dump', parseAddress)
    .option('--script <text>', 'commands for the shell of the guest, which then powers off')
    .option('--offline', 'obtain nothing: use what is there of a guest', false)
    .option('--no-reboot', 'a guest that resets itself ends the run')
    .option('--quiet', 'no progress', false)
    .addHelpText('after', HELP)
    .action(async (options: RunOptions) => setCommandStatus(await (await import('./run.ts')).runRun(options)))
}
