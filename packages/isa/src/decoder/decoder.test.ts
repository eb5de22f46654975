import { describe, expect, it } from 'vitest'
import { Assembler } from '../assembler/index.ts'
import { encode } from '../encoder/index.ts'
import { Decoder, decodeOne, disassemble, Instruction, InvalidReason, instructionObject, Status } from './index.ts'

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replace(/\s/g, ''), 'hex'))
const decode = (text: string, bits: 16 | 32 | 64 = 64, vendor: 'intel' | 'amd' = 'intel') =>
  decodeOne(hex(text), { bits, vendor })

/** mulberry32: a seeded generator, so that a failing run can be repeated. */
function generator(seed: number): () => number {
  let a = seed
  return () => {
    a = (a + 0x6d2b79f5) | 0
    let t = Math.imul(a ^ (a >>> 15), a | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return (t ^ (t >>> 14)) >>> 0
  }
}

function randomBytes(next: () => number, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => next() & 0xff)
}

describe('lengths and forms', () => {
  it.each([
    [64, '48 8b 44 8b 10', 'mov_r64_rm64', 5],
    [64, '66 48 0f 6e c0', 'movq_xmm_rm64', 5],
    [64, '48 b8 88 77 66 55 44 33 22 11', 'mov_r64_imm64', 10],
    [64, '0f 05', 'syscall', 2],
    [64, 'f3 0f 1e fa', 'endbr64', 4],
    [32, '0f 01 c1', 'vmcall', 3],
    [16, '0f 20 c0', 'mov_r32_crn', 3],
    [64, '90', 'nop', 1],
    [64, '41 90', 'xchg_r32_eax', 2],
    [64, 'f3 90', 'pause', 2],
    [64, 'c4 e2 78 f2 c1', 'andn_r32_r32_rm32', 5],
    [64, '67 8b 04 25 78 56 34 12', 'mov_r32_rm32', 8],
    [16, 'ea 34 12 78 56', 'jmp_ptr1616', 5],
    [32, 'c8 10 00 01', 'enter_imm16_imm8', 4],
  ] as const)('%i-bit %s is %s, %i bytes', (bits, bytes, form, length) => {
    expect(decode(bytes, bits)).toMatchObject({ status: 'ok', form, length })
  })

  it('keeps the last of F2 and F3, and prefers them to 66 (SDM vol. 2, 2.3.5)', () => {
    expect(decode('66 f2 f3 0f 10 c1')).toMatchObject({ mnemonic: 'movss' })
    expect(decode('66 f3 f2 0f 10 c1')).toMatchObject({ mnemonic: 'movsd' })
    expect(decode('66 0f 10 c1')).toMatchObject({ mnemonic: 'movupd' })
  })

  it('takes REX only where it stands right before the opcode (SDM vol. 2, 2.2.1)', () => {
    expect(decode('48 66 01 c8')).toMatchObject({ form: 'add_rm16_r16', length: 4 })
    expect(decode('66 48 01 c8')).toMatchObject({ form: 'add_rm64_r64', length: 4 })
  })

  it('reads C4, C5 and 62 as VEX and EVEX only with mod 3 outside 64-bit mode (SDM vol. 2, 2.3.2)', () => {
    expect(decode('c5 45 10', 32)).toMatchObject({ mnemonic: 'lds' })
    expect(decode('c5 f8 77', 32)).toMatchObject({ mnemonic: 'vzeroupper' })
    expect(decode('62 45 10', 32)).toMatchObject({ mnemonic: 'bound' })
    expect(decode('62 f1 7c 48 58 c1', 32)).toMatchObject({ status: 'notInTable', length: 6 })
  })
})

