/** Which instructions a processor has, and may execute in its present mode. */
import { type CpuidFeatureName, CR0 as CR0_TABLE, CR4 as CR4_TABLE, FIELD as FIELD_TABLE } from '@ringfold/arch'
import { allForms, type FormFacts } from '@ringfold/isa/facts'
import {
  type CpuModel,
  checkFpu,
  checkSse,
  is64Bit,
  isRealOrV86,
  type RuleContext,
  type RuleStatus,
  raiseUd,
} from '@ringfold/rings'

// Constants of this module are folded into code, those of others are loaded each time.
const CR0 = CR0_TABLE
const CR4 = CR4_TABLE
const FIELD = FIELD_TABLE

/** What a form needs, one bit each. */
const NEED = /* @__PURE__ */ Object.freeze({
  /** The model has it not: #UD. */
  MISSING: 1,
  /** x87 state: #NM with CR0.EM or TS. */
  X87: 2,
  /** MMX registers: #UD with CR0.EM, #NM with TS. */
  MMX: 4,
  /** XMM registers or MXCSR: #UD with CR0.EM or without CR4.OSFXSR, #NM with TS. */
  SSE: 8,
  /** Protected mode, and not virtual-8086 mode: #UD. */
  PROTECTED: 16,
  /** WAIT: #NM with CR0.MP and TS. */
  WAIT: 32,
  /** FXSAVE and FXRSTOR: #NM with CR0.EM or TS. */
  FXSAVE: 64,
  /** Not in 64-bit mode: #UD. */
  LEGACY: 128,
})

/** Encodings that processors without the feature take for what they were before it. Intel SDM vol. 2: TZCNT, LZCNT, WBNOINVD, RDSSPD/RDSSPQ. */
const BEFORE: readonly (readonly [mnemonic: string, feature: CpuidFeatureName, before: string])[] = [
  ['tzcnt', 'BMI1', 'bsf'],
  ['lzcnt', 'LZCNT', 'bsr'],
  ['wbnoinvd', 'WBNOINVD', 'wbinvd'],
  // Code asks so whether there is a shadow stack: the register keeps what it held. Xen 4.17 does.
  ['rdsspd', 'CET_SS', 'nop'],
  ['rdsspq', 'CET_SS', 'nop'],
]

/** Hints: no operation where the feature is missing (Intel SDM vol. 2: PREFETCHW, ENDBR64; reserved NOPs of 0F 18 to 0F 1F). */
const HINTS: ReadonlySet<string> = new Set([
  ...['prefetchw', 'prefetchwt1', 'prefetchit0', 'prefetchit1', 'endbr32', 'endbr64', 'cldemote'],
])

/** SSE instructions that use neither XMM registers nor MXCSR stay available whatever CR0 and CR4 say (SDM vol. 3A, 15.1.2). */
function needsOf(form: FormFacts, model: CpuModel): number {
  const { mnemonic, features, operands, implicit, attributes } = form
  const excused = HINTS.has(mnemonic) || BEFORE.some(([m]) => m === mnemonic)
  const missing = !excused && features.some((name) => !model.features.has(name as CpuidFeatureName))
  if (missing || form.later !== null) return NEED.MISSING
  const has = (pattern: RegExp) => operands.some(({ type }) => pattern.test(type))
  const usesMxcsr = implicit.some(({ name }) => name === 'MXCSR')
  // They exist in other modes whatever CPUID says of 64-bit mode (SDM vol. 2A, LAHF; vol. 2B, SAHF).
  const isLahf = mnemonic === 'lahf' || mnemonic === 'sahf'
  if (isLahf && !model.features.has('LAHF_SAHF')) return NEED.LEGACY
  let need = attributes.includes('pm') ? NEED.PROTECTED : 0
  if (features.includes('FXSR')) return need | NEED.FXSAVE
  if (mnemonic === 'wait') return need | NEED.WAIT
  if (features.includes('FPU')) need |= NEED.X87
  if (has(/^mm/) || features.includes('MMX')) need |= NEED.MMX
  if (has(/^(xmm|XMM0)/) || (usesMxcsr && !features.includes('XSAVE'))) need |= NEED.SSE
  return need
}

const tables = /* @__PURE__ */ new WeakMap<CpuModel, Uint8Array>()

function tableOf(model: CpuModel): Uint8Array {
  const known = tables.get(model)
  if (known !== undefined) return known
  const forms = allForms()
  const table = new Uint8Array(1 + Math.max(...forms.map(({ form }) => form))).fill(NEED.MISSING)
  for (const form of forms) table[form.form] = needsOf(form, model)
  tables.set(model, table)
  return table
}

export class Availability {
  /** Mnemonics that are executed as others, because the model is older than they are. */
  readonly replaced: Readonly<Record<string, string>>
  readonly #needs: Uint8Array
  readonly #ctx: RuleContext

  constructor(ctx: RuleContext) {
    this.#ctx = ctx
    this.#needs = tableOf(ctx.model)
    this.replaced = Object.fromEntries(
      BEFORE.filter(([, feature]) => !ctx.model.features.has(feature)).map(([mnemonic, , before]) => [
        mnemonic,
        before,
      ]),
    )
  }

  /** Everything in the state on which answers depend, as a small number: part of the code mode. */
  modeBits(): number {
    const { state } = this.#ctx
    const cr0 = state.lo(FIELD.cr0)
    const { EM, TS, MP } = CR0.lo
    return (
      ((cr0 & EM) !== 0 ? 1 : 0) |
      ((cr0 & TS) !== 0 ? 2 : 0) |
      ((cr0 & MP) !== 0 ? 4 : 0) |
      ((state.lo(FIELD.cr4) & CR4.lo.OSFXSR) !== 0 ? 8 : 0) |
      (isRealOrV86(state) ? 16 : 0)
    )
  }

  /** Whether the instruction can be executed now. */
  allows(form: number): boolean {
    const need = this.#needs[form] ?? NEED.MISSING
    return need === 0 || ((need & NEED.MISSING) === 0 && !this.#isBlocked(need))
  }

  #isBlocked(need: number): boolean {
    const bits = this.modeBits()
    const [em, ts, mp, fxsr, real] = [bits & 1, bits & 2, bits & 4, bits & 8, bits & 16]
    if ((need & NEED.LEGACY) !== 0) return is64Bit(this.#ctx.state)
    if ((need & NEED.PROTECTED) !== 0 && real !== 0) return true
    if ((need & (NEED.X87 | NEED.MMX | NEED.SSE | NEED.FXSAVE)) !== 0 && (em | ts) !== 0) return true
    if ((need & NEED.SSE) !== 0 && fxsr === 0) return true
    return (need & NEED.WAIT) !== 0 && mp !== 0 && ts !== 0
  }

  /** Raises what an instruction raises that is not allowed. @returns 1, or 0 for one that is */
  check(form: number): RuleStatus {
    const ctx = this.#ctx
    const need = this.#needs[form] ?? NEED.MISSING
    if ((need & (NEED.MISSING | NEED.LEGACY)) !== 0 && !this.allows(form)) return raiseUd(ctx.state)
    if (need === 0 || !this.#isBlocked(need)) return 0
    const bits = this.modeBits()
    if ((need & NEED.PROTECTED) !== 0 && (bits & 16) !== 0) return raiseUd(ctx.state)
    if ((need & NEED.SSE) !== 0) return checkSse(ctx)
    if ((need & NEED.MMX) !== 0 && (bits & 1) !== 0) return raiseUd(ctx.state)
    return checkFpu(ctx)
  }
}
