import process, { availableMemory } from 'node:process'
import type { ConsoleBackend } from '@ringfold/contracts'
import { enableBranchHints, readFileChecked, writeFileAtomically } from '@ringfold/host-node'
import {
  createMachine,
  decodeRecording,
  type Machine,
  type MachineEnd,
  type MachineOptions,
  snapshotShape,
} from '@ringfold/machine'
import { type CpuModel, cpuModel, withFeatures } from '@ringfold/rings'
import { ExitStatus, InputError } from '../exit.ts'
import { withInputErrors } from '../host-errors.ts'
import type { RunOptions } from './command.ts'
import { openDisk, openNet, openSerial } from './devices.ts'
import { Dump } from './dump.ts'
import { chooseGuest } from './guest.ts'
import { reportOf } from './report.ts'
import { Session } from './session.ts'
import { statsTable } from './stats.ts'

const DEFAULT_MEMORY = 256 << 20

/** `ringfold run`. @returns the exit status */
export async function runRun(options: RunOptions): Promise<number> {
  enableBranchHints()
  return withInputErrors(() => run(options))
}

async function run(options: RunOptions): Promise<number> {
  const dump = Dump.of(options)
  checkOptions(options)
  const isInteractive = process.stdin.isTTY === true && process.stdout.isTTY === true
  const guest = await chooseGuest(options, isInteractive)
  const snapshot = await optionalFile(options.restore, 'snapshot')
  const recording = await optionalFile(options.replay, 'recording')
  const session = new Session(options, isInteractive)
  const epochSeconds = epochOf(options, recording, isInteractive)
  const machine = await build(options, { ...guest, snapshot, epochSeconds }, session, isInteractive, dump)
  session.attach(machine)
  try {
    if (snapshot !== undefined) machine.restore(snapshot)
    if (recording !== undefined) machine.replay(recording)
    if (options.record !== undefined) machine.record()
    const startMs = performance.now()
    const end = await session.run()
    const seconds = (performance.now() - startMs) / 1000
    await writeResults(options, { machine, dump, guest: guest.name, end, seconds, epochSeconds })
    return statusOf(end, machine, options)
  } finally {
    session.end()
    await machine.close()
  }
}

function checkOptions({ record, replay, restore, kernel, guest }: RunOptions): void {
  if (record !== undefined && replay !== undefined)
    throw new InputError('--record and --replay exclude each other', 'give one of them')
  if (restore !== undefined && (kernel !== undefined || guest !== undefined))
    throw new InputError('--restore brings its kernel with it', 'leave out --kernel and --guest')
}

async function optionalFile(path: string | undefined, what: string): Promise<Uint8Array | undefined> {
  return path === undefined ? undefined : readFileChecked(path, { what })
}

function modelOf(options: RunOptions, snapshot: Uint8Array | undefined): CpuModel {
  const { cpuModel: name, cpuFeatures = '' } = options
  if (snapshot === undefined || name !== undefined || cpuFeatures !== '')
    return withFeatures(cpuModel(name), cpuFeatures)
  const shape = snapshotShape(snapshot)
  return { ...cpuModel(shape.cpuModel), features: new Set(shape.cpuFeatures) }
}

/** Whether the machine's clock follows this host's. */
function clockOf({ clock, net }: RunOptions, isInteractive: boolean): 'virtual' | 'real' {
  const isReal = isInteractive || net.some((text) => text !== 'none')
  return clock ?? (isReal ? 'real' : 'virtual')
}

/** What the real-time clock shows at power-on: in a replay, what it showed then. */
function epochOf(options: RunOptions, recording: Uint8Array | undefined, isInteractive: boolean): number {
  const noted = recording === undefined ? undefined : decodeRecording(recording).notes.epochSeconds
  if (typeof noted === 'number') return noted
  return clockOf(options, isInteractive) === 'real' ? Math.floor(Date.now() / 1000) : VIRTUAL_EPOCH
}

interface Beginning {
  readonly boot: MachineOptions['boot']
  /** RAM where nobody says otherwise. */
  readonly memoryBytes?: number
  readonly snapshot: Uint8Array | undefined
  readonly epochSeconds: number
}

