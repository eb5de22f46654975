import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { blockBackendChecks } from '@ringfold/testkit'
import { afterAll, describe, expect, it } from 'vitest'
import { openOverlay, openRawDisk } from './index.ts'

const folder = mkdtempSync(join(tmpdir(), 'ringfold-block-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
let count = 0
const fresh = (contents?: Uint8Array): string => {
  const path = join(folder, `disk${count++}`)
  if (contents !== undefined) writeFileSync(path, contents)
  return path
}

const startingWith = (text: string): Uint8Array => {
  const bytes = new Uint8Array(1024)
  for (const [at, letter] of [...text].entries()) bytes[at] = letter.charCodeAt(0)
  return bytes
}

describe('a raw disk', () => {
  const paths = new Map<object, string>()
  const checks = blockBackendChecks({
    make: (contents) => {
      const path = fresh(contents)
      const disk = openRawDisk(path)
      paths.set(disk, path)
      return disk
    },
    makeReadOnly: (contents) => openRawDisk(fresh(contents), { readOnly: true }),
    reopen: (disk) => {
      void disk.close()
      return openRawDisk(paths.get(disk) as string)
    },
  })
  it.each(checks.map((check) => [check.name, check] as const))('%s', (_, check) => check.run())

  it('is written by one, whatever it is called', () => {
    const path = fresh(new Uint8Array(1024))
    const link = fresh()
    symlinkSync(path, link)
    const disk = openRawDisk(path)
    for (const name of [path, link])
      expect(() => openRawDisk(name)).toThrow(
        expect.objectContaining({ code: 'host.busy', message: expect.stringContaining('written by this process') }),
      )
    openRawDisk(path, { readOnly: true }).close()
    disk.close()
    openRawDisk(link).close()
    expect(existsSync(`${path}.lock`)).toBe(false)
  })

  it('keeps its holes where it is discarded', () => {
    const path = fresh(new Uint8Array(0))
    truncateSync(path, 8 << 20)
    const disk = openRawDisk(path)
    disk.write(4 << 20, new Uint8Array(512).fill(1))
    disk.discard(0, 8 << 20)
    disk.close()
    expect(statSync(path).blocks * 512).toBeLessThan(1 << 20)
  })

  it('does nothing when it is closed, to whatever has its number then', () => {
    const disk = openRawDisk(fresh(new Uint8Array(512)))
    disk.close()
    disk.close()
    const other = openRawDisk(fresh(new Uint8Array(512)))
    const bytes = new Uint8Array(512)
    for (const use of [() => disk.write(0, bytes), () => disk.read(0, bytes), () => disk.flush()])
      expect(use).toThrow(expect.objectContaining({ code: 'host.disk' }))
    other.close()
  })

  const notRaw: [what: string, path: () => string, code: string, message: RegExp][] = [
    ['nothing', () => join(folder, 'none'), 'host.path', /no such file/],
    ['a directory', () => folder, 'host.path', /directory|regular/],
    ['no bytes', () => fresh(new Uint8Array(0)), 'host.format', /has 0 bytes/],
    ['parts of sectors', () => fresh(new Uint8Array(700)), 'host.format', /has 700 bytes/],
    ['a device', () => '/dev/null', 'host.path', /regular/],
    ['an overlay', () => fresh(startingWith('RINGFOVL')), 'host.format', /is an overlay, not raw/],
    ['of another format', () => fresh(startingWith('QFI\u00fb')), 'host.format', /is a qcow2 image, not raw/],
  ]
  it.each(notRaw)('is not %s', (_, path, code, message) => {
    expect(() => openRawDisk(path())).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) }),
    )
  })
})

