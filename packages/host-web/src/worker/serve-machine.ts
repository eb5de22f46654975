/** The worker's side: a machine that does what a page asks for by messages. */
import type { BlockBackend } from '@ringfold/contracts'
import type { Machine } from '@ringfold/machine'
import { type Endpoint, receive, transferred } from '../endpoint.ts'
import { errorData, HostWebError } from '../errors.ts'
import type { WebMachineOptions } from '../options.ts'
import { type Calls, type MadeMachine, PROTOCOL_VERSION, type Request, type Response } from '../protocol.ts'
import { buildMachine } from './build-machine.ts'

type Answers = {
  readonly [Name in keyof Calls]: (
    ...parameters: Parameters<Calls[Name]>
  ) => ReturnType<Calls[Name]> | Promise<ReturnType<Calls[Name]>>
}

/**
 * Serves one machine to the page behind `endpoint`: by default, to the one that made this worker. Call it when the worker is loaded, before
 * anything is awaited.
 */
export function serveMachine(endpoint: Endpoint = globalThis as unknown as Endpoint): void {
  const server = new MachineServer(endpoint)
  receive<Request>(endpoint, (request) => server.take(request))
}

class MachineServer {
  readonly #endpoint: Endpoint
  #isAsked = false
  #machine: Machine | undefined
  #disks: readonly BlockBackend[] = []

  constructor(endpoint: Endpoint) {
    this.#endpoint = endpoint
  }

  take(request: Request): void {
    if (request.kind === 'input') this.#machine?.serial[request.line]?.write(request.bytes)
    else void this.#answer(request)
  }

  async #answer({ id, name, parameters }: Extract<Request, { kind: 'call' }>): Promise<void> {
    try {
      const answer = this.#answers[name] as ((...parameters: readonly unknown[]) => unknown) | undefined
      if (answer === undefined) throw mismatch(`the page asks for "${name}"`)
      const value = await answer(...parameters)
      this.#post({ kind: 'done', id, value }, value instanceof Uint8Array ? transferred(value) : [])
    } catch (error) {
      this.#post({ kind: 'failed', id, error: errorData(error) })
    }
  }

  #post(response: Response, transfer: ArrayBuffer[] = []): void {
    this.#endpoint.postMessage(response, transfer)
  }

  readonly #answers: Answers = {
    create: (version, options) => this.#create(version, options),
    run: (instructions) => this.#made.run(instructions === undefined ? {} : { instructions }),
    pause: () => this.#made.pause(),
    resume: () => this.#made.resume(),
    stop: () => this.#made.stop(),
    reset: () => this.#made.reset(),
    pressPowerButton: () => this.#made.pressPowerButton(),
    key: (code, pressed) => this.#made.key(code, pressed),
    endOfInput: () => this.#made.endOfInput(),
    statistics: () => this.#made.statistics,
    stateHash: () => this.#made.stateHash(),
    snapshot: () => this.#made.snapshot(),
    restore: (snapshot) => this.#made.restore(snapshot),
    diskContents: (disk) => this.#diskContents(disk),
    close: () => this.#machine?.close(),
  }

  get #made(): Machine {
    if (this.#machine !== undefined) return this.#machine
    throw new HostWebError('web.protocol', 'there is no machine yet', 'wait until it is made')
  }

  async #create(version: number, options: WebMachineOptions): Promise<MadeMachine> {
    if (version !== PROTOCOL_VERSION) throw mismatch(`the page speaks version ${version} of the protocol`)
    if (this.#isAsked) throw new HostWebError('web.protocol', 'a worker serves one machine', 'start another worker')
    this.#isAsked = true
    const { machine, disks } = await buildMachine(options, (progress) => this.#post({ kind: 'progress', progress }))
    for (const [line, serial] of machine.serial.entries())
      serial.onOutput((bytes) => this.#post({ kind: 'output', line, bytes }))
    this.#machine = machine
    this.#disks = disks
    return { serialLines: machine.serial.length, isIsolated: isIsolated() }
  }

  async #diskContents(index: number): Promise<Uint8Array> {
    const disk = this.#disks[index]
    if (disk === undefined)
      throw new HostWebError('web.option', `there is no disk ${index}`, `there are ${this.#disks.length}, from 0 on`)
    const bytes = new Uint8Array(disk.sizeBytes)
    await disk.read(0, bytes)
    return bytes
  }
}

function mismatch(what: string): HostWebError {
  const remedy = 'bundle page and worker with the same release of @ringfold/host-web'
  return new HostWebError('web.protocol', `${what}; this worker speaks version ${PROTOCOL_VERSION}`, remedy)
}

const isIsolated = (): boolean =>
  (globalThis as { readonly crossOriginIsolated?: boolean }).crossOriginIsolated === true
