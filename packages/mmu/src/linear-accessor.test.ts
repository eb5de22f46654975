import {
  ACCESS_RIGHTS,
  CR4,
  EFER,
  EVENT_INFORMATION,
  EVENT_TYPE,
  EXCEPTION,
  FIELD,
  PAGE_FAULT_ERROR_CODE,
  PTE,
  RFLAGS,
  SEGMENT,
} from '@ringfold/arch'
import { describe, expect, it } from 'vitest'
import { ALL, CONTROL, PagedMachine } from '../tests/machine.ts'
import { STAGE_RIGHT } from './index.ts'

const { P, RW, US, A, D } = PTE.lo
const CODE = PAGE_FAULT_ERROR_CODE.lo
const [USER, SUPERVISOR, SYSTEM] = [0, 1, 2] as const
const SIZES = [1, 2, 4, 8] as const
const LO = 0x4000_0000
const HI = 0x7f
/** Two pages that follow each other in linear memory, and not in physical memory. */
const [FIRST, SECOND] = [0x50_0000, 0x30_0000]
const PAGE_FAULT =
  (EVENT_INFORMATION.lo.VALID |
    EVENT_INFORMATION.lo.ERROR_CODE |
    (EVENT_TYPE.HARDWARE_EXCEPTION << EVENT_INFORMATION.shift.TYPE) |
    EXCEPTION['#PF'].vector) >>>
  0

function setUp(second: number = SECOND | ALL, hi = HI) {
  const machine = new PagedMachine()
  const { memory, linear, state } = machine
  machine.map(LO, hi, FIRST)
  const at = machine.entryAddress(LO + 0x1000, hi)
  memory.write32(at, second)
  for (let n = 0; n < 0x2000; n++) memory.write8(n < 0x1000 ? FIRST + n : SECOND + n - 0x1000, (n * 7) & 0xff)
  /** The pending page fault: error code and address. */
  const fault = () => {
    expect(state.lo(FIELD.pendingEvent)).toBe(PAGE_FAULT)
    const [code, cr2] = [state.lo(FIELD.pendingErrorCode), state.read('pendingPayload')]
    state.setLo(FIELD.pendingEvent, 0)
    return `${code} ${cr2.toString(16)}`
  }
  const bytes = (offset: number, count: number) =>
    Array.from({ length: count }, (_, n) => {
      const place = offset + n
      return memory.read8(place < 0x1000 ? FIRST + place : SECOND + place - 0x1000)
    })
  return { machine, memory, linear, state, fault, bytes, at }
}

/** A value of which every byte tells its place. */
const valueAt = (offset: number, size: number): bigint =>
  Array.from({ length: size }, (_, n) => BigInt(((offset + n) * 7) & 0xff) << BigInt(8 * n)).reduce((a, b) => a | b)
const big = (lo: number, hi: number) => (BigInt(hi) << 32n) | BigInt(lo)

