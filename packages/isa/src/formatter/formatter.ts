/** Instructions to text, in Intel and AT&T syntax. The hot path allocates nothing but its result. */
import { BASE_IP, type Instruction, Prefix, Status } from '../decoder/instruction.ts'
import {
  memoryBase,
  memoryIndex,
  memorySegment,
  operandImmediateBits,
  operandImmediateHi,
  operandImmediateLo,
  operandRegister,
} from '../decoder/operands.ts'
import { OperandPlace } from '../decoder/places.ts'
import { branchTargetHi, branchTargetLo, ripAddressHi, ripAddressLo } from '../decoder/targets.ts'
import { registerName } from '../registers.ts'
import { FIXED_OPERANDS, MARKED_VEX, UNSIZED_MEMORY } from './gnu-names.ts'
import { attNames, intelNames, type Names, pseudoName } from './names.ts'
import { displacementHex, hex32, hex64, signedHex64 } from './numbers.ts'
import { BAD, type FormatterOptions, NOT_IN_TABLE, TRUNCATED } from './options.ts'
import { type FormPlan, formPlan, type OperandPlan } from './plan.ts'
import { prefixText } from './prefixes.ts'

/** Size keywords by bytes: the manual's spelling, and GNU's. */
const SIZE_WORDS: Readonly<Record<number, string>> = {
  1: 'byte ptr ',
  2: 'word ptr ',
  4: 'dword ptr ',
  6: 'fword ptr ',
  8: 'qword ptr ',
  10: 'tbyte ptr ',
  16: 'xmmword ptr ',
  32: 'ymmword ptr ',
  64: 'zmmword ptr ',
}

/** What GNU calls NOP with an operand-size prefix. */
const GNU_NOP: Readonly<Record<number, string>> = { 16: 'ax,ax', 32: 'eax,eax', 64: 'rax,rax' }
const ADDRESS_ACCUMULATOR: Readonly<Record<number, string>> = { 16: 'ax', 32: 'eax', 64: 'rax' }

const CLASS_ST = 8
const SEGMENTS = ['es', 'cs', 'ss', 'ds', 'fs', 'gs']

interface Compiled {
  readonly plan: FormPlan
  readonly names: Names
  readonly count: number
  /** The first operand that is written. */
  readonly first: number
  /** AT&T: registers that stand for operands which the form fixes. */
  readonly fixed: string
  /** Size keyword of the memory operand, '' where it is not shown. */
  readonly size: string
  /** AT&T: operands stay in Intel's order (ENTER, BOUND). */
  readonly forward: boolean
  /** GNU: MOV with a 64-bit offset. */
  readonly movabs: boolean
  /** Intel: a string instruction whose name has the size. */
  readonly string: boolean
  /** GNU writes `{vex}` before the mnemonic. */
  readonly marked: boolean
  /** The 16-bit form of an instruction whose name has no size. */
  readonly word: boolean
  /** AT&T: `*` before the operand of an indirect branch. */
  readonly star: boolean
}

/** Formats decoded instructions. Keeps a plan for each form that it has met; no other state. */
export class Formatter {
  readonly options: FormatterOptions
  readonly #att: boolean
  readonly #objdump: boolean
  readonly #separator: string
  readonly #width: number
  readonly #plain: boolean
  readonly #compiled: (Compiled | undefined)[] = []
  readonly #registers: readonly string[]
  /** ST(0) where the form names it. */
  readonly #top: string
  /** Operands that {@link #head} leaves to be written. */
  #count = 0
  /** `+rax` / `,%rax` are met so often that they are kept. */
  readonly #scales: readonly string[]

  constructor(options: FormatterOptions = {}) {
    const att = options.syntax === 'att'
    const objdump = options.preset === 'objdump'
    this.options = options
    this.#att = att
    this.#objdump = objdump
    this.#separator = options.separator ?? (att || objdump ? ',' : ', ')
    this.#width = options.mnemonicWidth ?? 0
    this.#plain = !options.smallDecimal && !options.uppercase && options.hex !== 'h'
    const names = Array.from({ length: 17 * 32 }, (_, r) => registerName(r))
    // GNU's AT&T syntax calls the debug registers db0..db7.
    const gnu = (n: string) => (att && objdump ? n.replace(/^dr/, 'db') : n)
    this.#registers = names.map((n) => (n === '' ? '' : `${att ? '%' : ''}${gnu(n)}`))
    this.#top = att ? '%st' : 'st'
    this.#scales = att ? [',1', ',2', ',4', ',8'] : ['*1', '*2', '*4', '*8']
  }