describe('an overlay', () => {
  const paths = new Map<object, readonly [string, string]>()
  const open = (overlay: string, base: string) => {
    const disk = openOverlay(overlay, base)
    paths.set(disk, [overlay, base])
    return disk
  }
  const checks = blockBackendChecks({
    make: (contents) => open(fresh(), fresh(contents)),
    reopen: (disk) => {
      void disk.close()
      return open(...(paths.get(disk) as readonly [string, string]))
    },
  })
  it.each(checks.map((check) => [check.name, check] as const))('%s', (_, check) => check.run())

  it('leaves its base as it is, and takes room for what was written only', () => {
    const contents = new Uint8Array(4 << 20).fill(3)
    const [overlay, base] = [fresh(), fresh(contents)]
    const disk = openOverlay(overlay, base)
    disk.write(1 << 20, new Uint8Array(512).fill(9))
    disk.close()
    expect(readFileSync(base).equals(contents)).toBe(true)
    expect(statSync(overlay).size).toBe(2 * 65_536)
    expect(readdirSync(folder).filter((name) => name.startsWith('.') || name.endsWith('.lock'))).toEqual([])
  })

  it.each([true, false])('gives room that was discarded to what is written later (with flushes: %s)', (isFlushed) => {
    const [overlay, base] = [fresh(), fresh(new Uint8Array(4 << 20))]
    const disk = openOverlay(overlay, base)
    let most = 0
    for (let round = 0; round < 20; round++) {
      disk.write(0, new Uint8Array(65_536).fill(round))
      if (isFlushed) disk.flush()
      disk.discard(0, 65_536)
      if (isFlushed) disk.flush()
      most = Math.max(most, statSync(overlay).size)
    }
    expect(most).toBeLessThanOrEqual(3 * 65_536)
    disk.close()
    expect(statSync(overlay).size).toBe(65_536)
  })

  it('lies over any disk that answers at once, such as another overlay', () => {
    const [top, overlay, base] = [fresh(), fresh(), fresh(new Uint8Array(1 << 16))]
    const below = openOverlay(overlay, base)
    below.write(0, new Uint8Array(1024).fill(1))
    const disk = openOverlay(top, below, { clusterBytes: 512 })
    disk.write(0, new Uint8Array(512).fill(2))
    const found = new Uint8Array(1024)
    disk.read(0, found)
    expect([found[0], found[512]]).toEqual([2, 1])
    disk.close()
    expect(() => below.read(0, found)).toThrow(/closed/)
  })

  it('is not laid over what a machine writes, nor used by two', () => {
    const [overlay, base] = [fresh(), fresh(new Uint8Array(1024))]
    const writer = openRawDisk(base)
    expect(() => openOverlay(overlay, base)).toThrow(expect.objectContaining({ code: 'host.busy' }))
    expect(existsSync(overlay)).toBe(false)
    writer.close()
    const disk = openOverlay(overlay, base)
    expect(() => openOverlay(overlay, base)).toThrow(expect.objectContaining({ code: 'host.busy' }))
    disk.close()
  })

  it.each([
    ['a cluster of another size', () => [fresh(), fresh(new Uint8Array(512)), 700] as const, 'host.option'],
    ['no folder', () => [join(folder, 'none', 'x'), fresh(new Uint8Array(512)), 512] as const, 'host.path'],
    ['no base', () => [fresh(), join(folder, 'none'), 512] as const, 'host.path'],
  ])('is not made with %s', (_, paths, code) => {
    const [overlay, base, clusterBytes] = paths()
    expect(() => openOverlay(overlay, base, { clusterBytes })).toThrow(expect.objectContaining({ code }))
    expect(existsSync(overlay)).toBe(false)
  })

  const overlayOf = (contents: Uint8Array): readonly [string, string] => {
    const pair = [fresh(), fresh(contents)] as const
    const disk = openOverlay(...pair)
    disk.write(0, new Uint8Array(65_536).fill(1))
    disk.close()
    return pair
  }
  const changed = (path: string, change: (bytes: Buffer) => Buffer | undefined): void => {
    const bytes = readFileSync(path)
    writeFileSync(path, change(bytes) ?? bytes)
  }
  it.each<[string, RegExp, (overlay: string, base: string) => void]>([
    ['what is no overlay', /is no overlay/, (overlay) => writeFileSync(overlay, 'something else')],
    ['a header that was changed', /sum of its header/, (overlay) => changed(overlay, (bytes) => bytes.fill(7, 20, 21))],
    [
      'a map of which both copies were changed',
      /sector 0 of its map/,
      (overlay) => changed(overlay, (bytes) => bytes.fill(7, 4096, 4097).fill(7, 8192, 8193)),
    ],
    ['an overlay that is cut off', /slot 1 of 0/, (overlay) => changed(overlay, (bytes) => bytes.subarray(0, 100_000))],
    ['another base', /another base/, (_, base) => changed(base, (bytes) => bytes.fill(7, 9, 10))],
    ['a base of another size', /another base/, (_, base) => changed(base, (bytes) => bytes.subarray(0, 512))],
  ])('refuses %s, and changes nothing', (_, message, spoil) => {
    const [overlay, base] = overlayOf(new Uint8Array(1 << 20))
    spoil(overlay, base)
    const kept = readFileSync(overlay)
    expect(() => openOverlay(overlay, base)).toThrow(
      expect.objectContaining({ code: 'host.format', message: expect.stringMatching(message) }),
    )
    expect(readFileSync(overlay).equals(kept)).toBe(true)
  })
})
