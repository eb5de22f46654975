import type { CpuState } from '@ringfold/arch'
import type { WalkExplanation } from '@ringfold/mmu'

/** How memory that a debug point covers is used. `software` and `hardware` break before the instruction at their address. */
export type DebugPointKind = 'software' | 'hardware' | 'write' | 'read' | 'access'

/** A breakpoint or watchpoint. Guest memory is never changed for it. */
export interface DebugPoint {
  readonly kind: DebugPointKind
  /** Linear address. */
  readonly address: bigint
  /** Bytes that are watched; of no meaning to breakpoints. */
  readonly lengthBytes: number
}

/** What a processor does while others run: one instruction, any number, or none. */
export type ThreadAction = 'step' | 'continue' | 'stop'

/** Why `resume` came back. */
export type DebugStop =
  /** The budget is used up; nothing that a debugger asked for has happened. */
  | { readonly kind: 'budget' }
  /** No processor has anything to do until something outside happens. */
  | { readonly kind: 'idle' }
  /** All processors wait, and nothing could ever wake them. */
  | { readonly kind: 'halted'; readonly thread: number }
  | { readonly kind: 'stepped'; readonly thread: number }
  | { readonly kind: 'breakpoint'; readonly thread: number; readonly hardware: boolean }
  | {
      readonly kind: 'watchpoint'
      readonly thread: number
      readonly access: 'write' | 'read' | 'access'
      readonly address: bigint
    }
  /** A triple fault. */
  | { readonly kind: 'shutdown'; readonly thread: number }
  /** An exception that the debugger wanted to see was delivered: its handler comes next. */
  | { readonly kind: 'exception'; readonly thread: number; readonly vector: number }

/**
 * What a debugger needs of a machine: processors are its threads, numbered from 0; addresses are linear.
 *
 * Nothing here has side effects that a guest could see: no accessed or dirty bits, no faults, no reads of devices.
 */
export interface DebugTarget {
  readonly threads: number
  /** The state of a processor, with flags settled. Whoever writes to it says so by `stateWritten`. */
  state(thread: number): CpuState
  stateWritten(thread: number): void
  /** Up to `lengthBytes` bytes: those before the first that is not mapped, or is a device's. */
  readMemory(thread: number, address: bigint, lengthBytes: number): Uint8Array
  /** Writes all bytes, also to code and to pages that the guest may only read, or none. @returns whether it did */
  writeMemory(thread: number, address: bigint, bytes: Uint8Array): boolean
  /** How an address is translated; undefined if it is not canonical. */
  walk(thread: number, address: bigint): WalkExplanation | undefined
  /** Inserting what is there already changes nothing. @returns whether the target can do it */
  insert(point: DebugPoint): boolean
  remove(point: DebugPoint): boolean
  /**
   * Runs processors for `budget` instructions in all, or until one of them stops. A breakpoint at which a processor was
   * reported to stand does not stop it again.
   *
   * @param actions one for each processor
   */
  resume(actions: readonly ThreadAction[], budget: number): DebugStop
  /** Stops where these exceptions are delivered. */
  catchExceptions?(vectors: ReadonlySet<number>): void
  /** Puts the machine into its state after power-up. */
  reset?(): void
}
