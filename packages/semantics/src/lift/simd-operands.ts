/**
 * Operands of MMX and SSE instructions: vectors of 64 or 128 bits, both as v128. Of an MMX value the low half counts; what
 * stands in the high half is not determined.
 */
import { FIELD } from '@ringfold/arch'
import { RegisterClassId } from '@ringfold/isa/registers'
import { MemoryImm } from '../ir/ops.ts'
import type { Value } from '../ir/types.ts'
import { lowQuad } from '../ir/vectors.ts'
import type { Lifter } from './lifter.ts'
import type { Lifting } from './registry.ts'
import { raisePendingX87 } from './x87-begin.ts'

export { blend, bytesBy, constant, lowDoubleword, lowQuad, splatByte, zeros } from '../ir/vectors.ts'

/** Bits of the vectors that an instruction works on. */
export type Width = 64 | 128

const isMmx = (l: Lifter, n: number): boolean => l.source.registerClass(n) === RegisterClassId.mm

/** Whether operand `n` is an MMX or XMM register. */
export const isVectorRegister = (l: Lifter, n: number): boolean =>
  isMmx(l, n) || l.source.registerClass(n) === RegisterClassId.xmm

function usesMmx(l: Lifter): boolean {
  for (let n = 0; n < l.source.operandCount; n++) if (isMmx(l, n)) return true
  return false
}

/** What every MMX instruction but EMMS does to the x87 state: TOP 0, all registers in use (SDM vol. 3A, 13.2). */
function enterMmx(l: Lifter): void {
  l.storeState(FIELD.fpuTop.offset, 32, l.i32(0))
  l.storeState(FIELD.fpuTag.offset, 32, l.i32(0xff))
}

/**
 * The frame of a vector instruction; `body` reads, and can fault, before it writes. Whether the processor has the
 * instruction at all (CR0, CR4, CPUID) is decided outside of liftings.
 */
export const vectorInstruction =
  (body: (l: Lifter, width: Width) => void): Lifting =>
  (l) => {
    const mmx = usesMmx(l)
    if (mmx) raisePendingX87(l)
    body(l, mmx ? 64 : 128)
    if (mmx) enterMmx(l)
  }

/** Legacy SSE wants operands of 16 bytes aligned: #GP(0), but where the instruction's page says otherwise (SDM vol. 2A, 2.4). */
export const ALIGNED: number = MemoryImm.aligned

/** Memory of less than 16 bytes, in the low lane; it stands in the other lanes as well, which nobody looks at. */
const SPLAT: Readonly<Record<number, string>> = { 16: 'i16x8', 32: 'i32x4', 64: 'i64x2' }

/** Operand `n`, register or memory, as a vector. */
export function readVector(l: Lifter, n: number, flags: number = ALIGNED): Value {
  if (!l.isMemory(n)) {
    const at = l.source.registerOffset(n)
    return isMmx(l, n) ? l.pure('i64x2.splat', l.loadState(0, 64, at)) : l.loadState(0, 128, at)
  }
  const bits = l.source.bits(n)
  return bits === 128 ? l.load(n, 128, 0, flags) : l.pure(`${SPLAT[bits]}.splat`, l.load(n, bits))
}

/**
 * Writes register operand `n`. Of an XMM register bits 511:128 stay as they are; of an MMX register the exponent of the x87
 * register below becomes all ones (SDM vol. 3A, 13.2). Registers are written whole: a narrow store would stall the next load.
 */
export function writeVector(l: Lifter, n: number, v: Value): void {
  const at = l.source.registerOffset(n)
  if (!isMmx(l, n)) l.storeState(0, 128, v, at)
  else {
    l.storeState(0, 64, lowQuad(l, v), at)
    l.storeState(8, 16, l.i32(0xffff), at)
  }
}

/** Byte offset in the state of an XMM register. */
export const xmmOffset = (n: number): number => FIELD.zmm.offset + n * FIELD.zmm.strideBytes

/** imm8 in operand `n`: i32, 0 to 255. A template finds it in its slot, so that it need not be a constant. */
export const byteImmediate = (l: Lifter, n: number): Value => l.source.immediate(n, 8)

/** What an instruction makes of destination and source. */
export type VectorOperation = (l: Lifter, a: Value, b: Value, width: Width) => Value

/** `op xmm, xmm/m128` and `op mm, mm/m64`: the destination is the first operand of the operation. */
export const binary = (operation: VectorOperation): Lifting =>
  vectorInstruction((l, width) => {
    const b = readVector(l, 1)
    writeVector(l, 0, operation(l, readVector(l, 0), b, width))
  })

/** As {@link binary}, where the destination is only written. */
export const unary = (operation: (l: Lifter, v: Value) => Value): Lifting =>
  vectorInstruction((l) => writeVector(l, 0, operation(l, readVector(l, 1))))

/** As {@link binary}, with imm8. */
export const binaryImmediate = (
  operation: (l: Lifter, operands: { a: Value; b: Value; imm: Value }, width: Width) => Value,
): Lifting =>
  vectorInstruction((l, width) => {
    const b = readVector(l, 1)
    writeVector(l, 0, operation(l, { a: readVector(l, 0), b, imm: byteImmediate(l, 2) }, width))
  })
