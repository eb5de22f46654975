/** Cases run on this host's processor: the harness is compiled by gcc when it is asked for. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { initialImage, initialWindow, type SiliconCase, type SiliconOutcome } from './case.ts'
import { hostProcessor } from './forms.ts'
import { IMAGE_BYTES } from './image.ts'
import { windowBytes } from './window.ts'

// biome-ignore format: options belong together
const OPTIONS = [
  '-O2', '-ffreestanding', '-nostdlib', '-static', '-fno-stack-protector', '-fno-pic', '-no-pie', '-mgeneral-regs-only',
  '-fno-tree-loop-distribute-patterns', '-fcf-protection=none', '-Wl,-Ttext-segment=0x70000000', '-Wl,--build-id=none', '-Wl,-z,noexecstack',
]
/** What the exit statuses of the harness mean (native/harness.c). */
const STATUS: Readonly<Record<number, string>> = {
  5: 'a fault in the harness itself',
  6: 'the addresses of code and window cannot be mapped',
  11: 'the kernel does not enable RDFSBASE',
}
const CASES_A_RUN = 4000

/** Why nothing can be run natively here, or null. */
export function nativeMissing(): string | null {
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'the host is no x86-64 Linux'
  if (!hostProcessor().flags.has('fsgsbase')) return 'the host has no FSGSBASE'
  return spawnSync('gcc', ['--version']).status === 0 ? null : 'gcc is absent'
}

/** A case for the harness: head, state image, code, patches of memory. */
function encodeCase(c: SiliconCase): Uint8Array {
  const patchLength = c.memory.reduce((sum, p) => sum + 4 + p.bytes.length, 0)
  const out = new Uint8Array(8 + IMAGE_BYTES + c.code.length + patchLength)
  const view = new DataView(out.buffer)
  view.setUint8(0, c.bits)
  view.setUint16(2, c.code.length, true)
  view.setUint16(4, c.memory.length, true)
  view.setUint16(6, patchLength, true)
  out.set(initialImage(c), 8)
  out.set(c.code, 8 + IMAGE_BYTES)
  let at = 8 + IMAGE_BYTES + c.code.length
  for (const { offset, bytes } of c.memory) {
    view.setUint16(at, offset, true)
    view.setUint16(at + 2, bytes.length, true)
    out.set(bytes, at + 4)
    at += 4 + bytes.length
  }
  return out
}

/** What the harness answers: length, vector, error code, CR2, state image, and the words of the window that changed. */
function decodeOutcome(c: SiliconCase, view: DataView, at: number): SiliconOutcome {
  const trap = view.getUint32(at, true)
  const image = new Uint8Array(view.buffer, view.byteOffset + at + 16, IMAGE_BYTES).slice()
  const window = initialWindow(c)
  let from = at + 16 + IMAGE_BYTES + 2
  for (let n = view.getUint16(at + 16 + IMAGE_BYTES, true); n > 0; n--) {
    const length = view.getUint16(from + 2, true)
    window.set(new Uint8Array(view.buffer, view.byteOffset + from + 4, length), view.getUint16(from, true))
    from += 4 + length
  }
  const hasCode = trap === 8 || (trap >= 10 && trap <= 14) || trap === 17
  return {
    trap,
    errorCode: hasCode ? view.getUint32(at + 4, true) : 0,
    address: trap === 14 ? view.getBigUint64(at + 8, true) : 0n,
    image,
    window,
  }
}

/** Compiled harness in a temporary folder; `close` removes it. */
export class NativeRunner {
  readonly #folder = mkdtempSync(join(tmpdir(), 'ringfold-silicon-'))
  readonly #program = join(this.#folder, 'harness')

  constructor() {
    const source = join(import.meta.dirname, 'native', 'harness.c')
    const { status, stderr } = spawnSync('gcc', [...OPTIONS, '-o', this.#program, source], { encoding: 'utf8' })
    if (status !== 0 || !existsSync(this.#program)) throw new Error(`gcc could not compile ${source}: ${stderr}`)
  }

  close(): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }

  /** Runs cases, each from its own state. */
  run(cases: readonly SiliconCase[]): SiliconOutcome[] {
    const outcomes: SiliconOutcome[] = []
    for (let at = 0; at < cases.length; at += CASES_A_RUN)
      outcomes.push(...this.#runSome(cases.slice(at, at + CASES_A_RUN)))
    return outcomes
  }

  #runSome(cases: readonly SiliconCase[]): SiliconOutcome[] {
    const input = Buffer.concat([windowBytes(), ...cases.map(encodeCase)])
    const { status, signal, stdout } = spawnSync(this.#program, { input, maxBuffer: 1 << 30, timeout: 120_000 })
    const view = new DataView(stdout.buffer, stdout.byteOffset, stdout.length)
    const outcomes: SiliconOutcome[] = []
    for (let at = 0; at + 4 <= stdout.length && outcomes.length < cases.length; ) {
      const length = view.getUint32(at, true)
      outcomes.push(decodeOutcome(cases[outcomes.length] as SiliconCase, view, at + 4))
      at += 4 + length
    }
    if (status === 0 && outcomes.length === cases.length) return outcomes
    const why = STATUS[status ?? -1] ?? `${status ?? signal}`
    const last = cases[outcomes.length]
    throw new Error(`the harness stopped (${why}) near ${last?.name} ${Buffer.from(last?.code ?? []).toString('hex')}`)
  }
}
