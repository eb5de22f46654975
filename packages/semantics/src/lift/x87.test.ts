import { type CpuState, CR0, compareStates, createState, FIELD, FSW, STATE_SIZE_BYTES } from '@ringfold/arch'
import { Decoder, Instruction, Status } from '@ringfold/isa/decoder'
import { callHelper, type Datum, Evaluator, IrCode, liftInstruction } from '@ringfold/semantics'
import { describe, expect, it } from 'vitest'

const MEMORY_BYTES = 0x2000
const RIP = 0x1234n

/** A processor without segments and paging: memory of two pages, beyond which everything faults. */
class Machine {
  readonly state: CpuState = createState()
  readonly bytes = new Uint8Array(MEMORY_BYTES)
  readonly #mode: 16 | 32 | 64
  fault = -1

  constructor(mode: 16 | 32 | 64 = 64, isProtected = true) {
    this.#mode = mode
    const { state } = this
    state.write('fpuControl', 0x37f)
    state.write('cr0', BigInt(CR0.lo.NE | (isProtected ? CR0.lo.PE : 0)))
    state.write('rip', RIP)
    state.write('cs', 0x23)
    state.write('ds', 0x2b)
  }

  #reach(ea: number | bigint, size: number): number {
    const at = Number(ea)
    if (at >= 0 && at + size <= MEMORY_BYTES) return at
    this.fault = 14
    return -1
  }

  /** Executes an instruction: `next`, or how it ended else. */
  run(...code: number[]): string {
    this.fault = -1
    const i = new Instruction()
    expect(new Decoder(this.#mode).decode(i, Uint8Array.from(code))).toBe(Status.ok)
    const ir = new IrCode()
    expect(liftInstruction(i, ir)).toBe(true)
    const evaluator = new Evaluator(ir, {
      state: this.state,
      memory: {
        load: (size, ea) => this.#load(size, ea),
        store: (size, ea, value) => this.#store(size, ea, value),
        probe: (ea, imm) => this.#reach(ea, imm >> 8) >= 0,
      },
      call: (n, a, b, c) => callHelper(n, { state: this.state } as never, a, b, c),
      raise: (vector) => {
        this.fault = vector
      },
      checkJump: () => true,
    })
    return evaluator.run(ir, RIP + BigInt(code.length))
  }

  #load(size: number, ea: number | bigint): Datum | null {
    const at = this.#reach(ea, size)
    if (at < 0) return null
    const view = new DataView(this.bytes.buffer)
    return size === 8 ? view.getBigInt64(at, true) : size === 4 ? view.getInt32(at, true) : view.getUint16(at, true)
  }

  #store(size: number, ea: number | bigint, value: Datum): boolean {
    const at = this.#reach(ea, size)
    if (at < 0) return false
    const view = new DataView(this.bytes.buffer)
    if (size === 8) view.setBigInt64(at, value as bigint, true)
    else if (size === 4) view.setInt32(at, value as number, true)
    else view.setUint16(at, value as number, true)
    return true
  }

  /** Pushes values, so that the last one is ST(0). */
  push(...values: bigint[]): void {
    const { state } = this
    for (const v of values) {
      const top = (state.read('fpuTop') + 7) & 7
      state.write('fpuTop', top)
      state.write('fpr', v, top)
      state.write('fpuTag', state.read('fpuTag') | (1 << top))
    }
  }

  st(i: number): string {
    return this.state.read('fpr', (this.state.read('fpuTop') + i) & 7).toString(16)
  }

  /** 16-bit or 32-bit words at an address. */
  words(at: number, count: number, bytes: 2 | 4): string[] {
    const view = new DataView(this.bytes.buffer)
    return Array.from({ length: count }, (_, n) =>
      (bytes === 2 ? view.getUint16(at + 2 * n, true) : view.getUint32(at + 4 * n, true)).toString(16),
    )
  }
}

const ONE = (0x3fffn << 64n) | (1n << 63n)
const TWO = ONE + (1n << 64n)
const ZERO = 0n

function copyOf(state: CpuState): CpuState {
  const copy = createState()
  copy.u8.set(state.u8.subarray(0, STATE_SIZE_BYTES))
  return copy
}

describe('values', () => {
  it('are computed as the functions say', () => {
    const of = (code: number[], ...values: bigint[]): string => {
      const m = new Machine()
      m.push(...values)
      m.run(...code)
      return m.st(0)
    }
    expect(of([0xd9, 0xfe], ONE)).toBe('3ffed76aa47848677021') // FSIN: sin 1
    expect(of([0xd9, 0xf3], ONE, ONE)).toBe('3ffec90fdaa22168c235') // FPATAN: pi/4
    expect(of([0xd9, 0xf0], ONE - (1n << 64n))).toBe('3ffdd413cccfe7799211') // F2XM1: sqrt 2 - 1
    expect(of([0xd9, 0xfa], TWO)).toBe('3fffb504f333f9de6484') // FSQRT
    expect(of([0xd9, 0xf1], ONE, (0x4002n << 64n) | (10n << 60n))).toBe('4000d49a784bcd1b8afe') // FYL2X: log2 10
    expect(of([0xd9, 0xeb])).toBe('4000c90fdaa22168c235') // FLDPI
  })

  it('go to memory as integers and decimals', () => {
    const m = new Machine()
    m.state.write('rdi', 0x100n)
    // 123456789.5, to even
    m.push((0x4019n << 64n) | (246913579n << 36n))
    expect([m.run(0xdf, 0x37), m.words(0x100, 5, 2)]).toEqual(['next', ['6790', '2345', '1', '0', '0']])
    m.push((0xc000n << 64n) | 0xa000000000000000n) // -2.5
    expect([m.run(0xdb, 0x1f), m.words(0x100, 1, 4)]).toEqual(['next', ['fffffffe']])
  })
})

