/** What runs single-step vectors, and how its outcome is judged. */
import { type MooTest, REGISTERS } from './moo.ts'

export interface StepOutcome {
  /** All fourteen, in the order of `REGISTERS`. */
  readonly registers: Uint16Array
  /** Every byte written, by physical address. */
  readonly written: ReadonlyMap<number, number>
  /** The fault of the instruction. */
  readonly vector: number | undefined
}

export interface StepSubject {
  readonly name: string
  /** Executes from the initial state of `test`; on the 80286 set through the HLT that follows. */
  run(test: MooTest, processor: string): StepOutcome | 'unsupported'
}

const FLAGS = REGISTERS.indexOf('flags')
/** Bits 12 to 15 differ by processor: the description of the data masks them off. */
const COMPARED_FLAGS = 0x0fff

/** The final bytes that are known: the initial ones under those that changed. */
function expectedBytes(test: MooTest): Map<number, number> {
  const bytes = new Map<number, number>()
  for (const s of [test.initial, test.final]) s.addresses.forEach((a, i) => void bytes.set(a, s.values[i] ?? 0))
  return bytes
}

/** Differences in what the mask says is defined, one readable line each. */
export function differences(test: MooTest, outcome: StepOutcome, flagsMask: number): string[] {
  const lines: string[] = []
  const compare = (what: string, wanted: number | undefined, got: number | undefined, mask = -1): void => {
    if (wanted === undefined || got === undefined ? wanted !== got : ((wanted ^ got) & mask) !== 0)
      lines.push(`${what}: ${wanted?.toString(16) ?? 'none'} expected, ${got?.toString(16) ?? 'none'} found`)
  }
  const flags = flagsMask & COMPARED_FLAGS
  compare('vector', test.exception?.vector, outcome.vector)
  REGISTERS.forEach((name, r) => {
    const from = (test.final.mask >> r) & 1 ? test.final : test.initial
    compare(name, from.registers[r], outcome.registers[r], r === FLAGS ? flags : 0xffff)
  })
  const bytes = expectedBytes(test)
  const before = new Map([...test.initial.addresses].map((a, i) => [a, test.initial.values[i]]))
  const pushed = test.exception?.flagsAddress
  const maskAt = (a: number): number => (a === pushed ? flags & 255 : a - 1 === pushed ? flags >> 8 : 255)
  for (const a of new Set([...bytes.keys(), ...outcome.written.keys()]))
    compare(`[${a.toString(16)}]`, bytes.get(a), outcome.written.get(a) ?? before.get(a), maskAt(a))
  return lines
}
