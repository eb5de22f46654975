/** A Unix socket as the other end of a serial line. */
import { createServer, type Socket } from 'node:net'
import type { ConsoleBackend } from '@ringfold/contracts'
import { listenAt } from '../listen.ts'

/** Output that is kept for who connects later. */
const KEPT_BYTES = 64 << 10
/** A client that reads so slowly that more than this waits for it loses output. */
const MOST_WAITING_BYTES = 4 << 20

/** Serves a Unix socket, one client at a time; a second one is turned away. Throws `HostError` `host.busy`, `host.path`. */
export async function socketConsole(path: string): Promise<ConsoleBackend> {
  let client: Socket | undefined
  let kept = new Uint8Array(0)
  let receive: (bytes: Uint8Array) => void = () => undefined
  const server = createServer((socket) => {
    if (client !== undefined) {
      socket.end()
      return
    }
    client = socket
    socket.on('data', (bytes: Buffer) => receive(bytes))
    socket.on('error', () => socket.destroy())
    socket.on('close', () => {
      client = undefined
    })
    socket.write(kept)
  })
  await listenAt(server, path)
  server.unref()
  return {
    write: (bytes) => {
      kept = lastOf(kept, bytes)
      if (client !== undefined && client.writableLength < MOST_WAITING_BYTES) client.write(bytes.slice())
    },
    onInput: (taker) => {
      receive = taker
    },
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        client?.destroySoon()
      }),
  }
}

function lastOf(kept: Uint8Array, bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(kept.length + bytes.length)
  joined.set(kept)
  joined.set(bytes, kept.length)
  return joined.slice(Math.max(0, joined.length - KEPT_BYTES))
}
