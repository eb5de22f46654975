import type { AnyBitfield } from './bitfield.ts'
import { XSS } from './control-registers.ts'
import {
  APIC_BASE,
  ARCH_CAPABILITIES,
  CET,
  DE_CFG,
  DEBUGCTL,
  EFER,
  FEATURE_CONTROL,
  FLUSH_CMD,
  HWCR,
  MCG_CAP,
  MCG_STATUS,
  MCI_STATUS,
  MISC_ENABLE,
  MTRR_DEF_TYPE,
  MTRR_PHYSBASE,
  MTRR_PHYSMASK,
  MTRRCAP,
  PAT,
  PRED_CMD,
  SPEC_CTRL,
  STAR,
  SYSCFG,
  VM_CR,
  VMX_BASIC,
} from './msr-fields.ts'
import { PKRU } from './paging.ts'
import type { StateFieldName } from './state/layout.ts'

/** Whether RDMSR, WRMSR or both reach the register; the other raises #GP(0). */
export type MsrAccess = 'rw' | 'r' | 'w'

interface Details {
  /** Number of registers; 1 if absent. Register n is at `number + n * stride`. */
  readonly count?: number
  readonly stride?: number
  /** The field of the CPU state that holds it (element n for register n). MSRs of devices and constants have none. */
  readonly state?: StateFieldName
  readonly fields?: AnyBitfield
  readonly aka?: readonly string[]
}

type Row = readonly [number: number, access: MsrAccess, meaning: string, details?: Details]

/** A model-specific register, or a row of them. */
export interface Msr {
  /** As the manual spells it: without its number in a row of registers, with `i` for the number of a bank (`IA32_MCi_CTL`). */
  readonly name: string
  readonly number: number
  readonly count: number
  readonly stride: number
  readonly access: MsrAccess
  readonly meaning: string
  readonly source: string
  readonly state: StateFieldName | undefined
  readonly fields: AnyBitfield | undefined
  readonly aka: readonly string[]
}

