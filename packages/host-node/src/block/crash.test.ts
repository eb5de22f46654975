import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { afterAll, describe, expect, it } from 'vitest'
import type { DiskFile } from './disk-file.ts'
import { openOverlay, openRawDisk } from './index.ts'
import { initializeOverlay, OverlayDisk, type SyncBlock } from './overlay.ts'

const SECTOR = 512
const CLUSTER = 65_536
const CLUSTERS = 20
const DISK = CLUSTERS * CLUSTER
/** Runs, each of which fails power a dozen times; RINGFOLD_SOAK multiplies. */
const RUNS = 10 * Number(process.env.RINGFOLD_SOAK ?? 1)
const SEED = Number(process.env.RINGFOLD_SEED ?? 7)

function randomFrom(seed: number): (below: number) => number {
  let word = seed >>> 0 || 1
  return (below) => {
    word ^= word << 13
    word ^= word >>> 17
    word ^= word << 5
    return (word >>> 0) % below
  }
}

/** A file in memory that remembers what was written since it was synced, sector by sector. */
class LossyFile implements DiskFile {
  durable = new Uint8Array(0)
  #current = new Uint8Array(0)
  #pending: { readonly at: number; readonly bytes: Uint8Array }[] = []

  get sizeBytes(): number {
    return this.#current.length
  }

