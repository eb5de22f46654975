/**
 * Guest programs here and under the peers: `npm run -s bench -- guests [ROW...] [--peers qemu,v86,native] [--runs N] [--bin DIR]
 * [--json FILE] [--chart FILE.svg]`. One kernel, initramfs and program for all, boots in turn, CPU seconds of whole processes.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { type CpioEntry, writeCpio } from '@ringfold/boot/cpio'
import { joinArchives, scriptArchive } from '@ringfold/guests'
import { obtainDebian } from '@ringfold/host-node'
import type { RunOptions } from '../../tools/named-runner.ts'
import { median } from '../measure.ts'
import { type Bits, buildPrograms } from './build.ts'
import { chart } from './chart.ts'
import { type ContenderName, type Guest, type MachineContender, peerMachine, ringfold } from './contenders.ts'
import { FIRST_SCRIPT, guestScript, type Job, type RowResult, runBoot, runNatively } from './harness.ts'
import { type Options, parseOptions } from './options.ts'
import { type Document, type RowReport, table } from './report.ts'
import { type Group, ROWS } from './rows.ts'

const PATIENCE_MS = 600_000
const GUEST_FOLDER = 'bench'
const BOOT = 'boot'

/** What was measured so far: CPU seconds by row and contender, and what the row's program said. */
class Results {
  readonly seconds = new Map<string, number[]>()
  readonly checksums = new Map<string, Set<string>>()
  readonly notes = new Set<string>()
  peakMemoryBytes = 0

  add(contender: ContenderName, row: string, { cpuSeconds, checksum }: RowResult): void {
    const key = `${contender} ${row}`
    this.seconds.set(key, [...(this.seconds.get(key) ?? []), cpuSeconds])
    const said = this.checksums.get(row) ?? new Set<string>()
    this.checksums.set(row, said.add(`${contender} ${checksum}`))
  }

  of(contender: ContenderName, row: string): number | null {
    const seconds = this.seconds.get(`${contender} ${row}`)
    return seconds === undefined ? null : median(seconds)
  }

  /** Rows whose program said different things. */
  differences(): string[] {
    return [...this.checksums].flatMap(([row, said]) =>
      new Set([...said].map((each) => each.split(' ')[1])).size > 1 ? [`${row}: ${[...said].join(', ')}`] : [],
    )
  }
}

interface Plan {
  readonly bits: Bits
  readonly jobs: readonly Job[]
  readonly files: ReadonlyMap<string, string>
  readonly wantsBoot: boolean
}

/** The jobs of one width; notes why rows are missing. */
function planOf({ rows, work, bin }: Options, bits: Bits, folder: string, notes: Set<string>): Plan | undefined {
  if (bin !== undefined) return planOfBin(bin, bits)
  const built = buildPrograms(folder, bits)
  if ('skipped' in built) {
    notes.add(`no rows of ${bits} bits: ${built.skipped}`)
    return undefined
  }
  const wanted = ROWS.filter(({ name }) => rows.length === 0 || rows.includes(name))
  const jobs: Job[] = []
  const files = new Map([['guest', built.guest]])
  for (const { name, units, libc } of wanted) {
    if (name === BOOT) continue
    const words = [name, String(Math.max(1, Math.round(units * work)))]
    if (libc !== true) jobs.push({ name, path: `/${GUEST_FOLDER}/guest`, arguments: words })
    else if (typeof built.libc === 'string') {
      files.set('libc', built.libc)
      jobs.push({ name, path: `/${GUEST_FOLDER}/libc`, arguments: words })
    } else notes.add(`no row ${name} of ${bits} bits: ${built.libc.missing}`)
  }
  return { bits, jobs, files, wantsBoot: wanted.some(({ name }) => name === BOOT) }
}

function planOfBin(bin: string, bits: Bits): Plan {
  const names = readdirSync(bin).sort()
  const jobs = names.map((name) => ({ name, path: `/${GUEST_FOLDER}/${name}`, arguments: [] }))
  return { bits, jobs, files: new Map(names.map((name) => [name, join(bin, name)])), wantsBoot: false }
}

/** The kernel, and an initramfs with programs and script behind Debian's. */
async function guestOf({ bits, jobs, files }: Plan, folder: string): Promise<{ guest: Guest; release: string }> {
  const flavour = bits === 64 ? 'cloud-amd64' : '686'
  const debian = await obtainDebian({ flavour, progress: (what) => console.error(what) })
  const entries: CpioEntry[] = [
    { kind: 'directory', path: GUEST_FOLDER },
    { kind: 'file', path: `${GUEST_FOLDER}/init`, mode: 0o755, contents: new TextEncoder().encode(FIRST_SCRIPT) },
    ...[...files].map(
      ([name, path]): CpioEntry => ({
        kind: 'file',
        path: `${GUEST_FOLDER}/${name}`,
        mode: 0o755,
        contents: readFileSync(path),
      }),
    ),
  ]
  const initrdPath = join(folder, `initrd${bits}`)
  const parts = [readFileSync(debian.initramfsPath), writeCpio(entries), scriptArchive(guestScript(jobs))]
  writeFileSync(initrdPath, joinArchives(...parts))
  return { guest: { kernelPath: debian.kernelPath, initrdPath }, release: debian.release }
}

