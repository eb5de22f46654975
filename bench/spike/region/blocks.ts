/** Stage "decode": from bytes of one page to basic blocks. Places are offsets in the page. */
import { type Decoder, Instruction, Status } from '@ringfold/isa/decoder'
import { type ControlFlow, controlFlow } from '@ringfold/isa/facts'
import { isLifted } from '@ringfold/semantics'

const PAGE_BYTES = 4096
/** What more instructions a region does not take in. */
const MAX_INSTRUCTIONS = 1000

export interface RegionSource {
  /** The page. */
  readonly bytes: Uint8Array
  readonly entry: number
  /** Where the region ends although it could go on: headers of loops around it, which have regions of their own. */
  readonly stops: ReadonlySet<number>
  /** Targets in the page that indirect jumps at a place have been seen to take. */
  readonly observedTargets: (place: number) => readonly number[]
}

/** How a block ends. Numbers are of blocks. */
export type Terminator =
  | { readonly kind: 'next'; readonly to: number }
  | { readonly kind: 'branch'; readonly taken: number; readonly otherwise: number }
  /** An indirect jump, by the targets that it was seen to take; for another one the region is left. */
  | { readonly kind: 'switch'; readonly targets: readonly number[] }
  | { readonly kind: 'call'; readonly target: number; readonly returnsTo: number }
  /** Leaves the region for what the block's jump has computed. */
  | { readonly kind: 'dynamic' }
  /** Leaves the region for a place. */
  | { readonly kind: 'exit'; readonly place: number }

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

/** Blocks of a region, the entry first. */
export function findBlocks(source: RegionSource, decoder: Decoder): Block[] {
  return new BlockFinder(source, decoder).find()
}

const DIRECT: ReadonlySet<ControlFlow> = new Set(['jmp', 'jcc', 'loop', 'call'])
const STRUCTURED: ReadonlySet<ControlFlow> = new Set(['next', 'jmp', 'jcc', 'loop', 'call', 'jmpind', 'callind', 'ret'])

class BlockFinder {
  readonly #source: RegionSource
  readonly #decoder: Decoder
  readonly #instructions = new Map<number, PlacedInstruction>()
  readonly #leaders = new Set<number>()
  readonly #work: number[] = []

  constructor(source: RegionSource, decoder: Decoder) {
    this.#source = source
    this.#decoder = decoder
  }

  find(): Block[] {
    this.#lead(this.#source.entry)
    for (let place = this.#work.pop(); place !== undefined; place = this.#work.pop()) this.#scan(place)
    return this.#cut()
  }

  #lead(place: number): void {
    if (this.#leaders.has(place)) return
    this.#leaders.add(place)
    this.#work.push(place)
  }

  /** Whether control may go on at a place within the region. */
  #isInside(place: number): boolean {
    return place >= 0 && place < PAGE_BYTES && !this.#source.stops.has(place)
  }

  /** Decodes from a leader on, to the end of the straight piece. */
  #scan(start: number): void {
    for (let place = start; this.#isInside(place) && !this.#instructions.has(place); ) {
      const i = this.#instructions.size < MAX_INSTRUCTIONS ? this.#decode(place) : undefined
      if (i === undefined) {
        this.#lead(place)
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
    if (flow === 'jmp' || flow === 'jcc' || flow === 'loop') this.#lead(target)
    if (flow === 'jcc' || flow === 'loop' || flow === 'call') this.#lead(end)
    if (flow === 'jmpind') for (const seen of this.#source.observedTargets(place)) this.#lead(seen)
  }

  /** The instruction at a place, if a region can hold it: the interpreter executes others. */
  #decode(place: number): PlacedInstruction | undefined {
    const decoded = new Instruction()
    if (this.#decoder.decode(decoded, this.#source.bytes, place) !== Status.ok || !isLifted(decoded)) return undefined
    const flow = controlFlow(decoded.form)
    if (!STRUCTURED.has(flow)) return undefined
    const end = place + decoded.length
    return { place, end, decoded, flow, target: DIRECT.has(flow) ? end + decoded.immLo : -1 }
  }

  #cut(): Block[] {
    const numbers = new Map<number, number>()
    const starts: number[] = []
    const number = (place: number): number => {
      const known = numbers.get(place)
      if (known !== undefined) return known
      numbers.set(place, starts.length)
      return starts.push(place) - 1
    }
    number(this.#source.entry)
    const blocks: Block[] = []
    for (let n = 0; n < starts.length; n++) blocks.push(this.#block(starts[n] as number, number))
    return blocks
  }

  #block(start: number, number: (place: number) => number): Block {
    const instructions: PlacedInstruction[] = []
    let place = start
    while (place === start || !this.#leaders.has(place)) {
      const i = this.#isInside(place) ? this.#instructions.get(place) : undefined
      if (i === undefined) break
      instructions.push(i)
      if (i.flow !== 'next') return { start, instructions, terminator: this.#terminator(i, number) }
      place = i.end
    }
    const terminator: Terminator =
      instructions.length === 0 ? { kind: 'exit', place } : { kind: 'next', to: number(place) }
    return { start, instructions, terminator }
  }

  #terminator({ flow, place, target, end }: PlacedInstruction, number: (place: number) => number): Terminator {
    switch (flow) {
      case 'jmp':
        return { kind: 'next', to: number(target) }
      case 'jcc':
      case 'loop':
        return { kind: 'branch', taken: number(target), otherwise: number(end) }
      case 'call':
        return { kind: 'call', target, returnsTo: number(end) }
      case 'jmpind': {
        const targets = this.#source.observedTargets(place).map(number)
        return targets.length === 0 ? { kind: 'dynamic' } : { kind: 'switch', targets }
      }
      default:
        return { kind: 'dynamic' }
    }
  }
}

/** Numbers of the blocks to which control goes on within the region. */
export function successors({ terminator }: Block): readonly number[] {
  switch (terminator.kind) {
    case 'next':
      return [terminator.to]
    case 'branch':
      return terminator.taken === terminator.otherwise ? [terminator.taken] : [terminator.otherwise, terminator.taken]
    case 'switch':
      return terminator.targets
    case 'call':
      return [terminator.returnsTo]
    default:
      return []
  }
}
