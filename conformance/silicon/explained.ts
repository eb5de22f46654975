/** Where silicon differs from the processor that is modelled, by form: each with its reason and where that is written. */
import { initialImage, REACHED_END, type SiliconOutcome } from './case.ts'
import type { Comparison } from './compare.ts'
import { RCX, RSP } from './draft.ts'
import { IMAGE } from './image.ts'
import type { Vector } from './vectors.ts'

/** A vector, what our processor made of it, and how that differs. */
export interface Judged {
  readonly vector: Vector
  readonly got: SiliconOutcome
  readonly comparison: Comparison
}

export interface Explanation {
  /** Names of forms. */
  readonly forms: RegExp
  readonly why: string
  readonly covers: (judged: Judged) => boolean
}

const only =
  (fields: RegExp) =>
  ({ comparison }: Judged): boolean =>
    comparison.differences.every((d) => fields.test(d.field))

/** Offsets in the window at which the outcomes differ. */
function differingBytes({ vector, got }: Judged): number[] {
  const { window } = vector.expected
  return [...window.keys()].filter((n) => window[n] !== got.window[n])
}

/** The third byte of MXCSR_MASK, of an image at a multiple of 16 of memory. */
function isMxcsrMask(j: Judged): boolean {
  const [at, ...more] = differingBytes(j)
  if (at === undefined || more.length > 0 || !only(/^memory/)(j)) return false
  return j.vector.expected.window[at] === 2 && j.got.window[at] === 0 && at % 16 === 14
}

/** The count of a double shift of 16 bits, in CL or as the last byte. */
function doubleShiftCount({ vector: { input } }: Judged): number {
  const last = input.code.at(-1) ?? 0
  const cl = initialImage(input)[IMAGE.gpr + 8 * RCX] ?? 0
  return (input.name.endsWith('_cl') ? cl : last) & 31
}

const C1 = 0x200
const statusWord = (o: SiliconOutcome): number => new DataView(o.image.buffer).getUint16(IMAGE.fsw, true)

/** The bits in which the x87 status words differ are among these. */
const differsInStatus = (j: Judged, bits: number): boolean =>
  only(/^fsw$/)(j) && ((statusWord(j.vector.expected) ^ statusWord(j.got)) & ~bits) === 0

/** FSW.DE and ES are set, and FCW.DM is not: #D is pending. */
const isUnmaskedDenormal = (j: Judged): boolean =>
  only(/^(fsw|ftw|st\d)$/)(j) &&
  (statusWord(j.got) & 0x82) === 0x82 &&
  (new DataView(j.got.image.buffer).getUint16(IMAGE.fcw, true) & 2) === 0

const trapOf = ({ vector }: Judged): number => vector.expected.trap
const [SS, GP, PF, AC, XM] = [12, 13, 14, 17, 19]

/** The two exceptions, either of which both have to be. */
const isOneOf = (j: Judged, ...vectors: number[]): boolean =>
  vectors.includes(trapOf(j)) && vectors.includes(j.got.trap) && only(/^(trap|errorCode|cr2)$/)(j)

const stackPointer = ({ vector }: Judged): bigint =>
  new DataView(initialImage(vector.input).buffer).getBigUint64(IMAGE.gpr + 8 * RSP, true)

