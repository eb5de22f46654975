/**
 * Our processor against an x86-64 processor of silicon:
 * `npm run -s conformance -- silicon [--engine reference|interpreter] [--model NAME] [--form REGEX] [--limit N] [--json]`
 * (`--undefined` adds flags that the manuals leave undefined, by mnemonic) replays every vector of `vectors/` on both engines, or one; `--limit`: the first N of each form.
 * `--soak SECONDS [--seed N]` draws fresh ones natively, and replays them; `--record [--seed N]` makes the files anew. Both need gcc.
 */
import { ENGINES, type EngineName } from '@ringfold/cpu'
import { RECORDED, recordable } from './catalog.ts'
import { hostProcessor } from './forms.ts'
import { modelFor, SiliconMachine } from './machine.ts'
import { NativeRunner, nativeMissing } from './native.ts'
import { hashOf } from './random.ts'
import { record, runCases } from './record.ts'
import { Tally } from './replay.ts'
import { jsonOf, reportOf, undefinedOf } from './report.ts'
import { readVectors, vectorFiles } from './vectors.ts'

interface Options {
  readonly engines: readonly EngineName[]
  readonly model: string | undefined
  readonly form: RegExp
  readonly limit: number
  readonly json: boolean
  readonly seed: number
}

const PROGRESS_MS = 5000

/** Tells on stderr now and then how far it is. */
function progressOf(what: string): (done: number) => void {
  let last = performance.now()
  return (done) => {
    if (performance.now() - last < PROGRESS_MS) return
    last = performance.now()
    console.error(`${what}: ${done} vectors`)
  }
}

function replayFiles(options: Options, engine: EngineName): Tally {
  const tally = new Tally(engine)
  const progress = progressOf(engine)
  let machine: SiliconMachine | undefined
  for (const path of vectorFiles()) {
    const file = readVectors(path)
    machine ??= new SiliconMachine(engine, options.model ?? modelFor(file.header.processor))
    for (const group of file.groups) {
      if (!options.form.test(group.name)) continue
      for (let n = 0; n < Math.min(group.count, options.limit); n++) tally.run(file.name, group.vector(n), machine)
      progress(tally.total.vectors)
    }
  }
  return tally
}

/** Draws a few cases of every form in turn, with a seed that goes on, until the time is up. */
function soak(options: Options, seconds: number): Tally[] {
  const [CASES, SEQUENCES] = [16, 500]
  const runner = new NativeRunner()
  const model = options.model ?? modelFor(hostProcessor().name)
  const subjects = options.engines.map((engine) => new SiliconMachine(engine, model))
  const tallies = options.engines.map((engine) => new Tally(engine))
  const progress = progressOf(`soak, seed ${options.seed}`)
  const end = performance.now() + seconds * 1000
  try {
    for (let round = 0; performance.now() < end; round++) {
      for (const { name, file, bits, kind, draw } of recordable(options.form)) {
        if (performance.now() >= end) break
        const seed = hashOf(name, options.seed + bits + round * 0x10001)
        const length = kind === 'sequence' ? SEQUENCES : CASES
        const cases = Array.from({ length }, (_, n) => draw(seed, n)).filter((c) => c !== undefined)
        for (const vector of runCases(runner, cases))
          subjects.forEach((subject, n) => void tallies[n]?.run(file, vector, subject))
        progress(tallies[0]?.total.vectors ?? 0)
      }
    }
  } finally {
    runner.close()
  }
  return tallies
}

function optionsOf(args: readonly string[], json: boolean): Options {
  const value = (name: string): string | undefined => (args.includes(name) ? args[args.indexOf(name) + 1] : undefined)
  const engine = value('--engine')
  if (engine !== undefined && !ENGINES.includes(engine as EngineName))
    throw new Error(`there is no engine ${engine}; use one of ${ENGINES.join(', ')}`)
  return {
    engines: engine === undefined ? ENGINES : [engine as EngineName],
    model: value('--model'),
    form: new RegExp(value('--form') ?? ''),
    limit: Number(value('--limit') ?? Number.POSITIVE_INFINITY),
    json,
    seed: Number(value('--seed') ?? (Math.random() * 0x7fffffff) | 0),
  }
}

export function run({ json, args }: { readonly json: boolean; readonly args: readonly string[] }): boolean {
  const options = optionsOf(args, json)
  const missing = nativeMissing()
  const soaking = args.includes('--soak')
  if ((soaking || args.includes('--record')) && missing !== null) {
    console.log(`skipped: ${missing}`)
    return !args.includes('--record')
  }
  if (args.includes('--record')) {
    const seed = args.includes('--seed') ? options.seed : RECORDED.seed
    console.log(`${record({ ...RECORDED, seed }, console.error)} bytes`)
    return true
  }
  const start = performance.now()
  const tallies = soaking
    ? soak(options, Number(args[args.indexOf('--soak') + 1] ?? 60))
    : options.engines.map((engine) => replayFiles(options, engine))
  const seconds = (performance.now() - start) / 1000
  if (json)
    console.log(JSON.stringify({ seconds, seed: soaking ? options.seed : undefined, engines: tallies.map(jsonOf) }))
  else {
    for (const tally of tallies) console.log(`${reportOf(tally)}\n`)
    if (args.includes('--undefined')) console.log(undefinedOf(tallies[0] as Tally))
    console.log(`${seconds.toFixed(0)} s${soaking ? `, seed ${options.seed}` : ''}`)
  }
  return tallies.every((t) => t.total.failed === 0)
}
