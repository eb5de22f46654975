/** LZMA2: chunks of LZMA or of plain bytes (xz file format 1.2.0, 5.3.1; the form of chunks: lzma2_decoder of XZ Utils). */

import type { Output } from '../load/output.ts'
import { LzmaDecoder } from './lzma.ts'

/** Why decoding stopped. */
export type Lzma2Defect = 'truncated' | 'malformed' | 'too-large'
/** Where the chunks end in the source. */
export type Lzma2End = { readonly end: number } | { readonly defect: Lzma2Defect }

/** Control bytes. */
const END = 0
const PLAIN_RESET_DICTIONARY = 1
const PLAIN = 2
const FIRST_LZMA = 0x80
/** What an LZMA chunk resets, in bits 6:5 of its control byte. */
const RESET = { STATE: 1, PROPERTIES: 2, DICTIONARY: 3 } as const

/** What must come before the next chunk can be of any kind. */
interface Needs {
  dictionary: boolean
  properties: boolean
  state: boolean
}

interface Chunk {
  readonly plain: boolean
  readonly resetsDictionary: boolean
  /** One of `RESET`, or 0. */
  readonly reset: number
  readonly outBytes: number
  readonly properties: number
  readonly dataAt: number
  readonly dataBytes: number
}

/** Reads the head of a chunk that is not the end marker; the data may lie beyond the source. */
function chunkAt(source: Uint8Array, at: number): Chunk | undefined {
  const control = source[at] as number
  const number = (offset: number) => ((source[at + offset] ?? 0) << 8) + (source[at + offset + 1] ?? 0) + 1
  if (control < FIRST_LZMA) {
    if (control > PLAIN) return undefined
    const outBytes = number(1)
    const resetsDictionary = control === PLAIN_RESET_DICTIONARY
    return { plain: true, resetsDictionary, reset: 0, outBytes, properties: 0, dataAt: at + 3, dataBytes: outBytes }
  }
  const reset = (control >>> 5) & 3
  const hasProperties = reset >= RESET.PROPERTIES
  return {
    ...{ plain: false, resetsDictionary: reset === RESET.DICTIONARY, reset },
    outBytes: ((control & 0x1f) << 16) + number(1),
    properties: hasProperties ? (source[at + 5] ?? 0) : 0,
    dataAt: at + (hasProperties ? 6 : 5),
    dataBytes: number(3),
  }
}

/** Whether a chunk may come now; it resets what it resets. */
function begin(decoder: LzmaDecoder, chunk: Chunk, needs: Needs): boolean {
  if (chunk.resetsDictionary) {
    decoder.resetDictionary()
    needs.dictionary = false
  }
  if (needs.dictionary) return false
  if (chunk.plain) {
    // The state of LZMA stays, but after a reset of the dictionary there is none.
    if (chunk.resetsDictionary) needs.properties = true
    return true
  }
  if (chunk.reset >= RESET.PROPERTIES) {
    if (!decoder.setProperties(chunk.properties)) return false
    needs.properties = false
  }
  if (needs.properties) return false
  if (chunk.reset >= RESET.STATE) {
    decoder.resetState()
    needs.state = false
  }
  return !needs.state
}

/** Decodes chunks from `at` on, up to the end marker. */
export function decodeLzma2(source: Uint8Array, from: number, output: Output): Lzma2End {
  const decoder = new LzmaDecoder(output)
  const needs: Needs = { dictionary: true, properties: true, state: true }
  let at = from
  while (source[at] !== END) {
    if (at >= source.length) return { defect: 'truncated' }
    const chunk = chunkAt(source, at)
    if (chunk === undefined) return { defect: 'malformed' }
    const end = chunk.dataAt + chunk.dataBytes
    if (end > source.length) return { defect: 'truncated' }
    if (!output.reserve(chunk.outBytes)) return { defect: 'too-large' }
    if (!begin(decoder, chunk, needs)) return { defect: 'malformed' }
    const data = source.subarray(chunk.dataAt, end)
    if (chunk.plain) output.append(data)
    else if (!decoder.decode(data, chunk.outBytes)) return { defect: 'malformed' }
    at = end
  }
  return { end: at + 1 }
}
