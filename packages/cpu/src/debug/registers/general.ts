import { CR4, FIELD, readRflags, SEGMENT, writeRflags } from '@ringfold/arch'
import { is64Bit, isCanonical } from '@ringfold/rings'
import { type DebugRegister, fieldRegister, hiOf, loOf, type RegisterAccess } from './register.ts'
import { loadSelector } from './selectors.ts'

const ORDER_64 = ['rax', 'rbx', 'rcx', 'rdx', 'rsi', 'rdi', 'rbp', 'rsp'] as const
const ORDER_32 = ['eax', 'ecx', 'edx', 'ebx', 'esp', 'ebp', 'esi', 'edi'] as const
const POINTERS = new Set<string>(['rbp', 'rsp', 'ebp', 'esp'])
const SEGMENTS = [
  ['cs', SEGMENT.CS],
  ['ss', SEGMENT.SS],
  ['ds', SEGMENT.DS],
  ['es', SEGMENT.ES],
  ['fs', SEGMENT.FS],
  ['gs', SEGMENT.GS],
] as const

/**
 * The linear address of the next instruction: CS.base + EIP, modulo 4 GiB; in 64-bit mode RIP (Intel SDM vol. 3A, 3.4.4).
 * Debuggers know one flat address space, so breakpoints and disassembly work in real mode only by this address.
 */
export function programCounter({ state }: Pick<RegisterAccess, 'state'>): bigint {
  const rip = state.readBig(FIELD.rip)
  return is64Bit(state) ? rip : BigInt.asUintN(32, rip + state.readBig(FIELD.csBase))
}

const core = { feature: 'core' } as const

function instructionPointer(name: string, bits: 32 | 64): DebugRegister {
  return {
    ...core,
    name,
    bits,
    type: 'code_ptr',
    read: (access) => BigInt.asUintN(bits, access.linearPc ? programCounter(access) : access.state.readBig(FIELD.rip)),
    write: ({ state, linearPc }, value) => {
      if (is64Bit(state)) {
        if (!isCanonical(state, hiOf(value))) return false
        state.set(FIELD.rip, loOf(value), hiOf(value))
      } else state.set(FIELD.rip, (loOf(value) - (linearPc ? state.lo(FIELD.csBase) : 0)) >>> 0, 0)
      return true
    },
  }
}

const EFLAGS: DebugRegister = {
  ...core,
  name: 'eflags',
  bits: 32,
  type: 'eflags',
  read: ({ state }) => BigInt(readRflags(state)),
  write: ({ state }, value) => {
    writeRflags(state, loOf(value))
    return true
  },
}

/** The low 32 bits of a general register; writing it clears the others, as an instruction would. */
function lowHalf(name: string, number: number): DebugRegister {
  return {
    ...core,
    name,
    bits: 32,
    type: POINTERS.has(name) ? 'data_ptr' : 'int32',
    read: ({ state }) => BigInt(state.lo(FIELD.gpr, number)),
    write: ({ state }, value) => {
      state.set(FIELD.gpr, loOf(value), 0, number)
      return true
    },
  }
}

function selectors(): DebugRegister[] {
  return SEGMENTS.map(([name, segment]) => ({
    ...core,
    name,
    bits: 32,
    type: 'int32',
    read: ({ state }) => state.readBig(FIELD.segSelector, segment),
    write: (access, value) => loadSelector(access, segment, Number(value & 0xffffn)),
  }))
}

/** Registers 0 to 23 of the x86-64 description. */
export function generalRegisters64(): DebugRegister[] {
  const legacy = ORDER_64.map((name) =>
    fieldRegister(name, FIELD[name], { ...core, type: POINTERS.has(name) ? 'data_ptr' : 'int64' }),
  )
  const more = [8, 9, 10, 11, 12, 13, 14, 15].map((n) =>
    fieldRegister(`r${n}`, FIELD.gpr, { ...core, type: 'int64' }, n),
  )
  return [...legacy, ...more, instructionPointer('rip', 64), EFLAGS, ...selectors()]
}

/** Registers 0 to 15 of the i386 description. */
export function generalRegisters32(): DebugRegister[] {
  return [...ORDER_32.map(lowHalf), instructionPointer('eip', 32), EFLAGS, ...selectors()]
}

/** A base address or an address register of 64-bit mode: must be canonical, as WRMSR demands. */
export function canonicalRegister(name: string, at: 'fsBase' | 'gsBase' | 'kernelGsBase'): DebugRegister {
  const field = FIELD[at]
  return {
    name,
    bits: 64,
    // A pointer of the i386 description would have 32 bits.
    type: 'uint64',
    feature: at === 'kernelGsBase' ? 'system' : 'segments',
    read: ({ state }) => state.readBig(field),
    write: ({ state }, value) => {
      // With CR4.LA57 addresses have 57 bits.
      const unused = (state.lo(FIELD.cr4) & CR4.lo.LA57) !== 0 ? 57 : 48
      if (BigInt.asUintN(64, BigInt.asIntN(unused, value)) !== value) return false
      state.writeBig(field, value)
      return true
    },
  }
}
