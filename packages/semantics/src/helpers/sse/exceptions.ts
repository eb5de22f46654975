/** SIMD floating-point exceptions: what an instruction found becomes flags of MXCSR, and a fault where one is unmasked. */
import { CR4, EXCEPTION, FIELD, MXCSR } from '@ringfold/arch'
import type { StateBuilder } from '../../ir/state-builder.ts'

const { IE, DE, ZE, OE, UE, PE, IM } = MXCSR.lo
/** Found before the operation: an unmasked one keeps all lanes from being computed (SDM vol. 1, 11.5.2, 11.5.3). */
const PRE_COMPUTATION = IE | DE | ZE
const EXCEPTIONS = PRE_COMPUTATION | OE | UE | PE
const MASK_SHIFT = Math.log2(IM)

/**
 * Ends an operation whose exceptions stand in element 3 of `helperArgument`: ORs them into MXCSR. Where one is unmasked, raises #XM,
 * or #UD without CR4.OSXMMEXCPT; flags are set even then (SDM vol. 1, 11.5.3.2 and 11.5.4).
 */
export function simdExceptions(b: StateBuilder): void {
  const and = (x: ReturnType<StateBuilder['i32']>, mask: number) => b.pure('i32.and', x, b.i32(mask))
  const found = b.result(3, 32)
  const mxcsr = b.loadState(FIELD.mxcsr.offset, 32)
  const masked = b.pure('i32.shr_u', mxcsr, b.i32(MASK_SHIFT))
  const unmasked = b.pure('i32.and', and(found, EXCEPTIONS), b.pure('i32.xor', masked, b.i32(-1)))
  const reported = b.select(and(unmasked, PRE_COMPUTATION), and(found, PRE_COMPUTATION), and(found, EXCEPTIONS))
  b.storeState(FIELD.mxcsr.offset, 32, b.pure('i32.or', mxcsr, reported))
  b.if(unmasked, () => {
    const cr4 = b.loadState(FIELD.cr4.offset, 32)
    b.if(
      and(cr4, CR4.lo.OSXMMEXCPT),
      () => b.fault(EXCEPTION['#XM'].vector),
      () => b.fault(EXCEPTION['#UD'].vector),
    )
  })
}
