import { describe, expect, it } from 'vitest'
import { Decoder, formName, Instruction, instructionObject, Status } from '../decoder/index.ts'
import { allForms, type FormFacts } from '../facts/index.ts'
import { registerByName } from '../registers.ts'
import { encode, encodeInstruction, isEncodeError, type MemoryValue, type OperandValue } from './index.ts'

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

const memory = (bytes: number, base: string, index = 0, displacement = 0n): MemoryValue => ({
  kind: 'memory',
  bytes,
  segment: -1,
  base: registerByName(base),
  index,
  scale: index ? 2 : 1,
  displacement,
})

const REGISTERS: Readonly<Record<string, readonly string[]>> = {
  r8: ['bl', 'cl'],
  r16: ['bx', 'di'],
  r32: ['ebx', 'edi'],
  r64: ['rbx', 'r13'],
  Sreg: ['ds', 'fs'],
  CRn: ['cr4', 'cr0'],
  DRn: ['dr7', 'dr1'],
  mm: ['mm3', 'mm7'],
  xmm: ['xmm5', 'xmm2'],
  ymm: ['ymm5', 'ymm2'],
  'ST(i)': ['st(3)', 'st(6)'],
  AL: ['al'],
  CL: ['cl'],
  AX: ['ax'],
  DX: ['dx'],
  EAX: ['eax'],
  ECX: ['ecx'],
  RAX: ['rax'],
  'ST(0)': ['st(0)'],
  XMM0: ['xmm0'],
  ES: ['es'],
  CS: ['cs'],
  SS: ['ss'],
  DS: ['ds'],
  FS: ['fs'],
  GS: ['gs'],
}
const NAMED_BYTES: Readonly<Record<string, number>> = {
  m32fp: 4,
  m64fp: 8,
  m80fp: 10,
  m80bcd: 10,
  m16int: 2,
  m32int: 4,
  m64int: 8,
  m: 0,
  mib: 0,
}

/** A value for an operand type of the table; `variant` chooses between register and memory, and between registers. */
function valueFor(type: string, bits: number, variant: number, position: number): OperandValue {
  const base = bits === 64 ? 'rbx' : bits === 32 ? 'ebx' : 'bx'
  const reg = (t: string): OperandValue => {
    const names = REGISTERS[t] ?? []
    return { kind: 'register', register: registerByName(names[(variant + position) % names.length] ?? '') }
  }
  const split = /^(.*)\/m(\d+)$/.exec(type)
  if (split)
    return variant % 2 === 0
      ? reg(split[1] === 'r' ? `r${split[2]}` : (split[1] ?? ''))
      : memory(Number(split[2]) / 8, base, 0, 0x40n)
  if (REGISTERS[type]) return reg(type)
  const vsib = /^vm\d+([xy])$/.exec(type)
  if (vsib) return { ...memory(0, base === 'bx' ? 'ebx' : base, registerByName(vsib[1] === 'x' ? 'xmm4' : 'ymm4')) }
  const string = /^([XY])(\d+)$/.exec(type)
  if (string)
    return memory(
      Number(string[2]) / 8,
      (bits === 64 ? 'r' : bits === 32 ? 'e' : '') + (string[1] === 'X' ? 'si' : 'di'),
    )
  const fixed = /^m(\d*)@r(\w\w)$/.exec(type)
  if (fixed)
    return memory(
      Number(fixed[1] || 0) / 8,
      (bits === 64 ? 'r' : bits === 32 ? 'e' : '') + (fixed[2] ?? '').toLowerCase(),
    )
  if (type.startsWith('imm')) return { kind: 'immediate', value: type.endsWith('sx') ? -3n : 5n }
  if (type.startsWith('rel')) return { kind: 'immediate', value: 0x10n }
  if (type.startsWith('moffs')) return { ...memory(Number(type.slice(5)) / 8, ''), displacement: 0x1234n }
  if (type.startsWith('ptr')) return { kind: 'far', selector: 8, offset: 0x1234 }
  if (/^\d+$/.test(type)) return { kind: 'immediate', value: BigInt(type) }
  const far = /^m16:(\d+)$/.exec(type)
  if (far) return { ...memory(2 + Number(far[1]) / 8, base), far: true }
  const pair = /^m(\d+)&(\d+)$/.exec(type)
  if (pair) return memory((Number(pair[1]) + Number(pair[2])) / 8, base)
  const sized = /^m(\d+)(byte)?$/.exec(type)
  return memory(sized ? Number(sized[1]) / (sized[2] ? 1 : 8) : (NAMED_BYTES[type] ?? 0), base, 0, 1n)
}

/** Encodes a form with operands made for it, and decodes it again. */
function roundTrip(f: FormFacts, bits: 16 | 32 | 64, variant: number): string {
  // CR8 and gathers want particular registers; a gather's three must differ, which the positions see to.
  const addressSize = Number(/\ba(16|32|64)\b/.exec(f.encoding)?.[1] ?? bits)
  const operands = f.operands.map((o, n) => valueFor(o.type, addressSize, variant, n))
  if (f.attributes.includes('gather')) {
    const vector = f.operands[0]?.type ?? 'xmm'
    operands[0] = { kind: 'register', register: registerByName(`${vector}1`) }
    operands[2] = { kind: 'register', register: registerByName(`${f.operands[2]?.type ?? 'xmm'}3`) }
  }
  const bytes = encode({ form: f.name, operands }, { bits })
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
    [{ mnemonic: 'inc', operands: [memory(0, 'rax')] }, 'ambiguousSize'],
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
