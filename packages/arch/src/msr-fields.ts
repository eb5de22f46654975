import { bitfield } from './bitfield.ts'

const VOL4 = 'Intel SDM vol. 4, 2.1 "Architectural MSRs"'

/** IA32_EFER. Bits from SVME up are AMD's. */
export const EFER = /* @__PURE__ */ bitfield({
  name: 'IA32_EFER',
  widthBits: 64,
  source: 'Intel SDM vol. 3A, 2.2.1 "Extended Feature Enable Register"; AMD APM vol. 2, 3.1.7',
  fields: {
    SCE: [0, 'SYSCALL and SYSRET enabled'],
    LME: [8, 'long mode (IA-32e mode) enabled'],
    LMA: [10, 'long mode active; read-only'],
    NXE: [11, 'execute disable: bit 63 of paging-structure entries has its meaning'],
    SVME: [12, 'SVM enabled'],
    LMSLE: [13, 'long-mode segment limits'],
    FFXSR: [14, 'fast FXSAVE and FXRSTOR: at CPL 0 in 64-bit mode, XMM registers are left out'],
    TCE: [15, 'translation cache extension'],
    MCOMMIT: [17, 'MCOMMIT enabled'],
    INTWB: [18, 'WBINVD and WBNOINVD interruptible'],
    UAIE: [20, 'upper address ignore'],
    AIBRSE: [21, 'automatic IBRS'],
  },
})

/** IA32_STAR: selectors of SYSCALL and SYSRET. */
export const STAR = /* @__PURE__ */ bitfield({
  name: 'IA32_STAR',
  widthBits: 64,
  source: 'Intel SDM vol. 3A, 6.8.8 "Fast System Calls in 64-Bit Mode"; AMD APM vol. 2, 6.1.1',
  fields: {
    EIP: ['31:0', 'target of SYSCALL in legacy mode (AMD)'],
    SYSCALL_CS: ['47:32', 'CS of SYSCALL; SS is 8 above'],
    SYSRET_CS: ['63:48', 'base of the selectors of SYSRET: CS is 16 above for 64 bits, SS is 8 above'],
  },
})

/** IA32_APIC_BASE. */
export const APIC_BASE = /* @__PURE__ */ bitfield({
  name: 'IA32_APIC_BASE',
  widthBits: 64,
  source: 'Intel SDM vol. 3A, 12.4.4 "Local APIC Status and Location" and 12.12.1',
  fields: {
    BSP: [8, 'this is the bootstrap processor'],
    EXTD: [10, 'x2APIC mode'],
    EN: [11, 'local APIC enabled'],
    BASE: ['51:12', 'physical address of the registers, bits 51:12'],
  },
})

/** IA32_FEATURE_CONTROL. */
export const FEATURE_CONTROL = /* @__PURE__ */ bitfield({
  name: 'IA32_FEATURE_CONTROL',
  widthBits: 64,
  source: VOL4,
  fields: {
    LOCK: [0, 'writes raise #GP until reset'],
    VMX_IN_SMX: [1, 'VMXON allowed in SMX operation'],
    VMX_OUTSIDE_SMX: [2, 'VMXON allowed outside SMX operation'],
    SENTER_LOCAL: ['14:8', 'SENTER functions enabled'],
    SENTER_GLOBAL: [15, 'SENTER enabled'],
    SGX_LC: [17, 'SGX launch control enabled'],
    SGX: [18, 'SGX enabled'],
    LMCE: [20, 'local machine-check exceptions enabled'],
  },
})

/** IA32_MISC_ENABLE. */
export const MISC_ENABLE = /* @__PURE__ */ bitfield({
  name: 'IA32_MISC_ENABLE',
  widthBits: 64,
  source: VOL4,
  fields: {
    FAST_STRINGS: [0, 'fast string operation'],
    TCC: [3, 'automatic thermal control'],
    PERFMON: [7, 'performance monitoring available; read-only'],
    BTS_UNAVAILABLE: [11, 'no branch trace storage; read-only'],
    PEBS_UNAVAILABLE: [12, 'no processor event based sampling; read-only'],
    EIST: [16, 'enhanced SpeedStep'],
    MONITOR_FSM: [18, 'MONITOR and MWAIT enabled'],
    LIMIT_CPUID_MAXVAL: [22, 'CPUID leaf 0 reports at most 3'],
    XTPR_DISABLE: [23, 'no xTPR messages'],
    XD_DISABLE: [34, 'execute disable is not reported, and EFER.NXE not writable'],
  },
})

