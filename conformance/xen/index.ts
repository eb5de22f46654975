/**
 * Debian's Xen by multiboot, with Debian's kernel as its first domain, to a script in that domain's user space:
 * `npm run -s conformance -- xen [--json] [--engine NAME]`. The logs of both must hold no warning that is not explained.
 */
import { ENGINES, type EngineName } from '@ringfold/cpu'
import type { RunOptions } from '../../tools/named-runner.ts'
import { problemsOf, SCRIPT } from './check.ts'
import { runXen, type XenGuest, type XenRun, xenOr } from './guest.ts'

const CASES: readonly (Pick<XenRun, 'kernel'> & { readonly cpus: number })[] = [
  { kernel: 'vmlinux', cpus: 1 },
  { kernel: 'bzImage', cpus: 2 },
]

interface Result {
  readonly name: string
  readonly passed: boolean
  readonly seconds: number
  readonly instructions: number
  readonly problems: readonly string[]
}

async function runCase(guest: XenGuest, { kernel, cpus }: (typeof CASES)[number], engine: EngineName): Promise<Result> {
  const startMs = performance.now()
  const result = await runXen(guest, { kernel, cpus, engine, script: SCRIPT })
  const problems = problemsOf(result, cpus)
  return {
    name: `Xen, its first domain by ${kernel}, ${cpus} processor(s)`,
    passed: problems.length === 0,
    seconds: (performance.now() - startMs) / 1000,
    instructions: result.instructions,
    problems,
  }
}

function engineOf(args: readonly string[]): EngineName {
  const at = args.indexOf('--engine')
  const name = at < 0 ? 'interpreter' : args[at + 1]
  const found = ENGINES.find((engine) => engine === name)
  if (found !== undefined) return found
  throw new Error(`there is no engine ${name}: give one of ${ENGINES.join(', ')}`)
}

export async function run({ json, args }: RunOptions): Promise<boolean> {
  const engine = engineOf(args)
  const guest = await xenOr((what) => console.error(what))
  if (typeof guest === 'string') {
    console.log(json ? JSON.stringify({ skipped: guest }) : `skip  ${guest}`)
    return true
  }
  const results: Result[] = []
  for (const subject of CASES) {
    const result = await runCase(guest, subject, engine)
    results.push(result)
    if (json) continue
    const { name, passed, seconds, instructions, problems } = result
    console.log(
      `${passed ? 'pass' : 'FAIL'}  ${name}: ${seconds.toFixed(0)} s, ${(instructions / 1e9).toFixed(1)} billion instructions`,
    )
    for (const problem of problems) console.log(`      ${problem}`)
  }
  if (json) console.log(JSON.stringify(results, null, 2))
  else console.log(`${results.filter(({ passed }) => passed).length} of ${results.length} passed`)
  return results.every(({ passed }) => passed)
}
