/** Prefixes as text: those that mean something, and for objdump's preset also those that do not. */
import { type Instruction, Prefix } from '../decoder/instruction.ts'
import type { FormPlan } from './plan.ts'

const SEGMENTS = ['es', 'cs', 'ss', 'ds', 'fs', 'gs']

const isIndirectBranch = (plan: FormPlan): boolean => /^(jmp|call)_(rm|r)\d+/.test(plan.name)
const isConditional = (plan: FormPlan): boolean => /^j[a-z]+_rel/.test(plan.name) && plan.mnemonic !== 'jmp'

/** LOCK, REP, REPE, REPNE, NOTRACK and branch hints before `text`. */
export function prefixText(i: Instruction, plan: FormPlan, text: string, att: boolean, objdump: boolean): string {
  let out = ''
  const has = (bit: number) => (i.prefixes & bit) !== 0
  if (i.segment === 3 && isIndirectBranch(plan)) out += 'notrack '
  if (has(Prefix.lock)) out += 'lock '
  if (plan.repeats !== 'none') {
    if (has(Prefix.rep)) out += plan.repeats === 'rep' ? 'rep ' : objdump ? 'repz ' : 'repe '
    else if (has(Prefix.repne)) out += objdump ? 'repnz ' : 'repne '
  }
  if (objdump) out = unusedPrefixes(i, plan) + out
  if (att || objdump) {
    if (isConditional(plan) && i.segment === 1) return `${out}${text},pn`
    if (isConditional(plan) && i.segment === 3) return `${out}${text},pt`
  }
  return out + text
}

/** Prefixes that the instruction ignores: GNU names each. */
function unusedPrefixes(i: Instruction, plan: FormPlan): string {
  let out = ''
  const memory = plan.memory >= 0 && (i.mod !== 3 || !plan.hasModrm)
  const branchPrefix = isIndirectBranch(plan) && i.segment === 3
  if (i.segment >= 0 && !branchPrefix && !isConditional(plan) && (!memory || (i.mode === 64 && i.segment < 4)))
    out += `${SEGMENTS[i.segment]} `
  if (plan.repeats === 'none' && /^(ret|call|jmp|j[a-z]+)$/.test(plan.mnemonic)) {
    if ((i.prefixes & Prefix.repne) !== 0) out += 'bnd '
    else if ((i.prefixes & Prefix.rep) !== 0) out += 'repz '
  }
  return out
}
