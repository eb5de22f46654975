/** A switch between the machines of several processes: whoever comes first serves it, the others connect. */
import { mkdirSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import type { NetBackend } from '@ringfold/contracts'
import { HostError } from '../errors.ts'
import { listenAt, tryConnect } from '../listen.ts'
import { FramedSocket } from './framed-socket.ts'
import { NetSwitch } from './switch.ts'

const NAME = /^[\w.-]{1,40}$/
/** Whoever loses the switch tries to find or to serve it again after so long. */
const RETRY_MS = 50

function socketPath(name: string): string {
  const folder = process.env.XDG_RUNTIME_DIR ?? join(tmpdir(), `ringfold-${userInfo().uid}`)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  return join(folder, `ringfold-switch-${name}.sock`)
}

/** Connects to the switch of a name on this host, of this user. Throws `HostError` `host.option` for what is no name. */
export async function joinSwitch(name: string): Promise<NetBackend> {
  if (!NAME.test(name))
    throw new HostError('host.option', `"${name}" is no name of a switch`, 'use letters, digits, dots and dashes')
  const member = new SwitchMember(socketPath(name))
  await member.join()
  return member
}

class SwitchMember implements NetBackend {
  readonly #path: string
  #receive: (frame: Uint8Array) => void = () => undefined
  /** What frames are sent by, now. */
  #send: (frame: Uint8Array) => void = () => undefined
  #leave: () => void = () => undefined
  #isClosed = false

  constructor(path: string) {
    this.#path = path
  }

  async join(): Promise<void> {
    for (;;) {
      if (this.#isClosed) return
      const socket = await tryConnect(this.#path)
      if (socket !== undefined) {
        this.#connect(socket)
        return
      }
      try {
        await this.#serve()
        return
      } catch (error) {
        // Somebody else was quicker: there is a switch to connect to now.
        const { code } = error as { code?: string }
        if (code !== 'host.busy' && code !== 'EADDRINUSE') throw error
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
      }
    }
  }

  #connect(socket: Socket): void {
    const framed = new FramedSocket(socket, (frame) => this.#receive(frame))
    socket.unref()
    this.#send = (frame) => framed.send(frame)
    this.#leave = () => framed.close()
    // Whoever served has gone: one of those that are left takes its place.
    socket.once('close', () => {
      if (!this.#isClosed) setTimeout(() => void this.join().catch(() => undefined), Math.random() * RETRY_MS)
    })
  }

  async #serve(): Promise<void> {
    const net = new NetSwitch()
    const sockets = new Set<Socket>()
    const server = createServer((socket) => {
      sockets.add(socket)
      const framed = new FramedSocket(socket, (frame) => port.send(frame))
      const port = net.plug((frame) => framed.send(frame))
      socket.once('close', () => {
        sockets.delete(socket)
        port.unplug()
      })
    })
    await listenAt(server, this.#path)
    server.unref()
    const own = net.plug((frame) => this.#receive(frame))
    this.#send = own.send
    this.#leave = () => closeServer(server, sockets)
  }

  send(frame: Uint8Array): void {
    this.#send(frame)
  }

  onReceive(receive: (frame: Uint8Array) => void): void {
    this.#receive = receive
  }

  close(): void {
    this.#isClosed = true
    this.#leave()
  }
}

function closeServer(server: Server, sockets: ReadonlySet<Socket>): void {
  server.close()
  for (const socket of sockets) socket.destroySoon()
}
