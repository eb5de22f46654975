import type { CpuidFeatureName } from '@ringfold/arch'

export type CpuVendor = 'GenuineIntel' | 'AuthenticAMD'

/** A named processor, as CPUID reports it and as the rules follow it. */
export interface CpuModel {
  readonly name: string
  readonly vendor: CpuVendor
  readonly description: string
  /** Text of leaves 80000002H to 80000004H, at most 47 characters. */
  readonly brand: string
  /** Display family, model and stepping. */
  readonly family: number
  readonly model: number
  readonly stepping: number
  readonly physicalAddressBits: number
  readonly linearAddressBits: number
  /** Highest basic and extended leaf. */
  readonly maxLeaf: number
  readonly maxExtendedLeaf: number
  /** Number of this processor, and how many are in its package: each a core of one thread. */
  readonly apicId: number
  readonly processors: number
  /** Ticks of the time-stamp counter in a second, as leaf 15H tells them; 0: not told. */
  readonly tscHz: number
  /** What it has, by arch's names. Features that follow control registers (OSXSAVE, OSPKE) are not among them. */
  readonly features: ReadonlySet<CpuidFeatureName>
}

/** Whether a processor has a feature: then its instructions and control bits exist. */
export function hasFeature(ctx: { readonly model: CpuModel }, name: CpuidFeatureName): boolean {
  return ctx.model.features.has(name)
}

/** Whether the processor behaves as AMD's, where the manuals differ. */
export function isAmd(ctx: { readonly model: CpuModel }): boolean {
  return ctx.model.vendor === 'AuthenticAMD'
}
