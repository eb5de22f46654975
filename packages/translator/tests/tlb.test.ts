import { FirstLevelTlb, tlbArrayOffset } from '@ringfold/mmu'
import { SCRATCH, TLB_OFFSET } from '@ringfold/translator'
import { expect, it } from 'vitest'
import { InterpreterMachine, type Mode } from './flat-machine.ts'

const CODE = 0x8000
const RIGHT_PAGE = 0x20000
const WRONG_PAGE = 0x30000

/** Runs `mov eax, [rbx]` and `mov [rbx], ecx` (or of 32 bits), and says from where was read and whereto was written. */
function accesses(mode: Mode, prepare: (tlb: FirstLevelTlb) => void, offset = 0x10): string {
  const machine = new InterpreterMachine(mode)
  const tlb = new FirstLevelTlb(machine.memory.buffer, TLB_OFFSET)
  prepare(tlb)
  const view = new DataView(machine.ram.buffer)
  view.setUint32(RIGHT_PAGE + offset, 0x11111111, true)
  view.setUint32(WRONG_PAGE + offset, 0x22222222, true)
  machine.bytes.set([0x8b, 0x03, 0x89, 0x0b, 0xc3], CODE)
  machine.state.write('rip', BigInt(CODE))
  machine.state.write('gpr', BigInt(RIGHT_PAGE + offset), 3)
  machine.state.write('gpr', 0x33333333n, 1)
  machine.step()
  machine.step()
  const read = machine.state.read('gpr', 0) === 0x11111111n ? 'right' : 'wrong'
  return `${read} ${view.getUint32(RIGHT_PAGE + offset, true) === 0x33333333 ? 'right' : 'wrong'}`
}

it('lies in memory 1 as mmu lays it out', () => {
  const machine = new InterpreterMachine(64)
  const view = new DataView(machine.memory.buffer)
  expect([SCRATCH.tlbRead, SCRATCH.tlbWrite].map((at) => view.getInt32(at, true))).toEqual([
    TLB_OFFSET + tlbArrayOffset(0, false),
    TLB_OFFSET + tlbArrayOffset(0, true),
  ])
})

it.each([32, 64] as const)('sends code of %i bits to the host pages of its entries', (mode) => {
  const direct = (tlb: FirstLevelTlb) => {
    tlb.fill(0, RIGHT_PAGE, 0, WRONG_PAGE, 0x30)
    tlb.fill(1, RIGHT_PAGE, 0, WRONG_PAGE, 0x30)
  }
  expect(accesses(mode, direct)).toBe('wrong wrong')
  expect(accesses(mode, () => {})).toBe('right right')
})

it.each([32, 64] as const)(
  'is not asked by half a tag: an entry of another 4 GiB misses in code of %i bits',
  (mode) => {
    const elsewhere = (tlb: FirstLevelTlb) => {
      tlb.fill(0, RIGHT_PAGE, 0x7fff, WRONG_PAGE, 0x30)
      tlb.fill(1, RIGHT_PAGE, 0x7fff, WRONG_PAGE, 0x30)
    }
    expect(accesses(mode, elsewhere)).toBe('right right')
  },
)

it.each([32, 64] as const)(
  'does not answer for an access that crosses into the next page, in code of %i bits',
  (mode) => {
    const direct = (tlb: FirstLevelTlb) => {
      for (const array of [0, 1]) tlb.fill(array, RIGHT_PAGE, 0, WRONG_PAGE, 0x30)
    }
    expect(accesses(mode, direct, 0xffc)).toBe('wrong wrong')
    expect(accesses(mode, direct, 0xffd)).toBe('right right')
  },
)