describe('reads and writes', () => {
  it('take every size at every offset around the end of a page, by miss and by hit', () => {
    const { linear, bytes } = setUp()
    for (const size of SIZES) {
      for (let offset = 0xff0; offset < 0x1010; offset++) {
        for (const round of ['miss', 'hit']) {
          expect(linear.read(size, LO + offset, HI, USER)).toBe(0)
          expect([round, offset, big(linear.lo, linear.hi)]).toEqual([round, offset, valueAt(offset, size)])
        }
      }
    }
    for (const size of SIZES) {
      for (let offset = 0xff0; offset < 0x1010; offset++) {
        const before = bytes(offset - 8, 24)
        expect(linear.write(size, LO + offset, HI, 0xa4a3a2a1, 0xa8a7a6a5, USER)).toBe(0)
        before.splice(8, size, ...[0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8].slice(0, size))
        expect([offset, bytes(offset - 8, 24)]).toEqual([offset, before])
      }
    }
  })

  it('take signed halves of addresses and values', () => {
    const machine = new PagedMachine()
    machine.map(0xfffff000, 0xffffffff, FIRST)
    expect(machine.linear.write(8, -8, -1, -1, -2, SUPERVISOR)).toBe(0)
    expect(machine.linear.write(8, -8, -1, -3, -4, SUPERVISOR)).toBe(0)
    expect(machine.linear.read(8, 0xfffffff8, 0xffffffff, SUPERVISOR)).toBe(0)
    expect([machine.linear.lo, machine.linear.hi]).toEqual([0xfffffffd, 0xfffffffc])
    expect(machine.linear.read(8, -8, -1, SUPERVISOR)).toBe(0)
    expect([machine.linear.lo, machine.linear.hi]).toEqual([0xfffffffd, 0xfffffffc])
  })

  it('reach devices in the sizes of the access, 8 bytes as two of 4', () => {
    const { memory, linear } = setUp()
    const seen: string[] = []
    memory.addMmio(FIRST, 0x1000, {
      read: (offset, size) => {
        seen.push(`r${offset} ${size}`)
        return offset + 0x40
      },
      write: (offset, size, value) => seen.push(`w${offset} ${size} ${value}`),
    })
    linear.read(8, LO + 8, HI, SUPERVISOR)
    expect([linear.lo, linear.hi]).toEqual([0x48, 0x4c])
    linear.write(8, LO + 16, HI, 1, 2, SUPERVISOR)
    linear.write(2, LO + 2, HI, 0x12345, 0, SUPERVISOR)
    linear.read(1, LO, HI, SUPERVISOR)
    // Into RAM: the device sees the bytes that are its own.
    linear.read(2, LO + 0xfff, HI, SUPERVISOR)
    expect(seen).toEqual(['r8 4', 'r12 4', 'w16 4 1', 'w20 4 2', 'w2 2 9029', 'r0 1', 'r4095 1'])
  })
})

describe('an access that crosses into a page that faults (Intel SDM vol. 3A, 5.7; vol. 3A, 7.15 #PF)', () => {
  const next = `7f${(LO + 0x1000).toString(16)}`

  it.each(SIZES.filter((size) => size > 1))(
    'of %i bytes: CR2 is the first byte in that page, nothing is written',
    (size) => {
      for (let inFirst = 1; inFirst < size; inFirst++) {
        const { linear, fault, bytes } = setUp(0)
        const offset = 0x1000 - inFirst
        const before = bytes(0xff0, 32)
        linear.read(1, LO, HI, USER)
        const [lo, hi] = [linear.lo, linear.hi]
        expect(linear.read(size, LO + offset, HI, USER)).toBe(1)
        expect(fault()).toBe(`${CODE.US} ${next}`)
        // The result is that of the last read that was done.
        expect([linear.lo, linear.hi]).toEqual([lo, hi])
        expect(linear.write(size, LO + offset, HI, -1, -1, USER)).toBe(1)
        expect(fault()).toBe(`${CODE.US | CODE.WR} ${next}`)
        expect(linear.probeWrite(size, LO + offset, HI, SUPERVISOR)).toBe(1)
        expect(fault()).toBe(`${CODE.WR} ${next}`)
        expect(linear.probeRead(size, LO + offset, HI, SUPERVISOR)).toBe(1)
        expect(fault()).toBe(`0 ${next}`)
        expect(bytes(0xff0, 32)).toEqual(before)
      }
    },
  )

  it('faults at its own address if both pages do, or the first alone', () => {
    const { machine, linear, fault } = setUp(0)
    machine.map(LO, HI, FIRST, 0)
    expect(linear.write(8, LO + 0xffd, HI, 0, 0, USER)).toBe(1)
    expect(fault()).toBe(`${CODE.US | CODE.WR} 7f${(LO + 0xffd).toString(16)}`)
    machine.map(LO + 0x1000, HI, SECOND)
    expect(linear.read(8, LO + 0xffd, HI, USER)).toBe(1)
    expect(fault()).toBe(`${CODE.US} 7f${(LO + 0xffd).toString(16)}`)
  })

  it('has the error code of the page that faults', () => {
    const { linear, fault } = setUp(SECOND | P | US)
    expect(linear.write(4, LO + 0xffe, HI, 0, 0, USER)).toBe(1)
    expect(fault()).toBe(`${CODE.P | CODE.US | CODE.WR} ${next}`)
    expect(linear.read(4, LO + 0xffe, HI, USER)).toBe(0)
  })

  it('tells the owner of code about the bytes in each page', () => {
    const { memory, linear } = setUp()
    const seen: number[][] = []
    memory.onCodeWrite((page, first, last) => seen.push([page, first, last]))
    memory.markCode(SECOND >>> 12)
    linear.write(4, LO + 0xffe, HI, 0, 0, USER)
    expect(seen.map(([page]) => page)).toEqual([SECOND >>> 12, SECOND >>> 12])
    expect(seen.map(([, first]) => first)).toEqual([0, 1])
  })
})

