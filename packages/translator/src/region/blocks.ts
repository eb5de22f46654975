/** From the bytes of one page to the basic blocks of a region. Places are offsets in the page. */
import { type Decoder, Instruction, Status } from '@ringfold/isa/decoder'
import { type ControlFlow, controlFlow } from '@ringfold/isa/facts'

const PAGE_BYTES = 4096

export interface RegionSource {
  /** The page. */
  readonly bytes: Uint8Array
  readonly entry: number
  /** Whether a region may hold the instruction; it ends before others. */
  readonly holds: (i: Instruction) => boolean
  /** Whether it is worth while to go on at a place: one that a direct jump leads to, or that stands behind a conditional jump or call. */
  readonly isWarm: (place: number, isTarget: boolean) => boolean
  /** Places of the page that the indirect jump at a place was seen to go to. */
  readonly targetsOf: (place: number) => readonly number[]
  /** Instructions that it does not exceed. */
  readonly mostInstructions: number
}

/** How a block ends. Numbers are of blocks. */
export type Terminator =
  | { readonly kind: 'next'; readonly to: number }
  | { readonly kind: 'branch'; readonly taken: number; readonly otherwise: number }
  /** To a place of the page, or to where the block's jump has computed (-1). */
  | { readonly kind: 'call'; readonly target: number; readonly returnsTo: number }
  /** An indirect jump, by the targets that it was seen to take; for another one the region is left. */
  | { readonly kind: 'switch'; readonly targets: readonly number[] }
  /** Leaves the region for what the block's jump has computed. */
  | { readonly kind: 'dynamic' }
  /** Leaves the region for a place; `from`: by the conditional jump there, out of the page, so that the target is to be checked. */
  | { readonly kind: 'exit'; readonly place: number; readonly from: number }

export interface Block {
  readonly start: number
  readonly instructions: readonly PlacedInstruction[]
  readonly terminator: Terminator
}

export interface PlacedInstruction {
  readonly place: number
  /** Place of the next instruction. */
  readonly end: number
  readonly decoded: Instruction
  readonly flow: ControlFlow
  /** Where a direct branch goes. */
  readonly target: number
}

/** Whether a place lies in the page. */
export const isInPage = (place: number): boolean => place >= 0 && place < PAGE_BYTES

/** Blocks of a region, the entry first. */
export function findBlocks(source: RegionSource, decoder: Decoder): Block[] {
  return new BlockFinder(source, decoder).find()
}

const DIRECT: ReadonlySet<ControlFlow> = new Set(['jmp', 'jcc', 'loop', 'call'])
const STRUCTURED: ReadonlySet<ControlFlow> = new Set(['next', 'jmp', 'jcc', 'loop', 'call', 'jmpind', 'callind', 'ret'])
/** What ends blocks that leave the region, or come back from a call. */
const NO_JUMP = -1

class BlockFinder {
  readonly #source: RegionSource
  readonly #decoder: Decoder
  readonly #instructions = new Map<number, PlacedInstruction>()
  readonly #leaders = new Set<number>()
  /** Leaders from which is gone on. */
  readonly #led = new Set<number>()
  readonly #work: number[] = []
  /** Numbers of blocks: by place, and those of conditional jumps out of the page by the jump's. */
  readonly #numbers = new Map<number, number>()
  readonly #leaving = new Map<number, number>()
  readonly #found: { readonly start: number; readonly from: number }[] = []

  constructor(source: RegionSource, decoder: Decoder) {
    this.#source = source
    this.#decoder = decoder
  }