/** Architectural MSRs, in the SDM's spelling: Intel SDM vol. 4, 2.1. */
function intelRows() {
  // biome-ignore format: a table
  return {
    IA32_P5_MC_ADDR: [0x0, 'rw', 'machine-check address of the Pentium'],
    IA32_P5_MC_TYPE: [0x1, 'rw', 'machine-check type of the Pentium'],
    IA32_MONITOR_FILTER_SIZE: [0x6, 'rw', 'size of the MONITOR line'],
    IA32_TIME_STAMP_COUNTER: [0x10, 'rw', 'time-stamp counter; the state holds its offset from the clock', { aka: ['TSC'] }],
    IA32_PLATFORM_ID: [0x17, 'r', 'platform'],
    IA32_APIC_BASE: [0x1b, 'rw', 'local APIC: address and mode', { state: 'apicBase', fields: APIC_BASE }],
    IA32_FEATURE_CONTROL: [0x3a, 'rw', 'what firmware allows', { state: 'featureControl', fields: FEATURE_CONTROL }],
    IA32_TSC_ADJUST: [0x3b, 'rw', 'what writes to the time-stamp counter have added', { state: 'tscAdjust' }],
    IA32_SPEC_CTRL: [0x48, 'rw', 'speculation control', { state: 'specCtrl', fields: SPEC_CTRL }],
    IA32_PRED_CMD: [0x49, 'w', 'prediction command', { fields: PRED_CMD }],
    IA32_BIOS_UPDT_TRIG: [0x79, 'w', 'starts a microcode update'],
    IA32_BIOS_SIGN_ID: [0x8b, 'rw', 'microcode revision in bits 63:32', { state: 'biosSignId', aka: ['PATCH_LEVEL'] }],
    IA32_SMM_MONITOR_CTL: [0x9b, 'rw', 'SMM monitor'],
    IA32_SMBASE: [0x9e, 'r', 'base of system-management RAM, in SMM only'],
    IA32_PMC: [0xc1, 'rw', 'performance counters', { count: 8 }],
    IA32_CORE_CAPABILITIES: [0xcf, 'r', 'capabilities of the core'],
    IA32_UMWAIT_CONTROL: [0xe1, 'rw', 'limits of UMWAIT and TPAUSE'],
    IA32_MPERF: [0xe7, 'rw', 'counts at the maximum frequency'],
    IA32_APERF: [0xe8, 'rw', 'counts at the actual frequency'],
    IA32_MTRRCAP: [0xfe, 'r', 'MTRR capabilities', { fields: MTRRCAP }],
    IA32_ARCH_CAPABILITIES: [0x10a, 'r', 'architectural capabilities', { fields: ARCH_CAPABILITIES }],
    IA32_FLUSH_CMD: [0x10b, 'w', 'flush command', { fields: FLUSH_CMD }],
    IA32_TSX_CTRL: [0x122, 'rw', 'transactional memory control'],
    IA32_SYSENTER_CS: [0x174, 'rw', 'CS of SYSENTER', { state: 'sysenterCs' }],
    IA32_SYSENTER_ESP: [0x175, 'rw', 'stack pointer of SYSENTER', { state: 'sysenterEsp' }],
    IA32_SYSENTER_EIP: [0x176, 'rw', 'target of SYSENTER', { state: 'sysenterEip' }],
    IA32_MCG_CAP: [0x179, 'r', 'machine-check capabilities', { fields: MCG_CAP }],
    IA32_MCG_STATUS: [0x17a, 'rw', 'machine-check status', { state: 'mcgStatus', fields: MCG_STATUS }],
    IA32_MCG_CTL: [0x17b, 'rw', 'machine-check control'],
    IA32_PERFEVTSEL: [0x186, 'rw', 'performance event selection', { count: 8 }],
    IA32_PERF_STATUS: [0x198, 'r', 'performance state'],
    IA32_PERF_CTL: [0x199, 'rw', 'performance state wanted'],
    IA32_CLOCK_MODULATION: [0x19a, 'rw', 'clock modulation'],
    IA32_THERM_INTERRUPT: [0x19b, 'rw', 'thermal interrupts'],
    IA32_THERM_STATUS: [0x19c, 'rw', 'thermal status'],
    IA32_MISC_ENABLE: [0x1a0, 'rw', 'miscellaneous features', { state: 'miscEnable', fields: MISC_ENABLE }],
    IA32_ENERGY_PERF_BIAS: [0x1b0, 'rw', 'performance and energy bias'],
    IA32_XFD: [0x1c4, 'rw', 'extended feature disable'],
    IA32_XFD_ERR: [0x1c5, 'rw', 'extended feature disable: what was used'],
    IA32_DEBUGCTL: [0x1d9, 'rw', 'debug control', { state: 'debugctl', fields: DEBUGCTL, aka: ['DebugCtl'] }],
    IA32_SMRR_PHYSBASE: [0x1f2, 'rw', 'SMM range, base'],
    IA32_SMRR_PHYSMASK: [0x1f3, 'rw', 'SMM range, mask'],
    IA32_MTRR_PHYSBASE: [0x200, 'rw', 'variable range, base', { count: 10, stride: 2, state: 'mtrrPhysBase', fields: MTRR_PHYSBASE }],
    IA32_MTRR_PHYSMASK: [0x201, 'rw', 'variable range, mask', { count: 10, stride: 2, state: 'mtrrPhysMask', fields: MTRR_PHYSMASK }],
    IA32_MTRR_FIX64K_00000: [0x250, 'rw', 'fixed ranges of 64 KByte from 00000H', { state: 'mtrrFix64k00000' }],
    IA32_MTRR_FIX16K_80000: [0x258, 'rw', 'fixed ranges of 16 KByte from 80000H', { state: 'mtrrFix16k80000' }],
    IA32_MTRR_FIX16K_A0000: [0x259, 'rw', 'fixed ranges of 16 KByte from A0000H', { state: 'mtrrFix16kA0000' }],
    IA32_MTRR_FIX4K_C0000: [0x268, 'rw', 'fixed ranges of 4 KByte from C0000H', { state: 'mtrrFix4kC0000' }],
    IA32_MTRR_FIX4K_C8000: [0x269, 'rw', 'fixed ranges of 4 KByte from C8000H', { state: 'mtrrFix4kC8000' }],
    IA32_MTRR_FIX4K_D0000: [0x26a, 'rw', 'fixed ranges of 4 KByte from D0000H', { state: 'mtrrFix4kD0000' }],
    IA32_MTRR_FIX4K_D8000: [0x26b, 'rw', 'fixed ranges of 4 KByte from D8000H', { state: 'mtrrFix4kD8000' }],
    IA32_MTRR_FIX4K_E0000: [0x26c, 'rw', 'fixed ranges of 4 KByte from E0000H', { state: 'mtrrFix4kE0000' }],
    IA32_MTRR_FIX4K_E8000: [0x26d, 'rw', 'fixed ranges of 4 KByte from E8000H', { state: 'mtrrFix4kE8000' }],
    IA32_MTRR_FIX4K_F0000: [0x26e, 'rw', 'fixed ranges of 4 KByte from F0000H', { state: 'mtrrFix4kF0000' }],
    IA32_MTRR_FIX4K_F8000: [0x26f, 'rw', 'fixed ranges of 4 KByte from F8000H', { state: 'mtrrFix4kF8000' }],
    IA32_PAT: [0x277, 'rw', 'page attribute table', { state: 'pat', fields: PAT }],
    IA32_MCi_CTL2: [0x280, 'rw', 'corrected machine-check interrupts of a bank', { count: 32 }],
    IA32_MTRR_DEF_TYPE: [0x2ff, 'rw', 'default memory type', { state: 'mtrrDefType', fields: MTRR_DEF_TYPE }],
    IA32_FIXED_CTR: [0x309, 'rw', 'fixed-function performance counters', { count: 7 }],
    IA32_PERF_CAPABILITIES: [0x345, 'r', 'performance monitoring capabilities'],
    IA32_FIXED_CTR_CTRL: [0x38d, 'rw', 'control of the fixed-function counters'],
    IA32_PERF_GLOBAL_STATUS: [0x38e, 'r', 'overflow of the performance counters'],
    IA32_PERF_GLOBAL_CTRL: [0x38f, 'rw', 'enables performance counters'],
    IA32_PERF_GLOBAL_STATUS_RESET: [0x390, 'rw', 'clears overflows', { aka: ['IA32_PERF_GLOBAL_OVF_CTRL'] }],
    IA32_PEBS_ENABLE: [0x3f1, 'rw', 'event based sampling'],
    IA32_MCi_CTL: [0x400, 'rw', 'error reporting of a bank', { count: 32, stride: 4 }],
    IA32_MCi_STATUS: [0x401, 'rw', 'error status of a bank', { count: 32, stride: 4, fields: MCI_STATUS }],
    IA32_MCi_ADDR: [0x402, 'rw', 'error address of a bank', { count: 32, stride: 4 }],
    IA32_MCi_MISC: [0x403, 'rw', 'more on the error of a bank', { count: 32, stride: 4 }],
    IA32_VMX_BASIC: [0x480, 'r', 'VMX: basic information', { fields: VMX_BASIC }],
    IA32_VMX_PINBASED_CTLS: [0x481, 'r', 'VMX: pin-based controls'],
    IA32_VMX_PROCBASED_CTLS: [0x482, 'r', 'VMX: primary processor-based controls'],
    IA32_VMX_EXIT_CTLS: [0x483, 'r', 'VMX: primary VM-exit controls'],
    IA32_VMX_ENTRY_CTLS: [0x484, 'r', 'VMX: VM-entry controls'],
    IA32_VMX_MISC: [0x485, 'r', 'VMX: miscellaneous'],
    IA32_VMX_CR0_FIXED0: [0x486, 'r', 'VMX: CR0 bits that must be 1'],
    IA32_VMX_CR0_FIXED1: [0x487, 'r', 'VMX: CR0 bits that may be 1'],
    IA32_VMX_CR4_FIXED0: [0x488, 'r', 'VMX: CR4 bits that must be 1'],
    IA32_VMX_CR4_FIXED1: [0x489, 'r', 'VMX: CR4 bits that may be 1'],
    IA32_VMX_VMCS_ENUM: [0x48a, 'r', 'VMX: highest VMCS field index'],
    IA32_VMX_PROCBASED_CTLS2: [0x48b, 'r', 'VMX: secondary processor-based controls'],
    IA32_VMX_EPT_VPID_CAP: [0x48c, 'r', 'VMX: EPT and VPID'],
    IA32_VMX_TRUE_PINBASED_CTLS: [0x48d, 'r', 'VMX: pin-based controls, true'],
    IA32_VMX_TRUE_PROCBASED_CTLS: [0x48e, 'r', 'VMX: primary processor-based controls, true'],
    IA32_VMX_TRUE_EXIT_CTLS: [0x48f, 'r', 'VMX: VM-exit controls, true'],
    IA32_VMX_TRUE_ENTRY_CTLS: [0x490, 'r', 'VMX: VM-entry controls, true'],
    IA32_VMX_VMFUNC: [0x491, 'r', 'VMX: VM functions'],
    IA32_VMX_PROCBASED_CTLS3: [0x492, 'r', 'VMX: tertiary processor-based controls'],
    IA32_VMX_EXIT_CTLS2: [0x493, 'r', 'VMX: secondary VM-exit controls'],
    IA32_A_PMC: [0x4c1, 'rw', 'performance counters, full width', { count: 8 }],
    IA32_DS_AREA: [0x600, 'rw', 'debug store area'],
    IA32_U_CET: [0x6a0, 'rw', 'CET at CPL 3', { state: 'uCet', fields: CET }],
    IA32_S_CET: [0x6a2, 'rw', 'CET at CPL < 3', { state: 'sCet', fields: CET }],
    IA32_PL0_SSP: [0x6a4, 'rw', 'shadow stack of privilege level 0', { state: 'pl0Ssp' }],
    IA32_PL1_SSP: [0x6a5, 'rw', 'shadow stack of privilege level 1', { state: 'pl1Ssp' }],
    IA32_PL2_SSP: [0x6a6, 'rw', 'shadow stack of privilege level 2', { state: 'pl2Ssp' }],
    IA32_PL3_SSP: [0x6a7, 'rw', 'shadow stack of privilege level 3', { state: 'pl3Ssp' }],
    IA32_INTERRUPT_SSP_TABLE_ADDR: [0x6a8, 'rw', 'table of shadow stacks for IST', { state: 'interruptSspTable' }],
    IA32_TSC_DEADLINE: [0x6e0, 'rw', 'deadline of the local APIC timer'],
    IA32_PKRS: [0x6e1, 'rw', 'protection keys of supervisor-mode pages', { state: 'pkrs', fields: PKRU }],
    IA32_X2APIC_APICID: [0x802, 'r', 'x2APIC: identifier'],
    IA32_X2APIC_VERSION: [0x803, 'r', 'x2APIC: version'],
    IA32_X2APIC_TPR: [0x808, 'rw', 'x2APIC: task priority'],
    IA32_X2APIC_PPR: [0x80a, 'r', 'x2APIC: processor priority'],
    IA32_X2APIC_EOI: [0x80b, 'w', 'x2APIC: end of interrupt'],
    IA32_X2APIC_LDR: [0x80d, 'r', 'x2APIC: logical destination'],
    IA32_X2APIC_SIVR: [0x80f, 'rw', 'x2APIC: spurious interrupt vector'],
    IA32_X2APIC_ISR: [0x810, 'r', 'x2APIC: interrupts in service', { count: 8 }],
    IA32_X2APIC_TMR: [0x818, 'r', 'x2APIC: trigger modes', { count: 8 }],
    IA32_X2APIC_IRR: [0x820, 'r', 'x2APIC: interrupts requested', { count: 8 }],
    IA32_X2APIC_ESR: [0x828, 'rw', 'x2APIC: error status'],
    IA32_X2APIC_LVT_CMCI: [0x82f, 'rw', 'x2APIC: corrected machine checks'],
    IA32_X2APIC_ICR: [0x830, 'rw', 'x2APIC: interrupt command'],
    IA32_X2APIC_LVT_TIMER: [0x832, 'rw', 'x2APIC: timer'],
    IA32_X2APIC_LVT_THERMAL: [0x833, 'rw', 'x2APIC: thermal sensor'],
    IA32_X2APIC_LVT_PMI: [0x834, 'rw', 'x2APIC: performance monitoring'],
    IA32_X2APIC_LVT_LINT0: [0x835, 'rw', 'x2APIC: LINT0'],
    IA32_X2APIC_LVT_LINT1: [0x836, 'rw', 'x2APIC: LINT1'],
    IA32_X2APIC_LVT_ERROR: [0x837, 'rw', 'x2APIC: errors'],
    IA32_X2APIC_INIT_COUNT: [0x838, 'rw', 'x2APIC: initial count of the timer'],
    IA32_X2APIC_CUR_COUNT: [0x839, 'r', 'x2APIC: current count of the timer'],
    IA32_X2APIC_DIV_CONF: [0x83e, 'rw', 'x2APIC: divider of the timer'],
    IA32_X2APIC_SELF_IPI: [0x83f, 'w', 'x2APIC: interrupt to itself'],
    IA32_PASID: [0xd93, 'rw', 'process address space identifier of ENQCMD'],
    IA32_XSS: [0xda0, 'rw', 'supervisor state components', { state: 'xss', fields: XSS }],
    IA32_EFER: [0xc0000080, 'rw', 'extended features', { state: 'efer', fields: EFER }],
    IA32_STAR: [0xc0000081, 'rw', 'selectors of SYSCALL and SYSRET', { state: 'star', fields: STAR }],
    IA32_LSTAR: [0xc0000082, 'rw', 'target of SYSCALL from 64-bit mode', { state: 'lstar' }],
    IA32_CSTAR: [0xc0000083, 'rw', 'target of SYSCALL from compatibility mode (AMD; kept by Intel)', { state: 'cstar' }],
    IA32_FMASK: [0xc0000084, 'rw', 'RFLAGS bits that SYSCALL clears', { state: 'fmask', aka: ['SFMASK'] }],
    IA32_FS_BASE: [0xc0000100, 'rw', 'base of FS', { state: 'fsBase' }],
    IA32_GS_BASE: [0xc0000101, 'rw', 'base of GS', { state: 'gsBase' }],
    IA32_KERNEL_GS_BASE: [0xc0000102, 'rw', 'what SWAPGS exchanges with the base of GS', { state: 'kernelGsBase' }],
    IA32_TSC_AUX: [0xc0000103, 'rw', 'what RDTSCP and RDPID report', { state: 'tscAux' }],
  } as const satisfies Record<string, Row>
}

