/** Builds a machine. */
import { PhysicalMemory, PortSpace } from '@ringfold/memory'
import { cpuModel } from '@ringfold/rings'
import { Board } from './board/board.ts'
import {
  addInterruptControllers,
  addLegacyDevices,
  addPower,
  addSerialLines,
  addTimers,
  makePic,
} from './board/chipset.ts'
import { addPci, addVirtioDevices, defaultMac } from './board/pci.ts'
import { machineModel, makeProcessors } from './board/processors.ts'
import { modelShape } from './board/shape.ts'
import { MachineError } from './errors.ts'
import { planBoot, powerOn } from './firmware.ts'
import { platformHost } from './host.ts'
import { Inputs } from './inputs.ts'
import { Machine } from './machine.ts'
import type { MachineOptions } from './options.ts'
import { RunLoop } from './run-loop.ts'
import { MachineTime } from './time.ts'

const DEFAULT_MEMORY = 256 << 20
const LEAST_MEMORY = 1 << 20

/**
 * Makes a machine, which does not run yet. Throws `MachineError` `machine.option` for what no machine can have, `machine.boot` for what
 * cannot be booted, and what the parts throw.
 */
export function createMachine(options: MachineOptions = {}): Machine {
  const inputs = new Inputs()
  const board = makeBoard(options, inputs)
  const loop = new RunLoop({
    group: board.group,
    time: board.time,
    inputs,
    host: options.host ?? platformHost(),
    clock: options.clock ?? 'virtual',
    drain: () => board.drain(),
    tripleFault: (processor) => board.onEvent({ kind: 'triple-fault', processor }),
  })
  const { stopOnReset = false, resetOnTripleFault = false } = options
  const parts = { board, inputs, loop, stopsOnReset: stopOnReset, stopsOnTripleFault: !resetOnTripleFault }
  return new Machine(parts)
}

function makeBoard(options: MachineOptions, inputs: Inputs): Board {
  const { memory: ramBytes = DEFAULT_MEMORY, cpus = 1, boot } = options
  if (ramBytes < LEAST_MEMORY)
    throw new MachineError('machine.option', `a PC with ${ramBytes} bytes of memory`, 'give it 1 MiB or more')
  const memory = new PhysicalMemory({ ramBytes })
  const ports = new PortSpace()
  // Processors and time need one another; nothing asks before all is wired.
  let board: Board
  const time = new MachineTime(
    () => board.retired,
    () => board.group.stop(),
  )
  const counts = { portReads: 0, portWrites: 0, memoryReads: 0, memoryWrites: 0 }
  board = new Board({ memory, ports, time, counts })
  const model = machineModel(options.cpuModel ?? cpuModel())
  const pic = makePic(() => processors.apics[0]?.lint0)
  const processors = makeProcessors(model, options, {
    ...{ memory, ports, time, pic },
    interruptTaken: () => board.interrupts.count++,
  })
  board.group = processors.group
  addInterruptControllers(board, pic, processors)
  addTimers(board, options)
  addLegacyDevices(board, inputs, options)
  const host = addPci(board, addPower(board, inputs))
  addSerialLines(board, inputs, options)
  addVirtioDevices(board, host, inputs, options)
  for (const device of options.devices ?? []) board.addDevice(device.name, device.attach(board))
  board.shape = {
    ...{ cpus, memoryBytes: ramBytes, ...modelShape(model) },
    disks: (options.disks ?? []).map(({ backend }) => backend.sizeBytes),
    nets: (options.nets ?? []).map(({ mac }, n) => mac ?? defaultMac(n)),
    console: options.console !== undefined,
  }
  if (boot !== undefined) board.bootPlan = planBoot(board, boot)
  board.powerOn = () => powerOn(board)
  board.powerOn()
  return board
}
