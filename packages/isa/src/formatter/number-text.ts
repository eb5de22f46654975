/** Numbers as text, from tables that fill themselves: 16 bits a look-up, two look-ups and a concatenation for 32 bits. */
import type { Style } from './options.ts'

const ENTRIES = 0x10000

/** Writes unsigned numbers in one style. The tables are shared by all formatters of that style. */
export class NumberText {
  readonly #whole: string[] = new Array<string>(ENTRIES).fill('')
  /** As the upper part of a longer number: no suffix. */
  readonly #lead: string[] = new Array<string>(ENTRIES).fill('')
  /** As the lower part: always four digits. */
  readonly #tail: string[] = new Array<string>(ENTRIES).fill('')
  readonly #prefix: string
  readonly #suffix: string
  readonly #upper: boolean
  readonly #decimalDigits: boolean

  constructor(hex: '0x' | 'h', upper: boolean, decimalDigits: boolean) {
    this.#prefix = hex === '0x' ? '0x' : ''
    this.#suffix = hex === 'h' ? 'h' : ''
    this.#upper = upper
    this.#decimalDigits = decimalDigits
  }

  #digits(n: number): string {
    const text = n.toString(16)
    return this.#upper ? text.toUpperCase() : text
  }

  #fillLead(n: number): string {
    const digits = this.#digits(n)
    // MASM needs a digit first.
    const zero = this.#suffix !== '' && digits.charCodeAt(0) > 0x39 ? '0' : ''
    const text = this.#prefix + zero + digits
    this.#lead[n] = text
    return text
  }

  #fillTail(n: number): string {
    const text = this.#digits(n).padStart(4, '0')
    this.#tail[n] = text
    return text
  }

  #fillWhole(n: number): string {
    const text = this.#decimalDigits && n < 10 ? String(n) : this.lead(n) + this.#suffix
    this.#whole[n] = text
    return text
  }

  lead(n: number): string {
    const text = this.#lead[n] as string
    return text !== '' ? text : this.#fillLead(n)
  }

  tail(n: number): string {
    const text = this.#tail[n] as string
    return text !== '' ? text : this.#fillTail(n)
  }

  /** The low 32 bits of `n` as an unsigned number. */
  u32(n: number): string {
    if (n >>> 16 === 0) {
      const text = this.#whole[n] as string
      return text !== '' ? text : this.#fillWhole(n)
    }
    return this.lead(n >>> 16) + this.tail(n & 0xffff) + this.#suffix
  }

  /** `hi:lo` as an unsigned number. */
  u64(lo: number, hi: number): string {
    if (hi === 0) return this.u32(lo)
    const high = hi >>> 16 === 0 ? this.lead(hi) : this.lead(hi >>> 16) + this.tail(hi & 0xffff)
    return high + this.tail(lo >>> 16) + this.tail(lo & 0xffff) + this.#suffix
  }

  /** `hi:lo` as a signed number, with `plus` before those that are not negative. */
  s64(lo: number, hi: number, plus: string): string {
    if (hi >= 0) return plus + this.u64(lo, hi)
    const negated = -lo | 0
    return `-${this.u64(negated, lo === 0 ? -hi | 0 : ~hi)}`
  }

  /** A signed 32-bit number, with `plus` before those that are not negative. */
  s32(n: number, plus: string): string {
    return n >= 0 ? plus + this.u32(n) : `-${this.u32(-n | 0)}`
  }
}

const SHARED = /* @__PURE__ */ new Map<string, NumberText>()

/** The writer of a style. */
export function numberText(s: Style): NumberText {
  const key = `${s.hex} ${s.upper.hex} ${s.decimalDigits}`
  let text = SHARED.get(key)
  if (text === undefined) {
    text = new NumberText(s.hex, s.upper.hex, s.decimalDigits)
    SHARED.set(key, text)
  }
  return text
}
