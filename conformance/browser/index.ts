/**
 * Debian in a page: the same engine in a worker of headless Chromium, to its shell and through some commands, with cross-origin isolation
 * (and so SharedArrayBuffer) and without: `npm run -s conformance -- browser [--engine NAME] [--json]`. Needs `chromium`.
 */
import { DEBIAN_COMMAND_LINE, GUEST_PROMPT } from '@ringfold/guests'
import { obtainDebian } from '@ringfold/host-node'
import type { WebEngine } from '@ringfold/host-web'
import type { RunOptions } from '../../tools/named-runner.ts'
import { DISK, problemsOf } from './checks.ts'
import { findChromium, type OpenPage, openPage } from './chromium.ts'
import { bootInNode } from './node.ts'
import type { PageFacts, PageRequest } from './page/page.ts'
import { type Site, serveSite } from './site.ts'

const PATIENCE_MS = 300_000
const MEMORY = 256 << 20

interface Figures {
  /** To the prompt of the shell. */
  readonly bootSeconds: number
  /** The same, of all processors together. */
  readonly bootCpuSeconds: number
  readonly bootInstructions: number
  readonly peakBytes: number | undefined
}

interface Result {
  readonly isIsolated: boolean
  readonly browser: string
  /** Undefined where it did not come so far. */
  readonly figures: Figures | undefined
  readonly problems: readonly string[]
}

function requestOf(engine: WebEngine): PageRequest {
  const [kernel, initrd] = ['kernel', 'initrd']
  const [commandLine, prompt] = [DEBIAN_COMMAND_LINE, GUEST_PROMPT]
  return { engine, kernel, initrd, commandLine, prompt, memory: MEMORY, patienceMs: PATIENCE_MS, disk: DISK }
}

async function measuredBoot(page: OpenPage): Promise<Figures> {
  const before = await page.cpuSeconds()
  const bootSeconds = await page.call('boot')
  const bootCpuSeconds = (await page.cpuSeconds()) - before
  const { instructions } = await page.call('statistics')
  return { bootSeconds, bootCpuSeconds, bootInstructions: instructions, peakBytes: await page.peakBytes() }
}

/** Whether the page is what it was served as, and knows how much it downloaded. */
function wrongFacts(facts: PageFacts, isIsolated: boolean): string[] {
  const { isPageIsolated, isWorkerIsolated, hasSharedMemory, downloads } = facts
  const isAsServed = [isPageIsolated, isWorkerIsolated, hasSharedMemory].every((fact) => fact === isIsolated)
  const isWhole = downloads.length === 2 && downloads.every(({ loadedBytes, totalBytes }) => loadedBytes === totalBytes)
  return isAsServed && isWhole ? [] : [`the page says of itself ${JSON.stringify(facts)}`]
}

async function runCase(program: string, site: Site, engine: WebEngine, isIsolated: boolean): Promise<Result> {
  const page = await openPage(program, site.address(isIsolated))
  const problems: string[] = []
  let figures: Figures | undefined
  try {
    problems.push(...wrongFacts(await page.call('make', requestOf(engine)), isIsolated))
    figures = await measuredBoot(page)
    problems.push(...(await problemsOf(page)))
    const end = await page.call('powerOff')
    if (end.kind !== 'powered-off') problems.push(`it ended with ${JSON.stringify(end)}`)
    await page.call('close')
  } catch (error) {
    // What Playwright passes on of the page's has its stack in the message.
    problems.push((error as Error).message.replaceAll(/\n +at .*/g, ''))
  } finally {
    await page.close()
  }
  return { isIsolated, browser: page.version, figures, problems: [...problems, ...page.complaints] }
}

function print({ isIsolated, browser, figures, problems }: Result): void {
  const mode = isIsolated ? 'with SharedArrayBuffer' : 'without SharedArrayBuffer'
  console.log(`${problems.length === 0 ? 'pass' : 'FAIL'}  Chromium ${browser}, ${mode}`)
  if (figures !== undefined) {
    const { bootSeconds, bootCpuSeconds, bootInstructions, peakBytes } = figures
    console.log(`      to the shell  ${bootSeconds.toFixed(1)} s, ${bootCpuSeconds.toFixed(1)} s of CPU time`)
    console.log(`      instructions  ${(bootInstructions / 1e6).toFixed(0)} million`)
    if (peakBytes !== undefined) console.log(`      peak memory   ${(peakBytes / 1e6).toFixed(0)} MB`)
  }
  for (const problem of problems) console.log(`      ${problem}`)
}

function engineOf(args: readonly string[]): WebEngine {
  const at = args.indexOf('--engine')
  // What is none is refused by the machine, which knows them.
  return (at < 0 ? 'auto' : (args[at + 1] ?? 'auto')) as WebEngine
}

async function runCases(program: string, site: Site, engine: WebEngine, json: boolean): Promise<Result[]> {
  const results: Result[] = []
  for (const isIsolated of [true, false]) {
    const result = await runCase(program, site, engine, isIsolated)
    results.push(result)
    if (!json) print(result)
  }
  return results
}

export async function run({ json, args }: RunOptions): Promise<boolean> {
  const program = findChromium()
  if (program === undefined) throw new Error('chromium is not installed: apt install chromium')
  const engine = engineOf(args)
  const guest = await obtainDebian({ flavour: 'cloud-amd64', progress: (what) => console.error(what) })
  const site = await serveSite({ kernel: guest.kernelPath, initrd: guest.initramfsPath })
  const { workerBytes, workerGzippedBytes } = site
  const [worker, gzipped] = [workerBytes, workerGzippedBytes].map((bytes) => (bytes / 1000).toFixed(0))
  if (!json) console.log(`${guest.release}, engine ${engine}; the worker's script: ${worker} kB, ${gzipped} kB gzipped`)
  const results = await runCases(program, site, engine, json).finally(() => site.close())
  const node = results.some(({ figures }) => figures !== undefined) ? bootInNode(engine) : undefined
  const passed = results.filter(({ problems }) => problems.length === 0)
  if (json)
    console.log(
      JSON.stringify({ kernel: guest.release, engine, workerBytes, workerGzippedBytes, results, node }, null, 2),
    )
  else {
    if (node !== undefined)
      console.log(`      in Node       ${node.seconds.toFixed(1)} s, ${node.cpuSeconds.toFixed(1)} s of CPU time`)
    console.log(`${passed.length} of ${results.length} passed`)
  }
  return passed.length === results.length
}
