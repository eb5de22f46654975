/** Engines and QEMU side by side: `npm run -s conformance -- lockstep [--instructions N] [--json]`. */
import { RFLAGS, STATUS_FLAGS_MASK } from '@ringfold/arch'
import {
  describeLockstep,
  ENGINES,
  type EngineName,
  type LockstepReport,
  type LockstepSubject,
  Processor,
  ProcessorSubject,
  type ProcessorSubjectOptions,
  runLockstep,
  undefinedFlags,
} from '@ringfold/cpu'
import { formFacts } from '@ringfold/isa/facts'
import { PhysicalMemory } from '@ringfold/memory'
import { FIRMWARE_BYTES, firmware, RESULTS, RESULTS_BYTES } from '@ringfold/testkit'
import { qemuVersion, startQemu } from './qemu.ts'

/** More than the firmware executes until it halts. */
const INSTRUCTIONS = 50_000
const RAM_BYTES = 16 << 20

/**
 * What QEMU's stub does not tell: it shows 0 for the tag word, and for the pointers of the x87 (QEMU 7.2, `target/i386/gdbstub.c`).
 */
const NOT_SHOWN: ReadonlySet<string> = new Set(['ftag', 'fiseg', 'fioff', 'foseg', 'fooff', 'fop'])

/**
 * What the manuals leave to the processor after power-up, or QEMU does otherwise: the signature in EDX, and the x87 control word,
 * which RESET makes 40H (Intel SDM vol. 3A, table 12-1) and QEMU 37FH.
 */
const ADOPTED = ['rdx', 'fctrl']

/** RF is set in what faults push (Intel SDM vol. 3B, 19.3.1.1), and so after IRET for one instruction; QEMU leaves it clear. */
const NOT_KEPT: ReadonlyMap<string, bigint> = new Map([['eflags', BigInt(RFLAGS.lo.RF)]])

/** QEMU's SYSCALL forgets the status flags, which the manuals keep (SDM vol. 2B, SYSCALL): it masks what it has not computed yet. */
const freeFlags = (form: number): number =>
  undefinedFlags(form) | (formFacts(form)?.mnemonic === 'syscall' ? STATUS_FLAGS_MASK : 0)

function machine(engine: EngineName, image: Uint8Array): Processor {
  const memory = new PhysicalMemory({ ramBytes: RAM_BYTES })
  memory.addRom(0x100000 - FIRMWARE_BYTES, image)
  memory.addRom(2 ** 32 - FIRMWARE_BYTES, image)
  return new Processor({ memory, engine })
}

const subject = (engine: EngineName, image: Uint8Array, options: ProcessorSubjectOptions): ProcessorSubject =>
  new ProcessorSubject(machine(engine, image), options)

export interface LockstepResult {
  readonly pair: string
  readonly agree: boolean
  /** They came to the end of the firmware. */
  readonly halted: boolean
  readonly instructions: number
  readonly milliseconds: number
  readonly text: string
}

type Compare = (a: LockstepSubject, b: LockstepSubject) => Promise<LockstepReport>

async function measured(a: LockstepSubject, b: LockstepSubject, compare: Compare): Promise<LockstepResult> {
  const start = performance.now()
  const report = await compare(a, b)
  const milliseconds = Math.round(performance.now() - start)
  const text = describeLockstep(a, b, report)
  return {
    pair: `${a.name}, ${b.name}`,
    agree: report.kind === 'agree',
    halted: report.kind === 'agree' && report.end === 'halted',
    instructions: report.instructions,
    milliseconds,
    text,
  }
}

/** Both engines on the firmware, with all of state and memory. */
export function compareEngines(image: Uint8Array, instructions = INSTRUCTIONS): Promise<LockstepResult> {
  const [a, b] = ENGINES.map((engine) => subject(engine, image, { withMemory: true }))
  return measured(a as LockstepSubject, b as LockstepSubject, (one, other) =>
    runLockstep(one, other, { instructions, strideInstructions: 2000 }),
  )
}

/** An engine and QEMU, register by register. QEMU may be given another image, to see the difference found. */
export async function compareWithQemu(
  engine: EngineName,
  image: Uint8Array,
  instructions = INSTRUCTIONS,
  qemuImage = image,
): Promise<LockstepResult> {
  const qemu = await startQemu(qemuImage)
  try {
    return await measured(subject(engine, image, { view: 'debugger' }), qemu.subject, (a, b) =>
      runLockstep(a, b, {
        instructions,
        ignore: (field) => NOT_SHOWN.has(field),
        ignoreBits: NOT_KEPT,
        freeFlags,
        adoptAtStart: ADOPTED,
        stopAtHlt: true,
        memory: [{ address: BigInt(RESULTS), lengthBytes: RESULTS_BYTES }],
      }),
    )
  } finally {
    qemu.close()
  }
}

export async function run({ json, args }: { readonly json: boolean; readonly args: readonly string[] }) {
  const at = args.indexOf('--instructions')
  const instructions = at < 0 ? INSTRUCTIONS : Number(args[at + 1])
  if (!(instructions > 0)) {
    console.error('lockstep [--instructions N]')
    return false
  }
  const { image } = firmware()
  const results = [await compareEngines(image, instructions)]
  const version = qemuVersion()
  if (version === null) console.error('skipped: there is no qemu-system-x86_64 here')
  else for (const engine of ENGINES) results.push(await compareWithQemu(engine, image, instructions))
  if (json) console.log(JSON.stringify({ qemu: version, results }))
  else {
    if (version !== null) console.log(version)
    for (const { text, milliseconds } of results) console.log(`${text} (${milliseconds} ms)`)
  }
  return results.every(({ agree, halted }) => agree && (halted || at >= 0))
}
