/** A machine as its page has it: what `Machine` of `@ringfold/machine` has, a message away. */
import { type MachineEnd, type MachineStatistics, type RunOptions, SerialPort } from '@ringfold/machine'
import type { Endpoint } from '../endpoint.ts'
import type { Progress, WebMachineOptions } from '../options.ts'
import { PROTOCOL_VERSION } from '../protocol.ts'
import { Connection } from './connection.ts'
import { absoluteOptions } from './sources.ts'

/** How long a worker has to close its back ends. */
const PATIENCE_MS = 1000

export interface WebMachineListeners {
  /** Called while kernel, disks and others are downloaded, for each piece that has come. */
  readonly onProgress?: (progress: Progress) => void
}

/**
 * Makes a machine in a worker that calls `serveMachine` of `@ringfold/host-web/worker`. The worker is the machine's from then on: `close` ends
 * it, and so does a machine that cannot be made. Rejects with `HostWebError`.
 */
export async function createWebMachine(
  worker: Endpoint,
  options: WebMachineOptions = {},
  { onProgress }: WebMachineListeners = {},
): Promise<WebMachine> {
  let serial: readonly SerialPort[] = []
  const connection = new Connection(worker, (notice) => {
    if (notice.kind === 'progress') onProgress?.(notice.progress)
    else serial[notice.line]?.transmit(notice.bytes)
    for (const line of serial) line.drain()
  })
  try {
    const { serialLines, isIsolated } = await connection.call('create', PROTOCOL_VERSION, absoluteOptions(options))
    serial = Array.from({ length: serialLines }, (_, line) => {
      return new SerialPort((bytes) => connection.post({ kind: 'input', line, bytes }))
    })
    return new WebMachine(connection, serial, isIsolated)
  } catch (error) {
    connection.close()
    throw error
  }
}

/** Made by `createWebMachine`. Every promise rejects with `HostWebError`; after `close`, with `web.closed`. */
export class WebMachine {
  /** The serial lines, COM1 first: `write`, `onOutput`, and web streams. */
  readonly serial: readonly SerialPort[]
  /** Whether the worker may share memory: the page is cross-origin isolated. A machine runs either way. */
  readonly isIsolated: boolean
  readonly #connection: Connection

  constructor(connection: Connection, serial: readonly SerialPort[], isIsolated: boolean) {
    this.#connection = connection
    this.serial = serial
    this.isIsolated = isIsolated
  }

  /** Runs until the machine ends, or the instructions that were asked for are retired, or the signal aborts. */
  async run({ instructions, signal }: RunOptions = {}): Promise<MachineEnd> {
    if (signal?.aborted === true) return { kind: 'stopped' }
    const stop = () => void this.stop().catch(() => undefined)
    signal?.addEventListener('abort', stop, { once: true })
    try {
      return await this.#connection.call('run', instructions)
    } finally {
      signal?.removeEventListener('abort', stop)
    }
  }

  /** Holds the machine between two instructions. @returns when it is held, or has ended before */
  async pause(): Promise<void> {
    await this.#connection.call('pause')
  }

  async resume(): Promise<void> {
    await this.#connection.call('resume')
  }

  /** Ends the run, with `stopped`. */
  async stop(): Promise<void> {
    await this.#connection.call('stop')
  }

  /** Presses the reset button. */
  async reset(): Promise<void> {
    await this.#connection.call('reset')
  }

  /** Presses the power button: an operating system then powers off. */
  async pressPowerButton(): Promise<void> {
    await this.#connection.call('pressPowerButton')
  }

  /** Presses or releases a key, by its name in `KeyboardEvent.code`. */
  async key(code: string, pressed: boolean): Promise<void> {
    await this.#connection.call('key', code, pressed)
  }

  /** Says that nobody will send input any more: a guest that waits for some for ever is then at its end. */
  async endOfInput(): Promise<void> {
    await this.#connection.call('endOfInput')
  }

  /** May be asked while the machine runs. */
  async statistics(): Promise<MachineStatistics> {
    return this.#connection.call('statistics')
  }

  /** 64 bits in hexadecimal of everything that a guest can tell apart. The machine must not be running, or paused. */
  async stateHash(): Promise<string> {
    return this.#connection.call('stateHash')
  }

  /** The state of everything but disks. The machine must not be running, or paused. */
  async snapshot(): Promise<Uint8Array> {
    return this.#connection.call('snapshot')
  }

  /** Puts a snapshot into a machine that was made alike. It must not be running, or paused. */
  async restore(snapshot: Uint8Array): Promise<void> {
    await this.#connection.call('restore', snapshot)
  }

  /** A copy of all that a disk holds now. While the machine runs the guest may write in the middle of it: pause it. */
  async diskContents(disk: number): Promise<Uint8Array> {
    return this.#connection.call('diskContents', disk)
  }

  /** The machine is thrown away, and its worker is ended, even if that answers no more. */
  async close(): Promise<void> {
    const closed = this.#connection.call('close').catch(() => undefined)
    let timer: ReturnType<typeof setTimeout> | undefined
    const patience = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, PATIENCE_MS)
    })
    await Promise.race([closed, patience])
    clearTimeout(timer)
    this.#connection.close()
  }
}
