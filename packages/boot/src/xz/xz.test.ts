import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { rounds, seed, seededRandom } from '../../tests/seeded-random.ts'
import { crc32, crc64 } from './checks.ts'
import { decodeXz } from './index.ts'
import { undoX86Filter } from './x86-filter.ts'

const fromHex = (text: string) =>
  Uint8Array.from(text.replaceAll(' ', '').match(/../g) ?? [], (byte) => Number.parseInt(byte, 16))
const ascii = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0))
const codeOf = (bytes: Uint8Array, maxBytes = 1 << 20) => {
  const result = decodeXz(bytes, { maxBytes })
  return result.kind === 'rejected' ? result.code : 'xz'
}
const decoded = (bytes: Uint8Array): Uint8Array => {
  const result = decodeXz(bytes)
  if (result.kind === 'rejected') throw new Error(result.message)
  return result.bytes
}

describe('checks', () => {
  it('are those of the format', () => {
    expect(crc32(ascii('123456789'))).toBe(0xcbf43926)
    expect(crc64(ascii('123456789'))).toEqual({ lo: 0xdf1939fa, hi: 0x995dc9bb })
  })
})

const xz = (input: Uint8Array, ...args: string[]): Uint8Array =>
  new Uint8Array(spawnSync('xz', ['-c', ...args], { input, maxBuffer: 1 << 28 }).stdout)
const hasXz = spawnSync('xz', ['--version']).status === 0

const random = seededRandom(seed)
/** Text with repetitions, numbers that compress badly, and zeros. */
const mixed = Uint8Array.from({ length: 300_000 }, (_, n) => {
  if (n % 90_000 > 60_000) return random(256)
  return n % 90_000 > 30_000 ? (n >>> 3) % 251 : random(3) * (n % 7)
})
const code = readFileSync(process.execPath).subarray(0x100_0000, 0x110_0000)

describe.skipIf(!hasXz)(`what xz writes (skipped where xz is absent; seed ${seed})`, () => {
  it.each<[string, Uint8Array, string[]]>([
    ['nothing', new Uint8Array(0), []],
    ['one byte', Uint8Array.of(7), []],
    ['text', ascii('hello, hello, hello, world\n'.repeat(100)), ['-0']],
    ['everything mixed', mixed, ['-9e']],
    ['other literal contexts', mixed, ['--lzma2=preset=6,lc=0,lp=2,pb=0']],
    ['positions that matter', mixed, ['--lzma2=preset=6,lc=1,lp=3,pb=4']],
    ['several blocks', mixed, ['--block-size=50000', '-T1']],
    ['blocks with sizes in their headers', mixed, ['--block-size=50000', '-T2']],
    ['a check of 32 bits', mixed, ['--check=crc32']],
    ['no check', mixed, ['--check=none']],
    ['machine code, as a kernel is compressed', code, ['--check=crc32', '--x86', '--lzma2=dict=32MiB']],
    ['a start of the x86 filter', code, ['--x86=start=4096', '--lzma2=preset=1']],
    ['a small dictionary', code, ['--lzma2=preset=0,dict=4KiB']],
  ])('%s', (_name, bytes, args) => {
    const result = decodeXz(xz(bytes, ...args))
    if (result.kind === 'rejected') throw new Error(result.message)
    expect(Buffer.compare(result.bytes, bytes)).toBe(0)
    expect(result.rest).toHaveLength(0)
  })

  it('streams one after the other, and what follows them', () => {
    const [one, two] = [xz(ascii('one, ')), xz(ascii('two'))]
    const zeros = new Uint8Array(4)
    expect(decoded(Uint8Array.of(...one, ...zeros, ...two, ...zeros))).toEqual(ascii('one, two'))
    const followed = decodeXz(Uint8Array.of(...two, 0, 0, 3, 0))
    expect(followed).toMatchObject({ kind: 'xz', bytes: ascii('two'), rest: Uint8Array.of(0, 0, 3, 0) })
  })

  it('not beyond the limit, and not with what is unknown', () => {
    expect(codeOf(xz(new Uint8Array(1 << 20)))).toBe('xz')
    expect(codeOf(xz(new Uint8Array((1 << 20) + 1)))).toBe('boot.too-large')
    expect(codeOf(xz(mixed, '--check=sha256'))).toBe('boot.unsupported')
    expect(codeOf(xz(mixed, '--arm64', '--lzma2=preset=0'))).not.toBe('xz')
    expect(codeOf(xz(mixed, '--delta=dist=4', '--lzma2=preset=0'))).toBe('boot.unsupported')
  })

  it('damaged: cut, or with a bit turned', () => {
    const whole = mixed.subarray(0, 20_000)
    const sound = xz(whole, '--check=crc64')
    for (let round = 0; round < rounds(300); round++) {
      const cut = random(sound.length)
      if (round % 10 === 0) expect(['boot.truncated', 'boot.not-this-format']).toContain(codeOf(sound.subarray(0, cut)))
      const turned = sound.slice()
      turned[cut] = (turned[cut] as number) ^ (1 << random(8))
      // Some bits tell nothing, as whether a last chunk that refers to nothing before it resets the dictionary.
      const result = decodeXz(turned)
      if (result.kind !== 'rejected') expect([cut, Buffer.compare(result.bytes, whole)]).toEqual([cut, 0])
    }
  })
})

describe('without xz', () => {
  /** `printf 'abcabcabcabc' | xz --check=crc32`. */
  const sample = fromHex(
    'fd377a585a0000016922de360200210116000000742fe5a3e0000b00085d00309888a7ea25000000342a6e5a0001200ca2ddb4bc9042990d010000000001595a',
  )

  it('a few bytes are decoded', () => expect(decoded(sample)).toEqual(ascii('abcabcabcabc')))

  it('bytes that are none are rejected', () => {
    expect(codeOf(new Uint8Array(0))).toBe('boot.not-this-format')
    expect(codeOf(ascii('7z'))).toBe('boot.not-this-format')
    expect(codeOf(sample.subarray(0, 8))).toBe('boot.truncated')
  })

  it('the x86 filter makes absolute targets relative, and keeps what is no target', () => {
    const bytes = fromHex('90 e8 06 01 00 00 90 e8 00 00 00 12 90')
    undoX86Filter(bytes, 0)
    expect(bytes).toEqual(fromHex('90 e8 00 01 00 00 90 e8 00 00 00 12 90'))
  })
})
