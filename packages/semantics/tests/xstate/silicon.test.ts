import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ACCESS_RIGHTS, CR0, CR4, createState, EFER, FIELD, SEGMENT } from '@ringfold/arch'
import { aloneHost, cpuModel, FlatLinearMemory, type RuleContext, withFeatures } from '@ringfold/rings'
import { describe, expect, it } from 'vitest'
import { callHelper, helperNumber } from '../../src/helpers/index.ts'

const seed = Number(process.env.RINGFOLD_SEED ?? Date.now() & 0x7fffffff)
const ROUNDS = 3000

/** Where the fields of a record stand (native.c). */
const RECORD = { bytes: 2112, restore: 0, save: 1, wide: 2, mask: 4, faulted: 8, source: 64, target: 1088 } as const
const AREA_BYTES = 1024
const HEADER = 512
const RESTORES = ['fxrstor', 'xrstor'] as const
const SAVES = ['fxsave', 'xsave', 'xsaveopt', 'xsavec'] as const

/**
 * Which state is in use, and what becomes of x87 pointers, differs between processors; our AMD model follows those that this was
 * first measured on.
 */
function missing(): string | null {
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'the host is no x86-64 Linux'
  const cpu = readFileSync('/proc/cpuinfo', 'utf8')
  if (!cpu.includes('AuthenticAMD')) return 'the host is no AMD processor'
  if (!/\bavx\b/.test(cpu) || !/\bxsavec\b/.test(cpu) || /\bavx512f\b/.test(cpu)) return 'the host has other components'
  return spawnSync('gcc', ['--version']).status === 0 ? null : 'gcc is absent'
}

