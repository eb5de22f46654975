/**
 * The spike: five kernels from gcc through the real decoder, lifting, TLB, code key and counting clock to structured Wasm, against
 * the same object code running natively and in QEMU: `npm run -s bench -- spike`. What it showed: docs/decisions/0001-spike.md.
 */
import { setFlagsFromString } from 'node:v8'
import { median } from '../measure.ts'
import { bootImage } from './boot-image.ts'
import { interpreterTier, preparedImage, regionTier } from './contenders.ts'
import { type Image, KERNEL_TITLES, KERNELS, readImage } from './image.ts'
import { hasQemu, nativePeer, type Peer, qemuPeer, qemuVersion } from './peers.ts'
import { profileOf } from './profile.ts'
import { measureStages, type StageReport } from './stages.ts'
import { type Built, build, canBuild } from './toolchain.ts'

interface RunOptions {
  readonly json: boolean
  readonly args: readonly string[]
}

/** Arguments that keep the host busy for about 30 ms each. */
const ARGUMENTS = [160, 160, 2500, 33, 800]
/** The interpreter tier takes some ten times as long as regions do. */
const INTERPRETER_ARGUMENTS = [16, 16, 250, 28, 80]
const ROUNDS = 7
const WARM_UP_ROUNDS = 3

/** Times of one kernel, a number for each round. */
interface KernelTimes {
  readonly native: number[]
  readonly nativeSmall: number[]
  readonly regions: number[]
  readonly interpreter: number[]
  readonly qemu: number[]
  retired: number
  retiredSmall: number
}

interface KernelReport {
  readonly kernel: string
  readonly title: string
  readonly instructions: number
  readonly nativeMs: number
  /** Times as long as native: medians of the ratios within each round. */
  readonly regions: number
  readonly interpreter: number
  readonly qemu: number | null
  readonly regionsNsPerInstruction: number
}

interface Report {
  readonly versions: Readonly<Record<string, string>>
  readonly kernels: readonly KernelReport[]
  readonly geometricMeans: { readonly regions: number; readonly interpreter: number; readonly qemu: number | null }
  readonly stages: StageReport
}

/** With the argument `no-hints`, V8 does not listen to branch hints: Node 24 as it comes. */
export async function run({ json, args }: RunOptions): Promise<boolean> {
  if (!canBuild()) {
    process.stdout.write('skipped: the spike needs gcc on x86-64 Linux\n')
    return true
  }
  // On by default from Node 26 on; must be set before the first module is compiled.
  if (!args.includes('no-hints')) setFlagsFromString('--experimental-wasm-branch-hinting')
  const built = build()
  try {
    const report = await measure(built)
    process.stdout.write(json ? `${JSON.stringify(report, undefined, 2)}\n` : formatReport(report))
    return true
  } finally {
    built.dispose()
  }
}

async function measure(built: Built): Promise<Report> {
  const bare = readImage(built.guest)
  const image = preparedImage(bare)
  const native = nativePeer(built.native)
  const qemu = hasQemu() ? qemuPeer(bootImage(bare)) : null
  try {
    // First, while V8 has not compiled any of it.
    const stages = measureStages(image, profileOf(image))
    const times = await measureKernels(image, native, qemu)
    const kernels = times.map(reportOf)
    const mean = (pick: (k: KernelReport) => number) =>
      Math.exp(kernels.reduce((sum, k) => sum + Math.log(pick(k)), 0) / kernels.length)
    return {
      versions: {
        node: process.version,
        v8: process.versions.v8,
        compiler: built.compiler,
        ...(qemu === null ? {} : { qemu: qemuVersion() }),
      },
      kernels,
      geometricMeans: {
        regions: mean((k) => k.regions),
        interpreter: mean((k) => k.interpreter),
        qemu: qemu === null ? null : mean((k) => k.qemu as number),
      },
      stages,
    }
  } finally {
    native.dispose()
    qemu?.dispose()
  }
}

