/** Facts of the x86 architecture. Every name here is documented where it is defined. */
export {
  type AnyBitfield,
  type Bitfield,
  type BitfieldDefinition,
  type BitfieldDetails,
  type BitfieldField,
  type BitfieldRow,
  type BitfieldRows,
  type BitPosition,
  bitfield,
  type DecodedField,
} from './bitfield.ts'
export { CR0, CR3, CR3_PAE, CR3_PCID, CR4, CR8, XCR0, XSS } from './control-registers.ts'
export {
  type CpuidAddress,
  type CpuidFeature,
  type CpuidFeatureName,
  type CpuidOutput,
  type CpuidRegisterName,
  type CpuidResult,
  cpuidAddress,
  cpuidFeature,
  cpuidFeatures,
  cpuidRegister,
  cpuidRegisterNames,
  hasFeature,
} from './cpuid.ts'
export { DR6, DR7 } from './debug-registers.ts'
export { ArchError, type ArchErrorCode } from './errors.ts'
export {
  ACTIVITY_STATE,
  EVENT_INFORMATION,
  EVENT_TYPE,
  INTERRUPTIBILITY,
  PENDING_DEBUG,
  PENDING_SIGNALS,
} from './events.ts'
export {
  combineExceptions,
  type ErrorCodeKind,
  EXCEPTION,
  type Exception,
  type ExceptionClass,
  type ExceptionKind,
  type ExceptionMnemonic,
  exceptionOf,
} from './exceptions.ts'
export { FCW, FSW, FTW, MXCSR } from './floating-point.ts'
export { MSR, type Msr, type MsrAccess, type MsrName, type MsrReference, msrOf } from './msr.ts'
export {
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
export {
  MEMORY_TYPE,
  PAGE_FAULT_ERROR_CODE,
  PDE,
  PDE_2M,
  PDE_2M_PAE,
  PDE_4M,
  PDE_32,
  PDE_PAE,
  PDPTE_1G,
  PDPTE_PAE,
  PKRU,
  PML4E,
  PTE,
  PTE_32,
  PTE_PAE,
} from './paging.ts'
export { RFLAGS, STATUS_FLAGS_MASK } from './rflags.ts'
export {
  ACCESS_RIGHTS,
  CALL_GATE,
  CODE_SEGMENT_TYPE,
  CONTROL_PROTECTION_ERROR_CODE,
  DATA_SEGMENT_TYPE,
  GATE_HIGH,
  INTERRUPT_GATE,
  SEGMENT,
  SEGMENT_DESCRIPTOR,
  SEGMENT_TYPES,
  SELECTOR,
  SELECTOR_ERROR_CODE,
  SYSTEM_DESCRIPTOR,
  SYSTEM_DESCRIPTOR_HIGH,
  SYSTEM_TYPE,
  SYSTEM_TYPES_32,
  SYSTEM_TYPES_64,
  TASK_GATE,
} from './segmentation.ts'
export { compareStates, elementName, type StateDifference } from './state/compare.ts'
export { CpuState, createState, type StateValue, type WideField } from './state/cpu-state.ts'
export type { StateGroup } from './state/fields.ts'
export {
  assertFlagsSettled,
  cplOf,
  flagsAreSettled,
  readFpuStatus,
  readRflags,
  writeFpuStatus,
  writeRflags,
} from './state/flags.ts'
export { hashState } from './state/hash.ts'
export {
  ARCHITECTURAL_ROWS,
  FIELD,
  STATE_LAYOUT,
  STATE_SIZE_BYTES,
  type StateField,
  type StateFieldBits,
  type StateFieldName,
  type StateFields,
  type StateRowName,
} from './state/layout.ts'
export {
  type CpuSnapshot,
  restoreState,
  type SavedFields,
  type SnapshotMigration,
  STATE_SCHEMA_VERSION,
  saveState,
  stateSchemaHash,
} from './state/snapshot.ts'
export { type Structure, type StructureRow, structure } from './structure.ts'
export { TSS16, TSS32, TSS32_SSP_OFFSET_BYTES, TSS64 } from './tss.ts'
export { FXSAVE_AREA, XSAVE_COMPONENT, XSAVE_HEADER, type XsaveComponent } from './xsave.ts'