/** IA32_SPEC_CTRL. */
export const SPEC_CTRL = /* @__PURE__ */ bitfield({
  name: 'IA32_SPEC_CTRL',
  widthBits: 64,
  source: 'Intel SDM vol. 4, 2.1 "Architectural MSRs"; AMD APM vol. 2, 3.2.9',
  fields: {
    IBRS: [0, 'indirect branch restricted speculation'],
    STIBP: [1, 'single thread indirect branch predictors'],
    SSBD: [2, 'speculative store bypass disable'],
    IPRED_DIS_U: [3, 'no indirect branch prediction at CPL 3'],
    IPRED_DIS_S: [4, 'no indirect branch prediction at CPL < 3'],
    RRSBA_DIS_U: [5, 'no alternate return prediction at CPL 3'],
    RRSBA_DIS_S: [6, 'no alternate return prediction at CPL < 3'],
    PSFD: [7, 'no fast store forwarding prediction'],
    DDPD_U: [8, 'no data-dependent prefetch at CPL 3'],
    BHI_DIS_S: [10, 'indirect branch prediction at CPL < 3 ignores history from CPL 3'],
  },
})

/** IA32_PRED_CMD, write-only. */
export const PRED_CMD = /* @__PURE__ */ bitfield({
  name: 'IA32_PRED_CMD',
  widthBits: 64,
  source: 'Intel SDM vol. 4, 2.1 "Architectural MSRs"; AMD APM vol. 2, 3.2.9',
  fields: {
    IBPB: [0, 'indirect branch prediction barrier'],
    SBPB: [7, 'selective branch prediction barrier', { source: 'AMD APM vol. 2, 3.2.9' }],
  },
})

/** IA32_FLUSH_CMD, write-only. */
export const FLUSH_CMD = /* @__PURE__ */ bitfield({
  name: 'IA32_FLUSH_CMD',
  widthBits: 64,
  source: VOL4,
  fields: { L1D_FLUSH: [0, 'write back and invalidate the first-level data cache'] },
})

/** IA32_ARCH_CAPABILITIES, read-only. */
export const ARCH_CAPABILITIES = /* @__PURE__ */ bitfield({
  name: 'IA32_ARCH_CAPABILITIES',
  widthBits: 64,
  source: VOL4,
  fields: {
    RDCL_NO: [0, 'not susceptible to rogue data cache load'],
    IBRS_ALL: [1, 'enhanced IBRS'],
    RSBA: [2, 'RET may be predicted by other predictors when the return stack buffer is empty'],
    SKIP_L1DFL_VMENTRY: [3, 'a VMM need not flush the L1 data cache before VM entry'],
    SSB_NO: [4, 'not susceptible to speculative store bypass'],
    MDS_NO: [5, 'not susceptible to microarchitectural data sampling'],
    IF_PSCHANGE_MC_NO: [6, 'no machine check by changing a page size'],
    TSX_CTRL: [7, 'IA32_TSX_CTRL exists'],
    TAA_NO: [8, 'not susceptible to TSX asynchronous abort'],
    MCU_CONTROL: [9, 'IA32_MCU_CONTROL exists'],
    MISC_PACKAGE_CTLS: [10, 'IA32_MISC_PACKAGE_CTLS exists'],
    ENERGY_FILTERING_CTL: [11, 'IA32_MISC_PACKAGE_CTLS has its energy filtering bit'],
    DOITM: [12, 'data operand independent timing mode exists'],
    SBDR_SSDP_NO: [13, 'not susceptible to shared buffers data read and sideband stale data propagator'],
    FBSDP_NO: [14, 'not susceptible to fill buffer stale data propagator'],
    PSDP_NO: [15, 'not susceptible to primary stale data propagator'],
    FB_CLEAR: [17, 'VERW overwrites fill buffers'],
    FB_CLEAR_CTRL: [18, 'IA32_MCU_OPT_CTRL has FB_CLEAR_DIS'],
    RRSBA: [19, 'alternate return prediction is restricted'],
    BHI_NO: [20, 'not susceptible to branch history injection'],
    XAPIC_DISABLE_STATUS: [21, 'IA32_XAPIC_DISABLE_STATUS exists'],
    OVERCLOCKING_STATUS: [23, 'IA32_OVERCLOCKING_STATUS exists'],
    PBRSB_NO: [24, 'not susceptible to post-barrier return stack buffer prediction'],
    GDS_CTRL: [25, 'gather data sampling can be controlled'],
    GDS_NO: [26, 'not susceptible to gather data sampling'],
    RFDS_NO: [27, 'not susceptible to register file data sampling'],
    RFDS_CLEAR: [28, 'VERW overwrites register files'],
    ITS_NO: [62, 'not susceptible to indirect target selection'],
  },
})

