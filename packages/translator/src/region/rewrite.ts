/**
 * Stage "passes": the IR of a block, in which registers and flags become locals of the region. Flags are followed symbolically:
 * dead ones vanish, conditions become comparisons of operands, and what a fault would have to show is noted beside the op that
 * can fault, so that only the cold path computes it.
 */
import { FIELD, RFLAGS } from '@ringfold/arch'
import { FIRST_EFFECT, type FlagKind, IrBuilder, type IrCode, Op, STATUS, type Value } from '@ringfold/semantics'
import { type Block, isInPage, type PlacedInstruction } from './blocks.ts'
import {
  FlagExpressions,
  type FlagState,
  Kind,
  kindOf,
  kindWord,
  plainKind,
  usesFirst,
  usesSecond,
  usesStatus,
  wideParts,
} from './flag-state.ts'
import {
  CAN_LEAVE,
  FLAG_OPS,
  hasFlagOps,
  matchingEnd,
  STATE_LOADS,
  STATE_STORES,
  setsCarryAdjustOverflow,
} from './ops.ts'

/** A state access with this added to its offset goes to the state and not to a local of the region. */
export const IN_MEMORY = 1 << 20

/** Where an op may leave the region: what the state has to show then. */
export interface Site {
  /** Instructions of the block that have retired. */
  readonly retired: number
  /** Place of the instruction. */
  readonly place: number
  /** What the locals of the flags do not show yet. */
  readonly flags: FlagState | null
}

export interface RewrittenBlock {
  readonly code: IrCode
  /** By op. */
  readonly sites: ReadonlyMap<number, Site>
  /** Values that cold paths push: they have to be held. */
  readonly kept: readonly Value[]
  /** Truth value of a conditional branch, -1 none. */
  readonly condition: Value
  /** What is known of the flags in the locals at the end. */
  readonly flagsAtEnd: FlagsInLocals
}

/** Kind and width of what the locals of the flags hold; null: only their kind local knows. */
export type FlagsInLocals = { readonly kind: number; readonly bits: 8 | 16 | 32 | 64 } | null

export interface LiftedBlock {
  readonly block: Block
  readonly code: IrCode
  /** Index of the first op of each instruction. */
  readonly starts: readonly number[]
}

export interface RewriteOptions {
  /** Place to which the region's base belongs. */
  readonly entry: number
  readonly flagsAtStart: FlagsInLocals
  /** Whether somebody behind the block may look at the flags. */
  readonly flagsLive: boolean
  /** What is empty, for the result. */
  readonly code: IrCode
}

const { ZF, SF, PF } = RFLAGS.lo
const BITS = [8, 16, 32, 64] as const
export function rewrite(lifted: LiftedBlock, options: RewriteOptions): RewrittenBlock {
  return new BlockRewriter(lifted, options).run()
}

/** By value: the snapshot for which it was looked at last. */
let visits = new Int32Array(1024)
let lastVisit = 0

function nextVisit(): number {
  if (lastVisit === 0x7fffffff) {
    visits.fill(0)
    lastVisit = 0
  }
  lastVisit++
  return lastVisit
}

class BlockRewriter {
  readonly #old: IrCode
  readonly #lifted: LiftedBlock
  readonly #options: RewriteOptions
  readonly #b: IrBuilder
  readonly #expressions: FlagExpressions
  readonly #zero: Value
  readonly #map: Int32Array
  readonly #sites = new Map<number, Site>()
  readonly #kept: Value[] = []
  /** Op that last wrote a local of the region, by its offset in the state in units of 8 bytes. */
  readonly #lastStore = new Map<number, number>()
  /** Null: unknown, or as the locals say. */
  #flags: FlagState | null
  /** The locals do not show `#flags` yet. */
  #isDirty = false
  #inState: boolean
  #condition = -1
  /** For each open if or loop: whether flags change in it. */
  readonly #open: boolean[] = []
  #index = 0
  #visit = 0

  constructor(lifted: LiftedBlock, options: RewriteOptions) {
    this.#lifted = lifted
    this.#old = lifted.code
    this.#options = options
    this.#b = new IrBuilder(options.code)
    this.#expressions = new FlagExpressions(this.#b)
    this.#map = new Int32Array(lifted.code.length)
    this.#b.code.locals.push(...lifted.code.locals)
    this.#b.code.vectors.push(...lifted.code.vectors)
    this.#zero = this.#b.i32(0)
    this.#inState = options.flagsAtStart?.kind === Kind.inState
    this.#flags = options.flagsAtStart === null || this.#inState ? null : this.#inLocals(options.flagsAtStart)
  }

