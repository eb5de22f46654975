import { ACCESS_RIGHTS, type CpuState, CR0, CR4, createState, EFER, FIELD, SEGMENT, XCR0 } from '@ringfold/arch'
import { aloneHost, cpuModel, FlatLinearMemory, type RuleContext, VECTOR, withFeatures } from '@ringfold/rings'
import { describe, expect, it } from 'vitest'
import { callHelper, helperNumber } from '../index.ts'

const AREA = 0x1000
const SIZE = 0x3000
const { X87, SSE, AVX, PKRU } = XCR0.lo
const ALL = X87 | SSE | AVX | PKRU
const FEATURES = '+XSAVEOPT,+XSAVEC,+XGETBV_ECX1,+XSAVES,+AVX,+PKU'

const ascending = (bytes: Uint8Array, first: number): void => bytes.set(bytes.map((_, k) => first + k))

/** 64-bit mode at CPL 0, everything enabled, on a model with everything. */
class Machine {
  readonly state: CpuState = createState()
  readonly linear = new FlatLinearMemory(this.state, SIZE)
  readonly ctx: RuleContext
  readonly view = new DataView(this.linear.bytes.buffer)

  constructor(model = withFeatures(cpuModel(), FEATURES)) {
    const { state } = this
    this.ctx = { state, linear: this.linear, model, host: aloneHost() }
    state.setLo(FIELD.cr0, CR0.lo.PE)
    state.setLo(FIELD.cr4, CR4.lo.OSFXSR | CR4.lo.OSXSAVE)
    state.setLo(FIELD.efer, EFER.lo.LMA | EFER.lo.LME)
    this.setMode(64)
    for (const n of [SEGMENT.DS, SEGMENT.SS]) {
      state.setLo(FIELD.segLimit, 0xffffffff, n)
      state.setLo(FIELD.segAccess, ACCESS_RIGHTS.lo.S | ACCESS_RIGHTS.lo.P | 3, n)
    }
    state.setLo(FIELD.xcr0, ALL)
    state.setLo(FIELD.mxcsr, 0x1f80)
    state.setLo(FIELD.fpuControl, 0x37f)
    this.linear.bytes.fill(0xcc)
  }

  setMode(bits: 32 | 64): void {
    const { S, P, L } = ACCESS_RIGHTS.lo
    this.state.setLo(FIELD.segAccess, S | P | 11 | (bits === 64 ? L : 0), SEGMENT.CS)
  }

  /** 'ok', or the vector of the fault. */
  run(helper: string, wide = 1, at = AREA): string | number {
    this.state.setLo(FIELD.pendingEvent, 0)
    this.state.set(FIELD.helperArgument, at, 0)
    if (callHelper(helperNumber(helper), this.ctx, SEGMENT.DS, wide, 0) === 0) return 'ok'
    return this.state.lo(FIELD.pendingEvent) & 0xff
  }

  ask(components: number): void {
    this.state.set(FIELD.rax, components, 0)
    this.state.set(FIELD.rdx, 0, 0)
  }

  /** Different bytes in every register. */
  fill(): void {
    const { state } = this
    for (let n = 0; n < 16; n++) ascending(state.bytes(FIELD.ymm, n), n * 16 + 1)
    for (let n = 0; n < 8; n++) ascending(state.bytes(FIELD.fpr, n), 0x80 + n * 10)
    state.setLo(FIELD.fpuTop, 5)
    state.setLo(FIELD.fpuTag, 0xe1)
    state.setLo(FIELD.fpuControl, 0x27f)
    state.setLo(FIELD.fpuStatus, 0x4121)
    state.setLo(FIELD.fpuOpcode, 0x1d9)
    state.write('fip', 0x1122334455667788n)
    state.write('fdp', 0x99aabbccddeeff00n)
    state.setLo(FIELD.fcs, 0x33)
    state.setLo(FIELD.fds, 0x2b)
    state.setLo(FIELD.pkru, 0x55555554)
    state.setLo(FIELD.mxcsr, 0x9fc0)
  }

