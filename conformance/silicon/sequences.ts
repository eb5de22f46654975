/** Short random sequences of instructions. */
import { FCW, FSW } from '@ringfold/arch'
import type { FormFacts } from '@ringfold/isa/facts'
import type { SiliconCase } from './case.ts'
import { Draft, RBP, RDI, RSI, RSP } from './draft.ts'
import { appendInstruction } from './draw.ts'
import { recordedForms } from './forms.ts'
import { type CodeBits, IMAGE } from './image.ts'
import { WINDOW } from './layout.ts'
import { vectorSeed } from './random.ts'

export interface SequenceKind {
  readonly name: string
  /** Groups of families that it draws from. */
  readonly groups: RegExp
}

export const SEQUENCE_KINDS: readonly SequenceKind[] = [
  { name: 'integer', groups: /^(arithmetic|logical|data|shift|bit|flag|stack|misc|control)$/ },
  { name: 'bits', groups: /^(bmi|bit|shift|arithmetic|logical)$/ },
  { name: 'x87', groups: /^x87$/ },
  { name: 'simd', groups: /^(mmx|sse|sse2|sse3|ssse3|sse4|aes)$/ },
  { name: 'mixed', groups: /^(arithmetic|logical|data|shift|x87|mmx|sse|sse2|sse4|stack)$/ },
]

/** What would leave the sequence, clobber its pointers, or fault nearly always. */
const UNFIT =
  /^(ud|int|into|bound|enter|leave|popa|i?div_|aam|cmpxchg(8|16)b|xlat|maskmov|wr[fg]s|rd[fg]s|mov_sreg|pop_[defgs]s|mov_\w+_moffs|mov_moffs|push_|pop_rm|popf|f?xrstor|f?xsave|fldenv|frstor|fnsave|bt[rsc]?_rm\d+_r\d|ret|loop|j|call)|_[xy]\d+(_|$)|_sreg$|_a16|emms|fninit/

/** Results that are undefined, approximate or by vendor, from which others would follow (`explained.ts`, `approximate.ts`). */
const UNSURE =
  /^(sh[lr]d_rm16|fcmov|fu?comip?_|cvt\w*pi_|cvtpi|rcp[ps]s|rsqrt|f2xm1|fyl2x|fptan|fpatan|fsin|fcos|movsxd_r16|ldmxcsr)/

/** Branches that can be taken over instructions of the sequence. */
const SHORT_BRANCH = /^j\w+_rel8$/

/** Exception bits of the x87 control and status words. */
const EXCEPTIONS = 0x3f

const pools = new Map<string, readonly FormFacts[]>()

function poolOf(kind: SequenceKind, bits: CodeBits): readonly FormFacts[] {
  const key = `${kind.name}${bits}`
  const known = pools.get(key)
  if (known !== undefined) return known
  const all = [...recordedForms(64), ...recordedForms(32)].filter((f) => f.modes.includes(bits))
  const pool = all.filter(
    (f) =>
      kind.groups.test(f.family.group) &&
      !UNSURE.test(f.name) &&
      (!UNFIT.test(f.name) || SHORT_BRANCH.test(f.name) || /^push_r\d|^pop_r\d/.test(f.name)),
  )
  pools.set(key, pool)
  return pool
}

/** Registers that hold addresses, and that no instruction of the sequence takes. */
function drawPointers(d: Draft): void {
  const candidates = d.bits === 64 ? [RBP, RSI, RDI, 8, 9, 10, 11, 12, 13, 14, 15] : [RBP, RSI, RDI]
  for (const n of [d.pick(candidates), d.pick(candidates), RSP]) {
    d.setRegister(n, BigInt(WINDOW + 0x400 + ((d.next() % 0x3000) & ~15)))
    d.pointers.add(n)
  }
}

/** Flags that are undefined and not yet defined again must not be read: what would follow from them is no vector. */
class UndefinedFlags {
  #mask = 0

  mayRun({ flags }: FormFacts): boolean {
    return (flags.read & this.#mask) === 0
  }

  after({ flags }: FormFacts): void {
    const sure = (flags.written | flags.cleared | flags.set) & ~flags.conditional
    this.#mask = (this.#mask & ~sure) | flags.undefined
  }
}

/** A branch over `skipped` bytes, in two bytes. */
function insertBranch(d: Draft, at: number, form: FormFacts): void {
  const skipped = d.code.length - at
  const opcode = Number.parseInt(/^(?:o\d+ )?(E3|EB|7[0-9A-F])\b/.exec(form.encoding)?.[1] ?? '0', 16)
  if (opcode !== 0 && skipped < 128) d.code.splice(at, 0, opcode, skipped)
}

function append(d: Draft, pool: readonly FormFacts[], flags: UndefinedFlags): void {
  const form = d.pick(pool)
  if (!flags.mayRun(form)) return
  if (SHORT_BRANCH.test(form.name)) {
    const at = d.code.length
    const plain = d.pick(pool)
    // What may be skipped must leave what is undefined as it is.
    if (SHORT_BRANCH.test(plain.name) || plain.flags.undefined !== 0 || !flags.mayRun(plain)) return
    if (appendInstruction(d, plain)) insertBranch(d, at, form)
    return
  }
  const length = d.code.length
  if (appendInstruction(d, form)) flags.after(form)
  else d.code.length = length
}

/** Masks the denormal-operand exception; ES and B follow. */
function maskDenormals({ view }: Draft): void {
  const fcw = view.getUint16(IMAGE.fcw, true) | FCW.lo.DM
  const fsw = view.getUint16(IMAGE.fsw, true)
  view.setUint16(IMAGE.fcw, fcw, true)
  if ((fsw & ~fcw & EXCEPTIONS) === 0) view.setUint16(IMAGE.fsw, fsw & ~(FSW.lo.ES | FSW.lo.B), true)
}

/** Sequence `index` of a kind: 3 to 10 instructions. Denormal operands are masked: loads of them differ between vendors (`explained.ts`). */
export function drawSequence(kind: SequenceKind, bits: CodeBits, seed: number, index: number): SiliconCase {
  const d = new Draft(bits, vectorSeed(seed, index))
  const pool = poolOf(kind, bits)
  const flags = new UndefinedFlags()
  drawPointers(d)
  maskDenormals(d)
  const count = 3 + (d.next() % 8)
  for (let n = 0, tries = 0; n < count && tries < 60; tries++) {
    const before = d.code.length
    append(d, pool, flags)
    if (d.code.length > before) n++
  }
  return d.finish(`sequence-${kind.name}`, index)
}