describe('operands', () => {
  it('gives AH..BH without REX and SPL..DIL with it', () => {
    expect(decode('88 e3')).toMatchObject({ operands: [{ register: 'bl' }, { register: 'ah' }] })
    expect(decode('40 88 e3')).toMatchObject({ operands: [{ register: 'bl' }, { register: 'spl' }] })
  })

  it('resolves RIP-relative addresses and branch targets across 32-bit borders', () => {
    const options = { address: 0xffff_fff0n }
    expect(decodeOne(hex('48 8b 05 10 00 00 00'), options)).toMatchObject({
      operands: [{}, { address: 0x1_0000_0007n }],
    })
    expect(decodeOne(hex('e9 0b 00 00 00'), options)).toMatchObject({ operands: [{ target: 0x1_0000_0000n }] })
    expect(decodeOne(hex('eb fe'), { address: 0n })).toMatchObject({ operands: [{ target: 0n }] })
    expect(decodeOne(hex('eb 80'), { address: 0n })).toMatchObject({ operands: [{ target: 0xffff_ffff_ffff_ff82n }] })
    expect(decodeOne(hex('eb 80'), { address: 0n, bits: 16 })).toMatchObject({ operands: [{ target: 0xff82n }] })
  })

  it('sign-extends immediates to the operand size', () => {
    expect(decode('48 83 c0 ff')).toMatchObject({
      operands: [{}, { value: 0xffff_ffff_ffff_ffffn, bits: 64, signed: true }],
    })
    expect(decode('66 83 c0 ff')).toMatchObject({ operands: [{}, { value: 0xffffn, bits: 16 }] })
    expect(decode('6a ff', 16)).toMatchObject({ operands: [{ value: 0xffffn, bits: 16 }] })
    expect(decode('6a ff', 64)).toMatchObject({ operands: [{ value: 0xffff_ffff_ffff_ffffn, bits: 64 }] })
  })

  it('ignores ES, CS, SS and DS overrides in 64-bit mode, and not FS and GS', () => {
    expect(decode('26 8b 00')).toMatchObject({ operands: [{}, { segment: 'ds' }] })
    expect(decode('64 26 8b 00')).toMatchObject({ operands: [{}, { segment: 'fs' }] })
    expect(decode('26 8b 00', 32)).toMatchObject({ operands: [{}, { segment: 'es' }] })
    expect(decode('8b 45 00')).toMatchObject({ operands: [{}, { segment: 'ss' }] })
  })
})

describe('vendors', () => {
  it('66 before a near branch in 64-bit mode: ignored by Intel, 16-bit on AMD (APM vol. 3, 1.2.2)', () => {
    expect(decode('66 e9 10 00 00 00', 64, 'intel')).toMatchObject({ length: 6, form: 'jmp_rel32_o64' })
    expect(decode('66 e9 10 00', 64, 'amd')).toMatchObject({ length: 4 })
  })

  it('LOCK MOV CR0 is MOV CR8 on AMD (APM vol. 3, MOV CRn)', () => {
    expect(decode('f0 0f 20 c0', 32, 'amd')).toMatchObject({ operands: [{}, { register: 'cr8' }] })
    expect(decode('f0 0f 20 c0', 32, 'intel')).toMatchObject({ status: 'invalid', reason: 'lock' })
  })
})