describe('the environment (SDM vol. 1, figures 8-9 to 8-12)', () => {
  const prepare = (m: Machine): void => {
    m.push(ZERO, (0x7fffn << 64n) | (1n << 63n), ONE)
    m.state.write('fip', 0x12345678n)
    m.state.write('fdp', 0x9abcdef0n)
    m.state.write('fcs', 0x23)
    m.state.write('fds', 0x2b)
    m.state.write('fpuOpcode', 0x7d9)
    m.state.write('rbx', 0x100n)
    m.state.write('fpuStatus', FSW.lo.C3)
  }
  // Tags: R5 valid, R6 special, R7 zero, the others empty.
  const TAGS = '63ff'

  it.each([
    [
      '32-bit protected',
      32,
      true,
      ['ffff037f', 'ffff6800', `ffff${TAGS}`, '12345678', '7d90023', '9abcdef0', 'ffff002b'],
    ],
    ['32-bit real', 32, false, ['ffff037f', 'ffff6800', `ffff${TAGS}`, 'ffff58a8', '12347d9', 'ffffe1a0', '9abc000']],
  ] as const)('%s', (_, mode, isProtected, expected) => {
    const m = new Machine(mode, isProtected)
    prepare(m)
    expect(m.run(0xd9, 0x33)).toBe('next')
    expect(m.words(0x100, 7, 4)).toEqual(expected)
  })

  it.each([
    ['16-bit protected', true, ['37f', '6800', TAGS, '5678', '23', 'def0', '2b']],
    ['16-bit real', false, ['37f', '6800', TAGS, '58a8', '47d9', 'e1a0', 'c000']],
  ] as const)('%s', (_, isProtected, expected) => {
    const m = new Machine(32, isProtected)
    prepare(m)
    expect(m.run(0x66, 0xd9, 0x33)).toBe('next')
    expect(m.words(0x100, 7, 2)).toEqual(expected)
  })

  it('FNSAVE and FRSTOR bring back all that an image holds; FNSAVE initializes', () => {
    const m = new Machine(32)
    prepare(m)
    const before = copyOf(m.state)
    expect(m.run(0xdd, 0x33)).toBe('next')
    expect([m.state.read('fpuControl'), m.state.read('fpuTag'), m.state.read('fpuTop')]).toEqual([0x37f, 0, 0])
    expect(m.run(0xdd, 0x23)).toBe('next')
    expect(compareStates(before, m.state)).toEqual([])
  })
})

describe('faults leave everything as it was', () => {
  const unchanged = (code: number[], address: bigint, prepare: (m: Machine) => void = () => undefined): void => {
    const m = new Machine()
    m.push(ONE, TWO)
    m.state.write('rdi', address)
    prepare(m)
    const before = copyOf(m.state)
    const bytes = m.bytes.slice()
    expect(m.run(...code)).toBe('fault')
    expect(compareStates(before, m.state)).toEqual([])
    expect(m.bytes).toEqual(bytes)
  }
  const end = BigInt(MEMORY_BYTES)

  it.each([
    ['FLD m80', [0xdb, 0x2f], end - 8n],
    ['FADD m64', [0xdc, 0x07], end - 4n],
    ['FSTP m80', [0xdb, 0x3f], end - 8n],
    ['FISTP m64', [0xdf, 0x3f], end - 4n],
    ['FNSTENV', [0xd9, 0x37], end - 20n],
    ['FLDENV', [0xd9, 0x27], end - 20n],
    ['FNSAVE', [0xdd, 0x37], end - 100n],
    ['FRSTOR', [0xdd, 0x27], end - 106n],
  ])('%s', (_, code, address) => unchanged(code, address))

  it('#MF waits for the next instruction that looks for it, with CR0.NE', () => {
    const pending = (m: Machine) => m.state.write('fpuStatus', FSW.lo.ES | FSW.lo.B | FSW.lo.ZE)
    for (const code of [[0xd8, 0xc1], [0x9b], [0xd9, 0xd0], [0xdb, 0x2f], [0x0f, 0x77]]) unchanged(code, 0n, pending)
    const m = new Machine()
    pending(m)
    expect([m.run(0x9b), m.fault]).toEqual(['fault', 16])
    expect([m.run(0xdf, 0xe0), m.state.lo(FIELD.rax)]).toEqual(['next', 0x8084])
    m.state.write('cr0', BigInt(CR0.lo.PE))
    expect(m.run(0x9b)).toBe('next')
  })

  it('an unmasked division by zero keeps its operands', () => {
    const m = new Machine()
    m.push(ONE, ZERO)
    m.state.write('fpuControl', 0x37b)
    expect(m.run(0xde, 0xf9)).toBe('next') // FDIVP
    expect([m.st(0), m.st(1)]).toEqual(['0', ONE.toString(16)])
    expect(m.state.read('fpuStatus')).toBe(FSW.lo.ZE | FSW.lo.ES | FSW.lo.B)
  })
})

describe('pointers (SDM vol. 1, 8.1.8)', () => {
  it('follow instructions that are no control instructions', () => {
    const m = new Machine()
    m.push(ONE)
    m.state.write('rdi', 0x100n)
    m.run(0xdc, 0x47, 0x08) // FADD qword [rdi + 8]
    const pointers = () => [m.state.read('fip'), m.state.read('fdp'), m.state.read('fpuOpcode'), m.state.read('fds')]
    expect(pointers()).toEqual([RIP, 0x108n, 0x447, 0x2b])
    m.state.write('rip', 0n)
    m.run(0xd9, 0x3f) // FNSTCW
    expect(pointers()).toEqual([RIP, 0x108n, 0x447, 0x2b])
  })
})