  run(): RewrittenBlock {
    const { block, starts } = this.#lifted
    block.instructions.forEach((i, index) => {
      this.#index = index
      this.#instruction(i, starts[index] as number, starts[index + 1] ?? this.#old.length)
    })
    const flagsAtEnd = this.#finish(block)
    return {
      code: this.#b.code,
      sites: this.#sites,
      kept: this.#kept,
      condition: this.#condition,
      flagsAtEnd,
    }
  }

  /** Puts the flags where those who come behind look for them. */
  #finish({ terminator }: Block): FlagsInLocals {
    if (terminator.kind === 'dynamic' || terminator.kind === 'call') {
      this.#flagsToState()
      return { kind: Kind.inState, bits: 64 }
    }
    if (!this.#options.flagsLive) return null
    if (this.#isDirty) this.#flush()
    if (this.#flags !== null) return { kind: this.#flags.kind, bits: this.#flags.bits }
    return this.#inState ? { kind: Kind.inState, bits: 64 } : null
  }

  #load(field: { readonly offset: number }, type: 'state.load32' | 'state.load64'): Value {
    return this.#b.effect(Op[type], this.#zero, -1, -1, field.offset)
  }

  #store(offset: number, type: 'state.store32' | 'state.store64', v: Value): void {
    this.#lastStore.set(offset >> 3, this.#b.effect(Op[type], this.#zero, v, -1, offset))
  }

  /** The state of the flags that the locals hold. */
  #inLocals({ kind, bits }: NonNullable<FlagsInLocals>): FlagState {
    const b = this.#b
    const narrow = (v: Value) => (bits === 64 ? v : b.pure('i32.wrap_i64', v))
    const a = usesFirst(kind) ? narrow(this.#load(FIELD.lazySrc1, 'state.load64')) : -1
    const second = usesSecond(kind) ? narrow(this.#load(FIELD.lazySrc2, 'state.load64')) : -1
    const status = usesStatus(kind) ? this.#load(FIELD.statusFlags, 'state.load32') : -1
    return { kind, bits, a, b: second, r: this.#resultInLocals(kind, bits, a, second), status }
  }

  #resultInLocals(kind: number, bits: number, a: Value, second: Value): Value {
    const b = this.#b
    const type = bits === 64 ? 'i64' : 'i32'
    const one = () => (bits === 64 ? b.i64(1) : b.i32(1))
    const cut = (v: Value) => (bits >= 32 ? v : b.pure('i32.and', v, b.i32(bits === 8 ? 0xff : 0xffff)))
    switch (kind) {
      case Kind.add:
        return cut(b.pure(`${type}.add`, a, second))
      case Kind.sub:
        return cut(b.pure(`${type}.sub`, a, second))
      case Kind.inc:
        return cut(b.pure(`${type}.add`, a, one()))
      case Kind.dec:
        return cut(b.pure(`${type}.sub`, a, one()))
      case Kind.addWithCarry:
      case Kind.subWithBorrow: {
        const r = this.#load(FIELD.lazyResult, 'state.load64')
        return bits === 64 ? r : b.pure('i32.wrap_i64', r)
      }
      default:
        return a
    }
  }

  /** An overlay as a status word. */
  #plain(s: FlagState): FlagState {
    if (s.overlay === undefined) return s
    const { mask, under } = s.overlay
    const others = under === null ? this.#b.effect(Op['flags.all']) : this.#expressions.all(under)
    return settled(this.#expressions.merged(mask, others, s.status))
  }

  /** The state of the flags for those who ask, null where only the locals know. */
  #known(): FlagState | null {
    if (this.#flags?.overlay?.under === null) this.#flush()
    return this.#flags
  }

  #wide(v: Value, bits: number): Value {
    return bits === 64 ? v : this.#b.pure('i64.extend_i32_u', v)
  }

