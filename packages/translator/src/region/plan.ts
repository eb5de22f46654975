/** What a region knows of its blocks before it is written: lifted IR, who looks at flags, where the budget is checked. */
import { IrCode, type LiftOptions, liftInstruction, Op } from '@ringfold/semantics'
import { type Block, successors } from './blocks.ts'
import { Kind } from './flag-state.ts'
import { canLeave, isFlagOp, isRuleCall, MEMORY_STORES, STATE_STORES } from './ops.ts'
import { type FlagsInLocals, type LiftedBlock, type RewrittenBlock, rewrite } from './rewrite.ts'
import { type Shape, shapeOf } from './shape.ts'

/** Pieces of IR, used again from one translation to the next: an `IrCode` is six arrays. */
export class IrPool {
  readonly #codes: IrCode[] = []
  #taken = 0

  take(): IrCode {
    const code = this.#codes[this.#taken] ?? new IrCode()
    this.#codes[this.#taken++] = code
    code.clear()
    return code
  }

  /** What was taken is no longer in use. */
  reset(): void {
    this.#taken = 0
  }
}

export interface RegionPlan {
  readonly entry: number
  readonly blocks: readonly Block[]
  readonly shape: Shape
  readonly rewritten: readonly RewrittenBlock[]
  /** By block: instructions that must be left in the budget where the block begins; 0: it is not checked there. */
  readonly needed: Int32Array
}

/** Ops behind which an instruction cannot begin anew. */
const CHANGES: ReadonlySet<number> = new Set([
  ...STATE_STORES,
  ...MEMORY_STORES,
  ...[Op.call, Op['flags.set'], Op['flags.bits']],
])

/** Ops that reach beyond registers, flags and memory: the interpreter executes their instructions. */
const OUTSIDE: ReadonlySet<number> = new Set([Op.repeat, Op.external, Op.leave, Op.transfer])

/** Stage "lift": the IR of each block, up to what a region cannot hold. */
export function liftBlocks(blocks: readonly Block[], options: LiftOptions, pool: IrPool): LiftedBlock[] {
  return blocks.map((block) => {
    const code = pool.take()
    const starts: number[] = []
    for (const [n, { decoded, place }] of block.instructions.entries()) {
      const start = code.length
      const isInside = liftInstruction(decoded, code, options) && !reachesOutside(code, start)
      if (!isInside) {
        code.length = start
        const instructions = block.instructions.slice(0, n)
        return { block: { ...block, instructions, terminator: { kind: 'exit', place, from: -1 } }, code, starts }
      }
      starts.push(start)
    }
    return { block, code, starts }
  })
}

/**
 * Routines stay in a region: they touch neither general registers nor flags nor memory. Rules and helpers of the host may do anything;
 * where they are called on one way only, before anything has changed, the region is left on that way.
 */
function reachesOutside(code: IrCode, start: number): boolean {
  let depth = 0
  let hasChanged = false
  /** The same where the outermost `if` began: its other way begins with that again. */
  let hadChanged = false
  for (let n = start; n < code.length; n++) {
    const op = code.op[n] as number
    if (OUTSIDE.has(op)) return true
    if (op === Op.if || op === Op.loop) {
      if (depth++ === 0) hadChanged = hasChanged
    } else if (op === Op.end) depth--
    else if (op === Op.else) hasChanged = depth > 1 ? hasChanged : hadChanged
    else if (isRuleCall(code, n)) {
      if (depth !== 1 || hasChanged) return true
    } else if (CHANGES.has(op)) hasChanged = true
  }
  return false
}

