/**
 * What forms need besides random operands, so that they reach more than their fault: a stack, counts that are small, quotients that fit,
 * images that can be loaded. Each only in most cases: the others stay as they are drawn.
 */
import type { OperandValue } from '@ringfold/isa/encoder'
import type { FormFacts } from '@ringfold/isa/facts'
import { type Draft, RAX, RBP, RCX, RDX, RSP } from './draft.ts'
import { drawImage, drawMxcsr, IMAGE } from './image.ts'
import { FS_BASE, GS_BASE, READ_ONLY, USER_DATA, WINDOW, WINDOW_BYTES } from './layout.ts'
import { drawCodeSelector, drawSelector } from './operands.ts'
import { extended, type Random } from './random.ts'

type Before = (d: Draft, form: FormFacts) => void
type After = (d: Draft, form: FormFacts, operands: readonly OperandValue[]) => void

const word = (bits: number, value: bigint): Uint8Array => {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, BigInt.asUintN(64, value), true)
  return bytes.subarray(0, bits / 8)
}

const LOWEST_STACK = 64n

/** A place for the stack: mostly aligned and well inside the window. */
function drawStack(d: Draft): bigint {
  const kind = d.next() % 16
  if (kind < 11) return BigInt(WINDOW + 0x800 + ((d.next() % 0x3000) & ~7))
  if (kind < 13) return BigInt(WINDOW + 0x800 + (d.next() % 0x3000))
  if (kind === 13) return BigInt(WINDOW + (d.next() % 24))
  if (kind === 14) return BigInt(WINDOW + WINDOW_BYTES + (d.next() % 24))
  // A far call that pushes across address 0 of 32-bit code faults for ever on the host.
  const own = d.register(RSP)
  return own < LOWEST_STACK ? own + LOWEST_STACK : own
}

const stack = (d: Draft): void => d.setRegister(RSP, drawStack(d))
const frame: Before = (d) => {
  stack(d)
  d.setRegister(RBP, d.once(2) ? d.register(RSP) + BigInt((d.next() % 512) & ~7) : drawStack(d))
}
const counter: Before = (d) => {
  if (!d.once(3)) d.setRegister(RCX, BigInt(d.next() % 4))
}
const shiftCount: Before = (d) => {
  if (d.once(2)) d.setLow(RCX, 8, BigInt(d.once(4) ? d.next() % 256 : d.next() % 36))
}
const lengths: Before = (d) => {
  if (d.once(4)) return
  const negative = d.once(6) ? -1n : 1n
  d.setRegister(RAX, negative * BigInt(d.next() % 20))
  d.setRegister(RDX, BigInt(d.next() % 20))
}
/** Components that a host's XCR0 may have beyond x87 and SSE: AVX, MPX, AVX-512, PKRU, AMX (Intel SDM vol. 1, 13.1). */
const OTHER_COMPONENTS = 0x6_02fc
/** x87 and SSE state; never what only the host has. */
const component: Before = (d) =>
  d.setRegister(RAX, BigInt((d.once(8) ? d.next() & ~OTHER_COMPONENTS : d.next() & 3) >>> 0))

/** Dividends whose quotient may fit. */
const dividend: Before = (d, form) => {
  const bits = Number(/\d+/.exec(form.operands[0]?.type ?? '')?.[0] ?? 8)
  const kind = d.next() % 8
  if (kind > 5) return
  const low = BigInt.asIntN(bits, d.register(RAX))
  const high = kind < 2 ? 0n : kind === 2 ? BigInt(d.next() % 70) : form.mnemonic === 'idiv' && low < 0n ? -1n : 0n
  if (bits === 8) d.setLow(RAX, 16, (high << 8n) | (low & 0xffn))
  else d.setLow(RDX, bits, high)
}

const BEFORE: readonly (readonly [RegExp, Before])[] = [
  [/^(enter|leave)/, frame],
  [/^(jr?e?cxz|loop)/, counter],
  [/_cl$/, shiftCount],
  [/^pcmpestr/, lengths],
  [/^(xsave|xrstor)/, component],
  [/^i?div_rm/, dividend],
]

