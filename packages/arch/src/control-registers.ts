import { bitfield } from './bitfield.ts'

const SOURCE = 'Intel SDM vol. 3A, 2.5 "Control Registers"; AMD APM vol. 2, 3.1 "System-Control Registers"'

/** CR0. Bits 63:32 are reserved and must be zero. */
export const CR0 = /* @__PURE__ */ bitfield({
  name: 'CR0',
  widthBits: 64,
  source: SOURCE,
  fields: {
    PE: [0, 'protection enable'],
    MP: [1, 'monitor coprocessor: WAIT/FWAIT raise #NM when TS is set'],
    EM: [2, 'emulation: x87 instructions raise #NM, SSE instructions #UD'],
    TS: [3, 'task switched: x87, MMX, SSE and AVX instructions raise #NM'],
    ET: [4, 'extension type: reads as one'],
    NE: [5, 'numeric error: x87 errors raise #MF instead of the external FERR# protocol'],
    WP: [16, 'write protect: supervisor writes honour R/W = 0'],
    AM: [18, 'alignment mask: with RFLAGS.AC, alignment is checked at CPL 3'],
    NW: [29, 'not write-through'],
    CD: [30, 'cache disable'],
    PG: [31, 'paging'],
  },
})

/** CR3 with CR4.PCIDE = 0 and 32-bit, 4-level or 5-level paging. The address of the first table ends at MAXPHYADDR. */
export const CR3 = /* @__PURE__ */ bitfield({
  name: 'CR3',
  widthBits: 64,
  source:
    'Intel SDM vol. 3A, 5.3 and 5.5.2 "Use of CR3 with Ordinary 4-Level and 5-Level Paging"; AMD APM vol. 2, 3.1.2',
  fields: {
    PWT: [3, 'page-level write-through for the first table'],
    PCD: [4, 'page-level cache disable for the first table'],
    ADDRESS: ['51:12', 'physical address of the first paging structure, bits 51:12'],
    LAM_U57: [61, 'linear-address masking of user pointers, bits 62:57'],
    LAM_U48: [62, 'linear-address masking of user pointers, bits 62:48'],
  },
  ignored: '11:5,2:0',
})

/** CR3 with CR4.PCIDE = 1. */
export const CR3_PCID = /* @__PURE__ */ bitfield({
  name: 'CR3 (PCIDE)',
  widthBits: 64,
  source: 'Intel SDM vol. 3A, 5.5.2 and 5.10.1 "Process-Context Identifiers (PCIDs)"',
  fields: {
    PCID: ['11:0', 'process-context identifier'],
    ADDRESS: ['51:12', 'physical address of the PML4 (or PML5) table, bits 51:12'],
    LAM_U57: [61, 'linear-address masking of user pointers, bits 62:57'],
    LAM_U48: [62, 'linear-address masking of user pointers, bits 62:48'],
    NOFLUSH: [63, 'in the source of MOV to CR3: keep the translations of this PCID; never stored in CR3'],
  },
})

/** CR3 with PAE paging outside long mode: the page-directory-pointer table is 32-byte aligned. */
export const CR3_PAE = /* @__PURE__ */ bitfield({
  name: 'CR3 (PAE)',
  widthBits: 32,
  source: 'Intel SDM vol. 3A, 5.4.1 "PDPTE Registers"',
  fields: {
    PWT: [3, 'page-level write-through for the page-directory-pointer table'],
    PCD: [4, 'page-level cache disable for the page-directory-pointer table'],
    ADDRESS: ['31:5', 'physical address of the page-directory-pointer table, bits 31:5'],
  },
  ignored: '2:0',
})

