import { Decoder, Instruction, Status } from '@ringfold/isa/decoder'
import { LONGEST_INSTRUCTION } from '../disasm/cursor.ts'
import type { Bits } from '../numbers.ts'

/** Form numbers are 16 bits wide. */
const FORMS = 1 << 16

/** A place in the code. */
export interface Place {
  readonly section: number
  readonly offset: number
}

/** What a sweep through code counted. */
export interface Census {
  /** Bytes swept. */
  bytes: number
  /** Instructions of the table. */
  instructions: number
  /** Instructions that the table does not hold. */
  notInTable: number
  /** Bytes that are no instruction: data and padding among the code, mostly. */
  badBytes: number
  /** Instructions by the number of their form. */
  readonly byForm: Uint32Array
  /** Instructions by their length in bytes. */
  readonly byLength: Uint32Array
  /** Where each form was met first, by its number. */
  readonly firstPlaces: Map<number, Place>
}

export function emptyCensus(): Census {
  const counts = { bytes: 0, instructions: 0, notInTable: 0, badBytes: 0 }
  return {
    ...counts,
    byForm: new Uint32Array(FORMS),
    byLength: new Uint32Array(LONGEST_INSTRUCTION + 1),
    firstPlaces: new Map(),
  }
}

/** Bytes that are swept between two reports. */
const STEP_BYTES = 1 << 20

function countInstruction(census: Census, form: number, length: number, section: number, offset: number): void {
  const before = census.byForm[form] as number
  if (before === 0) census.firstPlaces.set(form, { section, offset })
  census.byForm[form] = before + 1
  census.byLength[length] = (census.byLength[length] as number) + 1
  census.instructions++
}

/**
 * Counts the instructions of a section, from its first byte straight to its end.
 *
 * @param section number of the section, for places
 * @returns a generator that yields the bytes done so far now and then
 */
export function* countInstructions(
  census: Census,
  bits: Bits,
  bytes: Uint8Array,
  section: number,
): Generator<number, void, undefined> {
  const decoder = new Decoder(bits)
  const instruction = new Instruction()
  let nextReport = STEP_BYTES
  for (let at = 0; at < bytes.length; ) {
    const status = decoder.decode(instruction, bytes, at, bytes.length)
    const isKnown = status === Status.ok || status === Status.notInTable
    const length = isKnown ? instruction.length : 1
    if (status === Status.ok) countInstruction(census, instruction.form, length, section, at)
    else if (isKnown) census.notInTable++
    else census.badBytes++
    at += length
    census.bytes += length
    if (at >= nextReport) {
      yield at
      nextReport = at + STEP_BYTES
    }
  }
}
