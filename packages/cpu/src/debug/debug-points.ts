import type { MemoryAccess } from '../hooks.ts'
import { hiOf, loOf } from './registers/register.ts'
import type { DebugPoint } from './target.ts'

interface Watchpoint {
  readonly kind: 'write' | 'read' | 'access'
  readonly first: bigint
  readonly last: bigint
}

export interface WatchHit {
  readonly kind: Watchpoint['kind']
  /** The first byte of the access that is watched. */
  readonly address: bigint
}

/** Breakpoints and watchpoints of a machine, so that asking for each instruction costs little. */
export class DebugPoints {
  /** By the low half of the address, for numbers are hashed faster than bigints. */
  readonly #breakpoints = new Map<number, { readonly hi: number; readonly point: DebugPoint }[]>()
  readonly #watchpoints: Watchpoint[] = []

  get hasBreakpoints(): boolean {
    return this.#breakpoints.size > 0
  }

  get hasWatchpoints(): boolean {
    return this.#watchpoints.length > 0
  }

  insert(point: DebugPoint): void {
    const { kind, address, lengthBytes } = point
    if (kind === 'software' || kind === 'hardware') {
      const lo = loOf(address)
      const at = this.#breakpoints.get(lo) ?? []
      this.#breakpoints.set(lo, [...at.filter((each) => !isSame(each.point, point)), { hi: hiOf(address), point }])
    } else {
      this.#removeWatchpoint(kind, address, lengthBytes)
      this.#watchpoints.push({ kind, first: address, last: address + BigInt(lengthBytes) - 1n })
    }
  }

  /** @returns whether it was there */
  remove(point: DebugPoint): boolean {
    const { kind, address, lengthBytes } = point
    if (kind !== 'software' && kind !== 'hardware') return this.#removeWatchpoint(kind, address, lengthBytes)
    const at = this.#breakpoints.get(loOf(address)) ?? []
    const left = at.filter((each) => !isSame(each.point, point))
    if (left.length > 0) this.#breakpoints.set(loOf(address), left)
    else this.#breakpoints.delete(loOf(address))
    return left.length < at.length
  }

  #removeWatchpoint(kind: Watchpoint['kind'], first: bigint, lengthBytes: number): boolean {
    const last = first + BigInt(lengthBytes) - 1n
    const at = this.#watchpoints.findIndex((each) => each.kind === kind && each.first === first && each.last === last)
    if (at >= 0) this.#watchpoints.splice(at, 1)
    return at >= 0
  }

  breakpointAt(lo: number, hi: number): DebugPoint | undefined {
    return this.#breakpoints.get(lo)?.find((each) => each.hi === hi)?.point
  }

  /** The watchpoint that an access meets. */
  watchpointFor({ kind, lo, hi, sizeBytes }: MemoryAccess): WatchHit | undefined {
    const first = (BigInt(hi) << 32n) | BigInt(lo)
    const last = first + BigInt(sizeBytes) - 1n
    for (const watch of this.#watchpoints) {
      if (first > watch.last || last < watch.first || (watch.kind !== 'access' && watch.kind !== kind)) continue
      return { kind: watch.kind, address: first > watch.first ? first : watch.first }
    }
    return undefined
  }
}

function isSame(a: DebugPoint, b: DebugPoint): boolean {
  return a.kind === b.kind && a.address === b.address
}