  header(bv: number, compBv = 0n): void {
    this.linear.bytes.fill(0, AREA + 512, AREA + 576)
    this.view.setUint32(AREA + 512, bv, true)
    this.view.setBigUint64(AREA + 520, compBv, true)
  }

  get bv(): number {
    return this.view.getUint32(AREA + 512, true)
  }
}

/** All of the state as text, but for the fields of engines and the pending event. */
const snapshot = (m: Machine): string =>
  ['fpuControl', 'fpuStatus', 'fpuTop', 'fpuTag', 'fpuOpcode', 'fip', 'fdp', 'fcs', 'fds', 'mxcsr', 'pkru']
    .map((name) => String(m.state.read(name as 'mxcsr')))
    .concat(Array.from({ length: 8 }, (_, n) => m.state.read('fpr', n).toString(16)))
    .concat(Array.from({ length: 16 }, (_, n) => m.state.read('ymm', n).toString(16)))
    .join()

describe('FXSAVE and FXRSTOR', () => {
  it('lay out the area as Intel SDM vol. 2A, tables 3-46 to 3-48 do', () => {
    const m = new Machine()
    m.fill()
    expect(m.run('fxsave', 1)).toBe('ok')
    expect([0, 2, 4, 6].map((n) => m.view.getUint16(AREA + n, true))).toEqual([0x27f, 0x4121 | (5 << 11), 0xe1, 0x1d9])
    expect(m.view.getBigUint64(AREA + 8, true)).toBe(0x1122334455667788n)
    expect(m.view.getUint32(AREA + 24, true)).toBe(0x9fc0)
    expect(m.view.getUint32(AREA + 28, true)).toBe(0xffff)
    // ST(0) is R5; ST(3) is R0.
    expect(m.linear.bytes[AREA + 32]).toBe(0x80 + 50)
    expect(m.linear.bytes[AREA + 32 + 48]).toBe(0x80)
    expect(m.linear.bytes[AREA + 32 + 10]).toBe(0)
    expect(m.linear.bytes[AREA + 160 + 15 * 16]).toBe(241)
    expect(m.linear.bytes.subarray(AREA + 416, AREA + 512).every((b) => b === 0xcc)).toBe(true)
    expect(m.run('fxsave', 0)).toBe('ok')
    expect(m.view.getBigUint64(AREA + 8, true)).toBe(0x3355667788n)
    expect(m.view.getBigUint64(AREA + 16, true)).toBe(0x2bddeeff00n)
  })

  it('restore what was saved, with REX.W', () => {
    const m = new Machine()
    m.fill()
    m.state.setLo(FIELD.fcs, 0)
    m.state.setLo(FIELD.fds, 0)
    const before = snapshot(m)
    m.run('fxsave', 1)
    for (let n = 0; n < 16; n++) m.state.bytes(FIELD.xmm, n).fill(0)
    for (let n = 0; n < 8; n++) m.state.bytes(FIELD.fpr, n).fill(0)
    for (const f of [FIELD.fpuTop, FIELD.fpuTag, FIELD.fpuStatus, FIELD.mxcsr]) m.state.setLo(f, 0)
    expect(m.run('fxrstor', 1)).toBe('ok')
    expect(snapshot(m)).toBe(before)
  })

  it('compute ES and B from flags and masks, and keep reserved control bits as they are', () => {
    const m = new Machine()
    m.run('fxsave')
    m.view.setUint16(AREA, 0xfffe, true)
    m.view.setUint16(AREA + 2, 0x0001, true)
    m.run('fxrstor')
    expect([m.state.lo(FIELD.fpuControl), m.state.lo(FIELD.fpuStatus)]).toEqual([0x1f7e, 0x8081])
    m.view.setUint16(AREA, 0x37f, true)
    m.view.setUint16(AREA + 2, 0x8081, true)
    m.run('fxrstor')
    expect(m.state.lo(FIELD.fpuStatus)).toBe(0x0001)
  })

  it('reach XMM8 to XMM15 in 64-bit mode only', () => {
    const m = new Machine()
    m.fill()
    m.setMode(32)
    expect(m.run('fxsave', 0)).toBe('ok')
    expect(m.linear.bytes[AREA + 160 + 7 * 16]).toBe(113)
    expect(m.linear.bytes[AREA + 160 + 8 * 16]).toBe(0xcc)
    expect(m.run('fxrstor', 0)).toBe('ok')
    expect(m.state.bytes(FIELD.xmm, 8)[0]).toBe(129)
  })

  it('fault without a change: alignment, MXCSR, TS, the end of memory', () => {
    const m = new Machine()
    m.fill()
    m.run('fxsave')
    const before = snapshot(m)
    expect(m.run('fxsave', 1, AREA + 8)).toBe(VECTOR.GP)
    m.view.setUint32(AREA + 24, 0x11f80, true)
    expect(m.run('fxrstor')).toBe(VECTOR.GP)
    m.view.setUint32(AREA + 24, 0x1f80, true)
    expect(m.run('fxrstor', 1, SIZE - 256)).toBe(VECTOR.PF)
    expect(m.run('fxsave', 1, SIZE - 256)).toBe(VECTOR.PF)
    expect(m.linear.bytes.subarray(SIZE - 256).every((b) => b === 0xcc)).toBe(true)
    m.state.setLo(FIELD.cr0, CR0.lo.PE | CR0.lo.TS)
    expect(m.run('fxsave')).toBe(VECTOR.NM)
    expect(snapshot(m)).toBe(before)
  })
})

