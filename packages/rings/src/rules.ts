import type { RuleContext, RuleStatus } from './context.ts'
import * as cr from './control/cr.ts'
import * as debug from './control/debug.ts'
import * as msr from './control/msr.ts'
import * as ports from './control/ports.ts'
import * as system from './control/system.ts'
import { deliverEvent, softwareInterrupt } from './events/deliver.ts'
import { iret } from './events/iret.ts'
import { retFar } from './far/return.ts'
import { callFar, jmpFar } from './far/transfer.ts'
import { cli, popf, pushf, sti } from './flags.ts'
import { cpuid } from './models/cpuid.ts'
import { linearAddress } from './segments/linear-address.ts'
import { loadFarSegment, loadLdtr, loadSegment, loadTr } from './segments/load.ts'
import * as tables from './segments/tables.ts'
import * as calls from './syscall.ts'

/** What all rules have in common: a context, numbers, a status. */
// biome-ignore lint/suspicious/noExplicitAny: the parameters of each rule are its own; `RuleParameters` gives them
export type Rule = (ctx: RuleContext, ...operands: any[]) => RuleStatus

/** The rules by name, for whoever names them in data (the lifting of instructions). */
export const RULES = {
  linearAddress,
  loadSegment,
  loadFarSegment,
  loadLdtr,
  loadTr,
  loadTable: tables.loadTable,
  storeTable: tables.storeTable,
  storeSystemSelector: tables.storeSystemSelector,
  lar: tables.lar,
  lsl: tables.lsl,
  verify: tables.verify,
  arpl: tables.arpl,
  jmpFar,
  callFar,
  retFar,
  iret,
  deliverEvent,
  softwareInterrupt,
  pushf,
  popf,
  cli,
  sti,
  syscall: calls.syscall,
  sysret: calls.sysret,
  sysenter: calls.sysenter,
  sysexit: calls.sysexit,
  readControlRegister: cr.readControlRegister,
  writeControlRegister: cr.writeControlRegister,
  smsw: cr.smsw,
  lmsw: cr.lmsw,
  clts: cr.clts,
  readDebugRegister: debug.readDebugRegister,
  writeDebugRegister: debug.writeDebugRegister,
  rdmsr: msr.rdmsr,
  wrmsr: msr.wrmsr,
  rdtsc: system.rdtsc,
  rdtscp: system.rdtscp,
  rdpid: system.rdpid,
  rdpmc: system.rdpmc,
  hlt: system.hlt,
  privileged: system.privileged,
  monitor: system.monitor,
  mwait: system.mwait,
  invlpg: system.invlpg,
  invpcid: system.invpcid,
  xgetbv: system.xgetbv,
  xsetbv: system.xsetbv,
  checkFpu: system.checkFpu,
  checkSse: system.checkSse,
  checkIo: system.checkIo,
  portIn: ports.portIn,
  portOut: ports.portOut,
  random: ports.random,
  setAccessControl: ports.setAccessControl,
  swapgs: system.swapgs,
  readSegmentBase: system.readSegmentBase,
  writeSegmentBase: system.writeSegmentBase,
  cpuid,
} as const satisfies Readonly<Record<string, Rule>>

/** The name of a rule. */
export type RuleName = keyof typeof RULES

/** The numbers that a rule takes after its context. */
export type RuleParameters<Name extends RuleName> =
  Parameters<(typeof RULES)[Name]> extends [RuleContext, ...infer Operands] ? Operands : never
