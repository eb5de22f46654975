/**
 * Registers of the local APIC, as one table: offset in the page of xAPIC mode, from which the MSR of x2APIC mode follows, and who may do
 * what with it. Intel SDM vol. 3A, tables 12-1 and 12-6.
 */

/** First MSR of x2APIC mode: that of a register is this plus its offset / 16. */
export const X2APIC_MSR_BASE = 0x800
export const X2APIC_MSRS = 0x40

type Access = 'r' | 'w' | 'rw'

interface RegisterRow {
  readonly offset: number
  readonly count?: number
  readonly access: Access
  /** In x2APIC mode, where it differs; `-`: absent there. */
  readonly x2apic?: Access | '-'
  /** Bits that may be written as ones in x2APIC mode. */
  readonly writable?: number
}

const LVT_TIMER_BITS = 0x0007_00ff
const LVT_BITS = 0x0001_07ff
const LVT_LINT_BITS = 0x0001_a7ff
const LVT_ERROR_BITS = 0x0001_00ff

// biome-ignore format: a table
export const APIC_REGISTERS = {
  ID: { offset: 0x020, access: 'rw', x2apic: 'r' },
  VERSION: { offset: 0x030, access: 'r' },
  TPR: { offset: 0x080, access: 'rw', writable: 0xff },
  APR: { offset: 0x090, access: 'r', x2apic: '-' },
  PPR: { offset: 0x0a0, access: 'r' },
  EOI: { offset: 0x0b0, access: 'w', writable: 0 },
  RRD: { offset: 0x0c0, access: 'r', x2apic: '-' },
  LDR: { offset: 0x0d0, access: 'rw', x2apic: 'r' },
  DFR: { offset: 0x0e0, access: 'rw', x2apic: '-' },
  SVR: { offset: 0x0f0, access: 'rw', writable: 0x13ff },
  ISR: { offset: 0x100, count: 8, access: 'r' },
  TMR: { offset: 0x180, count: 8, access: 'r' },
  IRR: { offset: 0x200, count: 8, access: 'r' },
  ESR: { offset: 0x280, access: 'rw', writable: 0 },
  LVT_CMCI: { offset: 0x2f0, access: 'rw', writable: LVT_BITS },
  ICR: { offset: 0x300, access: 'rw', writable: 0x000c_cfff },
  ICR_HIGH: { offset: 0x310, access: 'rw', x2apic: '-' },
  LVT_TIMER: { offset: 0x320, access: 'rw', writable: LVT_TIMER_BITS },
  LVT_THERMAL: { offset: 0x330, access: 'rw', writable: LVT_BITS },
  LVT_PERFORMANCE: { offset: 0x340, access: 'rw', writable: LVT_BITS },
  LVT_LINT0: { offset: 0x350, access: 'rw', writable: LVT_LINT_BITS },
  LVT_LINT1: { offset: 0x360, access: 'rw', writable: LVT_LINT_BITS },
  LVT_ERROR: { offset: 0x370, access: 'rw', writable: LVT_ERROR_BITS },
  INITIAL_COUNT: { offset: 0x380, access: 'rw', writable: 0xffff_ffff },
  CURRENT_COUNT: { offset: 0x390, access: 'r' },
  DIVIDE: { offset: 0x3e0, access: 'rw', writable: 0x0b },
  SELF_IPI: { offset: 0x3f0, access: 'w', x2apic: 'w', writable: 0xff },
} as const satisfies Readonly<Record<string, RegisterRow>>

export type ApicRegisterName = keyof typeof APIC_REGISTERS

export interface ApicRegister extends RegisterRow {
  readonly name: ApicRegisterName
}

/** The register at each 16 bytes of the page. */
const BY_SLOT: ReadonlyMap<number, ApicRegister> = /* @__PURE__ */ (() =>
  new Map(
    Object.entries<RegisterRow>(APIC_REGISTERS).flatMap(([name, row]) =>
      Array.from({ length: row.count ?? 1 }, (_, n) => {
        const register: ApicRegister = { name: name as ApicRegisterName, ...row }
        return [(row.offset >>> 4) + n, register] as const
      }),
    ),
  ))()

/** The register of which `offset` in the page is a part. */
export function apicRegisterAt(offset: number): ApicRegister | undefined {
  return BY_SLOT.get(offset >>> 4)
}

/** LVT entries: Intel SDM vol. 3A, figure 12-8. */
export const LVT = {
  VECTOR: 0xff,
  DELIVERY_MODE: 0x700,
  DELIVERY_STATUS: 0x1000,
  POLARITY: 0x2000,
  REMOTE_IRR: 0x4000,
  LEVEL: 0x8000,
  MASKED: 0x1_0000,
  /** Of the timer. */
  TIMER_MODE: 0x6_0000,
  PERIODIC: 0x2_0000,
  TSC_DEADLINE: 0x4_0000,
} as const

/** Delivery modes of LVT entries, interrupt commands, redirection entries and messages. */
export const DELIVERY = { FIXED: 0, LOWEST: 1, SMI: 2, NMI: 4, INIT: 5, STARTUP: 6, EXT_INT: 7 } as const

/** Spurious-interrupt vector register: Intel SDM vol. 3A, figure 12-23. */
export const SVR = { VECTOR: 0xff, ENABLED: 0x100, EOI_BROADCAST_SUPPRESSION: 0x1000 } as const

/** Error status register: Intel SDM vol. 3A, figure 12-9. */
export const ESR = { SEND_ILLEGAL_VECTOR: 0x20, RECEIVE_ILLEGAL_VECTOR: 0x40, ILLEGAL_REGISTER: 0x80 } as const
