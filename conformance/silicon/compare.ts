/** Holds an outcome against silicon's. */
import { elementName, FIELD } from '@ringfold/arch'
import { approximations, isCloseEnough } from './approximate.ts'
import { REACHED_END, type SiliconCase, type SiliconOutcome } from './case.ts'
import { IMAGE } from './image.ts'
import { USER_CODE_64, WINDOW_BYTES } from './layout.ts'
import { undefinedFlags } from './undefined-flags.ts'

export interface Difference {
  /** `rax`, `rflags`, `st0`, `xmm3`, `fsw`, `trap`, `memory+1f0` ... */
  readonly field: string
  readonly expected: string
  readonly got: string
}

export interface Comparison {
  readonly differences: readonly Difference[]
  /** Status flags and condition codes that the manuals leave undefined: how many, and how many of them are as on silicon. */
  readonly undefinedBits: number
  readonly undefinedEqual: number
  /** Of RFLAGS: which are undefined, and which of them differ. */
  readonly undefinedMask: number
  readonly undefinedDiffering: number
  /** Results that the manuals call approximate, and that are within their tolerance without being equal. */
  readonly approximate: number
}

/** CF PF AF ZF SF DF OF, TF, NT, AC, ID: RF is the debugger's, IF and IOPL are the kernel's. */
const COMPARED_FLAGS = 0x244dd5
const STATUS = 0x8d5
const CONDITIONS = [8, 9, 10, 14]
const ES = 0x80

const hex = (v: bigint | number): string => v.toString(16)

/** Undefined condition codes in the places of the status word. */
const conditionMask = (flags: number): number =>
  CONDITIONS.reduce((mask, bit, n) => mask | (((flags >>> (24 + n)) & 1) << bit), 0)

const countBits = (v: number): number => {
  let n = 0
  for (let rest = v; rest !== 0; rest &= rest - 1) n++
  return n
}

class Comparer {
  readonly differences: Difference[] = []
  undefinedBits = 0
  undefinedEqual = 0
  undefinedMask = 0
  undefinedDiffering = 0
  readonly #e: DataView
  readonly #g: DataView

  constructor(expected: SiliconOutcome, got: SiliconOutcome) {
    this.#e = new DataView(expected.image.buffer, expected.image.byteOffset)
    this.#g = new DataView(got.image.buffer, got.image.byteOffset)
  }

  get endsIn64Bit(): boolean {
    return this.#e.getUint16(IMAGE.cs, true) === USER_CODE_64
  }

  note(field: string, expected: string, got: string): void {
    if (expected !== got) this.differences.push({ field, expected, got })
  }

