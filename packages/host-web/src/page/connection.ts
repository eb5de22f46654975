/** Calls from a page to its worker, and what the worker says of its own accord. */
import { type Endpoint, receive } from '../endpoint.ts'
import { type ErrorData, HostWebError } from '../errors.ts'
import type { CallName, Calls, Request, Response } from '../protocol.ts'

interface Pending {
  readonly resolve: (value: never) => void
  readonly reject: (error: HostWebError) => void
}

/** What the worker says unasked. */
export type Notice = Extract<Response, { readonly kind: 'output' | 'progress' }>

const LOAD_REMEDY = 'see whether the address of the worker is right, and what the console of the browser says'

export class Connection {
  readonly #endpoint: Endpoint
  readonly #notice: (notice: Notice) => void
  readonly #pending = new Map<number, Pending>()
  #lastId = 0
  #failure: HostWebError | undefined

  constructor(endpoint: Endpoint, notice: (notice: Notice) => void) {
    this.#endpoint = endpoint
    this.#notice = notice
    endpoint.addEventListener('error', (event) => {
      const { message } = event as { readonly message?: string }
      const what = message === undefined ? 'the worker could not be loaded' : `the worker failed: ${message}`
      this.#end(new HostWebError('web.worker', what, LOAD_REMEDY))
    })
    receive<Response>(endpoint, (response) => this.#take(response))
  }

  #take(response: Response): void {
    if (response.kind === 'output' || response.kind === 'progress') this.#notice(response)
    else this.#settle(response)
  }

  #settle(response: Exclude<Response, Notice>): void {
    const pending = this.#pending.get(response.id)
    this.#pending.delete(response.id)
    if (response.kind === 'done') pending?.resolve(response.value as never)
    else pending?.reject(errorOf(response.error))
  }

  /** Asks the worker for something. Rejects with `HostWebError`. */
  call<Name extends CallName>(name: Name, ...parameters: Parameters<Calls[Name]>): Promise<ReturnType<Calls[Name]>> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) return reject(this.#failure)
      const id = ++this.#lastId
      this.#pending.set(id, { resolve, reject })
      this.post({ kind: 'call', id, name, parameters })
    })
  }

  post(request: Request): void {
    if (this.#failure === undefined) this.#endpoint.postMessage(request, [])
  }

  /** Ends the worker. Whatever is still awaited is refused. */
  close(): void {
    this.#end(new HostWebError('web.closed', 'the machine was closed', 'make another'))
    if (this.#endpoint.terminate !== undefined) this.#endpoint.terminate()
    else this.#endpoint.close?.()
  }

  #end(failure: HostWebError): void {
    this.#failure ??= failure
    for (const { reject } of this.#pending.values()) reject(this.#failure)
    this.#pending.clear()
  }
}

function errorOf({ code, message, remedy }: ErrorData): HostWebError {
  return new HostWebError(code, message, remedy)
}
