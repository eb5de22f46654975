/** The text assembler: Intel syntax to bytes. */
import { formsOf, knownMnemonics } from '../encoder/index.ts'
import { Assembler, type AssemblerOptions } from './assembler.ts'
import { AssemblerError, nearest } from './errors.ts'
import type { Assembled, Bits, PrefixName } from './layout.ts'
import { type Token, tokens } from './lexer.ts'
import { OperandParser } from './parser.ts'
import type { LabelRef } from './values.ts'

const PREFIXES: ReadonlyMap<string, PrefixName> = /* @__PURE__ */ new Map<string, PrefixName>(
  Object.entries({
    lock: 'lock',
    rep: 'rep',
    repe: 'repe',
    repz: 'repe',
    repne: 'repne',
    repnz: 'repne',
    notrack: 'notrack',
  } as const),
)
const UNIT_BYTES: ReadonlyMap<string, 1 | 2 | 4 | 8> = /* @__PURE__ */ new Map([
  ['db', 1],
  ['dw', 2],
  ['dd', 4],
  ['dq', 8],
])
const DATA: ReadonlySet<string> = /* @__PURE__ */ new Set(/* @__PURE__ */ UNIT_BYTES.keys())
/** WAIT and the instruction behind it under one name (SDM vol. 2A, FSAVE/FNSAVE). */
const WAITING: ReadonlyMap<string, string> = /* @__PURE__ */ new Map(
  Object.entries({
    fstsw: 'fnstsw',
    fstcw: 'fnstcw',
    fstenv: 'fnstenv',
    fsave: 'fnsave',
    finit: 'fninit',
    fclex: 'fnclex',
  }),
)

class TextAssembler {
  readonly assembler: Assembler
  readonly #constants = new Map<string, bigint | LabelRef>()
  #scope = ''

  constructor(options: AssemblerOptions) {
    this.assembler = new Assembler(options)
  }

