/** Operands and expressions of Intel syntax, as NASM and GNU write it. */
import { AssemblerError } from './errors.ts'
import type { Token } from './lexer.ts'
import { type AssemblerOperand, far, type LabelRef, type Mem, type Reg, registerNamed } from './values.ts'

/** A sum: a number, at most one label, at most one that is subtracted, and registers with factors. */
interface Sum {
  value: bigint
  label: string | null
  minus: string | null
  registers: { reg: Reg; factor: bigint }[]
}

const SIZES: ReadonlyMap<string, number> = /* @__PURE__ */ new Map(
  Object.entries({
    byte: 1,
    word: 2,
    dword: 4,
    fword: 6,
    qword: 8,
    tbyte: 10,
    tword: 10,
    oword: 16,
    xmmword: 16,
    dqword: 16,
    yword: 32,
    ymmword: 32,
    zmmword: 64,
  }),
)
const numberSum = (value: bigint): Sum => ({ value, label: null, minus: null, registers: [] })

const negated = ({ value, label, minus, registers }: Sum): Sum => ({
  value: -value,
  label: minus,
  minus: label,
  registers: registers.map(({ reg, factor }) => ({ reg, factor: -factor })),
})

const SEGMENTS = ['es', 'cs', 'ss', 'ds', 'fs', 'gs']

/** Reads the tokens of one statement. */
export class OperandParser {
  readonly #tokens: readonly Token[]
  readonly #line: number
  readonly #constants: ReadonlyMap<string, bigint | LabelRef>
  #at = 0
  /** What stood before the operand of a branch. */
  reach: 'near' | 'short' | undefined = undefined

  constructor(tokens: readonly Token[], line: number, constants: ReadonlyMap<string, bigint | LabelRef>) {
    this.#tokens = tokens
    this.#line = line
    this.#constants = constants
  }

  get done(): boolean {
    return this.#at >= this.#tokens.length
  }

