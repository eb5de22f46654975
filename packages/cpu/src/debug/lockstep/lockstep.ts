import { STATUS_FLAGS_MASK } from '@ringfold/arch'
import { Prefix } from '@ringfold/isa/decoder'
import { flagsUndefined, formFacts } from '@ringfold/isa/facts'
import { type CodeLine, decodeCode } from '../code-at.ts'
import type { Advance, LockstepSubject, Observation } from './subject.ts'

export interface FieldDifference {
  readonly field: string
  readonly a: bigint
  readonly b: bigint
}

export interface LockstepOptions {
  /** How far to go. */
  readonly instructions: number
  /** Instructions between two comparisons, where both subjects can go back; 1 compares after each. */
  readonly strideInstructions?: number
  /** Fields that do not count. */
  readonly ignore?: (field: string) => boolean
  /** Bits of fields that do not count. */
  readonly ignoreBits?: ReadonlyMap<string, bigint>
  /**
   * Flags that need not agree after an instruction of a form, such as `undefinedFlags`: `a` takes them over from `b`, so that they do
   * no harm later. Then each instruction is compared. Engines of one lifting agree in all flags.
   */
  readonly freeFlags?: (form: number) => number
  /** Fields that `a` takes over from `b` before the first instruction: values that the manuals leave to the processor. */
  readonly adoptAtStart?: readonly string[]
  /** Memory that is compared at the end. */
  readonly memory?: readonly { readonly address: bigint; readonly lengthBytes: number }[]
  /** A HLT ends the comparison before it is executed. */
  readonly stopAtHlt?: boolean
}

/** How far two subjects agreed. */
export type LockstepReport =
  | {
      readonly kind: 'agree'
      readonly instructions: number
      /** Both came to their end here. */
      readonly end: Advance['end']
    }
  | {
      readonly kind: 'differ'
      /** Instructions that were retired before the one that differs. */
      readonly instructions: number
      /** Absent where stepping did not show the difference again: it depends on how far an engine ran at once. */
      readonly instruction?: CodeLine
      readonly differences: readonly FieldDifference[]
      /** Before the instruction, and both states after it. */
      readonly before: Observation
      readonly a: Observation
      readonly b: Observation
    }

/** The flags that an instruction leaves undefined, by the instruction table. */
export function undefinedFlags(form: number): number {
  return flagsUndefined(form) & STATUS_FLAGS_MASK
}

const STRIDE_INSTRUCTIONS = 10_000
/** A stretch this short is stepped through. */
const STEPPED_INSTRUCTIONS = 16
/** Iterations of one repeated string instruction. */
const MOST_ITERATIONS = 1 << 20
/** Deliveries without an instruction retired between them: the guest faults for ever. */
const MOST_DELIVERIES = 1000

const STRINGS = /^(ins|outs|movs|cmps|stos|lods|scas)/

type Restore = () => Promise<void>

/**
 * Runs `a` and `b` side by side to the first difference. Between comparisons a difference may come and go unseen: a stride of 1
 * misses none.
 */
export async function runLockstep(
  a: LockstepSubject,
  b: LockstepSubject,
  options: LockstepOptions,
): Promise<LockstepReport> {
  const pair = new Pair(a, b, options)
  await pair.adoptStart()
  const atStart = await pair.compare()
  if (atStart.differences.length > 0) return { kind: 'differ', instructions: 0, before: atStart.a, ...atStart }
  const stride = options.freeFlags !== undefined ? 1 : (options.strideInstructions ?? STRIDE_INSTRUCTIONS)
  return stride > 1 && a.checkpoint !== undefined && b.checkpoint !== undefined
    ? pair.runByStrides(options.instructions, stride)
    : pair.step(0, options.instructions)
}

/** Two subjects, and how they are compared. */
class Pair {
  readonly #a: LockstepSubject
  readonly #b: LockstepSubject
  readonly #options: LockstepOptions

  constructor(a: LockstepSubject, b: LockstepSubject, options: LockstepOptions) {
    this.#a = a
    this.#b = b
    this.#options = options
  }

  async adoptStart(): Promise<void> {
    const values = await this.#b.observe()
    for (const field of this.#options.adoptAtStart ?? []) {
      const value = values.get(field)
      if (value !== undefined) await this.#a.write(field, value)
    }
  }

