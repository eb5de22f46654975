import { type CpuState, FIELD, MXCSR, readFpuStatus, writeFpuStatus } from '@ringfold/arch'
import { type DebugRegister, loOf } from './register.ts'

const TAG = { VALID: 0, ZERO: 1, SPECIAL: 2, EMPTY: 3 } as const
const INTEGER_BIT = 1n << 63n

/** The physical register that is ST(i). */
function physical(state: CpuState, i: number): number {
  return (state.lo(FIELD.fpuTop) + i) & 7
}

/** The full tag of a physical register, which FNSAVE computes from its contents. Intel SDM vol. 1, 8.1.7. */
function tagOf(state: CpuState, register: number): number {
  if (((state.lo(FIELD.fpuTag) >>> register) & 1) === 0) return TAG.EMPTY
  const value = state.readBig(FIELD.fpr, register)
  const exponent = Number((value >> 64n) & 0x7fffn)
  const significand = BigInt.asUintN(64, value)
  if (exponent === 0) return significand === 0n ? TAG.ZERO : TAG.SPECIAL
  return exponent !== 0x7fff && (significand & INTEGER_BIT) !== 0n ? TAG.VALID : TAG.SPECIAL
}

function tagWord(state: CpuState): number {
  let word = 0
  for (let n = 0; n < 8; n++) word |= tagOf(state, n) << (2 * n)
  return word
}

function setTagWord(state: CpuState, word: number): void {
  let full = 0
  for (let n = 0; n < 8; n++) if (((word >>> (2 * n)) & 3) !== TAG.EMPTY) full |= 1 << n
  state.setLo(FIELD.fpuTag, full)
}

function stackRegister(i: number): DebugRegister {
  return {
    name: `st${i}`,
    bits: 80,
    type: 'i387_ext',
    feature: 'core',
    read: ({ state }) => state.readBig(FIELD.fpr, physical(state, i)),
    write: ({ state }, value) => {
      state.writeBig(FIELD.fpr, value, physical(state, i))
      return true
    },
  }
}

type Word = readonly [name: string, read: (state: CpuState) => number, write: (state: CpuState, value: number) => void]

/** Control registers of the x87, by the names that gdb gives them, each of 32 bits there. */
const WORDS: readonly Word[] = [
  ['fctrl', (s) => s.read('fpuControl'), (s, v) => s.setLo(FIELD.fpuControl, (v & 0x1f3f) | 0x40)],
  ['fstat', readFpuStatus, writeFpuStatus],
  ['ftag', tagWord, setTagWord],
  ['fiseg', (s) => s.read('fcs'), (s, v) => s.setLo(FIELD.fcs, v & 0xffff)],
  ['fioff', (s) => s.lo(FIELD.fip), (s, v) => s.set(FIELD.fip, v, 0)],
  ['foseg', (s) => s.read('fds'), (s, v) => s.setLo(FIELD.fds, v & 0xffff)],
  ['fooff', (s) => s.lo(FIELD.fdp), (s, v) => s.set(FIELD.fdp, v, 0)],
  ['fop', (s) => s.read('fpuOpcode'), (s, v) => s.setLo(FIELD.fpuOpcode, v & 0x7ff)],
]

/** ST(0) to ST(7), and the x87's control registers. */
export function x87Registers(): DebugRegister[] {
  const stack = [0, 1, 2, 3, 4, 5, 6, 7].map(stackRegister)
  const words = WORDS.map(
    ([name, read, write]): DebugRegister => ({
      name,
      bits: 32,
      type: 'int',
      feature: 'core',
      read: ({ state }) => BigInt(read(state)),
      write: ({ state }, value) => {
        write(state, loOf(value))
        return true
      },
    }),
  )
  return [...stack, ...words]
}

/** XMM registers and MXCSR. */
export function sseRegisters(count: 8 | 16): DebugRegister[] {
  const registers: DebugRegister[] = []
  for (let n = 0; n < count; n++)
    registers.push({
      name: `xmm${n}`,
      bits: 128,
      type: 'vec128',
      feature: 'sse',
      read: ({ state }) => state.readBig(FIELD.xmm, n),
      write: ({ state }, value) => {
        state.writeBig(FIELD.xmm, value, n)
        return true
      },
    })
  return [...registers, MXCSR_REGISTER]
}

const MXCSR_REGISTER: DebugRegister = {
  name: 'mxcsr',
  bits: 32,
  type: 'mxcsr',
  feature: 'sse',
  read: ({ state }) => BigInt(state.read('mxcsr')),
  write: ({ state }, value) => {
    // What LDMXCSR answers with #GP (Intel SDM vol. 1, 10.2.3).
    if ((loOf(value) & MXCSR.reservedLo) !== 0) return false
    state.setLo(FIELD.mxcsr, loOf(value))
    return true
  },
}
