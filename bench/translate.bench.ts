/**
 * The translator's own cost, from bytes to WebAssembly, by stage: `npm run -s bench -- translate [--json]`. What is translated is
 * Node's own binary: the functions that calls within a page lead to, 32 regions to a module, as hot code comes.
 */
import { readFileSync } from 'node:fs'
import process from 'node:process'
import { Decoder, Instruction, Status } from '@ringfold/isa/decoder'
import { controlFlow } from '@ringfold/isa/facts'
import { type CompiledModule, compileRegions, IrPool, type PlacedSource, STAGES } from '@ringfold/translator/codegen'
import { executableSections } from '../conformance/isa-peers/binaries.ts'
import type { RunOptions } from '../tools/named-runner.ts'
import { median } from './measure.ts'

const PAGE = 4096
const PAGES = 1500
const BATCH = 32
const ROUNDS = 5
const MOST_INSTRUCTIONS = 400

/** Places of a page that calls of the page lead to. */
function entriesOf(page: Uint8Array, decoder: Decoder): number[] {
  const found = new Set<number>()
  const i = new Instruction()
  for (let at = 0; at < PAGE - 15; at += i.length || 1) {
    if (decoder.decode(i, page, at) !== Status.ok) continue
    const target = at + i.length + i.immLo
    if (controlFlow(i.form) === 'call' && target >= 0 && target < PAGE) found.add(target)
  }
  return [...found]
}

function sources(decoder: Decoder): PlacedSource[] {
  const sections = executableSections(readFileSync(process.execPath))
  const text = sections.reduce((a, b) => (b.length > a.length ? b : a))
  const all: PlacedSource[] = []
  for (let n = 0; n < PAGES; n++) {
    const page = n * PAGE
    const bytes = text.slice(page, page + PAGE)
    for (const entry of entriesOf(bytes, decoder)) {
      const source = {
        bytes,
        entry,
        holds: () => true,
        isWarm: () => true,
        targetsOf: () => [],
        mostInstructions: MOST_INSTRUCTIONS,
      }
      all.push({ page, source })
    }
  }
  return all
}

interface Round {
  readonly instructions: number
  readonly wasmBytes: number
  readonly v8Ms: number
  readonly stageMs: Readonly<Record<string, number>>
}

function round(all: readonly PlacedSource[], decoder: Decoder): Round {
  const memory = new WebAssembly.Memory({ initial: 1 })
  const pool = new IrPool()
  const stageMs: Record<string, number> = Object.fromEntries(STAGES.map((stage) => [stage, 0]))
  let [instructions, wasmBytes, v8Ms] = [0, 0, 0]
  for (let at = 0; at < all.length; at += BATCH) {
    const compiled: CompiledModule = compileRegions(all.slice(at, at + BATCH), 8192, {
      decoder,
      address: { mode: 64, flat: true },
      lift: {},
      tlb: { read: 4096, write: 8192 },
      ram: memory,
      state: memory,
      pool,
      nowMs: () => performance.now(),
    })
    for (const stage of STAGES) stageMs[stage] = (stageMs[stage] as number) + compiled.stageMs[stage]
    instructions += compiled.regions.reduce((sum, region) => sum + (region?.instructions ?? 0), 0)
    wasmBytes += compiled.bytes.length
    const start = performance.now()
    new WebAssembly.Module(compiled.bytes as Uint8Array<ArrayBuffer>)
    v8Ms += performance.now() - start
  }
  return { instructions, wasmBytes, v8Ms, stageMs }
}

export function run({ json }: RunOptions): boolean {
  const decoder = new Decoder(64)
  const all = sources(decoder)
  const rounds = Array.from({ length: ROUNDS }, () => round(all, decoder))
  const [first] = rounds as [Round]
  const micros = (of: (r: Round) => number) => median(rounds.map((r) => (of(r) * 1000) / r.instructions))
  const byStage = Object.fromEntries(STAGES.map((stage) => [stage, micros((r) => r.stageMs[stage] as number)]))
  const sum = (r: Round) => STAGES.reduce((total, stage) => total + (r.stageMs[stage] as number), 0)
  const document = {
    regions: all.length,
    instructions: first.instructions,
    wasmBytesPerInstruction: first.wasmBytes / first.instructions,
    microsecondsPerInstruction: { ...byStage, all: micros(sum), firstRound: (sum(first) * 1000) / first.instructions },
    v8ModuleMicrosecondsPerInstruction: micros((r) => r.v8Ms),
  }
  if (json) console.log(JSON.stringify(document))
  else print(document)
  return true
}

function print(d: {
  readonly regions: number
  readonly instructions: number
  readonly wasmBytesPerInstruction: number
  readonly microsecondsPerInstruction: Readonly<Record<string, number>>
  readonly v8ModuleMicrosecondsPerInstruction: number
}): void {
  console.log(
    `${d.regions} regions, ${d.instructions} instructions, ${d.wasmBytesPerInstruction.toFixed(1)} bytes of Wasm each`,
  )
  for (const [stage, us] of Object.entries(d.microsecondsPerInstruction))
    console.log(`${stage.padEnd(12)} ${us.toFixed(2)} us an instruction`)
  console.log(`${'V8 module'.padEnd(12)} ${d.v8ModuleMicrosecondsPerInstruction.toFixed(2)} us an instruction`)
}
