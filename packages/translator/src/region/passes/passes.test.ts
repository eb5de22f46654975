import { assemble } from '@ringfold/isa/assembler'
import { Decoder } from '@ringfold/isa/decoder'
import { IrCode, printIr } from '@ringfold/semantics'
import { describe, expect, it } from 'vitest'
import { findBlocks } from '../blocks.ts'
import { IrPool, liftBlocks } from '../plan.ts'
import type { LiftedBlock } from '../rewrite.ts'
import { PASSES } from './index.ts'
import type { Pass } from './pass.ts'

/** The IR of a straight piece of 64-bit code. */
function lift(text: string): LiftedBlock {
  const bytes = new Uint8Array(4096)
  bytes.set(assemble(`${text}\nhlt`, { bits: 64 }).bytes)
  const source = { bytes, entry: 0, holds: () => true, isWarm: () => true, targetsOf: () => [], mostInstructions: 100 }
  return liftBlocks(findBlocks(source, new Decoder(64)), {}, new IrPool())[0] as LiftedBlock
}

/** Its text behind passes, by name. */
function through(text: string, ...names: readonly string[]): string[] {
  let block = lift(text)
  for (const name of names) block = (PASSES.find((pass) => pass.name === name) as Pass).run(block, new IrCode())
  return printIr(block.code).split('\n')
}

describe('passes over the IR of a block', () => {
  it('have names of their own, and say what they do', () => {
    expect(new Set(PASSES.map(({ name }) => name)).size).toBe(PASSES.length)
    for (const { summary } of PASSES) expect(summary).toMatch(/^[a-z].{20,}/)
  })

  it('forward-registers: what a register was set to is not read again', () => {
    const text = 'mov rax, rbx\nmov [rdi], rax'
    expect(through(text)).toContain('v7: i64 = state.load64 #0 0x0')
    expect(through(text, 'forward-registers')).toEqual([
      'v2: i64 = state.load64 #0 0x18',
      'state.store64 #0 0x0, v2',
      'v8: i64 = state.load64 #56 0x0',
      'mem.store64 #3 v8, v2',
    ])
  })

  it('forward-registers: a write of a part is no value of the whole', () => {
    const merged = through('mov rax, rbx\nmov al, 5\nmov [rdi], rax', 'forward-registers')
    expect(merged.filter((line) => line.includes('state.load64 #0 0x0'))).toHaveLength(1)
  })

  it('forward-registers: behind a branch nothing is known', () => {
    const behind = through(
      'mov rax, rbx\ncmovz rax, rcx\nmov [rdi], rax\nbsf rdx, rax\nmov [rdi], rdx',
      'forward-registers',
    )
    expect(behind.filter((line) => line.includes('state.load64 #0 0x10')).length).toBeGreaterThan(0)
  })

  it('fold-constants: what is computed from constants is one', () => {
    const text = 'mov eax, 5\nadd eax, 3\nmov [rdi], eax'
    const folded = through(text, 'forward-registers', 'fold-constants')
    expect(folded).toEqual([
      'state.store64 #0 0x0, 0x5',
      'flags.set #6 0x5, 0x3, 0x8',
      'state.store64 #0 0x0, 0x8',
      'v17: i64 = state.load64 #56 0x0',
      'mem.store32 #3 v17, 0x8',
    ])
  })

  it('fold-constants: a comparison with 0 stays one', () => {
    expect(through('cmp rax, 0', 'fold-constants')).toEqual(through('cmp rax, 0'))
  })

  it('fold-offsets: pushes count from where the pointer was', () => {
    expect(through('push rbx\npush rbp', 'forward-registers', 'fold-offsets')).toEqual([
      'v2: i64 = state.load64 #0 0x18',
      'v3: i64 = state.load64 #32 0x0',
      'v5: i64 = i64.add v3, -0x8',
      'mem.store64 #2 v5, v2',
      'state.store64 #32 0x0, v5',
      'v10: i64 = state.load64 #0 0x28',
      'v13: i64 = i64.add v3, -0x10',
      'mem.store64 #2 v13, v10',
      'state.store64 #32 0x0, v13',
    ])
  })

  it('fold-offsets: what sets flags stays the difference of its operands', () => {
    const lines = through('push rbx\nsub rsp, 32', 'forward-registers', 'fold-offsets')
    expect(lines.join('\n')).toMatch(/(v\d+): i64 = i64\.sub (v\d+), 0x20\nflags\.set #11 \2, 0x20, \1/)
  })

  it('drop-dead-stores: a register that is written again unseen is not written', () => {
    const lines = through('mov rax, 1\nmov rax, rbx\nmov [rdi], rax\nmov rax, 2', 'drop-dead-stores')
    expect(lines.filter((line) => line.startsWith('state.store64 #0 0x0'))).toEqual([
      'state.store64 #0 0x0, v5',
      'state.store64 #0 0x0, 0x2',
    ])
  })

  it('drop-dead-stores: a write of a part sees the rest', () => {
    const lines = through('mov rax, rbx\nmov al, 1\nmov rax, rcx', 'drop-dead-stores')
    expect(lines.some((line) => line.startsWith('state.store64 #0 0x0, v'))).toBe(true)
    expect(lines.filter((line) => line.startsWith('state.store64 #0 0x0'))).toHaveLength(2)
  })
})
