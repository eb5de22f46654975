/** Debugging: gdb's protocol, and lock-step comparison. */
export { GdbStub, type GdbStubOptions, type StubActivity } from './gdb-stub.ts'
export { LinearView } from './linear-view.ts'
export {
  type FieldDifference,
  type LockstepOptions,
  type LockstepReport,
  runLockstep,
  undefinedFlags,
} from './lockstep/lockstep.ts'
export { ProcessorSubject, type ProcessorSubjectOptions } from './lockstep/processor-subject.ts'
export { RemoteSubject } from './lockstep/remote-subject.ts'
export { describeLockstep } from './lockstep/report.ts'
export type { Advance, LockstepSubject, NextInstruction, Observation } from './lockstep/subject.ts'
export { ProcessorTarget, type ProcessorTargetOptions } from './processor-target.ts'
export type { DebugArchitecture } from './registers/table.ts'
export { type RemoteRegister, RspClient } from './rsp/client.ts'
export type { DebugPoint, DebugPointKind, DebugStop, DebugTarget, ThreadAction } from './target.ts'