  read(offset: number, into: Uint8Array): void {
    into.fill(0)
    into.set(this.#current.subarray(offset, offset + into.length))
  }

  write(offset: number, bytes: Uint8Array): void {
    this.#current = written(this.#current, offset, bytes)
    for (let at = 0; at < bytes.length; at += SECTOR)
      this.#pending.push({ at: offset + at, bytes: bytes.slice(at, at + SECTOR) })
  }

  sync(): void {
    this.durable = this.#current.slice()
    this.#pending = []
  }

  close(): void {}

  /** What a power failure leaves: what was synced, and any of the sectors that were written since, in any order. */
  afterPowerFailure(random: (below: number) => number): LossyFile {
    const left = new LossyFile()
    left.durable = this.durable.slice()
    for (const { at, bytes } of this.#pending) if (random(2) === 0) left.durable = written(left.durable, at, bytes)
    left.#current = left.durable.slice()
    return left
  }
}

function written(bytes: Uint8Array, offset: number, part: Uint8Array): Uint8Array<ArrayBuffer> {
  const grown = new Uint8Array(Math.max(bytes.length, offset + part.length))
  grown.set(bytes)
  grown.set(part, offset)
  return grown
}

const base: SyncBlock = { sizeBytes: DISK, read: (offset, into) => into.fill(offset / CLUSTER), close: () => undefined }

/** For each sector, what it may hold after a crash: what it held at the last flush, or what was written since. */
class Expectation {
  readonly #flushed = new Map<number, number>()
  readonly #since = new Map<number, Set<number>>()

  write(sector: number, value: number): void {
    const values = this.#since.get(sector) ?? new Set()
    // The last one stands last, even if it stood there before.
    values.delete(value)
    this.#since.set(sector, values.add(value))
  }

  flush(): void {
    for (const [sector, values] of this.#since) this.#flushed.set(sector, [...values].at(-1) as number)
    this.#since.clear()
  }

  check(disk: OverlayDisk): void {
    const bytes = new Uint8Array(SECTOR)
    for (const sector of new Set([...this.#flushed.keys(), ...this.#since.keys()])) {
      disk.read(sector * SECTOR, bytes)
      const before = this.#flushed.get(sector) ?? Math.floor((sector * SECTOR) / CLUSTER)
      const allowed = [before, ...(this.#since.get(sector) ?? [])]
      expect(allowed, `sector ${sector}`).toContain(bytes[0])
      expect(new Set(bytes).size, `sector ${sector} is whole`).toBe(1)
    }
  }
}

describe('an overlay after a power failure at any moment', () => {
  it.each(Array.from({ length: RUNS }, (_, n) => SEED * 1000 + n))(
    'holds what was flushed (RINGFOLD_SEED, run %i)',
    (seed) => {
      const random = randomFrom(seed)
      let file = new LossyFile()
      initializeOverlay(file, base)
      const expected = new Expectation()
      let disk = new OverlayDisk(file, base, 'overlay', () => undefined)
      for (let step = 0; step < 120; step++) {
        const kind = random(10)
        if (kind < 6) {
          const sector = random(DISK / SECTOR)
          const count = Math.min(1 + random(3) * random(90), DISK / SECTOR - sector)
          const value = 100 + random(150)
          disk.write(sector * SECTOR, new Uint8Array(count * SECTOR).fill(value))
          for (let n = 0; n < count; n++) expected.write(sector + n, value)
        } else if (kind === 6) {
          const cluster = random(CLUSTERS)
          disk.discard(cluster * CLUSTER, CLUSTER)
          for (let n = 0; n < CLUSTER / SECTOR; n++) expected.write((cluster * CLUSTER) / SECTOR + n, 0)
        } else if (kind < 9) {
          disk.flush()
          expected.flush()
        } else {
          file = file.afterPowerFailure(random)
          disk = new OverlayDisk(file, base, 'overlay', () => undefined)
          expected.check(disk)
          // From here on, what was found is what there is.
          file.sync()
          const found = new Uint8Array(DISK)
          disk.read(0, found)
          for (let sector = 0; sector < DISK / SECTOR; sector++)
            expected.write(sector, found[sector * SECTOR] as number)
          expected.flush()
        }
      }
    },
  )
})

const folder = mkdtempSync(join(tmpdir(), 'ringfold-crash-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const ROUNDS = 3 * Number(process.env.RINGFOLD_SOAK ?? 1)

/** Writes numbered sectors for ever, and says after each flush how far it was. */
const WRITER = `
import { openOverlay, openRawDisk } from '@ringfold/host-node'
import { writeSync } from 'node:fs'
const [kind, path, base] = process.argv.slice(1)
const disk = kind === 'raw' ? openRawDisk(path) : openOverlay(path, base)
const sectors = disk.sizeBytes / 512
for (let n = 1; ; n++) {
  const bytes = new Uint8Array(512 * (1 + (n % 200)))
  new Uint32Array(bytes.buffer).fill(n)
  disk.write(((n * 7919) % (sectors - 200)) * 512, bytes)
  if (n % 5 === 0) {
    await disk.flush()
    writeSync(1, n + '\\n')
  }
}`

describe.each(['raw', 'overlay'] as const)('a process that is killed while it writes (%s)', (kind) => {
  it.each(Array.from({ length: ROUNDS }, (_, n) => n))(
    'loses nothing that it flushed (round %i)',
    async (round) => {
      const [path, basePath] = [join(folder, `${kind}${round}`), join(folder, `base${round}`)]
      for (const name of kind === 'raw' ? [path] : [basePath]) writeFileSync(name, new Uint8Array(8 << 20))
      const child = spawn(
        process.execPath,
        ['-C', '@ringfold/source', '--input-type=module', '-e', WRITER, kind, path, basePath],
        {
          stdio: ['ignore', 'pipe', 'inherit'],
          cwd: import.meta.dirname,
        },
      )
      let said = ''
      child.stdout.on('data', (bytes: Buffer) => {
        said += bytes.toString()
      })
      await once(child.stdout, 'data')
      await new Promise((resolve) => setTimeout(resolve, 20 + randomFrom(SEED + round)(150)))
      child.kill('SIGKILL')
      await once(child, 'exit')
      const flushed = Number(said.trim().split('\n').at(-1))
      expect(flushed).toBeGreaterThan(0)
      const disk = kind === 'raw' ? openRawDisk(path) : openOverlay(path, basePath)
      const bytes = new Uint8Array(disk.sizeBytes)
      await disk.read(0, bytes)
      await disk.close()
      expectFlushed(new Uint32Array(bytes.buffer), flushed)
    },
    30_000,
  )
})

/** Every sector holds the last number that was flushed to it, or a later one. */
function expectFlushed(words: Uint32Array, flushed: number): void {
  const sectors = (words.length * 4) / SECTOR
  const least = new Map<number, number>()
  for (let n = 1; n <= flushed; n++) {
    const first = (n * 7919) % (sectors - 200)
    for (let at = 0; at < 1 + (n % 200); at++) least.set(first + at, n)
  }
  let lost = 0
  for (const [sector, n] of least) {
    const found = words.subarray((sector * SECTOR) / 4, ((sector + 1) * SECTOR) / 4)
    if (found.some((word) => word < n)) lost++
  }
  expect(lost).toBe(0)
}
