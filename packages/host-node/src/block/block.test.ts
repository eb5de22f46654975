import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
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

  it('is written by one, and read by many', () => {
    const path = fresh(new Uint8Array(1024))
    const disk = openRawDisk(path)
    expect(() => openRawDisk(path)).toThrow(/is written by process \d+/)
    const reader = openRawDisk(path, { readOnly: true })
    void reader.close()
    void disk.close()
    void openRawDisk(path).close()
  })

  it('is taken over from a process that is gone', () => {
    const path = fresh(new Uint8Array(512))
    writeFileSync(`${path}.lock`, '999999999\n')
    void openRawDisk(path).close()
    writeFileSync(`${path}.lock`, '')
    void openRawDisk(path).close()
  })

  it.each([
    ['nothing', () => join(folder, 'none'), 'host.path', /no such file/],
    ['a directory', () => folder, 'host.path', /directory|regular/],
    ['no bytes', () => fresh(new Uint8Array(0)), 'host.format', /has 0 bytes/],
    ['parts of sectors', () => fresh(new Uint8Array(700)), 'host.format', /has 700 bytes/],
  ] as const)('is not %s', (_, path, code, message) => {
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
    const disk = open(overlay, base)
    disk.write(1 << 20, new Uint8Array(512).fill(9))
    disk.close()
    expect(readFileSync(base).equals(contents)).toBe(true)
    expect(statSync(overlay).size).toBe(2 * 65_536)
  })

  it('gives room that was discarded to what is written later', () => {
    const [overlay, base] = [fresh(), fresh(new Uint8Array(4 << 20))]
    const disk = open(overlay, base)
    for (let round = 0; round < 20; round++) {
      disk.write(0, new Uint8Array(65_536).fill(round))
      disk.flush()
      disk.discard?.(0, 65_536)
      disk.flush()
    }
    disk.close()
    expect(statSync(overlay).size).toBeLessThanOrEqual(3 * 65_536)
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
      'a map that was changed',
      /sector 0 of its map/,
      (overlay) => changed(overlay, (bytes) => bytes.fill(7, 4096, 4097)),
    ],
    ['an overlay that is cut off', /damaged/, (overlay) => changed(overlay, (bytes) => bytes.subarray(0, 65_536))],
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