export const EXPLANATIONS: readonly Explanation[] = [
  {
    forms: /^(f?xsave)/,
    why: 'MXCSR_MASK: this silicon has the misaligned mode of SSE, MXCSR.MM, which the model has not (APM vol. 1, 4.2.2)',
    covers: isMxcsrMask,
  },
  {
    forms: /^push_[cdefgs]s$/,
    why: 'a segment register is pushed as 32 zero-extended bits here, and by a write of 16 in the model (SDM vol. 2B, PUSH, "Description")',
    covers: (j) => j.vector.input.bits === 32 && only(/^memory|^trap|^errorCode|^cr2|^rip|^rsp/)(j),
  },
  {
    forms: /^sh[lr]d_rm16_/,
    why: 'a double shift by more than its 16 bits leaves result and flags undefined (SDM vol. 2B, SHLD, SHRD)',
    covers: (j) => doubleShiftCount(j) > 16,
  },
  {
    forms: /^(j\w+|loop\w*|ret\w*|jrcxz)_o16$/,
    why: "a near branch with the prefix 66H in 64-bit code: Intel's processors, like the decoder, ignore it, AMD's cut RIP to 16 bits (SDM vol. 2A, Jcc, JMP; APM vol. 3, 1.2.2)",
    covers: (j) => j.vector.input.bits === 64 && only(/^trap|^rip|^rsp|^errorCode|^cr2/)(j),
  },
  {
    forms: /^fcmov|^fu?comip?_/,
    why: 'C1 without a stack fault: kept here; FCOMI and its kin clear it and FCMOVcc leaves it open by Intel\'s manual (SDM vol. 2A, FCOMI, FCMOVcc, "FPU Flags Affected")',
    covers: (j) => differsInStatus(j, C1),
  },
  {
    forms: /^fld_m(32|64)fp$/,
    why: "a denormal with #D unmasked: pushed here; TOP stays as it is by Intel's manual (SDM vol. 1, 8.5.2)",
    covers: isUnmaskedDenormal,
  },
  {
    forms: /^(fldenv|fnstenv|frstor|fnsave|f?xsave|f?xrstor)/,
    why: 'an image of state that faults: CR2 is that of the byte which silicon tries first, often the last, and of the first that is missing in the model (SDM vol. 3A, 5.7 leaves it open)',
    covers: (j) => trapOf(j) === PF && only(/^cr2$/)(j),
  },
  {
    forms: /^maskmov/,
    why: 'masked stores: faults of bytes that are not written, alignment checks and CR2 of the whole operand, and the MMX state after a fault are by implementation (SDM vol. 2B, MASKMOVQ, MASKMOVDQU, "Description")',
    covers: (j) => trapOf(j) !== REACHED_END,
  },
  {
    forms: /^cvt(t?p[sd]2pi|pi2p[sd])_/,
    why: 'conversions to and from MMX registers that end in #XM have changed to MMX state here: the manuals do not say (SDM vol. 2A, CVTPS2PI, "Description")',
    covers: (j) => trapOf(j) === XM && only(/^(fsw|ftw|st\d)$/)(j),
  },
  {
    forms: /^pusha|^call_(m|ptr)16/,
    why: 'what pushes several things, and faults, has written those before the fault here: below the stack pointer, which stays (SDM vol. 2B, PUSHA; vol. 2A, CALL)',
    covers: (j) => trapOf(j) === PF && only(/^memory/)(j),
  },
  {
    forms: /^call_m16/,
    why: 'a far call out of 64-bit code into compatibility mode, with a stack above 4 GiB: pushes are already of 32-bit addresses here (SDM vol. 2A, CALL, "Operation" does not say)',
    covers: (j) => j.vector.input.bits === 64 && stackPointer(j) > 0xffff_ffffn && isOneOf(j, PF, SS),
  },
  {
    forms: /^call_rm/,
    why: 'a call to what is no canonical address, with a stack that faults: which comes first is open (SDM vol. 3A, 7.9, table 7-2)',
    covers: (j) => isOneOf(j, PF, GP, SS, AC),
  },
  {
    forms: /^(retf|iret)/,
    why: 'what a far return finds on a stack that faults, and whether before or after it looks at CS: by implementation (SDM vol. 2B, RET; vol. 3A, 7.9, table 7-2)',
    covers: (j) => trapOf(j) !== GP && isOneOf(j, PF, GP, AC, SS),
  },
  {
    forms: /^cmps/,
    why: 'two operands, both of which fault: which comes first is open (SDM vol. 2A, CMPS)',
    covers: (j) => isOneOf(j, PF, GP, AC),
  },
  {
    forms: /^movsxd_r16_/,
    why: "MOVSXD with an operand size of 16 reads 32 bits of memory here (APM vol. 3, MOVSXD), and 16 by Intel's manual (SDM vol. 2B, MOVSXD)",
    covers: (j) => j.got.trap === REACHED_END || j.got.trap === PF || j.got.trap === AC,
  },
  {
    forms: /^sha(1|256)/,
    why: 'SHA\'s operands in memory need no alignment here; in the model they do (SDM vol. 2B, SHA1MSG1, "Other Exceptions": type 4)',
    covers: (j) => j.got.trap === GP && trapOf(j) !== GP,
  },
  {
    forms: /^(ldmxcsr|f?xrstor)/,
    why: 'MXCSR.MM can be set here; the model has no misaligned mode of SSE and raises #GP (APM vol. 1, 4.2.2)',
    covers: (j) => j.got.trap === GP && trapOf(j) === REACHED_END,
  },
  {
    forms: /^fxrstor|^fxsave/,
    why: '#GP or #AC for a misaligned image while alignment is checked: by implementation (SDM vol. 2A, FXSAVE, "Protected Mode Exceptions")',
    covers: (j) => isOneOf(j, GP, AC),
  },
]

/** Why a difference is none, or undefined. */
export const explanationOf = (judged: Judged): string | undefined =>
  EXPLANATIONS.find((e) => e.forms.test(judged.vector.input.name) && e.covers(judged))?.why
