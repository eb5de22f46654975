/** AES, SHA, PCLMULQDQ and CRC32 as programs use them, against Node's cryptography and arithmetic on bigints. */
import { createCipheriv, createDecipheriv, createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { bothMachines, DATA, hex, type Machine, runProgram, setXmm, unhex, xmm } from './programs.ts'
import { generator, seed } from './random.ts'

const next = generator(seed)
const randomBytes = (n: number): Uint8Array => Uint8Array.from({ length: n }, () => next() & 0xff)

/** Round keys 0 to 10 into XMM5 to XMM15 from the key in XMM5 (FIPS 197, 5.2, as the SDM's AESKEYGENASSIST is meant). */
const expandKey = [1, 2, 4, 8, 16, 32, 64, 128, 27, 54]
  .map((constant, n) => {
    const [old, key] = [`xmm${5 + n}`, `xmm${6 + n}`]
    const fold = `movdqa xmm1, ${key}\npslldq xmm1, 4\npxor ${key}, xmm1\n`
    return (
      `aeskeygenassist xmm0, ${old}, ${constant}\npshufd xmm0, xmm0, 0xff\n` +
      `movdqa ${key}, ${old}\n${fold.repeat(3)}pxor ${key}, xmm0\n`
    )
  })
  .join('')

/** XMM2 with the keys of {@link expandKey}. */
const encrypt = [
  'pxor xmm2, xmm5',
  ...Array.from({ length: 9 }, (_, n) => `aesenc xmm2, xmm${6 + n}`),
  'aesenclast xmm2, xmm15',
].join('\n')

const decrypt = [
  'pxor xmm2, xmm15',
  ...Array.from({ length: 9 }, (_, n) => `aesimc xmm1, xmm${14 - n}\naesdec xmm2, xmm1`),
  'aesdeclast xmm2, xmm5',
].join('\n')

/** The fractional bits of a root of the first primes (FIPS 180-4, 4.2.2 and 5.3.3). */
function rootsOfPrimes(count: number, power: 2n | 3n): number[] {
  const roots: number[] = []
  for (let p = 2; roots.length < count; p++) {
    if (Array.from({ length: p - 2 }, (_, n) => n + 2).some((d) => p % d === 0)) continue
    const radicand = BigInt(p) << (32n * power)
    let root = 0n
    for (let bit = 40n; bit >= 0n; bit--) if ((root + (1n << bit)) ** power <= radicand) root += 1n << bit
    roots.push(Number(root & 0xffffffffn))
  }
  return roots
}

/** A message of less than 56 bytes as the one block that it is padded to (FIPS 180-4, 5.1.1). */
function paddedBlock(message: Uint8Array): Buffer {
  const block = Buffer.alloc(64)
  block.set(message)
  block[message.length] = 0x80
  block.writeUInt16BE(message.length * 8, 62)
  return block
}

/** Doublewords, the lowest first. */
const words = (...values: readonly number[]): Uint8Array => new Uint8Array(Uint32Array.from(values).buffer)
const wordsOf = (bytes: Uint8Array): number[] => [...new Uint32Array(bytes.slice().buffer)]

/** SHA-256 of one block: state in XMM1 (ABEF) and XMM2 (CDGH), message groups in turn in XMM4 to XMM7; constants at RSI, block at RDI. */
const sha256Rounds = Array.from({ length: 16 }, (_, n) => {
  const w = (back: number) => `xmm${4 + ((n - back + 16) % 4)}`
  const load =
    n < 4
      ? `movdqu ${w(0)}, [rdi + ${16 * n}]\n`
      : `sha256msg1 ${w(4)}, ${w(3)}\nmovdqa xmm3, ${w(1)}\npalignr xmm3, ${w(2)}, 4\n` +
        `paddd ${w(0)}, xmm3\nsha256msg2 ${w(0)}, ${w(1)}\n`
  return (
    `${load}movdqa xmm0, ${w(0)}\npaddd xmm0, [rsi + ${16 * n}]\nsha256rnds2 xmm2, xmm1, xmm0\n` +
    'pshufd xmm0, xmm0, 0x0e\nsha256rnds2 xmm1, xmm2, xmm0\n'
  )
}).join('')

function sha256(machine: Machine, message: Uint8Array): string {
  const block = paddedBlock(message).swap32()
  machine.bytes.set(words(...rootsOfPrimes(64, 3n)), DATA)
  machine.bytes.set(block, DATA + 0x200)
  machine.state.write('rsi', BigInt(DATA))
  machine.state.write('rdi', BigInt(DATA + 0x200))
  const [a, b, c, d, e, f, g, h] = rootsOfPrimes(8, 2n) as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ]
  const [abef, cdgh] = [words(f, e, b, a), words(h, g, d, c)]
  setXmm(machine, 1, abef)
  setXmm(machine, 2, cdgh)
  expect(runProgram(machine, sha256Rounds)).toBe(-1)
  const add = (n: number, v: Uint8Array) =>
    wordsOf(xmm(machine, n)).map((w, k) => (w + (wordsOf(v)[k] as number)) >>> 0)
  const [F, E, B, A] = add(1, abef)
  const [H, G, D, C] = add(2, cdgh)
  return Buffer.from(words(...([A, B, C, D, E, F, G, H] as number[])))
    .swap32()
    .toString('hex')
}

