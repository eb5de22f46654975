/** What every `BlockBackend` must do: a disk reads as it was written, whatever it is made of. */
import type { BlockBackend } from '@ringfold/contracts'
import { type Check, expectBytes, expectSame, patternBytes, TestkitError } from './check.ts'

/** How disks of one kind are made. */
export interface BlockFactory {
  /** A disk that is written, and reads as `contents` at first: a multiple of 512 bytes. */
  make(contents: Uint8Array): BlockBackend | Promise<BlockBackend>
  /** One that is only read. Absent: this kind is always written. */
  makeReadOnly?(contents: Uint8Array): BlockBackend | Promise<BlockBackend>
  /**
   * Ends a disk that `make` made, by closing it or as a crash does, and opens what is left of it. Absent: nothing outlives a disk of
   * this kind.
   */
  reopen?(backend: BlockBackend): BlockBackend | Promise<BlockBackend>
}

const SECTOR = 512
/** A size at which no cluster of a power of two ends. */
const SECTORS = 1333
const BYTES = SECTORS * SECTOR
/** Requests in sectors: one, a page, just not pages, and more than any cluster. */
const SIZES = [1, 8, 7, 9, 128, 129, 300] as const
const ROUNDS = 60

/** A disk, and what it has to read as. */
class Subject {
  readonly factory: BlockFactory
  readonly model: Uint8Array
  backend: BlockBackend

  constructor(factory: BlockFactory, backend: BlockBackend, contents: Uint8Array) {
    this.factory = factory
    this.backend = backend
    this.model = contents.slice()
  }

  async write(sector: number, sectors: number, seed: number): Promise<void> {
    const bytes = patternBytes(sectors * SECTOR, seed)
    this.model.set(bytes, sector * SECTOR)
    await this.backend.write(sector * SECTOR, bytes)
    // They are the caller's again.
    bytes.fill(0xee)
  }

  /** Reads into the middle of a buffer, whose rest must stay. */
  async expect(what: string, sector: number, sectors: number): Promise<void> {
    const [offset, length] = [sector * SECTOR, sectors * SECTOR]
    const wanted = new Uint8Array(length + 2 * SECTOR).fill(0xa5)
    const found = wanted.slice()
    wanted.set(this.model.subarray(offset, offset + length), SECTOR)
    await this.backend.read(offset, found.subarray(SECTOR, SECTOR + length))
    expectBytes(`${what}, ${sectors} sectors at ${sector}`, wanted, found)
  }

  async expectAll(what: string): Promise<void> {
    await this.expect(what, 0, SECTORS)
  }
}

type Run = (subject: Subject) => void | Promise<void>

async function readsFirstContents(subject: Subject): Promise<void> {
  expectSame('sizeBytes', String(BYTES), String(subject.backend.sizeBytes))
  await subject.expectAll('first contents')
  for (const sectors of SIZES)
    for (const sector of [0, 1, 7, 8, 500, SECTORS - sectors]) await subject.expect('first contents', sector, sectors)
}

async function readsWhatIsWritten(subject: Subject): Promise<void> {
  const places = patternBytes(2 * ROUNDS, 1)
  for (let round = 0; round < ROUNDS; round++) {
    const sectors = SIZES[round % SIZES.length] as number
    const sector = Math.floor((((places[2 * round] as number) * 256 + round) / 65_536) * (SECTORS - sectors + 1))
    await subject.write(sector, sectors, round)
    await subject.expect('what was written', sector, sectors)
  }
  await subject.expectAll('after all writes')
}

async function reachesBothEnds(subject: Subject): Promise<void> {
  await subject.write(SECTORS - 1, 1, 1)
  await subject.write(0, 1, 2)
  await subject.expectAll('after writes of the first and the last sector')
  await subject.write(0, SECTORS, 3)
  await subject.expectAll('after a write of everything')
}

/** A guest has many requests under way; of those that do not overlap none may disturb another. */
async function keepsRequestsApart(subject: Subject): Promise<void> {
  const writes: Promise<void>[] = []
  for (let sector = 0; sector < 64; sector += 2) writes.push(subject.write(sector, 1, sector))
  for (let sector = 101; sector < SECTORS - 9; sector += 33) writes.push(subject.write(sector, 9, sector))
  await Promise.all(writes)
  await subject.expectAll('after writes that were under way together')
}

async function flushes(subject: Subject): Promise<void> {
  await subject.backend.flush()
  await subject.write(3, 9, 1)
  await subject.backend.flush()
  await subject.expectAll('after a flush')
}

async function discards(subject: Subject): Promise<void> {
  const { backend, model } = subject
  if (backend.discard === undefined) return
  await subject.write(0, 400, 1)
  for (const [sector, sectors] of [
    [8, 8],
    [100, 131],
    [350, 1],
    [SECTORS - 200, 200],
  ] as const) {
    await backend.discard(sector * SECTOR, sectors * SECTOR)
    model.fill(0, sector * SECTOR, (sector + sectors) * SECTOR)
  }
  await subject.expectAll('after ranges were discarded')
  await subject.write(105, 3, 2)
  await subject.expectAll('after a write into a range that was discarded')
}

async function outlives(subject: Subject): Promise<void> {
  const { factory, backend } = subject
  if (factory.reopen === undefined) return
  await subject.write(0, 300, 1)
  await backend.discard?.(16 * SECTOR, 50 * SECTOR)
  if (backend.discard !== undefined) subject.model.fill(0, 16 * SECTOR, 66 * SECTOR)
  await subject.write(SECTORS - 1, 1, 2)
  await backend.flush()
  subject.backend = await factory.reopen(backend)
  await subject.expectAll('after it was opened again')
  await subject.write(20, 9, 3)
  await subject.expectAll('after a write to what was opened again')
}

async function refusesWrites(subject: Subject): Promise<void> {
  const { backend } = subject
  expectSame('isReadOnly', 'true', String(backend.isReadOnly))
  await expectRefusal('a write', () => backend.write(0, new Uint8Array(SECTOR)))
  if (backend.discard !== undefined) await expectRefusal('a discard', () => backend.discard?.(0, SECTOR))
  await backend.flush()
  await subject.expectAll('after writes that were refused')
}

async function expectRefusal(what: string, run: () => void | Promise<void>): Promise<void> {
  try {
    await run()
  } catch {
    return
  }
  throw new TestkitError(`${what} to a disk that is only read was not refused`)
}

/** The suite of a block back end. Each check makes a disk of its own, and closes it. */
export function blockBackendChecks(factory: BlockFactory): readonly Check[] {
  const { makeReadOnly, reopen } = factory
  const on =
    (make: BlockFactory['make'], run: Run): Check['run'] =>
    async () => {
      const contents = patternBytes(BYTES, 99)
      const subject = new Subject(factory, await make(contents.slice()), contents)
      try {
        await run(subject)
      } finally {
        await subject.backend.close()
      }
    }
  const check = (name: string, run: Run): Check => ({ name, run: on((bytes) => factory.make(bytes), run) })
  const checks = [
    check('has its size, and reads as it was at first', readsFirstContents),
    check('reads what was written, across sizes', readsWhatIsWritten),
    check('reaches the first and the last sector', reachesBothEnds),
    check('keeps requests apart that are under way together', keepsRequestsApart),
    check('flushes', flushes),
    check('reads zeros where it discards', discards),
  ]
  if (reopen !== undefined) checks.push(check('still has what was flushed when it is opened again', outlives))
  if (makeReadOnly !== undefined)
    checks.push({
      name: 'refuses to be written where it is only read',
      run: on((bytes) => makeReadOnly.call(factory, bytes), refusesWrites),
    })
  return checks
}
