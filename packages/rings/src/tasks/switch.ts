import {
  ACCESS_RIGHTS,
  type CpuState,
  CR0,
  DR6,
  DR7,
  FIELD,
  RFLAGS,
  readRflags,
  SEGMENT,
  SELECTOR,
  SYSTEM_TYPE,
  TSS16,
  TSS32,
  writeRflags,
} from '@ringfold/arch'
import { type RuleContext, type RuleStatus, raise, VECTOR } from '../context.ts'
import { Descriptor, locate, readDescriptor, SYSTEM_ACCESS, selectorCode, writeType } from '../segments/descriptor.ts'
import { setSegment } from '../segments/registers.ts'
import { StackCursor } from '../segments/stack.ts'
import { loadTaskSegments } from './segments.ts'

/** What starts a task switch (Intel SDM vol. 3A, 9.3). */
export const TASK_SOURCE = /* @__PURE__ */ Object.freeze({ JUMP: 0, CALL: 1, EVENT: 2, IRET: 3 })

const BUSY = 2
const next = /* @__PURE__ */ new Descriptor()
const previous = /* @__PURE__ */ new Descriptor()
const stack = /* @__PURE__ */ new StackCursor()
/** What the new TSS holds: IP, flags, eight registers, six selectors, LDT, CR3, T. */
const image = /* @__PURE__ */ new Uint32Array(19)
const [AT_FLAGS, AT_GPR, AT_SELECTORS, AT_LDT, AT_CR3, AT_T] = [1, 2, 10, 16, 17, 18]

function isWide(type: number): boolean {
  return (type & ~BUSY) === SYSTEM_TYPE.TSS_AVAILABLE
}

/**
 * Switches to the task of a TSS selector. Until the new task's registers are loaded a fault changes nothing; from then on faults
 * (#TS, #NP, #SS of its segments) are those of the new task, as the manual says. `ip` is what the old task resumes at;
 * `errorCode` is pushed in the new task, -1 for none; `flags` are saved as those of the old task: with RF after a fault. Intel SDM
 * vol. 3A, 9.3 "Task Switching".
 */
export function switchTask(
  ctx: RuleContext,
  selector: number,
  source: number,
  ip: number,
  ext: number,
  errorCode: number,
  flags: number = readRflags(ctx.state),
): RuleStatus {
  const { state } = ctx
  if (checkNext(ctx, selector, source, ext) !== 0) return 1
  const wide = isWide(next.type)
  if (readNext(ctx, wide) !== 0 || probeAll(ctx, source) !== 0) return 1
  const nests = source === TASK_SOURCE.CALL || source === TASK_SOURCE.EVENT
  saveOld(ctx, ip, source === TASK_SOURCE.IRET ? flags & ~RFLAGS.lo.NT : flags)
  if (!nests) writeType(ctx, previous, previous.type & ~BUSY)
  if (source !== TASK_SOURCE.IRET) writeType(ctx, next, next.type | BUSY)
  if (nests) ctx.linear.write(2, next.base, 0, state.lo(FIELD.segSelector, SEGMENT.TR), 0, SYSTEM_ACCESS)
  commitNext(ctx, wide, nests)
  if (loadTaskSegments(ctx, image, AT_SELECTORS, image[AT_LDT] as number, ext) !== 0) return 1
  ctx.host.modeChanged()
  if ((image[0] as number) > state.lo(FIELD.segLimit, SEGMENT.CS)) return raise(state, VECTOR.GP, ext)
  if (errorCode >= 0) {
    stack.useCurrent(state)
    if (stack.probe(ctx, 1, wide ? 4 : 2, VECTOR.SS, ext) !== 0) return 1
    stack.push(ctx, wide ? 4 : 2, errorCode)
    stack.commit(state)
  }
  if (((image[AT_T] as number) & 1) === 0) return 0
  raise(state, VECTOR.DB)
  state.set(FIELD.pendingPayload, DR6.lo.BT, 0)
  return 1
}

/** The TSS descriptor: in the GDT, of the right type, present, long enough. */
function checkNext(ctx: RuleContext, selector: number, source: number, ext: number): RuleStatus {
  const { state } = ctx
  const returns = source === TASK_SOURCE.IRET
  const vector = returns ? VECTOR.TS : VECTOR.GP
  const code = selectorCode(selector, ext)
  if ((selector & SELECTOR.lo.TI) !== 0) return raise(state, vector, code)
  if (readDescriptor(ctx, selector, vector, ext, next) !== 0) return 1
  const wanted = returns ? BUSY : 0
  const available = next.type & ~BUSY
  const isTss = available === SYSTEM_TYPE.TSS_AVAILABLE || available === SYSTEM_TYPE.TSS16_AVAILABLE
  if (next.isSegment || !isTss || (next.type & BUSY) !== wanted) return raise(state, vector, code)
  if (!next.isPresent) return raise(state, VECTOR.NP, code)
  const bytes = isWide(next.type) ? TSS32.sizeBytes : TSS16.sizeBytes
  return next.limit < bytes - 1 ? raise(state, VECTOR.TS, code) : 0
}

