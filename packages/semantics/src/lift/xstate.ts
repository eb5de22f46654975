/** Saving and restoring of x87, SSE and extended state (SDM vol. 2: FXSAVE, FXRSTOR, XSAVE and its kin; LDMXCSR, STMXCSR). */
import { EXCEPTION, FIELD } from '@ringfold/arch'
import { helperNumber } from '../helpers/index.ts'
import type { Lifter } from './lifter.ts'
import type { Lifting } from './registry.ts'

/** The bits that MXCSR has on a processor without AMD's misaligned mode, which no model has. */
const MXCSR_MASK = 0xffff

const areaHelper =
  (helper: string, wide: 0 | 1): Lifting =>
  (l) => {
    const ea = l.address(0)
    l.argument(0, l.source.mode === 64 ? ea : l.pure('i64.extend_i32_u', ea))
    l.call(helperNumber(helper), l.i32(l.source.segment(0)), l.i32(wide))
  }

/** #GP(0) for a bit that MXCSR does not have. A set flag whose exception is unmasked raises nothing by being loaded. */
function ldmxcsr(l: Lifter): void {
  const v = l.get(0, 32)
  l.if(l.pure('i32.and', v, l.i32(~MXCSR_MASK)), () => l.fault(EXCEPTION['#GP'].vector))
  l.storeState(FIELD.mxcsr.offset, 32, v)
}

const stmxcsr: Lifting = (l) => l.store(0, l.loadState(FIELD.mxcsr.offset, 32), 32)

const AREA = 'fxsave fxrstor xsave xsaveopt xsavec xsaves xrstor xrstors'.split(' ')

export const XSTATE: Readonly<Record<string, Lifting>> = {
  ...Object.fromEntries(AREA.map((name) => [name, areaHelper(name, 0)])),
  ...Object.fromEntries(AREA.map((name) => [`${name}64`, areaHelper(name, 1)])),
  ldmxcsr,
  stmxcsr,
}
