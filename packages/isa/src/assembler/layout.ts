/** From items to bytes: addresses of labels, lengths of branches. Lengths only grow, so that the iteration ends. */
import { type EncodeError, encode, isEncodeError, knownMnemonics, type OperandValue } from '../encoder/index.ts'
import type { FarValue } from '../encoder/operands.ts'
import { AssemblerError, type AssemblerErrorCode, nearest } from './errors.ts'
import type { AssemblerOperand, FarPointer, LabelRef } from './values.ts'

export type Bits = 16 | 32 | 64
export type PrefixName = 'lock' | 'rep' | 'repe' | 'repne' | 'notrack'

interface Common {
  readonly line: number
  readonly bits: Bits
}

export interface InstructionItem extends Common {
  readonly kind: 'instruction'
  readonly mnemonic: string
  readonly form?: string
  readonly operands: readonly AssemblerOperand[]
  readonly prefixes: readonly PrefixName[]
  /** Least displacement bytes of a branch: 1, or what `near` asked for. */
  branchBytes: 1 | 2 | 4
  /** Most displacement bytes of a branch: 4, or 1 for `short`. */
  readonly branchLimit: 1 | 4
  readonly text: string
}

export interface DataItem extends Common {
  readonly kind: 'data'
  readonly unitBytes: 1 | 2 | 4 | 8
  readonly values: readonly (bigint | LabelRef)[]
}

export interface AlignItem extends Common {
  readonly kind: 'align'
  readonly boundary: number
  /** Bytes to fill with; null: NOPs. */
  readonly fill: number | null
}

export interface LabelItem extends Common {
  readonly kind: 'labelHere'
  readonly name: string
}

export interface OrgItem extends Common {
  readonly kind: 'org'
  readonly address: bigint
}

/** Data repeated as often as the layout decides: up to the end of a sector. */
export interface RepeatItem extends Common {
  readonly kind: 'repeat'
  readonly count: LabelRef
  readonly unitBytes: 1 | 2 | 4 | 8
  readonly values: readonly bigint[]
}

export interface SectionItem extends Common {
  readonly kind: 'sectionHere'
}

export type Item = SectionItem | InstructionItem | DataItem | AlignItem | LabelItem | OrgItem | RepeatItem

/** One line of the listing. */
export interface ListingLine {
  readonly line: number
  /** Code size in force there. */
  readonly bits: Bits
  readonly address: bigint
  readonly bytes: Uint8Array
  readonly text: string
}

export interface Assembled {
  readonly origin: bigint
  readonly bytes: Uint8Array
  /** Addresses by label. */
  readonly labels: ReadonlyMap<string, bigint>
  readonly listing: readonly ListingLine[]
}

/** Multi-byte NOPs of 1 to 9 bytes (SDM vol. 2B, NOP, table 4-12); 16-bit code takes single bytes. */
const NOPS: readonly (readonly number[])[] = [
  [0x90],
  [0x66, 0x90],
  [0x0f, 0x1f, 0x00],
  [0x0f, 0x1f, 0x40, 0x00],
  [0x0f, 0x1f, 0x44, 0x00, 0x00],
  [0x66, 0x0f, 0x1f, 0x44, 0x00, 0x00],
  [0x0f, 0x1f, 0x80, 0x00, 0x00, 0x00, 0x00],
  [0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00],
  [0x66, 0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00],
]

function padding(length: number, item: AlignItem): Uint8Array {
  if (item.fill !== null || item.bits === 16) return new Uint8Array(length).fill(item.fill ?? 0x90)
  const bytes: number[] = []
  while (bytes.length < length) bytes.push(...(NOPS[Math.min(length - bytes.length, 9) - 1] ?? []))
  return Uint8Array.from(bytes)
}

const CODES: Readonly<Partial<Record<EncodeError['code'], AssemblerErrorCode>>> = {
  unknownMnemonic: 'UNKNOWN_MNEMONIC',
  unknownForm: 'UNKNOWN_MNEMONIC',
  ambiguousSize: 'AMBIGUOUS_SIZE',
  mode: 'MODE',
  range: 'RANGE',
  displacement: 'RANGE',
  prefix: 'PREFIX',
}

function asError(item: InstructionItem, error: EncodeError): AssemblerError {
  const accepted = error.code === 'unknownMnemonic' ? nearest(item.mnemonic, knownMnemonics()) : error.accepted
  return new AssemblerError(CODES[error.code] ?? 'OPERANDS', error.message, {
    line: item.line,
    operand: error.operand,
    accepted,
  })
}

/** Labels that may have been meant; where none is near, the first few. */
function nearestOrAll(name: string, labels: readonly string[]): readonly string[] {
  const near = nearest(name, labels)
  return near.length > 0
    ? near
    : [...labels.slice(0, 5), 'a label of this program'].slice(0, Math.max(1, labels.length))
}