/** The value of a source or destination operand as it stands before the instruction. */
function operandValue(d: Draft, operand: OperandValue | undefined, bits: number): bigint | undefined {
  if (operand?.kind === 'memory') return d.memory && d.readMemory(d.memory.address, bits / 8)
  if (operand?.kind !== 'register') return undefined
  const number = operand.register & 31
  const value = number >= 20 ? d.register(number - 20) >> 8n : d.register(number)
  return BigInt.asUintN(bits, value)
}

const compareExchange: After = (d, form, operands) => {
  const bits = Number(/\d+/.exec(form.operands[0]?.type ?? '')?.[0] ?? 8)
  const value = operandValue(d, operands[0], bits)
  if (value !== undefined && d.once(2)) d.setLow(RAX, bits, value)
}

const compareExchangeWide: After = (d, form) => {
  const half = form.mnemonic === 'cmpxchg8b' ? 4 : 8
  const at = d.memory?.address
  const low = at === undefined ? undefined : d.readMemory(at, half)
  const high = at === undefined ? undefined : d.readMemory(at + BigInt(half), half)
  if (low === undefined || high === undefined || d.once(2)) return
  d.setRegister(RAX, low)
  d.setRegister(RDX, high)
}

/** BT and its kin in memory reach as far as their bit offset says. */
const bitOffset: After = (d, form, operands) => {
  const [to, from] = operands
  if (to?.kind !== 'memory' || from?.kind !== 'register') return
  const bits = Number(/\d+/.exec(form.operands[1]?.type ?? '')?.[0] ?? 16)
  if (!d.once(8)) d.setLow(from.register & 31, bits, BigInt(d.once(2) ? d.next() % 128 : (d.next() % 0x8000) - 0x4000))
}

/** Near branches through registers and memory go to INT3. */
const indirect: After = (d, form, operands) => {
  if (d.once(8)) return
  const bits = Number(/\d+/.exec(form.operands[0]?.type ?? '')?.[0] ?? 64)
  const target = BigInt(d.once(8) ? d.pick([WINDOW + 64, READ_ONLY, 0x23456]) : d.emptyCode())
  const [to] = operands
  if (to?.kind === 'memory' && d.memory) d.setMemory(d.memory.address, word(bits, target))
  else if (to?.kind === 'register' && (to.register & 31) !== RSP) d.setRegister(to.register & 31, target)
}

const returnAddress: After = (d) => {
  if (!d.once(8)) d.setMemory(d.register(RSP), word(d.bits, BigInt(d.emptyCode())))
}

const NESTED_FLAGS = 0x4000n | 0x40000n | 0x200000n
/** Flags to pop: TF would trap in the code behind. */
const poppedFlags: After = (d) => {
  const flags = BigInt(d.next()) & ~0x100n & (d.once(4) ? -1n : ~NESTED_FLAGS)
  d.setMemory(d.register(RSP), word(d.bits, flags))
}

/** Puts a selector where the instruction takes it: in operand `n`. */
const selectorIn =
  (n: number): After =>
  (d, _form, operands) => {
    const from = operands[n]
    const value = BigInt(drawSelector(d))
    if (from?.kind === 'memory' && d.memory) d.setMemory(d.memory.address, word(16, value))
    else if (from?.kind === 'register') d.setLow(from.register & 31, 16, value)
  }
const poppedSelector: After = (d) => d.setMemory(d.register(RSP), word(16, BigInt(drawSelector(d))))

/** A far pointer in memory: the offset, then the selector, which is that of code for a branch. */
const farPointer: After = (d, form) => {
  if (!d.memory) return
  const { address, bytes } = d.memory
  const isBranch = form.flow !== 'next'
  const selector = isBranch ? drawCodeSelector(d) : drawSelector(d)
  if (isBranch && !d.once(8)) d.setMemory(address, word(8 * (bytes - 2), BigInt(d.emptyCode())))
  d.setMemory(address + BigInt(bytes - 2), word(16, BigInt(selector)))
}

