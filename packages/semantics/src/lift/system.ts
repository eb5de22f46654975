/** System instructions: operands here, privilege and effects by the rules of `rings`. */
import { ACCESS_RIGHTS, EXCEPTION, FIELD, INTERRUPTIBILITY, RFLAGS, SEGMENT } from '@ringfold/arch'
import { TABLE } from '@ringfold/rings'
import { helperNumber, WIDE_OPERAND } from '../helpers/index.ts'
import type { Value } from '../ir/types.ts'
import { type Lifter, RAX, RCX, ZF_BIT } from './lifter.ts'
import type { Lifting } from './registry.ts'
import { storeSelector } from './segments.ts'
import type { Bits } from './source.ts'
import { loadStack, pushValue, setStackPointer, stackPlus, stackPointer } from './stack.ts'

/** A rule without operands or result. */
const plain =
  (rule: string): Lifting =>
  (l) =>
    l.call(helperNumber(rule))

/** Pushes whether the code runs at privilege level 0: what SS says (Intel SDM vol. 3A, 6.5). */
const isSupervisor = (l: Lifter): Value =>
  l.pure('i32.eqz', l.pure('i32.and', l.loadState(SS_ACCESS, 32), l.i32(ACCESS_RIGHTS.lo.DPL)))

/** 64-bit code at level 0 needs no rule, which has the checks; other code has it. */
const supervisorOr =
  (rule: string, quick: (l: Lifter) => void): Lifting =>
  (l) => {
    const byRule = () => l.call(helperNumber(rule))
    if (l.source.mode === 64) l.if(isSupervisor(l), () => quick(l), byRule)
    else byRule()
  }

const SS_ACCESS = FIELD.segAccess.offset + SEGMENT.SS * FIELD.segAccess.strideBytes
const GS_BASE = FIELD.segBase.offset + SEGMENT.GS * FIELD.segBase.strideBytes

/** SDM vol. 2B, SWAPGS. */
const swapGs = supervisorOr('swapgs', (l) => {
  const [base, other] = [l.loadState(GS_BASE, 64), l.loadState(FIELD.kernelGsBase.offset, 64)]
  l.storeState(GS_BASE, 64, other)
  l.storeState(FIELD.kernelGsBase.offset, 64, base)
})

/** SDM vol. 2A, CLI. */
const clearInterruptFlag = supervisorOr('cli', (l) => {
  const flags = l.loadState(FIELD.systemFlags.offset, 32)
  l.storeState(FIELD.systemFlags.offset, 32, l.pure('i32.and', flags, l.i32(~RFLAGS.lo.IF)))
})

/** SDM vol. 2B, STI: if IF was clear, interrupts stay held for one instruction. */
const setInterruptFlag: Lifting = (l) => {
  supervisorOr('sti', (m) => {
    const { IF } = RFLAGS.lo
    const flags = m.loadState(FIELD.systemFlags.offset, 32)
    m.if(m.pure('i32.eqz', m.pure('i32.and', flags, m.i32(IF))), () => {
      const held = m.loadState(FIELD.interruptibility.offset, 32)
      m.storeState(FIELD.interruptibility.offset, 32, m.pure('i32.or', held, m.i32(INTERRUPTIBILITY.lo.STI)))
      m.storeState(FIELD.systemFlags.offset, 32, m.pure('i32.or', flags, m.i32(IF)))
    })
  })(l)
  l.leave()
}

/** As {@link plain}; afterwards mode or events are looked after. */
const leaving =
  (rule: string): Lifting =>
  (l) => {
    l.call(helperNumber(rule))
    l.leave()
  }

/** As {@link leaving}, for what reads the clock, reaches other parts or waits. */
const external =
  (rule: string): Lifting =>
  (l) => {
    l.external()
    l.call(helperNumber(rule))
    l.leave()
  }

/** What reads the clock and changes nothing that events depend on. */
const clock =
  (rule: string): Lifting =>
  (l) => {
    l.external()
    l.call(helperNumber(rule))
  }