describe('what is no instruction', () => {
  it.each([
    ['06', 64, 'undefinedOpcode'],
    ['f0 89 c8', 64, 'lock'],
    ['f0 8b 00', 64, 'lock'],
    ['66 c5 f8 58 c1', 64, 'prefixBeforeVex'],
    ['48 c5 f8 58 c1', 64, 'prefixBeforeVex'],
    ['c5 e8 77', 64, 'vvvv'],
    ['8e c8', 64, 'register'],
    ['8e f0', 64, 'register'],
    ['0f 20 c8', 64, 'register'],
    ['c4 e2 71 90 0c 25 00 00 00 00', 64, 'gather'],
    ['66 66 66 66 66 66 66 66 66 66 66 66 66 66 66 90', 64, 'tooLong'],
    ['66 66 66 66 66 66 66 66 66 66 66 66 66 66 01 c0', 64, 'tooLong'],
  ] as const)('%s in %i-bit mode: %s', (bytes, bits, reason) => {
    expect(decode(bytes, bits)).toMatchObject({ status: 'invalid', reason, length: 1 })
  })

  it('accepts exactly 15 bytes', () => {
    expect(decode('66 66 66 66 66 66 66 66 66 66 66 66 66 01 c0')).toMatchObject({ status: 'ok', length: 15 })
  })

  it('knows the length of what is not in the table', () => {
    for (const [bytes, length] of [
      ['62 f1 7c 48 58 c1', 6],
      ['62 f3 7d 48 1f 44 24 01 03', 9],
      ['8f e8 78 c0 c1 05', 6],
      ['0f 0f c1 b4', 4],
      ['c7 f8 00 01 00 00', 6],
      ['62 f1 6c 48 c6 05 00 00 00 00 11', 11],
    ] as const) {
      expect(decode(bytes)).toMatchObject({ status: 'notInTable', length })
    }
  })

  it('asks for more bytes for every proper prefix of an instruction', () => {
    for (const whole of [
      '48 8b 84 8b 10 00 00 00',
      'c4 e3 7d 39 44 24 10 01',
      '48 b8 01 02 03 04 05 06 07 08',
      '62 f1 7c 48 58 44 24 01',
      'f3 0f 1e fa',
      '9a 11 22 33 44 55 66',
    ]) {
      const bytes = hex(whole)
      const bits = whole.startsWith('9a') ? 32 : 64
      for (let n = 0; n < bytes.length; n++)
        expect(decodeOne(bytes.subarray(0, n), { bits })).toMatchObject({ status: 'needMoreBytes', length: n })
    }
  })

  it('refuses a code size that there is not, by a typed error', () => {
    const wrong = 65 as unknown as 64
    for (const misuse of [
      () => new Decoder(wrong),
      () => encode({ mnemonic: 'nop' }, { bits: wrong }),
      () => new Assembler({ bits: wrong }),
      () => new Assembler().bits(wrong),
    ])
      expect(misuse).toThrow(expect.objectContaining({ code: 'isa.bits', remedy: 'give 16, 32 or 64' }))
  })

  it('answers with a value for absurd offsets and ends', () => {
    const i = new Instruction()
    const d = new Decoder(64)
    const bytes = hex('90')
    for (const [offset, end] of [
      [-1, 1],
      [1, 1],
      [5, 1],
      [0, 0],
      [0, -7],
      [2 ** 31, 2 ** 32],
      [Number.NaN, 1],
      [0, Number.NaN],
    ] as const) {
      expect(d.decode(i, bytes, offset, end)).toBe(Status.needMoreBytes)
    }
    expect(d.decode(i, bytes, 0, 1e9)).toBe(Status.ok)
    expect(d.decode(i, new Uint8Array(0))).toBe(Status.needMoreBytes)
  })
})

describe('any bytes', () => {
  const seed = Number(process.env.RINGFOLD_SEED ?? Date.now() & 0x7fffffff)

  it(`random strings: no exception, 1..15 bytes, and the same answer whatever follows (RINGFOLD_SEED=${seed})`, () => {
    const next = generator(seed)
    const [a, b] = [new Instruction(), new Instruction()]
    for (const bits of [16, 32, 64] as const) {
      for (const vendor of ['intel', 'amd'] as const) {
        const d = new Decoder(bits, { vendor })
        for (let n = 0; n < 6000; n++) {
          const bytes = randomBytes(next, 64)
          const status = d.decode(a, bytes, 0)
          expect(a.length).toBeGreaterThan(0)
          expect(a.length).toBeLessThanOrEqual(15)
          if (status === Status.ok || status === Status.notInTable) {
            expect(d.decode(b, bytes, 0, a.length)).toBe(status)
            expect(instructionObject(b, bytes, 0)).toEqual(instructionObject(a, bytes, 0))
            expect(d.decode(b, bytes, 0, a.length - 1)).toBe(Status.needMoreBytes)
          } else expect(status).toBe(Status.invalid)
        }
      }
    }
  })

  it(`the iterator covers every byte once and ends (RINGFOLD_SEED=${seed})`, () => {
    const bytes = randomBytes(generator(seed), 5000)
    let covered = 0
    for (const i of disassemble(bytes, { address: 0x1000n })) {
      expect(i.address).toBe(0x1000n + BigInt(covered))
      expect(i.length).toBeGreaterThan(0)
      covered += i.length
    }
    expect(covered).toBe(bytes.length)
  })
})

it('names every reason once', () => {
  expect(new Set(Object.values(InvalidReason)).size).toBe(Object.keys(InvalidReason).length)
})
