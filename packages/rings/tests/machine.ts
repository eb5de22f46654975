import {
  ACCESS_RIGHTS,
  type CpuState,
  CR0,
  CR4,
  createState,
  EFER,
  FIELD,
  RFLAGS,
  SEGMENT,
  writeRflags,
} from '@ringfold/arch'
import type { AccessStatus, LinearMemory } from '@ringfold/contracts'
import { type RuleContext, type RuleHost, raise, VECTOR } from '../src/context.ts'
import type { CpuModel } from '../src/models/model.ts'
import { cpuModel } from '../src/models/table.ts'
import { setSegment } from '../src/segments/registers.ts'

/** A megabyte of flat memory; a page may be made to fault. */
export class FlatMemory implements LinearMemory {
  readonly view = new DataView(new ArrayBuffer(1 << 20))
  readonly state: CpuState
  lo = 0
  hi = 0
  writes = 0
  /** Accesses at or above this address fault. */
  end = 1 << 20
  readOnlyFrom = 1 << 20

  constructor(state: CpuState) {
    this.state = state
  }

  #check(size: number, lo: number, hi: number, limit: number): AccessStatus {
    if (hi === 0 && lo + size <= limit) return 0
    raise(this.state, VECTOR.PF, 2)
    this.state.set(FIELD.pendingPayload, lo, hi)
    return 1
  }

  read(size: 1 | 2 | 4 | 8, lo: number, hi: number): AccessStatus {
    if (this.#check(size, lo, hi, this.end) !== 0) return 1
    this.hi = size === 8 ? this.view.getUint32(lo + 4, true) : 0
    if (size === 1) this.lo = this.view.getUint8(lo)
    else this.lo = size === 2 ? this.view.getUint16(lo, true) : this.view.getUint32(lo, true)
    return 0
  }

  write(size: 1 | 2 | 4 | 8, lo: number, hi: number, valueLo: number, valueHi: number): AccessStatus {
    if (this.probeWrite(size, lo, hi) !== 0) return 1
    this.writes++
    if (size === 1) this.view.setUint8(lo, valueLo)
    else if (size === 2) this.view.setUint16(lo, valueLo, true)
    else this.view.setUint32(lo, valueLo, true)
    if (size === 8) this.view.setUint32(lo + 4, valueHi, true)
    return 0
  }

  probeWrite(size: number, lo: number, hi: number): AccessStatus {
    return this.#check(size, lo, hi, Math.min(this.end, this.readOnlyFrom))
  }

  put64(at: number, value: bigint): void {
    this.view.setBigUint64(at, value, true)
  }

  get64(at: number): bigint {
    return this.view.getBigUint64(at, true)
  }

  get32(at: number): number {
    return this.view.getUint32(at, true)
  }
}

export const GDT = 0x1000
export const IDT = 0x2000
export const TSS = 0x4000
export const STACK0 = 0x8000
export const STACK3 = 0xa000
export const SEL = {
  CODE0: 0x08,
  DATA0: 0x10,
  CODE3: 0x1b,
  DATA3: 0x23,
  TSS: 0x28,
  CODE64: 0x38,
  CODE64_3: 0x43,
} as const

export interface Machine {
  readonly ctx: RuleContext
  readonly state: CpuState
  readonly memory: FlatMemory
  readonly calls: string[]
  event(): { vector: number; errorCode: number } | undefined
}

function hostOf(calls: string[]): RuleHost {
  return {
    flushTlb: () => void calls.push('flush'),
    invalidatePage: (lo) => void calls.push(`invlpg ${lo}`),
    invpcid: (type, pcid) => void calls.push(`invpcid ${type} ${pcid}`),
    cr3Written: (keep) => void calls.push(`cr3 ${keep}`),
    loadPdptes: () => {
      calls.push('pdptes')
      return 0
    },
    modeChanged: () => void calls.push('mode'),
    taskPriorityChanged: () => void calls.push('tpr'),
    tscLo: () => 1000,
    tscHi: () => 0,
    readMsr: () => 2,
    writeMsr: () => 2,
    msrLo: 0,
    msrHi: 0,
    readPort: (_port, size) => {
      calls.push('in')
      return 2 ** (8 * size) - 1
    },
    writePort: (port, size, value) => void calls.push(`out ${port} ${size} ${value}`),
    random: () => 0x12345678,
    armMonitor: () => 0,
  }
}

/** A descriptor from base, limit, access byte and flags (G, D/B, L, AVL). */
export function descriptor(base: number, limit: number, access: number, flags: number): bigint {
  const [b, l] = [BigInt(base), BigInt(limit)]
  const low = (l & 0xffffn) | ((b & 0xffffffn) << 16n) | (BigInt(access) << 40n)
  return low | ((l >> 16n) << 48n) | (BigInt(flags) << 52n) | ((b >> 24n) << 56n)
}

