/** Far JMP, CALL and RET, and call gates of 16, 32 and 64 bits. */
import { FIELD } from '@ringfold/arch'
import { ENGINES } from '@ringfold/cpu'
import { beforeEach, describe, expect, it } from 'vitest'
import { AT, FREE, Guest, SELECTOR } from './guest.ts'

const GATE = FREE
const CODE = FREE + 0x10
const STACK = FREE + 0x18
const TARGET = 0x48000
const CALL16 = 4
const CALL = 12

/** Far pointers by bytes, of code of 32 and 16 bits. */
const far32 = (opcode: number, selector: number, offset: number | string) =>
  `db ${opcode}\ndd ${offset}\ndw ${selector}`
const far16 = (opcode: number, selector: number, offset: number) => `db ${opcode}\ndw ${offset}, ${selector}`
const JMP = 0xea
const CALLF = 0x9a

interface Gate {
  readonly selector?: number
  readonly dpl?: number
  readonly type?: number
  readonly count?: number
  readonly offset?: number
  readonly present?: boolean
}

function putGate(
  guest: Guest,
  { selector = SELECTOR.code32, dpl = 3, type = CALL, count = 0, offset = TARGET, present = true }: Gate,
): void {
  const at = AT.gdt + GATE
  guest.memory.write32(at, ((selector << 16) | (offset & 0xffff)) >>> 0)
  guest.memory.write32(
    at + 4,
    ((offset & 0xffff0000) | ((present ? 0x80 : 0) << 8) | (dpl << 13) | (type << 8) | count) >>> 0,
  )
}