/** Whether an operand moves with the layout. */
const namesLabel = (o: AssemblerOperand): boolean => {
  if (typeof o !== 'object') return false
  if (o.kind === 'far') return typeof o.offset === 'object'
  return o.kind === 'label' || (o.kind === 'memory' && o.label !== undefined)
}

/** Lays items out and encodes them until nothing moves any more. */
export class Layout {
  readonly #items: readonly Item[]
  readonly #origin: bigint
  readonly #names: ReadonlySet<string>
  readonly #labels = new Map<string, bigint>()
  #addresses: bigint[] = []
  #chunks: Uint8Array[] = []
  #passes = 0
  /** Where the section of the item at hand begins. */
  #sectionStart = 0n
  /** Labels that this pass has come by; the others still have their addresses of the pass before. */
  readonly #placed = new Set<string>()
  /** By how much the item at hand has moved since the last pass: labels ahead will move with it. */
  #shift = 0n
  /** What could not be encoded with the addresses of this pass: an error if nothing moves any more. */
  #problem: AssemblerError | null = null

  constructor(items: readonly Item[], origin: bigint) {
    this.#items = items
    this.#origin = origin
    const seen = new Set<string>()
    for (const item of items) {
      if (item.kind !== 'labelHere') continue
      if (seen.has(item.name))
        throw new AssemblerError('DUPLICATE_LABEL', `label '${item.name}' is defined twice`, { line: item.line })
      seen.add(item.name)
    }
    // Until the first pass has come by a label it stands where it is named from.
    this.#names = seen
  }

