/** What a loader makes of a file: data, to be looked at or applied. */
import type { BootRejection } from './rejection.ts'

/** Bytes for physical memory. */
export interface MemoryWrite {
  readonly address: number
  /** Often a view of the file that was loaded: nothing is copied. */
  readonly bytes: Uint8Array
  /** Zeros that follow the bytes. */
  readonly zeroBytes?: number
}

/** A segment register with its hidden part. */
export interface EntrySegment {
  readonly selector: number
  readonly base: number
  /** In bytes: 0xffffffff is 4 GiB. */
  readonly limit: number
  /** As `ACCESS_RIGHTS` of `@ringfold/arch` lays it out. */
  readonly access: number
}

/** The segment registers, by their names. */
export type EntrySegments = Readonly<Record<'es' | 'cs' | 'ss' | 'ds' | 'fs' | 'gs' | 'ldtr' | 'tr', EntrySegment>>

export type EntryRegister = 'rax' | 'rcx' | 'rdx' | 'rbx' | 'rsp' | 'rbp' | 'rsi' | 'rdi'

/** How the bootstrap processor starts: what a boot protocol prescribes. All other registers are as after a reset. */
export interface EntryState {
  /** `protected32` is without paging; `long64` is 64-bit mode with an identity mapping. */
  readonly mode: 'protected32' | 'long64'
  readonly rip: number
  /** Those that are not zero. */
  readonly registers: Readonly<Partial<Record<EntryRegister, number>>>
  readonly rflags: number
  readonly cr0: number
  readonly cr3: number
  readonly cr4: number
  readonly efer: number
  readonly gdtr: { readonly base: number; readonly limit: number }
  readonly segments: EntrySegments
}

/** How to start a kernel. Writes do not overlap one another. */
export interface BootPlan {
  readonly kind: 'boot'
  readonly writes: readonly MemoryWrite[]
  readonly entry: EntryState
}

export type BootResult = BootPlan | BootRejection
