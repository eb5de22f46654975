import { MemoryError } from './errors.ts'

/** A range of addresses or ports, and what lies there. */
export interface MappedRange<Value> {
  readonly base: number
  /** Above zero. */
  readonly sizeBytes: number
  readonly value: Value
}

/** Ranges that do not overlap, in the order of their addresses. A look-up is a binary search, or the range of the last one. */
export class RangeMap<Value> {
  /** The first address behind the space. */
  readonly limit: number
  #ranges: readonly MappedRange<Value>[] = []
  #last: MappedRange<Value> | undefined

  constructor(limit: number) {
    this.limit = limit
  }

  /** All ranges, lowest first. */
  get ranges(): readonly MappedRange<Value>[] {
    return this.#ranges
  }

  /** Adds a range. Throws `MemoryError` `memory.range` if it is none, `memory.range-overlap` if a part of it is taken. */
  add(base: number, sizeBytes: number, value: Value): void {
    const good = Number.isInteger(base) && Number.isInteger(sizeBytes) && base >= 0 && sizeBytes > 0
    if (!good || base + sizeBytes > this.limit) {
      const what = `${sizeBytes} bytes from ${hex(base)} are no range below ${hex(this.limit)}`
      throw new MemoryError('memory.range', what, 'give integers, and at least one byte')
    }
    const at = this.#indexFrom(base)
    const next = this.#ranges[at]
    if (next !== undefined && next.base < base + sizeBytes) {
      const what = `${sizeBytes} bytes from ${hex(base)} overlap the ${next.sizeBytes} bytes from ${hex(next.base)}`
      throw new MemoryError('memory.range-overlap', what, 'remove that range first')
    }
    this.#ranges = [...this.#ranges.slice(0, at), { base, sizeBytes, value }, ...this.#ranges.slice(at)]
  }

  /** Removes the range that starts at `base`, and gives it back. Throws `MemoryError` `memory.range-unknown`. */
  remove(base: number): MappedRange<Value> {
    const found = this.find(base)
    if (found === undefined || found.base !== base) {
      throw new MemoryError('memory.range-unknown', `no range starts at ${hex(base)}`, 'give the base that was added')
    }
    this.#ranges = this.#ranges.filter((range) => range !== found)
    this.#last = undefined
    return found
  }

  /** The range in which an address lies. */
  find(address: number): MappedRange<Value> | undefined {
    const last = this.#last
    if (last !== undefined && address >= last.base && address < last.base + last.sizeBytes) return last
    const range = this.#ranges[this.#indexFrom(address)]
    if (range === undefined || range.base > address) return undefined
    this.#last = range
    return range
  }

  /** Whether a range has an address of `base` to `base + sizeBytes - 1`. */
  overlaps(base: number, sizeBytes: number): boolean {
    const range = this.#ranges[this.#indexFrom(base)]
    return range !== undefined && range.base < base + sizeBytes
  }

  /** Index of the first range that ends above an address. */
  #indexFrom(address: number): number {
    let low = 0
    let high = this.#ranges.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const range = this.#ranges[middle] as MappedRange<Value>
      if (range.base + range.sizeBytes > address) high = middle
      else low = middle + 1
    }
    return low
  }
}

const hex = (value: number): string => `0x${value.toString(16)}`