async function measure(
  plan: Plan,
  options: Options,
  folder: string,
  results: Results,
): Promise<Record<string, string>> {
  const { guest, release } = await guestOf(plan, folder)
  const machines: MachineContender[] = [ringfold(options.engine)]
  for (const peer of options.peers) {
    if (peer === 'native') continue
    const machine = peerMachine(peer, plan.bits)
    if (typeof machine !== 'string') machines.push(machine)
    else if (!(peer === 'v86' && plan.bits === 64 && options.bits.includes(32))) results.notes.add(machine)
  }
  for (let run = 1; run <= options.runs; run++) {
    for (const machine of machines) await bootOnce(machine, guest, plan, run, results)
    if (options.peers.includes('native')) nativeOnce(plan, run, results)
  }
  return {
    [`kernel${plan.bits}`]: release,
    ...Object.fromEntries(machines.map(({ name, version }) => [name, version])),
  }
}

async function bootOnce(machine: MachineContender, guest: Guest, plan: Plan, run: number, results: Results) {
  const { bits, jobs, wantsBoot } = plan
  console.error(`run ${run}, ${bits} bits, ${machine.name}: boots`)
  const asked = new Set(jobs.map(({ name }) => name))
  const { bootCpuSeconds, rows, peakMemoryBytes } = await runBoot(
    machine,
    guest,
    PATIENCE_MS,
    (name, { cpuSeconds }) => {
      if (asked.has(name))
        console.error(`run ${run}, ${bits} bits, ${machine.name}: ${name} ${cpuSeconds.toFixed(2)} s`)
    },
  )
  if (machine.name === 'ringfold') results.peakMemoryBytes = Math.max(results.peakMemoryBytes, peakMemoryBytes)
  if (bootCpuSeconds === undefined) results.notes.add(`${machine.name} did not come to user space with ${bits} bits`)
  else if (wantsBoot) results.add(machine.name, `${BOOT} ${bits}`, { cpuSeconds: bootCpuSeconds, checksum: '' })
  for (const { name } of jobs) {
    const result = rows.get(name)
    if (result !== undefined) results.add(machine.name, `${name} ${bits}`, result)
    else results.notes.add(`${machine.name} did not end row ${name} of ${bits} bits`)
  }
}

function nativeOnce({ bits, jobs, files }: Plan, run: number, results: Results): void {
  console.error(`run ${run}, ${bits} bits, native`)
  for (const job of jobs) {
    const path = files.get(job.path.slice(GUEST_FOLDER.length + 2)) as string
    results.add('native', `${job.name} ${bits}`, runNatively({ ...job, path }))
  }
}

function rowsOf(plans: readonly Plan[], results: Results): RowReport[] {
  return plans.flatMap(({ bits, jobs, wantsBoot }) =>
    [...(wantsBoot ? [BOOT] : []), ...jobs.map(({ name }) => name)].map((name) => {
      const of = (contender: ContenderName) => results.of(contender, `${name} ${bits}`)
      const group: Group = ROWS.find((row) => row.name === name)?.group ?? 'compute'
      return { name, group, bits, ringfold: of('ringfold'), qemu: of('qemu'), v86: of('v86'), native: of('native') }
    }),
  )
}

export async function run({ json, args }: RunOptions): Promise<boolean> {
  const options = parseOptions(args, json)
  if ('text' in options) {
    process[options.isError ? 'stderr' : 'stdout'].write(options.text)
    if (options.isError) process.exit(2)
    return true
  }
  const folder = mkdtempSync(join(tmpdir(), 'ringfold-guests-'))
  try {
    return await measureAll(options, folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function measureAll(options: Options, folder: string): Promise<boolean> {
  const results = new Results()
  const plans = options.bits.flatMap((bits) => planOf(options, bits, folder, results.notes) ?? [])
  let versions: Record<string, string> = { node: process.version }
  for (const plan of plans) versions = { ...versions, ...(await measure(plan, options, folder, results)) }
  const differences = results.differences()
  const commit = spawnSync('git', ['describe', '--always', '--dirty'], { encoding: 'utf8' }).stdout.trim()
  const document: Document = {
    machine: `${cpus()[0]?.model ?? 'unknown'}, ${cpus().length} processors`,
    ...{
      versions,
      commit,
      date: new Date().toISOString(),
      command: `npm run -s bench -- ${process.argv.slice(2).join(' ')}`,
    },
    ...{ runs: options.runs, work: options.work, peakMemoryBytes: results.peakMemoryBytes },
    rows: rowsOf(plans, results),
    notes: [...results.notes, ...differences.map((each) => `different checksums: ${each}`)],
  }
  write(document, options)
  return differences.length === 0
}

function write(document: Document, { json, chart: picture }: Options): void {
  const text = `${JSON.stringify(document, null, 2)}\n`
  if (json === '-') process.stdout.write(text)
  else {
    console.log(table(document))
    for (const note of document.notes) console.log(`note: ${note}`)
    if (json !== undefined) writeFileSync(json, text)
  }
  if (picture !== undefined) writeFileSync(picture, chart(document))
}
