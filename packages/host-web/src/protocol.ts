/** What a page and the worker of its machine say to one another. */
import type { MachineEnd, MachineStatistics } from '@ringfold/machine'
import type { ErrorData } from './errors.ts'
import type { Progress, WebMachineOptions } from './options.ts'

/** It changes whenever a message does. Page and worker are bundled apart, and may be of different releases. */
export const PROTOCOL_VERSION = 1

/** What a page learns of a machine that was made for it. */
export interface MadeMachine {
  readonly serialLines: number
  /** Whether the worker may share memory with others: the page is cross-origin isolated. */
  readonly isIsolated: boolean
}

/** What a page asks for, and what it gets in reply: any of these may be refused with an error. */
export interface Calls {
  /** The first. Addresses are absolute. */
  create(version: number, options: WebMachineOptions): MadeMachine
  run(instructions: number | undefined): MachineEnd
  pause(): void
  resume(): void
  stop(): void
  reset(): void
  pressPowerButton(): void
  key(code: string, pressed: boolean): void
  endOfInput(): void
  statistics(): MachineStatistics
  stateHash(): string
  snapshot(): Uint8Array
  restore(snapshot: Uint8Array): void
  diskContents(disk: number): Uint8Array
  /** The last. */
  close(): void
}

export type CallName = keyof Calls

/** From the page. */
export type Request =
  | { readonly kind: 'call'; readonly id: number; readonly name: CallName; readonly parameters: readonly unknown[] }
  /** Bytes typed on a serial line. There is no reply. */
  | { readonly kind: 'input'; readonly line: number; readonly bytes: Uint8Array }

/** From the worker. */
export type Response =
  | { readonly kind: 'done'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'failed'; readonly id: number; readonly error: ErrorData }
  /** Bytes that the guest sent on a serial line. */
  | { readonly kind: 'output'; readonly line: number; readonly bytes: Uint8Array }
  | { readonly kind: 'progress'; readonly progress: Progress }