/** mulberry32. */
function seeded(start: number): () => number {
  let a = start
  return () => {
    a = (a + 0x6d2b79f5) | 0
    let t = Math.imul(a ^ (a >>> 15), a | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return (t ^ (t >>> 14)) >>> 0
  }
}

type Random = () => number
const oneIn = (next: Random, n: number): boolean => next() % n === 0

/** An area to restore from: sparse bytes, whole components at rest, mostly a good header. */
function drawArea(next: Random, area: Uint8Array): void {
  const view = new DataView(area.buffer, area.byteOffset)
  for (let n = 0; n < AREA_BYTES; n++) area[n] = oneIn(next, 3) ? next() : 0
  if (oneIn(next, 3)) area.fill(0, 160, 416)
  if (oneIn(next, 3)) area.fill(0, 576, 832)
  if (oneIn(next, 3)) {
    area.fill(0, 0, 160)
    view.setUint16(0, 0x37f, true)
  }
  view.setUint32(24, oneIn(next, 4) ? 0x1f80 : next() & (oneIn(next, 12) ? 0x1ffff : 0xffff), true)
  area.fill(0, HEADER, HEADER + 64)
  const components = () => (oneIn(next, 2) ? 7 : next() & 7)
  view.setUint32(HEADER, components() | (oneIn(next, 20) ? 8 : 0), true)
  if (oneIn(next, 2)) {
    view.setUint32(HEADER + 8, components(), true)
    view.setUint32(HEADER + 12, oneIn(next, 10) ? 0x80000001 : 0x80000000, true)
  } else if (oneIn(next, 16)) area[HEADER + 8] = 1
  if (oneIn(next, 16)) area[HEADER + 16 + (next() % 48)] = 1
}

function draw(next: Random): Uint8Array {
  const record = new Uint8Array(RECORD.bytes)
  const view = new DataView(record.buffer)
  record[RECORD.restore] = oneIn(next, 4) ? 0 : 1
  record[RECORD.save] = next() & 3
  record[RECORD.wide] = next() & 1
  view.setUint32(RECORD.mask, oneIn(next, 4) ? 7 : next() & 7, true)
  drawArea(next, record.subarray(RECORD.source, RECORD.source + AREA_BYTES))
  record.fill(0xcc, RECORD.target)
  record.fill(0, RECORD.target + HEADER, RECORD.target + HEADER + 64)
  if (oneIn(next, 2)) view.setUint32(RECORD.target + HEADER, next(), true)
  return record
}

function runNative(records: readonly Uint8Array[]): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), 'ringfold-xstate-'))
  try {
    const program = join(folder, 'native')
    const source = join(import.meta.dirname, 'native.c')
    const compiled = spawnSync('gcc', ['-O1', '-mno-red-zone', '-o', program, source], { encoding: 'utf8' })
    if (compiled.status !== 0) throw new Error(`gcc: ${compiled.stderr}`)
    const { status, stdout } = spawnSync(program, { input: Buffer.concat(records), maxBuffer: 1 << 28 })
    if (status !== 0) throw new Error(`the native program ended with ${status}`)
    return new Uint8Array(stdout)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const SOURCE = 0x1000
const TARGET = 0x2000

/** 64-bit mode with AVX enabled. */
class Machine {
  readonly state = createState()
  readonly linear = new FlatLinearMemory(this.state, 0x3000)
  readonly #ctx: RuleContext

  constructor() {
    const { state, linear } = this
    const model = withFeatures(cpuModel('x86-64-v2-amd'), '+XSAVEOPT,+XSAVEC,+XGETBV_ECX1,+AVX,+MISALIGN_SSE')
    this.#ctx = { state, linear, model, host: aloneHost() }
    const { S, P, L } = ACCESS_RIGHTS.lo
    state.setLo(FIELD.cr0, CR0.lo.PE)
    state.setLo(FIELD.cr4, CR4.lo.OSFXSR | CR4.lo.OSXSAVE)
    state.setLo(FIELD.efer, EFER.lo.LMA | EFER.lo.LME)
    state.setLo(FIELD.segAccess, S | P | L | 11, SEGMENT.CS)
    state.setLo(FIELD.xcr0, 7)
  }

  #call(helper: string, at: number, wide: number, mask: number): boolean {
    this.state.set(FIELD.rax, mask, 0)
    this.state.set(FIELD.helperArgument, at, 0)
    return callHelper(helperNumber(helper), this.#ctx, SEGMENT.DS, wide, 0) === 0
  }

  /** The target area as text, or 'fault'. */
  run(record: Uint8Array): string {
    const { bytes } = this.linear
    bytes.fill(0, SOURCE, SOURCE + AREA_BYTES)
    new DataView(bytes.buffer).setUint32(SOURCE + 24, 0x1f80, true)
    expect(this.#call('xrstor', SOURCE, 1, 7)).toBe(true)
    bytes.set(record.subarray(RECORD.source, RECORD.source + AREA_BYTES), SOURCE)
    bytes.set(record.subarray(RECORD.target, RECORD.target + AREA_BYTES), TARGET)
    const [restore, save] = [RESTORES[record[RECORD.restore] as 0 | 1], SAVES[record[RECORD.save] as 0 | 1]]
    const wide = record[RECORD.wide] as number
    const mask = record[RECORD.mask] as number
    if (!this.#call(restore, SOURCE, wide, mask) || !this.#call(save, TARGET, wide, mask)) return 'fault'
    return text(bytes.subarray(TARGET, TARGET + AREA_BYTES))
  }
}

const text = (area: Uint8Array): string => Buffer.from(area).toString('hex')

const nativeText = (outcome: Uint8Array): string =>
  outcome[RECORD.faulted] !== 0 ? 'fault' : text(outcome.subarray(RECORD.target, RECORD.target + AREA_BYTES))

const why = missing()

describe.skipIf(why !== null)(
  `saving and restoring of state against this processor (RINGFOLD_SEED=${seed}; ${why ?? 'it can be asked'})`,
  () => {
    it(`leaves the same bytes and faults, in ${ROUNDS} pairs of a restore and a save`, () => {
      const next = seeded(seed)
      const records = Array.from({ length: ROUNDS }, () => draw(next))
      const outcomes = runNative(records)
      const machine = new Machine()
      let faults = 0
      records.forEach((record, n) => {
        const theirs = nativeText(outcomes.subarray(n * RECORD.bytes, (n + 1) * RECORD.bytes))
        if (theirs === 'fault') faults++
        const [restore, save] = [RESTORES[record[RECORD.restore] as 0], SAVES[record[RECORD.save] as 0]]
        expect(machine.run(record), `${n}: ${restore}, ${save}, REX.W ${record[RECORD.wide]}`).toBe(theirs)
      })
      expect(faults).toBeLessThan(ROUNDS / 2)
    })
  },
)
