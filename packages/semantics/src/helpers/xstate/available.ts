/** What the XSAVE family asks before it touches memory. */
import { CR0, CR4, cplOf, FIELD } from '@ringfold/arch'
import { hasFeature, type RuleContext, type RuleStatus, raise, raiseGp, raiseUd, VECTOR } from '@ringfold/rings'

export const XSAVE_ALIGN_BYTES = 64

export type XsaveFeature = 'XSAVE' | 'XSAVEOPT' | 'XSAVEC' | 'XSAVES'

/** #UD without the feature or CR4.OSXSAVE; #NM with CR0.TS; #GP(0) for XSAVES and XRSTORS at CPL > 0 (Intel SDM vol. 1, 13.7 to 13.12). */
export function checkXsave(ctx: RuleContext, feature: XsaveFeature): RuleStatus {
  const { state } = ctx
  const enabled = hasFeature(ctx, 'XSAVE') && (state.lo(FIELD.cr4) & CR4.lo.OSXSAVE) !== 0
  if (!enabled || !hasFeature(ctx, feature)) return raiseUd(state)
  if ((state.lo(FIELD.cr0) & CR0.lo.TS) !== 0) return raise(state, VECTOR.NM)
  return feature === 'XSAVES' && cplOf(state) !== 0 ? raiseGp(state) : 0
}

/** RFBM: the components that EDX:EAX asks for and that are enabled. No model has components above 31. */
export function requestedComponents(ctx: RuleContext, supervisor: boolean): number {
  const { state } = ctx
  const enabled = state.lo(FIELD.xcr0) | (supervisor ? state.lo(FIELD.xss) : 0)
  return (state.lo(FIELD.rax) & enabled) >>> 0
}
