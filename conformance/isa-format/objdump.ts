/** GNU objdump as the oracle of text: our `objdump` preset against what it prints, instruction by instruction. */
import { spawn, spawnSync } from 'node:child_process'
import { createInterface } from 'node:readline'
import { Decoder, Instruction, Status } from '@ringfold/isa/decoder'
import { Formatter } from '@ringfold/isa/formatter'
import { hexBytes } from '../isa-vectors/archive.ts'
import { Tally } from '../isa-vectors/tally.ts'
import { OBJDUMP_DIFFERENCES } from './explained.ts'

/** What `-m` calls the modes. */
export const MACHINE = { 16: 'i8086', 32: 'i386', 64: 'i386:x86-64' } as const
export const SYNTAXES = ['intel', 'att'] as const

export interface TextCase {
  readonly bits: 16 | 32 | 64
  readonly syntax: 'intel' | 'att'
  readonly hex: string
  readonly mnemonic: string
}

/** Why objdump cannot be asked here, or null. */
export function objdumpMissing(): string | null {
  const probe = spawnSync('objdump', ['--version'], { encoding: 'utf8' })
  return probe.status === 0 ? null : 'objdump is absent'
}

/** Columns collapsed, comments and symbols gone, branch targets without 0x. */
export function normalize(text: string): string {
  return text
    .replace(/\s*#.*$/, '')
    .replace(/\s*<.*>$/, '')
    .replace(/\s+/g, ' ')
    .trim()
    .replace(/^((?:[A-Za-z0-9.,]+ )*(?:j[a-z]+|call[a-z]?|loop[a-z]*|xbegin)(?:,p[nt])?) 0x([0-9a-f]+)$/, '$1 $2')
}

export class ObjdumpComparison {
  readonly tally: Tally<TextCase>
  readonly bits: 16 | 32 | 64
  readonly syntax: 'intel' | 'att'
  readonly #decoder: Decoder
  readonly #formatter: Formatter
  readonly #insn = new Instruction()
  readonly #every: number

  /** `every`: only instructions at multiples of this address count. */
  constructor(name: string, bits: 16 | 32 | 64, syntax: 'intel' | 'att', every = 1) {
    this.#every = every
    this.tally = new Tally(`${name}, ${syntax}`, OBJDUMP_DIFFERENCES)
    this.bits = bits
    this.syntax = syntax
    this.#decoder = new Decoder(bits)
    this.#formatter = new Formatter({ syntax, preset: 'objdump' })
  }

  /** One line of objdump: `  401000:\t48 89 c3 \tmov    rbx,rax`. Lines of another form are passed over. */
  line(line: string): void {
    const m = /^\s*([0-9a-f]+):\t((?:[0-9a-f]{2} )+)\s*\t(.*)$/.exec(line)
    if (!m || Number.parseInt(m[1] ?? '', 16) % this.#every !== 0) return
    const theirs = normalize(m[3] ?? '').replace(/^.*\(bad\).*$/, '(bad)')
    const bytes = hexBytes(m[2] ?? '')
    const i = this.#insn
    const address = BigInt(`0x${m[1]}`)
    i.ipLo = Number(BigInt.asIntN(32, address))
    i.ipHi = Number(BigInt.asIntN(32, address >> 32n))
    this.#decoder.decode(i, bytes)
    const ours = normalize(this.#formatter.format(i))
    const hex = (m[2] ?? '').trim()
    const c = { bits: this.bits, syntax: this.syntax, hex, mnemonic: theirs.split(' ')[0] ?? '' }
    if (i.status === Status.ok && i.length !== bytes.length)
      this.tally.add(c, { what: 'length', ours: `${i.length} ${ours}`, theirs: `${bytes.length} ${theirs}` })
    else this.tally.add(c, ours === theirs ? null : { what: 'text', ours, theirs })
  }

  /** Reads what objdump prints for these arguments, at most `limit` instructions. */
  async run(args: readonly string[], limit = Number.POSITIVE_INFINITY): Promise<Tally<TextCase>> {
    const child = spawn('objdump', ['-w', ...(this.syntax === 'intel' ? ['-M', 'intel'] : []), ...args], {
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    for await (const line of createInterface({ input: child.stdout })) {
      this.line(line)
      if (this.tally.total >= limit) break
    }
    child.kill()
    return this.tally
  }
}