  async compare(): Promise<{ a: Observation; b: Observation; differences: FieldDifference[] }> {
    const [a, b] = [await this.#a.observe(), await this.#b.observe()]
    const differences: FieldDifference[] = []
    for (const [field, value] of a) {
      const other = b.get(field)
      if (other === undefined || other === value || this.#options.ignore?.(field)) continue
      if (((value ^ other) & ~(this.#options.ignoreBits?.get(field) ?? 0n)) === 0n) continue
      differences.push({ field, a: value, b: other })
    }
    return { a, b, differences }
  }

  async #checkpoint(): Promise<Restore> {
    const [a, b] = [await this.#a.checkpoint?.(), await this.#b.checkpoint?.()]
    return async () => {
      await a?.()
      await b?.()
    }
  }

  /** @returns whether both are in the same state behind it, and how they went on */
  async #advance(instructions: number): Promise<{ readonly same: boolean; readonly a: Advance }> {
    const a = await this.#a.advance(instructions)
    const b = await this.#b.advance(instructions)
    const same = a.retired === b.retired && a.end === b.end && (await this.compare()).differences.length === 0
    return { same, a }
  }

  async runByStrides(instructions: number, stride: number): Promise<LockstepReport> {
    for (let done = 0; done < instructions; ) {
      const restore = await this.#checkpoint()
      const count = Math.min(stride, instructions - done)
      const { same, a } = await this.#advance(count)
      if (!same) return this.#bisect(done, count, restore)
      done += a.retired
      if (a.end !== undefined) return this.#finish(done, a.end)
    }
    return this.#finish(instructions)
  }

  /** Compares memory, where registers agree to the end. */
  async #finish(instructions: number, end?: Advance['end']): Promise<LockstepReport> {
    const differences: FieldDifference[] = []
    for (const { address, lengthBytes } of this.#options.memory ?? []) {
      const [a, b] = [await this.#a.readMemory(address, lengthBytes), await this.#b.readMemory(address, lengthBytes)]
      const at = a?.findIndex((byte, n) => byte !== b?.[n]) ?? -1
      if (a === null || b === null || at < 0) continue
      const field = `memory ${(address + BigInt(at)).toString(16)}`
      differences.push({ field, a: BigInt(a[at] as number), b: BigInt(b[at] as number) })
    }
    if (differences.length === 0) return { kind: 'agree', instructions, end }
    const { a, b } = await this.compare()
    return { kind: 'differ', instructions, differences, before: a, a, b }
  }

  /** The states agree at `from`, where `back` leads, and differ `count` instructions later. */
  async #bisect(from: number, count: number, back: Restore): Promise<LockstepReport> {
    let [start, length, restore] = [from, count, back]
    await restore()
    while (length > STEPPED_INSTRUCTIONS) {
      const half = length >>> 1
      const { same, a } = await this.#advance(half)
      if (same && a.retired === half) {
        restore = await this.#checkpoint()
        start += half
        length -= half
      } else {
        length = half
        await restore()
      }
    }
    const report = await this.step(start, start + length)
    if (report.kind === 'differ') return report
    await restore()
    const { a: before } = await this.compare()
    await this.#advance(length)
    return { kind: 'differ', instructions: start, before, ...(await this.compare()) }
  }

  /** Instruction by instruction, until so many are retired. */
  async step(from: number, to: number): Promise<LockstepReport> {
    let { a: before } = await this.compare()
    let deliveries = 0
    for (let done = from; done < to; ) {
      const instruction = await this.#next()
      // Debuggers of machines that have halted wait for ever.
      if (instruction.text === 'hlt' && this.#options.stopAtHlt) return this.#finish(done, 'halted')
      const advance = isRepeated(instruction) ? leave : (subject: LockstepSubject) => subject.advance(1)
      const [a, b] = [await advance(this.#a), await advance(this.#b)]
      const after = await this.#compareMasked(instruction)
      if (after.differences.length > 0 || a.end !== b.end)
        return { kind: 'differ', instructions: done, instruction, before, ...after }
      if (a.end !== undefined) return this.#finish(done, a.end)
      deliveries = a.retired === 0 ? deliveries + 1 : 0
      if (deliveries > MOST_DELIVERIES) return this.#finish(done, 'halted')
      done += a.retired
      before = after.a
    }
    return this.#finish(to)
  }

  async #next(): Promise<CodeLine> {
    const next = (await this.#a.next?.()) ?? (await this.#b.next?.())
    if (next === undefined) throw new TypeError('neither subject tells its next instruction')
    return decodeCode(next.bytes, next.address, next.bits)
  }

  async #compareMasked(instruction: CodeLine) {
    const result = await this.compare()
    const [only] = result.differences
    if (this.#options.freeFlags === undefined || result.differences.length !== 1 || only?.field !== 'eflags')
      return result
    const form = instruction.instruction?.form
    const mask = BigInt(form === undefined ? 0 : this.#options.freeFlags(form))
    const ignored = this.#options.ignoreBits?.get('eflags') ?? 0n
    if (((only.a ^ only.b) & ~(mask | ignored)) !== 0n) return result
    await this.#a.write('eflags', only.b)
    return { ...result, a: new Map([...result.a, ['eflags', only.b]]), differences: [] }
  }
}

function isRepeated({ instruction }: CodeLine): boolean {
  if (instruction === null || (instruction.prefixes & (Prefix.rep | Prefix.repne)) === 0) return false
  return STRINGS.test(formFacts(instruction.form)?.mnemonic ?? '')
}

/**
 * Executes a repeated string instruction as one: goes on until the next instruction lies elsewhere. Emulators count iterations
 * differently, and one may need another step only to find the count at zero.
 */
async function leave(subject: LockstepSubject): Promise<Advance> {
  const start = await subject.position()
  let retired = 0
  for (let n = 0; n < MOST_ITERATIONS; n++) {
    const last = await subject.advance(1)
    retired += last.retired
    if (last.end !== undefined) return { ...last, retired }
    if ((await subject.position()) !== start) break
  }
  return { retired }
}
