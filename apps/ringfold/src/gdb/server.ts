/** gdb over TCP: one connection at a time, and the loop that lets the machine run between packets. */
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { type DebugArchitecture, type DebugTarget, GdbStub } from '@ringfold/cpu'

export interface GdbServerOptions {
  /** 0, or absent: any that is free. */
  readonly port?: number
  /** Whoever can connect owns the machine: only this host, if absent. */
  readonly host?: string
  readonly architecture?: DebugArchitecture
  /** Instructions between two looks at the connection. */
  readonly sliceInstructions?: number
  /** The debugger has gone, and the machine should go on without it. */
  readonly onDetach?: () => void
  /** The debugger wants the machine to end. */
  readonly onKill?: () => void
}

export interface GdbServer {
  readonly port: number
  /** Ends the connection, and takes no more. */
  close(): Promise<void>
}

const SLICE_INSTRUCTIONS = 100_000
/** How long an idle machine is left alone, unless the debugger speaks. */
const IDLE_MS = 5

/** Connects a stub to a socket until it closes. */
function attach(target: DebugTarget, socket: Socket, options: GdbServerOptions): void {
  const slice = options.sliceInstructions ?? SLICE_INSTRUCTIONS
  let turn: (() => void) | null = null
  const schedule = (idle: boolean): void => {
    const timer = idle ? setTimeout(step, IDLE_MS) : setImmediate(step)
    turn = () => (idle ? clearTimeout(timer as NodeJS.Timeout) : clearImmediate(timer as NodeJS.Immediate))
  }
  const step = (): void => {
    turn = null
    const activity = stub.run(slice)
    if (activity !== 'stopped') schedule(activity === 'idle')
  }
  const stub = new GdbStub(target, {
    onSend: (bytes) => socket.write(bytes),
    onRun: () => schedule(false),
    ...(options.architecture === undefined ? {} : { architecture: options.architecture }),
    ...(options.onDetach === undefined ? {} : { onDetach: options.onDetach }),
    onKill: () => {
      options.onKill?.()
      socket.end()
    },
  })
  socket.setNoDelay(true)
  socket.on('data', (bytes) => stub.receive(bytes))
  // A connection that breaks is a debugger that went: 'close' follows.
  socket.on('error', () => socket.destroy())
  socket.on('close', () => {
    turn?.()
    stub.disconnect()
  })
}

/** Serves a machine to gdb: `target remote HOST:PORT`. A second debugger is turned away while there is one. */
export function serveGdb(target: DebugTarget, options: GdbServerOptions = {}): Promise<GdbServer> {
  let current: Socket | null = null
  const server = createServer((socket) => {
    if (current !== null) {
      socket.destroy()
      return
    }
    current = socket
    socket.on('close', () => {
      current = null
    })
    attach(target, socket, options)
  })
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve())
      // What was written last still goes out.
      current?.destroySoon()
    })
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port ?? 0, options.host ?? '127.0.0.1', () =>
      resolve({ port: (server.address() as AddressInfo).port, close }),
    )
  })
}