describe('probes', () => {
  it('raise what the access would raise, for any size, and change nothing but accessed and dirty bits', () => {
    const { memory, linear, fault, bytes, at } = setUp(SECOND | P | RW)
    const before = bytes(0, 0x2000)
    expect(linear.probeWrite(0x1800, LO + 0x10, HI, SUPERVISOR)).toBe(0)
    expect(memory.read32(at)).toBe(SECOND | P | RW | A | D)
    expect(bytes(0, 0x2000)).toEqual(before)
    expect(linear.probeWrite(0x1800, LO + 0x10, HI, USER)).toBe(1)
    expect(fault()).toBe(`${CODE.P | CODE.US | CODE.WR} 7f${(LO + 0x1000).toString(16)}`)
    expect(linear.probeWrite(0xff0, LO + 0x10, HI, USER)).toBe(0)
    expect(linear.probeRead(0x2001, LO, HI, SUPERVISOR)).toBe(1)
    expect(fault()).toBe(`0 7f${(LO + 0x2000).toString(16)}`)
  })

  it('of a read-modify-write find that the page is read-only, before it is read', () => {
    const machine = new PagedMachine()
    machine.map(LO, HI, FIRST, P | US)
    expect(machine.linear.read(4, LO, HI, USER)).toBe(0)
    expect(machine.linear.probeWrite(4, LO, HI, USER)).toBe(1)
    expect(machine.state.lo(FIELD.pendingErrorCode)).toBe(CODE.P | CODE.WR | CODE.US)
  })
})

describe('classes of access (Intel SDM vol. 3A, 5.6)', () => {
  it('are apart: what one may do, another is checked for', () => {
    const machine = new PagedMachine()
    machine.map(LO, HI, FIRST, P | RW)
    expect(machine.linear.read(4, LO, HI, SUPERVISOR)).toBe(0)
    expect(machine.linear.write(4, LO, HI, 0, 0, SUPERVISOR)).toBe(0)
    expect(machine.linear.read(4, LO, HI, USER)).toBe(1)
    expect(machine.state.lo(FIELD.pendingErrorCode)).toBe(CODE.P | CODE.US)
    // At CPL 3, an access to a descriptor table is a supervisor access.
    expect(machine.linear.read(4, LO, HI, SYSTEM)).toBe(0)
  })

  it('have US = 0 in the error code of system accesses, whatever CPL is', () => {
    const { state, linear, fault } = setUp(0)
    state.setLo(FIELD.segAccess, 3 << ACCESS_RIGHTS.shift.DPL, SEGMENT.SS)
    expect(linear.read(8, LO + 0x1008, HI, SYSTEM)).toBe(1)
    expect(fault()).toBe(`0 7f${(LO + 0x1008).toString(16)}`)
    expect(linear.write(8, LO + 0x1008, HI, 0, 0, SYSTEM)).toBe(1)
    expect(fault()).toBe(`${CODE.WR} 7f${(LO + 0x1008).toString(16)}`)
  })

  it('with SMAP: EFLAGS.AC opens user pages to explicit supervisor accesses, never to system accesses', () => {
    const { machine, state, linear, fault } = setUp()
    machine.control({ cr4: CONTROL.cr4 | CR4.lo.SMAP })
    const outcome = () => [SUPERVISOR, SYSTEM, USER].map((access) => linear.read(4, LO, HI, access))
    expect(outcome()).toEqual([1, 1, 0])
    state.setLo(FIELD.systemFlags, RFLAGS.lo.AC)
    expect(outcome()).toEqual([0, 1, 0])
    expect(outcome()).toEqual([0, 1, 0])
    state.setLo(FIELD.systemFlags, 0)
    expect(outcome()).toEqual([1, 1, 0])
    expect(fault()).toBe(`${CODE.P} 7f${LO.toString(16)}`)
    state.setLo(FIELD.systemFlags, RFLAGS.lo.AC)
    expect(linear.write(8, LO + 0xffc, HI, 0, 0, SUPERVISOR)).toBe(0)
    expect(linear.write(8, LO + 0xffc, HI, 0, 0, SYSTEM)).toBe(1)
  })
})

