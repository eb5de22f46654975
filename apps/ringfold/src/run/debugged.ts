/** A machine under gdb. */
import process from 'node:process'
import type { Machine, MachineEnd } from '@ringfold/machine'
import { InputError } from '../exit.ts'
import { serveGdb } from '../gdb/server.ts'

/** Serves gdb until it detaches or kills, or the machine ends. @returns the end; undefined if the machine is to go on without gdb */
export async function debugged(machine: Machine, port: number): Promise<MachineEnd | undefined> {
  const { promise, resolve } = Promise.withResolvers<MachineEnd | undefined>()
  const target = machine.debugTarget(resolve)
  const server = await serveGdb(target, {
    port,
    onDetach: () => resolve(undefined),
    onKill: () => resolve({ kind: 'stopped' }),
  }).catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'EADDRINUSE' || error.code === 'EACCES'
      ? new InputError(`port ${port} cannot be used (${error.code})`, 'give another --gdb, or 0 for any')
      : error
  })
  process.stderr.write(`gdb: target remote 127.0.0.1:${server.port}\n`)
  const end = await promise
  await server.close()
  return end
}