const low = (l: Lifter, bits: Bits, v: Value): Value => (bits === 64 ? l.pure('i32.wrap_i64', v) : v)
const high = (l: Lifter, bits: Bits, v: Value): Value =>
  bits === 64 ? l.pure('i32.wrap_i64', l.pure('i64.shr_u', v, l.i64(32))) : l.i32(0)

/** The effective address of a memory operand as 64 bits. */
const wideAddress = (l: Lifter, n: number): Value =>
  l.source.mode === 64 ? l.address(n) : l.resize(l.address(n), 32, 64)

// Flags. SDM vol. 2B, PUSHF and POPF; vol. 2A, CLI.

const pushFlags: Lifting = (l) => {
  const bits = l.source.operandSize
  if (l.source.mode === 64) {
    // Neither IOPL nor virtual-8086 mode matters there: the rule comes to the same.
    const system = l.pure('i32.and', l.loadState(FIELD.systemFlags.offset, 32), l.i32(~(RFLAGS.lo.RF | RFLAGS.lo.VM)))
    const image = l.pure('i32.or', l.pure('i32.or', system, l.i32(RFLAGS.alwaysOneLo)), l.allFlags())
    pushValue(l, l.resize(image, 32, bits), bits)
    return
  }
  l.call(helperNumber('pushf'), l.i32(bits / 8))
  pushValue(l, l.result(0, bits), bits)
}

const popFlags: Lifting = (l) => {
  const bits = l.source.operandSize
  const pointer = stackPointer(l)
  const image = l.resize(loadStack(l, pointer, bits), bits, 32)
  l.call(helperNumber('popf'), image, l.i32(bits / 8))
  setStackPointer(l, stackPlus(l, pointer, bits / 8))
  l.leave()
}

const direction =
  (set: boolean): Lifting =>
  (l) => {
    const flags = l.loadState(FIELD.systemFlags.offset, 32)
    const { DF } = RFLAGS.lo
    l.storeState(
      FIELD.systemFlags.offset,
      32,
      set ? l.pure('i32.or', flags, l.i32(DF)) : l.pure('i32.and', flags, l.i32(~DF)),
    )
  }

const accessControl =
  (value: number): Lifting =>
  (l) => {
    l.call(helperNumber('setAccessControl'), l.i32(value))
    l.leave()
  }

// Descriptor tables and selectors.

const loadTable =
  (table: number): Lifting =>
  (l) => {
    l.argument(WIDE_OPERAND.first, wideAddress(l, 0))
    const size = l.source.mode === 64 ? 8 : l.source.operandSize / 8
    l.call(helperNumber('loadTable'), l.i32(table), l.i32(l.source.segment(0)), l.i32(size))
  }

const storeTable =
  (table: number): Lifting =>
  (l) => {
    l.argument(WIDE_OPERAND.first, wideAddress(l, 0))
    l.call(helperNumber('storeTable'), l.i32(table), l.i32(l.source.segment(0)))
  }

const loadSystemSegment =
  (rule: string): Lifting =>
  (l) =>
    l.call(helperNumber(rule), l.get(0, 16))

const storeSystemSegment =
  (segment: number): Lifting =>
  (l) => {
    l.call(helperNumber('storeSystemSelector'), l.i32(segment))
    storeSelector(l, l.result(0, 16))
  }

/** LAR and LSL: the destination changes only where ZF says that the selector is good. */
const describeSelector =
  (rule: string): Lifting =>
  (l) => {
    const bits = l.bits(0)
    l.call(helperNumber(rule), l.get(1, 16))
    const value = l.resize(l.result(0, 32), 32, bits)
    l.if(l.flag(ZF_BIT), () => l.set(0, value))
  }

const verify =
  (write: number): Lifting =>
  (l) =>
    l.call(helperNumber('verify'), l.get(0, 16), l.i32(write))

const RPL = 3

