/** The structure of a control-flow graph: reverse postorder, dominators, loops. Blocks are numbers; block 0 is the entry. */

export interface Shape {
  /** Blocks in reverse postorder: the entry first; those that cannot be reached are missing. */
  readonly order: readonly number[]
  /** Position of each block in the order, -1 where it cannot be reached. */
  readonly position: Int32Array
  /** Immediate dominator of each block. */
  readonly dominator: Int32Array
  readonly isLoopHeader: Uint8Array
  /** More than one way leads forward to it, or a table does: it stands behind a Wasm block. */
  readonly isMerge: Uint8Array
  /** Every loop has one entry. Else there is no structure, only a dispatcher. */
  readonly isReducible: boolean
}

/** Blocks in reverse postorder from block 0 on. The last successor is visited first, so that fallthroughs come next in the order. */
function reversePostorder(successors: readonly (readonly number[])[]): number[] {
  const order: number[] = []
  const seen = new Uint8Array(successors.length)
  const stack: { block: number; next: number }[] = [{ block: 0, next: 0 }]
  seen[0] = 1
  for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
    const targets = successors[top.block] as readonly number[]
    const to = targets[targets.length - 1 - top.next++]
    if (to === undefined) {
      order.push(top.block)
      stack.pop()
    } else if (seen[to] === 0) {
      seen[to] = 1
      stack.push({ block: to, next: 0 })
    }
  }
  return order.reverse()
}

/** Immediate dominators by iteration over the order (Cooper, Harvey, Kennedy, "A Simple, Fast Dominance Algorithm"). */
function dominators(order: readonly number[], position: Int32Array, predecessors: readonly number[][]): Int32Array {
  const dominator = new Int32Array(position.length).fill(-1)
  dominator[0] = 0
  const meet = (a: number, b: number): number => {
    let [x, y] = [a, b]
    while (x !== y) {
      while ((position[x] as number) > (position[y] as number)) x = dominator[x] as number
      while ((position[y] as number) > (position[x] as number)) y = dominator[y] as number
    }
    return x
  }
  for (let changed = true; changed; ) {
    changed = false
    for (const block of order.slice(1)) {
      let found = -1
      for (const from of predecessors[block] as number[])
        if ((dominator[from] as number) >= 0) found = found < 0 ? from : meet(from, found)
      if (dominator[block] !== found) {
        dominator[block] = found
        changed = true
      }
    }
  }
  return dominator
}

/** `targets[n]`: successors of block `n`; `byTable[n]`: it reaches them through a table. */
export function shapeOf(targets: readonly (readonly number[])[], byTable: readonly boolean[]): Shape {
  const order = reversePostorder(targets)
  const position = new Int32Array(targets.length).fill(-1)
  order.forEach((block, n) => {
    position[block] = n
  })
  const predecessors: number[][] = targets.map(() => [])
  for (const block of order) for (const to of targets[block] as number[]) predecessors[to]?.push(block)
  const dominator = dominators(order, position, predecessors)
  const dominates = (a: number, b: number): boolean => {
    let at = b
    while ((position[at] as number) > (position[a] as number)) at = dominator[at] as number
    return at === a
  }
  const isLoopHeader = new Uint8Array(targets.length)
  const isMerge = new Uint8Array(targets.length)
  let isReducible = true
  for (const to of order) {
    let forward = 0
    for (const from of predecessors[to] as number[]) {
      if ((position[from] as number) < (position[to] as number)) forward += byTable[from] === true ? 2 : 1
      else {
        isLoopHeader[to] = 1
        isReducible &&= dominates(to, from)
      }
    }
    if (forward > 1) isMerge[to] = 1
  }
  return { order, position, dominator, isLoopHeader, isMerge, isReducible }
}

/** Headers of the loops around a block, its own not counted: a header dominates the block, which reaches back to it. */
export function enclosingLoops(shape: Shape, targets: readonly (readonly number[])[], block: number): number[] {
  const headers: number[] = []
  for (let at = block; at !== 0; ) {
    at = shape.dominator[at] as number
    if (shape.isLoopHeader[at] === 1 && reaches(targets, block, at, shape)) headers.push(at)
  }
  return headers
}

/** Whether control can go from a block to a header without leaving what the header dominates. */
function reaches(targets: readonly (readonly number[])[], from: number, header: number, shape: Shape): boolean {
  const seen = new Set<number>([from])
  for (const block of seen)
    for (const to of targets[block] as readonly number[]) {
      if (to === header) return true
      if ((shape.position[to] as number) > (shape.position[header] as number)) seen.add(to)
    }
  return false
}