  /** `.loop` belongs to the last label without a dot. */
  #full(name: string): string {
    return name.startsWith('.') ? this.#scope + name : name
  }

  #fullReference(ref: LabelRef): LabelRef {
    const minus = ref.minus === undefined ? {} : { minus: this.#full(ref.minus) }
    return { ...ref, name: this.#full(ref.name), ...minus }
  }

  /** `length equ $ - text`: the constant keeps the place where it was defined. */
  #equ(name: string, value: bigint | LabelRef, number: number): void {
    if (typeof value === 'object' && (value.name === '$' || value.minus === '$')) {
      const here = `$${name}`
      this.assembler.at(number).label(here)
      const fixed = (each: string) => (each === '$' ? here : each)
      const minus = value.minus === undefined ? {} : { minus: fixed(value.minus) }
      this.#equ(name, { ...value, name: fixed(value.name), ...minus }, number)
      return
    }
    this.#constants.set(name, typeof value === 'object' ? this.#fullReference(value) : value)
  }

  line(text: string, number: number): void {
    let rest = tokens(text, number)
    while (rest.length > 1 && rest[0]?.kind === 'word' && rest[1]?.text === ':') {
      this.#define(rest[0].text, number)
      rest = rest.slice(2)
    }
    if (rest.length > 0) this.#statement(rest, number, text.replace(/^\s*[\w.$@?]+:/, '').trim())
  }

  #define(name: string, number: number): void {
    if (!name.startsWith('.')) this.#scope = name
    this.assembler.at(number).label(this.#full(name))
  }

  #statement(all: readonly Token[], number: number, text: string): void {
    const [first, second] = all
    const name = first?.text ?? ''
    if (first?.kind === 'word' && second?.kind === 'word' && second.text.toLowerCase() === 'equ') {
      this.#equ(name, this.#parser(all.slice(2), number).value(), number)
      return
    }
    if (first?.kind === 'sign' && first.text === '{') {
      this.#withForm(all, number, text)
      return
    }
    if (first?.kind !== 'word')
      throw new AssemblerError('SYNTAX', `'${name}' cannot begin a statement`, {
        line: number,
        accepted: ['mnemonic', 'label:', 'directive'],
      })
    const word = name.toLowerCase()
    if (this.#directive(word, all.slice(1), number, text)) return
    this.#instruction(all, number, text)
  }

  /** `{add_rm32_r32} add eax, ebx` takes just that form. */
  #withForm(all: readonly Token[], number: number, text: string): void {
    const [, name, close] = all
    if (name?.kind !== 'word' || close?.text !== '}')
      throw new AssemblerError('SYNTAX', '{form} expected', { line: number })
    // GNU's mark of a VEX encoding: there is no other here yet.
    if (name.text.toLowerCase() !== 'vex') this.assembler.form(name.text)
    this.#instruction(all.slice(3), number, text)
  }

  #parser(rest: readonly Token[], number: number): OperandParser {
    return new OperandParser(rest, number, this.#constants)
  }

  #directive(word: string, rest: readonly Token[], number: number, text: string): boolean {
    const a = this.assembler.at(number)
    if (DATA.has(word)) {
      this.#data(word, rest, number)
      return true
    }
    switch (word) {
      case 'bits':
      case 'use16':
      case 'use32':
      case 'use64': {
        const bits = word === 'bits' ? Number(this.#parser(rest, number).constant()) : Number(word.slice(3))
        if (bits !== 16 && bits !== 32 && bits !== 64)
          throw new AssemblerError('SYNTAX', `bits ${bits}`, { line: number, accepted: ['16', '32', '64'] })
        a.bits(bits as Bits)
        return true
      }
      case 'org':
        a.org(this.#parser(rest, number).constant())
        return true
      case 'align': {
        const boundary = this.#parser(rest, number).constant()
        if (boundary < 1n || boundary > 1n << 24n)
          throw new AssemblerError('RANGE', 'align takes 1 to 16777216', { line: number })
        a.align(Number(boundary))
        return true
      }
      case 'times':
        this.#times(rest, number, text)
        return true
      case 'section':
      case 'segment':
        this.#section(rest, number)
        return true
      case 'default':
      case 'global':
      case 'extern':
        throw new AssemblerError('SYNTAX', `'${word}' is not supported: the output is one flat image`, {
          line: number,
          accepted: ['section', 'bits', 'org', 'align', 'times', 'equ', 'db', 'dw', 'dd', 'dq'],
        })
      default:
        return false
    }
  }

  /** `section .data align=64`. */
  #section(rest: readonly Token[], number: number): void {
    const [name, word, sign] = rest
    const isAligned = word?.text.toLowerCase() === 'align' && sign?.text === '='
    if (name?.kind !== 'word' || (word !== undefined && !isAligned))
      throw new AssemblerError('SYNTAX', 'section NAME or section NAME align=N expected', {
        line: number,
        accepted: ['NAME'],
      })
    const alignment = isAligned ? this.#parser(rest.slice(3), number).constant() : 16n
    if (alignment < 1n || alignment > 1n << 24n)
      throw new AssemblerError('RANGE', 'align takes 1 to 16777216', { line: number, accepted: ['1 to 16777216'] })
    this.assembler.at(number).section(name.text, Number(alignment))
  }

  #times(rest: readonly Token[], number: number, text: string): void {
    const split = rest.findIndex(
      (t, n) => n > 0 && t.kind === 'word' && (DATA.has(t.text.toLowerCase()) || formsOf(t.text).length > 0),
    )
    if (split < 0) throw new AssemblerError('SYNTAX', 'times COUNT STATEMENT expected', { line: number })
    const count = this.#parser(rest.slice(0, split), number).value()
    if (typeof count === 'object') {
      this.#timesByLabels(this.#fullReference(count), rest.slice(split), number)
      return
    }
    if (count < 0n || count > 1n << 20n) throw new AssemblerError('RANGE', 'times takes 0 to 1048576', { line: number })
    for (let n = 0n; n < count; n++) this.#statement(rest.slice(split), number, text)
  }

  /** `times 510 - ($ - $$) db 0`: only the layout knows how often. */
  #timesByLabels(count: LabelRef, rest: readonly Token[], number: number): void {
    const unitBytes = UNIT_BYTES.get(rest[0]?.text.toLowerCase() ?? '')
    if (unitBytes === undefined)
      throw new AssemblerError('SYNTAX', 'a count by labels repeats data only', { line: number, accepted: [...DATA] })
    const parser = this.#parser(rest.slice(1), number)
    const values: bigint[] = []
    do values.push(parser.constant())
    while (parser.comma())
    this.assembler.at(number).repeat(count, unitBytes, values)
  }

  #data(word: string, rest: readonly Token[], number: number): void {
    const parser = this.#parser(rest, number)
    const values: (bigint | LabelRef | string)[] = []
    do values.push(parser.dataValue())
    while (parser.comma())
    const a = this.assembler.at(number)
    const flat = values.map((v) => (typeof v === 'object' ? this.#fullReference(v) : v))
    if (word === 'db') a.db(...(flat as (bigint | string)[]))
    else
      a[word as 'dw' | 'dd' | 'dq'](
        ...flat.map((v) => (typeof v === 'string' ? BigInt(tokens(`'${v}'`, number)[0]?.value ?? 0n) : v)),
      )
  }

  #instruction(all: readonly Token[], number: number, text: string): void {
    let rest = all
    const prefixes: PrefixName[] = []
    for (;;) {
      const prefix = PREFIXES.get(rest[0]?.text.toLowerCase() ?? '')
      if (prefix === undefined) break
      prefixes.push(prefix)
      rest = rest.slice(1)
    }
    if (rest.length === 0)
      throw new AssemblerError('SYNTAX', `an instruction is missing after '${all[0]?.text}'`, {
        line: number,
        accepted: ['mnemonic'],
      })
    const mnemonic = rest[0]?.text.toLowerCase() ?? ''
    const waiting = WAITING.get(mnemonic)
    if (formsOf(mnemonic).length === 0 && waiting === undefined) {
      throw new AssemblerError('UNKNOWN_MNEMONIC', `unknown mnemonic '${mnemonic}'`, {
        line: number,
        accepted: nearest(mnemonic, knownMnemonics()),
      })
    }
    const parser = this.#parser(rest.slice(1), number)
    const operands = parser.operands().map((o) => {
      if (typeof o === 'object' && o.kind === 'label') return this.#fullReference(o)
      return typeof o === 'object' && o.kind === 'memory' && o.label ? { ...o, label: this.#fullReference(o.label) } : o
    })
    if (waiting !== undefined) this.assembler.at(number).emit('wait', [])
    this.assembler
      .at(number)
      .prefix(...prefixes)
      .emit(waiting ?? mnemonic, operands, { reach: parser.reach, text })
  }
}

/**
 * Assembles Intel syntax: instructions, labels (`.local` ones belong to the last other), `db dw dd dq`, `align`, `org`, `times`, `equ`, `section`, `bits 16|32|64`;
 * `;`, `#` and `//` begin comments. `{form} mnemonic ...` selects an encoding by its stable name.
 * @throws AssemblerError naming line, operand and what would be accepted.
 */
export function assemble(text: string, options: AssemblerOptions = {}): Assembled {
  const assembler = new TextAssembler(options)
  for (const [n, line] of text.split(/\r?\n/).entries()) assembler.line(line, n + 1)
  return assembler.assembler.finish()
}
