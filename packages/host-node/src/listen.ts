/** Serving a Unix socket at a path that may hold the socket of a server that is gone. */
import { lstatSync, rmSync } from 'node:fs'
import { connect, type Server, type Socket } from 'node:net'
import { HostError, pathError } from './errors.ts'

/** Connects to a Unix socket. @returns undefined where nobody serves it */
export function tryConnect(path: string): Promise<Socket | undefined> {
  return new Promise((resolve, reject) => {
    const socket = connect(path)
    socket.once('connect', () => resolve(socket))
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED' || error.code === 'ENOENT') resolve(undefined)
      else reject(pathError(`cannot connect to ${path}`, error))
    })
  })
}

/** Lets a server listen at a path. Throws `HostError`: `host.busy` if somebody serves it, `host.path` if it is something else. */
export async function listenAt(server: Server, path: string): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false })
  if (found !== undefined) {
    if (!found.isSocket()) throw new HostError('host.path', `${path} is there, and no socket`, 'give another path')
    const other = await tryConnect(path)
    other?.destroy()
    if (other !== undefined)
      throw new HostError('host.busy', `${path} is served by another program`, 'give another path')
    rmSync(path, { force: true })
  }
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(pathError(`cannot serve ${path}`, error)))
    server.listen(path, resolve)
  })
}
