import { type CpuidFeatureName, cpuidFeature, cpuidFeatures } from '@ringfold/arch'
import { RingsError } from './errors.ts'
import type { CpuModel } from './model.ts'

/** Features that cannot be without others. */
const NEEDS: readonly (readonly [CpuidFeatureName, readonly CpuidFeatureName[]])[] = [
  ['SSE', ['FXSR']],
  ['SSE2', ['SSE']],
  ['SSE3', ['SSE2']],
  ['SSSE3', ['SSE3']],
  ['SSE4_1', ['SSSE3']],
  ['SSE4_2', ['SSE4_1']],
  ['AES', ['SSE2']],
  ['PCLMULQDQ', ['SSE2']],
  ['AVX', ['XSAVE', 'SSE4_2']],
  ['AVX2', ['AVX']],
  ['FMA', ['AVX']],
  ['F16C', ['AVX']],
  ['PKU', ['XSAVE']],
  ['XSAVEOPT', ['XSAVE']],
  ['XSAVEC', ['XSAVE']],
  ['XGETBV_ECX1', ['XSAVE']],
  ['XSAVES', ['XSAVEC', 'XGETBV_ECX1']],
  ['LM', ['PAE', 'MSR', 'SSE2']],
  ['CMPXCHG16B', ['LM', 'CX8']],
  ['LAHF_SAHF', ['LM']],
  ['PCID', ['LM']],
  ['FSGSBASE', ['LM']],
  ['NX', ['PAE', 'MSR']],
  ['SYSCALL', ['MSR']],
  ['SEP', ['MSR']],
  ['X2APIC', ['APIC', 'MSR']],
  ['TSC_DEADLINE', ['APIC', 'TSC', 'MSR']],
  ['TSC_ADJUST', ['TSC', 'MSR']],
  ['RDTSCP', ['TSC', 'MSR']],
]

/** What CPUID reports of control registers, not of the processor. */
const FOLLOWING: readonly CpuidFeatureName[] = ['OSXSAVE', 'OSPKE']

/**
 * A model with features added and taken away: `withFeatures(model, '+MOVBE,-AES')`, by arch's names in any case. An instruction,
 * control bit or MSR of a feature that is off does not exist: its rule raises #UD or #GP.
 *
 * Throws `RingsError` `model.unknown-feature`, `model.fixed-feature`, or `model.missing-feature` for one that needs another.
 */
export function withFeatures(model: CpuModel, changes: string): CpuModel {
  const features = new Set(model.features)
  for (const change of changes.split(',').map((text) => text.trim())) {
    if (change === '') continue
    const sign = change.charAt(0)
    const name = featureNamed(sign === '+' || sign === '-' ? change.slice(1) : '', change)
    if (sign === '+') features.add(name)
    else features.delete(name)
  }
  for (const [name, needed] of NEEDS) {
    const missing = needed.find((other) => !features.has(other))
    if (!features.has(name) || missing === undefined) continue
    const remedy = `add +${missing}, or take away -${name}`
    throw new RingsError('model.missing-feature', `${name} needs ${missing}, which the model does not have`, remedy)
  }
  return { ...model, features }
}

function featureNamed(text: string, change: string): CpuidFeatureName {
  const plain = text.toUpperCase().replaceAll(/[-.]/g, '_')
  const found = cpuidFeature(text) ?? cpuidFeature(plain)
  if (found === undefined) {
    const near = suggestion(plain)
    const remedy = near === '' ? "write +NAME or -NAME, with a name of arch's cpuidFeatures()" : `did you mean ${near}?`
    throw new RingsError('model.unknown-feature', `${change} names no feature`, remedy)
  }
  if (!FOLLOWING.includes(found.name)) return found.name
  const what = `${found.name} follows a control register`
  throw new RingsError('model.fixed-feature', what, 'change the feature that the register belongs to')
}

function suggestion(plain: string): string {
  const letters = plain.replaceAll('_', '')
  if (letters === '') return ''
  return cpuidFeatures().find(({ name }) => name.replaceAll('_', '') === letters)?.name ?? ''
}
