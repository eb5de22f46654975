import type { EngineName } from '@ringfold/cpu'
import { type Command, Option } from 'commander'
import { ENGINE_NAMES } from '../engine-names.ts'
import { BITS } from '../numbers.ts'

/** The options of `exec` as commander gives them. */
export interface ExecOptions {
  readonly bits: (typeof BITS)[number]
  readonly set: readonly string[]
  readonly user: boolean
  readonly engine: EngineName
  readonly cpuModel?: string
  readonly steps: number
  readonly all: boolean
  readonly json: boolean
}

const HELP = `
The program stands at 40000H, its data at 50000H (RSI, RDI and RBX point there), its stack below 70000H. It runs at
privilege level 0 until it has passed its last instruction, faults, halts, or has used up --steps.

Examples:
  $ ringfold exec "mov eax, 5; sub eax, 7"
  $ ringfold exec "shl eax, 3" --set eax=0x80000001 --set cf=1
  $ ringfold exec "addps xmm0, [rdi]" --set xmm0=0x3f800000 --set [rdi]=0x40000000
  $ ringfold exec --bits 16 "mov ax, 0x1234; push ax; popf"
  $ ringfold exec "div ecx" --set ecx=0`

const collect = (value: string, before: readonly string[]): readonly string[] => [...before, value]

/** Adds `ringfold exec`. */
export function addExec(program: Command): void {
  program
    .command('exec')
    .summary('execute instructions, and show what they change')
    .description(
      'Executes instructions on a processor, and shows the state before and after; undefined flags are marked.',
    )
    .argument('<text...>', 'instructions, with ; between them')
    .addOption(new Option('--bits <width>', 'width of the code; 16 is real mode').choices(BITS).default('64'))
    .option('--set <name=value>', 'set a register, a flag, or memory at [register] or [address] before', collect, [])
    .option('--user', 'run at privilege level 3', false)
    .addOption(new Option('--engine <name>', 'what executes').choices(ENGINE_NAMES).default('reference'))
    .option('--cpu-model <name>', 'a processor of `ringfold cpu-models`')
    .option('--steps <count>', 'instructions at most', (text) => Number.parseInt(text, 10), 10_000)
    .option('--all', 'show what stays the same, too', false)
    .option('--json', 'one JSON document', false)
    .addHelpText('after', HELP)
    .action(async (text: string[], options: ExecOptions) => (await import('./run.ts')).runExec(text, options))
}
