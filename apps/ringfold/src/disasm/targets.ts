import type { SymbolIndex } from '@ringfold/boot/elf'
import {
  branchTargetHi,
  branchTargetLo,
  hasBranchTarget,
  type Instruction,
  isRipRelative,
  ripAddressHi,
  ripAddressLo,
} from '@ringfold/isa/decoder'
import { hexAddress } from './hex.ts'

/** What the addresses that instructions name stand for. */
export class TargetNames {
  /** Those of the region that is being disassembled. */
  symbols: SymbolIndex | undefined

  /** `name`, or `name+0x12`, of the branch target or RIP-relative operand; `''` where there is none, or it has no name. */
  nameOf(i: Instruction): string {
    if (this.symbols === undefined) return ''
    if (hasBranchTarget(i)) return this.#at(branchTargetLo(i), branchTargetHi(i))
    return isRipRelative(i) ? this.#at(ripAddressLo(i), ripAddressHi(i)) : ''
  }

  /** The name and, where the text shows the address relative to RIP, the address. */
  commentOf(i: Instruction): string {
    const name = this.nameOf(i)
    const shown = name === '' ? '' : ` <${name}>`
    return isRipRelative(i) ? `  # 0x${hexAddress(ripAddressLo(i), ripAddressHi(i))}${shown}` : shown
  }

  #at(lo: number, hi: number): string {
    const symbols = this.symbols as SymbolIndex
    const place = symbols.atOrBelow(lo, hi)
    if (place < 0) return ''
    const distance = distanceBetween(symbols.addressLo(place), symbols.addressHi(place), lo, hi)
    if (distance === 0) return symbols.name(place)
    // Behind the end of a symbol whose size is known, its name would mislead.
    const size = symbols.size(place)
    return size > 0 && distance >= size ? '' : `${symbols.name(place)}+0x${distance.toString(16)}`
  }
}

/** Bytes between two addresses, exact up to 2^53. */
const distanceBetween = (fromLo: number, fromHi: number, lo: number, hi: number): number =>
  ((hi >>> 0) - fromHi) * 2 ** 32 + ((lo >>> 0) - fromLo)
