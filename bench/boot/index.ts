/**
 * Booting Debian's cloud-amd64 to its first user process, which switches the machine off: here, and under QEMU's TCG, in turn:
 * `npm run -s bench -- boot [--runs N] [--json]`. Seconds of the processors, all threads.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { type DebianGuest, obtainDebian } from '@ringfold/host-node'
import type { RunOptions } from '../../tools/named-runner.ts'

const CLI = join(import.meta.dirname, '..', '..', 'apps', 'ringfold', 'src', 'cli.ts')
const QEMU = 'qemu-system-x86_64'
const APPEND = 'console=ttyS0 rdinit=/sbin/poweroff'
const DEFAULT_RUNS = 3

interface Ours {
  readonly instructions: number
  readonly seconds: number
  readonly cpuSeconds: number
  readonly mips: number
  readonly peakMemoryBytes: number
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) / 2)] as number

function ours(folder: string): Ours {
  const report = join(folder, 'report.json')
  const words = ['run', '--guest', 'debian', '--append', 'rdinit=/sbin/poweroff', '--script', 'true', '--quiet']
  const { status, stderr } = spawnSync(
    process.execPath,
    ['-C', '@ringfold/source', CLI, ...words, '--report', report],
    { input: '', stdio: ['pipe', 'ignore', 'pipe'], encoding: 'utf8' },
  )
  if (status !== 0) throw new Error(`ringfold ended with status ${status}: ${stderr}`)
  return JSON.parse(readFileSync(report, 'utf8')) as Ours
}

/** CPU seconds of QEMU, as the shell sees them; undefined where it is not installed. */
function qemu({ kernelPath, initramfsPath }: DebianGuest): number | undefined {
  const words = ['-M', 'q35', '-m', '256', '-accel', 'tcg', '-nographic', '-no-reboot', '-net', 'none']
  const command = [QEMU, ...words, '-kernel', kernelPath, '-initrd', initramfsPath, '-append', `'${APPEND}'`].join(' ')
  const { stdout } = spawnSync('sh', ['-c', `${command} >/dev/null 2>&1 </dev/null; echo "status $?"; times`], {
    encoding: 'utf8',
    timeout: 300_000,
  })
  if (!stdout.includes('status 0')) return undefined
  const [user, system] = [...(stdout.trim().split('\n').at(-1) ?? '').matchAll(/(\d+)m([\d.]+)s/g)].map(
    ([, minutes, seconds]) => Number(minutes) * 60 + Number(seconds),
  )
  return (user ?? 0) + (system ?? 0)
}

export async function run({ json, args }: RunOptions): Promise<boolean> {
  const at = args.indexOf('--runs')
  const runs = at < 0 ? DEFAULT_RUNS : Number(args[at + 1])
  if (!(Number.isInteger(runs) && runs > 0)) throw new Error('--runs wants a number above 0')
  const guest = await obtainDebian({ flavour: 'cloud-amd64', progress: (what) => console.error(what) })
  const folder = mkdtempSync(join(tmpdir(), 'ringfold-boot-'))
  const [own, peer]: [Ours[], number[]] = [[], []]
  for (let n = 0; n < runs; n++) {
    own.push(ours(folder))
    const seconds = qemu(guest)
    if (seconds !== undefined) peer.push(seconds)
  }
  rmSync(folder, { recursive: true, force: true })
  print(guest, own, peer, json)
  return true
}

function print(guest: DebianGuest, own: readonly Ours[], peer: readonly number[], json: boolean): void {
  const of = (key: keyof Ours) => median(own.map((result) => result[key]))
  const ratio = peer.length === 0 ? null : of('cpuSeconds') / median(peer)
  const document = {
    ...{ kernel: guest.release, runs: own.length, instructions: of('instructions'), seconds: of('seconds') },
    ...{ cpuSeconds: of('cpuSeconds'), mips: of('mips'), peakMemoryBytes: of('peakMemoryBytes') },
    ...{ qemuCpuSeconds: peer.length === 0 ? null : median(peer), ratio },
  }
  if (json) {
    console.log(JSON.stringify(document, null, 2))
    return
  }
  console.log(`${guest.release} to its first user process, medians of ${own.length}`)
  console.log(`  instructions   ${(document.instructions / 1e6).toFixed(0)} million`)
  console.log(`  time           ${document.seconds.toFixed(2)} s, ${document.mips.toFixed(0)} MIPS`)
  console.log(`  CPU time       ${document.cpuSeconds.toFixed(2)} s`)
  console.log(`  peak memory    ${(document.peakMemoryBytes / 1e6).toFixed(0)} MB, of a machine with 256 MiB`)
  if (ratio === null) console.log('  QEMU           not installed: no ratio')
  else console.log(`  QEMU's TCG     ${median(peer).toFixed(2)} s of CPU time: ${ratio.toFixed(2)} times as much here`)
}
