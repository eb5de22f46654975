/** Reads the facts of a form (flags, access, implicit operands, control flow, privilege, intercepts) into numbers, and refuses what NOTATION.md does not know. */
import { RFLAGS } from '@ringfold/arch'
import { ACCESSES, FLAG_EFFECTS, FLOWS, PRIVILEGE_RULES, X87_CONDITION_SHIFT } from '../src/facts/codes.ts'
import { svmExitCode, vmxExitReason } from '../src/facts/exit-reasons.ts'
import type { Form } from './form.ts'
import { TableError } from './operand-types.ts'

const F = RFLAGS.lo

/** Letters of the flags column (NOTATION.md) and their masks. */
const FLAG_MASK: Readonly<Record<string, number>> = {
  C: F.CF,
  P: F.PF,
  A: F.AF,
  Z: F.ZF,
  S: F.SF,
  T: F.TF,
  I: F.IF,
  D: F.DF,
  O: F.OF,
  L: F.IOPL,
  N: F.NT,
  R: F.RF,
  V: F.VM,
  K: F.AC,
  v: F.VIF,
  p: F.VIP,
  i: F.ID,
  0: 1 << X87_CONDITION_SHIFT,
  1: 2 << X87_CONDITION_SHIFT,
  2: 4 << X87_CONDITION_SHIFT,
  3: 8 << X87_CONDITION_SHIFT,
}

const EFFECT_KEY: Readonly<Record<string, (typeof FLAG_EFFECTS)[number]>> = {
  r: 'read',
  w: 'written',
  u: 'undefined',
  0: 'cleared',
  1: 'set',
  c: 'conditional',
}

function fail(f: Form, message: string): never {
  throw new TableError(`${f.family.name}: '${f.row}': ${message}`)
}

/** Masks in the order of FLAG_EFFECTS. */
export function flagMasks(f: Form): number[] {
  const masks = FLAG_EFFECTS.map(() => 0)
  for (const part of (f.facts.flags ?? '').split(/\s+/).filter((p) => p !== '')) {
    const [key = '', letters = ''] = part.split('=')
    const effect = EFFECT_KEY[key]
    if (effect === undefined || letters === '') fail(f, `flags: '${part}': key=letters with key r w u 0 1 c expected`)
    for (const letter of letters) {
      const mask = FLAG_MASK[letter]
      if (mask === undefined) fail(f, `flags: unknown letter '${letter}'`)
      const at = FLAG_EFFECTS.indexOf(effect)
      masks[at] = (masks[at] ?? 0) | mask
    }
  }
  return masks
}

/** Operand access, three bits each. */
export const accessBits = (f: Form): number =>
  f.operands.reduce((bits, o, i) => bits | (ACCESSES.indexOf(o.access) << (3 * i)), 0)

export function flowNumber(f: Form): number {
  const at = FLOWS.indexOf((f.facts.flow ?? 'next') as (typeof FLOWS)[number])
  return at < 0 ? fail(f, `flow: '${f.facts.flow}' is not in NOTATION.md`) : at
}

export function privilegeNumber(f: Form): number {
  const at = Object.keys(PRIVILEGE_RULES).indexOf(f.facts.priv ?? 'none')
  return at < 0 ? fail(f, `priv: '${f.facts.priv}' is not in NOTATION.md`) : at
}

/** Register and resource names that may stand in `imp`. */
const GPR =
  /^(?:[re]?(?:AX|BX|CX|DX|SP|BP|SI|DI)|[ER](?:AX|BX|CX|DX|SP|BP|SI|DI)|[ABCD][LH]|R\d+|a(?:AX|BX|CX|SI|DI)|RIP)$/
const OTHER =
  /^(?:[CDEFGS]S|\[(?:(?:rSP|rBP|SSP)(?:\*\d)?|ES\.reg)\]|CR\d+|DR\d+|ST\(\d\)(?:-ST\(\d\))?|XMM\d+(?:-XMM\d+)?|TOP|FCW|FSW|FTW|FIP|FDP|MXCSR|MSR|TSC|PMC|[GIL]DTR|TR|TLB|GIF|VMCS|VMCB|EPTP|SMRAM|SSP|PKRU|XCR0|XSTATE|FSBASE|GSBASE)$/

/** `rAX:rw rDX:w`, checked and normalized. */
export function implicitText(f: Form): string {
  const parts = (f.facts.imp ?? '').split(/\s+/).filter((p) => p !== '')
  for (const part of parts) {
    const [name = '', access = ''] = part.split(':')
    if (!GPR.test(name) && !OTHER.test(name)) fail(f, `imp: '${name}' is not in NOTATION.md`)
    if (!(ACCESSES as readonly string[]).includes(access)) fail(f, `imp: '${part}': access expected, as in rAX:rw`)
  }
  return parts.join(' ')
}

function interceptText(f: Form, key: 'vmx' | 'svm', number: (name: string) => number | undefined): string {
  const parts = (f.facts[key] ?? '').split(',').filter((p) => p !== '')
  for (const part of parts) {
    const [name = '', when = ''] = part.split('/')
    if (number(name) === undefined) fail(f, `${key}: '${name}' is no name of an exit (src/facts/exit-reasons.ts)`)
    if (when === '') fail(f, `${key}: '${part}': NAME/when expected`)
  }
  return parts.join(',')
}

export const vmxText = (f: Form): string => interceptText(f, 'vmx', vmxExitReason)
export const svmText = (f: Form): string => interceptText(f, 'svm', svmExitCode)
