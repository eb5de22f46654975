/** A switch between the machines of several processes: whoever comes first serves it, the others connect. */
import { lstatSync, mkdirSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import type { NetBackend } from '@ringfold/contracts'
import { HostError, pathError } from '../errors.ts'
import { listenAt, tryConnect } from '../listen.ts'
import { FramedSocket } from './framed-socket.ts'
import { NetSwitch } from './switch.ts'

const NAME = /^[\w.-]{1,40}$/
/** Whoever loses the switch tries to find or to serve it again after so long. */
const RETRY_MS = 50
const MOST_TRIES = 20

/** Where switches of this user are found, and by nobody else. Throws `HostError` `host.path`. */
function switchFolder(): string {
  const given = process.env.XDG_RUNTIME_DIR || undefined
  const uid = process.getuid?.() ?? 0
  const folder = given ?? join(tmpdir(), `ringfold-${uid}`)
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw pathError(`cannot make ${folder} for switches`, error)
  }
  const found = lstatSync(folder)
  // Anybody can make a directory of this name in one that all share.
  if (given === undefined && (!found.isDirectory() || found.uid !== uid || (found.mode & 0o077) !== 0))
    throw new HostError(
      'host.path',
      `${folder} does not belong to this user alone`,
      'remove it, or set XDG_RUNTIME_DIR',
    )
  return folder
}

/** Connects to the switch of a name on this host, of this user. Throws `HostError` `host.option` for what is no name. */
export async function joinSwitch(name: string): Promise<NetBackend> {
  if (!NAME.test(name))
    throw new HostError('host.option', `"${name}" is no name of a switch`, 'use letters, digits, dots and dashes')
  const member = new SwitchMember(join(switchFolder(), `ringfold-switch-${name}.sock`))
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
    for (let tries = 1; !this.#isClosed; tries++) {
      const socket = await tryConnect(this.#path)
      try {
        if (socket !== undefined) this.#connect(socket)
        else await this.#serve()
        // It may have ended while it waited.
        if (this.#isClosed) this.#leave()
        return
      } catch (error) {
        // Somebody else was quicker: there is a switch to connect to now.
        if ((error as { code?: string }).code !== 'host.busy' || tries === MOST_TRIES) throw error
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
    socket.once('close', () => this.#rejoin())
  }

  /** Again and again, whatever is in the way. */
  #rejoin(): void {
    if (this.#isClosed) return
    setTimeout(() => void this.join().catch(() => this.#rejoin()), RETRY_MS).unref()
  }

  async #serve(): Promise<void> {
    const net = new NetSwitch()
    const sockets = new Set<Socket>()
    const server = createServer((socket) => {
      sockets.add(socket)
      socket.unref()
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