/** IA32_DEBUGCTL. */
export const DEBUGCTL = /* @__PURE__ */ bitfield({
  name: 'IA32_DEBUGCTL',
  widthBits: 64,
  source: 'Intel SDM vol. 3B, 19.4.1 "IA32_DEBUGCTL MSR"; AMD APM vol. 2, 13.1.1.6',
  fields: {
    LBR: [0, 'record last branches'],
    BTF: [1, 'RFLAGS.TF steps over branches'],
    BLD: [2, 'bus-lock detection raises #DB'],
    TR: [6, 'send branch trace messages'],
    BTS: [7, 'store branch trace messages'],
    BTINT: [8, 'interrupt when the branch trace store is full'],
    BTS_OFF_OS: [9, 'no branch trace store at CPL 0'],
    BTS_OFF_USR: [10, 'no branch trace store at CPL > 0'],
    FREEZE_LBRS_ON_PMI: [11, 'a performance-monitoring interrupt stops the last-branch records'],
    FREEZE_PERFMON_ON_PMI: [12, 'a performance-monitoring interrupt stops the counters'],
    ENABLE_UNCORE_PMI: [13, 'interrupts from uncore counters'],
    FREEZE_WHILE_SMM: [14, 'counters and traces stop in system-management mode'],
    RTM_DEBUG: [15, 'advanced debugging of transactional regions'],
  },
})

const PAT_TYPES = { 0: 'UC', 1: 'WC', 4: 'WT', 5: 'WP', 6: 'WB', 7: 'UC-' }

/** IA32_PAT: a memory type for each combination of PAT, PCD and PWT. */
export const PAT = /* @__PURE__ */ bitfield({
  name: 'IA32_PAT',
  widthBits: 64,
  source: 'Intel SDM vol. 3A, 13.12.2 "IA32_PAT MSR"; AMD APM vol. 2, 7.8.1',
  fields: {
    PA0: ['2:0', 'memory type 0', { values: PAT_TYPES }],
    PA1: ['10:8', 'memory type 1', { values: PAT_TYPES }],
    PA2: ['18:16', 'memory type 2', { values: PAT_TYPES }],
    PA3: ['26:24', 'memory type 3', { values: PAT_TYPES }],
    PA4: ['34:32', 'memory type 4', { values: PAT_TYPES }],
    PA5: ['42:40', 'memory type 5', { values: PAT_TYPES }],
    PA6: ['50:48', 'memory type 6', { values: PAT_TYPES }],
    PA7: ['58:56', 'memory type 7', { values: PAT_TYPES }],
  },
})

const MTRR_TYPES = { 0: 'UC', 1: 'WC', 4: 'WT', 5: 'WP', 6: 'WB' }

/** IA32_MTRRCAP, read-only. */
export const MTRRCAP = /* @__PURE__ */ bitfield({
  name: 'IA32_MTRRCAP',
  widthBits: 64,
  source: 'Intel SDM vol. 3A, 13.11.1 "MTRR Feature Identification"',
  fields: {
    VCNT: ['7:0', 'number of variable ranges'],
    FIX: [8, 'fixed ranges exist'],
    WC: [10, 'write combining exists'],
    SMRR: [11, 'SMRRs exist'],
    PRMRR: [12, 'PRMRRs exist'],
  },
})

/** IA32_MTRR_DEF_TYPE. */
export const MTRR_DEF_TYPE = /* @__PURE__ */ bitfield({
  name: 'IA32_MTRR_DEF_TYPE',
  widthBits: 64,
  source: 'Intel SDM vol. 3A, 13.11.2.1 "IA32_MTRR_DEF_TYPE MSR"; AMD APM vol. 2, 7.7.2',
  fields: {
    TYPE: ['7:0', 'memory type where no range applies', { values: MTRR_TYPES }],
    FE: [10, 'fixed ranges enabled'],
    E: [11, 'MTRRs enabled'],
  },
})