describe.each(ENGINES)('direct far transfers (Intel SDM vol. 3A, 6.8.1), engine %s', (engine) => {
  const guest = new Guest(engine)

  it.each([
    ['the same level', 0, 0x9a, CODE, undefined, 0],
    ['RPL above CPL', 0, 0x9a, CODE | 3, 13, CODE],
    ['RPL below CPL', 3, 0xfa, CODE, undefined, 0],
    ['an inner segment', 3, 0x9a, CODE | 3, 13, CODE],
    ['an inner conforming segment', 3, 0x9e, CODE | 3, undefined, 0],
    ['an outer segment', 0, 0xfa, CODE, 13, CODE],
    ['an outer conforming segment', 0, 0xfe, CODE, 13, CODE],
    ['a data segment', 0, 0x92, CODE, 13, CODE],
    ['a segment that is not present', 0, 0x1a, CODE, 11, CODE],
    ['a null selector', 0, 0x9a, 3, 13, 0],
    ['a selector beyond the GDT', 0, 0x9a, 0xff8, 13, 0xff8],
  ] as const)('JMP and CALL to %s', (_, cpl, access, selector, vector, error) => {
    for (const opcode of [JMP, CALLF]) {
      guest.start(32, cpl).describe(CODE, 0, 0xfffff, access)
      guest.load('nop\njmp $', { at: TARGET })
      guest.load(`at: ${far32(opcode, selector, TARGET)}\nnext:`)
      const [at, next] = [guest.label('at'), guest.label('next')]
      const stop = guest.go(4)
      if (vector !== undefined) {
        expect(stop).toMatchObject({ vector, error, ip: at })
        continue
      }
      expect([guest.reg('rip'), guest.reg('cs')]).toEqual([TARGET + 1, (CODE & ~3) | cpl])
      // The accessed bit was set (3.4.5.1).
      expect(guest.memory.read8(AT.gdt + CODE + 5)).toBe(access | 1)
      const top = cpl === 3 ? AT.userStack : AT.stack
      expect(guest.reg('rsp')).toBe(opcode === CALLF ? top - 8 : top)
      if (opcode === CALLF)
        expect([guest.read(top - 8, 4), guest.read(top - 4, 2)]).toEqual([
          next,
          cpl === 3 ? SELECTOR.userCode32 : SELECTOR.code32,
        ])
    }
  })

  it('a target beyond the limit is #GP(0), with nothing pushed (vol. 2A, CALL)', () => {
    guest.start(32).describe(CODE, 0, TARGET - 1, 0x9a, 4)
    expect(guest.run(`at: ${far32(CALLF, CODE, TARGET)}`)).toMatchObject({
      vector: 13,
      error: 0,
      ip: guest.label('at'),
    })
    expect(guest.stackTop).toBe(AT.stack - 16)
  })

  it('no room for the return address is #SS(0) (vol. 2A, CALL)', () => {
    guest.start(32).describe(STACK, 0, 0xffff, 0x92, 4).describe(CODE, 0, 0xfffff, 0x9a)
    guest.load(`mov ax, ${STACK}\nmov ss, ax\nmov esp, 4\nat: ${far32(CALLF, CODE, TARGET)}`)
    // The frame of #SS does not fit either, nor that of #DF.
    expect(guest.go().reason).toBe('shutdown')
    expect([guest.reg('rip'), guest.reg('rsp')]).toEqual([guest.label('at'), 4])
  })

  it('to 16-bit code and back, by operand size (vol. 2A, CALL; vol. 2B, RET)', () => {
    guest.start(32).describe(CODE, TARGET, 0xffff, 0x9a, 0)
    guest.load('inc bx\nmov cx, sp\ndb 0x66\nretf', { at: TARGET, bits: 16 })
    guest.load(`${far32(CALLF, CODE, 0)}\nhlt`)
    expect(guest.go()).toEqual({ reason: 'halted' })
    expect([guest.reg('rbx'), guest.reg('cs'), guest.reg('rsp')]).toEqual([1, SELECTOR.code32, AT.stack])
    // With an operand size of 16 bits: IP and CS are words.
    guest.start(32).describe(CODE, TARGET, 0xffff, 0x9a, 0)
    guest.describe(GATE, AT.code, 0xffff, 0x9a, 4)
    guest.load('retf', { at: TARGET, bits: 16 })
    guest.load(`${far32(JMP, GATE, 7)}\ndb 0x66\n${far16(CALLF, CODE, 0)}\nhlt`)
    expect(guest.go()).toEqual({ reason: 'halted' })
    expect([guest.reg('cs'), guest.reg('rip'), guest.reg('rsp')]).toEqual([GATE, 14, AT.stack])
  })

  it('through memory: m16:32, m16:16, and in 64-bit mode m16:64 (vol. 2A, JMP)', () => {
    guest.start(32)
    guest.load(`db 0xff, 0x2d\ndd place\nplace: dd there\ndw 8\nthere: mov ebx, 5\nhlt`)
    expect(guest.go()).toEqual({ reason: 'halted' })
    expect(guest.reg('rbx')).toBe(5)
    guest.start(64)
    guest.load(`mov rax, place\ndb 0x48, 0xff, 0x28\nplace: dq there\ndw 0x18\nthere: mov ebx, 6\nhlt`)
    expect(guest.go()).toEqual({ reason: 'halted' })
    expect(guest.reg('rbx')).toBe(6)
  })

  it('real mode: CS is a paragraph, and CALL pushes words (vol. 3B, 22.1.3)', () => {
    guest.start(16)
    guest.load('mov bp, sp\nmov bx, [bp]\nmov dx, [bp + 2]\nretf 4', { at: 0x48010, bits: 16 })
    guest.load(`push 1\npush 2\n${far16(CALLF, 0x4801, 0)}\nnext: hlt`)
    expect(guest.go()).toEqual({ reason: 'halted' })
    expect([guest.reg('rbx'), guest.reg('rdx') & 0xffff, guest.reg('rsp'), guest.reg('cs')]).toEqual([
      guest.label('next') - AT.code,
      AT.code >> 4,
      0x8000,
      AT.code >> 4,
    ])
  })
})

