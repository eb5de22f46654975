/**
 * The state of one logical processor, as one table. Byte offsets, accessors, their types and the snapshot schema are all
 * derived from these rows; a field exists by standing here.
 *
 * The state lives in WebAssembly memory 1, so translated code reaches a field by a constant offset. Rows stand in the
 * order of their offsets: what translated code touches at every entry and exit comes first.
 *
 * Decisions:
 * - No field is stored in less than 32 bits, so that one i32 load reads any of them whole; `bits` says how many count.
 * - Arrays are structures of arrays (all segment bases, then all limits): element n is at `offset + n * strideBytes`.
 * - `room` reserves slots beyond `count`: 32 for the general registers (APX), so that they stay one array.
 * - A vector register is one 64-byte slot: XMM, YMM and ZMM are its low 16, 32 and 64 bytes. x87 registers are 16-byte
 *   slots in *physical* order (R0 to R7, not ST(i)); MMn is the low 8 bytes of Rn.
 * - RFLAGS is kept in three parts: the status flags, all other flags, and a lazy operation from which the status flags
 *   are still to be computed. `readRflags` and `writeRflags` join and part them.
 * - Fields of group `engine` are an engine's own: they are in no snapshot, no comparison and no hash, and are zero after
 *   a restore. Two engines that agree on everything else are in the same state.
 * - VMX and SVM operation adds its fields together with the package that implements it.
 */
export interface StateRow {
  readonly name: string
  /** Significant bits of one element. */
  readonly bits: number
  /** Number of elements; 1 if absent. */
  readonly count?: number
  /** Number of slots reserved, if more than `count`. */
  readonly room?: number
  readonly group: StateGroup
  /** Names of the elements; each is a field of its own, an alias of its slot. */
  readonly elements?: readonly string[]
  readonly means: string
}

/** What a field belongs to. Tools list states by group; `engine` fields are not part of the processor's state. */
export type StateGroup =
  | 'general'
  | 'flags'
  | 'segment'
  | 'control'
  | 'debug'
  | 'x87'
  | 'vector'
  | 'msr'
  | 'event'
  | 'clock'
  | 'engine'

