/** A case and its outcome. */
import { type CodeBits, drawImage } from './image.ts'
import { WINDOW, WINDOW_BYTES } from './layout.ts'
import { windowBytes } from './window.ts'

/** A word of eight bytes of the state image that differs, by its number. */
export interface WordPatch {
  readonly word: number
  readonly value: bigint
}
/** Bytes of the window that differ, from an offset. */
export interface MemoryPatch {
  readonly offset: number
  readonly bytes: Uint8Array
}

export interface SiliconCase {
  /** Name of the form, or of a sequence. */
  readonly name: string
  readonly index: number
  readonly bits: CodeBits
  readonly seed: number
  readonly code: Uint8Array
  /** What differs from the state of the seed, and from the window as it is drawn. */
  readonly words: readonly WordPatch[]
  readonly memory: readonly MemoryPatch[]
}

/** The vector of INT3: the code came to its end. */
export const REACHED_END = 3
/** The "vector" of what did not end in time. */
export const TIMED_OUT = 0xffff

export interface SiliconOutcome {
  /** Vector of the exception that ended it. */
  readonly trap: number
  readonly errorCode: number
  /** CR2 of a page fault, else 0. */
  readonly address: bigint
  readonly image: Uint8Array
  /** All of the window. */
  readonly window: Uint8Array
}

/** The state from which a case starts. */
export function initialImage(c: SiliconCase): Uint8Array {
  const image = drawImage(c.seed, c.bits)
  const view = new DataView(image.buffer)
  for (const { word, value } of c.words) view.setBigUint64(word * 8, value, true)
  return image
}

/** The window from which a case starts. */
export function initialWindow(c: SiliconCase): Uint8Array {
  const window = windowBytes().slice(0, WINDOW_BYTES)
  for (const { offset, bytes } of c.memory) window.set(bytes, offset)
  return window
}

/** Whether `bytes` from a linear address lie in the window. */
export const inWindow = (address: bigint, bytes: number): boolean =>
  address >= BigInt(WINDOW) && address + BigInt(bytes) <= BigInt(WINDOW + WINDOW_BYTES)
