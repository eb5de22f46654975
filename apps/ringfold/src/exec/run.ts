import process from 'node:process'
import { type CpuState, FIELD } from '@ringfold/arch'
import type { ExceptionEvent } from '@ringfold/cpu'
import { type Assembled, AssemblerError, assemble } from '@ringfold/isa/assembler'
import { type CpuModel, cpuModel, type RingsError } from '@ringfold/rings'
import { InputError } from '../exit.ts'
import type { Bits } from '../numbers.ts'
import type { ExecOptions } from './command.ts'
import { CODE, ExecMachine } from './machine.ts'
import { type Change, type ExecReport, exceptionName, flagNames, flagsText, registersOf, reportText } from './report.ts'
import { applySetting } from './settings.ts'
import { UndefinedFlags } from './undefined-flags.ts'

function assembled(text: string, bits: Bits): Assembled {
  try {
    return assemble(text.replaceAll(';', '\n'), { bits, origin: bits === 16 ? 0n : BigInt(CODE) })
  } catch (error) {
    if (error instanceof AssemblerError) throw new InputError(error.message)
    throw error
  }
}

function modelOf(name: string | undefined): CpuModel {
  try {
    return cpuModel(name)
  } catch (error) {
    const { code, message, remedy } = error as RingsError
    throw code === 'model.unknown' ? new InputError(message, remedy) : error
  }
}

interface Run {
  readonly ended: string
  readonly exception: ExceptionEvent | undefined
  readonly address: number
  readonly retired: number
  readonly undefinedFlags: number
}

const LONGEST = 15
const RCX = 1

/** Runs to the end of the program, instruction by instruction, so that undefined flags can be followed. */
function execute(machine: ExecMachine, lengthBytes: number, bits: Bits, steps: number): Run {
  const { cpu, memory } = machine
  const flags = new UndefinedFlags(bits)
  const [start, base] = bits === 16 ? [0, CODE] : [CODE, 0]
  const end = start + lengthBytes
  const bytes = new Uint8Array(LONGEST)
  let retired = 0
  let address = start
  const done = (ended: string): Run => {
    return { ended, exception: machine.exception, address, retired, undefinedFlags: flags.mask }
  }
  while (retired < steps) {
    address = cpu.state.lo(FIELD.rip)
    if (address === end) return done('end')
    memory.readBytes(base + address, bytes)
    const cl = cpu.state.lo(FIELD.gpr, RCX) & 0xff
    const { reason, retired: count } = cpu.run(1)
    if (machine.exception !== undefined) return done(exceptionName(machine.exception.vector))
    if (count > 0) flags.note(bytes, cl)
    retired += count
    if (reason === 'halted' || reason === 'shutdown') return done(reason)
  }
  return done('steps')
}

function changesOf(before: ReadonlyMap<string, string>, after: CpuState, all: boolean): Change[] {
  const now = registersOf(after)
  return [...before]
    .map(([name, value]) => ({ name, before: value, after: now.get(name) ?? '' }))
    .filter((change) => all || (change.name !== 'rip' && change.before !== change.after))
}

/** Bytes of RAM that changed, in runs of up to 16; the page tables' accessed bits are not the program's. */
function memoryChanges(before: Uint8Array, after: Uint8Array): ExecReport['memory'] {
  const runs: { address: string; before: string; after: string }[] = []
  const text = (bytes: Uint8Array, from: number, to: number): string =>
    [...bytes.subarray(from, to)].map((byte) => byte.toString(16).padStart(2, '0')).join(' ')
  for (let at = CODE; at < after.length; at++) {
    if (before[at] === after[at]) continue
    let end = at + 1
    for (let n = end; n < at + 16; n++) if (before[n] !== after[n]) end = n + 1
    runs.push({ address: `[0x${at.toString(16)}]`, before: text(before, at, end), after: text(after, at, end) })
    at = end
  }
  return runs
}

/** `ringfold exec`. */
export function runExec(words: readonly string[], options: ExecOptions): void {
  const bits = Number(options.bits) as Bits
  if (!(options.steps > 0)) throw new InputError('--steps wants a number above 0')
  const { bytes, listing } = assembled(words.join(' '), bits)
  const model = modelOf(options.cpuModel)
  const machine = new ExecMachine({ bits, user: options.user, engine: options.engine, model })
  machine.memory.writeBytes(CODE, bytes)
  for (const setting of options.set) applySetting(machine, setting)
  machine.cpu.stateWritten()
  const { state } = machine.cpu
  const [registers, flags, ram] = [registersOf(state), flagsText(state), machine.memory.bytes.slice(0, 1 << 20)]
  const run = execute(machine, bytes.length, bits, options.steps)
  const errorCode = run.exception?.errorCode
  const report: ExecReport = {
    ended: run.ended,
    ...(errorCode === undefined ? {} : { errorCode: `0x${errorCode.toString(16)}` }),
    ...(run.exception === undefined ? {} : { address: `0x${run.address.toString(16)}` }),
    instructions: listing.filter((line) => line.bytes.length > 0).map((line) => line.text),
    retired: run.retired,
    registers: changesOf(registers, state, options.all),
    flags: { before: flags, after: flagsText(state), undefined: flagNames(run.undefinedFlags) },
    memory: memoryChanges(ram, machine.memory.bytes.subarray(0, 1 << 20)),
  }
  process.stdout.write(options.json ? `${JSON.stringify(report, null, 2)}\n` : reportText(report))
}
