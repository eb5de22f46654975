import type { CpuState, StateField } from '@ringfold/arch'

/** Where debug registers are read and written. */
export interface RegisterAccess {
  readonly state: CpuState
  /** `rip` is the linear address of the next instruction, not an offset in CS: see {@link programCounter}. */
  readonly linearPc: boolean
  /** Linear memory, without side effects: as many bytes as can be read. */
  readMemory(address: bigint, lengthBytes: number): Uint8Array
}

/** Features of target descriptions. GDB manual, appendix G.5.15 "x86 Features"; the last is ours. */
export const REGISTER_FEATURES = ['core', 'sse', 'segments', 'system'] as const
export type RegisterFeature = (typeof REGISTER_FEATURES)[number]

/** A register as a debugger sees it. */
export interface DebugRegister {
  readonly name: string
  readonly bits: number
  /** Of the target description: a predefined type, or one that `target-description.ts` defines. */
  readonly type: string
  readonly feature: RegisterFeature
  /** Of the group that `info registers system` lists. */
  readonly isSystem?: boolean
  read(access: RegisterAccess): bigint
  /** @returns whether the register can hold the value */
  write(access: RegisterAccess, value: bigint): boolean
}

/** A register that is a field of the state, of which every value is legal. */
export function fieldRegister(
  name: string,
  field: StateField,
  details: Pick<DebugRegister, 'feature' | 'type'> & Partial<DebugRegister>,
  index = 0,
): DebugRegister {
  return {
    name,
    bits: field.bits,
    read: ({ state }) => state.readBig(field, index),
    write: ({ state }, value) => {
      state.writeBig(field, value, index)
      return true
    },
    ...details,
  }
}

/** Low half of a 64-bit value, unsigned. */
export const loOf = (value: bigint): number => Number(BigInt.asUintN(32, value))
/** High half of a 64-bit value, unsigned. */
export const hiOf = (value: bigint): number => Number(BigInt.asUintN(32, value >> 32n))
