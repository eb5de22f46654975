import type { BlockBackend } from '@ringfold/contracts'
import { blockBackendChecks, type Check, consoleBackendChecks, netBackendChecks } from '@ringfold/testkit'
import { describe, expect, it } from 'vitest'
import { MemoryBlock, MemoryConsole, pairedNet, ScratchBlock } from './index.ts'

const runAll = (checks: readonly Check[]) =>
  it.each(checks.map((check) => [check.name, check] as const))('%s', (_, check) => check.run())

/** A disk whose answers take a while. */
class LaterBlock implements BlockBackend {
  readonly #disk: MemoryBlock
  readonly sizeBytes: number
  readonly isReadOnly = false

  constructor(contents: Uint8Array) {
    this.#disk = new MemoryBlock(contents)
    this.sizeBytes = this.#disk.sizeBytes
  }

  async read(offset: number, into: Uint8Array): Promise<void> {
    for (let turn = 0; turn < 1 + ((offset / 512) % 5); turn++) await Promise.resolve()
    this.#disk.read(offset, into)
  }

  async write(offset: number, bytes: Uint8Array): Promise<void> {
    this.#disk.write(offset, bytes)
  }

  async flush(): Promise<void> {}
  async close(): Promise<void> {}
}

describe('a disk in memory', () => {
  runAll(
    blockBackendChecks({
      make: (contents) => new MemoryBlock(contents),
      makeReadOnly: (contents) => new MemoryBlock(contents, { readOnly: true }),
      reopen: (disk) => new MemoryBlock((disk as MemoryBlock).bytes),
    }),
  )

  it.each([0, 511, 513])('has no size of %i bytes', (sizeBytes) => {
    expect(() => new MemoryBlock(sizeBytes)).toThrow(expect.objectContaining({ code: 'device.option' }))
  })
})

describe('a disk of trials', () => {
  runAll(blockBackendChecks({ make: (contents) => new ScratchBlock(new MemoryBlock(contents, { readOnly: true })) }))
})

describe('a disk of trials over one that answers later', () => {
  runAll(blockBackendChecks({ make: (contents) => new ScratchBlock(new LaterBlock(contents)) }))
})

describe('a console in memory', () => {
  runAll(
    consoleBackendChecks(() => {
      const backend = new MemoryConsole()
      return { backend, output: () => backend.output, feed: (bytes) => backend.feed(bytes) }
    }),
  )

  it('keeps the last of its output', () => {
    const console = new MemoryConsole({ keptBytes: 4 })
    for (const letter of 'abcdefghijklmnopqr') console.write(new TextEncoder().encode(letter))
    expect(console.text).toBe('opqr')
  })
})

describe('a cable', () => {
  runAll(
    netBackendChecks(() => {
      const [backend, peer] = pairedNet()
      const received: Uint8Array[] = []
      peer.onReceive((frame) => received.push(frame))
      return { backend, received, send: (frame) => peer.send(frame) }
    }),
  )
})

/** How many checks of a suite an implementation does not pass. */
async function failures(checks: readonly Check[]): Promise<number> {
  let failed = 0
  for (const { run } of checks) {
    try {
      await run()
    } catch (error) {
      if ((error as { code?: string }).code !== 'testkit.failed') throw error
      failed++
    }
  }
  return failed
}

describe('the suites find out', () => {
  it.each<[string, (disk: MemoryBlock) => Partial<BlockBackend>]>([
    ['loses the end of what is long', (disk) => ({ write: (at, bytes) => disk.write(at, bytes.subarray(0, 65_536)) })],
    [
      'reads more than it was asked for',
      (disk) => ({ read: (at, into) => disk.read(at, new Uint8Array(into.buffer)) }),
    ],
    ['discards nothing', () => ({ discard: () => undefined })],
    ['has another size', (disk) => ({ sizeBytes: disk.sizeBytes - 512 })],
  ])('a disk that %s', async (_, change) => {
    const make = (contents: Uint8Array): BlockBackend => {
      const disk = new MemoryBlock(contents)
      const { sizeBytes, isReadOnly } = disk
      const good: BlockBackend = {
        ...{
          sizeBytes,
          isReadOnly,
          read: (at, into) => disk.read(at, into),
          write: (at, bytes) => disk.write(at, bytes),
        },
        ...{ flush: () => undefined, close: () => undefined, discard: (at, length) => disk.discard(at, length) },
      }
      return { ...good, ...change(disk) }
    }
    expect(await failures(blockBackendChecks({ make }))).toBeGreaterThan(0)
  })

  it('a disk that forgets what was flushed, and one that is written though it must not be', async () => {
    const make = (contents: Uint8Array) => new MemoryBlock(contents)
    const forgets = () => new MemoryBlock(1333 * 512)
    expect(await failures(blockBackendChecks({ make, reopen: forgets }))).toBe(1)
    expect(await failures(blockBackendChecks({ make, makeReadOnly: make }))).toBe(1)
  })

  it('a console that keeps what it was lent', async () => {
    const wrong = () => {
      const kept: Uint8Array[] = []
      const backend = {
        write: (bytes: Uint8Array) => void kept.push(bytes),
        onInput: () => undefined,
        close: () => undefined,
      }
      return { backend, output: () => Uint8Array.from(kept.flatMap((bytes) => [...bytes])) }
    }
    expect(await failures(consoleBackendChecks(wrong))).toBe(1)
  })

  it('a cable that shortens frames, one that changes their order, and one that lends them', async () => {
    const cable = (change: (frames: Uint8Array[], frame: Uint8Array) => void) => () => {
      const received: Uint8Array[] = []
      const [backend, peer] = pairedNet()
      backend.send = (frame: Uint8Array) => change(received, frame)
      return { backend, received, send: (frame: Uint8Array) => peer.send(frame) }
    }
    const shortens = cable((frames, frame) => frames.push(frame.slice(0, 9000)))
    const reorders = cable((frames, frame) => frames.unshift(frame.slice()))
    const lends = cable((frames, frame) => frames.push(frame))
    for (const wrong of [shortens, reorders, lends]) expect(await failures(netBackendChecks(wrong))).toBeGreaterThan(0)
  })
})