/** MSRs that AMD alone defines, in the APM's spelling: AMD APM vol. 2, appendix A. */
function amdRows() {
  // biome-ignore format: a table
  return {
    MPERF_READ_ONLY: [0xc00000e7, 'r', 'MPERF, read-only'],
    APERF_READ_ONLY: [0xc00000e8, 'r', 'APERF, read-only'],
    IRPERFCOUNT: [0xc00000e9, 'r', 'instructions retired'],
    LASTBRANCHFROMIP: [0x1db, 'r', 'last branch: from'],
    LASTBRANCHTOIP: [0x1dc, 'r', 'last branch: to'],
    LASTINTFROMIP: [0x1dd, 'r', 'last exception or interrupt: from', { aka: ['LastExceptionFromIp'] }],
    LASTINTTOIP: [0x1de, 'r', 'last exception or interrupt: to', { aka: ['LastExceptionToIp'] }],
    TSC_RATIO: [0xc0000104, 'rw', 'ratio of a guest\'s time-stamp counter'],
    PERFEVTSEL: [0xc0010000, 'rw', 'performance event selection', { count: 4 }],
    PERFCTR: [0xc0010004, 'rw', 'performance counters', { count: 4 }],
    SYSCFG: [0xc0010010, 'rw', 'system configuration', { state: 'syscfg', fields: SYSCFG }],
    HWCR: [0xc0010015, 'rw', 'hardware configuration', { state: 'hwcr', fields: HWCR }],
    IORRBASE: [0xc0010016, 'rw', 'I/O range, base', { count: 2, stride: 2 }],
    IORRMASK: [0xc0010017, 'rw', 'I/O range, mask', { count: 2, stride: 2 }],
    TOP_MEM: [0xc001001a, 'rw', 'top of memory below 4 GByte'],
    TOP_MEM2: [0xc001001d, 'rw', 'top of memory above 4 GByte', { aka: ['TOM2'] }],
    MMIO_CFG_BASE: [0xc0010058, 'rw', 'base of the PCI configuration space'],
    SMM_BASE: [0xc0010111, 'rw', 'base of system-management RAM'],
    SMM_ADDR: [0xc0010112, 'rw', 'SMM range, base'],
    SMM_MASK: [0xc0010113, 'rw', 'SMM range, mask'],
    VM_CR: [0xc0010114, 'rw', 'SVM: what is allowed', { fields: VM_CR }],
    IGNNE: [0xc0010115, 'rw', 'state of IGNNE#'],
    SMM_CTL: [0xc0010116, 'w', 'SMM control'],
    VM_HSAVE_PA: [0xc0010117, 'rw', 'SVM: physical address of the host save area'],
    SVM_KEY: [0xc0010118, 'w', 'SVM: key that unlocks VM_CR'],
    AVIC_DOORBELL: [0xc001011b, 'w', 'signals another processor\'s virtual interrupt controller'],
    VIRT_SPEC_CTRL: [0xc001011f, 'rw', 'speculation control for guests'],
    GHCB: [0xc0010130, 'rw', 'guest-hypervisor communication block'],
    SEV_STATUS: [0xc0010131, 'r', 'encrypted virtualization in use'],
    OSVW_ID_LENGTH: [0xc0010140, 'rw', 'number of valid errata'],
    OSVW_STATUS: [0xc0010141, 'rw', 'errata'],
    PATCH_LOADER: [0xc0010020, 'w', 'starts a microcode update'],
    DE_CFG: [0xc0011029, 'rw', 'decoder configuration', { fields: DE_CFG }],
  } as const satisfies Record<string, Row>
}