/** SHA-1 of one block: ABCD in XMM1, E in XMM2; message groups, first word highest, at RDI. */
const sha1Rounds = Array.from({ length: 20 }, (_, n) => {
  const w = (back: number) => `xmm${4 + ((n - back + 20) % 4)}`
  const load =
    n < 4
      ? `movdqu ${w(0)}, [rdi + ${16 * n}]\n`
      : `sha1msg1 ${w(4)}, ${w(3)}\npxor ${w(0)}, ${w(2)}\nsha1msg2 ${w(0)}, ${w(1)}\n`
  const e = n === 0 ? `paddd xmm2, ${w(0)}\n` : `sha1nexte xmm2, ${w(0)}\n`
  return `${load}${e}movdqa xmm3, xmm1\nsha1rnds4 xmm1, xmm2, ${Math.floor(n / 5)}\nmovdqa xmm2, xmm3\n`
}).join('')

function sha1(machine: Machine, message: Uint8Array): string {
  const block = paddedBlock(message)
  for (let n = 0; n < 4; n++) machine.bytes.set(block.subarray(16 * n, 16 * n + 16).reverse(), DATA + 16 * n)
  machine.state.write('rdi', BigInt(DATA))
  const start = words(0x10325476, 0x98badcfe, 0xefcdab89, 0x67452301)
  setXmm(machine, 1, start)
  setXmm(machine, 2, words(0, 0, 0, 0xc3d2e1f0))
  setXmm(machine, 8, words(0, 0, 0, 0xc3d2e1f0))
  setXmm(machine, 9, start)
  expect(runProgram(machine, `${sha1Rounds}sha1nexte xmm2, xmm8\npaddd xmm1, xmm9`)).toBe(-1)
  return hex(xmm(machine, 1)) + hex(xmm(machine, 2)).slice(0, 8)
}

function carrylessProduct(a: bigint, b: bigint): bigint {
  let sum = 0n
  for (let n = 0n; n < 64n; n++) if ((b >> n) & 1n) sum ^= a << n
  return sum
}

/** CRC-32C, a bit at a time. */
function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff
  for (const byte of bytes) {
    crc ^= byte
    for (let n = 0; n < 8; n++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1
  }
  return ~crc >>> 0
}

describe.each(bothMachines())(`on %s (RINGFOLD_SEED=${seed})`, (_name, machine) => {
  it('AES-128 encrypts and decrypts as Node does', () => {
    for (let n = 0; n < 10; n++) {
      const [key, block] = [randomBytes(16), randomBytes(16)]
      const cipher = createCipheriv('aes-128-ecb', key, null).setAutoPadding(false)
      const decipher = createDecipheriv('aes-128-ecb', key, null).setAutoPadding(false)
      setXmm(machine, 5, key)
      setXmm(machine, 2, block)
      expect(runProgram(machine, `${expandKey}\n${encrypt}`)).toBe(-1)
      expect(Buffer.from(xmm(machine, 2))).toEqual(cipher.update(block))
      setXmm(machine, 2, block)
      expect(runProgram(machine, decrypt)).toBe(-1)
      expect(Buffer.from(xmm(machine, 2))).toEqual(decipher.update(block))
    }
  })

  it('SHA-256 and SHA-1 give the digests that Node gives', () => {
    for (let n = 0; n < 4; n++) {
      const message = randomBytes(next() % 56)
      expect(sha256(machine, message)).toBe(createHash('sha256').update(message).digest('hex'))
      expect(sha1(machine, message)).toBe(createHash('sha1').update(message).digest('hex'))
    }
  })

  it('PCLMULQDQ multiplies the quadwords that imm8 chooses', () => {
    for (const imm of [0x00, 0x01, 0x10, 0x11, 0xee]) {
      const [a, b] = [randomBytes(16), randomBytes(16)]
      setXmm(machine, 1, a)
      setXmm(machine, 2, b)
      expect(runProgram(machine, `pclmulqdq xmm1, xmm2, ${imm}`)).toBe(-1)
      const quad = (v: Uint8Array, n: number) => Buffer.from(v).readBigUInt64LE(n * 8)
      const product = carrylessProduct(quad(a, imm & 1), quad(b, (imm >> 4) & 1))
      expect(hex(xmm(machine, 1))).toBe(product.toString(16).padStart(32, '0'))
    }
    setXmm(machine, 1, unhex('ffffffffffffffffffffffffffffffff'))
    runProgram(machine, 'pclmulqdq xmm1, xmm1, 0')
    expect(hex(xmm(machine, 1))).toBe('55555555555555555555555555555555')
  })

  it('CRC32 in steps of every size gives the checksum of CRC-32C', () => {
    const text = Buffer.from('123456789')
    expect(crc32c(text)).toBe(0xe3069283)
    for (const bytes of [text, randomBytes(9)]) {
      machine.bytes.set(bytes, DATA)
      machine.state.write('rsi', BigInt(DATA))
      for (const steps of ['crc32 rax, qword [rsi]\ncrc32 eax, byte [rsi + 8]', SMALL_STEPS]) {
        expect(runProgram(machine, `mov eax, 0xffffffff\n${steps}\nnot eax`)).toBe(-1)
        expect(Number(machine.state.read('rax'))).toBe(crc32c(bytes))
      }
    }
  })
})

const SMALL_STEPS =
  'crc32 eax, dword [rsi]\ncrc32 eax, word [rsi + 4]\ncrc32 eax, word [rsi + 6]\ncrc32 rax, byte [rsi + 8]'
