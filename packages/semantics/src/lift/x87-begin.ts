/** What x87 instructions begin with: a pending exception, and the pointers (SDM vol. 1, 8.1.8, 8.7). */
import { CR0, EXCEPTION, FIELD, FSW, SEGMENT } from '@ringfold/arch'
import { Op } from '../ir/ops.ts'
import type { Value } from '../ir/types.ts'
import type { Lifter } from './lifter.ts'

const selectorOffset = (segment: number): number => FIELD.segSelector.offset + segment * FIELD.segSelector.strideBytes

/**
 * #MF where an unmasked exception is pending: before x87 instructions that wait, WAIT, and MMX instructions. With CR0.NE = 0 the
 * processor signals FERR# instead, and goes on when the chip set answers with IGNNE# (SDM vol. 1, D.2): the instruction proceeds.
 */
export function raisePendingX87(l: Lifter): void {
  const pending = l.pure('i32.and', l.loadState(FIELD.fpuStatus.offset, 32), l.i32(FSW.lo.ES))
  l.if(pending, () => {
    const isNative = l.pure('i32.and', l.loadState(FIELD.cr0.offset, 32), l.i32(CR0.lo.NE))
    l.if(isNative, () => l.fault(EXCEPTION['#MF'].vector))
  })
}

/**
 * Notes FIP with its selector and FOP of an instruction that is no control instruction, and FDP where it has a memory operand: behind
 * everything that can fault. This is what processors do that report neither FDP_EXCPTN_ONLY nor deprecated selectors; FOP is kept
 * as with the fopcode compatibility mode, of which the contents without it are a case (SDM vol. 1, 8.1.8, 8.1.9.1). AMD's
 * processors store the pointers alike, but FXSAVE leaves them out unless an exception is pending.
 */
export function notePointers(l: Lifter, memoryOperand = -1): void {
  l.storeState(FIELD.fip.offset, 64, l.effect(Op['rip.this']))
  l.storeState(FIELD.fcs.offset, 32, l.loadState(selectorOffset(SEGMENT.CS), 32))
  l.storeState(FIELD.fpuOpcode.offset, 32, l.source.x87Opcode())
  if (memoryOperand < 0) return
  const ea = l.address(memoryOperand)
  l.storeState(FIELD.fdp.offset, 64, l.source.mode === 64 ? ea : l.pure('i64.extend_i32_u', ea))
  l.storeState(FIELD.fds.offset, 32, l.loadState(selectorOffset(l.source.segment(memoryOperand)), 32))
}

/** The number of a stack register operand: i32. */
export const stackNumber = (l: Lifter, n: number): Value =>
  // Sources give the place of a general register of that number.
  l.pure(
    'i32.shr_u',
    l.pure('i32.sub', l.source.registerOffset(n), l.i32(FIELD.gpr.offset)),
    l.i32(Math.log2(FIELD.gpr.strideBytes)),
  )