  run(): Assembled {
    for (let round = 0; round < 100; round++) {
      if (this.#pass()) continue
      if (this.#problem !== null) throw this.#problem
      return this.#result()
    }
    throw new AssemblerError('UNSTABLE', 'the layout does not settle: an alignment and a branch push each other')
  }

  /** Encodes everything at the addresses of the last pass. @returns true where a label has moved. */
  #pass(): boolean {
    let address = this.#origin
    let moved = this.#passes++ === 0
    this.#problem = null
    this.#placed.clear()
    const addresses: bigint[] = []
    const chunks: Uint8Array[] = []
    for (const [n, item] of this.#items.entries()) {
      addresses.push(address)
      this.#shift = address - (this.#addresses[n] ?? address)
      if (item.kind === 'labelHere') {
        if (this.#labels.get(item.name) !== address) moved = true
        this.#labels.set(item.name, address)
        this.#placed.add(item.name)
      }
      if (item.kind === 'sectionHere') this.#sectionStart = address
      const chunk = this.#chunk(item, address, n)
      chunks.push(chunk)
      address += BigInt(chunk.length)
    }
    this.#addresses = addresses
    this.#chunks = chunks
    return moved
  }

  #chunk(item: Item, address: bigint, index: number): Uint8Array {
    switch (item.kind) {
      case 'instruction':
        return this.#instruction(item, address, index)
      case 'data':
        return this.#data(item, address)
      case 'align': {
        const over = Number(address % BigInt(item.boundary))
        return padding(over === 0 ? 0 : item.boundary - over, item)
      }
      case 'org': {
        const gap = item.address - address
        if (gap < 0n || gap > 1n << 30n)
          throw new AssemblerError('RANGE', `org 0x${item.address.toString(16)} is behind 0x${address.toString(16)}`, {
            line: item.line,
          })
        return new Uint8Array(Number(gap))
      }
      case 'repeat':
        return this.#repeated(item, address)
      default:
        return new Uint8Array(0)
    }
  }

  #repeated(item: RepeatItem, address: bigint): Uint8Array {
    const count = this.#resolve(item.count, item.line, address)
    const once = this.#data({ ...item, kind: 'data' }, address)
    if (count < 0n || count * BigInt(once.length) > 1n << 30n) {
      this.#problem ??= new AssemblerError('RANGE', `times ${count}: out of range`, {
        line: item.line,
        accepted: ['0 and more'],
      })
      return new Uint8Array(0)
    }
    const bytes = new Uint8Array(Number(count) * once.length)
    for (let at = 0; at < bytes.length; at += once.length) bytes.set(once, at)
    return bytes
  }

  /** `$` is the address of the statement that names it, `$$` that of its section. */
  #addressOf(name: string, line: number, here: bigint): bigint {
    const at = this.#labels.get(name)
    if (at !== undefined) return this.#placed.has(name) ? at : at + this.#shift
    if (name === '$$') return this.#sectionStart
    if (name !== '$' && !this.#names.has(name))
      throw new AssemblerError('UNDEFINED_LABEL', `label '${name}' is not defined`, {
        line,
        accepted: nearestOrAll(name, [...this.#names]),
      })
    return here
  }

  #resolve(ref: LabelRef, line: number, here: bigint): bigint {
    const from = ref.minus === undefined ? 0n : this.#addressOf(ref.minus, line, here)
    return this.#addressOf(ref.name, line, here) - from + ref.addend
  }

  #operand(o: AssemblerOperand, item: InstructionItem, here: bigint): OperandValue {
    if (typeof o === 'number' || typeof o === 'bigint') return { kind: 'immediate', value: BigInt(o) }
    if (o.kind === 'label') return { kind: 'immediate', value: this.#resolve(o, item.line, here), wide: true }
    if (o.kind === 'far') return this.#far(o, item, here)
    if (o.kind !== 'memory' || o.label === undefined) return o
    const displacement = this.#resolve(o.label, item.line, here)
    // In 64-bit code a bare label is reached from RIP: 32-bit absolute addresses would not be position-independent.
    const ripTarget = item.bits === 64 && o.base === 0 && o.index === 0 && o.label.minus === undefined
    return { ...o, displacement, ...(ripTarget ? { ripTarget } : {}) }
  }

  #far({ offset, ...pointer }: FarPointer, item: InstructionItem, here: bigint): FarValue {
    if (typeof offset === 'number') return { ...pointer, offset }
    return { ...pointer, offset: Number(this.#resolve(offset, item.line, here)) }
  }

  #instruction(item: InstructionItem, address: bigint, index: number): Uint8Array {
    const operands = item.operands.map((o) => this.#operand(o, item, address))
    const named = item.operands.some(namesLabel)
    const bytes = this.#encode(item, operands, address)
    if (!isEncodeError(bytes)) return bytes
    // An address that is still to move may fit in a later pass.
    if (!named) throw asError(item, bytes)
    this.#problem ??= asError(item, bytes)
    return this.#chunks[index] ?? new Uint8Array(0)
  }

  #encode(item: InstructionItem, operands: readonly OperandValue[], address: bigint): Uint8Array | EncodeError {
    const { bits, branchBytes, branchLimit, mnemonic, prefixes } = item
    const request = { mnemonic, operands, prefixes, ...(item.form === undefined ? {} : { form: item.form }) }
    const branch = operands.length === 1 && operands[0]?.kind === 'immediate'
    const bytes = encode(request, { bits, address, ...(branch ? { branchBytes, branchLimit } : {}) })
    if (isEncodeError(bytes)) {
      // Where an operand has 8 bits only, a label must do with them.
      const narrow = operands.map((o) => (o.kind === 'immediate' && o.wide ? { ...o, wide: false } : o))
      const isNarrower = narrow.some((o, n) => o !== operands[n])
      return isNarrower ? encode({ ...request, operands: narrow }, { bits, address, branchLimit }) : bytes
    }
    // What was once long stays long: a branch never shrinks.
    if (branch && bytes.length > 3 && item.branchBytes === 1) item.branchBytes = bits === 16 ? 2 : 4
    return bytes
  }

  #data(item: DataItem, here: bigint): Uint8Array {
    const bytes = new Uint8Array(item.values.length * item.unitBytes)
    const view = new DataView(bytes.buffer)
    for (const [n, v] of item.values.entries()) {
      const value = typeof v === 'bigint' ? v : this.#resolve(v, item.line, here)
      const bits = item.unitBytes * 8
      if (value >= 1n << BigInt(bits) || value < -(1n << BigInt(bits - 1)))
        throw new AssemblerError('RANGE', `0x${value.toString(16)} does not fit in ${bits} bits`, { line: item.line })
      const unsigned = BigInt.asUintN(bits, value)
      for (let b = 0; b < item.unitBytes; b++)
        view.setUint8(n * item.unitBytes + b, Number((unsigned >> BigInt(8 * b)) & 255n))
    }
    return bytes
  }

  #result(): Assembled {
    const length = this.#chunks.reduce((sum, c) => sum + c.length, 0)
    const bytes = new Uint8Array(length)
    let offset = 0
    for (const chunk of this.#chunks) {
      bytes.set(chunk, offset)
      offset += chunk.length
    }
    const shown = this.#items.map((item, n) => [item, n] as const).filter(([item]) => item.kind !== 'sectionHere')
    const listing = shown.map(([item, n]) => ({
      line: item.line,
      bits: item.bits,
      address: this.#addresses[n] ?? 0n,
      bytes: this.#chunks[n] ?? new Uint8Array(0),
      text: item.kind === 'instruction' ? item.text : item.kind === 'labelHere' ? `${item.name}:` : item.kind,
    }))
    return { origin: this.#origin, bytes, labels: this.#labels, listing }
  }
}
