import { describe, expect, it } from 'vitest'
import { enclosingLoops, shapeOf } from '../src/region/shape.ts'
import { generator } from './random.ts'

type Graph = readonly (readonly number[])[]

const shape = (graph: Graph) =>
  shapeOf(
    graph,
    graph.map(() => false),
  )

/** Blocks that can be reached from block 0 without going through `without`. */
function reachable(graph: Graph, without = -1): Set<number> {
  const seen = new Set<number>(without === 0 ? [] : [0])
  for (const block of seen) for (const to of graph[block] as readonly number[]) if (to !== without) seen.add(to)
  return seen
}

const randomGraph = (seed: number): Graph => {
  const word = generator(seed)
  const next = (n: number) => word() % n
  const blocks = 1 + next(12)
  return Array.from({ length: blocks }, () => Array.from({ length: next(3) }, () => next(blocks)))
}

describe('the structure of a control-flow graph', () => {
  it('of nested loops: both headers, outermost last', () => {
    // 0 -> 1 -> 2 -> 2, 2 -> 3 -> 1, 3 -> 4
    const graph = [[1], [2], [3, 2], [4, 1], []]
    const { isLoopHeader, isReducible, dominator } = shape(graph)
    expect([...isLoopHeader]).toEqual([0, 1, 1, 0, 0])
    expect([...dominator]).toEqual([0, 0, 1, 2, 3])
    expect(isReducible).toBe(true)
    expect(enclosingLoops(shape(graph), graph, 2)).toEqual([1])
    expect(enclosingLoops(shape(graph), graph, 4)).toEqual([])
  })

  it('of a diamond: where its ways meet is a merge', () => {
    const { isMerge, isLoopHeader, dominator } = shape([[1, 2], [3], [3], []])
    expect([...isMerge]).toEqual([0, 0, 0, 1])
    expect([...isLoopHeader]).toEqual([0, 0, 0, 0])
    expect(dominator[3]).toBe(0)
  })

  it('of a loop with two entries: it is irreducible', () => {
    expect(shape([[1, 2], [2], [1, 3], []]).isReducible).toBe(false)
  })

  it('of a table: each of its targets stands behind a block', () => {
    const { isMerge } = shapeOf([[1, 2], [], []], [true, false, false])
    expect([...isMerge]).toEqual([0, 1, 1])
  })

  it('leaves out what cannot be reached', () => {
    const { order, position } = shape([[2], [2], []])
    expect(order).toEqual([0, 2])
    expect(position[1]).toBe(-1)
  })

  it('of random graphs (seeds 1 to 500): an order of what is reached, and dominators as their definition says', () => {
    for (let seed = 1; seed <= 500; seed++) {
      const graph = randomGraph(seed)
      const { order, dominator, position, isLoopHeader } = shape(graph)
      expect(new Set(order), `seed ${seed}`).toEqual(reachable(graph))
      for (const block of order) {
        // A dominator is what every way from the entry leads through; the immediate one comes last of them in the order.
        const through = order.filter((other) => other !== block && !reachable(graph, other).has(block))
        const last = Math.max(-1, ...through.map((other) => position[other] as number))
        if (block !== 0) expect(dominator[block], `seed ${seed}, block ${block}`).toBe(order[last])
        const isBackTarget = order.some(
          (from) => (position[from] as number) >= (position[block] as number) && graph[from]?.includes(block),
        )
        expect(isLoopHeader[block] === 1, `seed ${seed}, block ${block}`).toBe(isBackTarget)
      }
    }
  })
})
