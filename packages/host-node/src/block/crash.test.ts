import { describe, expect, it } from 'vitest'
import type { DiskFile } from './disk-file.ts'
import { initializeOverlay, OverlayDisk } from './overlay.ts'
import { layoutOf } from './overlay-format.ts'
import type { SyncBlock } from './sync-block.ts'

const SECTOR = 512
const CLUSTER = 1024
/** More clusters than two sectors of the map have, and the last one is cut. */
const SECTORS = 2 * 300 - 1
const DISK = SECTORS * SECTOR
const LAYOUT = layoutOf(DISK, CLUSTER)
const STEPS = 30
/** Histories, each of which fails power at each of its file operations; RINGFOLD_SOAK multiplies. */
const RUNS = 4 * Number(process.env.RINGFOLD_SOAK ?? 1)
const SEED = Number(process.env.RINGFOLD_SEED ?? 7)

type Random = (below: number) => number

function randomFrom(seed: number): Random {
  let word = seed >>> 0 || 1
  return (below) => {
    word ^= word << 13
    word ^= word >>> 17
    word ^= word << 5
    return (word >>> 0) % below
  }
}

type FileOperation =
  | { readonly kind: 'write'; readonly at: number; readonly bytes: Uint8Array }
  | { readonly kind: 'truncate'; readonly sizeBytes: number }
  | { readonly kind: 'sync' }

/** Contents that grow. */
class Image {
  #bytes: Uint8Array<ArrayBuffer>
  sizeBytes: number

  constructor(bytes: Uint8Array) {
    this.#bytes = new Uint8Array(Math.max(bytes.length, 1 << 20))
    this.#bytes.set(bytes)
    this.sizeBytes = bytes.length
  }

  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.sizeBytes)
  }

  read(offset: number, into: Uint8Array): void {
    into.fill(0)
    into.set(this.bytes.subarray(offset, offset + into.length))
  }

  write(offset: number, bytes: Uint8Array): void {
    this.#bytes.set(bytes, offset)
    this.sizeBytes = Math.max(this.sizeBytes, offset + bytes.length)
  }

  truncate(sizeBytes: number): void {
    this.#bytes.fill(0, sizeBytes)
    this.sizeBytes = sizeBytes
  }
}

/** A file that keeps a log of what is done to it. */
class RecordedFile extends Image implements DiskFile {
  readonly log: FileOperation[] = []

  override write(at: number, bytes: Uint8Array): void {
    super.write(at, bytes)
    this.log.push({ kind: 'write', at, bytes: bytes.slice() })
  }

  override truncate(sizeBytes: number): void {
    super.truncate(sizeBytes)
    this.log.push({ kind: 'truncate', sizeBytes })
  }

  sync(): void {
    this.log.push({ kind: 'sync' })
  }

  close(): void {}
}

/**
 * What a power failure before operation `cut` leaves of a file: all that was synced, and of the rest any sectors, some of the map's in part.
 */
function afterPowerFailure(start: Uint8Array, log: readonly FileOperation[], cut: number, random: Random): Uint8Array {
  const image = new Image(start)
  const synced = log.slice(0, cut).findLastIndex(({ kind }) => kind === 'sync')
  // All of it, nearly nothing, and what lies between.
  const odds = 1 + random(4)
  for (const [index, operation] of log.slice(0, cut).entries()) {
    const isLost = () => index > synced && random(4) >= odds - 1
    if (operation.kind === 'truncate' && !isLost()) image.truncate(operation.sizeBytes)
    if (operation.kind !== 'write') continue
    const { at, bytes } = operation
    for (let done = 0; done < bytes.length; done += SECTOR) {
      const isTorn = index > synced && at < LAYOUT.dataOffset && random(3) === 0
      const count = isTorn ? 1 + random(SECTOR - 1) : SECTOR
      if (!isLost()) image.write(at + done, bytes.subarray(done, done + count))
    }
  }
  return image.bytes.slice()
}

/** Sectors hold one number over and over: so it is seen whether they are whole. */
const filled = (sectors: number, value: number): Uint8Array => {
  const words = new Uint32Array((sectors * SECTOR) / 4).fill(value)
  return new Uint8Array(words.buffer)
}
const BASE_MARK = 0x8000_0000
const baseValue = (sector: number): number => (BASE_MARK | sector) >>> 0

const base: SyncBlock = {
  sizeBytes: DISK,
  read: (offset, into) => {
    for (let at = 0; at < into.length; at += SECTOR) into.set(filled(1, baseValue((offset + at) / SECTOR)), at)
  },
  close: () => undefined,
}

function valuesOf(disk: SyncBlock): Uint32Array {
  const bytes = new Uint8Array(DISK)
  disk.read(0, bytes)
  const words = new Uint32Array(bytes.buffer)
  const values = new Uint32Array(SECTORS)
  for (let sector = 0; sector < SECTORS; sector++) {
    const first = (sector * SECTOR) / 4
    values[sector] = words[first] as number
    for (let n = 1; n < SECTOR / 4; n++)
      if (words[first + n] !== values[sector]) throw new Error(`sector ${sector} is in parts`)
  }
  return values
}

const open = (file: DiskFile): OverlayDisk => new OverlayDisk(file, base, 'overlay', () => undefined)

/** What the guest did, and which operations on the file that was. */
interface Step {
  readonly kind: 'write' | 'flush'
  readonly from: number
  readonly to: number
  readonly sector: number
  readonly sectors: number
  readonly value: number
}

/** A stretch of a guest's work, of which everything is remembered. */
class History {
  readonly start: Uint8Array
  readonly before: Uint32Array
  readonly file: RecordedFile
  readonly steps: Step[] = []
  #value: number