/** What RETF and IRET find: RIP, CS, and for IRET flags, RSP and SS; elements of the operand size. */
const farReturn: After = (d, form) => {
  const bits = form.name === 'iret' ? 16 : form.name === 'iretq' ? 64 : 32
  const flags = d.next() & ~0x100 & (d.once(3) ? -1 : ~Number(NESTED_FLAGS))
  const stack = WINDOW + (d.next() % WINDOW_BYTES)
  const elements = [d.emptyCode(), drawCodeSelector(d), flags >>> 0, stack, drawSelector(d, [USER_DATA])]
  const used = form.mnemonic === 'retf' ? elements.slice(0, 2) : elements
  used.forEach((value, n) => {
    d.setMemory(d.register(RSP) + BigInt((n * bits) / 8), word(bits, BigInt(value)))
  })
}

const decimal: After = (d) => {
  if (!d.memory || d.once(8)) return
  const bytes = Uint8Array.from({ length: 10 }, (_, n) =>
    n < 9 ? (d.next() % 10) | ((d.next() % 10) << 4) : d.next() & 0x80,
  )
  d.setMemory(d.memory.address, bytes)
}

const extendedMemory: After = (d) => {
  if (!d.memory) return
  const { significand, signExponent } = extended(d.next)
  d.setMemory(d.memory.address, Uint8Array.of(...word(64, significand), signExponent & 255, signExponent >> 8))
}

const controlWord: After = (d) => {
  if (!d.memory || d.once(8)) return
  const value = 0x40 | (d.once(2) ? 0x3f : d.next() & 0x3f) | (d.pick([0, 2, 3]) << 8) | ((d.next() & 3) << 10)
  d.setMemory(d.memory.address, word(16, BigInt(value)))
}

const mxcsr: After = (d) => {
  if (!d.memory || d.once(6)) return
  d.setMemory(d.memory.address, word(32, BigInt(drawMxcsr(d.next))))
}

/** The environment of FLDENV and FRSTOR, 16- or 32-bit format (SDM vol. 1, figures 8-9 to 8-12). */
function x87Environment(from: DataView, next: Random, wide: boolean): Uint8Array {
  const step = wide ? 4 : 2
  const out = new Uint8Array(7 * step)
  const view = new DataView(out.buffer)
  const full = next() & 0xffff
  const parts = [
    from.getUint16(IMAGE.fcw, true),
    from.getUint16(IMAGE.fsw, true),
    full,
    next(),
    next() & 0xffff,
    next(),
    next() & 0xffff,
  ]
  parts.forEach((p, n) => {
    if (wide) view.setUint32(n * 4, p, true)
    else view.setUint16(n * 2, p & 0xffff, true)
  })
  return out
}

const environment: After = (d, form) => {
  if (!d.memory) return
  const drawn = new DataView(drawImage(d.next(), d.bits).buffer)
  const wide = d.memory.bytes === 28 || d.memory.bytes === 108
  const head = x87Environment(drawn, d.next, wide)
  d.setMemory(d.memory.address, head)
  if (form.mnemonic !== 'frstor') return
  for (let n = 0; n < 8; n++) {
    const at = IMAGE.st + 16 * n
    d.setMemory(d.memory.address + BigInt(head.length + 10 * n), new Uint8Array(drawn.buffer, at, 10))
  }
}

/** An image for FXRSTOR or XRSTOR: that of another state; 16 or 64 bytes aligned, mostly. */
const savedImage: After = (d, form) => {
  if (!d.memory) return
  const image = drawImage(d.next(), d.bits).slice(IMAGE.fcw, IMAGE.fcw + 416)
  d.setMemory(d.memory.address, image)
  if (form.mnemonic.startsWith('fx')) return
  const header = new Uint8Array(64)
  header[0] = d.next() & 3
  if (d.once(8)) header[d.next() % 64] = 1 << (d.next() % 8)
  d.setMemory(d.memory.address + 512n, header)
}