  find(): Block[] {
    this.#leaders.add(this.#source.entry)
    this.#work.push(this.#source.entry)
    // Breadth first, so that a limit cuts off what is far away.
    for (let n = 0; n < this.#work.length; n++) this.#scan(this.#work[n] as number)
    this.#number(this.#source.entry)
    const blocks: Block[] = []
    for (let n = 0; n < this.#found.length; n++) {
      const { start, from } = this.#found[n] as { start: number; from: number }
      blocks.push(from >= 0 ? leaving(start, from) : this.#block(start))
    }
    return blocks
  }

  #lead(place: number, isTarget: boolean): void {
    this.#leaders.add(place)
    if (this.#led.has(place) || !isInPage(place) || !this.#source.isWarm(place, isTarget)) return
    this.#led.add(place)
    this.#work.push(place)
  }

  /** Decodes from a leader on, to the end of the straight piece. */
  #scan(start: number): void {
    for (let place = start; isInPage(place) && !this.#instructions.has(place); ) {
      const isFull = this.#instructions.size >= this.#source.mostInstructions
      const i = isFull ? undefined : this.#decode(place)
      if (i === undefined) {
        this.#leaders.add(place)
        return
      }
      this.#instructions.set(place, i)
      if (i.flow !== 'next') {
        this.#follow(i)
        return
      }
      place = i.end
    }
  }

  #follow({ flow, place, target, end }: PlacedInstruction): void {
    if (flow === 'jmpind') for (const seen of this.#source.targetsOf(place)) this.#lead(seen, true)
    if (flow === 'jcc' || flow === 'loop' || flow === 'call' || flow === 'callind') this.#lead(end, false)
    if (flow === 'jmp' || flow === 'jcc' || flow === 'loop') this.#lead(target, true)
  }

  /** The instruction at a place, if a region can hold it: the interpreter executes others. */
  #decode(place: number): PlacedInstruction | undefined {
    const decoded = new Instruction()
    const { bytes, holds } = this.#source
    if (this.#decoder.decode(decoded, bytes, place) !== Status.ok) return undefined
    const flow = controlFlow(decoded.form)
    if (!STRUCTURED.has(flow) || !holds(decoded)) return undefined
    const end = place + decoded.length
    if (!DIRECT.has(flow)) return { place, end, decoded, flow, target: NO_JUMP }
    // Targets that are cut to 16 bits are the interpreter's.
    if (decoded.operandSize < decoded.mode) return undefined
    return { place, end, decoded, flow, target: end + decoded.immLo }
  }

  #number(place: number, from = NO_JUMP): number {
    const numbers = from >= 0 ? this.#leaving : this.#numbers
    const key = from >= 0 ? from : place
    const known = numbers.get(key)
    if (known !== undefined) return known
    numbers.set(key, this.#found.length)
    return this.#found.push({ start: place, from }) - 1
  }

  #block(start: number): Block {
    const instructions: PlacedInstruction[] = []
    let place = start
    while (place === start || !this.#leaders.has(place)) {
      const i = isInPage(place) ? this.#instructions.get(place) : undefined
      if (i === undefined) break
      instructions.push(i)
      if (i.flow !== 'next') return { start, instructions, terminator: this.#terminator(i) }
      place = i.end
    }
    const terminator: Terminator =
      instructions.length === 0 ? { kind: 'exit', place, from: NO_JUMP } : { kind: 'next', to: this.#number(place) }
    return { start, instructions, terminator }
  }

  #terminator({ flow, place, target, end }: PlacedInstruction): Terminator {
    switch (flow) {
      case 'jmp':
        return isInPage(target) ? { kind: 'next', to: this.#number(target) } : { kind: 'dynamic' }
      case 'jcc':
      case 'loop': {
        const otherwise = this.#number(end)
        const taken = isInPage(target) ? this.#number(target) : this.#number(target, place)
        return { kind: 'branch', taken, otherwise }
      }
      case 'call':
      case 'callind':
        return { kind: 'call', target: isInPage(target) ? target : -1, returnsTo: this.#number(end) }
      case 'jmpind': {
        const targets = this.#source.targetsOf(place).map((seen) => this.#number(seen))
        return targets.length === 0 ? { kind: 'dynamic' } : { kind: 'switch', targets }
      }
      default:
        return { kind: 'dynamic' }
    }
  }
}

/** A block behind a conditional jump out of the page. */
const leaving = (place: number, from: number): Block => ({
  start: place,
  instructions: [],
  terminator: { kind: 'exit', place, from },
})

/** Numbers of the blocks to which control goes on within the region. */
export function successors({ terminator }: Block): readonly number[] {
  switch (terminator.kind) {
    case 'next':
      return [terminator.to]
    case 'branch':
      return terminator.taken === terminator.otherwise ? [terminator.taken] : [terminator.otherwise, terminator.taken]
    case 'call':
      return [terminator.returnsTo]
    case 'switch':
      return terminator.targets
    default:
      return []
  }
}
