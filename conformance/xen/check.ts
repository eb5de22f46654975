/** What Xen and its first domain must print, and what of it would tell of a fault of the machine. */
import { createHash } from 'node:crypto'
import { SCRIPT_MARKERS } from '@ringfold/guests'
import { joinedNumbers } from '../debian/numbers.ts'
import { unexplained } from '../debian/warnings.ts'
import type { XenResult } from './guest.ts'

const NUMBERS = 20_000
const LOG_BEGINS = 'the log begins'
const LOG_ENDS = 'the log ends'

/** Runs as processes of the first domain. */
export const SCRIPT = `
uname -m; nproc
cat /sys/hypervisor/type /sys/hypervisor/guest_type
cat /sys/class/misc/hw_random/rng_current
head -c 64 /dev/hwrng | wc -c
seq ${NUMBERS} | sha256sum
echo '${LOG_BEGINS}'; dmesg -r; echo '${LOG_ENDS}'
`

interface Explanation {
  readonly line: RegExp
  readonly why: string
}

/** Of the first domain's kernel: QEMU 7.2's `-M q35` shows them under the same Xen. */
const EXPLAINED: readonly Explanation[] = [
  { line: /^Grant table initialized$/, why: 'information, which this kernel gives at this level' },
  { line: /^cpu \d+ spinlock event irq \d+$/, why: 'information without a level' },
  {
    line: /^hpet_acpi_add: no address or irqs in _CRS$/,
    why: 'the kernel leaves the HPET to Xen, and no _CRS names its interrupts',
  },
]

/** Words of Xen's log that ask for an explanation: it shows no levels. */
const SUSPECT = /\b(warn\w*|bugs?|errors?|fail\w*|mismatch|panic\w*|faults?|unable|cannot|invalid|bad)\b/i

const XEN_EXPLAINED: readonly Explanation[] = [
  {
    line: /32\/64X FACS address mismatch in FADT/,
    why: "one of two addresses is zero, as ACPI 6.5, 5.2.9 has it; QEMU's are alike",
  },
  {
    line: /Mismatch between expected \(0x1e\) and real \(0\) levelling caps/,
    why: 'Westmere masks CPUID by MSRs 130H and 131H, which are no part of the architecture and absent here',
  },
  { line: /If not running virtualised, please report a bug/, why: 'the next line of that' },
  { line: /xenoprof: Initialization failed/, why: 'there are no performance counters; so it is under QEMU' },
  { line: /Guest Loglevel: Nothing \(Rate-limited: Errors and warnings\)/, why: 'it says what is shown' },
]

function xenProblems(output: string): string[] {
  return output
    .split('\n')
    .filter((line) => line.startsWith('(XEN)') && SUSPECT.test(line))
    .filter((text) => !XEN_EXPLAINED.some(({ line }) => line.test(text)))
}

const kernelProblems = (log: string): string[] =>
  unexplained(log).filter((text) => !EXPLAINED.some(({ line }) => line.test(text)))

function wantedLines(cpus: number): string[] {
  const sum = createHash('sha256').update(joinedNumbers(NUMBERS)).digest('hex')
  return ['x86_64', `${cpus}`, 'xen', 'PV', 'virtio_rng.0', '64', `${sum}  -`, `${SCRIPT_MARKERS.end} 0 ----`]
}

/** What is wrong with a run of `SCRIPT`, if anything is. */
export function problemsOf({ end, output }: XenResult, cpus: number): string[] {
  const ending = end.kind === 'powered-off' ? [] : [`it ended with ${end.kind}`, ...output.split('\n').slice(-5)]
  const [, script] = output.split(SCRIPT_MARKERS.begin)
  if (script === undefined) return [...ending, 'no process of the first domain ran the script']
  const lines = script.split('\n')
  const [, log] = new RegExp(`${LOG_BEGINS}\n([^]*)${LOG_ENDS}`).exec(script) ?? []
  return [
    ...ending,
    ...(output.includes('*** Building a PV Dom0 ***') ? [] : ['Xen built no first domain']),
    ...wantedLines(cpus)
      .filter((text) => !lines.includes(text))
      .map((text) => `there is no line "${text}"`),
    ...xenProblems(output),
    ...kernelProblems(log ?? ''),
  ]
}
