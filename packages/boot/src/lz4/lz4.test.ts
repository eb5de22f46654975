import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { rounds, seed, seededRandom } from '../../tests/seeded-random.ts'
import { decodeLz4Legacy } from './index.ts'

const MAGIC = [0x02, 0x21, 0x4c, 0x18] as const
const ascii = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0))
/** A frame of one block. */
const frame = (...block: readonly number[]) => Uint8Array.of(...MAGIC, block.length, 0, 0, 0, ...block)
const codeOf = (bytes: Uint8Array, maxBytes = 1 << 24) => {
  const result = decodeLz4Legacy(bytes, { maxBytes })
  return result.kind === 'rejected' ? result.code : 'lz4'
}
const decoded = (bytes: Uint8Array) => {
  const result = decodeLz4Legacy(bytes)
  return result.kind === 'rejected' ? result.code : result.bytes
}

describe('blocks', () => {
  it('are literals and matches, which may overlap themselves', () => {
    // Three literals, a match of 9 at distance 3, a last literal.
    expect(decoded(frame(0x35, 0x61, 0x62, 0x63, 3, 0, 0x10, 0x7a))).toEqual(ascii('abcabcabcabcz'))
    // Lengths go on in bytes: 15 + 255 + 1 literals.
    const long = ascii('x'.repeat(271))
    const block = [0xf0, 255, 1, ...long]
    const extended = Uint8Array.of(...MAGIC, block.length & 0xff, block.length >>> 8, 0, 0, ...block)
    expect(decoded(extended)).toEqual(long)
  })

  it('are independent, and frames may follow each other', () => {
    const first = frame(0x10, 0x61)
    expect(decoded(Uint8Array.of(...first, 2, 0, 0, 0, 0x10, 0x62, ...first))).toEqual(ascii('aba'))
    expect(decoded(Uint8Array.of(...first, ...frame(0x00, 1, 0, 0x10, 0x62).subarray(4)))).toBe('boot.malformed')
  })

  it('are rejected where they are damaged', () => {
    expect(codeOf(new Uint8Array(0))).toBe('boot.not-this-format')
    expect(codeOf(Uint8Array.of(...MAGIC))).toBe('lz4')
    expect(codeOf(Uint8Array.of(...MAGIC, 1, 0))).toBe('boot.truncated')
    expect(codeOf(Uint8Array.of(...MAGIC, 9, 0, 0, 0, 0))).toBe('boot.truncated')
    expect(codeOf(Uint8Array.of(...MAGIC, 0, 0, 0, 0xff))).toBe('boot.malformed')
    expect(codeOf(frame(0x20, 0x61))).toBe('boot.malformed')
    expect(codeOf(frame(0x10, 0x61, 0, 0, 0x10, 0x61))).toBe('boot.malformed')
    expect(codeOf(frame(0x10, 0x61, 2, 0, 0x10, 0x61))).toBe('boot.malformed')
    expect(codeOf(frame(0x10, 0x61, 1, 0))).toBe('boot.malformed')
    expect(codeOf(frame(0x30, 0x61, 0x62, 0x63), 2)).toBe('boot.too-large')
  })
})

const lz4 = (input: Uint8Array, ...args: string[]) =>
  new Uint8Array(spawnSync('lz4', ['-l', ...args, '-', '-'], { input, maxBuffer: 1 << 28 }).stdout)
const hasLz4 = spawnSync('lz4', ['--version']).status === 0

describe.skipIf(!hasLz4)(`what lz4 writes (skipped where lz4 is absent; seed ${seed})`, () => {
  const random = seededRandom(seed)
  const mixed = Uint8Array.from({ length: 9_000_000 }, (_, n) => (n % 900 > 600 ? random(256) : (n >>> 3) % 251))

  it.each([
    ['a few bytes', ascii('hello'), '-1'],
    ['text', ascii('hello, hello, world\n'.repeat(500)), '-9'],
    ['more than a block', mixed, '-1'],
  ])('%s', (_name, bytes, level) => {
    const result = decoded(lz4(bytes, level))
    expect(typeof result !== 'string' && Buffer.compare(result, bytes)).toBe(0)
  })

  it('damaged: is a value', () => {
    const sound = lz4(mixed.subarray(0, 5000), '-9')
    for (let round = 0; round < rounds(500); round++) {
      const turned = sound.slice(0, random(sound.length + 1))
      turned[random(sound.length)] = random(256)
      expect(['lz4', 'boot.truncated', 'boot.malformed', 'boot.not-this-format']).toContain(codeOf(turned))
    }
  })
})
