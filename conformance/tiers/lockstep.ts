/** A Debian guest on several engines from one snapshot on: where their states first differ, if they do. */
import { readFileSync } from 'node:fs'
import type { EngineName } from '@ringfold/cpu'
import type { DebianGuest } from '@ringfold/host-node'
import { createMachine, type Machine } from '@ringfold/machine'

const MEMORY_BYTES = 256 << 20

/** A machine at its reset with the guest loaded, or where a snapshot says. */
export function debianOn(guest: DebianGuest, engine: EngineName, snapshot?: Uint8Array): Machine {
  const machine = createMachine({
    memory: MEMORY_BYTES,
    engine,
    clock: 'virtual',
    epochSeconds: 1_790_000_000,
    boot: {
      kernel: readFileSync(guest.kernelPath),
      initrd: readFileSync(guest.initramfsPath),
      commandLine: 'console=ttyS0',
    },
  })
  if (snapshot !== undefined) machine.restore(snapshot)
  return machine
}

/** Snapshots of a boot after so many instructions each, one behind the other. */
export async function* pointsOfBoot(
  guest: DebianGuest,
  engine: EngineName,
  points: readonly number[],
): AsyncGenerator<Uint8Array> {
  const machine = debianOn(guest, engine)
  let done = 0
  for (const point of points) {
    await machine.run({ instructions: point - done })
    done = point
    yield machine.snapshot()
  }
  await machine.close()
}

/** The state's hash after so many instructions from a snapshot on. */
export async function hashAfter(
  guest: DebianGuest,
  engine: EngineName,
  from: Uint8Array,
  instructions: number,
): Promise<string> {
  const machine = debianOn(guest, engine, from)
  await machine.run({ instructions })
  const hash = machine.stateHash()
  await machine.close()
  return hash
}

/**
 * The number of instructions after which an engine's state first differs from the interpreter's, by bisecting: `undefined` if it does not
 * after `instructions`. States that differ are taken to stay so.
 */
export async function firstDifference(
  guest: DebianGuest,
  engine: EngineName,
  from: Uint8Array,
  instructions: number,
): Promise<number | undefined> {
  const differs = async (n: number) =>
    (await hashAfter(guest, engine, from, n)) !== (await hashAfter(guest, 'interpreter', from, n))
  if (!(await differs(instructions))) return undefined
  let [same, different] = [0, instructions]
  while (different - same > 1) {
    const middle = Math.floor((same + different) / 2)
    if (await differs(middle)) different = middle
    else same = middle
  }
  return different
}
