/** Serving a Unix socket at a path that may hold the socket of a server that is gone. */
import { lstatSync, rmSync } from 'node:fs'
import { connect, type Server, type Socket } from 'node:net'
import { HostError, pathError } from './errors.ts'
import { tryLock } from './lock.ts'

/** What fits into an address of the kernel's, with the zero behind it: unix(7), `sun_path`. */
const MOST_PATH_BYTES = 107
const TRY_MS = 10
const MOST_TRIES = 500

function checkLength(path: string): void {
  if (Buffer.byteLength(path) > MOST_PATH_BYTES)
    throw new HostError('host.path', `${path} is too long for a socket`, `give at most ${MOST_PATH_BYTES} bytes`)
}

/** Connects to a Unix socket. @returns undefined where nobody serves it. Throws `HostError` `host.path`. */
export async function tryConnect(path: string): Promise<Socket | undefined> {
  checkLength(path)
  return new Promise((resolve, reject) => {
    const socket = connect(path)
    const onError = (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED' || error.code === 'ENOENT') resolve(undefined)
      else reject(pathError(`cannot connect to ${path}`, error))
    }
    socket.once('error', onError)
    socket.once('connect', () => {
      socket.off('error', onError)
      resolve(socket)
    })
  })
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise<void>((resolve, reject) => {
    const onError = (error: Error) => reject(pathError(`cannot serve ${path}`, error))
    server.once('error', onError)
    server.listen(path, () => {
      server.off('error', onError)
      // A client that cannot be accepted is no reason to end.
      server.on('error', () => undefined)
      resolve()
    })
  })
}

/** Waits until it is alone in looking who serves a path. */
async function alone(path: string): Promise<() => void> {
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const release = tryLock(`${path}.lock`)
    if (typeof release === 'function') return release
    await new Promise((resolve) => setTimeout(resolve, TRY_MS))
  }
  throw new HostError('host.busy', `${path} is being taken by another program`, 'try again, or give another path')
}

async function isServed(path: string): Promise<boolean> {
  const other = await tryConnect(path)
  other?.once('error', () => undefined).destroy()
  return other !== undefined
}

/**
 * Lets a server listen at a path. One at a time looks and listens: of two that find the socket of a server that is gone, the second
 * would else remove the first one's. Throws `HostError`: `host.busy` if somebody serves it, `host.path` if it is something else.
 */
export async function listenAt(server: Server, path: string): Promise<void> {
  checkLength(path)
  const release = await alone(path)
  try {
    const found = lstatSync(path, { throwIfNoEntry: false })
    if (found !== undefined) {
      if (!found.isSocket()) throw new HostError('host.path', `${path} is there, and no socket`, 'give another path')
      if (await isServed(path))
        throw new HostError('host.busy', `${path} is served by another program`, 'give another path')
      rmSync(path, { force: true })
    }
    await listen(server, path)
  } finally {
    release()
  }
}