  /** Writes the state of the flags into the locals. */
  #flush(): void {
    const s = this.#plain(this.#flags as FlagState)
    this.#store(FIELD.lazyOp.offset, 'state.store32', this.#b.i32(kindWord(s)))
    for (const [offset, v] of wideParts(s, (x) => this.#wide(x, s.bits))) this.#store(offset, 'state.store64', v)
    if (usesStatus(s.kind)) this.#store(FIELD.statusFlags.offset, 'state.store32', s.status)
    this.#flags = this.#inLocals(s)
    this.#isDirty = false
    this.#inState = false
  }

  /** Writes the flags into the state as the engine keeps them there, and notes that in the local of the kind. */
  #flagsToState(): void {
    if (this.#inState && !this.#isDirty) return
    if (this.#flags === null) {
      // RegionEffects does it by the local of the kind.
      this.#b.effect(Op['flags.bits'], this.#b.i32(0), -1, -1, 0)
    } else this.#storeFlags(this.#plain(this.#flags))
    this.#store(FIELD.lazyOp.offset, 'state.store32', this.#b.i32(Kind.inState))
    this.#inState = true
  }

  #storeFlags(s: FlagState): void {
    const b = this.#b
    const store = (field: { offset: number }, type: 'state.store32' | 'state.store64', v: Value) =>
      b.effect(Op[type], this.#zero, v, -1, field.offset + IN_MEMORY)
    const signed = (v: Value): Value => {
      if (s.bits === 64) return v
      const narrow = s.bits === 32 ? v : b.pure(s.bits === 8 ? 'i32.extend8_s' : 'i32.extend16_s', v)
      return b.pure('i64.extend_i32_s', narrow)
    }
    store(FIELD.lazyOp, 'state.store32', b.i32(plainKind(s.kind)))
    if (usesStatus(s.kind)) store(FIELD.statusFlags, 'state.store32', s.status)
    if (s.kind === Kind.settled) return
    store(FIELD.lazyResult, 'state.store64', signed(s.r))
    if (s.kind === Kind.result) return
    store(FIELD.lazySrc1, 'state.store64', signed(s.a))
    const second = s.kind === Kind.logic ? b.i64(0) : usesSecond(s.kind) ? signed(s.b) : b.i64(1)
    store(FIELD.lazySrc2, 'state.store64', second)
  }

  #set(s: FlagState): void {
    this.#flags = s
    this.#isDirty = true
    this.#inState = false
  }

  #instruction(i: PlacedInstruction, start: number, end: number): void {
    for (let n = start; n < end; n++) {
      const op = this.#old.op[n] as number
      if (op === Op.if && (i.flow === 'jcc' || i.flow === 'loop') && this.#condition < 0) {
        this.#condition = this.#map[this.#old.a[n] as number] as number
        n = matchingEnd(this.#old, n)
      } else this.#op(i, n, op)
    }
  }

  #op(i: PlacedInstruction, n: number, op: number): void {
    const old = this.#old
    if (FLAG_OPS.has(op)) this.#flagOp(n, op)
    else if (op === Op['rip.next']) this.#map[n] = this.#ripOf(i.end)
    else if (op === Op['rip.this']) this.#map[n] = this.#ripOf(i.place)
    else if (op === Op.jump) {
      // Within the page, the target is as good as the jump's own address.
      if (!isDirect(i) || !isInPage(i.target)) this.#copySite(i, n)
    } else if (STATE_LOADS.has(op) || STATE_STORES.has(op)) this.#stateAccess(n, op)
    else if (CAN_LEAVE.has(op)) this.#copySite(i, n)
    else if (op === Op.if || op === Op.loop) {
      const changesFlags = hasFlagOps(old, n)
      if (changesFlags) this.#forget()
      this.#open.push(changesFlags)
      this.#copy(n)
    } else if (op === Op.else || op === Op.end) {
      const changesFlags = (op === Op.end ? this.#open.pop() : this.#open.at(-1)) === true
      if (changesFlags) this.#forget()
      this.#copy(n)
    } else this.#copy(n)
  }

  /** Flags in the locals, about which nothing is known: where ways part or meet. */
  #forget(): void {
    if (this.#isDirty) this.#flush()
    this.#flags = null
    this.#inState = false
  }

