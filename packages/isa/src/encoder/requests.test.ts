import { describe, expect, it } from 'vitest'
import { Decoder, formName, Instruction, instructionObject, type Operand, Status } from '../decoder/index.ts'
import { allForms, type FormFacts } from '../facts/index.ts'
import { type RegisterClass, registerByName, registerName, registersOf } from '../registers.ts'
import {
  type EncodeRequest,
  encode,
  encodeInstruction,
  isEncodeError,
  type MemoryValue,
  type OperandValue,
} from './index.ts'

const seed = Number(process.env.RINGFOLD_SEED ?? Date.now() & 0x7fffffff)

/** Requests from a seed: operands near what a form takes, and a few that it does not. */
class Requests {
  #state: number
  readonly #forms = allForms().filter((f) => f.later === null)

  constructor(start: number) {
    this.#state = start
  }

  /** mulberry32. */
  number(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let t = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return (t ^ (t >>> 14)) >>> 0
  }

  of<T>(choices: readonly T[]): T {
    return choices[this.number() % choices.length] as T
  }

  #register(type: string): OperandValue {
    const classes: Record<string, RegisterClass> = { Sreg: 'sreg', CRn: 'cr', DRn: 'dr', 'ST(i)': 'st' }
    return { kind: 'register', register: this.of(registersOf(classes[type] ?? (type as RegisterClass))) }
  }

  #memory(): MemoryValue {
    const width = this.of(['r64', 'r64', 'r32', 'r16'] as const)
    const base = this.number() % 5 === 0 ? 0 : this.of(registersOf(width))
    const ofIndex = this.number() % 8 === 0 ? this.of(['r64', 'r32', 'xmm', 'ymm'] as const) : width
    const index = this.number() % 3 === 0 ? this.of(registersOf(ofIndex)) : 0
    const displacement = this.of([0n, 0n, 1n, -128n, 128n, 0xffffn, 0x7fffffffn, -0x80000000n, 0xffffffffn, 1n << 40n])
    const segment = this.number() % 6 === 0 ? this.number() % 6 : -1
    const bytes = this.of([0, 0, 1, 2, 4, 8, 10, 16, 32])
    return { kind: 'memory', bytes, segment, base, index, scale: index ? this.of([1, 2, 4, 8]) : 1, displacement }
  }

  #immediate(): OperandValue {
    const edge = 1n << BigInt(this.of([0, 7, 8, 15, 16, 31, 32, 63]))
    return { kind: 'immediate', value: this.of([0n, edge, edge - 1n, -edge, -edge - 1n]) }
  }

  #operand(type: string): OperandValue {
    if (this.number() % 25 === 0) return this.of([this.#memory(), this.#immediate(), this.#register('r8')])
    const split = /^(r\d*|xmm|ymm|mm)\/m(\d+)/.exec(type)
    if (split && this.number() % 2) return this.#register(split[1] === 'r' ? `r${split[2]}` : (split[1] as string))
    if (/^(r\d+|mm|xmm|ymm|Sreg|CRn|DRn|ST\(i\))$/.test(type)) return this.#register(type)
    if (/imm|rel|^\d/.test(type)) return this.#immediate()
    if (type.startsWith('ptr')) return { kind: 'far', selector: this.number() & 0xffff, offset: this.number() | 0 }
    const fixed = registerByName(type)
    return fixed ? { kind: 'register', register: fixed } : this.#memory()
  }

  next(): { readonly form: FormFacts; readonly bits: 16 | 32 | 64; readonly request: EncodeRequest } {
    const form = this.of(this.#forms)
    const operands = form.operands.map(({ type }) => this.#operand(type))
    const prefixes = this.number() % 12 === 0 ? [this.of(['lock', 'rep', 'repne'] as const)] : []
    const what = this.number() % 2 ? { form: form.name } : { mnemonic: form.mnemonic }
    return { form, bits: this.of([16, 32, 64]), request: { ...what, operands, prefixes } }
  }
}

const SEGMENTS = ['es', 'cs', 'ss', 'ds', 'fs', 'gs']

/** An address as a sum, in which equal ones are equal text. */
function sum(parts: readonly (readonly [string, number])[], displacement: bigint, bits: number): string {
  const factors = new Map<string, number>()
  for (const [name, factor] of parts) if (name !== '') factors.set(name, (factors.get(name) ?? 0) + factor)
  return `${[...factors].sort().join(' ')} ${BigInt.asUintN(bits, displacement)}`
}

function isSameMemory(asked: MemoryValue, got: Operand, i: Instruction): boolean {
  if (got.kind !== 'memory') return false
  const given = [
    [registerName(asked.base), 1],
    [registerName(asked.index), asked.scale],
  ] as const
  const found = [
    [got.base ?? '', 1],
    [got.index ?? '', got.scale],
  ] as const
  // In 64-bit mode ES, CS, SS and DS have no base, and their overrides no effect.
  const isSegment = asked.segment < (i.mode === 64 ? 4 : 0) || SEGMENTS[asked.segment] === got.segment
  return isSegment && sum(given, asked.displacement, i.addressSize) === sum(found, got.displacement, i.addressSize)
}

function isSame(asked: OperandValue, got: Operand, type: string, i: Instruction): boolean {
  if (asked.kind === 'memory') return isSameMemory(asked, got, i)
  if (asked.kind === 'register')
    return got.kind === 'register' && (registerName(asked.register) === got.register || type.includes('/m16'))
  if (asked.kind === 'far') return got.kind === 'far' && got.selector === asked.selector
  return got.kind !== 'immediate' || BigInt.asIntN(8, got.value) === BigInt.asIntN(8, asked.value)
}

const written = (value: unknown): string =>
  JSON.stringify(value, (key, v) =>
    ['register', 'base', 'index'].includes(key) ? registerName(v) : typeof v === 'bigint' ? `${v}` : v,
  )

/** What is wrong with the bytes of a request; `''` where nothing is. */
function problemOf(bytes: Uint8Array, form: FormFacts, bits: 16 | 32 | 64, request: EncodeRequest): string {
  const i = new Instruction()
  const status = new Decoder(bits, { vendor: form.vendor ?? 'intel' }).decode(i, bytes)
  if (status !== Status.ok || i.length !== bytes.length) return `status ${status}, length ${i.length}`
  if (request.form !== undefined && formName(i.form) !== form.name) return `is ${formName(i.form)}`
  const decoded = instructionObject(i, bytes, 0)
  const operands = request.operands ?? []
  if (decoded.status !== 'ok' || decoded.operands.length !== operands.length) return ''
  if (/^(xchg|test)$/.test(form.mnemonic)) return ''
  const at = operands.findIndex((o, k) => !isSame(o, decoded.operands[k] as Operand, form.operands[k]?.type ?? '', i))
  return at < 0 ? '' : `operand ${at + 1} is ${written(decoded.operands[at])}`
}

describe('what encode answers', () => {
  it(`decodes to the operands that were asked for (RINGFOLD_SEED=${seed})`, () => {
    const requests = new Requests(seed)
    const problems: string[] = []
    let encoded = 0
    for (let n = 0; n < 40_000; n++) {
      const { form, bits, request } = requests.next()
      const bytes = encode(request, { bits })
      if (isEncodeError(bytes)) continue
      encoded++
      const problem = problemOf(bytes, form, bits, request)
      if (problem !== '')
        problems.push(`${bits}-bit ${written(request)}: ${Buffer.from(bytes).toString('hex')} ${problem}`)
    }
    expect(problems).toEqual([])
    expect(encoded).toBeGreaterThan(5000)
  })
})

const reg = (name: string): OperandValue => ({ kind: 'register', register: registerByName(name) })
const at = (base: string, index = '', scale: 1 | 2 | 4 | 8 = 1, displacement = 0n): OperandValue => ({
  kind: 'memory',
  bytes: 0,
  segment: -1,
  base: registerByName(base),
  index: registerByName(index),
  scale,
  displacement,
})

describe('what no instruction can say is an error that names the operand', () => {
  it.each([
    [64, 'mov', [reg('ah'), reg('sil')], 'rexWithHighByte', 1],
    [64, 'mov', [reg('r8b'), reg('bh')], 'rexWithHighByte', 2],
    [64, 'mov', [reg('cs'), reg('ax')], 'operands', 1],
    [64, 'mov', [reg('rax'), reg('cr1')], 'operands', 2],
    [64, 'mov', [reg('dr8'), reg('rax')], 'operands', 1],
    [32, 'mov', [reg('eax'), reg('r9d')], 'extendedRegister', 2],
    [16, 'mov', [reg('rax'), reg('rbx')], 'extendedRegister', 1],
    [32, 'mov', [reg('sil'), reg('al')], 'extendedRegister', 1],
    [32, 'vblendvps', [reg('xmm0'), reg('xmm1'), reg('xmm2'), reg('xmm12')], 'extendedRegister', 4],
    [64, 'vgatherdps', [reg('xmm1'), at('rax', 'xmm1'), reg('xmm2')], 'operands', 1],
    [64, 'mov', [reg('eax'), at('rsp', 'rsp')], 'addressing', 2],
    [64, 'mov', [reg('eax'), at('', 'rsp', 2)], 'addressing', 2],
    [64, 'mov', [reg('eax'), at('rax', 'ecx')], 'addressing', 2],
    [64, 'mov', [reg('eax'), at('bx')], 'addressing', 2],
    [32, 'mov', [reg('eax'), at('rbx')], 'extendedRegister', 2],
    [16, 'mov', [reg('eax'), at('ax')], 'addressing', 2],
    [16, 'mov', [reg('eax'), at('bx', 'si', 2)], 'addressing', 2],
    [64, 'add', [reg('eax'), at('rbx', '', 1, 1n << 31n)], 'displacement', 2],
    [32, 'mov', [reg('eax'), at('', '', 1, 1n << 40n)], 'displacement', 2],
    [64, 'vmload', [at('')], 'operands', 1],
  ] as const)('%i-bit %s, case %#: %s', (bits, mnemonic, operands, code, operand) => {
    const error = encode({ mnemonic, operands }, { bits })
    expect(error).toMatchObject({ kind: 'error', code, operand })
    expect(isEncodeError(error) && error.accepted.length).toBeGreaterThan(0)
  })

  it('names the registers that exist', () => {
    expect(encode({ mnemonic: 'mov', operands: [reg('cs'), reg('ax')] })).toMatchObject({
      accepted: ['es', 'ss', 'ds', 'fs', 'gs'],
    })
    expect(encode({ mnemonic: 'mov', operands: [reg('cr5'), reg('rax')] })).toMatchObject({
      accepted: ['cr0', 'cr2', 'cr3', 'cr4', 'cr8'],
    })
  })

  it('a branch has a limit as well as a least reach', () => {
    const jump = { mnemonic: 'jmp', operands: [{ kind: 'immediate', value: 0x1000n }] } as const
    expect(encode(jump)).toHaveLength(5)
    expect(encode(jump, { branchLimit: 1 })).toMatchObject({ code: 'range', operand: 1, accepted: ['rel8'] })
  })

  it('IP wraps around within what it can hold, and nowhere else', () => {
    const hex = (value: bigint, address: bigint) => {
      const bytes = encode({ mnemonic: 'jne', operands: [{ kind: 'immediate', value }] }, { bits: 16, address })
      return isEncodeError(bytes) ? bytes.code : Buffer.from(bytes).toString('hex')
    }
    expect(hex(0xfff0n, 0n)).toBe('75ee')
    expect(hex(0x100010n, 0x100000n)).toBe('750e')
    expect(hex(0x10010n, 0xfff0n)).toBe('751e')
    expect(hex(0xfb30a24n, 0n)).toBe('660f851d0ab30f')
  })

  it('a hint-NOP stays one', () => {
    const i = new Instruction()
    const bytes = Uint8Array.of(0x66, 0x48, 0x0f, 0x1c, 0x00)
    expect(new Decoder(64).decode(i, bytes)).toBe(Status.ok)
    expect(formName(i.form)).toMatch(/^nop_rm64/)
    expect(encodeInstruction(i)).toEqual(bytes)
  })

  it("AMD's LOCK MOV CR0, which is MOV CR8, is encoded as it was decoded", () => {
    const i = new Instruction()
    for (const bits of [16, 32, 64] as const) {
      const bytes = Uint8Array.of(0xf0, 0x0f, 0x20, 0xc3)
      expect(new Decoder(bits, { vendor: 'amd' }).decode(i, bytes)).toBe(Status.ok)
      expect(i.reg).toBe(8)
      expect(encodeInstruction(i)).toEqual(bytes)
    }
  })

  it('an absolute address out of reach of the mode takes the other address size', () => {
    const hex = (bits: 16 | 64, displacement: bigint) =>
      Buffer.from(
        encode(
          { mnemonic: 'inc', operands: [{ ...(at('', '', 1, displacement) as MemoryValue), bytes: 4 }] },
          { bits },
        ) as Uint8Array,
      ).toString('hex')
    expect(hex(16, 0x12345n)).toBe('6766ff0545230100')
    expect(hex(64, 0xfee00000n)).toBe('67ff04250000e0fe')
  })
})