/** IA32_MTRR_PHYSBASEn. */
export const MTRR_PHYSBASE = /* @__PURE__ */ bitfield({
  name: 'IA32_MTRR_PHYSBASE',
  widthBits: 64,
  source: 'Intel SDM vol. 3A, 13.11.2.3 "Variable Range MTRRs"; AMD APM vol. 2, 7.7.2',
  fields: {
    TYPE: ['7:0', 'memory type', { values: MTRR_TYPES }],
    PHYSBASE: ['51:12', 'base address, bits 51:12'],
  },
})

/** IA32_MTRR_PHYSMASKn. */
export const MTRR_PHYSMASK = /* @__PURE__ */ bitfield({
  name: 'IA32_MTRR_PHYSMASK',
  widthBits: 64,
  source: 'Intel SDM vol. 3A, 13.11.2.3 "Variable Range MTRRs"; AMD APM vol. 2, 7.7.2',
  fields: {
    V: [11, 'the pair is valid'],
    PHYSMASK: ['51:12', 'address bits 51:12 that are compared'],
  },
})

/** IA32_U_CET and IA32_S_CET. */
export const CET = /* @__PURE__ */ bitfield({
  name: 'IA32_U_CET, IA32_S_CET',
  widthBits: 64,
  source: 'Intel SDM vol. 4, 2.1; vol. 1, 17 "Control-Flow Enforcement Technology (CET)"',
  fields: {
    SH_STK_EN: [0, 'shadow stacks enabled'],
    WR_SHSTK_EN: [1, 'WRSS enabled'],
    ENDBR_EN: [2, 'indirect branch tracking enabled'],
    LEG_IW_EN: [3, 'legacy compatibility treatment enabled'],
    NO_TRACK_EN: [4, 'no-track prefix enabled'],
    SUPPRESS_DIS: [5, 'suppression of tracking by legacy compatibility disabled'],
    SUPPRESS: [10, 'tracking is suppressed'],
    TRACKER: [11, 'tracker state', { values: { 0: 'IDLE', 1: 'WAIT_FOR_ENDBRANCH' } }],
    EB_LEG_BITMAP_BASE: ['63:12', 'linear address of the legacy code page bitmap, bits 63:12'],
  },
})

/** IA32_MCG_CAP, read-only. */
export const MCG_CAP = /* @__PURE__ */ bitfield({
  name: 'IA32_MCG_CAP',
  widthBits: 64,
  source: 'Intel SDM vol. 3B, 17.3.1.1 "IA32_MCG_CAP MSR"',
  fields: {
    COUNT: ['7:0', 'number of reporting banks'],
    CTL_P: [8, 'IA32_MCG_CTL exists'],
    EXT_P: [9, 'extended state registers exist'],
    CMCI_P: [10, 'corrected machine-check interrupt exists'],
    TES_P: [11, 'threshold-based error status exists'],
    EXT_CNT: ['23:16', 'number of extended state registers'],
    SER_P: [24, 'software error recovery exists'],
    ELOG_P: [26, 'enhanced error log exists'],
    LMCE_P: [27, 'local machine-check exceptions exist'],
  },
})

/** IA32_MCG_STATUS. */
export const MCG_STATUS = /* @__PURE__ */ bitfield({
  name: 'IA32_MCG_STATUS',
  widthBits: 64,
  source: 'Intel SDM vol. 3B, 17.3.1.2 "IA32_MCG_STATUS MSR"',
  fields: {
    RIPV: [0, 'execution can be resumed at the saved instruction pointer'],
    EIPV: [1, 'the saved instruction pointer is that of the error'],
    MCIP: [2, 'a machine check is in progress: another one shuts the processor down'],
    LMCE_S: [3, 'the machine check was delivered to this processor only'],
  },
})

/** IA32_MCi_STATUS. */
export const MCI_STATUS = /* @__PURE__ */ bitfield({
  name: 'IA32_MCi_STATUS',
  widthBits: 64,
  source: 'Intel SDM vol. 3B, 17.3.2.2 "IA32_MCi_STATUS MSRS"',
  fields: {
    MCA_CODE: ['15:0', 'machine-check error code'],
    MSCOD: ['31:16', 'model-specific error code'],
    AR: [55, 'recovery action required'],
    S: [56, 'signalled by a machine-check exception'],
    PCC: [57, 'processor context corrupt'],
    ADDRV: [58, 'IA32_MCi_ADDR is valid'],
    MISCV: [59, 'IA32_MCi_MISC is valid'],
    EN: [60, 'reporting was enabled'],
    UC: [61, 'uncorrected'],
    OVER: [62, 'overflow: an error was lost'],
    VAL: [63, 'the register is valid'],
  },
  ignored: '54:32',
})