// biome-ignore format: a table
export const STATE_ROWS = [
  {
    name: 'gpr',
    bits: 64,
    count: 16,
    room: 32,
    group: 'general',
    elements: ['rax', 'rcx', 'rdx', 'rbx', 'rsp', 'rbp', 'rsi', 'rdi', 'r8', 'r9', 'r10', 'r11', 'r12', 'r13', 'r14', 'r15'],
    means: 'general-purpose registers, by their number in encodings',
  },
  { name: 'rip', bits: 64, group: 'general', means: 'instruction pointer: the next instruction, as an offset in CS' },
  { name: 'retired', bits: 64, group: 'clock', means: 'instructions retired; each iteration of a repeated string instruction counts' },
  { name: 'lazyResult', bits: 64, group: 'engine', means: 'lazy flags: the result' },
  { name: 'lazySrc1', bits: 64, group: 'engine', means: 'lazy flags: the first operand' },
  { name: 'lazySrc2', bits: 64, group: 'engine', means: 'lazy flags: the second operand' },
  { name: 'lazyOp', bits: 32, group: 'engine', means: 'lazy flags: operation and operand size, in the engine\'s own code; 0: `statusFlags` holds all' },
  { name: 'statusFlags', bits: 32, group: 'flags', means: 'CF, PF, AF, ZF, SF and OF in their places; what the lazy operation does not define, and all of them if there is none' },
  { name: 'systemFlags', bits: 32, group: 'flags', means: 'RFLAGS without the status flags, in place' },
  { name: 'budget', bits: 32, group: 'engine', means: 'instructions until the next possible event, counted down' },
  { name: 'codeKey', bits: 32, group: 'engine', means: 'the part of the code key that follows from the processor\'s mode' },
  { name: 'mxcsr', bits: 32, group: 'vector', means: 'MXCSR' },
  { name: 'fpuTop', bits: 3, group: 'x87', means: 'top of stack: the physical register that is ST(0)' },
  { name: 'fpuTag', bits: 8, group: 'x87', means: 'a bit of 1 for each physical register that is not empty, as FXSAVE writes it; nothing else of a tag survives FLDENV (Intel SDM vol. 1, 8.1.7)' },
  {
    name: 'segBase',
    bits: 64,
    count: 8,
    group: 'segment',
    elements: ['esBase', 'csBase', 'ssBase', 'dsBase', 'fsBase', 'gsBase', 'ldtrBase', 'trBase'],
    means: 'base addresses; those of FS and GS are the MSRs IA32_FS_BASE and IA32_GS_BASE',
  },
  {
    name: 'segLimit',
    bits: 32,
    count: 8,
    group: 'segment',
    elements: ['esLimit', 'csLimit', 'ssLimit', 'dsLimit', 'fsLimit', 'gsLimit', 'ldtrLimit', 'trLimit'],
    means: 'limits in bytes: granularity is already applied',
  },
  {
    name: 'segAccess',
    bits: 32,
    count: 8,
    group: 'segment',
    elements: ['esAccess', 'csAccess', 'ssAccess', 'dsAccess', 'fsAccess', 'gsAccess', 'ldtrAccess', 'trAccess'],
    means: 'access rights, in the form of `ACCESS_RIGHTS`; CPL is the DPL of SS',
  },
  {
    name: 'segSelector',
    bits: 16,
    count: 8,
    group: 'segment',
    elements: ['es', 'cs', 'ss', 'ds', 'fs', 'gs', 'ldtr', 'tr'],
    means: 'selectors, in the order of `SEGMENT`',
  },
  { name: 'gdtrBase', bits: 64, group: 'segment', means: 'base address of the GDT' },
  { name: 'idtrBase', bits: 64, group: 'segment', means: 'base address of the IDT' },
  { name: 'gdtrLimit', bits: 16, group: 'segment', means: 'limit of the GDT' },
  { name: 'idtrLimit', bits: 16, group: 'segment', means: 'limit of the IDT' },
  { name: 'cr0', bits: 64, group: 'control', means: 'CR0' },
  { name: 'cr2', bits: 64, group: 'control', means: 'CR2: the linear address of the last page fault' },
  { name: 'cr3', bits: 64, group: 'control', means: 'CR3' },
  { name: 'cr4', bits: 64, group: 'control', means: 'CR4' },
  { name: 'cr8', bits: 64, group: 'control', means: 'CR8; whoever composes a processor keeps it and bits 7:4 of the local APIC\'s TPR the same' },
  { name: 'efer', bits: 64, group: 'msr', means: 'IA32_EFER' },
  { name: 'pdpte', bits: 64, count: 4, group: 'control', means: 'the PDPTE registers of PAE paging, loaded with CR3' },
  { name: 'xcr0', bits: 64, group: 'control', means: 'XCR0' },
  { name: 'dr', bits: 64, count: 4, group: 'debug', elements: ['dr0', 'dr1', 'dr2', 'dr3'], means: 'breakpoint linear addresses' },
  { name: 'dr6', bits: 64, group: 'debug', means: 'debug status' },
  { name: 'dr7', bits: 64, group: 'debug', means: 'debug control' },
  { name: 'pkru', bits: 32, group: 'control', means: 'PKRU' },

  { name: 'activityState', bits: 3, group: 'event', means: 'one of `ACTIVITY_STATE`' },
  { name: 'interruptibility', bits: 5, group: 'event', means: 'interrupt shadow and NMI blocking, in the form of `INTERRUPTIBILITY`' },
  { name: 'pendingSignals', bits: 3, group: 'event', means: 'NMI, INIT and SIPI that were latched, in the form of `PENDING_SIGNALS`' },
  { name: 'sipiVector', bits: 8, group: 'event', means: 'vector of the latched SIPI' },
  { name: 'pendingEvent', bits: 32, group: 'event', means: 'the event to deliver before the next instruction, in the form of `EVENT_INFORMATION`; a fault found by translated code goes here' },
  { name: 'pendingErrorCode', bits: 32, group: 'event', means: 'its error code' },
  { name: 'pendingPayload', bits: 64, group: 'event', means: 'what it puts into a register when it is delivered: CR2 of #PF, the DR6 bits of #DB' },
  { name: 'pendingLength', bits: 4, group: 'event', means: 'its instruction length in bytes, for software interrupts and exceptions' },
  { name: 'monitorArmed', bits: 1, group: 'event', means: 'MONITOR has armed the address-range monitor' },
  { name: 'pendingDebug', bits: 64, group: 'event', means: 'debug exceptions due at the next boundary, in the form of `PENDING_DEBUG`' },
  { name: 'monitorAddress', bits: 64, group: 'event', means: 'physical address of the line that MONITOR watches' },

  { name: 'star', bits: 64, group: 'msr', means: 'IA32_STAR' },
  { name: 'lstar', bits: 64, group: 'msr', means: 'IA32_LSTAR' },
  { name: 'cstar', bits: 64, group: 'msr', means: 'IA32_CSTAR' },
  { name: 'fmask', bits: 64, group: 'msr', means: 'IA32_FMASK' },
  { name: 'kernelGsBase', bits: 64, group: 'msr', means: 'IA32_KERNEL_GS_BASE' },
  { name: 'sysenterCs', bits: 64, group: 'msr', means: 'IA32_SYSENTER_CS' },
  { name: 'sysenterEsp', bits: 64, group: 'msr', means: 'IA32_SYSENTER_ESP' },
  { name: 'sysenterEip', bits: 64, group: 'msr', means: 'IA32_SYSENTER_EIP' },
  { name: 'tscOffset', bits: 64, group: 'msr', means: 'IA32_TIME_STAMP_COUNTER minus the ticks of the processor\'s clock, modulo 2^64' },
  { name: 'tscAdjust', bits: 64, group: 'msr', means: 'IA32_TSC_ADJUST' },
  { name: 'tscAux', bits: 64, group: 'msr', means: 'IA32_TSC_AUX' },
  { name: 'apicBase', bits: 64, group: 'msr', means: 'IA32_APIC_BASE' },
  { name: 'featureControl', bits: 64, group: 'msr', means: 'IA32_FEATURE_CONTROL' },
  { name: 'biosSignId', bits: 64, group: 'msr', means: 'IA32_BIOS_SIGN_ID' },
  { name: 'miscEnable', bits: 64, group: 'msr', means: 'IA32_MISC_ENABLE' },
  { name: 'specCtrl', bits: 64, group: 'msr', means: 'IA32_SPEC_CTRL' },
  { name: 'debugctl', bits: 64, group: 'msr', means: 'IA32_DEBUGCTL' },
  { name: 'pat', bits: 64, group: 'msr', means: 'IA32_PAT' },
  { name: 'xss', bits: 64, group: 'msr', means: 'IA32_XSS' },
  { name: 'pkrs', bits: 64, group: 'msr', means: 'IA32_PKRS' },
  { name: 'uCet', bits: 64, group: 'msr', means: 'IA32_U_CET' },
  { name: 'sCet', bits: 64, group: 'msr', means: 'IA32_S_CET' },
  { name: 'ssp', bits: 64, group: 'general', means: 'SSP, the shadow-stack pointer in use' },
  { name: 'plSsp', bits: 64, count: 4, group: 'msr', elements: ['pl0Ssp', 'pl1Ssp', 'pl2Ssp', 'pl3Ssp'], means: 'IA32_PL0_SSP to IA32_PL3_SSP' },
  { name: 'interruptSspTable', bits: 64, group: 'msr', means: 'IA32_INTERRUPT_SSP_TABLE_ADDR' },
  { name: 'mcgStatus', bits: 64, group: 'msr', means: 'IA32_MCG_STATUS' },
  { name: 'mtrrDefType', bits: 64, group: 'msr', means: 'IA32_MTRR_DEF_TYPE' },
  { name: 'mtrrPhysBase', bits: 64, count: 10, group: 'msr', means: 'IA32_MTRR_PHYSBASEn' },
  { name: 'mtrrPhysMask', bits: 64, count: 10, group: 'msr', means: 'IA32_MTRR_PHYSMASKn' },
  {
    name: 'mtrrFix',
    bits: 64,
    count: 11,
    group: 'msr',
    elements: [
      'mtrrFix64k00000',
      'mtrrFix16k80000',
      'mtrrFix16kA0000',
      'mtrrFix4kC0000',
      'mtrrFix4kC8000',
      'mtrrFix4kD0000',
      'mtrrFix4kD8000',
      'mtrrFix4kE0000',
      'mtrrFix4kE8000',
      'mtrrFix4kF0000',
      'mtrrFix4kF8000',
    ],
    means: 'the fixed-range MTRRs',
  },
  { name: 'hwcr', bits: 64, group: 'msr', means: 'HWCR (AMD)' },
  { name: 'syscfg', bits: 64, group: 'msr', means: 'SYSCFG (AMD)' },

  { name: 'fpr', bits: 80, count: 8, group: 'x87', means: 'x87 registers R0 to R7, in physical order: significand in bits 63:0, sign and exponent in bits 79:64' },
  { name: 'fpuControl', bits: 16, group: 'x87', means: 'x87 control word' },
  { name: 'fpuStatus', bits: 16, group: 'x87', means: 'x87 status word without TOP, which is `fpuTop`' },
  { name: 'fpuOpcode', bits: 11, group: 'x87', means: 'opcode of the last x87 instruction that was no control instruction' },
  { name: 'fcs', bits: 16, group: 'x87', means: 'selector of the x87 instruction pointer' },
  { name: 'fds', bits: 16, group: 'x87', means: 'selector of the x87 data pointer' },
  { name: 'fip', bits: 64, group: 'x87', means: 'x87 instruction pointer' },
  { name: 'fdp', bits: 64, group: 'x87', means: 'x87 data pointer' },
  { name: 'zmm', bits: 512, count: 32, group: 'vector', means: 'vector registers; XMMn and YMMn are the low bits of ZMMn' },
  { name: 'opmask', bits: 64, count: 8, group: 'vector', elements: ['k0', 'k1', 'k2', 'k3', 'k4', 'k5', 'k6', 'k7'], means: 'opmask registers' },

  { name: 'helperArgument', bits: 64, count: 8, group: 'engine', means: 'operands and results of a helper that translated code calls' },
] as const satisfies readonly StateRow[]

/** Registers that are the low bits of others: `[name, of, bits]`. Element n is the low bits of element n. */
export const STATE_VIEWS = [
  { name: 'xmm', of: 'zmm', bits: 128, means: 'XMM registers: the low 128 bits of ZMM' },
  { name: 'ymm', of: 'zmm', bits: 256, means: 'YMM registers: the low 256 bits of ZMM' },
  { name: 'mm', of: 'fpr', bits: 64, means: 'MMX registers: the significands of R0 to R7' },
] as const
