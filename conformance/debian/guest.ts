/** A Debian guest on a machine of this process, driven by its console. */
import { readFileSync } from 'node:fs'
import { GUEST_PROMPT } from '@ringfold/guests'
import { type DebianGuest, HostError, obtainDebian } from '@ringfold/host-node'
import { createMachine, type Machine, type MachineEnd, type MachineOptions } from '@ringfold/machine'
import { ConsoleDriver } from '@ringfold/testkit'

/** The guest, or why it cannot be had. */
export async function debianOr(): Promise<DebianGuest | string> {
  try {
    return await obtainDebian({ flavour: 'cloud-amd64' })
  } catch (error) {
    if (error instanceof HostError) return error.message
    throw error
  }
}

export interface RunningGuest {
  readonly machine: Machine
  readonly console: ConsoleDriver
  readonly ended: Promise<MachineEnd>
  /** All that was printed, for whoever looks for warnings. */
  log(): string
}

/** Boots it to its prompt. */
export async function bootDebian(guest: DebianGuest, options: MachineOptions, commandLine = ''): Promise<RunningGuest> {
  const machine = createMachine({
    memory: 256 << 20,
    ...options,
    boot: {
      kernel: readFileSync(guest.kernelPath),
      initrd: readFileSync(guest.initramfsPath),
      commandLine: `console=ttyS0 ${commandLine}`,
    },
  })
  return started(machine)
}

/** Lets a machine run, with a hand on its console. */
export function started(machine: Machine): RunningGuest {
  const serial = machine.serial[0]
  if (serial === undefined) throw new Error('no serial line')
  let log = ''
  serial.onOutput((bytes) => {
    log += new TextDecoder('latin1').decode(bytes)
  })
  const console = new ConsoleDriver(serial, { prompt: GUEST_PROMPT, patienceMs: 50_000 })
  return { machine, console, ended: machine.run(), log: () => log }
}
