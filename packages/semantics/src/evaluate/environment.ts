import type { CpuState } from '@ringfold/arch'
import type { Datum } from '../ir/types.ts'

/**
 * Memory by effective address: segment base, limit and rights, canonical form, translation. Addresses are int32 (wrapped) outside
 * 64-bit code and signed bigints in it; `imm` is the `MemoryImm` of the op. `null` and `false` mean that a fault is pending.
 */
export interface EffectiveMemory {
  load(sizeBytes: number, ea: number | bigint, imm: number): Datum | null
  store(sizeBytes: number, ea: number | bigint, value: Datum, imm: number): boolean
  probe(ea: number | bigint, imm: number): boolean
}

/** What the evaluator needs around it. */
export interface EvaluationEnvironment {
  readonly state: CpuState
  readonly memory: EffectiveMemory
  /** A rule or helper by number. @returns 0, or 1 when a fault is pending. */
  call(helper: number, a: number, b: number, c: number): number
  /** Makes an exception pending. */
  raise(vector: number, errorCode: number): void
  /** Whether CS can be entered at this offset; a fault is pending where not. */
  checkJump(target: bigint): boolean
}
