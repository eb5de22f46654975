/** Debugging: gdb's protocol, and lock-step comparison. */
export { GdbStub, type GdbStubOptions, type StubActivity } from './gdb-stub.ts'
export { LinearView } from './linear-view.ts'
export type { DebugArchitecture } from './registers/table.ts'
export type { DebugPoint, DebugPointKind, DebugStop, DebugTarget, ThreadAction } from './target.ts'