const { S, P, DB, G, L } = ACCESS_RIGHTS.lo

/** A machine in real mode, with a GDT and TSS ready in memory. */
export function machine(model: CpuModel = cpuModel()): Machine {
  const state = createState()
  const memory = new FlatMemory(state)
  const calls: string[] = []
  const ctx: RuleContext = { state, linear: memory, model, host: hostOf(calls) }
  memory.put64(GDT + 0x08, descriptor(0, 0xfffff, 0x9a, 0xc))
  memory.put64(GDT + 0x10, descriptor(0, 0xfffff, 0x92, 0xc))
  memory.put64(GDT + 0x18, descriptor(0, 0xfffff, 0xfa, 0xc))
  memory.put64(GDT + 0x20, descriptor(0, 0xfffff, 0xf2, 0xc))
  memory.put64(GDT + 0x28, descriptor(TSS, 0x167, 0x89, 0))
  memory.put64(GDT + 0x38, descriptor(0, 0xfffff, 0x9a, 0xa))
  memory.put64(GDT + 0x40, descriptor(0, 0xfffff, 0xfa, 0xa))
  for (let segment = 0; segment <= SEGMENT.GS; segment++) setSegment(state, segment, 0, 0, 0, 0xffff, S | P | 3)
  setSegment(state, SEGMENT.CS, 0, 0, 0, 0xffff, S | P | 11)
  setSegment(state, SEGMENT.LDTR, 0, 0, 0, 0, ACCESS_RIGHTS.lo.UNUSABLE)
  state.set(FIELD.gdtrBase, GDT, 0)
  state.setLo(FIELD.gdtrLimit, 0xff)
  state.setLo(FIELD.idtrLimit, 0x3ff)
  state.set(FIELD.cr0, CR0.lo.ET, 0)
  state.set(FIELD.rsp, STACK0, 0)
  writeRflags(state, 2)
  const event = (): { vector: number; errorCode: number } | undefined =>
    state.lo(FIELD.pendingEvent) === 0
      ? undefined
      : { vector: state.lo(FIELD.pendingEvent) & 0xff, errorCode: state.lo(FIELD.pendingErrorCode) }
  return { ctx, state, memory, calls, event }
}

/** Puts a machine into 32-bit protected mode at a privilege level, or with `long` into 64-bit mode. */
export function enterMode(built: Machine, cpl: number, long = false): Machine {
  const { state } = built
  const dpl = cpl << ACCESS_RIGHTS.shift.DPL
  state.set(FIELD.cr0, CR0.lo.PE | CR0.lo.ET | CR0.lo.NE | (long ? CR0.lo.PG : 0), 0)
  if (long) {
    state.set(FIELD.efer, EFER.lo.LME | EFER.lo.LMA | EFER.lo.SCE, 0)
    state.set(FIELD.cr4, CR4.lo.PAE, 0)
  }
  const code64 = cpl === 0 ? SEL.CODE64 : SEL.CODE64_3
  const cs = long ? code64 : cpl === 0 ? SEL.CODE0 : SEL.CODE3
  setSegment(state, SEGMENT.CS, cs, 0, 0, 0xffffffff, S | P | G | 11 | dpl | (long ? L : DB))
  for (const segment of [SEGMENT.ES, SEGMENT.SS, SEGMENT.DS, SEGMENT.FS, SEGMENT.GS]) {
    setSegment(state, segment, cpl === 0 ? SEL.DATA0 : SEL.DATA3, 0, 0, 0xffffffff, S | P | G | DB | 3 | dpl)
  }
  setSegment(state, SEGMENT.TR, SEL.TSS, TSS, 0, 0x167, P | 11)
  state.set(FIELD.idtrBase, IDT, 0)
  state.setLo(FIELD.idtrLimit, 0xfff)
  state.set(FIELD.rsp, cpl === 0 ? STACK0 : STACK3, 0)
  writeRflags(state, RFLAGS.lo.IF | 2)
  return built
}

/** A gate: type 14 interrupt, 15 trap, 12 call; 8 bytes. */
export function gate(selector: number, offset: number, type: number, dpl = 0, extra = 0): bigint {
  const access = BigInt(0x80 | (dpl << 5) | type) << 40n
  const low = BigInt(offset & 0xffff) | (BigInt(selector) << 16n)
  return low | (BigInt(extra) << 32n) | access | (BigInt(offset >>> 16) << 48n)
}