describe.each(ENGINES)('RETF (Intel SDM vol. 3A, 6.8.6; vol. 2B, RET), engine %s', (engine) => {
  const guest = new Guest(engine)
  const outward = `push ${SELECTOR.userData}\npush ${AT.userStack}\npush ${SELECTOR.userCode32}\npush user`

  it('to an outer level: SS:ESP come from the stack, data segments that it may not use become null', () => {
    guest.start(32)
    guest.load(`mov ax, ${SELECTOR.userData}\nmov es, ax\n${outward}\nretf\nuser: int 0x80`)
    expect(guest.go()).toMatchObject({ vector: 0x80, cs: SELECTOR.userCode32, sp: AT.userStack, ss: SELECTOR.userData })
    expect([guest.reg('ds'), guest.reg('fs'), guest.reg('es')]).toEqual([0, 0, SELECTOR.userData])
    expect(guest.state.lo(FIELD.segAccess, 3) & 0x10000).not.toBe(0)
  })

  it('releases parameters on both stacks', () => {
    guest.start(32)
    guest.load(
      `push ${SELECTOR.userData}\npush ${AT.userStack - 64}\npush 1\npush 2\npush ${SELECTOR.userCode32}\npush user\nretf 8\nuser: int 0x80`,
    )
    expect(guest.go()).toMatchObject({ vector: 0x80, sp: AT.userStack - 56 })
  })

  // biome-ignore format: a table
  it.each([
    ['a null CS', `push 0\npush user`, 13, 0],
    ['a CS beyond the GDT', `push 0xff8\npush user`, 13, 0xff8],
    ['a data segment', `push ${SELECTOR.data}\npush user`, 13, SELECTOR.data],
    ['an RPL below the DPL', `push ${SELECTOR.userCode32 & ~3}\npush user`, 13, SELECTOR.userCode32 & ~3],
    ['a CS that is not present', `push ${CODE}\npush user`, 11, CODE],
    ['an outer stack of another RPL', `push ${SELECTOR.userData & ~3}\npush 0\npush ${SELECTOR.userCode32}\npush user`, 13, SELECTOR.userData & ~3],
    ['a null outer stack', `push 0\npush 0\npush ${SELECTOR.userCode32}\npush user`, 13, 0],
    ['an outer stack that is not present', `push ${STACK | 3}\npush 0\npush ${SELECTOR.userCode32}\npush user`, 12, STACK],
    ['an outer stack that is read-only', `push ${(STACK + 8) | 3}\npush 0\npush ${SELECTOR.userCode32}\npush user`, 13, STACK + 8],
    ['an offset beyond the limit', `push ${(STACK + 16)}\npush user`, 13, 0],
  ] as const)('%s: vector %#, and nothing changes', (_, pushes, vector, error) => {
    guest.start(32).describe(CODE, 0, 0xfffff, 0x1a).describe(STACK, 0, 0xfffff, 0x72)
    guest.describe(STACK + 8, 0, 0xfffff, 0xf0).describe(STACK + 16, 0, 0xff, 0x9a, 4)
    guest.load(`${pushes}\nmov ebx, esp\nat: retf\nuser: int 0x80`)
    expect(guest.go()).toMatchObject({ vector, error, ip: guest.label('at') })
    expect(guest.stackTop).toBe(guest.reg('rbx') - 16)
  })

  it('may not go inward', () => {
    guest.start(32, 3)
    expect(guest.run(`push ${SELECTOR.code32}\npush 0\nat: retf`)).toMatchObject({
      vector: 13,
      error: SELECTOR.code32,
      ip: guest.label('at'),
    })
  })

  it('64-bit: to user code of 64 and of 32 bits', () => {
    for (const [selector, bits] of [
      [SELECTOR.userCode64, 64],
      [SELECTOR.userCode32, 32],
    ] as const) {
      guest.start(64)
      guest.load(
        `push 0x2b\nmov eax, ${AT.userStack}\npush rax\npush ${selector}\nlea rax, [rel user]\npush rax\ndb 0x48\nretf\nbits ${bits}\nuser: mov eax, 7\nint 0x80`,
      )
      expect(guest.go()).toMatchObject({ vector: 0x80, cs: selector, sp: AT.userStack, ss: SELECTOR.userData })
      expect(guest.reg('rax')).toBe(7)
    }
  })

  it('64-bit: an address that is not canonical is #GP(0)', () => {
    guest.start(64)
    expect(guest.run(`push 0x18\nmov rax, 0x800000000000\npush rax\nat: db 0x48\nretf`)).toMatchObject({
      vector: 13,
      error: 0,
      ip: guest.label('at'),
    })
  })
})