/** Stage "passes": structure, liveness of flags, and the IR of each block over the locals of the region. */
export function planRegion(lifted: readonly LiftedBlock[], pool: IrPool): RegionPlan {
  const blocks = lifted.map(({ block }) => block)
  const targets = blocks.map(successors)
  const shape = shapeOf(
    targets,
    blocks.map(({ terminator }) => terminator.kind === 'switch'),
  )
  const checked = checkpoints(blocks, shape)
  const live = liveFlags(lifted, targets, shape, checked)
  const predecessors = predecessorsOf(targets, shape)
  const rewritten: RewrittenBlock[] = []
  const entry = (blocks[0] as Block).start
  for (const n of shape.order) {
    // A block that leaves the region may have instructions before it does.
    const isLeft = blocks[n]?.terminator.kind === 'exit'
    const flagsLive = isLeft || (targets[n] as number[]).some((to) => live[to] === 1)
    const flagsAtStart = flagsAt(n, predecessors[n] as number[], blocks, rewritten)
    rewritten[n] = rewrite(lifted[n] as LiftedBlock, { entry, flagsAtStart, flagsLive, code: pool.take() })
  }
  return { entry, blocks, shape, rewritten, needed: neededBudget(blocks, targets, shape, checked) }
}

function predecessorsOf(targets: readonly (readonly number[])[], shape: Shape): number[][] {
  const predecessors: number[][] = targets.map(() => [])
  for (const n of shape.order) for (const to of targets[n] as number[]) (predecessors[to] as number[]).push(n)
  return predecessors
}

/** What the locals of the flags hold at the start of a block, where one way leads to it. */
function flagsAt(
  n: number,
  predecessors: readonly number[],
  blocks: readonly Block[],
  done: readonly RewrittenBlock[],
): FlagsInLocals {
  const inState = { kind: Kind.inState, bits: 64 } as const
  if (n === 0) return predecessors.length === 0 ? inState : null
  const [from] = predecessors
  if (predecessors.length !== 1 || from === undefined) return null
  if (blocks[from]?.terminator.kind === 'call') return inState
  return done[from]?.flagsAtEnd ?? null
}

/** Blocks that check the budget: the entry, loop headers, and where calls return. From one to the next there is no loop. */
function checkpoints(blocks: readonly Block[], shape: Shape): Uint8Array {
  const checked = Uint8Array.from(shape.isLoopHeader)
  checked[0] = 1
  for (const { terminator } of blocks) if (terminator.kind === 'call') checked[terminator.returnsTo] = 1
  return checked
}

/** The longest way from each checkpoint to the next. */
function neededBudget(
  blocks: readonly Block[],
  targets: readonly (readonly number[])[],
  shape: Shape,
  checked: Uint8Array,
): Int32Array {
  const longest = new Int32Array(blocks.length)
  for (const n of [...shape.order].reverse()) {
    let rest = 0
    for (const to of targets[n] as number[]) if (checked[to] === 0) rest = Math.max(rest, longest[to] as number)
    longest[n] = (blocks[n] as Block).instructions.length + rest
  }
  return longest.map((length, n) => (checked[n] === 1 ? length : 0))
}

/** For each block, whether flags from before it can be seen in it or behind it. */
function liveFlags(
  lifted: readonly LiftedBlock[],
  targets: readonly (readonly number[])[],
  shape: Shape,
  checked: Uint8Array,
): Uint8Array {
  const live = Uint8Array.from(checked)
  const own = lifted.map(flagsSeen)
  for (let changed = true; changed; ) {
    changed = false
    for (const n of [...shape.order].reverse()) {
      if (live[n] === 1) continue
      const seen = own[n] ?? (targets[n] as number[]).some((to) => live[to] === 1)
      if (!seen) continue
      live[n] = 1
      changed = true
    }
  }
  return live
}

/** Whether a block looks at the flags that it begins with, or overwrites them first; undefined: neither. */
function flagsSeen({ block, code }: LiftedBlock): boolean | undefined {
  for (let n = 0; n < code.length; n++) {
    const op = code.op[n] as number
    if (op === Op['flags.set']) {
      const kind = (code.imm[n] as number) >> 2
      return kind > Kind.logic
    }
    // Static jumps cannot fault; the conditions before them look at flags.
    if (isFlagOp(op) || (canLeave(op) && op !== Op.jump)) return true
    if (op === Op.jump && block.terminator.kind !== 'next') return true
  }
  const { kind } = block.terminator
  return kind === 'exit' || kind === 'dynamic' || kind === 'call' ? true : undefined
}