describe('addresses behind the end of 4 GiB', () => {
  const crossing = (efer: number, csRights: number, hi: number) => {
    const machine = new PagedMachine()
    machine.state.setLo(FIELD.segAccess, csRights, SEGMENT.CS)
    machine.map(0xffff_f000, hi, FIRST)
    machine.map(0, hi, SECOND)
    machine.map(0, hi + 1, SECOND + 0x1000)
    for (const page of [0, 1]) machine.memory.write32(SECOND + page * 0x1000, 0x11 * (page + 1))
    machine.state.setLo(FIELD.efer, efer)
    expect(machine.linear.read(4, 0xffff_fffd, hi, SUPERVISOR)).toBe(0)
    return machine.linear.lo >>> 24
  }

  it('go on in 64-bit mode, and wrap in compatibility mode (Intel SDM vol. 1, 3.3.7)', () => {
    expect(crossing(CONTROL.efer, ACCESS_RIGHTS.lo.L, 0)).toBe(0x22)
    expect(crossing(CONTROL.efer, 0, 0)).toBe(0x11)
    // An implicit access in compatibility mode has all 64 bits.
    expect(crossing(CONTROL.efer, 0, 0xffff_8000 | 0)).toBe(0x22)
  })

  it('wrap without IA-32e mode', () => {
    const machine = new PagedMachine()
    machine.memory.write32(0x2000, FIRST | ALL)
    machine.control({ cr4: CR4.lo.PSE, efer: EFER.lo.NXE })
    const put = (at: number, value: number) => machine.memory.write32(at, value)
    put(0x1000, 0x3000 | ALL)
    put(0x1ffc, 0x4000 | ALL)
    put(0x3000, SECOND | ALL)
    put(0x4ffc, FIRST | ALL)
    put(SECOND, 0x33)
    expect(machine.linear.read(4, 0xffff_fffd, 0, SUPERVISOR)).toBe(0)
    expect(machine.linear.lo >>> 24).toBe(0x33)
    put(0x3000, 0)
    machine.mmu.invalidatePage(0, 0)
    expect(machine.linear.write(4, 0xffff_fffd, 0, 0, 0, SUPERVISOR)).toBe(1)
    expect(machine.state.read('pendingPayload')).toBe(0n)
  })
})

describe('fetches', () => {
  it('give the physical address behind the A20 gate, or the fault', () => {
    const { machine, memory, linear, fault } = setUp(SECOND | P)
    expect(linear.translateForFetch(LO + 0x123, HI, 3)).toBe(FIRST + 0x123)
    memory.setA20(false)
    expect(linear.translateForFetch(LO + 0x123, HI, 0)).toBe(FIRST + 0x123 - 0x10_0000)
    memory.setA20(true)
    expect(linear.translateForFetch(LO + 0x1123, HI, 3)).toBeLessThan(0)
    expect(fault()).toBe(`${CODE.P | CODE.US | CODE.ID} 7f${(LO + 0x1123).toString(16)}`)
    machine.control({ cr4: CONTROL.cr4 | CR4.lo.SMEP })
    expect(linear.translateForFetch(LO, HI, 2)).toBeLessThan(0)
    expect(fault()).toBe(`${CODE.P | CODE.ID} 7f${LO.toString(16)}`)
  })
})

describe('a violation of the second stage', () => {
  it('is no event, and nothing is written', () => {
    const stage = {
      allows: STAGE_RIGHT.READ | STAGE_RIGHT.WRITE,
      translate: (physical: number) => (physical >= SECOND && physical < SECOND + 0x1000 ? -1 : physical),
    }
    const machine = new PagedMachine({ secondStage: stage })
    machine.map(LO, HI, FIRST)
    machine.map(LO + 0x1000, HI, SECOND)
    expect(machine.linear.write(4, LO + 0xffe, HI, -1, 0, SUPERVISOR)).toBe(1)
    expect(machine.state.lo(FIELD.pendingEvent)).toBe(0)
    expect(machine.memory.read16(FIRST + 0xffe)).toBe(0)
    expect([machine.mmu.status, machine.mmu.walker.guestPhysical]).toEqual([2, SECOND])
  })
})
