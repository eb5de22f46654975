/** Files of vectors: cases with what silicon made of them. The format is described to the byte in vectors/README.md. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { ByteReader, ByteWriter } from './bytes.ts'
import {
  initialImage,
  initialWindow,
  type MemoryPatch,
  type SiliconCase,
  type SiliconOutcome,
  type WordPatch,
} from './case.ts'
import { differencesOf } from './draft.ts'
import { type CodeBits, IMAGE_BYTES } from './image.ts'
import { vectorSeed } from './random.ts'

export const VECTORS = join(import.meta.dirname, 'vectors')
const MAGIC = 'RFSIL001'
const ENDING = '.rfsil.gz'

export interface Vector {
  readonly input: SiliconCase
  readonly expected: SiliconOutcome
}

/** Where and how a file was recorded. */
export interface VectorHeader {
  readonly processor: string
  readonly kernel: string
  readonly date: string
  readonly seed: number
}

function writeWords(out: ByteWriter, words: readonly WordPatch[]): void {
  out.u8(words.length)
  for (const { word } of words) out.u8(word)
  for (const { value } of words) out.u64(value)
}

function writeMemory(out: ByteWriter, patches: readonly MemoryPatch[]): void {
  out.u8(patches.length)
  for (const { offset, bytes } of patches) {
    out.u16(offset)
    out.u16(bytes.length)
    out.bytes(bytes)
  }
}

/** The words in which two state images differ. */
export function imageWords(from: Uint8Array, to: Uint8Array): WordPatch[] {
  const [a, b] = [from, to].map((i) => new DataView(i.buffer, i.byteOffset)) as [DataView, DataView]
  const words: WordPatch[] = []
  for (let word = 0; word < IMAGE_BYTES / 8; word++) {
    const value = b.getBigUint64(word * 8, true)
    if (value !== a.getBigUint64(word * 8, true)) words.push({ word, value })
  }
  return words
}

/** Patches of at most 255 runs: a case that changes more in pieces is written with its runs joined. */
function joined(patches: readonly MemoryPatch[], window: Uint8Array): readonly MemoryPatch[] {
  const [first, last] = [patches[0], patches.at(-1)]
  if (patches.length < 256 || first === undefined || last === undefined) return patches
  return [{ offset: first.offset, bytes: window.slice(first.offset, last.offset + last.bytes.length) }]
}

function writeVector(out: ByteWriter, { input, expected }: Vector): void {
  out.u8(input.code.length)
  out.bytes(input.code)
  writeWords(out, input.words)
  writeMemory(out, input.memory)
  out.u8(expected.trap)
  if (hasErrorCode(expected.trap)) out.u16(expected.errorCode)
  if (expected.trap === 14) out.u64(expected.address)
  writeWords(out, imageWords(initialImage(input), expected.image))
  writeMemory(out, joined(differencesOf(initialWindow(input), expected.window), expected.window))
}

/** Exceptions that push an error code (SDM vol. 3A, table 7-1). */
export const hasErrorCode = (vector: number): boolean =>
  vector === 8 || (vector >= 10 && vector <= 14) || vector === 17 || vector === 21

/** Builds a file, group by group: vectors of one form, or of one kind of sequence. */
export class VectorWriter {
  readonly #out = new ByteWriter()
  groups = 0
  vectors = 0

  constructor(header: VectorHeader) {
    for (const c of MAGIC) this.#out.u8(c.charCodeAt(0))
    const text = new TextEncoder().encode(JSON.stringify(header))
    this.#out.u32(text.length)
    this.#out.bytes(text)
  }

  add(name: string, bits: CodeBits, seed: number, vectors: readonly Vector[]): void {
    this.#out.text(name)
    this.#out.u8(bits)
    this.#out.u32(seed)
    this.#out.u16(vectors.length)
    for (const vector of vectors) writeVector(this.#out, vector)
    this.groups++
    this.vectors += vectors.length
  }

  /** Writes the file; `name` is without its ending. @returns its size in bytes. */
  write(folder: string, name: string): number {
    const packed = gzipSync(this.#out.done(), { level: 9 })
    writeFileSync(join(folder, `${name}${ENDING}`), packed)
    return packed.length
  }
}

const readWords = (from: ByteReader): WordPatch[] => {
  const numbers = from.bytes(from.u8())
  return [...numbers].map((word) => ({ word, value: from.u64() }))
}

const readMemory = (from: ByteReader): MemoryPatch[] =>
  Array.from({ length: from.u8() }, () => {
    const offset = from.u16()
    return { offset, bytes: from.bytes(from.u16()) }
  })

interface RawVector {
  readonly input: SiliconCase
  readonly trap: number
  readonly errorCode: number
  readonly address: bigint
  readonly words: readonly WordPatch[]
  readonly memory: readonly MemoryPatch[]
}

function readVector(from: ByteReader, name: string, bits: CodeBits, seed: number, index: number): RawVector {
  const code = from.bytes(from.u8())
  const words = readWords(from)
  const memory = readMemory(from)
  const trap = from.u8()
  return {
    input: { name, index, bits, seed: vectorSeed(seed, index), code, words, memory },
    trap,
    errorCode: hasErrorCode(trap) ? from.u16() : 0,
    address: trap === 14 ? from.u64() : 0n,
    words: readWords(from),
    memory: readMemory(from),
  }
}

/** Makes images of differences; only for vectors that are replayed. */
function expand({ input, trap, errorCode, address, words, memory }: RawVector): Vector {
  const image = initialImage(input)
  const view = new DataView(image.buffer)
  for (const { word, value } of words) view.setBigUint64(word * 8, value, true)
  const window = initialWindow(input)
  for (const { offset, bytes } of memory) window.set(bytes, offset)
  return { input, expected: { trap, errorCode, address, image, window } }
}

/** One form's vectors in a file: each is expanded when it is asked for. */
export interface StoredGroup {
  readonly name: string
  readonly bits: CodeBits
  readonly seed: number
  readonly count: number
  vector(n: number): Vector
}

export interface StoredFile {
  readonly name: string
  readonly header: VectorHeader
  readonly groups: readonly StoredGroup[]
}

/** Reads a file. Throws where it is no file of vectors. */
export function readVectors(path: string): StoredFile {
  const from = new ByteReader(gunzipSync(readFileSync(path)))
  if (String.fromCharCode(...from.bytes(MAGIC.length)) !== MAGIC) throw new Error(`${path} holds no vectors`)
  const header = JSON.parse(new TextDecoder().decode(from.bytes(from.u32()))) as VectorHeader
  const groups: StoredGroup[] = []
  while (!from.atEnd) {
    const name = from.text()
    const bits = from.u8() as CodeBits
    const seed = from.u32()
    const raw = Array.from({ length: from.u16() }, (_, n) => readVector(from, name, bits, seed, n))
    groups.push({ name, bits, seed, count: raw.length, vector: (n) => expand(raw[n] as RawVector) })
  }
  return { name: path.slice(path.lastIndexOf('/') + 1, -ENDING.length), header, groups }
}

/** All files of the folder, in the order of their names. */
export const vectorFiles = (folder = VECTORS): string[] =>
  readdirSync(folder)
    .filter((n) => n.endsWith(ENDING))
    .sort()
    .map((n) => join(folder, n))
