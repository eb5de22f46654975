import { ACTIVITY_STATE, type CpuState, FIELD, SEGMENT, type StateField, writeRflags } from '@ringfold/arch'
import type { DmaMemory } from '@ringfold/contracts'
import type { BootPlan, EntryRegister, EntrySegments, EntryState, MemoryWrite } from './plan.ts'

const SEGMENT_NUMBER = {
  es: SEGMENT.ES,
  cs: SEGMENT.CS,
  ss: SEGMENT.SS,
  ds: SEGMENT.DS,
  fs: SEGMENT.FS,
  gs: SEGMENT.GS,
  ldtr: SEGMENT.LDTR,
  tr: SEGMENT.TR,
} as const satisfies Record<keyof EntrySegments, number>

const ZEROS = /* @__PURE__ */ new Uint8Array(0x1_0000)

/** Writes to physical memory what a plan wants there, zeros included. */
export function applyWrites(writes: readonly MemoryWrite[], memory: Pick<DmaMemory, 'writeBytes'>): void {
  for (const { address, bytes, zeroBytes = 0 } of writes) {
    memory.writeBytes(address, bytes)
    for (let done = 0; done < zeroBytes; done += ZEROS.length)
      memory.writeBytes(address + bytes.length + done, ZEROS.subarray(0, zeroBytes - done))
  }
}

const set64 = (state: CpuState, field: StateField<64>, value: number, index = 0): void =>
  state.set(field, value % 2 ** 32, Math.floor(value / 2 ** 32), index)

/**
 * Gives a processor that is as after a reset the registers of an entry. What caches or derives from the state must be told
 * afterwards (`stateWritten` of the processor).
 */
export function applyEntry(entry: EntryState, state: CpuState): void {
  for (let n = 0; n < FIELD.gpr.count; n++) state.set(FIELD.gpr, 0, 0, n)
  for (const [name, value] of Object.entries(entry.registers)) set64(state, FIELD[name as EntryRegister], value)
  set64(state, FIELD.rip, entry.rip)
  writeRflags(state, entry.rflags)
  for (const name of ['cr0', 'cr3', 'cr4', 'efer'] as const) set64(state, FIELD[name], entry[name])
  set64(state, FIELD.gdtrBase, entry.gdtr.base)
  state.setLo(FIELD.gdtrLimit, entry.gdtr.limit)
  // No protocol gives an IDT: whatever happens before the kernel has its own is a triple fault.
  state.set(FIELD.idtrBase, 0, 0)
  state.setLo(FIELD.idtrLimit, 0)
  for (const [name, { selector, base, limit, access }] of Object.entries(entry.segments)) {
    const number = SEGMENT_NUMBER[name as keyof EntrySegments]
    state.setLo(FIELD.segSelector, selector, number)
    set64(state, FIELD.segBase, base, number)
    state.setLo(FIELD.segLimit, limit, number)
    state.setLo(FIELD.segAccess, access, number)
  }
  state.setLo(FIELD.activityState, ACTIVITY_STATE.ACTIVE)
}

/** Does what a plan says: memory first, then the bootstrap processor, which is as after a reset. */
export function applyBootPlan(plan: BootPlan, memory: Pick<DmaMemory, 'writeBytes'>, state: CpuState): void {
  applyWrites(plan.writes, memory)
  applyEntry(plan.entry, state)
}
