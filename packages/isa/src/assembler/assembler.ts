/** A typed assembler: one method for every mnemonic, labels, data, alignment, code of any size in one image. */

import { type Alias, knownMnemonics, type PseudoMnemonic } from '../encoder/index.ts'
import { checkedBits } from '../errors.ts'
import type { Mnemonic } from '../generated/encode.ts'
import { type Assembled, type Bits, type Item, Layout, type PrefixName } from './layout.ts'
import { utf8 } from './utf8.ts'
import { type AssemblerOperand, type LabelRef, label as labelRef } from './values.ts'

export interface AssemblerOptions {
  /** Code size to begin with; default 64. */
  readonly bits?: Bits
  /** Address of the first byte; default 0. */
  readonly origin?: bigint
}

class AssemblerBase {
  /** Items by section, in the order in which they come in the image. */
  readonly #sections = new Map<string, Item[]>()
  #items: Item[] | null = null
  readonly #origin: bigint
  #bits: Bits
  #prefixes: PrefixName[] = []
  #form: string | undefined
  #line = 0

  constructor(options: AssemblerOptions = {}) {
    if (!hasMethods) defineMethods()
    this.#bits = checkedBits(options.bits ?? 64)
    this.#origin = options.origin ?? 0n
  }

  #place(item: Item): void {
    if (this.#items === null) this.section('.text')
    this.#items?.push(item)
  }

  /**
   * What follows belongs to this section, which goes on where it was left. Sections stand one behind the other in the image, in the
   * order of their first use, each at a multiple of `alignment`; without any, all is `.text`.
   */
  section(name: string, alignment = 16): this {
    let items = this.#sections.get(name)
    if (items === undefined) {
      const common = { line: this.#line + 1, bits: this.#bits }
      const start: Item = { kind: 'sectionHere', ...common }
      const align: Item = { kind: 'align', boundary: alignment, fill: 0, ...common }
      // The first stands at the origin, whatever that is.
      items = this.#sections.size === 0 ? [start] : [align, start]
      this.#sections.set(name, items)
    }
    this.#items = items
    return this
  }

  /** Code size of what follows: mode switches of a boot loader stand in one image. */
  bits(bits: Bits): this {
    this.#bits = checkedBits(bits)
    return this
  }

  /** Line of a text that the next items come from; without it items are counted. */
  at(line: number): this {
    this.#line = line - 1
    return this
  }

  /** Defines a label here, and gives a reference to it. */
  label(name: string): LabelRef {
    this.#place({ kind: 'labelHere', name, line: this.#line + 1, bits: this.#bits })
    return labelRef(name)
  }

  /** LOCK, REP, REPE, REPNE or NOTRACK for the next instruction. */
  prefix(...prefixes: PrefixName[]): this {
    this.#prefixes.push(...prefixes)
    return this
  }

  /** The next instruction takes just this form (`add_rm32_r32`). */
  form(name: string): this {
    this.#form = name
    return this
  }

  /** An instruction by name; `reach` gives a branch its long form, or insists on the short one. */
  emit(
    mnemonic: string,
    operands: readonly AssemblerOperand[],
    options: { readonly reach?: 'near' | 'short' | undefined; readonly text?: string } = {},
  ): this {
    this.#line++
    this.#place({
      kind: 'instruction',
      mnemonic,
      operands,
      prefixes: this.#prefixes,
      line: this.#line,
      bits: this.#bits,
      branchBytes: options.reach === 'near' ? (this.#bits === 16 ? 2 : 4) : 1,
      branchLimit: options.reach === 'short' ? 1 : 4,
      text: options.text ?? mnemonic,
      ...(this.#form === undefined ? {} : { form: this.#form }),
    })
    this.#prefixes = []
    this.#form = undefined
    return this
  }

  #data(unitBytes: 1 | 2 | 4 | 8, values: readonly (number | bigint | string | LabelRef | Uint8Array)[]): this {
    this.#line++
    const flat = values.flatMap((v): (bigint | LabelRef)[] => {
      if (typeof v === 'string') return utf8(v).map(BigInt)
      if (v instanceof Uint8Array) return Array.from(v, BigInt)
      return [typeof v === 'object' ? v : BigInt(v)]
    })
    this.#place({ kind: 'data', unitBytes, values: flat, line: this.#line, bits: this.#bits })
    return this
  }

  /** Bytes; strings in UTF-8. */
  db(...values: (number | bigint | string | Uint8Array | LabelRef)[]): this {
    return this.#data(1, values)
  }

  /** 16-bit words. */
  dw(...values: (number | bigint | LabelRef)[]): this {
    return this.#data(2, values)
  }

  /** 32-bit words. */
  dd(...values: (number | bigint | LabelRef)[]): this {
    return this.#data(4, values)
  }

  /** 64-bit words. */
  dq(...values: (number | bigint | LabelRef)[]): this {
    return this.#data(8, values)
  }

  /** Numbers of `unitBytes` bytes, as often as the distance of two labels says. */
  repeat(count: LabelRef, unitBytes: 1 | 2 | 4 | 8, values: readonly bigint[]): this {
    this.#line++
    this.#place({ kind: 'repeat', count, unitBytes, values, line: this.#line, bits: this.#bits })
    return this
  }

  /** `count` bytes of one value. */
  fill(count: number, value = 0): this {
    return this.#data(1, [new Uint8Array(count).fill(value)])
  }

  /** Up to a multiple of `boundary`: with multi-byte NOPs, or with `fill`. */
  align(boundary: number, fill: number | null = null): this {
    this.#line++
    this.#place({ kind: 'align', boundary, fill, line: this.#line, bits: this.#bits })
    return this
  }

  /** Zeros up to an address ahead. */
  org(address: number | bigint): this {
    this.#line++
    this.#place({ kind: 'org', address: BigInt(address), line: this.#line, bits: this.#bits })
    return this
  }

  /**
   * Lays everything out and encodes it: branches as short as they reach.
   * @throws AssemblerError naming line (or call), operand and what would be accepted.
   */
  finish(): Assembled {
    return new Layout([...this.#sections.values()].flat(), this.#origin).run()
  }
}

/** A method for every mnemonic, alias and pseudo-mnemonic; `in`, `int` and the like are legal names of methods. */
type Methods = { [M in Mnemonic | Alias | PseudoMnemonic]: (...operands: AssemblerOperand[]) => Assembler }

export type Assembler = AssemblerBase & Methods

let hasMethods = false

/** Defines a method for every mnemonic, with the first assembler that is made: an import alone pays nothing for them. */
function defineMethods(): void {
  hasMethods = true
  // A plain object that becomes the prototype at once: defining a thousand methods on a class one by one takes 30 ms.
  const methods: Record<string, unknown> = {}
  for (const mnemonic of knownMnemonics()) {
    methods[mnemonic] = function (this: AssemblerBase, ...operands: AssemblerOperand[]) {
      return this.emit(mnemonic, operands)
    }
  }
  Object.setPrototypeOf(AssemblerBase.prototype, methods)
}

/** Assembles instructions that a program names: `new Assembler({ bits: 32 }).mov(eax, 1).finish()`. */
export const Assembler = AssemblerBase as unknown as new (options?: AssemblerOptions) => Assembler
