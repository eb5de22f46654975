import type { BufferedOutput } from '../output.ts'
import { Cursor, LONGEST_INSTRUCTION } from './cursor.ts'
import type { Lines } from './lines.ts'
import type { Region } from './regions.ts'

/** Writes lines from `from` until `end`, or until the output is full. @returns the offset to go on at. */
function writeLines(
  cursor: Cursor,
  lines: Lines,
  output: BufferedOutput,
  bytes: Uint8Array,
  from: number,
  end: number,
): number {
  let at = from
  while (at < end && !output.isFull) {
    if (cursor.isAtLabel) output.add(lines.label(cursor.takeLabel(), false))
    cursor.decode(bytes, at, bytes.length)
    output.add(lines.instruction(cursor, bytes, at))
    at += cursor.length
    cursor.advance()
    while (cursor.hasPassedLabel) output.add(lines.label(cursor.takeLabel(), true))
  }
  return at
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  if (a.length === 0) return b
  const bytes = new Uint8Array(a.length + b.length)
  bytes.set(a)
  bytes.set(b, a.length)
  return bytes
}

/**
 * Writes the disassembly of a region. Holds one piece of it at a time, and never more text than the output takes, so that endless
 * input is possible.
 */
export async function disassembleRegion(region: Region, lines: Lines, output: BufferedOutput): Promise<void> {
  const cursor = new Cursor(region.bits, region.address, region.symbols)
  output.add(lines.heading(region))
  let left: Uint8Array = new Uint8Array(0)
  const writeUntil = async (bytes: Uint8Array, end: number) => {
    let at = 0
    while (at < end) {
      at = writeLines(cursor, lines, output, bytes, at, end)
      if (output.isFull) await output.drained()
    }
    return bytes.subarray(at)
  }
  for await (const piece of region.pieces) {
    const bytes = joined(left, piece)
    // Only where a whole instruction is sure to be there; the rest waits for the next piece.
    left = await writeUntil(bytes, bytes.length - LONGEST_INSTRUCTION + 1)
  }
  await writeUntil(left, left.length)
  await output.drained()
}