const bounds: After = (d, form) => {
  const bytes = form.name.startsWith('bound_r16') ? 2 : 4
  if (!d.memory || d.once(4)) return
  d.setMemory(d.memory.address, word(bytes * 8, BigInt(-(d.next() % 1000))))
  d.setMemory(d.memory.address + BigInt(bytes), word(bytes * 8, BigInt(d.next())))
}

const segmentBase: After = (d, _form, [operand]) => {
  if (operand?.kind !== 'register' || d.once(4)) return
  d.setRegister(operand.register & 31, BigInt(d.pick([FS_BASE, GS_BASE, 0x7fffffffffff, 0x12345678])))
}

const repeated: After = (d) => d.setRegister(RCX, BigInt(d.once(10) ? 0x10000 : d.next() % 24))

const AFTER: readonly (readonly [RegExp, After])[] = [
  [/^cmpxchg_/, compareExchange],
  [/^cmpxchg(8|16)b/, compareExchangeWide],
  [/^bt[rsc]?_rm\d+_r/, bitOffset],
  [/^(jmp|call)_rm/, indirect],
  [/^ret(_|$)/, returnAddress],
  [/^popf/, poppedFlags],
  [/^mov_sreg|^(lar|lsl)_/, selectorIn(1)],
  [/^(verr|verw)_/, selectorIn(0)],
  [/^(jmp|call)_m16|^l[defgs]s_/, farPointer],
  [/^retf|^iret/, farReturn],
  [/^pop_[defgs]s/, poppedSelector],
  [/^fbld/, decimal],
  [/^fld_m80fp/, extendedMemory],
  [/^fldcw/, controlWord],
  [/^ldmxcsr/, mxcsr],
  [/^(fldenv|frstor)/, environment],
  [/^(fxrstor|xrstor)/, savedImage],
  [/^bound/, bounds],
  [/^wr[fg]sbase/, segmentBase],
  [/_[xy]\d+(_|$)/, repeated],
]

const usesStack = (form: FormFacts): boolean => form.implicit.some((i) => i.name === 'rSP')

export function prepareState(d: Draft, form: FormFacts): void {
  if (usesStack(form)) stack(d)
  for (const [names, prepare] of BEFORE) if (names.test(form.name)) prepare(d, form)
}

export function prepareOperands(d: Draft, form: FormFacts, operands: readonly OperandValue[]): void {
  for (const [names, prepare] of AFTER) if (names.test(form.name)) prepare(d, form, operands)
}

/** Immediates that a form wants from a range. */
export function adjustImmediates(d: Draft, form: FormFacts, operands: OperandValue[]): void {
  const set = (n: number, value: number): void => {
    operands[n] = { kind: 'immediate', value: BigInt(value) }
  }
  // INT 3, 4 and 80H can be called from user code: they go to the kernel.
  if (form.name === 'int_imm8') set(0, d.pick([0, 1, 2, 5, 8, 13, 14, 32, 63, 200, 255]))
  if (form.mnemonic === 'enter') {
    if (!d.once(8)) set(0, d.next() % 0x300)
    if (!d.once(8)) set(1, d.once(2) ? 0 : d.next() % 6)
  }
  if ((form.mnemonic === 'aam' || form.mnemonic === 'aad') && d.once(3)) set(0, d.pick([0, 10, 10, 1]))
  if (/^(retf?)$/.test(form.mnemonic) && operands.length > 0 && d.once(2)) set(0, d.next() % 64)
}

/** Memory that must be aligned to more than its operand says: mostly so. */
export function alignedAddress(d: Draft, form: FormFacts, bytes: number): bigint | undefined {
  if (/^(xsave|xrstor)/.test(form.name) && !d.once(8)) return BigInt(WINDOW + 64 * (d.next() % 0xe0))
  if (/^(fxsave|fxrstor)/.test(form.name) && !d.once(8)) return BigInt(WINDOW + 16 * (d.next() % 0x380))
  return bytes > 16 && !d.once(6) ? BigInt(WINDOW + (d.next() % (WINDOW_BYTES - 1024))) : undefined
}