  constructor(start: Uint8Array, firstValue: number, random: Random) {
    this.start = start
    this.#value = firstValue
    this.file = new RecordedFile(start)
    const disk = open(this.file)
    this.before = valuesOf(disk)
    for (let n = 0; n < STEPS; n++) this.#step(disk, random)
    disk.close()
  }

  #step(disk: OverlayDisk, random: Random): void {
    const from = this.file.log.length
    const kind = random(10)
    if (kind < 3) {
      disk.flush()
      this.#note({ kind: 'flush', sector: 0, sectors: 0, value: 0 }, from)
      return
    }
    // Few places, so that they are written, discarded and written again.
    const sector = random(4) === 0 ? random(SECTORS) : (random(3) * 256 + random(8)) % SECTORS
    const sectors = Math.min(1 + random(3) * random(4), SECTORS - sector)
    const value = kind < 7 ? this.#value++ : 0
    if (kind < 7) disk.write(sector * SECTOR, filled(sectors, value))
    else disk.discard(sector * SECTOR, sectors * SECTOR)
    this.#note({ kind: 'write', sector, sectors, value }, from)
  }

  #note(step: Omit<Step, 'from' | 'to'>, from: number): void {
    this.steps.push({ ...step, from, to: this.file.log.length })
  }

  get nextValue(): number {
    return this.#value
  }

  /** For each sector, what may be there after a power failure: what was last flushed, or anything written since. */
  allowedAt(cut: number): Set<number>[] {
    const allowed = Array.from(this.before, (value) => new Set([value]))
    const last = this.before.slice()
    for (const { kind, from, to, sector, sectors, value } of this.steps) {
      if (from > cut) break
      for (let n = sector; n < sector + sectors; n++) {
        last[n] = value
        allowed[n]?.add(value)
      }
      if (kind === 'flush' && to <= cut)
        for (const [n, values] of allowed.entries()) keepOnly(values, last[n] as number)
    }
    return allowed
  }
}

function keepOnly(values: Set<number>, value: number): void {
  if (values.size === 1) return
  values.clear()
  values.add(value)
}

function expectAllowed(found: Uint32Array, allowed: readonly Set<number>[], cut: number): void {
  const wrong = [...found.entries()].filter(([sector, value]) => !allowed[sector]?.has(value))
  expect(wrong, `sectors after a failure before operation ${cut}`).toEqual([])
}

/** What was found goes on as a disk does: nothing moves when other sectors are written, flushed, and it is opened again. */
function expectUsable(image: Uint8Array, random: Random): void {
  const file = new RecordedFile(image)
  const disk = open(file)
  const expected = valuesOf(disk)
  for (let n = 0; n < 5; n++) {
    const sector = random(SECTORS)
    disk.write(sector * SECTOR, filled(1, n + 1))
    expected[sector] = n + 1
  }
  disk.flush()
  expect(valuesOf(disk)).toEqual(expected)
  disk.close()
  expect(valuesOf(open(new RecordedFile(file.bytes)))).toEqual(expected)
}

function emptyOverlay(): Uint8Array {
  const file = new RecordedFile(new Uint8Array(0))
  initializeOverlay(file, base, CLUSTER)
  return file.bytes.slice()
}

describe('an overlay after a power failure at any operation', () => {
  it.each(Array.from({ length: RUNS }, (_, n) => SEED * 1000 + n))(
    'holds what was flushed, twice (RINGFOLD_SEED, run %i)',
    (seed) => {
      const random = randomFrom(seed)
      let start = emptyOverlay()
      let value = 1
      for (let generation = 0; generation < 2; generation++) {
        const history = new History(start, value, random)
        const { log } = history.file
        for (let cut = 0; cut <= log.length; cut++) {
          const image = afterPowerFailure(history.start, log, cut, random)
          expectAllowed(valuesOf(open(new RecordedFile(image))), history.allowedAt(cut), cut)
          if (random(8) === 0) expectUsable(image, random)
        }
        start = afterPowerFailure(history.start, log, random(log.length), random)
        value = history.nextValue
      }
    },
  )

  it.each([
    ['first', LAYOUT.firstMapOffset],
    ['second', LAYOUT.secondMapOffset],
  ])('holds it where the next failure comes while the %s copy of the map is mended, or soon after', (_, at) => {
    const random = randomFrom(SEED)
    const { file, nextValue } = new History(emptyOverlay(), 1, random)
    const image = file.bytes.slice()
    for (let sector = 0; sector < LAYOUT.mapSectors; sector++) image[at + sector * SECTOR] = 0x55
    const next = new History(image, nextValue, random)
    for (let cut = 0; cut <= next.file.log.length; cut++)
      for (let tries = 0; tries < 5; tries++) {
        const again = afterPowerFailure(image, next.file.log, cut, random)
        expectAllowed(valuesOf(open(new RecordedFile(again))), next.allowedAt(cut), cut)
      }
  })
})

describe('an overlay whose copies of the map', () => {
  const { firstMapOffset, secondMapOffset } = LAYOUT
  const written = (): Uint8Array => {
    const file = new RecordedFile(emptyOverlay())
    const disk = open(file)
    disk.write(0, filled(8, 5))
    disk.close()
    return file.bytes.slice()
  }
  it.each([
    ['are one good, one damaged', [firstMapOffset]],
    ['are one damaged, one good', [secondMapOffset]],
  ])('%s reads as ever, and has two again', (_, places) => {
    const image = written()
    const whole = image.slice()
    for (const at of places) image.fill(0x55, at, at + 3)
    const file = new RecordedFile(image)
    expect(valuesOf(open(file)).slice(0, 9)).toEqual(Uint32Array.of(5, 5, 5, 5, 5, 5, 5, 5, baseValue(8)))
    expect(Buffer.compare(file.bytes, whole)).toBe(0)
  })
})
