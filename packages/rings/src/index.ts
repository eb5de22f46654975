/** The privilege model: segmentation, gates, TSS, exceptions and interrupts, CR and MSR rules, sensitive instructions. */
export { aloneHost, FlatLinearMemory } from './alone.ts'
export {
  type MsrHookStatus,
  type RuleContext,
  type RuleHost,
  type RuleStatus,
  raise,
  raiseGp,
  raiseUd,
  resultHi,
  resultLo,
  VECTOR,
} from './context.ts'
export { supportedCr4 } from './control/cr.ts'
export {
  BREAK_ON,
  checkDebugTraps,
  checkInstructionBreakpoint,
  hasPendingEvent,
  matchBreakpoints,
  noteDataBreakpoint,
  raiseDebug,
} from './control/debug.ts'
export { checkFpu, checkIo, checkSse, enabledXsaveBytes } from './control/system.ts'
export { deliverEvent, softwareInterrupt } from './events/deliver.ts'
export { iret } from './events/iret.ts'
export { is64Bit, isCanonical, isLongMode, isProtected, isRealOrV86, isV86 } from './mode.ts'
export { cpuid, signature, supportedXcr0, xsaveBytes } from './models/cpuid.ts'
export { RingsError, type RingsErrorCode } from './models/errors.ts'
export { withFeatures } from './models/features.ts'
export { type CpuModel, type CpuVendor, hasFeature, isAmd } from './models/model.ts'
export { cpuModel, cpuModels, DEFAULT_CPU_MODEL, withTopology } from './models/table.ts'
export { RULES, type Rule, type RuleName, type RuleParameters } from './rules.ts'
export { ACCESS_KIND, linearAddress, withinLimit } from './segments/linear-address.ts'
export { loadSegment } from './segments/load.ts'
export { TABLE } from './segments/tables.ts'
export { switchTask, TASK_SOURCE } from './tasks/switch.ts'
