/** Paging as the manual tells it, slowly and with bigint: written apart from the package, to hold it against. */

export interface ModelRegisters {
  readonly mode: '32-bit' | 'pae' | '4-level' | '5-level'
  readonly cr3: bigint
  readonly pdptes: readonly bigint[]
  readonly pse: boolean
  readonly wp: boolean
  readonly nxe: boolean
  readonly smep: boolean
  readonly smap: boolean
  readonly maxPhysicalBits: number
}

export interface ModelAccess {
  readonly kind: 'read' | 'write' | 'fetch'
  readonly user: boolean
  readonly ac: boolean
}

export type ModelResult =
  | { readonly kind: 'page'; readonly address: bigint; readonly pageBytes: bigint; readonly used: readonly UsedEntry[] }
  | { readonly kind: 'fault'; readonly errorCode: number }

/** An entry that was used, and what it is afterwards. */
export interface UsedEntry {
  readonly address: bigint
  readonly sizeBytes: 4 | 8
  readonly after: bigint
}

/** Reads 4 or 8 bytes of physical memory. */
export type ModelMemory = (address: bigint, sizeBytes: 4 | 8) => bigint

const bit = (value: bigint, n: number): boolean => ((value >> BigInt(n)) & 1n) === 1n
const bits = (value: bigint, high: number, low: number): bigint =>
  (value >> BigInt(low)) & ((1n << BigInt(high - low + 1)) - 1n)

interface Step {
  readonly entryBytes: 4 | 8
  /** Which bits of the linear address are the index. */
  readonly high: number
  readonly low: number
  /** Whether the entry maps a page, where bit 7 says so. */
  readonly mayMap: boolean
}

function stepsOf(r: ModelRegisters): Step[] {
  if (r.mode === '32-bit') {
    return [
      { entryBytes: 4, high: 31, low: 22, mayMap: r.pse },
      { entryBytes: 4, high: 21, low: 12, mayMap: false },
    ]
  }
  const wide = (high: number, mayMap: boolean): Step => ({ entryBytes: 8, high, low: high - 8, mayMap })
  const lower = [wide(29, true), wide(20, false)]
  if (r.mode === 'pae') return lower
  const four = [wide(47, false), wide(38, true), ...lower]
  return r.mode === '5-level' ? [wide(56, false), ...four] : four
}

/** Whether an entry of a step has a reserved bit set. Vol. 3A, 5.3, 5.4.2, 5.5.4. */
function hasReserved(r: ModelRegisters, entry: bigint, step: Step, maps: boolean): boolean {
  if (step.entryBytes === 4) {
    if (!maps || step.low === 12) return false
    // A PDE of a 4-MByte page: bit 21, and the address bits in 20:13 from MAXPHYADDR on.
    const usable = Math.min(r.maxPhysicalBits, 40) - 32
    return bit(entry, 21) || (usable < 8 && bits(entry, 20, 13 + usable) !== 0n)
  }
  if (r.maxPhysicalBits < 52 && bits(entry, 51, r.maxPhysicalBits) !== 0n) return true
  if (bit(entry, 63) && !r.nxe) return true
  if (r.mode === 'pae' && bits(entry, 62, 52) !== 0n) return true
  const isTableOnly = step.low >= 39
  if (isTableOnly && bit(entry, 7)) return true
  return maps && step.low > 12 && bits(entry, step.low - 1, 13) !== 0n
}

/** Vol. 3A, 5.6.1. */
function isAllowed(r: ModelRegisters, access: ModelAccess, entries: readonly bigint[]): boolean {
  const userPage = entries.every((entry) => bit(entry, 2))
  const writable = entries.every((entry) => bit(entry, 1))
  const noExecute = r.mode !== '32-bit' && r.nxe && entries.some((entry) => bit(entry, 63))
  if (access.user) {
    if (!userPage) return false
    if (access.kind === 'fetch') return !noExecute
    return access.kind === 'read' || writable
  }
  if (access.kind === 'fetch') return !noExecute && !(userPage && r.smep)
  if (userPage && r.smap && !access.ac) return false
  return access.kind === 'read' || writable || !r.wp
}

/** Vol. 3A, 5.7. */
function fault(r: ModelRegisters, access: ModelAccess, present: boolean, reserved: boolean): ModelResult {
  const tellsFetches = r.smep || (r.mode !== '32-bit' && r.nxe)
  const errorCode =
    (present ? 1 : 0) +
    (access.kind === 'write' ? 2 : 0) +
    (access.user ? 4 : 0) +
    (reserved ? 8 : 0) +
    (access.kind === 'fetch' && tellsFetches ? 16 : 0)
  return { kind: 'fault', errorCode }
}

/** The translation of a linear address. */
export function modelWalk(r: ModelRegisters, read: ModelMemory, linear: bigint, access: ModelAccess): ModelResult {
  const entries: bigint[] = []
  const places: { address: bigint; sizeBytes: 4 | 8 }[] = []
  let table = r.mode === '32-bit' ? bits(r.cr3, 31, 12) << 12n : bits(r.cr3, 51, 12) << 12n
  if (r.mode === 'pae') {
    const pdpte = r.pdptes[Number(bits(linear, 31, 30))] as bigint
    if (!bit(pdpte, 0)) return fault(r, access, false, false)
    table = bits(pdpte, 51, 12) << 12n
  }
  for (const step of stepsOf(r)) {
    const address = table + bits(linear, step.high, step.low) * BigInt(step.entryBytes)
    const entry = read(address, step.entryBytes)
    if (!bit(entry, 0)) return fault(r, access, false, false)
    const maps = step.low === 12 || (step.mayMap && bit(entry, 7))
    if (hasReserved(r, entry, step, maps)) return fault(r, access, true, true)
    entries.push(entry)
    places.push({ address, sizeBytes: step.entryBytes })
    if (!maps) {
      table = step.entryBytes === 4 ? bits(entry, 31, 12) << 12n : bits(entry, 51, 12) << 12n
      continue
    }
    if (!isAllowed(r, access, entries)) return fault(r, access, true, false)
    const used = places.map((place, n) => ({ ...place, after: marked(entries, n, access) }))
    const pageBytes = 1n << BigInt(step.low)
    return { kind: 'page', address: frameOf(entry, step) + (linear & (pageBytes - 1n)), pageBytes, used }
  }
  throw new Error('the last level maps')
}

function frameOf(entry: bigint, step: Step): bigint {
  if (step.entryBytes === 8) return bits(entry, 51, step.low) << BigInt(step.low)
  if (step.low === 12) return bits(entry, 31, 12) << 12n
  return (bits(entry, 20, 13) << 32n) | (bits(entry, 31, 22) << 22n)
}

/** Vol. 3A, 5.8: accessed in every entry, dirty in the last one of a write. */
function marked(entries: readonly bigint[], n: number, access: ModelAccess): bigint {
  const isLast = n === entries.length - 1
  return (entries[n] as bigint) | 0x20n | (isLast && access.kind === 'write' ? 0x40n : 0n)
}
