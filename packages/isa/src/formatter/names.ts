/** Mnemonics as the formatters write them. */
import type { Instruction } from '../decoder/instruction.ts'
import { CARRYLESS, COMPARE_PREDICATES } from '../pseudo-operations.ts'
import { ATT_BY_FORM, GNU_MNEMONIC, INTEGER_SUFFIX, SUFFIXED, X87_SUFFIX } from './gnu-names.ts'
import type { FormPlan } from './plan.ts'

/** Mnemonic for a register and for a memory operand. */
export interface Names {
  readonly register: string
  readonly memory: string
  /** Writes the predicate of the immediate into the mnemonic. */
  readonly pseudo: 'none' | 'compare' | 'carryless'
}

const same = (name: string): Names => ({ register: name, memory: name, pseudo: 'none' })

function pseudoOf(mnemonic: string): Names['pseudo'] {
  if (/^v?cmp(ps|pd|ss|sd)$/.test(mnemonic)) return 'compare'
  return /^v?pclmulqdq$/.test(mnemonic) ? 'carryless' : 'none'
}

/** Intel names: the manual's, or with GNU's pseudo-mnemonics. */
export function intelNames(plan: FormPlan, objdump: boolean): Names {
  if (!objdump) return same(plan.mnemonic)
  const string = stringBase(plan)
  const name = string ?? intelGnuName(plan)
  return { register: name, memory: name, pseudo: plan.operands.length >= 3 ? pseudoOf(plan.mnemonic) : 'none' }
}

/** GNU writes string instructions with the size in the operand (`movs BYTE PTR es:[rdi],...`), so that the name has none. */
function stringBase(plan: FormPlan): string | null {
  const m = /^(movs|cmps|stos|lods|scas|ins|outs)[bwdq]$/.exec(plan.mnemonic)
  return m && /_(x|y)\d+/.test(plan.name) ? (m[1] ?? null) : null
}

function intelGnuName(plan: FormPlan): string {
  if (/moffs/.test(plan.name)) return 'mov'
  if (plan.name === 'mov_r64_imm64') return 'movabs'
  return GNU_MNEMONIC[plan.mnemonic] ?? plan.mnemonic
}

const X87_INTEGER = /^fi(add|mul|com|comp|sub|subr|div|divr|ld|st|stp|sttp)$/

/** x87 AT&T names: a suffix for the memory operand, and the exchanged names of FSUB and FDIV with destination ST(i). */
function x87Names(plan: FormPlan): Names | null {
  const type =
    /_(m\d+(?:fp|int))$/.exec(plan.name.replace(/_(?:o\d+|[0-9a-f]{2})$/, ''))?.[1] ??
    /(m\d+(?:fp|int))/.exec(plan.name)?.[1]
  if (type !== undefined) {
    const integer = plan.mnemonic.startsWith('fi') || X87_INTEGER.test(plan.mnemonic)
    const suffix = integer ? { m16int: 's', m32int: 'l', m64int: 'll' }[type] : X87_SUFFIX[type]
    return same(plan.mnemonic + (suffix ?? ''))
  }
  const m = /^f(sub|div)(r?)(p?)$/.exec(plan.mnemonic)
  if (!m || !/^f(sub|div)r?p?_(sti|st\(?i)/.test(plan.name)) return null
  // System V's assembler exchanged them once, and GNU kept it (gas manual, "AT&T Syntax bugs").
  return same(`f${m[1]}${m[2] ? '' : 'r'}${m[3]}`)
}

function attExtension(plan: FormPlan): Names | null {
  const m = /^(movsx|movzx|movsxd)$/.exec(plan.mnemonic)
  if (!m) return null
  const [destination, source] = plan.operands
  const bytes = [0, 1, 2, 4, 8]
  if (plan.mnemonic === 'movsxd' && destination?.reg !== 4) return same('movsxd')
  const letter = (n: number) => INTEGER_SUFFIX[n] ?? ''
  return same(`mov${plan.mnemonic[3]}${letter(source?.memBytes ?? 0)}${letter(bytes[destination?.reg ?? 0] ?? 0)}`)
}

/** AT&T names: size suffixes, GNU's own names. */
export function attNames(plan: FormPlan, always: boolean): Names {
  const fixed = ATT_BY_FORM[plan.mnemonic]
  if (fixed !== undefined) return same(fixed)
  const extension = attExtension(plan) ?? x87Names(plan)
  if (extension) return extension
  if (plan.name === 'mov_r64_imm64') return same('movabs')
  if (/^mov_(rax|eax|ax|al)_moffs|^mov_moffs/.test(plan.name)) return same('mov')
  const far = /^(call|jmp)_(?:ptr|m)16/.exec(plan.name)
  if (far) return same(`l${far[1]}`)
  if (plan.mnemonic === 'retf') return same('lret')
  const string = stringBase(plan)
  if (string)
    return same(
      /^(stos|lods|scas)$/.test(string)
        ? string
        : `${string}${INTEGER_SUFFIX[plan.operands[plan.memory]?.memBytes ?? 0]}`,
    )
  if (plan.mnemonic === 'crc32') {
    const sized = `crc32${INTEGER_SUFFIX[plan.operands[1]?.memBytes ?? 0]}`
    return { register: always ? sized : 'crc32', memory: sized, pseudo: 'none' }
  }
  const suffix = INTEGER_SUFFIX[plan.operands[plan.memory]?.memBytes ?? 0] ?? ''
  const gnu = GNU_MNEMONIC[plan.mnemonic] ?? plan.mnemonic
  const memory =
    SUFFIXED.has(plan.mnemonic) && (always || plan.suffixNeeded || /^v?cvtsi2s/.test(plan.mnemonic))
      ? gnu + suffix
      : gnu
  const register = always && SUFFIXED.has(plan.mnemonic) ? gnu + suffix : gnu
  return { register, memory: packedNarrowing(plan) ?? memory, pseudo: pseudoOf(plan.mnemonic) }
}

/** VCVTPD2PS and its kin with a memory operand: the register does not tell the width, so GNU writes x or y. */
function packedNarrowing(plan: FormPlan): string | null {
  if (!/^vcvt(pd2ps|pd2dq|tpd2dq|neps2bf16)$/.test(plan.mnemonic)) return null
  return plan.mnemonic + (plan.operands[1]?.memBytes === 32 ? 'y' : 'x')
}

/** The mnemonic of an instruction whose immediate is part of it; `null` where the immediate has no name. */
export function pseudoName(names: Names, base: string, i: Instruction): string | null {
  const imm = i.immLo & 0xff
  if (names.pseudo === 'carryless') {
    const kind = CARRYLESS[imm as keyof typeof CARRYLESS]
    return kind === undefined ? null : base.replace('qdq', `${kind}dq`)
  }
  const predicate = imm < (base.startsWith('v') ? 32 : 8) ? COMPARE_PREDICATES[imm] : undefined
  return predicate === undefined ? null : base.replace('cmp', `cmp${predicate}`)
}