  word64(field: string, at: number): void {
    const [e, g] = [this.#e.getBigUint64(at, true), this.#g.getBigUint64(at, true)]
    if (e !== g) this.note(field, hex(e), hex(g))
  }

  word16(field: string, at: number, mask = 0xffff): void {
    const [e, g] = [this.#e.getUint16(at, true), this.#g.getUint16(at, true)]
    if (((e ^ g) & mask) !== 0) this.note(field, hex(e), hex(g))
  }

  /** The IRET of the host's kernel leaves no RPL in a null selector (SDM vol. 2A, IRET, "RETURN-TO-OUTER-PRIVILEGE-LEVEL"). */
  selector(field: string, at: number): void {
    const [e, g] = [this.#e.getUint16(at, true), this.#g.getUint16(at, true)]
    if (e !== g && (e > 3 || g > 3)) this.note(field, hex(e), hex(g))
  }

  word32(field: string, at: number, mask: number): void {
    const [e, g] = [this.#e.getUint32(at, true), this.#g.getUint32(at, true)]
    if (((e ^ g) & mask) !== 0) this.note(field, hex(e), hex(g))
  }

  /** @returns those that differ */
  countUndefined(at: number, mask: number): number {
    const differing = (this.#e.getUint32(at, true) ^ this.#g.getUint32(at, true)) & mask
    this.undefinedBits += countBits(mask)
    this.undefinedEqual += countBits(mask) - countBits(differing)
    return differing
  }

  register(field: string, at: number, bytes: number): void {
    const top = bytes === 16 ? this.#e.getBigUint64(at + 8, true) : BigInt(this.#e.getUint16(at + 8, true))
    const gotTop = bytes === 16 ? this.#g.getBigUint64(at + 8, true) : BigInt(this.#g.getUint16(at + 8, true))
    const [e, g] = [(top << 64n) | this.#e.getBigUint64(at, true), (gotTop << 64n) | this.#g.getBigUint64(at, true)]
    if (e !== g) this.note(field, hex(e), hex(g))
  }
}

function compareRegisters(c: Comparer, bits: 32 | 64): void {
  // Upper halves, and R8 to R15, are undefined once 64-bit mode is left (SDM vol. 1, 3.4.1.1).
  const wide = bits === 64 && c.endsIn64Bit
  for (let n = 0; n < FIELD.gpr.count; n++) {
    const name = elementName('gpr', n)
    if (wide) c.word64(name, IMAGE.gpr + 8 * n)
    else if (n < 8) c.word32(name, IMAGE.gpr + 8 * n, -1)
  }
  c.word64('rip', IMAGE.rip)
  for (const name of ['cs', 'ss'] as const) c.word16(name, IMAGE[name])
  for (const name of ['ds', 'es', 'fs', 'gs'] as const) c.selector(name, IMAGE[name])
  if (bits === 64) for (const name of ['fsBase', 'gsBase'] as const) c.word64(name, IMAGE[name])
  for (let n = 0; n < (bits === 64 ? 16 : 8); n++) c.register(`xmm${n}`, IMAGE.xmm + 16 * n, 16)
  c.word32('mxcsr', IMAGE.mxcsr, 0xffff)
}

function compareX87(c: Comparer, expected: SiliconOutcome, conditions: number): void {
  c.word16('fcw', IMAGE.fcw)
  c.word16('fsw', IMAGE.fsw, 0xffff & ~conditions)
  c.word16('ftw', IMAGE.ftw, 0xff)
  for (let n = 0; n < 8; n++) c.register(`st${n}`, IMAGE.st + 16 * n, 10)
  // Without a pending unmasked exception AMD's processors neither save nor restore them (APM vol. 2, 11.5.9; vol. 5, FXSAVE).
  const view = new DataView(expected.image.buffer, expected.image.byteOffset)
  if ((view.getUint16(IMAGE.fsw, true) & ES) === 0) return
  c.word16('fop', IMAGE.fop)
  c.word64('fip', IMAGE.fip)
  c.word64('fdp', IMAGE.fdp)
}

/** Where Linux ends user space: a page below the canonical half (TASK_SIZE_MAX). */
const USER_END = 0x7fff_ffff_f000n

/** Kernel addresses in a page fault: Linux makes them all look present (arch/x86/mm/fault.c, "set_signal_archinfo"). */
const errorMask = (expected: SiliconOutcome): number =>
  expected.trap === 14 && expected.address >= USER_END ? 0xfffe : 0xffff

function compareMemory(c: Comparer, expected: SiliconOutcome, got: SiliconOutcome): void {
  let first = -1
  let last = -1
  for (let at = 0; at < WINDOW_BYTES; at++) {
    if (expected.window[at] === got.window[at]) continue
    if (first < 0) first = at
    last = at
  }
  if (first < 0) return
  const text = (window: Uint8Array): string =>
    Buffer.from(window.subarray(first, Math.min(last + 1, first + 32))).toString('hex')
  c.note(`memory+${hex(first)}`, text(expected.window), text(got.window))
}

/** Everything that is defined, and counts of what is not. */
export function compareOutcomes(input: SiliconCase, expected: SiliconOutcome, got: SiliconOutcome): Comparison {
  const c = new Comparer(expected, got)
  const undefinedMask = undefinedFlags(input, expected.trap)
  c.note('trap', String(expected.trap), String(got.trap))
  if (expected.trap === got.trap) {
    const mask = errorMask(expected)
    c.note('errorCode', hex(expected.errorCode & mask), hex(got.errorCode & mask))
    c.note('cr2', hex(expected.address), hex(got.address))
  }
  compareRegisters(c, input.bits)
  c.word32('rflags', IMAGE.rflags, COMPARED_FLAGS & ~(undefinedMask & STATUS))
  const conditions = conditionMask(undefinedMask)
  compareX87(c, expected, conditions)
  compareMemory(c, expected, got)
  if (expected.trap === REACHED_END) {
    c.undefinedMask = undefinedMask & STATUS
    c.undefinedDiffering = c.countUndefined(IMAGE.rflags, c.undefinedMask)
    c.countUndefined(IMAGE.fsw, conditions)
  }
  return settleApproximate(input, c)
}

function settleApproximate(input: SiliconCase, c: Comparer): Comparison {
  const rows = approximations(input)
  const differences = c.differences.filter((d) => !rows.some((row) => isCloseEnough(row, d)))
  const { undefinedBits, undefinedEqual, undefinedMask, undefinedDiffering } = c
  const approximate = c.differences.length - differences.length
  return { differences, approximate, undefinedBits, undefinedEqual, undefinedMask, undefinedDiffering }
}