function readField(ctx: RuleContext, offset: number, sizeBytes: 2 | 4, into: number): RuleStatus {
  if (ctx.linear.read(sizeBytes, (next.base + offset) >>> 0, 0, SYSTEM_ACCESS) !== 0) return 1
  image[into] = ctx.linear.lo
  return 0
}

/** Reads all of the new TSS into `image`. */
function readNext(ctx: RuleContext, wide: boolean): RuleStatus {
  image.fill(0)
  const size = wide ? 4 : 2
  const at = wide ? TSS32.offset.EIP : TSS16.offset.IP
  // IP, flags, general registers, selectors: in the order of `image`, one after another.
  const fields = AT_SELECTORS + (wide ? 6 : 4)
  for (let n = 0; n < fields; n++) if (readField(ctx, at + n * size, size, n) !== 0) return 1
  if (readField(ctx, wide ? TSS32.offset.LDT : TSS16.offset.LDT, 2, AT_LDT) !== 0) return 1
  if (!wide) return 0
  if (readField(ctx, TSS32.offset.CR3, 4, AT_CR3) !== 0) return 1
  return readField(ctx, TSS32.offset.T, 2, AT_T)
}

/** Whether all that will be written can be: the old TSS, both descriptors, the link. */
function probeAll(ctx: RuleContext, source: number): RuleStatus {
  const { state, linear } = ctx
  const wide = isWide(state.lo(FIELD.segAccess, SEGMENT.TR) & ACCESS_RIGHTS.lo.TYPE)
  const base = state.lo(FIELD.segBase, SEGMENT.TR)
  const first = wide ? TSS32.offset.EIP : TSS16.offset.IP
  const bytes = (wide ? TSS32.offset.LDT : TSS16.offset.LDT) - first
  if (linear.probeWrite(bytes, (base + first) >>> 0, 0, SYSTEM_ACCESS) !== 0) return 1
  const tr = state.lo(FIELD.segSelector, SEGMENT.TR)
  if (!locate(ctx, tr, 8, previous)) return raise(state, VECTOR.TS, selectorCode(tr))
  if (linear.read(8, previous.addressLo, previous.addressHi, SYSTEM_ACCESS) !== 0) return 1
  previous.lo = linear.lo
  previous.hi = linear.hi
  if (linear.probeWrite(8, previous.addressLo, previous.addressHi, SYSTEM_ACCESS) !== 0) return 1
  if (source === TASK_SOURCE.IRET) return 0
  if (linear.probeWrite(8, next.addressLo, next.addressHi, SYSTEM_ACCESS) !== 0) return 1
  return linear.probeWrite(2, next.base, 0, SYSTEM_ACCESS)
}

/** Saves the dynamic fields of the old task (Intel SDM vol. 3A, 9.2.1). */
function saveOld(ctx: RuleContext, ip: number, flags: number): void {
  const { state, linear } = ctx
  const wide = isWide(state.lo(FIELD.segAccess, SEGMENT.TR) & ACCESS_RIGHTS.lo.TYPE)
  const size = wide ? 4 : 2
  const start = state.lo(FIELD.segBase, SEGMENT.TR) + (wide ? TSS32.offset.EIP : TSS16.offset.IP)
  const put = (n: number, value: number, bytes: 2 | 4): void => {
    linear.write(bytes, (start + n * size) >>> 0, 0, value, 0, SYSTEM_ACCESS)
  }
  put(0, ip, size)
  put(AT_FLAGS, flags, size)
  for (let n = 0; n < 8; n++) put(AT_GPR + n, state.lo(FIELD.gpr, n), size)
  for (let n = 0; n < (wide ? 6 : 4); n++) put(AT_SELECTORS + n, state.lo(FIELD.segSelector, n), 2)
}

/** TR, CR0.TS, CR3, flags and registers of the new task; DR7 loses its local breakpoints. */
function commitNext(ctx: RuleContext, wide: boolean, nests: boolean): void {
  const { state } = ctx
  const { L0, L1, L2, L3, LE } = DR7.lo
  setSegment(state, SEGMENT.TR, next.selector, next.base, 0, next.limit, next.rights | BUSY)
  state.setLo(FIELD.cr0, state.lo(FIELD.cr0) | CR0.lo.TS)
  state.setLo(FIELD.dr7, state.lo(FIELD.dr7) & ~(L0 | L1 | L2 | L3 | LE))
  const cr3 = image[AT_CR3] as number
  if (wide && (state.lo(FIELD.cr0) & CR0.lo.PG) !== 0 && cr3 !== state.lo(FIELD.cr3)) loadCr3(ctx, state, cr3)
  state.set(FIELD.rip, image[0] as number, 0)
  writeRflags(state, (image[AT_FLAGS] as number) | (nests ? RFLAGS.lo.NT : 0))
  for (let n = 0; n < 8; n++) {
    const value = image[AT_GPR + n] as number
    state.set(FIELD.gpr, wide ? value : value | 0xffff0000, 0, n)
  }
}

function loadCr3(ctx: RuleContext, state: CpuState, cr3: number): void {
  state.set(FIELD.cr3, cr3, 0)
  ctx.host.loadPdptes(cr3)
  ctx.host.cr3Written(false)
}