/** IA32_VMX_BASIC, read-only. */
export const VMX_BASIC = /* @__PURE__ */ bitfield({
  name: 'IA32_VMX_BASIC',
  widthBits: 64,
  source: 'Intel SDM vol. 3D, A.1 "Basic VMX Information"',
  fields: {
    REVISION: ['30:0', 'VMCS revision identifier'],
    SIZE: ['44:32', 'bytes to allocate for a VMXON region or VMCS'],
    WIDTH32: [48, 'physical addresses of VMX structures have 32 bits'],
    DUAL_MONITOR: [49, 'dual-monitor treatment of SMIs exists'],
    MEMORY_TYPE: ['53:50', 'memory type of VMX structures', { values: { 0: 'UC', 6: 'WB' } }],
    INS_OUTS: [54, 'VM exits report information on INS and OUTS'],
    TRUE_CTLS: [55, 'the TRUE capability MSRs exist'],
    ANY_ERROR_CODE: [56, 'an event may be injected with or without error code'],
  },
})

/** VM_CR (AMD). */
export const VM_CR = /* @__PURE__ */ bitfield({
  name: 'VM_CR',
  widthBits: 64,
  source: 'AMD APM vol. 2, 15.30.1 "VM_CR MSR (C001_0114h)"',
  fields: {
    DPD: [0, 'external debug port disabled'],
    R_INIT: [1, 'INIT is turned into #SX'],
    DIS_A20M: [2, 'no A20 masking'],
    LOCK: [3, 'LOCK and SVMDIS are read-only'],
    SVMDIS: [4, 'EFER.SVME cannot be set'],
  },
})

/** HWCR (AMD); the bits that are documented as architectural. */
export const HWCR = /* @__PURE__ */ bitfield({
  name: 'HWCR',
  widthBits: 64,
  source:
    'AMD APM vol. 2, 3.2.10 "Hardware Configuration Register (HWCR)"; processor programming references, MSRC001_0015',
  fields: {
    SMMLOCK: [0, 'SMM configuration is locked'],
    INVDWBINVD: [4, 'INVD writes back, as WBINVD does'],
    IGNNEEM: [8, 'IGNNE# is emulated'],
    MONMWAITDIS: [9, 'MONITOR and MWAIT raise #UD'],
    MONMWAITUSEREN: [10, 'MONITOR and MWAIT at any CPL'],
    WRAP32DIS: [17, 'FS and GS addresses in 32-bit modes do not wrap'],
    MCSTATUSWREN: [18, 'machine-check status can be written'],
    TSCFREQSEL: [24, 'the TSC counts at the frequency of P0'],
    CPBDIS: [25, 'no core performance boost'],
    IRPERFEN: [30, 'the instructions-retired counter counts'],
  },
})

/** SYSCFG (AMD). */
export const SYSCFG = /* @__PURE__ */ bitfield({
  name: 'SYSCFG',
  widthBits: 64,
  source: 'AMD APM vol. 2, 3.2.1 "System Configuration Register (SYSCFG)"',
  fields: {
    MFDE: [18, 'RdMem and WrMem of fixed-range MTRRs have their meaning'],
    MFDM: [19, 'RdMem and WrMem of fixed-range MTRRs can be read and written'],
    MVDM: [20, 'TOP_MEM and IORRs enabled'],
    TOM2: [21, 'TOP_MEM2 enabled'],
    FWB: [22, 'memory between 4 GByte and TOP_MEM2 is write-back by default'],
    MEME: [23, 'memory encryption enabled'],
    SNPE: [24, 'SEV-SNP enabled'],
    VMPLE: [25, 'VM permission levels enabled'],
    HMKEE: [26, 'host multi-key encryption enabled'],
  },
})

/** DE_CFG (AMD), as far as operating systems use it. */
export const DE_CFG = /* @__PURE__ */ bitfield({
  name: 'DE_CFG',
  widthBits: 64,
  source: 'AMD processor programming references, MSRC001_1029; AMD, "Software Techniques for Managing Speculation"',
  fields: { LFENCE_SERIALIZE: [1, 'LFENCE serializes dispatch'] },
})