  #peek(offset = 0): Token | undefined {
    return this.#tokens[this.#at + offset]
  }

  #isSign(text: string): boolean {
    const t = this.#peek()
    return t?.kind === 'sign' && t.text === text
  }

  #take(text: string): boolean {
    if (!this.#isSign(text)) return false
    this.#at++
    return true
  }

  fail(message: string, accepted: readonly string[] = []): never {
    throw new AssemblerError('SYNTAX', message, { line: this.#line, accepted })
  }

  expect(text: string): void {
    if (!this.#take(text))
      this.fail(`'${text}' expected${this.done ? ' at the end of the line' : ` before '${this.#peek()?.text}'`}`, [
        text,
      ])
  }

  /** Operands up to the end of the statement, separated by commas. */
  operands(): AssemblerOperand[] {
    const found: AssemblerOperand[] = []
    if (this.done) return found
    do found.push(this.#operand())
    while (this.#take(','))
    if (!this.done) this.fail(`unexpected '${this.#peek()?.text}'`, [','])
    return found
  }

  /** An expression without registers and labels. */
  constant(): bigint {
    const value = this.value()
    if (typeof value !== 'bigint') this.fail('a number is expected here', ['number', 'constant of equ'])
    return value
  }

  /** An expression without registers. */
  value(): bigint | LabelRef {
    const sum = this.#sum()
    if (sum.registers.length > 0) this.fail('a number or label is expected here', ['number', 'label'])
    return this.#reference(sum) ?? sum.value
  }

  /** The labels of a sum; null where it has none. */
  #reference({ label, minus, value }: Sum): LabelRef | null {
    if (label !== null) return { kind: 'label', name: label, addend: value, ...(minus === null ? {} : { minus }) }
    if (minus !== null) this.fail('a label can be subtracted from a label only', ['label - label'])
    return null
  }

  /** A value of data: number, label, or string. */
  dataValue(): bigint | LabelRef | string {
    const t = this.#peek()
    if (t?.kind === 'string' && (this.#peek(1) === undefined || this.#peek(1)?.text === ',')) {
      this.#at++
      return t.text
    }
    return this.value()
  }

  comma(): boolean {
    return this.#take(',')
  }

  /** `dword ptr`, `short`, `near`, `far`. */
  #keywords(): { bytes: number; isFar: boolean } {
    let bytes = 0
    let isFar = false
    for (;;) {
      const t = this.#peek()
      const word = t?.kind === 'word' ? t.text.toLowerCase() : ''
      const size = SIZES.get(word)
      if (size !== undefined) bytes = size
      else if (word === 'near' || word === 'short') this.reach = word
      else if (word === 'far') isFar = true
      else if (word !== 'ptr' && word !== 'offset') return { bytes, isFar }
      this.#at++
    }
  }

  #operand(): AssemblerOperand {
    const { bytes, isFar } = this.#keywords()
    const segment = this.#segment()
    if (this.#isSign('[')) return this.#memory(bytes, segment, isFar)
    if (segment >= 0) return this.#absolute(bytes, segment)
    const first = this.#sum()
    if (this.#take(':')) return this.#far(first, bytes)
    const reference = this.#reference(first)
    if (first.registers.length === 1 && reference === null && first.value === 0n && first.registers[0]?.factor === 1n)
      return first.registers[0].reg
    if (first.registers.length > 0) this.fail('registers can be added in brackets only', ['[sum]'])
    if (reference !== null) return reference
    // Of `byte 5` only PUSH takes notice: elsewhere the destination tells the size, and the shortest encoding is taken.
    return bytes > 0 ? { kind: 'immediate', value: first.value, bytes } : first.value
  }

  /** `selector:offset`; `dword` or `word` before it tells how wide the offset is. */
  #far(selector: Sum, bytes: number): AssemblerOperand {
    if (selector.registers.length > 0 || this.#reference(selector) !== null)
      this.fail('a selector is a number', ['number:offset'])
    const offset = this.value()
    if (bytes !== 0 && bytes !== 2 && bytes !== 4)
      this.fail('the offset of a far pointer has 16 or 32 bits', ['word', 'dword'])
    const pointer = far(Number(selector.value), typeof offset === 'bigint' ? Number(offset) : offset)
    return bytes === 0 ? pointer : { ...pointer, offsetBytes: bytes }
  }

  /** `fs:` before an address; -1 none. */
  #segment(): number {
    const t = this.#peek()
    const next = this.#peek(1)
    const number = t?.kind === 'word' ? SEGMENTS.indexOf(t.text.toLowerCase()) : -1
    if (number < 0 || next?.text !== ':') return -1
    this.#at += 2
    return number
  }

  #absolute(bytes: number, segment: number): Mem {
    return this.#build(bytes, segment, this.#sum(), false)
  }

  #memory(bytes: number, outer: number, isFar: boolean): Mem {
    this.expect('[')
    const inner = this.#segment()
    if (this.#peek()?.text.toLowerCase() === 'rel' || this.#peek()?.text.toLowerCase() === 'abs') this.#at++
    const sum = this.#sum()
    this.expect(']')
    return this.#build(bytes, inner >= 0 ? inner : outer, sum, isFar)
  }

  /** Base, index and scale from a sum of registers with factors. */
  #build(bytes: number, segment: number, sum: Sum, isFar: boolean): Mem {
    let base = 0
    let index = 0
    let scale = 1n
    for (const { reg, factor } of sum.registers) {
      const vector = reg.register >> 5 === 10 || reg.register >> 5 === 11
      if (factor === 1n && base === 0 && !vector) base = reg.register
      else if (index === 0 && [1n, 2n, 4n, 8n].includes(factor)) [index, scale] = [reg.register, factor]
      else if ([3n, 5n, 9n].includes(factor) && base === 0 && index === 0)
        [base, index, scale] = [reg.register, reg.register, factor - 1n]
      else this.fail('this address cannot be encoded', ['base + index*1|2|4|8 + displacement'])
    }
    const isRip = base >> 5 === 16
    const label = this.#reference(sum)
    const mem: Mem = {
      kind: 'memory',
      bytes,
      segment,
      base,
      index,
      scale: Number(scale) as 1 | 2 | 4 | 8,
      displacement: sum.value,
      ...(isFar ? { far: true } : {}),
      ...(label === null ? {} : { label }),
    }
    // `[rip+label]` names the label's address, as GNU has it; `[rip+8]` is a distance.
    return isRip && label !== null && label.minus === undefined ? { ...mem, base: 0 } : mem
  }

  #sum(): Sum {
    const sum = this.#product()
    for (;;) {
      const negative = this.#isSign('-')
      if (!negative && !this.#isSign('+')) return sum
      this.#at++
      const next = negative ? negated(this.#product()) : this.#product()
      sum.value += next.value
      if ((next.label !== null && sum.label !== null) || (next.minus !== null && sum.minus !== null))
        this.fail('two labels cannot be added', ['label - label'])
      sum.label ??= next.label
      sum.minus ??= next.minus
      sum.registers.push(...next.registers)
    }
  }

  #product(): Sum {
    let left = this.#unary()
    for (;;) {
      const t = this.#peek()
      if (t?.kind !== 'sign' || !['*', '/', '%', '<<', '>>', '&', '|', '^'].includes(t.text)) return left
      this.#at++
      left = this.#combine(t.text, left, this.#unary())
    }
  }

  #combine(sign: string, a: Sum, b: Sum): Sum {
    if ([a, b].some((s) => s.label !== null || s.minus !== null)) this.fail(`labels cannot stand beside '${sign}'`)
    if (sign === '*' && (a.registers.length > 0 || b.registers.length > 0)) {
      const [registers, factor] = a.registers.length > 0 ? [a, b] : [b, a]
      if (factor.registers.length > 0) this.fail('registers cannot be multiplied')
      return {
        value: registers.value * factor.value,
        label: null,
        minus: null,
        registers: registers.registers.map((r) => ({ reg: r.reg, factor: r.factor * factor.value })),
      }
    }
    if (a.registers.length > 0 || b.registers.length > 0) this.fail(`registers cannot stand beside '${sign}'`)
    return numberSum(this.#calculate(sign, a.value, b.value))
  }

  #calculate(sign: string, a: bigint, b: bigint): bigint {
    switch (sign) {
      case '*':
        return a * b
      case '&':
        return a & b
      case '|':
        return a | b
      case '^':
        return a ^ b
      case '<<':
      case '>>':
        if (b < 0n || b > 64n) this.fail('a shift of 0 to 64 is expected')
        return sign === '<<' ? a << b : a >> b
      default:
        if (b === 0n) this.fail('division by zero')
        return sign === '/' ? a / b : a % b
    }
  }

  #unary(): Sum {
    if (this.#take('-')) return negated(this.#unary())
    if (this.#take('+')) return this.#unary()
    if (this.#take('~')) return this.#complement()
    if (this.#take('(')) {
      const s = this.#sum()
      this.expect(')')
      return s
    }
    return this.#atom()
  }

  #complement(): Sum {
    const { value, label, minus, registers } = this.#unary()
    if (label !== null || minus !== null || registers.length > 0) this.fail("'~' takes a number", ['number'])
    return numberSum(~value)
  }

  #atom(): Sum {
    const t = this.#peek()
    if (t === undefined) this.fail('an operand is missing', ['register', '[address]', 'number', 'label'])
    this.#at++
    if (t.kind === 'number' || t.kind === 'string') return numberSum(t.value)
    if (t.kind === 'sign') this.fail(`unexpected '${t.text}'`)
    const register = this.#register(t.text)
    if (register !== null) return { ...numberSum(0n), registers: [{ reg: register, factor: 1n }] }
    const constant = this.#constants.get(t.text)
    if (typeof constant === 'bigint') return numberSum(constant)
    if (constant === undefined) return { ...numberSum(0n), label: t.text }
    return { value: constant.addend, label: constant.name, minus: constant.minus ?? null, registers: [] }
  }

  /** Register names, with `st(3)` over several tokens. */
  #register(name: string): Reg | null {
    const top = /^st([0-7])$/i.exec(name)
    if (top) return registerNamed(`st(${top[1]})`)
    if (name.toLowerCase() === 'st' && this.#isSign('(')) {
      this.#at++
      const n = this.#peek()?.value ?? 0n
      this.#at++
      this.expect(')')
      return registerNamed(`st(${n})`)
    }
    return registerNamed(name)
  }
}
