import { describe, expect, it } from 'vitest'
import { seed, seededRandom } from '../tests/seeded-random.ts'
import { type Bitfield, type BitfieldRows, bitfield } from './bitfield.ts'
import * as arch from './index.ts'

/** Every bit-field table that the package exports, and every register of CPUID. */
const tables = [
  ...Object.entries(arch).filter(([, value]) => isTable(value)),
  ...arch.cpuidRegisterNames().map((name) => [`CPUID ${name}`, arch.cpuidRegister(name)] as const),
] as unknown as readonly (readonly [string, Bitfield<BitfieldRows>])[]

function isTable(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'fields' in value && 'reservedLo' in value
}

/** The bits of a position, by a second reading of the notation: the most significant first. */
function bitsOf(at: string | number): number[] {
  return `${at}`.split(',').flatMap((part) => {
    const [msb = Number.NaN, lsb = msb] = part.split(':').map(Number)
    return Array.from({ length: msb - lsb + 1 }, (_, i) => msb - i)
  })
}

function reference(at: string | number, word: bigint): number {
  return Number(bitsOf(at).reduce((value, bit) => (value << 1n) | ((word >> BigInt(bit)) & 1n), 0n))
}

const word = (lo: number, hi: number) => (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0)

it('covers the tables that this package is for', () => {
  expect(tables.length).toBeGreaterThan(100)
})

describe.each(tables)('%s', (_name, table) => {
  it('cites a manual and says what each field means', () => {
    for (const each of [table.source, ...table.fields.map((field) => field.source)]) {
      expect(each).toMatch(/Intel SDM vol\. \d|AMD APM vol\. \d|AMD processor programming/)
    }
    for (const field of table.fields) expect(field.meaning.length).toBeGreaterThan(1)
  })

  it('has fields, ones, ignored and reserved bits that make up the word without overlap', () => {
    const parts = [
      ...table.fields.map((field) => table.maskBig(field.name)),
      word(table.alwaysOneLo, table.alwaysOneHi),
      word(table.ignoredLo, table.ignoredHi),
      word(table.reservedLo, table.reservedHi),
    ]
    expect(parts.reduce((sum, part) => sum + part, 0n)).toBe(2n ** BigInt(table.widthBits) - 1n)
  })

  it(`extracts and inserts as a second reading of the notation does (seed ${seed})`, () => {
    const random = seededRandom(seed)
    for (const field of table.fields) {
      for (let round = 0; round < 8; round++) {
        const [lo, hi] = [random(), table.widthBits > 32 ? random() : 0]
        const value = reference(field.at, word(random(), random()))
        expect(table.extract(field.name, lo, hi)).toBe(reference(field.at, word(lo, hi)))
        const inserted = word(table.insertLo(field.name, lo, value), table.insertHi(field.name, hi, value))
        expect(reference(field.at, inserted)).toBe(value)
        expect(inserted & ~table.maskBig(field.name)).toBe(word(lo, hi) & ~table.maskBig(field.name))
      }
    }
  })

  it('gives masks and shifts that say the same', () => {
    for (const field of table.fields) {
      const bits = bitsOf(field.at)
      expect(field.widthBits).toBe(bits.length)
      expect(word(table.lo[field.name] ?? 0, table.hi[field.name] ?? 0)).toBe(table.maskBig(field.name))
      const shift = table.shift[field.name]
      if (shift !== undefined) expect(shift).toBe((bits.at(-1) as number) % 32)
    }
  })
})

describe('bitfield', () => {
  const source = 'Intel SDM vol. 0'
  const sample = bitfield({
    name: 'sample',
    widthBits: 64,
    source,
    fields: {
      LOW: [0, 'a bit of the low half'],
      TOP: [31, 'the sign of the low half'],
      SPLIT: ['51:48,15:8', 'a split field'],
      UPPER: ['33:32', 'a field of the high half'],
      MODE: ['5:4', 'a field with named values', { values: { 0: 'off', 2: 'on' } }],
    },
    alwaysOne: 1,
    ignored: '63:60,2',
  })

  it('has int32 masks, so that a test for all bits holds for bit 31 too', () => {
    expect(sample.lo.TOP).toBe(-0x80000000)
    expect((0xffffffff & sample.lo.TOP) === sample.lo.TOP).toBe(true)
  })

  it('keeps the halves apart in its types', () => {
    expect(sample.hi.UPPER).toBe(3)
    // @ts-expect-error: no bit of LOW lies in the high half
    expect(sample.hi.LOW).toBeUndefined()
    // @ts-expect-error: no bit of UPPER lies in the low half
    expect(sample.lo.UPPER).toBeUndefined()
    // @ts-expect-error: a split field has no one shift
    expect(sample.shift.SPLIT).toBeUndefined()
    expect(sample.shift.MODE).toBe(4)
  })

  it('joins the parts of a split field', () => {
    expect(sample.extract('SPLIT', 0x0000_cd00, 0x000a_0000)).toBe(0xacd)
    expect(sample.insertLo('SPLIT', 0, 0xacd)).toBe(0xcd00)
    expect(sample.insertHi('SPLIT', 0, 0xacd)).toBe(0xa0000)
  })

  it('extracts a field of both halves beyond 32 bits exactly', () => {
    expect(arch.PTE.extract('ADDRESS', 0xfffff000, 0x000fffff)).toBe(2 ** 40 - 1)
    expect(arch.PTE.insertHi('ADDRESS', 0, 2 ** 40 - 1)).toBe(0x000fffff)
  })

  it('describes set fields, named zeros and reserved bits, and leaves out the ones and what is ignored', () => {
    expect(sample.describe(0x7, 0xf0000000)).toEqual(['LOW', 'MODE=0 (off)'])
    expect(sample.describe(0x1_0000_0020n)).toEqual(['UPPER=1', 'MODE=2 (on)'])
    expect(sample.describe(0x30, 0x00000004)).toEqual(['MODE=3', 'reserved=0x400000000'])
    expect(sample.decode(0x8000_0000)[0]).toMatchObject({ name: 'TOP', value: 1, meaning: 'the sign of the low half' })
  })

  it.each([
    ['overlapping rows', { A: ['3:0', 'a'], B: [3, 'b'] }, /overlap in 0x8/],
    ['a bit beyond the word', { A: [16, 'a'] }, /has 16 bits/],
    ['a range the wrong way round', { A: ['0:3', 'a'] }, /none at 0:3/],
    ['nonsense', { A: ['x:y', 'a'] }, /none at NaN/],
  ] as const)('refuses %s', (_what, fields, message) => {
    const define = () => bitfield({ name: 'bad', widthBits: 16, source, fields: fields as unknown as BitfieldRows })
    expect(define).toThrow(message)
    expect(define).toThrow(expect.objectContaining({ code: 'bitfield.definition', remedy: expect.any(String) }))
  })

  it('refuses a name that the table does not have', () => {
    expect(() => sample.extract('NONE' as 'LOW', 0)).toThrow(expect.objectContaining({ code: 'bitfield.definition' }))
  })
})
