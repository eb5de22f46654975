import { PhysicalMemory } from '@ringfold/memory'
import { expect } from 'vitest'
import { applyWrites, type BootPlan, type BootResult } from '../src/load/index.ts'

/** The plan, or an error with the reason why there is none. */
export function planOf(result: BootResult): BootPlan {
  if (result.kind === 'rejected') throw new Error(`${result.code}: ${result.message}`)
  return result
}

export const codeOf = (result: BootResult): string => (result.kind === 'rejected' ? result.code : 'boot')

/** A memory in which a plan is carried out. */
export function memoryOf(result: BootResult, ramBytes: number): PhysicalMemory {
  const memory = new PhysicalMemory({ ramBytes })
  applyWrites(planOf(result).writes, memory)
  return memory
}

export function stringAt(memory: PhysicalMemory, address: number): string {
  let text = ''
  for (let at = address; memory.read8(at) !== 0; at++) text += String.fromCharCode(memory.read8(at))
  return text
}

/** No write of a plan touches another. */
export function expectDisjoint(result: BootResult): void {
  const sorted = [...planOf(result).writes].sort((a, b) => a.address - b.address)
  sorted.reduce((end, { address, bytes, zeroBytes = 0 }) => {
    expect(address).toBeGreaterThanOrEqual(end)
    return address + bytes.length + zeroBytes
  }, 0)
}
