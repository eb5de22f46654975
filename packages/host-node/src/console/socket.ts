/** A Unix socket as the other end of a serial line. */
import { createServer, type Socket } from 'node:net'
import type { ConsoleBackend } from '@ringfold/contracts'
import { listenAt } from '../listen.ts'
import { KeptOutput } from './kept-output.ts'

/** Output that is kept for who connects later. */
const KEPT_BYTES = 64 << 10
/** A client that reads so slowly that more than this waits for it loses output. */
const MOST_WAITING_BYTES = 4 << 20

/** A client has so long to take what waits for it when the console ends. */
const GRACE_MS = 200

/** Serves a Unix socket, one client at a time; a second one is turned away. Throws `HostError` `host.busy`, `host.path`. */
export async function socketConsole(path: string): Promise<ConsoleBackend> {
  let client: Socket | undefined
  const kept = new KeptOutput(KEPT_BYTES)
  let receive: (bytes: Uint8Array) => void = () => undefined
  const server = createServer((socket) => {
    // Clients go as they like; that is no error of this program's.
    socket.on('error', () => socket.destroy())
    if (client !== undefined) {
      socket.destroy()
      return
    }
    client = socket
    socket.on('data', (bytes: Buffer) => receive(bytes))
    socket.on('close', () => {
      client = undefined
    })
    socket.write(kept.bytes)
  })
  await listenAt(server, path)
  server.unref()
  return {
    write: (bytes) => {
      kept.add(bytes)
      if (client?.writable === true && client.writableLength < MOST_WAITING_BYTES) client.write(bytes.slice())
    },
    onInput: (taker) => {
      receive = taker
    },
    close: () =>
      new Promise<void>((resolve) => {
        const last = client
        const timer = setTimeout(() => last?.destroy(), GRACE_MS)
        server.close(() => {
          clearTimeout(timer)
          resolve()
        })
        last?.destroySoon()
      }),
  }
}