describe.each(ENGINES)('call gates (Intel SDM vol. 3A, 6.8.3 to 6.8.5), engine %s', (engine) => {
  const guest = new Guest(engine)
  beforeEach(() => void guest.start(32, 3))
  const stack = (count: number, bytes: 2 | 4 | 8) =>
    Array.from({ length: count }, (_, n) => guest.read(guest.stackTop + n * bytes, bytes))

  it('32-bit, to level 0: a new stack, parameters copied, and RETF releases them on both', () => {
    putGate(guest, { count: 2 })
    guest.load('mov ebx, [esp + 8]\nmov ecx, [esp + 12]\nmov edx, [esp + 16]\nmov esi, esp\nmov edi, cs\nretf 8', {
      at: TARGET,
    })
    guest.load(`push 0x11\npush 0x22\n${far32(CALLF, GATE | 3, 0)}\nint 0x80`)
    expect(guest.go()).toMatchObject({ vector: 0x80, sp: AT.userStack, ss: SELECTOR.userData, cs: SELECTOR.userCode32 })
    expect(['rbx', 'rcx', 'rdx', 'rsi', 'rdi'].map((name) => guest.reg(name as 'rbx'))).toEqual([
      0x22,
      0x11,
      AT.userStack - 8,
      AT.stack - 24,
      SELECTOR.code32,
    ])
  })

  it('the frame: SS, ESP, parameters, CS, EIP', () => {
    putGate(guest, { count: 1 })
    guest.load('hlt', { at: TARGET })
    guest.load(`push 0x77\n${far32(CALLF, GATE | 3, 0)}\nnext:`)
    guest.go()
    expect(stack(5, 4)).toEqual([guest.label('next'), SELECTOR.userCode32, 0x77, AT.userStack - 4, SELECTOR.userData])
  })

  it('16-bit: words, and IP of 16 bits', () => {
    guest.describe(CODE, TARGET, 0xffff, 0x9a, 4)
    putGate(guest, { type: CALL16, selector: CODE, offset: 0x10, count: 3 })
    guest.load('hlt', { at: TARGET + 0x10 })
    guest.load(`db 0x66, 0x6a, 0x33\ndb 0x66, 0x6a, 0x22\ndb 0x66, 0x6a, 0x11\n${far32(CALLF, GATE | 3, 0)}\nnext:`)
    guest.go()
    expect(stack(7, 2)).toEqual([
      guest.label('next') & 0xffff,
      SELECTOR.userCode32,
      0x11,
      0x22,
      0x33,
      (AT.userStack - 6) & 0xffff,
      SELECTOR.userData,
    ])
  })

  it('31 parameters', () => {
    putGate(guest, { count: 31 })
    guest.load('hlt', { at: TARGET })
    guest.load(`mov ecx, 31\nmore: push ecx\nloop more\n${far32(CALLF, GATE | 3, 0)}`)
    guest.go()
    expect(stack(33, 4).slice(2)).toEqual(Array.from({ length: 31 }, (_, n) => n + 1))
  })

  it('the same level: no parameters are copied', () => {
    putGate(guest, { selector: SELECTOR.userCode32, count: 4 })
    guest.load('int 0x80', { at: TARGET })
    expect(guest.run(far32(CALLF, GATE | 3, 0))).toMatchObject({ vector: 0x80, sp: AT.userStack - 8 })
  })

  it('JMP goes to the same level, or to a conforming segment', () => {
    putGate(guest, { selector: SELECTOR.userCode32 })
    guest.load('int 0x80', { at: TARGET })
    expect(guest.run(far32(JMP, GATE | 3, 0))).toMatchObject({ vector: 0x80, sp: AT.userStack })
    guest.start(32, 3).describe(CODE, 0, 0xfffff, 0x9e)
    putGate(guest, { selector: CODE })
    guest.load('int 0x80', { at: TARGET })
    expect(guest.run(far32(JMP, GATE | 3, 0))).toMatchObject({ vector: 0x80, cs: CODE | 3 })
  })

  it('CALL through a gate to a conforming segment keeps the level (6.8.2)', () => {
    guest.describe(CODE, 0, 0xfffff, 0x9e)
    putGate(guest, { selector: CODE, count: 2 })
    guest.load('int 0x80', { at: TARGET })
    expect(guest.run(far32(CALLF, GATE | 3, 0))).toMatchObject({ vector: 0x80, cs: CODE | 3, sp: AT.userStack - 8 })
  })

  // biome-ignore format: a table
  it.each<[string, number, Gate, number, number, number, (() => void)?]>([
    ['DPL below CPL', CALLF, { dpl: 2 }, GATE | 3, 13, GATE],
    ['a gate that is not present', CALLF, { present: false }, GATE | 3, 11, GATE],
    ['a null selector in the gate', CALLF, { selector: 0 }, GATE | 3, 13, 0],
    ['a selector beyond the GDT in the gate', CALLF, { selector: 0xff8 }, GATE | 3, 13, 0xff8],
    ['a data segment', CALLF, { selector: SELECTOR.data }, GATE | 3, 13, SELECTOR.data],
    ['a segment that is not present', CALLF, { selector: CODE }, GATE | 3, 11, CODE, () => guest.describe(CODE, 0, 0xfffff, 0x1a)],
    ['JMP inward', JMP, {}, GATE | 3, 13, SELECTOR.code32],
    ['a target beyond the limit', CALLF, { selector: CODE }, GATE | 3, 13, 0, () => guest.describe(CODE, 0, TARGET - 1, 0x9a, 4)],
  ])('%s: vector %#', (_, opcode, gate, selector, vector, error, prepare) => {
    putGate(guest, gate)
    prepare?.()
    expect(guest.run(`at: ${far32(opcode, selector, 0)}`)).toMatchObject({ vector, error, ip: guest.label('at'), sp: AT.userStack })
  })

  it('RPL above the DPL of the gate', () => {
    guest.start(32)
    putGate(guest, { dpl: 0 })
    expect(guest.run(`at: ${far32(CALLF, GATE | 1, 0)}`)).toMatchObject({
      vector: 13,
      error: GATE,
      ip: guest.label('at'),
    })
  })

  // The handlers of these faults need a stack themselves: they run in a conforming segment, on the user's.
  // biome-ignore format: a table
  it.each<[string, number, number, () => void]>([
    ['a null SS0', 10, 0, () => guest.memory.write16(AT.tss + 8, 0)],
    ['SS0 of the wrong DPL', 10, SELECTOR.userData & ~3, () => guest.memory.write16(AT.tss + 8, SELECTOR.userData & ~3)],
    ['SS0 that is not present', 12, STACK, () => { guest.describe(STACK, 0, 0xfffff, 0x12); guest.memory.write16(AT.tss + 8, STACK) }],
    ['no room at ESP0 for frame and parameters', 12, STACK, () => { guest.describe(STACK, 0, AT.stack - 21, 0x96, 4); guest.memory.write16(AT.tss + 8, STACK) }],
    ['a TSS without SS0', 10, SELECTOR.tss, () => guest.state.setLo(FIELD.segLimit, 8, 7)],
  ])('%s: vector %i', (_, vector, error, prepare) => {
    putGate(guest, { count: 2 })
    guest.describe(CODE, 0, 0xfffff, 0x9e)
    guest.machine.gate(vector, 0x47000, { selector: CODE })
    prepare()
    guest.cpu.stateWritten()
    guest.load('jmp $', { at: 0x47000 })
    guest.load(`push 1\npush 2\nat: ${far32(CALLF, GATE | 3, 0)}`)
    guest.go(4)
    expect([guest.reg('rip'), ...stack(3, 4)]).toEqual([0x47000, error, guest.label('at'), SELECTOR.userCode32])
  })

  it('64-bit: 16 bytes, RSP0, a null SS, slots of 8 bytes (6.8.3.1)', () => {
    guest.start(64, 3)
    putGate(guest, { selector: SELECTOR.code64 })
    guest.load('mov rbx, [rsp + 24]\nmov rcx, [rsp + 16]\nmov edx, ss\ndb 0x48\nretf', { at: TARGET })
    guest.load(`mov rax, place\ndb 0xff, 0x18\nint 0x80\nplace: dd 0\ndw ${GATE | 3}`)
    expect(guest.go()).toMatchObject({ vector: 0x80, sp: AT.userStack, ss: SELECTOR.userData, cs: SELECTOR.userCode64 })
    expect([guest.reg('rbx'), guest.reg('rcx'), guest.reg('rdx')]).toEqual([SELECTOR.userData, AT.userStack, 0])
  })

  it('64-bit: the same level, from 64-bit and from compatibility code: two slots of 8 bytes (6.8.3.1)', () => {
    guest.start(64)
    putGate(guest, { selector: SELECTOR.code64 })
    guest.load('hlt', { at: TARGET })
    guest.load(`mov rax, place\ndb 0xff, 0x18\nnext: place: dd 0\ndw ${GATE}`)
    expect(guest.go()).toEqual({ reason: 'halted' })
    expect([guest.reg('cs'), guest.reg('ss'), guest.reg('rsp'), ...stack(2, 8)]).toEqual([
      SELECTOR.code64,
      SELECTOR.data,
      AT.stack - 16,
      guest.label('next'),
      SELECTOR.code64,
    ])
    guest.start(64)
    putGate(guest, { selector: SELECTOR.code64 })
    guest.load('hlt', { at: TARGET })
    guest.load(
      `push 8\nlea rax, [rel narrow]\npush rax\ndb 0x48\nretf\nbits 32\nnarrow: ${far32(CALLF, GATE, 0)}\nnext:`,
    )
    expect(guest.go()).toEqual({ reason: 'halted' })
    expect([guest.reg('cs'), guest.reg('rsp'), ...stack(2, 8)]).toEqual([
      SELECTOR.code64,
      AT.stack - 16,
      guest.label('next'),
      SELECTOR.code32,
    ])
  })

  // biome-ignore format: a table
  it.each<[string, Gate, number, number, (() => void)?]>([
    ['a 16-bit gate does not exist', { type: CALL16, selector: SELECTOR.code64 }, 13, GATE],
    ['a 32-bit code segment', { selector: SELECTOR.code32 }, 13, SELECTOR.code32],
    ['a type in the upper half', { selector: SELECTOR.code64 }, 13, GATE, () => guest.memory.write32(AT.gdt + GATE + 12, 0x100)],
    ['a target that is not canonical', { selector: SELECTOR.code64 }, 13, 0, () => guest.memory.write32(AT.gdt + GATE + 8, 0x8000)],
    ['RSP0 that is not canonical', { selector: SELECTOR.code64 }, 12, 0, () => guest.machine.put64(AT.tss + 4, 1n << 47n)],
  ])('64-bit: %s (6.8.3.1)', (_, gate, vector, error, prepare) => {
    guest.start(64, 3)
    putGate(guest, gate)
    guest.machine.gate(vector, 0x44000 + vector * 16, { ist: 1 })
    prepare?.()
    guest.load(`mov rax, place\nat: db 0xff, 0x18\nint 0x80\nplace: dd 0\ndw ${GATE | 3}`)
    expect(guest.go()).toMatchObject({ vector, error, ip: guest.label('at') })
  })
})