  #ripOf(place: number): Value {
    const base = this.#load(FIELD.rip, 'state.load64')
    return this.#b.pure('i64.add', base, this.#b.i64(place - this.#options.entry))
  }

  #arg(v: number): Value {
    return v < 0 ? -1 : (this.#map[v] as number)
  }

  #copy(n: number): Value {
    const old = this.#old
    const [a, b, c] = [old.a[n], old.b[n], old.c[n]] as [number, number, number]
    const value = this.#b.code.push(
      old.op[n] as number,
      this.#arg(a),
      this.#arg(b),
      this.#arg(c),
      old.imm[n] as number,
      old.immHi[n] as number,
    )
    this.#map[n] = value
    return value
  }

  #copySite(i: PlacedInstruction, n: number): void {
    this.#sites.set(this.#copy(n), { retired: this.#index, place: i.place, flags: this.#snapshot() })
  }

  /** What a cold path has to write into the locals of the flags; registers that it needs are held. */
  #snapshot(): FlagState | null {
    const s = this.#flags
    if (!this.#isDirty || s === null) return null
    // Over what only the locals know, the cold path lays it by itself.
    const shown = s.overlay?.under === null ? s : this.#plain(s)
    this.#visit = nextVisit()
    for (const v of [shown.a, shown.b, shown.r, shown.status]) if (v >= 0) this.#keep(v)
    return shown
  }

  #keep(v: Value): void {
    const { code } = this.#b
    // Values are shared: each is looked at once.
    if (visits[v] === this.#visit) return
    if (v >= visits.length) {
      const grown = new Int32Array(2 * v)
      grown.set(visits)
      visits = grown
    }
    visits[v] = this.#visit
    const op = code.op[v] as number
    if (STATE_LOADS.has(op)) {
      const written = this.#lastStore.get((code.imm[v] as number) >> 3)
      if (written !== undefined && written > v) this.#kept.push(v)
    } else if (op < FIRST_EFFECT)
      for (const arg of [code.a[v], code.b[v], code.c[v]] as number[]) if (arg >= 0) this.#keep(arg)
  }

  /** A state access at a constant place has all of it in its immediate. */
  #stateAccess(n: number, op: number): void {
    const old = this.#old
    const base = old.a[n] as number
    const { code } = this.#b
    if (!old.isConstant(base)) {
      // Registers of the x87 stack, which stay in the state.
      this.#copy(n)
      return
    }
    const offset = (old.imm[n] as number) + (old.constant(base) as number)
    const value = code.push(op, this.#zero, this.#arg(old.b[n] as number), -1, offset, 0)
    this.#map[n] = value
    if (!STATE_STORES.has(op)) return
    this.#lastStore.set(offset >> 3, value)
    if (op === Op['state.store128']) this.#lastStore.set((offset >> 3) + 1, value)
  }

  #flagOp(n: number, op: number): void {
    const old = this.#old
    const imm = old.imm[n] as number
    const s = op === Op['flags.set'] || op === Op['flags.bits'] ? null : this.#known()
    switch (op) {
      case Op['flags.set']:
        this.#setFlags(n, (imm >> 2) as FlagKind, BITS[imm & 3] as 8)
        return
      case Op['flags.bits']:
        this.#setBits(imm, this.#arg(old.a[n] as number))
        return
      case Op['flags.get']:
        this.#map[n] = s === null ? this.#copy(n) : this.#expressions.flag(s, imm)
        return
      case Op['flags.all']:
        this.#map[n] = s === null ? this.#copy(n) : this.#expressions.all(s)
        return
      default:
        this.#map[n] = s === null ? this.#copy(n) : this.#expressions.condition(s, imm)
    }
  }

  #setFlags(n: number, kind: FlagKind, bits: 8 | 16 | 32 | 64): void {
    const old = this.#old
    const [a, b, r] = [old.a[n], old.b[n], old.c[n]].map((v) => this.#arg(v as number)) as [Value, Value, Value]
    const { code } = this.#b
    const known = kindOf(code, kind, a, b, r)
    if (known === Kind.result && !setsCarryAdjustOverflow(old, n)) {
      // What the operation leaves alone lies under it.
      const zeroSignParity = this.#expressions.ofResult({ kind: known, bits, a: r, b: r, r, status: -1 })
      this.#set(this.#overlay(ZF | SF | PF, zeroSignParity, this.#flags))
      return
    }
    const status = known === Kind.inc || known === Kind.dec ? this.#carry() : known === Kind.result ? this.#zero : -1
    this.#set({ kind: known, bits, a: known === Kind.logic || known === Kind.result ? r : a, b, r, status })
  }

  #carry(): Value {
    return this.#flags === null
      ? this.#b.effect(Op['flags.get'], -1, -1, -1, 0)
      : this.#expressions.flag(this.#flags, 0)
  }

  #setBits(mask: number, v: Value): void {
    const b = this.#b
    const s = this.#flags
    const given = b.pure('i32.and', v, b.i32(mask))
    if ((mask & STATUS) === STATUS) this.#set(settled(given))
    else if (s?.kind === Kind.result && (mask & ~0x811) === 0)
      this.#set({ ...s, status: mask === 0x811 ? given : this.#expressions.merged(mask, s.status, given) })
    else this.#set(this.#overlay(mask, given, s))
  }

  #overlay(mask: number, given: Value, s: FlagState | null): FlagState {
    const nothing = { kind: Kind.overlay, bits: 32, a: -1, b: -1, r: -1 } as const
    if (s?.overlay === undefined) {
      // What the locals show already need not be followed any further.
      return { ...nothing, status: given, overlay: { mask, under: this.#isDirty ? s : null } }
    }
    const { mask: before, under } = s.overlay
    const status = this.#expressions.merged(mask, s.status, given)
    return { ...nothing, status, overlay: { mask: mask | before, under } }
  }
}

const isDirect = ({ flow }: PlacedInstruction): boolean =>
  flow === 'jmp' || flow === 'jcc' || flow === 'loop' || flow === 'call'

const settled = (status: Value): FlagState => ({ kind: Kind.settled, bits: 32, a: -1, b: -1, r: -1, status })
