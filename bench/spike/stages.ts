/** What translation costs, stage by stage. */
import { hrtime } from 'node:process'
import { FIELD } from '@ringfold/arch'
import { type Profile, RegionEngine } from './engine.ts'
import type { Image } from './image.ts'
import { SpikeMachine } from './machine.ts'
import { exportName, STAGES } from './region/compile.ts'

const PAGE_BYTES = 4096
/** Translations of the same code: the first ones for V8's compilers, the rest measured. */
const WARM_UP = 600
const ROUNDS = 60

export interface StageTime {
  readonly stage: string
  readonly usPerInstruction: number
  readonly usPerKilobyte: number
  /** Of the very first translation in the process, V8's compilers being cold. */
  readonly firstUsPerInstruction: number
}

export interface StageReport {
  readonly instructions: number
  readonly codeBytes: number
  readonly wasmBytes: number
  readonly stages: readonly StageTime[]
}

/** Everything from bytes of x86 to code of V8's baseline tier, as it happens where code runs for the first time. */
const ALL_STAGES = [...STAGES, 'V8, baseline'] as const
type StageMs = Readonly<Record<(typeof ALL_STAGES)[number], number>>

interface Translation {
  readonly ms: StageMs
  readonly wasm: Uint8Array
  readonly instructions: number
  readonly codeBytes: number
}

const nowMs = (): number => Number(hrtime.bigint()) / 1e6

/** V8 keeps what it has compiled by its bytes: a section that says nothing tells one translation from the next. */
function distinct(wasm: Uint8Array, number: number): Uint8Array {
  const section = Uint8Array.of(0, 4, 1, 0x6e, number & 0x7f, number >> 7)
  const bytes = new Uint8Array(wasm.length + section.length)
  bytes.set(wasm)
  bytes.set(section, wasm.length)
  return bytes
}

/** Translates all functions of an image, as often as asked. */
function* translations(image: Image, profile: Profile, count: number): Generator<Translation> {
  const machine = new SpikeMachine(image)
  const engine = new RegionEngine({ machine, profile })
  const addresses = [...image.functions.values()]
  const page = (addresses[0] as number) & -PAGE_BYTES
  const places = addresses.map((address) => address - page)
  for (let n = 0; n < count; n++) {
    const { bytes, stageMs, instructions, codeBytes } = engine.translate(page, places, new Set(), nowMs)
    const wasm = distinct(bytes, n)
    const startMs = nowMs()
    const exports = engine.instantiate(wasm)
    // V8 compiles a function in its baseline tier when it is first called, on this thread. Without a budget they go no further than their first check.
    machine.state.setLo(FIELD.budget, 0)
    for (const place of places) (exports[exportName(place)] as () => number)()
    yield { ms: { ...stageMs, 'V8, baseline': nowMs() - startMs }, wasm, instructions, codeBytes }
  }
}

/** The first translation of a process, when V8 has compiled nothing of ours yet, and then again and again. */
export function measureStages(image: Image, profile: Profile): StageReport {
  const all = [...translations(image, profile, 1 + WARM_UP + ROUNDS)]
  const first = all[0] as Translation
  const measured = all.slice(1 + WARM_UP)
  const { instructions, codeBytes, wasm } = first
  const stages = ALL_STAGES.map((stage): StageTime => {
    // The lowest, as a stage is shorter than what a busy machine interrupts it for.
    const us = Math.min(...measured.map(({ ms }) => ms[stage])) * 1e3
    return {
      stage,
      usPerInstruction: us / instructions,
      usPerKilobyte: us / (wasm.length / 1024),
      firstUsPerInstruction: (first.ms[stage] * 1e3) / instructions,
    }
  })
  return { instructions, codeBytes, wasmBytes: wasm.length, stages }
}
