import { describe, expect, it } from 'vitest'
import { Decoder, formName, Instruction, instructionObject, Status } from '../decoder/index.ts'
import { allForms, type FormFacts } from '../facts/index.ts'
import { registerByName } from '../registers.ts'
import { encodeSample } from '../samples.ts'
import { encode, encodeInstruction, isEncodeError } from './index.ts'

const seed = Number(process.env.RINGFOLD_SEED ?? Date.now() & 0x7fffffff)

/** mulberry32, so that a failing run can be repeated. */
function generator(start: number): () => number {
  let a = start
  return () => {
    a = (a + 0x6d2b79f5) | 0
    let t = Math.imul(a ^ (a >>> 15), a | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return (t ^ (t >>> 14)) >>> 0
  }
}

/** What an instruction is, without what its encoding leaves open: length and bytes. */
function meaning(i: Instruction): string {
  const o = instructionObject(i, new Uint8Array(15), 0)
  // A RIP-relative operand keeps its address; its distance changes with the length.
  const operands = o.status === 'ok' ? o.operands.map((x) => ('address' in x ? { ...x, displacement: 0 } : x)) : []
  const plain = { ...o, operands, length: 0, bytes: 0 }
  return JSON.stringify(plain, (_, v) => (typeof v === 'bigint' ? v.toString(16) : v))
}

/** Encodes a form with operands made for it, and decodes it again. */
function roundTrip(f: FormFacts, bits: 16 | 32 | 64, variant: number): string {
  const bytes = encodeSample(f, bits, variant)
  if (isEncodeError(bytes)) return `${bytes.code}: ${bytes.message}`
  const i = new Instruction()
  const status = new Decoder(bits, { vendor: f.vendor ?? 'intel' }).decode(i, bytes)
  if (status !== Status.ok) return `status ${status}: ${Buffer.from(bytes).toString('hex')}`
  if (formName(i.form) !== f.name || i.length !== bytes.length)
    return `${formName(i.form)} ${i.length}/${bytes.length}: ${Buffer.from(bytes).toString('hex')}`
  const again = encodeInstruction(i)
  if (isEncodeError(again)) return `again ${again.code}`
  const j = new Instruction()
  new Decoder(bits, { vendor: f.vendor ?? 'intel' }).decode(j, again)
  return meaning(i) === meaning(j) ? '' : `${meaning(i)} ${meaning(j)}`
}

describe('every form in every mode that it allows', () => {
  const forms = allForms().filter((f) => f.later === null)

  it('is encoded from its operands, decodes to itself, and re-encodes to the same instruction', () => {
    const failures: string[] = []
    let trips = 0
    for (const f of forms) {
      for (const bits of f.modes) {
        for (const variant of [0, 1]) {
          trips++
          const problem = roundTrip(f, bits, variant)
          if (problem !== '') failures.push(`${f.name} ${bits}-bit variant ${variant}: ${problem}`)
        }
      }
    }
    expect(trips).toBeGreaterThan(2 * forms.length)
    expect(failures).toEqual([])
  })
})

describe('random instructions', () => {
  it(`encode(decode(bytes)) decodes to the same instruction and is never longer (RINGFOLD_SEED=${seed})`, () => {
    const next = generator(seed)
    const [i, j] = [new Instruction(), new Instruction()]
    for (const bits of [16, 32, 64] as const) {
      const d = new Decoder(bits)
      for (let n = 0; n < 40_000; n++) {
        const bytes = Uint8Array.from({ length: 32 }, () => next() & 0xff)
        if (n % 4 === 1) bytes[0] = 0x0f
        if (n % 4 === 2) bytes.set([0xc4, ((bytes[1] ?? 0) & 0xe0) | (1 + (next() % 3))])
        if (d.decode(i, bytes) !== Status.ok) continue
        const again = encodeInstruction(i)
        const hex = Buffer.from(bytes.subarray(0, i.length)).toString('hex')
        if (isEncodeError(again)) throw new Error(`${bits}-bit ${hex}: ${again.message}`)
        expect(again.length, hex).toBeLessThanOrEqual(i.length)
        expect(d.decode(j, again), hex).toBe(Status.ok)
        if (meaning(i) !== meaning(j)) throw new Error(`${bits}-bit ${hex}: ${meaning(i)} is not ${meaning(j)}`)
      }
    }
  })
})

describe('errors are values', () => {
  const eax = { kind: 'register', register: registerByName('eax') } as const
  it.each([
    [{ mnemonic: 'frob', operands: [] }, 'unknownMnemonic'],
    [{ form: 'frob', operands: [] }, 'unknownForm'],
    [{ mnemonic: 'aaa', operands: [] }, 'mode'],
    [{ mnemonic: 'add', operands: [eax] }, 'operands'],
    [
      {
        mnemonic: 'inc',
        operands: [
          { kind: 'memory', bytes: 0, segment: -1, base: registerByName('rax'), index: 0, scale: 1, displacement: 0n },
        ],
      },
      'ambiguousSize',
    ],
    [{ mnemonic: 'je', operands: [{ kind: 'immediate', value: 1n << 40n }] }, 'range'],
    [{ mnemonic: 'mov', operands: [eax, eax], prefixes: ['lock'] }, 'prefix'],
  ] as const)('request %#', (request, code) => {
    const result = encode(request)
    expect(isEncodeError(result) && result.code).toBe(code)
  })

  it('names the operand and what would be accepted', () => {
    const result = encode({ mnemonic: 'movzx', operands: [eax, eax] })
    expect(result).toMatchObject({ operand: 2, accepted: ['r/m8', 'r/m16'] })
    expect(encodeInstruction(new Instruction())).toMatchObject({ code: 'noSuchForm' })
  })
})
