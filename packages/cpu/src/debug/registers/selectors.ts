import { ACCESS_RIGHTS, FIELD, SEGMENT, SEGMENT_DESCRIPTOR, SELECTOR } from '@ringfold/arch'
import { is64Bit, isLongMode, isRealOrV86 } from '@ringfold/rings'
import { valueOfBytes } from '../rsp/hex.ts'
import { hiOf, loOf, type RegisterAccess } from './register.ts'

const { TYPE, S, DPL, P, AVL, L, DB, G, UNUSABLE } = ACCESS_RIGHTS.lo
const RIGHTS = TYPE | S | DPL | P | AVL | L | DB | G
const CODE = 8
const DESCRIPTOR_BYTES = 8

/**
 * Loads a segment register as a debugger means it: with base, limit and rights of its descriptor, without the checks of privilege
 * and without the accessed bit (Intel SDM vol. 3A, 3.4.3). In real and virtual-8086 mode the base is 16 times the selector.
 *
 * @returns false where the tables hold no present segment of the right kind; nothing is changed then
 */
export function loadSelector(access: RegisterAccess, segment: number, selector: number): boolean {
  const { state } = access
  if (selector === state.lo(FIELD.segSelector, segment)) return true
  if (isRealOrV86(state)) {
    state.setLo(FIELD.segSelector, selector, segment)
    state.set(FIELD.segBase, selector << 4, 0, segment)
    return true
  }
  if ((selector & ~SELECTOR.lo.RPL) === 0) return loadNull(access, segment, selector)
  const descriptor = readDescriptor(access, selector)
  if (descriptor === null) return false
  const [lo, hi] = [loOf(descriptor), hiOf(descriptor)]
  const rights = (hi >>> 8) & RIGHTS
  if ((rights & P) === 0 || (rights & S) === 0 || (segment === SEGMENT.CS) !== ((rights & CODE) !== 0)) return false
  const limit = SEGMENT_DESCRIPTOR.extract('LIMIT', lo, hi)
  state.setLo(FIELD.segSelector, selector, segment)
  state.set(FIELD.segBase, SEGMENT_DESCRIPTOR.extract('BASE', lo, hi), 0, segment)
  state.setLo(FIELD.segLimit, (rights & G) !== 0 ? ((limit << 12) | 0xfff) >>> 0 : limit, segment)
  state.setLo(FIELD.segAccess, rights, segment)
  return true
}

/** CS and, outside 64-bit mode, SS cannot be null. */
function loadNull({ state }: RegisterAccess, segment: number, selector: number): boolean {
  if (segment === SEGMENT.CS || (segment === SEGMENT.SS && !is64Bit(state))) return false
  state.setLo(FIELD.segSelector, selector, segment)
  // SS keeps its DPL, which is the privilege level.
  const keep = segment === SEGMENT.SS ? state.lo(FIELD.segAccess, segment) : 0
  state.setLo(FIELD.segAccess, UNUSABLE | keep, segment)
  return true
}

function readDescriptor(access: RegisterAccess, selector: number): bigint | null {
  const { state } = access
  const isLocal = (selector & SELECTOR.lo.TI) !== 0
  const limit = isLocal ? state.lo(FIELD.segLimit, SEGMENT.LDTR) : state.lo(FIELD.gdtrLimit)
  const offset = selector & SELECTOR.lo.INDEX
  if (offset + DESCRIPTOR_BYTES - 1 > limit) return null
  const base = isLocal ? state.readBig(FIELD.segBase, SEGMENT.LDTR) : state.readBig(FIELD.gdtrBase)
  const address = BigInt.asUintN(isLongMode(state) ? 64 : 32, base + BigInt(offset))
  const bytes = access.readMemory(address, DESCRIPTOR_BYTES)
  return bytes.length === DESCRIPTOR_BYTES ? valueOfBytes(bytes) : null
}
