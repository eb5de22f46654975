/**
 * Copy propagation: a register that was read or written earlier in the block is not read again.
 *
 *     state.store64 #rax v1            state.store64 #rax v1
 *     v3: i64 = state.load64 #rax  =>
 *     mem.store64 v2, v3               mem.store64 v2, v1
 *
 * Stores stay, because what can leave the region shows the registers; where ways part or meet, everything is forgotten.
 */
import { type IrCode, Op, opNumber } from '@ringfold/semantics'
import { STATE_STORES } from '../ops.ts'
import { copyOp, isGeneral, type Pass, rebuildBlock } from './pass.ts'

const WRAP = opNumber('i32.wrap_i64')
const EXTEND = opNumber('i64.extend_i32_u')

/** What of the low 32 bits of a 64-bit value is known as a value already. */
function low(into: IrCode, value: number): number {
  return into.op[value] === EXTEND ? (into.a[value] as number) : into.push(WRAP, value, -1, -1, 0, 0)
}

export const forwardRegisters: Pass = {
  name: 'forward-registers',
  summary: 'registers that were read or written earlier in the block are not read again',
  run(lifted, into) {
    const { code } = lifted
    /** By the place of their register: 64-bit values, and low halves that were read. */
    const known = new Map<number, number>()
    const halves = new Map<number, number>()
    return rebuildBlock(lifted, into, (n, a, b, c) => {
      const op = code.op[n] as number
      if (op === Op.if || op === Op.else || op === Op.loop || op === Op.end) {
        known.clear()
        halves.clear()
      }
      const base = code.a[n] as number
      const isState = STATE_STORES.has(op) || op === Op['state.load64'] || op === Op['state.load32']
      if (!isState) return copyOp(code, n, into, a, b, c)
      // A register of the x87 stack, by its number: none of those that are followed.
      if (!code.isConstant(base)) return copyOp(code, n, into, a, b, c)
      const place = (code.imm[n] as number) + (code.imm[base] as number)
      if (!isGeneral(place)) return copyOp(code, n, into, a, b, c)
      const register = place & ~7
      const value = known.get(register)
      if (op === Op['state.load64'] && value !== undefined) return value
      const isHalf = op === Op['state.load32'] && place === register
      if (isHalf && halves.has(register)) return halves.get(register) as number
      const made = isHalf && value !== undefined ? low(into, value) : copyOp(code, n, into, a, b, c)
      if (STATE_STORES.has(op)) halves.delete(register)
      else if (isHalf) halves.set(register, made)
      if (op === Op['state.load64']) known.set(register, made)
      else if (op === Op['state.store64']) known.set(register, b)
      else if (STATE_STORES.has(op)) known.delete(register)
      return made
    })
  },
}
