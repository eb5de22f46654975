import { readFileSync } from 'node:fs'
import process from 'node:process'
import { Command, CommanderError } from 'commander'
import { addAsm } from './asm/command.ts'
import { addCensus } from './census/command.ts'
import { addCompletion } from './completion.ts'
import { addCpuModels } from './cpu-models/command.ts'
import { addDisasm } from './disasm/command.ts'
import { addDoctor } from './doctor/command.ts'
import { addExec } from './exec/command.ts'
import { commandStatus, ExitStatus, isInputError, reportHostError } from './exit.ts'
import { addExplain } from './explain/command.ts'
import { addGdb } from './gdb/command.ts'
import { addGuest } from './guest/command.ts'
import { addRun } from './run/command.ts'
import { addStart } from './start/command.ts'
import { styled } from './style.ts'
import { addWalk } from './walk/command.ts'

const HELP = `
Every command has --help, with examples.
Exit status: 0 done; 2 wrong usage or bad input; 10 host error; a machine has more: see "ringfold run --help".`

/** Beside `src` as beside `dist`. */
const version = (): string =>
  (JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }).version

/** The whole command line. What a command needs is loaded when it runs. */
async function buildProgram(argv: readonly string[]): Promise<Command> {
  const program = new Command('ringfold')
    .description('x86 virtualization taken apart: instructions, a processor, and the PC around it.')
    .version(version(), '--version', 'print the version')
    .helpCommand('help [command]', 'show the help of a command')
    .configureHelp({ styleTitle: (text) => styled('bold', text), styleCommandText: (text) => styled('cyan', text) })
    .showHelpAfterError('(--help shows what there is)')
    .addHelpText('after', HELP)
    .exitOverride()
  addStart(program)
  addRun(program)
  addGuest(program)
  addCensus(program)
  addDisasm(program)
  addAsm(program)
  addExplain(program)
  addExec(program)
  addCpuModels(program)
  addDoctor(program)
  addGdb(program)
  addWalk(program)
  await addCompletion(program, argv)
  return program
}

/**
 * Runs the command line.
 *
 * @param argv arguments after the name of the program
 * @returns the exit status
 */
export async function run(argv: readonly string[]): Promise<number> {
  try {
    const program = await buildProgram(argv)
    await program.parseAsync(argv, { from: 'user' })
    return commandStatus()
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? ExitStatus.ok : ExitStatus.usage
    if (!isInputError(error)) return reportHostError(error)
    process.stderr.write(`error: ${error.message}${error.remedy === '' ? '' : ` (${error.remedy})`}\n`)
    return ExitStatus.usage
  }
}
