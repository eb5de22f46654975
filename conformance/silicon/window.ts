/** What stands in the memory of operands before the patches of a case. README of the vectors, "Memory". */
import { READ_ONLY_BYTES, WINDOW_BYTES } from './layout.ts'
import { seeded, sixteen } from './random.ts'

const SEED = 0x51c04

let drawn: Uint8Array | undefined

/** The window and the read-only page behind it: cells of sixteen bytes, of kinds that reach the corners. Do not write to it. */
export function windowBytes(): Uint8Array {
  if (drawn !== undefined) return drawn
  const bytes = new Uint8Array(WINDOW_BYTES + READ_ONLY_BYTES)
  const view = new DataView(bytes.buffer)
  const next = seeded(SEED)
  for (let at = 0; at < bytes.length; at += 16) sixteen(next, view, at)
  drawn = bytes
  return bytes
}
