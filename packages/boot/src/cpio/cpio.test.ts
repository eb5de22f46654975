import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { rounds, seed, seededRandom } from '../../tests/seeded-random.ts'
import { type CpioEntry, readCpio, writeCpio } from './index.ts'

const entries: CpioEntry[] = [
  { kind: 'directory', path: 'dev' },
  { kind: 'character', path: 'dev/console', major: 5, minor: 1 },
  { kind: 'block', path: 'dev/vda', major: 254, minor: 0, mode: 0o660, gid: 6 },
  { kind: 'file', path: 'init', contents: Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, 1), mode: 0o755 },
  { kind: 'file', path: 'empty', contents: new Uint8Array(0), mtime: 1 },
  { kind: 'symlink', path: 'größe', target: 'bin/busybox' },
  { kind: 'fifo', path: 'pipe' },
  { kind: 'socket', path: 'socket', uid: 1000 },
]

const defaults = { uid: 0, gid: 0, mtime: 0 }
const modes = {
  file: 0o644,
  directory: 0o755,
  symlink: 0o777,
  character: 0o600,
  block: 0o600,
  fifo: 0o600,
  socket: 0o600,
}
const complete = entries.map((entry) => ({ ...defaults, mode: modes[entry.kind], ...entry }))

function concatenate(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]))
}

const codeOf = (bytes: Uint8Array) => {
  const archive = readCpio(bytes)
  return archive.kind === 'rejected' ? archive.code : 'cpio'
}

describe('an archive', () => {
  it('has what was put into it', () => {
    expect(readCpio(writeCpio(entries))).toEqual({ kind: 'cpio', entries: complete, rest: new Uint8Array(0) })
  })

  it('is the same each time, and starts with its numbers in hexadecimal', () => {
    expect(writeCpio(entries)).toEqual(writeCpio(entries))
    const start = String.fromCharCode(...writeCpio(entries.slice(3)).subarray(0, 120))
    expect(start).toBe(
      ['070701', '00000001', '000081ed', '00000000', '00000000', '00000001', '00000000', '00000005'].join('') +
        ['00000000', '00000000', '00000000', '00000000', '00000005', '00000000'].join('') +
        'init\0\0\x7fELF'.slice(0, 10),
    )
  })

  it('may be followed by others, by zeros, and by something else', () => {
    const [first, second] = [writeCpio(entries.slice(0, 4)), writeCpio(entries.slice(4))]
    const all = concatenate(first, new Uint8Array(512), second, Uint8Array.of(0, 0, 0, 0, 0x1f, 0x8b))
    expect(readCpio(all)).toEqual({ kind: 'cpio', entries: complete, rest: Uint8Array.of(0x1f, 0x8b) })
  })

  it.each(['', 'a\0b', 'TRAILER!!!'])('cannot hold %j', (path) => {
    expect(() => writeCpio([{ kind: 'directory', path }])).toThrow(expect.objectContaining({ code: 'boot.cpio-entry' }))
  })
})

describe('bytes that are none', () => {
  const sound = writeCpio(entries)
  it('are rejected with a reason', () => {
    expect(codeOf(new Uint8Array(0))).toBe('boot.not-this-format')
    expect(codeOf(Uint8Array.of(0x1f, 0x8b, 8))).toBe('boot.not-this-format')
    expect(codeOf(sound.subarray(0, 50))).toBe('boot.truncated')
    expect(codeOf(sound.subarray(0, sound.length - 8))).toBe('boot.truncated')
    expect(codeOf(sound.slice().fill(0x7a, 6, 14))).toBe('boot.malformed')
    expect(codeOf(sound.slice().fill(0x66, 14, 22))).toBe('boot.malformed')
    expect(codeOf(concatenate(sound.subarray(0, 116), new Uint8Array(200)))).toBe('boot.malformed')
  })

  it(`are a value, whatever they are (seed ${seed})`, () => {
    const random = seededRandom(seed)
    for (let round = 0; round < rounds(2000); round++) {
      const bytes = sound.slice(0, random(sound.length + 1))
      for (let n = 0; n < 3; n++) bytes[random(bytes.length + 1)] = random(256)
      expect(['cpio', 'boot.not-this-format', 'boot.truncated', 'boot.malformed']).toContain(codeOf(bytes))
    }
  })
})

const cpio = (...args: string[]) => spawnSync('bsdtar', args, { input: writeCpio(entries), encoding: 'utf8' })
const hasBsdtar = spawnSync('bsdtar', ['--version']).status === 0
const hasCpio = spawnSync('cpio', ['--version']).status === 0

it.skipIf(!hasBsdtar)('is what bsdtar lists (skipped where bsdtar is absent)', () => {
  expect(cpio('-tf', '-').stdout.trim().split('\n')).toEqual(entries.map(({ path }) => path))
})

it.skipIf(!hasCpio)('is what GNU cpio unpacks (skipped where cpio is absent)', () => {
  const directory = mkdtempSync(join(tmpdir(), 'ringfold-cpio-'))
  const { status } = spawnSync('cpio', ['-i', '--no-absolute-filenames', 'init', 'empty'], {
    ...{ cwd: directory, input: writeCpio(entries) },
  })
  expect(status).toBe(0)
  expect([...readFileSync(join(directory, 'init'))]).toEqual([0x7f, 0x45, 0x4c, 0x46, 1])
  rmSync(directory, { recursive: true })
})