describe('XSAVE and its kin (Intel SDM vol. 1, chapter 13)', () => {
  it('exist with their features and CR4.OSXSAVE', () => {
    const plain = new Machine(cpuModel())
    plain.state.setLo(FIELD.xcr0, X87 | SSE)
    plain.header(0)
    expect(plain.run('xsave')).toBe('ok')
    for (const name of ['xsaveopt', 'xsavec', 'xsaves', 'xrstors']) expect(plain.run(name)).toBe(VECTOR.UD)
    plain.state.setLo(FIELD.cr4, CR4.lo.OSFXSR)
    for (const name of ['xsave', 'xrstor']) expect(plain.run(name)).toBe(VECTOR.UD)
  })

  it('save and restore everything in either format', () => {
    for (const save of ['xsave', 'xsaveopt', 'xsavec', 'xsaves']) {
      const m = new Machine()
      m.fill()
      m.state.setLo(FIELD.fcs, 0)
      m.state.setLo(FIELD.fds, 0)
      const before = snapshot(m)
      m.ask(ALL)
      m.header(0)
      expect(m.run(save)).toBe('ok')
      expect(m.bv).toBe(ALL)
      for (let n = 0; n < 16; n++) m.state.bytes(FIELD.ymm, n).fill(0)
      m.state.setLo(FIELD.pkru, 0)
      m.state.setLo(FIELD.mxcsr, 0x1f80)
      expect(m.run(save === 'xsaves' ? 'xrstors' : 'xrstor')).toBe('ok')
      expect(snapshot(m)).toBe(before)
    }
  })

  it('place components: standard by CPUID, compacted one behind the other (13.4.3)', () => {
    const m = new Machine()
    m.fill()
    m.ask(ALL)
    m.header(0)
    m.run('xsave')
    expect(m.linear.bytes[AREA + 576]).toBe(17)
    expect(m.view.getUint32(AREA + 2688, true)).toBe(0x55555554)
    m.ask(PKRU)
    m.run('xsavec')
    expect(m.view.getUint32(AREA + 576, true)).toBe(0x55555554)
    expect(m.view.getBigUint64(AREA + 520, true)).toBe((1n << 63n) | BigInt(PKRU))
  })

  it('leave out what is in its initial configuration (13.6, 13.9, 13.10)', () => {
    const m = new Machine()
    m.state.bytes(FIELD.ymm, 3)[20] = 1
    m.ask(ALL)
    m.header(0x200 | AVX)
    m.run('xsave')
    expect(m.bv).toBe(AVX)
    expect(m.view.getUint16(AREA, true)).toBe(0x37f)
    m.linear.bytes.fill(0xcc, AREA, AREA + 512)
    m.run('xsaveopt')
    expect(m.view.getUint16(AREA, true)).toBe(0xcccc)
    expect(m.view.getUint32(AREA + 24, true)).toBe(0x1f80)
    m.state.setLo(FIELD.mxcsr, 0x1fa0)
    m.run('xsaveopt')
    expect(m.bv).toBe(AVX)
    m.run('xsavec')
    expect(m.bv).toBe(AVX | SSE)
    expect(m.view.getUint32(AREA + 24, true)).toBe(0x1fa0)
  })

  it('restore by RFBM and header: others stay, missing ones are initialized (13.8)', () => {
    const m = new Machine()
    m.fill()
    m.ask(ALL)
    m.header(X87)
    m.run('fxsave')
    m.view.setUint32(AREA + 24, 0x1fa0, true)
    m.ask(AVX)
    expect(m.run('xrstor')).toBe('ok')
    expect(
      m.state
        .bytes(FIELD.ymm, 2)
        .subarray(16)
        .every((b) => b === 0),
    ).toBe(true)
    expect(m.state.bytes(FIELD.ymm, 2)[0]).toBe(33)
    expect(m.state.lo(FIELD.mxcsr)).toBe(0x1fa0)
    m.header(X87, (1n << 63n) | BigInt(X87))
    m.ask(SSE)
    expect(m.run('xrstor')).toBe('ok')
    expect(m.state.lo(FIELD.mxcsr)).toBe(0x1f80)
    expect(m.state.read('ymm', 2)).toBe(0n)
    m.ask(X87)
    m.header(0)
    m.run('xrstor')
    expect([m.state.lo(FIELD.fpuControl), m.state.lo(FIELD.fpuTag), m.state.lo(FIELD.fpuTop)]).toEqual([0x37f, 0, 0])
    expect(m.state.read('fpr', 4)).toBe(0n)
  })

  it('refuse headers without a change (13.8, 13.12)', () => {
    const m = new Machine()
    m.fill()
    m.ask(ALL)
    const before = snapshot(m)
    const COMPACTED = 1n << 63n
    const refused: [string, number, bigint][] = [
      ['xrstor', 8, 0n],
      ['xrstor', 0, 1n],
      ['xrstor', AVX, COMPACTED | 3n],
      ['xrstor', 0, COMPACTED | 8n],
      ['xrstors', 0, 0n],
    ]
    for (const [name, bv, compBv] of refused) {
      m.header(bv, compBv)
      expect(m.run(name)).toBe(VECTOR.GP)
    }
    m.header(0)
    m.view.setUint8(AREA + 512 + 16, 1)
    expect(m.run('xrstor')).toBe(VECTOR.GP)
    m.header(0)
    m.view.setUint8(AREA + 512 + 24, 1)
    m.view.setUint32(AREA + 24, 0x80001f80, true)
    expect(m.run('xrstor')).toBe(VECTOR.GP)
    m.header(ALL)
    m.view.setUint32(AREA + 24, 0x1f80, true)
    expect(m.run('xrstor', 1, AREA + 32)).toBe(VECTOR.GP)
    expect(snapshot(m)).toBe(before)
  })

  it('fault before anything is written or loaded where a component lies beyond the end', () => {
    const m = new Machine()
    m.fill()
    m.ask(ALL)
    const at = SIZE - 640
    m.linear.bytes.fill(0, at, SIZE)
    m.view.setUint32(at + 512, ALL, true)
    m.view.setUint32(at + 24, 0x1f80, true)
    const before = snapshot(m)
    const bytes = m.linear.bytes.slice()
    for (const name of ['xrstor', 'xsave', 'xsavec', 'xsaveopt']) expect(m.run(name, 1, at)).toBe(VECTOR.PF)
    expect(snapshot(m)).toBe(before)
    expect(Buffer.compare(m.linear.bytes, bytes)).toBe(0)
  })

  it('keep XSAVES and XRSTORS for CPL 0', () => {
    const m = new Machine()
    m.state.setLo(FIELD.segAccess, m.state.lo(FIELD.segAccess, SEGMENT.SS) | (3 << ACCESS_RIGHTS.shift.DPL), SEGMENT.SS)
    expect(m.run('xsaves')).toBe(VECTOR.GP)
    expect(m.run('xrstors')).toBe(VECTOR.GP)
  })
})