/** ARPL: memory is written, and must be writable, only where the RPL is raised (SDM vol. 2A, ARPL, "Operation"; `conformance/silicon`). */
const adjustPrivilege: Lifting = (l) => {
  const [old, source] = [l.get(0, 16), l.get(1, 16)]
  const [from, to] = [old, source].map((v) => l.pure('i32.and', v, l.i32(RPL))) as [Value, Value]
  if (l.isMemory(0)) l.if(l.pure('i32.gt_u', to, from), () => l.probe(0, 16))
  l.call(helperNumber('arpl'), old, source)
  const adjusted = l.result(0, 16)
  l.if(l.flag(ZF_BIT), () => l.set(0, adjusted, 16))
}

// Control and debug registers: a number is the operand's place in its array of the state.

interface RegisterArray {
  readonly offset: number
  readonly strideBytes: number
}

const registerNumber = (l: Lifter, n: number, field: RegisterArray): Value =>
  l.pure(
    'i32.shr_u',
    l.pure('i32.sub', l.source.registerOffset(n), l.i32(field.offset)),
    l.i32(31 - Math.clz32(field.strideBytes)),
  )

const readRegister =
  (rule: string, field: RegisterArray): Lifting =>
  (l) => {
    l.call(helperNumber(rule), registerNumber(l, 1, field))
    l.set(0, l.result(0, l.bits(0)))
  }

const writeRegister =
  (rule: string, field: RegisterArray): Lifting =>
  (l) => {
    const bits = l.bits(1)
    const value = l.get(1)
    l.call(helperNumber(rule), registerNumber(l, 0, field), low(l, bits, value), high(l, bits, value))
    l.leave()
  }

const storeMachineStatus: Lifting = (l) => {
  l.call(helperNumber('smsw'))
  if (l.isMemory(0)) l.store(0, l.result(0, 16), 16)
  else l.set(0, l.result(0, l.source.operandSize), l.source.operandSize)
}

const loadMachineStatus: Lifting = (l) => {
  l.call(helperNumber('lmsw'), l.get(0, 16))
  l.leave()
}

// Translations.

const invalidatePage: Lifting = (l) => {
  const address = wideAddress(l, 0)
  l.call(helperNumber('invlpg'), l.i32(l.source.segment(0)), low(l, 64, address), high(l, 64, address))
  l.leave()
}

const invalidatePcid: Lifting = (l) => {
  const bits = l.bits(0)
  const type = l.get(0)
  l.argument(WIDE_OPERAND.first, wideAddress(l, 1))
  // A type beyond 32 bits is as wrong as any above 3.
  const big = bits === 64 ? l.pure('i64.ne', l.pure('i64.shr_u', type, l.i64(32)), l.i64(0)) : l.i32(0)
  l.call(helperNumber('invpcid'), l.select(big, l.i32(-1), low(l, bits, type)), l.i32(l.source.segment(1)))
  l.leave()
}

// Calls of the system. The address of the next instruction is what they save.

const callSystem: Lifting = (l) => {
  const next = l.nextRip()
  l.call(helperNumber('syscall'), low(l, 64, next), high(l, 64, next))
  l.transfer()
}

const transferring =
  (rule: string, sizeBytes: number): Lifting =>
  (l) => {
    l.call(helperNumber(rule), l.i32(sizeBytes))
    l.transfer()
  }

// Segment bases.

const readBase =
  (segment: number): Lifting =>
  (l) => {
    l.call(helperNumber('readSegmentBase'), l.i32(segment))
    l.set(0, l.result(0, l.bits(0)))
  }

const writeBase =
  (segment: number): Lifting =>
  (l) => {
    const bits = l.bits(0)
    const value = l.get(0)
    l.call(helperNumber('writeSegmentBase'), l.i32(segment), low(l, bits, value), high(l, bits, value))
  }

// What else there is.

const identify: Lifting = (l) => l.call(helperNumber('cpuid'), l.gpr(RAX, 32), l.gpr(RCX, 32))

const random =
  (seed: number): Lifting =>
  (l) => {
    l.call(helperNumber('random'), l.i32(seed))
    l.set(0, l.result(0, l.bits(0)))
  }

