/** Which forms of the instruction table are run on silicon, and why others are not. */
import { readFileSync } from 'node:fs'
import { allForms, type FormFacts } from '@ringfold/isa/facts'
import type { CodeBits } from './image.ts'

/** Features whose forms are recorded, and what Linux calls them in /proc/cpuinfo. */
const FEATURE_FLAGS: Readonly<Record<string, string>> = {
  FPU: 'fpu',
  CMOV: 'cmov',
  CX8: 'cx8',
  CMPXCHG16B: 'cx16',
  MMX: 'mmx',
  SSE: 'sse',
  SSE2: 'sse2',
  SSE3: 'pni',
  SSSE3: 'ssse3',
  SSE4_1: 'sse4_1',
  SSE4_2: 'sse4_2',
  POPCNT: 'popcnt',
  SSE4A: 'sse4a',
  AES: 'aes',
  SHA: 'sha_ni',
  PCLMULQDQ: 'pclmulqdq',
  BMI1: 'bmi1',
  BMI2: 'bmi2',
  LZCNT: 'abm',
  ADX: 'adx',
  MOVBE: 'movbe',
  FXSR: 'fxsr',
  XSAVE: 'xsave',
  FSGSBASE: 'fsgsbase',
  CLFSH: 'clflush',
  PREFETCHW: '3dnowprefetch',
}

interface Exclusion {
  readonly forms: RegExp
  readonly why: string
}

/** Forms of user code that no vector can hold. */
export const EXCLUSIONS: readonly Exclusion[] = [
  { forms: /^(cpuid|xgetbv)/, why: 'answers by the model of the processor' },
  { forms: /^(sgdt|sidt|sldt|str|smsw)_/, why: 'shows the tables and registers of the host (and CR4.UMIP forbids it)' },
  { forms: /^(int3|int1|syscall|sysenter)/, why: 'goes to the kernel of the host' },
  { forms: /^(xsaveopt|xsavec|xsaves|xrstors)/, why: 'what they leave out depends on what the host did before' },
  {
    forms: /_amd$|_m1632_o64$/,
    why: "a near branch with operand size 16 in 64-bit code: only AMD's processors obey it (SDM vol. 2, JMP)",
  },
  { forms: /_r?\d*m?\d*a16$/, why: 'addresses below 64 KiB cannot be mapped for a process' },
]

/** Why a form has no vectors in code of that width, or null. */
export function whyNot(form: FormFacts, bits: CodeBits): string | null {
  if (form.later !== null) return 'not in the table yet'
  if (!form.modes.includes(bits)) return `not in ${bits}-bit code`
  if (!form.features.every((f) => FEATURE_FLAGS[f] !== undefined)) return 'a feature that is not modelled yet'
  if (form.vendor === 'intel') return "only on Intel's processors"
  if (form.privilege.rule !== 'none' && form.privilege.rule !== 'iopl.v86' && form.privilege.rule !== 'gate')
    return `privileged (${form.privilege.rule}): tested at system level`
  return EXCLUSIONS.find((e) => e.forms.test(form.name))?.why ?? null
}

/** Forms with vectors: all of 64-bit code; of 32-bit code those that 64-bit code does not have. */
export const recordedForms = (bits: CodeBits): FormFacts[] =>
  allForms().filter((f) => whyNot(f, bits) === null && (bits === 64 || !f.modes.includes(64)))

/** Forms that both kinds of code have. */
export const sharedForms = (): FormFacts[] => allForms().filter((f) => whyNot(f, 64) === null && whyNot(f, 32) === null)

export interface HostProcessor {
  readonly name: string
  readonly flags: ReadonlySet<string>
}

/** The processor of this host, by /proc/cpuinfo. */
export function hostProcessor(): HostProcessor {
  const text = readFileSync('/proc/cpuinfo', 'utf8')
  const field = (name: string): string => new RegExp(`^${name}\\s*: (.*)$`, 'm').exec(text)?.[1] ?? ''
  const numbers = ['cpu family', 'model', 'stepping'].map(field).join('/')
  return {
    name: `${field('vendor_id')} ${field('model name')} (${numbers})`,
    flags: new Set(field('flags').split(' ')),
  }
}

/** Whether the host has what the form needs. */
export const hostHas = (form: FormFacts, host: HostProcessor): boolean =>
  form.features.every((f) => host.flags.has(FEATURE_FLAGS[f] ?? ''))
