/** Replays vectors on a subject, and keeps count. */
import { Decoder, Instruction, Status } from '@ringfold/isa/decoder'
import { flagNames, formByName } from '@ringfold/isa/facts'
import { Formatter } from '@ringfold/isa/formatter'
import type { SiliconCase } from './case.ts'
import { type Comparison, compareOutcomes, type Difference } from './compare.ts'
import { explanationOf } from './explained.ts'
import { codeAddress } from './image.ts'
import type { SiliconSubject } from './subject.ts'
import { formsOf } from './undefined-flags.ts'
import type { Vector } from './vectors.ts'

/** Counts of one group of instructions, or of all. */
export interface Counts {
  vectors: number
  passed: number
  /** Passed with a result that the manuals call approximate, within its tolerance. */
  approximate: number
  explained: number
  failed: number
  undefinedBits: number
  undefinedEqual: number
}

export const noCounts = (): Counts => ({
  vectors: 0,
  passed: 0,
  approximate: 0,
  explained: 0,
  failed: 0,
  undefinedBits: 0,
  undefinedEqual: 0,
})

export interface FormFailures {
  readonly name: string
  count: number
  /** The first of them, readable. */
  readonly first: string
  readonly fields: Map<string, number>
}

const formatters = new Formatter()
const instruction = new Instruction()

/** The text of a case: its instructions, parted by semicolons. */
export function textOf(c: SiliconCase): string {
  const decoder = new Decoder(c.bits)
  const texts: string[] = []
  for (let at = 0; at < c.code.length; at += instruction.length) {
    instruction.ipLo = codeAddress(c.seed) + at
    instruction.ipHi = 0
    if (decoder.decode(instruction, c.code.subarray(at)) !== Status.ok) break
    texts.push(formatters.format(instruction))
  }
  return texts.join('; ')
}

/** Of one flag that a mnemonic leaves undefined: in how many vectors it was as on silicon. */
export interface UndefinedFlag {
  readonly name: string
  vectors: number
  equal: number
}

const describe = (d: Difference): string => `${d.field} ${d.expected} expected, ${d.got} found`

export class Tally {
  readonly groups = new Map<string, Counts>()
  readonly explanations = new Map<string, number>()
  readonly failures = new Map<string, FormFailures>()
  readonly undefinedFlags = new Map<string, UndefinedFlag>()
  readonly subject: string

  constructor(subject: string) {
    this.subject = subject
  }

  /** Runs a vector on the subject. An exception of the host is a failure like others, with its text. */
  run(group: string, vector: Vector, subject: SiliconSubject): void {
    const counts = this.groups.get(group) ?? noCounts()
    this.groups.set(group, counts)
    counts.vectors++
    const { comparison, got } = outcomeOf(vector, subject)
    counts.undefinedBits += comparison.undefinedBits
    counts.undefinedEqual += comparison.undefinedEqual
    this.#noteUndefined(vector.input, comparison)
    if (comparison.differences.length === 0) {
      counts.passed++
      if (comparison.approximate > 0) counts.approximate++
      return
    }
    const why = got && explanationOf({ vector, got, comparison })
    if (why === undefined) {
      counts.failed++
      this.#fail(vector.input, comparison.differences)
    } else {
      counts.explained++
      this.explanations.set(why, (this.explanations.get(why) ?? 0) + 1)
    }
  }

  #noteUndefined(c: SiliconCase, { undefinedMask, undefinedDiffering }: Comparison): void {
    if (undefinedMask === 0 || formsOf(c).length !== 1) return
    for (const flag of flagNames(undefinedMask)) {
      const name = `${formByName(c.name)?.mnemonic} ${flag}`
      const seen = this.undefinedFlags.get(name) ?? { name, vectors: 0, equal: 0 }
      this.undefinedFlags.set(name, seen)
      seen.vectors++
      if (!flagNames(undefinedDiffering).includes(flag)) seen.equal++
    }
  }

  #fail(c: SiliconCase, differences: readonly Difference[]): void {
    const bytes = Buffer.from(c.code).toString('hex')
    const first = `vector ${c.index}, ${c.bits}-bit, ${bytes}, ${textOf(c)}: ${differences.slice(0, 6).map(describe).join('; ')}`
    const key = `${c.name}/${c.bits}`
    const failures = this.failures.get(key) ?? { name: key, count: 0, first, fields: new Map<string, number>() }
    this.failures.set(key, failures)
    failures.count++
    const fields = differences.map((d) => d.field.replace(/\+.*/, '').replace(/\d+$/, '')).join(' ')
    failures.fields.set(fields, (failures.fields.get(fields) ?? 0) + 1)
  }

  get total(): Counts {
    const sum = noCounts()
    for (const counts of this.groups.values())
      for (const key of Object.keys(sum) as (keyof Counts)[]) sum[key] += counts[key]
    return sum
  }
}

const NOTHING_UNDEFINED = { undefinedBits: 0, undefinedEqual: 0, undefinedMask: 0, undefinedDiffering: 0 }

function outcomeOf({ input, expected }: Vector, subject: SiliconSubject) {
  try {
    const got = subject.run(input)
    return { got, comparison: compareOutcomes(input, expected, got) }
  } catch (error) {
    const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
    const differences = [{ field: 'host', expected: 'no exception', got: text }]
    const comparison: Comparison = { differences, ...NOTHING_UNDEFINED, approximate: 0 }
    return { got: undefined, comparison }
  }
}