const readProcessorId: Lifting = (l) => {
  l.call(helperNumber('rdpid'))
  l.set(0, l.result(0, l.bits(0)))
}

const monitor: Lifting = (l) => {
  const address = wideAddress(l, 0)
  l.call(helperNumber('monitor'), l.i32(l.source.segment(0)), low(l, 64, address), high(l, 64, address))
}

/** CLFLUSH and its kin are ordered and checked as a load of a byte (SDM vol. 2A, CLFLUSH). */
const flushLine: Lifting = (l) => {
  l.load(0, 8)
}

const undefinedInstruction: Lifting = (l) => l.fault(EXCEPTION['#UD'].vector)

export const SYSTEM: Readonly<Record<string, Lifting>> = {
  pushf: pushFlags,
  pushfd: pushFlags,
  pushfq: pushFlags,
  popf: popFlags,
  popfd: popFlags,
  popfq: popFlags,
  cld: direction(false),
  std: direction(true),
  cli: clearInterruptFlag,
  sti: setInterruptFlag,
  clac: accessControl(0),
  stac: accessControl(1),
  lgdt: loadTable(TABLE.GDT),
  lidt: loadTable(TABLE.IDT),
  sgdt: storeTable(TABLE.GDT),
  sidt: storeTable(TABLE.IDT),
  lldt: loadSystemSegment('loadLdtr'),
  ltr: loadSystemSegment('loadTr'),
  sldt: storeSystemSegment(SEGMENT.LDTR),
  str: storeSystemSegment(SEGMENT.TR),
  lar: describeSelector('lar'),
  lsl: describeSelector('lsl'),
  verr: verify(0),
  verw: verify(1),
  arpl: adjustPrivilege,
  smsw: storeMachineStatus,
  lmsw: loadMachineStatus,
  clts: leaving('clts'),
  invd: plain('privileged'),
  wbinvd: plain('privileged'),
  wbnoinvd: plain('privileged'),
  invlpg: invalidatePage,
  invpcid: invalidatePcid,
  rdmsr: external('rdmsr'),
  wrmsr: external('wrmsr'),
  rdtsc: clock('rdtsc'),
  rdtscp: clock('rdtscp'),
  rdpid: readProcessorId,
  rdpmc: plain('rdpmc'),
  syscall: callSystem,
  sysret: transferring('sysret', 4),
  sysretq: transferring('sysret', 8),
  sysenter: transferring('sysenter', 4),
  sysexit: transferring('sysexit', 4),
  sysexitq: transferring('sysexit', 8),
  swapgs: swapGs,
  rdfsbase: readBase(SEGMENT.FS),
  rdgsbase: readBase(SEGMENT.GS),
  wrfsbase: writeBase(SEGMENT.FS),
  wrgsbase: writeBase(SEGMENT.GS),
  hlt: external('hlt'),
  monitor,
  mwait: external('mwait'),
  xgetbv: plain('xgetbv'),
  xsetbv: leaving('xsetbv'),
  cpuid: identify,
  rdrand: random(0),
  rdseed: random(1),
  clflush: flushLine,
  clflushopt: flushLine,
  clwb: flushLine,
  ud0: undefinedInstruction,
  ud1: undefinedInstruction,
  ud2: undefinedInstruction,
  // Outside system-management mode (SDM vol. 3C, 32.5), which is not modelled.
  rsm: undefinedInstruction,
}

/** Forms whose mnemonic has other forms too. */
export const SYSTEM_FORMS: readonly (readonly [RegExp, Lifting])[] = [
  [/^mov_r\d+_crn/, readRegister('readControlRegister', FIELD.gpr)],
  [/^mov_crn_/, writeRegister('writeControlRegister', FIELD.gpr)],
  [/^mov_r\d+_drn/, readRegister('readDebugRegister', FIELD.dr)],
  [/^mov_drn_/, writeRegister('writeDebugRegister', FIELD.dr)],
]
