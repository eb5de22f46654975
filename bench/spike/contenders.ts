/** Our two engines as runners of kernels. */
import { FIELD } from '@ringfold/arch'
import { type Profile, RegionEngine } from './engine.ts'
import { type Image, KERNELS } from './image.ts'
import { SpikeMachine } from './machine.ts'
import type { KernelRun } from './peers.ts'

/** More than any kernel executes here. */
export const UNBOUNDED = 2 ** 40
/** The interpreter counts its budget in 31 bits. */
const INTERPRETER_BUDGET = 2 ** 30

export interface CountedRun extends KernelRun {
  /** Instructions that have retired. */
  readonly retired: number
}

export interface Contender {
  run(kernel: number, argument: number): CountedRun
}

/** Processor time of this thread in ms: V8's compiler threads do not count. */
const threadMs = (): number => {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1e3
}

function timed(machine: SpikeMachine, address: number, argument: number, run: () => number): CountedRun {
  machine.call(address, argument)
  const startMs = threadMs()
  const retired = run()
  const cpuMs = threadMs() - startMs
  if (!machine.isStopped) throw new Error(`stopped at ${machine.state.lo(FIELD.rip).toString(16)}`)
  return { result: machine.result, cpuMs, retired }
}

const addressOf = (image: Image, kernel: number): number =>
  image.functions.get(KERNELS[kernel] as (typeof KERNELS)[number]) as number

function runInterpreter(machine: SpikeMachine): number {
  let retired = 0
  while (!machine.isStopped) retired += machine.interpreter.run(INTERPRETER_BUDGET).retired
  return retired
}

/** The image after `prepare` has filled its tables. */
export function preparedImage(image: Image): Image {
  const machine = new SpikeMachine(image)
  timed(machine, image.functions.get('prepare') as number, 0, () => runInterpreter(machine))
  const segments = image.segments.map(({ address, sizeBytes }) => {
    const bytes = new Uint8Array(sizeBytes)
    machine.memory.readBytes(address, bytes)
    return { address, bytes, sizeBytes }
  })
  return { ...image, segments }
}

/** The interpreter tier, on a prepared image. */
export function interpreterTier(image: Image): Contender {
  const machine = new SpikeMachine(image)
  return {
    run: (kernel, argument) => timed(machine, addressOf(image, kernel), argument, () => runInterpreter(machine)),
  }
}

/** An engine of regions with all functions of the image in one module. */
export const regionEngine = (machine: SpikeMachine, image: Image, profile: Profile): RegionEngine =>
  new RegionEngine({ machine, profile, functions: [...image.functions.values()] })

/** Regions in structured Wasm, on a prepared image. */
export function regionTier(image: Image, profile: Profile): Contender & { readonly engine: RegionEngine } {
  const machine = new SpikeMachine(image)
  const engine = regionEngine(machine, image, profile)
  return {
    engine,
    run: (kernel, argument) => timed(machine, addressOf(image, kernel), argument, () => engine.run(UNBOUNDED)),
  }
}
