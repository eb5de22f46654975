/** The rules of `rings` as helpers: three words, and what does not fit into elements 1 and 2 of `helperArgument`. */
import { FIELD } from '@ringfold/arch'
import { ACCESS_KIND, RULES, type RuleContext } from '@ringfold/rings'
import type { Helper } from './types.ts'

/** Elements of `helperArgument` in which liftings leave 64-bit operands: rules use element 0 for results. */
export const WIDE_OPERAND = { first: 1, second: 2 } as const

const lo = (ctx: RuleContext, n: number): number => ctx.state.lo(FIELD.helperArgument, n)
const hi = (ctx: RuleContext, n: number): number => ctx.state.hi(FIELD.helperArgument, n)

/** The length of the instruction, from the address of the next one. */
const lengthBytes = (ctx: RuleContext, nextLo: number): number => (nextLo - ctx.state.lo(FIELD.rip)) & 15

/** INVLPG: the linear address is base + offset, without any check (Intel SDM vol. 2A, INVLPG). */
const invlpg: Helper = (ctx, segment, offsetLo, offsetHi) => {
  const { state } = ctx
  const isLong = offsetHi !== 0 || state.hi(FIELD.segBase, segment) !== 0
  const sum = state.lo(FIELD.segBase, segment) + (offsetLo >>> 0)
  const high = state.hi(FIELD.segBase, segment) + offsetHi + (sum > 0xffffffff ? 1 : 0)
  return RULES.invlpg(ctx, sum >>> 0, isLong ? high >>> 0 : 0)
}

const INVPCID_DESCRIPTOR_BYTES = 16

const invpcid: Helper = (ctx, type, segment) => {
  if (RULES.linearAddress(ctx, segment, lo(ctx, 1), hi(ctx, 1), INVPCID_DESCRIPTOR_BYTES, ACCESS_KIND.READ) !== 0)
    return 1
  return RULES.invpcid(ctx, type, lo(ctx, 0), hi(ctx, 0))
}

export const RULE_HELPERS: Readonly<Record<string, Helper>> = {
  loadSegment: (ctx, segment, selector) => RULES.loadSegment(ctx, segment, selector),
  loadFarSegment: (ctx, segment, selector) => RULES.loadFarSegment(ctx, segment, selector),
  loadLdtr: (ctx, selector) => RULES.loadLdtr(ctx, selector),
  loadTr: (ctx, selector) => RULES.loadTr(ctx, selector),
  loadTable: (ctx, table, segment, size) => RULES.loadTable(ctx, table, segment, lo(ctx, 1), hi(ctx, 1), size),
  storeTable: (ctx, table, segment) => RULES.storeTable(ctx, table, segment, lo(ctx, 1), hi(ctx, 1)),
  storeSystemSelector: (ctx, segment) => RULES.storeSystemSelector(ctx, segment),
  lar: (ctx, selector) => RULES.lar(ctx, selector),
  lsl: (ctx, selector) => RULES.lsl(ctx, selector),
  verify: (ctx, selector, write) => RULES.verify(ctx, selector, write),
  arpl: (ctx, destination, source) => RULES.arpl(ctx, destination, source),
  jmpFar: (ctx, selector, size) => RULES.jmpFar(ctx, selector, lo(ctx, 1), hi(ctx, 1), size, lo(ctx, 2)),
  callFar: (ctx, selector, size) => RULES.callFar(ctx, selector, lo(ctx, 1), hi(ctx, 1), size, lo(ctx, 2), hi(ctx, 2)),
  retFar: (ctx, size, extraBytes) => RULES.retFar(ctx, size, extraBytes),
  iret: (ctx, size, nextLo) => RULES.iret(ctx, size, nextLo >>> 0),
  interrupt: (ctx, vector, type, nextLo) => RULES.softwareInterrupt(ctx, vector, type, lengthBytes(ctx, nextLo)),
  pushf: (ctx, size) => RULES.pushf(ctx, size),
  popf: (ctx, image, size) => RULES.popf(ctx, image, size),
  cli: (ctx) => RULES.cli(ctx),
  sti: (ctx) => RULES.sti(ctx),
  syscall: (ctx, nextLo, nextHi) => RULES.syscall(ctx, nextLo >>> 0, nextHi >>> 0),
  sysret: (ctx, size) => RULES.sysret(ctx, size),
  sysenter: (ctx) => RULES.sysenter(ctx),
  sysexit: (ctx, size) => RULES.sysexit(ctx, size),
  readControlRegister: (ctx, number) => RULES.readControlRegister(ctx, number),
  writeControlRegister: (ctx, number, low, high) => RULES.writeControlRegister(ctx, number, low >>> 0, high >>> 0),
  readDebugRegister: (ctx, number) => RULES.readDebugRegister(ctx, number),
  writeDebugRegister: (ctx, number, low, high) => RULES.writeDebugRegister(ctx, number, low >>> 0, high >>> 0),
  smsw: (ctx) => RULES.smsw(ctx),
  lmsw: (ctx, value) => RULES.lmsw(ctx, value),
  clts: (ctx) => RULES.clts(ctx),
  rdmsr: (ctx) => RULES.rdmsr(ctx),
  wrmsr: (ctx) => RULES.wrmsr(ctx),
  rdtsc: (ctx) => RULES.rdtsc(ctx),
  rdtscp: (ctx) => RULES.rdtscp(ctx),
  rdpid: (ctx) => RULES.rdpid(ctx),
  rdpmc: (ctx) => RULES.rdpmc(ctx),
  hlt: (ctx) => RULES.hlt(ctx),
  privileged: (ctx) => RULES.privileged(ctx),
  monitor: (ctx, segment, offsetLo, offsetHi) => RULES.monitor(ctx, segment, offsetLo >>> 0, offsetHi >>> 0),
  mwait: (ctx) => RULES.mwait(ctx),
  invlpg,
  invpcid,
  xgetbv: (ctx) => RULES.xgetbv(ctx),
  xsetbv: (ctx) => RULES.xsetbv(ctx),
  checkIo: (ctx, port, size) => RULES.checkIo(ctx, port, size),
  portIn: (ctx, port, size) => RULES.portIn(ctx, port, size),
  portOut: (ctx, port, size, value) => RULES.portOut(ctx, port, size, value),
  random: (ctx, seed) => RULES.random(ctx, seed),
  swapgs: (ctx) => RULES.swapgs(ctx),
  setAccessControl: (ctx, value) => RULES.setAccessControl(ctx, value),
  readSegmentBase: (ctx, segment) => RULES.readSegmentBase(ctx, segment),
  writeSegmentBase: (ctx, segment, low, high) => RULES.writeSegmentBase(ctx, segment, low >>> 0, high >>> 0),
  cpuid: (ctx, leaf, subleaf) => RULES.cpuid(ctx, leaf, subleaf),
}