type IntelName = keyof ReturnType<typeof intelRows>
type AmdName = keyof ReturnType<typeof amdRows>

/** The MSRs by name. */
export type MsrName = IntelName | AmdName

/** The MSRs by name: `MSR.IA32_EFER.number`. */
export const MSR: { readonly [Name in MsrName]: Msr } = /* @__PURE__ */ msrTable()

function msrTable(): { readonly [Name in MsrName]: Msr } {
  const intel = rowsToMsrs(intelRows(), 'Intel SDM vol. 4, 2.1 "Architectural MSRs"')
  const amd = rowsToMsrs(amdRows(), 'AMD APM vol. 2, appendix A "MSR Cross-Reference"')
  return Object.freeze({ ...intel, ...amd })
}

function rowsToMsrs<Name extends string>(rows: Readonly<Record<Name, Row>>, source: string): Record<Name, Msr> {
  const entries = Object.entries<Row>(rows).map(([name, [number, access, meaning, details = {}]]) => {
    const { count = 1, stride = 1, state, fields, aka = [] } = details
    return [name, Object.freeze({ name, number, count, stride, access, meaning, source, state, fields, aka })]
  })
  return Object.fromEntries(entries) as Record<Name, Msr>
}

/** An MSR number resolved: which row it is in, which register of the row, and the full name. */
export interface MsrReference {
  readonly msr: Msr
  readonly index: number
  /** `IA32_EFER`, `IA32_MTRR_PHYSBASE3`, `IA32_MC0_CTL` */
  readonly name: string
}

let byNumber: ReadonlyMap<number, MsrReference> | undefined

/** The MSR of a number (unsigned), or `undefined` if the table has none. Whether a processor has it is up to its model. */
export function msrOf(number: number): MsrReference | undefined {
  byNumber ??= numberMap()
  return byNumber.get(number >>> 0)
}

function numberMap(): ReadonlyMap<number, MsrReference> {
  const map = new Map<number, MsrReference>()
  for (const msr of Object.values(MSR)) {
    for (let index = 0; index < msr.count; index++) {
      const name = msr.count === 1 ? msr.name : nameInRow(msr.name, index)
      map.set(msr.number + index * msr.stride, Object.freeze({ msr, index, name }))
    }
  }
  return map
}

function nameInRow(name: string, index: number): string {
  return name.includes('MCi') ? name.replace('MCi', `MC${index}`) : `${name}${index}`
}