/** Rounds interleave all contenders and kernels, so that what disturbs the machine disturbs all alike. */
async function measureKernels(image: Image, native: Peer, qemu: Peer | null): Promise<KernelTimes[]> {
  const [regions, interpreter] = [regionTier(image, profileOf(image)), interpreterTier(image)]
  const all = KERNELS.map(
    (): KernelTimes => ({
      native: [],
      nativeSmall: [],
      regions: [],
      interpreter: [],
      qemu: [],
      retired: 0,
      retiredSmall: 0,
    }),
  )
  for (let round = -WARM_UP_ROUNDS; round < ROUNDS; round++)
    for (const [kernel, times] of all.entries()) {
      const [argument, small] = [ARGUMENTS[kernel] as number, INTERPRETER_ARGUMENTS[kernel] as number]
      const host = await native.run(kernel, argument)
      const ours = regions.run(kernel, argument)
      const guest = await qemu?.run(kernel, argument)
      const hostSmall = await native.run(kernel, small)
      const tier = interpreter.run(kernel, small)
      for (const { result } of [ours, ...(guest === undefined ? [] : [guest])]) check(kernel, result, host.result)
      check(kernel, tier.result, hostSmall.result)
      if (round < 0) continue
      times.native.push(host.cpuMs)
      times.regions.push(ours.cpuMs)
      if (guest !== undefined) times.qemu.push(guest.cpuMs)
      times.nativeSmall.push(hostSmall.cpuMs)
      times.interpreter.push(tier.cpuMs)
      times.retired = ours.retired
      times.retiredSmall = tier.retired
    }
  return all
}

function check(kernel: number, result: bigint, wanted: bigint): void {
  if (result !== wanted) throw new Error(`${KERNELS[kernel]} gives ${result}, natively ${wanted}`)
}

function reportOf(times: KernelTimes, kernel: number): KernelReport {
  const name = KERNELS[kernel] as (typeof KERNELS)[number]
  const ratio = (a: readonly number[], b: readonly number[]) => median(a.map((ms, n) => ms / (b[n] as number)))
  return {
    kernel: name,
    title: KERNEL_TITLES[name],
    instructions: times.retired,
    nativeMs: median(times.native),
    regions: ratio(times.regions, times.native),
    interpreter: ratio(times.interpreter, times.nativeSmall),
    qemu: times.qemu.length === 0 ? null : ratio(times.qemu, times.native),
    regionsNsPerInstruction: (median(times.regions) * 1e6) / times.retired,
  }
}

function formatReport({ versions, kernels, geometricMeans, stages }: Report): string {
  const factor = (n: number | null) => (n === null ? 'skipped' : `${n.toFixed(2)}x`)
  const head = ['times native', 'instructions', 'native', 'regions', 'QEMU', 'interpreter', 'regions, ns each']
  const rows = kernels.map((k) => [
    k.title,
    `${(k.instructions / 1e6).toFixed(1)} M`,
    `${k.nativeMs.toFixed(1)} ms`,
    factor(k.regions),
    factor(k.qemu),
    factor(k.interpreter),
    k.regionsNsPerInstruction.toFixed(2),
  ])
  const { regions, qemu, interpreter } = geometricMeans
  const table = [head, ...rows, ['geometric mean', '', '', factor(regions), factor(qemu), factor(interpreter), '']]
  const stageRows = [
    ['translation', 'us an instruction, lowest', 'us a KB of Wasm', 'us an instruction, first time'],
    ...stages.stages.map((s) => [
      s.stage,
      s.usPerInstruction.toFixed(2),
      s.usPerKilobyte.toFixed(1),
      s.firstUsPerInstruction.toFixed(1),
    ]),
  ]
  const { instructions, wasmBytes, codeBytes } = stages
  return [
    Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join('; '),
    `processor time; medians of ratios in ${ROUNDS} interleaved rounds${qemu === null ? '; QEMU is not installed: skipped' : ''}`,
    ...aligned(table),
    '',
    `${instructions} instructions in ${codeBytes} bytes became ${wasmBytes} bytes of Wasm`,
    ...aligned(stageRows),
    '',
  ].join('\n')
}

function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ')
      .trimEnd(),
  )
}