  /** The whole instruction. Bytes that are none give {@link BAD}, {@link NOT_IN_TABLE} or {@link TRUNCATED}. */
  format(i: Instruction): string {
    if (i.status !== Status.ok)
      return i.status === Status.notInTable
        ? NOT_IN_TABLE
        : i.status === Status.invalid || this.#objdump
          ? BAD
          : TRUNCATED
    const c = this.#compiled[i.form] ?? this.#compile(i.form)
    let text = this.#head(i, c)
    const count = this.#count
    if (this.#width > 0) text = text.padEnd(this.#width)
    if (c.fixed !== '') text += ` ${c.fixed.replace('A', `%${ADDRESS_ACCUMULATOR[i.addressSize]}`)}`
    else if (this.#isExchange(i, c))
      text += ` ${(GNU_NOP[i.operandSize] ?? '').replace(/\w+/g, this.#att ? '%$&' : '$&')}`
    if (count > c.first)
      text += this.#att ? ` ${this.#attOperands(i, c, count)}` : ` ${this.#intelOperands(i, c, count)}`
    return this.#plain ? text : this.#restyle(text)
  }

  /** The mnemonic with the prefixes that are written before it; leaves in #count how many operands follow. */
  #head(i: Instruction, c: Compiled): string {
    let text = c.plan.memory >= 0 && i.mod !== 3 ? c.names.memory : c.names.register
    this.#count = c.count
    if (c.names.pseudo !== 'none') {
      const pseudo = pseudoName(c.names, text, i)
      if (pseudo !== null && (this.#att || this.#objdump)) {
        text = pseudo
        this.#count--
      }
    }
    // Prefixes are rare: one test of everything that could be written before the mnemonic.
    if ((i.prefixes & ~(Prefix.rex | Prefix.vex)) !== 0 || i.segment >= 0 || this.#objdump)
      text = prefixText(i, c.plan, this.#sizedName(i, c, text), this.#att, this.#objdump)
    else if (c.movabs && i.addressSize === 64) text = 'movabs'
    // The manual's names of string instructions say everything, unless segment or address size is overridden.
    if (c.string && i.segment < 0 && i.addressSize === i.mode) this.#count = 0
    return text
  }

  /** GNU's name of NOP with an operand-size prefix. */
  #isExchange(i: Instruction, c: Compiled): boolean {
    return this.#objdump && c.plan.name === 'nop' && (i.prefixes & Prefix.operandSize) !== 0
  }

  /** Names that the operand or address size changes. */
  #sizedName(i: Instruction, c: Compiled, name: string): string {
    if (c.movabs && i.addressSize === 64) return 'movabs'
    // POPF alone is what the mode pops.
    if (c.word && i.mode !== 16) return `${name}w`
    if (this.#objdump && c.marked) return `{vex} ${name}`
    return this.#isExchange(i, c) ? 'xchg' : name
  }

  /** The mnemonic with the prefixes that are written before it. */
  mnemonic(i: Instruction): string {
    if (i.status !== Status.ok) return this.format(i)
    return this.#head(i, this.#compiled[i.form] ?? this.#compile(i.form))
  }

  /** Operand `n` (0..3, in Intel's order) alone; `''` where there is none. */
  operand(i: Instruction, n: number): string {
    if (i.status !== Status.ok) return ''
    const c = this.#compiled[i.form] ?? this.#compile(i.form)
    if (n < 0 || n >= c.count) return ''
    const text = this.#att ? this.#attOperand(i, c, n) : this.#intelOperand(i, c, n)
    return this.#plain ? text : this.#restyle(text)
  }

  #compile(form: number): Compiled {
    const plan = formPlan(form)
    const memory = plan.operands[plan.memory]
    const mode = this.options.memorySize ?? (this.#objdump ? 'always' : 'needed')
    const shown = mode === 'always' || (mode === 'needed' && plan.sizeNeeded)
    const word = this.#objdump ? gnuSizeWord(plan, memory) : (SIZE_WORDS[memory?.memBytes ?? 0] ?? '')
    // Near and far branches through memory can be of one size.
    const isFar = !this.#objdump && /^(jmp|call)_m16(16|32|64)/.test(plan.name)
    const fixed = this.#att || this.#objdump ? FIXED_OPERANDS[plan.mnemonic] : undefined
    const compiled: Compiled = {
      plan,
      first: fixed?.first ?? 0,
      fixed: this.#att ? (fixed?.att ?? '') : '',
      names: this.#att ? attNames(plan, this.options.suffix === 'always') : intelNames(plan, this.#objdump),
      count: shownOperands(plan, this.#att, this.#objdump),
      size: (isFar ? 'far ' : '') + (shown ? word : ''),
      movabs: (this.#att || this.#objdump) && /moffs/.test(plan.name),
      string:
        !this.#att &&
        !this.#objdump &&
        (plan.mnemonic === 'xlatb' ||
          (/^(movs|cmps|stos|lods|scas|ins|outs)[bwdq]$/.test(plan.mnemonic) && /_[xy]\d/.test(plan.name))),
      forward: plan.mnemonic === 'enter' || plan.mnemonic === 'bound',
      marked: MARKED_VEX.has(plan.mnemonic),
      word: /^(iret|pusha|popa|pushf|popf)$/.test(plan.mnemonic),
      star:
        this.#att &&
        (plan.mnemonic === 'jmp' || plan.mnemonic === 'call') &&
        plan.operands[0]?.place === OperandPlace.rm,
    }
    this.#compiled[form] = compiled
    return compiled
  }

  #intelOperands(i: Instruction, c: Compiled, count: number): string {
    let text = this.#intelOperand(i, c, c.first)
    for (let n = c.first + 1; n < count; n++) text += this.#separator + this.#intelOperand(i, c, n)
    return text
  }

  #attOperands(i: Instruction, c: Compiled, count: number): string {
    if (c.forward) {
      let text = this.#attOperand(i, c, 0)
      for (let n = 1; n < count; n++) text += this.#separator + this.#attOperand(i, c, n)
      return text
    }
    // Where a pseudo-mnemonic swallowed the immediate, it was the last operand.
    let text = this.#attOperand(i, c, count - 1)
    for (let n = count - 2; n >= c.first; n--) text += this.#separator + this.#attOperand(i, c, n)
    return text
  }

  #intelOperand(i: Instruction, c: Compiled, n: number): string {
    const o = c.plan.operands[n] as OperandPlan
    switch (o.place) {
      case OperandPlace.rm:
        return i.mod === 3 ? (this.#registers[operandRegister(i, n)] as string) : c.size + this.#intelMemory(i, n)
      case OperandPlace.imm:
      case OperandPlace.imm2:
        return this.#immediate(i, o, n)
      case OperandPlace.constant:
        return String(o.fixed)
      case OperandPlace.rel:
        return this.#target(i)
      case OperandPlace.far:
        return `${hex32(i.imm2)}:${hex32(i.immLo)}`
      case OperandPlace.moffs:
        return `${this.#objdump ? '' : c.size}${this.#segmentOf(i, n, true)}${this.#objdump ? hex64(i.dispLo, i.dispHi) : `[${hex64(i.dispLo, i.dispHi)}]`}`
      case OperandPlace.si:
      case OperandPlace.di:
      case OperandPlace.memFixed:
        return `${c.size}${this.#segmentOf(i, n, this.#objdump || o.place === OperandPlace.di)}[${this.#registers[memoryBase(i, n)]}]`
      case OperandPlace.fixed:
        return o.reg === CLASS_ST && o.fixed === 0 ? this.#top : (this.#registers[operandRegister(i, n)] as string)
      default:
        return this.#registers[operandRegister(i, n)] as string
    }
  }

  #intelMemory(i: Instruction, n: number): string {
    const override = this.#segmentOf(i, n, false)
    const base = i.base
    const index = i.index
    if (base === BASE_IP) {
      if (this.options.ripRelative === 'target') return `${override}[${hex64(ripAddressLo(i), ripAddressHi(i))}]`
      // GNU writes the distance unsigned here, and here only.
      const distance = this.#objdump
        ? `+${hex64(i.dispLo, i.addressSize === 64 ? i.dispHi : 0)}`
        : displacementHex(i.dispLo, i.dispHi)
      return `${override}[${this.#registers[memoryBase(i, n)]}${distance}]`
    }
    if (base < 0 && index < 0 && !(this.#objdump && hasEmptyIndex(i))) return this.#absolute(i, n, override)
    let text = base >= 0 ? (this.#registers[memoryBase(i, n)] as string) : ''
    if (index >= 0)
      text += `${base >= 0 ? '+' : ''}${this.#registers[memoryIndex(i, n)]}${i.addressSize === 16 || (!this.#objdump && i.scale === 0) ? '' : this.#scales[i.scale]}`
    else if (this.#objdump && hasEmptyIndex(i))
      text += `${base >= 0 ? '+' : ''}${i.addressSize === 64 ? 'riz' : 'eiz'}${this.#scales[i.scale]}`
    if (i.dispBytes > 0 && (this.#objdump || (i.dispLo | i.dispHi) !== 0)) text += displacementHex(i.dispLo, i.dispHi)
    return `${override}[${text}]`
  }

  /** An address without registers. GNU leaves out the brackets and writes the segment. */
  #absolute(i: Instruction, n: number, override: string): string {
    const lo = i.addressSize === 16 ? i.dispLo & 0xffff : i.dispLo
    const hi = i.addressSize === 64 ? i.dispHi : 0
    if (!this.#objdump) return `${override}[${hex64(lo, hi)}]`
    return `${override === '' ? `${SEGMENTS[memorySegment(i, n)]}:` : override}${hex64(lo, hi)}`
  }

  /** `fs:` where an override or the options ask for it. */
  #segmentOf(i: Instruction, n: number, always: boolean): string {
    if (always || this.options.showSegment) return `${this.#att ? '%' : ''}${SEGMENTS[memorySegment(i, n)]}:`
    if (i.segment < 0 || (i.mode === 64 && i.segment < 4)) return ''
    return `${this.#att ? '%' : ''}${SEGMENTS[i.segment]}:`
  }

  #immediate(i: Instruction, o: OperandPlan, n: number): string {
    const bits = o.immBits || operandImmediateBits(i, n) || 8
    const lo = operandImmediateLo(i, n)
    const hi = operandImmediateHi(i, n)
    if (this.options.signedImmediates && o.immSigned) return signedHex64(lo, hi)
    if (bits === 64) return hex64(lo, hi)
    return hex32(bits === 32 ? lo : lo & ((1 << bits) - 1))
  }

  #target(i: Instruction): string {
    const lo = branchTargetLo(i)
    const hi = branchTargetHi(i)
    return this.options.symbolizer?.(lo, hi) ?? hex64(lo, hi)
  }

  #attOperand(i: Instruction, c: Compiled, n: number): string {
    const o = c.plan.operands[n] as OperandPlan
    switch (o.place) {
      case OperandPlace.rm: {
        const text = i.mod === 3 ? (this.#registers[operandRegister(i, n)] as string) : this.#attMemory(i, n)
        return c.star ? `*${text}` : text
      }
      case OperandPlace.imm:
      case OperandPlace.imm2:
        return `$${this.#immediate(i, o, n)}`
      case OperandPlace.constant:
        return `$${o.fixed}`
      case OperandPlace.rel:
        return this.#target(i)
      case OperandPlace.far:
        return `$${hex32(i.imm2)},$${hex32(i.immLo)}`
      case OperandPlace.moffs:
        return `${this.#segmentOf(i, n, false)}${hex64(i.dispLo, i.dispHi)}`
      case OperandPlace.si:
      case OperandPlace.di:
      case OperandPlace.memFixed:
        return `${this.#segmentOf(i, n, true)}(${this.#registers[memoryBase(i, n)]})`
      case OperandPlace.fixed:
        if (o.reg === CLASS_ST && o.fixed === 0) return this.#top
        if (o.reg === 2 && o.fixed === 2 && /^(in|out|ins|outs)/.test(c.plan.mnemonic))
          return `(${this.#registers[operandRegister(i, n)]})`
        return this.#registers[operandRegister(i, n)] as string
      default:
        return this.#registers[operandRegister(i, n)] as string
    }
  }

  #attMemory(i: Instruction, n: number): string {
    const override = this.#segmentOf(i, n, false)
    const base = i.base
    if (base === BASE_IP && this.options.ripRelative === 'target')
      return override + hex64(ripAddressLo(i), ripAddressHi(i))
    if (base < 0 && i.index < 0 && !(this.#objdump && hasEmptyIndex(i))) {
      // GNU writes a 16-bit address signed.
      if (i.addressSize === 16 && this.#objdump) return override + signedHex64(i.dispLo, i.dispHi)
      const lo = i.addressSize === 16 ? i.dispLo & 0xffff : i.dispLo
      return override + hex64(lo, i.addressSize === 64 ? i.dispHi : 0)
    }
    let text = override
    if (i.dispBytes > 0 && (this.#objdump || base < 0 || (i.dispLo | i.dispHi) !== 0))
      text += signedHex64(i.dispLo, i.dispHi)
    text += `(${base >= 0 ? this.#registers[memoryBase(i, n)] : ''}`
    if (i.index >= 0)
      text += `,${this.#registers[memoryIndex(i, n)]}${i.addressSize === 16 ? '' : this.#scales[i.scale]}`
    else if (this.#objdump && hasEmptyIndex(i))
      text += `,${i.addressSize === 64 ? '%riz' : '%eiz'}${this.#scales[i.scale]}`
    return `${text})`
  }

  /** The options that change numbers and case: rare, so that the text is made first and changed then. */
  #restyle(text: string): string {
    const { hex, smallDecimal, uppercase } = this.options
    let styled = text
    if (smallDecimal) styled = styled.replace(/0x(\d)\b/g, '$1')
    if (uppercase) styled = styled.replace(/0x[0-9a-f]+|[^0]+|0/g, (t) => (/^0x/.test(t) ? t : t.toUpperCase()))
    if (hex === 'h')
      styled = styled.replace(/0x([0-9a-f]+)/g, (_, d: string) => `${/^[a-f]/.test(d) ? '0' : ''}${d.toUpperCase()}h`)
    return styled
  }
}

/** A SIB byte without index beside a base that would not have needed one: GNU writes the pseudo-register RIZ. */
const hasEmptyIndex = (i: Instruction): boolean =>
  i.sib >= 0 &&
  i.index < 0 &&
  (i.scale !== 0 || (i.base < 0 ? i.addressSize === 32 && i.mode !== 16 : (i.base & 7) !== 4))

/** GNU's size keywords; none for instructions whose operand is a structure. */
function gnuSizeWord(plan: FormPlan, memory: OperandPlan | undefined): string {
  if (!memory) return ''
  if (UNSIZED_MEMORY.test(plan.mnemonic)) return ''
  if (/^(cmpxchg16b|invept|invvpid)$/.test(plan.mnemonic)) return 'OWORD PTR '
  const bytes = /^(prefetch|invlpg|clflush|clwb|cldemote)/.test(plan.mnemonic) ? 1 : memory.memBytes
  return (SIZE_WORDS[bytes] ?? '').toUpperCase()
}

/** GNU leaves out operands that the manual writes: the 1 of a shift, and in AT&T the fixed XLAT ones. */
function shownOperands(plan: FormPlan, att: boolean, objdump: boolean): number {
  const last = plan.operands.at(-1)
  if (att && objdump && last?.place === OperandPlace.constant && /^(ro|rc|sh|sa)/.test(plan.mnemonic))
    return plan.operands.length - 1
  return plan.operands.length
}

/** Formats one instruction; for more than one make a {@link Formatter} and keep it. */
export const formatInstruction = (i: Instruction, options: FormatterOptions = {}): string =>
  new Formatter(options).format(i)
