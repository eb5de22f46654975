/** Single costs: a walk, an exception, a start. */
import { CR0, CR4, EFER, PTE } from '@ringfold/arch'
import { Processor } from '@ringfold/cpu'
import { PhysicalMemory } from '@ringfold/memory'
import { PagingState, Walker } from '@ringfold/mmu'
import { median } from '../measure.ts'
import { OurMachine } from './ours.ts'
import { EXCEPTIONS_PER_ROUND, exceptions } from './programs.ts'
import { cpuMicroseconds } from './v86.ts'

const ROUNDS = 9

/** The median CPU time of a call, in nanoseconds per unit. */
function timed(units: number, work: () => void): number {
  const times: number[] = []
  for (let round = -3; round < ROUNDS; round++) {
    const start = cpuMicroseconds()
    work()
    if (round >= 0) times.push(((cpuMicroseconds() - start) * 1e3) / units)
  }
  return median(times)
}

/** A walk of four levels whose accessed bits are set, over 512 pages. */
export function walkNs(): number {
  const memory = new PhysicalMemory({ ramBytes: 1 << 20 })
  const flags = PTE.lo.P | PTE.lo.RW | PTE.lo.US | PTE.lo.A | PTE.lo.D
  for (const [at, next] of [
    [0x1000, 0x2000],
    [0x2000, 0x3000],
    [0x3000, 0x4000],
  ] as const)
    memory.write32(at, next | flags)
  for (let n = 0; n < 512; n++) memory.write32(0x4000 + n * 8, 0x8000 | flags)
  const paging = new PagingState()
  const cr0 = CR0.lo.PE | CR0.lo.PG | CR0.lo.WP
  paging.load({ cr0, cr3Lo: 0x1000, cr3Hi: 0, cr4: CR4.lo.PAE, efer: EFER.lo.LMA | EFER.lo.NXE })
  const walker = new Walker(paging, memory)
  const walks = 1_000_000
  let sum = 0
  return timed(walks, () => {
    for (let n = 0; n < walks; n++) sum += walker.walk((n & 511) << 12, 0, 0)
    if (sum !== 0) throw new Error('a walk faulted')
  })
}

/** UD2 in 64-bit code, through an interrupt gate of the same privilege; with `returns` also the IRETQ past it. */
export function exceptionNs(returns: boolean): number {
  const machine = new OurMachine(exceptions(returns), 'interpreter')
  return timed(EXCEPTIONS_PER_ROUND, () => machine.round())
}

/** From nothing to the first instruction of a processor. */
export function startUpMs(): number {
  const times = Array.from({ length: 5 }, () => {
    const start = performance.now()
    const memory = new PhysicalMemory({ ramBytes: 64 << 20 })
    memory.addRom(0xffff0000, new Uint8Array(0x10000).fill(0x90))
    new Processor({ memory, engine: 'interpreter' }).run(1)
    return performance.now() - start
  })
  // The first start compiles everything; it is the one that a user waits for.
  return times[0] as number
}
