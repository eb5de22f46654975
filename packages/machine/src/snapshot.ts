/** Snapshots of a whole machine: everything but the contents of its disks. */
import { type CpuSnapshot, restoreState, saveState } from '@ringfold/arch'
import type { MemorySnapshot } from '@ringfold/memory'
import type { Board } from './board/board.ts'
import type { BoardShape } from './board/shape.ts'
import { MachineError } from './errors.ts'
import { decodePlain, encodePlain } from './plain-data.ts'

/** The version of what follows. It changes whenever the meaning of a part does. */
export const MACHINE_SNAPSHOT_VERSION = 1
const KIND = 'machine'

interface SavedMachine {
  readonly version: number
  readonly shape: BoardShape
  readonly skippedNs: number
  readonly turn: { readonly processor: number; readonly left: number }
  readonly processors: readonly CpuSnapshot[]
  readonly memory: MemorySnapshot
  readonly devices: Readonly<Record<string, unknown>>
  /** What a reset loads into memory again. */
  readonly boot: unknown
}

/** The state of a machine between two instructions. */
export function saveMachine(board: Board): Uint8Array {
  const { group, memory, time } = board
  // A restored machine begins with empty TLBs: so does this one from here on, and both go on alike.
  forgetTranslations(board)
  const saved: SavedMachine = {
    version: MACHINE_SNAPSHOT_VERSION,
    shape: board.shape,
    skippedNs: time.skippedNs,
    turn: group.turn,
    processors: group.processors.map(({ state }) => saveState(state)),
    memory: memory.save(),
    devices: Object.fromEntries([...board.devices].map(([name, device]) => [name, device.state()])),
    boot: board.bootPlan,
  }
  return encodePlain(KIND, saved)
}

function forgetTranslations({ group }: Board): void {
  for (const processor of group.processors) {
    processor.settle()
    processor.stateWritten()
  }
}

/** What a snapshot's machine is made of. Throws `MachineError` `machine.snapshot`. */
export function snapshotShape(bytes: Uint8Array): BoardShape {
  return decode(bytes).shape
}

function decode(bytes: Uint8Array): SavedMachine {
  const saved = decodePlain(KIND, bytes, 'machine.snapshot') as SavedMachine
  if (saved.version === MACHINE_SNAPSHOT_VERSION) return saved
  const what = `the snapshot is of version ${saved.version}, this release reads ${MACHINE_SNAPSHOT_VERSION}`
  throw new MachineError('machine.snapshot', what, 'restore it with the release that wrote it')
}

/** Puts a snapshot into a board that was made alike. Throws `MachineError` `machine.snapshot`. */
export function restoreMachine(board: Board, bytes: Uint8Array): void {
  const saved = decode(bytes)
  checkShape(board, saved)
  const { group, memory, time } = board
  memory.restore(saved.memory)
  for (const [n, { state }] of group.processors.entries()) restoreState(state, saved.processors[n] as CpuSnapshot)
  time.restore(saved.skippedNs)
  group.turn = saved.turn
  for (const [name, device] of board.devices) device.restore(saved.devices[name])
  board.bootPlan = saved.boot as Board['bootPlan']
  group.invalidateCode()
  for (const processor of group.processors) processor.stateWritten()
}

function checkShape(board: Board, { shape, devices }: SavedMachine): void {
  const refuse = (what: string) =>
    new MachineError(
      'machine.snapshot',
      `the snapshot is of another machine: ${what}`,
      'make the machine as that one was',
    )
  for (const key of Object.keys(board.shape) as (keyof BoardShape)[]) {
    const [wanted, found] = [shape[key], board.shape[key]].map((value) => JSON.stringify(value))
    if (wanted !== found) throw refuse(`its ${key} is ${wanted}, not ${found}`)
  }
  const [theirs, ours] = [Object.keys(devices), [...board.devices.keys()]].map((names) => names.sort().join(', '))
  if (theirs !== ours) throw refuse(`its devices are ${theirs}; here are ${ours}`)
}