/** CR4. Which bits may be set depends on CPUID; the others raise #GP(0). */
export const CR4 = /* @__PURE__ */ bitfield({
  name: 'CR4',
  widthBits: 64,
  source: SOURCE,
  fields: {
    VME: [0, 'virtual-8086 mode extensions'],
    PVI: [1, 'protected-mode virtual interrupts'],
    TSD: [2, 'time stamp disable: RDTSC and RDTSCP need CPL 0'],
    DE: [3, 'debugging extensions: DR4 and DR5 raise #UD, I/O breakpoints exist'],
    PSE: [4, 'page size extensions: 4-MByte pages with 32-bit paging'],
    PAE: [5, 'physical address extension'],
    MCE: [6, 'machine-check enable'],
    PGE: [7, 'page global enable'],
    PCE: [8, 'performance-monitoring counter enable: RDPMC at any CPL'],
    OSFXSR: [9, 'operating system support for FXSAVE and FXRSTOR: SSE enabled'],
    OSXMMEXCPT: [10, 'operating system support for unmasked SIMD floating-point exceptions: #XM instead of #UD'],
    UMIP: [11, 'user-mode instruction prevention: SGDT, SIDT, SLDT, SMSW and STR need CPL 0'],
    LA57: [12, '57-bit linear addresses: 5-level paging'],
    VMXE: [13, 'VMX enable'],
    SMXE: [14, 'SMX enable'],
    FSGSBASE: [16, 'RDFSBASE, RDGSBASE, WRFSBASE and WRGSBASE enabled'],
    PCIDE: [17, 'process-context identifiers enabled'],
    OSXSAVE: [18, 'XSAVE and processor extended states enabled: XGETBV, XSETBV, VEX encodings'],
    KL: [19, 'AES Key Locker enabled'],
    SMEP: [20, 'supervisor-mode execution prevention'],
    SMAP: [21, 'supervisor-mode access prevention'],
    PKE: [22, 'protection keys for user-mode pages'],
    CET: [23, 'control-flow enforcement technology'],
    PKS: [24, 'protection keys for supervisor-mode pages'],
    UINTR: [25, 'user interrupts enabled'],
    LASS: [27, 'linear-address space separation'],
    LAM_SUP: [28, 'linear-address masking of supervisor pointers'],
    FRED: [32, 'flexible return and event delivery'],
  },
})

/** CR8: a window onto the task-priority register of the local APIC (its bits 7:4). */
export const CR8 = /* @__PURE__ */ bitfield({
  name: 'CR8',
  widthBits: 64,
  source: 'Intel SDM vol. 3A, 12.8.6 "Task Priority in IA-32e Mode"; AMD APM vol. 2, 3.1.5',
  fields: { TPR: ['3:0', 'task-priority level: interrupts of this priority class or below are held'] },
})

/** XCR0: the user state components that XSAVE manages, as the operating system has enabled them. */
export const XCR0 = /* @__PURE__ */ bitfield({
  name: 'XCR0',
  widthBits: 64,
  source: 'Intel SDM vol. 3A, 2.6 "Extended Control Registers (Including XCR0)"; vol. 1, 13.1; AMD APM vol. 2, 11.5.2',
  fields: {
    X87: [0, 'x87 state; must be 1'],
    SSE: [1, 'XMM registers and MXCSR'],
    AVX: [2, 'upper halves of the YMM registers'],
    BNDREGS: [3, 'MPX bound registers'],
    BNDCSR: [4, 'MPX configuration and status'],
    OPMASK: [5, 'opmask registers k0-k7'],
    ZMM_HI256: [6, 'upper halves of ZMM0-ZMM15'],
    HI16_ZMM: [7, 'ZMM16-ZMM31'],
    PKRU: [9, 'PKRU'],
    TILECFG: [17, 'AMX tile configuration'],
    TILEDATA: [18, 'AMX tiles'],
    APX: [19, 'APX general-purpose registers R16-R31'],
    LWP: [62, 'lightweight profiling', { source: 'AMD APM vol. 2, 11.5.2' }],
  },
})

/** IA32_XSS: the supervisor state components that XSAVES manages. Component numbers are shared with XCR0. */
export const XSS = /* @__PURE__ */ bitfield({
  name: 'IA32_XSS',
  widthBits: 64,
  source: 'Intel SDM vol. 1, 13.1 "XSAVE-Supported Features and State-Component Bitmaps"',
  fields: {
    PT: [8, 'Processor Trace MSRs'],
    PASID: [10, 'IA32_PASID'],
    CET_U: [11, 'CET user state: IA32_U_CET, IA32_PL3_SSP'],
    CET_S: [12, 'CET supervisor state: IA32_PL0_SSP, IA32_PL1_SSP, IA32_PL2_SSP'],
    HDC: [13, 'hardware duty cycling'],
    UINTR: [14, 'user interrupts'],
    LBR: [15, 'last-branch records'],
    HWP: [16, 'hardware P-states'],
  },
})
