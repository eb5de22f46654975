import { type FileHandle, open } from 'node:fs/promises'
import process from 'node:process'
import { unusablePath } from './exit.ts'

const PIECE_BYTES = 1 << 20

/** Bytes to read, piece by piece: a file, or standard input for `-`. */
export class ByteSource {
  /** As a person knows it. */
  readonly name: string
  readonly #pieces: AsyncIterator<Uint8Array>
  #ahead: Uint8Array[] = []

  constructor(name: string, pieces: AsyncIterator<Uint8Array>) {
    this.name = name
    this.#pieces = pieces
  }

  /** The first bytes, at least `count` if there are as many; they stay to be read. */
  async peek(count: number): Promise<Uint8Array> {
    while (byteCount(this.#ahead) < count) {
      const { value, done } = await this.#pieces.next()
      if (done) break
      this.#ahead.push(value)
    }
    return concatenated(this.#ahead)
  }

  /** Pieces of what has not been read yet, none of them empty. */
  async *pieces(): AsyncGenerator<Uint8Array, void, undefined> {
    const ahead = this.#ahead
    this.#ahead = []
    for (const piece of ahead) if (piece.length > 0) yield piece
    for (let next = await this.#pieces.next(); !next.done; next = await this.#pieces.next())
      if (next.value.length > 0) yield next.value
  }

  /** Everything that has not been read yet. */
  async rest(): Promise<Uint8Array> {
    const pieces: Uint8Array[] = []
    for await (const piece of this.pieces()) pieces.push(piece)
    return concatenated(pieces)
  }
}

const byteCount = (pieces: readonly Uint8Array[]): number => pieces.reduce((sum, { length }) => sum + length, 0)

function concatenated(pieces: readonly Uint8Array[]): Uint8Array {
  if (pieces.length === 1) return pieces[0] as Uint8Array
  const bytes = new Uint8Array(byteCount(pieces))
  let at = 0
  for (const piece of pieces) {
    bytes.set(piece, at)
    at += piece.length
  }
  return bytes
}

async function* piecesOfFile(file: FileHandle): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    for (;;) {
      const piece = new Uint8Array(PIECE_BYTES)
      // No position: pipes and devices have none.
      const { bytesRead } = await file.read(piece, 0, PIECE_BYTES, null)
      if (bytesRead === 0) return
      yield piece.subarray(0, bytesRead)
    }
  } finally {
    await file.close()
  }
}

/** Turns what a path makes impossible into an {@link InputError}; the rest is the host's. */
async function* mendable(path: string, pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* pieces
  } catch (error) {
    throw unusablePath(`cannot read ${path}`, error)
  }
}

/**
 * Opens a file, or standard input for `-`.
 *
 * @throws InputError where there is nothing to read at that path; also later, from the source.
 */
export async function openSource(path: string): Promise<ByteSource> {
  if (path === '-') return new ByteSource('standard input', mendable('standard input', process.stdin))
  try {
    const file = await open(path)
    return new ByteSource(path, mendable(path, piecesOfFile(file)))
  } catch (error) {
    throw unusablePath(`cannot read ${path}`, error)
  }
}