/** Makes the machine that options and snapshot describe. */
async function build(
  options: RunOptions,
  { boot, memoryBytes = DEFAULT_MEMORY, snapshot, epochSeconds }: Beginning,
  session: Session,
  isInteractive: boolean,
  dump: Dump | undefined,
): Promise<Machine> {
  const shape = snapshot === undefined ? undefined : snapshotShape(snapshot)
  const memory = options.memory ?? shape?.memoryBytes ?? memoryBytes
  if (memory > availableMemory())
    throw new InputError(
      `this host has ${Math.floor(availableMemory() / 2 ** 20)} MiB to spare, the machine wants ${memory / 2 ** 20}`,
      'give less --memory',
    )
  const isReplay = options.replay !== undefined
  const disks = []
  for (const disk of options.disk)
    disks.push({ backend: await openDisk(disk, { isReplay, isRecorded: options.record !== undefined }) })
  const nets = []
  for (const net of options.net) {
    const backend = await openNet(net, isReplay)
    if (backend !== undefined) nets.push({ backend })
  }
  return createMachine({
    memory,
    cpus: options.cpus ?? shape?.cpus ?? 1,
    cpuModel: modelOf(options, snapshot),
    engine: dump?.engine ?? options.engine,
    clock: clockOf(options, isInteractive),
    epochSeconds,
    serial: await serialLines(options, session),
    disks,
    nets,
    stopOnReset: !options.reboot,
    ...(boot === undefined ? {} : { boot }),
    ...(options.debugExit === undefined ? {} : { debugExitPort: options.debugExit }),
  })
}

/** What the clock of a machine with virtual time shows at power-on: 2026-01-01. */
const VIRTUAL_EPOCH = Date.UTC(2026, 0, 1) / 1000

async function serialLines(options: RunOptions, session: Session): Promise<(ConsoleBackend | undefined)[]> {
  const wanted = options.serial.length === 0 ? ['stdio'] : options.serial
  if (wanted.filter((text) => text === 'stdio').length > 1)
    throw new InputError('two serial lines want standard input and output', 'give --serial stdio once')
  const lines = []
  for (const text of wanted) lines.push(await openSerial(text, session.serialUse))
  return lines
}

interface Results {
  readonly machine: Machine
  readonly dump: Dump | undefined
  readonly guest: string
  readonly end: MachineEnd
  readonly seconds: number
  readonly epochSeconds: number
}

async function writeResults(options: RunOptions, results: Results): Promise<void> {
  const { machine, guest, end, seconds, epochSeconds } = results
  const { report, record, snapshot, stats } = options
  if (results.dump !== undefined) process.stderr.write(await results.dump.text())
  if (stats) process.stderr.write(`${statsTable(machine.engineStatistics())}\n`)
  if (report !== undefined) {
    const text = JSON.stringify(reportOf(guest, machine, end, seconds), null, 2)
    await writeFileAtomically(report, `${text}\n`)
  }
  if (record !== undefined) await writeFileAtomically(record, machine.recording({ epochSeconds }))
  if (snapshot !== undefined) await writeFileAtomically(snapshot, machine.snapshot())
}

function statusOf(end: MachineEnd, machine: Machine, options: RunOptions): number {
  if (options.replay !== undefined) {
    const isSame = machine.replayMatches
    process.stderr.write(isSame ? 'replay: the same state as recorded\n' : 'replay: another state than recorded\n')
    if (!isSame) return ExitStatus.hostError
  }
  switch (end.kind) {
    case 'debug-exit':
      return end.status
    case 'triple-fault':
      process.stderr.write(`processor ${end.processor} shut down: a triple fault\n`)
      return ExitStatus.tripleFault
    case 'panic':
      process.stderr.write('the guest panicked\n')
      return ExitStatus.guestPanic
    case 'dead':
      process.stderr.write('all processors wait, and nothing can wake them\n')
      return ExitStatus.guestPanic
    case 'budget':
      process.stderr.write('the instructions are used up\n')
      return ExitStatus.budget
    default:
      return ExitStatus.ok
  }
}
