import { describe, expect, it } from 'vitest'
import { seed, seededRandom } from '../../tests/seeded-random.ts'
import { SEGMENT } from '../segmentation.ts'
import { CpuState, createState } from './cpu-state.ts'
import { FIELD, STATE_LAYOUT, STATE_SIZE_BYTES } from './layout.ts'

// The packages know no platform's types; of WebAssembly this test needs one constructor.
declare const WebAssembly: {
  readonly Memory: new (descriptor: { initial: number }) => { readonly buffer: ArrayBuffer }
}

describe('CpuState', () => {
  it('reads and writes halves, unsigned, and words of wide fields', () => {
    const state = createState()
    state.set(FIELD.rip, 0x89abcdef, 0xffffffff)
    expect([state.lo(FIELD.rip), state.hi(FIELD.rip)]).toEqual([0x89abcdef, 0xffffffff])
    expect(state.read('rip')).toBe(0xffffffff89abcdefn)
    state.setLo(FIELD.segLimit, -1, SEGMENT.TR)
    expect(state.lo(FIELD.trLimit)).toBe(0xffffffff)
    state.setHi(FIELD.segBase, 0x1234, SEGMENT.FS)
    expect(state.read('fsBase')).toBe(0x123400000000n)
    state.setWord(FIELD.zmm, 15, 7, 31)
    expect(state.word(FIELD.zmm, 15, 31)).toBe(7)
    expect(state.read('zmm', 31)).toBe(7n << 480n)
  })

  it('has registers that alias others', () => {
    const state = createState()
    state.write('zmm', (1n << 512n) - 1n, 3)
    state.write('xmm', 5n, 3)
    expect(state.read('ymm', 3)).toBe((((1n << 128n) - 1n) << 128n) | 5n)
    state.write('mm', 0x1122334455667788n, 2)
    expect(state.read('fpr', 2)).toBe(0x1122334455667788n)
    state.write('rsp', 9n)
    expect(state.read('gpr', 4)).toBe(9n)
    expect([...state.bytes(FIELD.mm, 2)]).toEqual([0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11])
    expect(state.bytes(FIELD.fpr).length).toBe(10)
  })

  it('types values by width', () => {
    const state = createState()
    const rax: bigint = state.read('rax')
    const cs: number = state.read('cs')
    expect([rax, cs]).toEqual([0n, 0])
    // @ts-expect-error: 64-bit fields take bigints
    state.write('rax', 1)
    // @ts-expect-error: a 32-bit field has no high half
    expect(() => state.hi(FIELD.mxcsr)).not.toThrow()
    // @ts-expect-error: no such field
    expect(() => state.read('eax')).toThrow(expect.objectContaining({ code: 'state.field' }))
  })

  it('reads only the significant bits, whatever a raw store left beside them', () => {
    const state = createState()
    state.setLo(FIELD.segSelector, 0xabcd1234, SEGMENT.CS)
    expect(state.read('cs')).toBe(0x1234)
    state.setWord(FIELD.fpr, 2, 0xffff8000)
    state.setWord(FIELD.fpr, 3, 0xffffffff)
    expect(state.read('fpr')).toBe(0x8000n << 64n)
  })

  it.each([
    ['a negative number', () => createState().write('cs', -1)],
    ['a value too wide', () => createState().write('cs', 0x10000)],
    ['a fraction', () => createState().write('cs', 1.5)],
    ['a bigint too wide', () => createState().write('rax', 1n << 64n)],
    ['a negative bigint', () => createState().write('rax', -1n)],
  ])('refuses %s', (_what, write) => {
    expect(write).toThrow(expect.objectContaining({ code: 'state.value', remedy: expect.any(String) }))
  })

  it('refuses an element that a field does not have', () => {
    expect(() => createState().read('gpr', 16)).toThrow(expect.objectContaining({ code: 'state.field' }))
    expect(() => createState().read('rip', -1)).toThrow(expect.objectContaining({ code: 'state.field' }))
  })

  it('lives in a WebAssembly memory, at any multiple of 64, and needs the room', () => {
    const memory = new WebAssembly.Memory({ initial: 1 })
    const state = new CpuState(memory.buffer, 64)
    state.write('rbx', 42n)
    expect(new DataView(memory.buffer).getBigUint64(64 + FIELD.rbx.offset, true)).toBe(42n)
    const refused = expect.objectContaining({ code: 'state.memory' })
    expect(() => new CpuState(memory.buffer, 8)).toThrow(refused)
    expect(() => new CpuState(new ArrayBuffer(STATE_SIZE_BYTES - 1))).toThrow(refused)
    expect(() => new CpuState(new ArrayBuffer(STATE_SIZE_BYTES), 64)).toThrow(refused)
  })

  it(`keeps what is written anywhere, and disturbs nothing else (seed ${seed})`, () => {
    const random = seededRandom(seed)
    const state = createState()
    const written: { read: () => bigint; value: bigint }[] = []
    for (const field of STATE_LAYOUT) {
      for (let index = 0; index < field.count; index++) {
        let value = 0n
        for (let i = 0; i < 16; i++) value = (value << 32n) | BigInt(random())
        value = BigInt.asUintN(field.bits, value)
        state.writeBig(field, value, index)
        written.push({ read: () => state.readBig(field, index), value })
      }
    }
    for (const { read, value } of written) expect(read()).toBe(value)
  })
})
