import { bytesOfHex, hexOfValue, valueOfBytes } from '../rsp/hex.ts'
import { sseRegisters, x87Registers } from './floating-point.ts'
import { canonicalRegister, generalRegisters32, generalRegisters64 } from './general.ts'
import type { DebugRegister, RegisterAccess } from './register.ts'
import { systemRegisters } from './system.ts'

/** The architecture of a target description, as gdb calls it. */
export type DebugArchitecture = 'i386:x86-64' | 'i386' | 'i8086'

/** Bytes of a register in packets. */
export function registerBytes(register: DebugRegister): number {
  return Math.ceil(register.bits / 8)
}

/** The registers of a description: their places are their numbers in `p` and `P`, and their order in `g` and `G`. */
export class RegisterTable {
  readonly architecture: DebugArchitecture
  readonly registers: readonly DebugRegister[]

  constructor(architecture: DebugArchitecture) {
    this.architecture = architecture
    const isWide = architecture === 'i386:x86-64'
    this.registers = [
      ...(isWide ? generalRegisters64() : generalRegisters32()),
      ...x87Registers(),
      ...sseRegisters(isWide ? 16 : 8),
      ...(isWide ? [canonicalRegister('fs_base', 'fsBase'), canonicalRegister('gs_base', 'gsBase')] : []),
      ...systemRegisters(),
    ]
  }

  /** All registers, as `g` gives them. */
  readAll(access: RegisterAccess): string {
    return this.registers.map((register) => hexOfValue(register.read(access), registerBytes(register))).join('')
  }

  read(access: RegisterAccess, number: number): string | null {
    const register = this.registers[number]
    return register === undefined ? null : hexOfValue(register.read(access), registerBytes(register))
  }

  /** @returns whether there is such a register, and it can hold the value */
  write(access: RegisterAccess, number: number, hex: string): boolean {
    const register = this.registers[number]
    const bytes = bytesOfHex(hex)
    if (register === undefined || bytes === null || bytes.length !== registerBytes(register)) return false
    return register.write(access, valueOfBytes(bytes))
  }

  /**
   * All registers, as `G` takes them; the text may end early. Registers that would not change are left alone.
   *
   * @returns whether all could be set; those before the first that could not are
   */
  writeAll(access: RegisterAccess, hex: string): boolean {
    const bytes = bytesOfHex(hex)
    if (bytes === null) return false
    let offset = 0
    for (const register of this.registers) {
      if (offset === bytes.length) return true
      const end = offset + registerBytes(register)
      if (end > bytes.length) return false
      const value = valueOfBytes(bytes.subarray(offset, end))
      if (register.read(access) !== value && !register.write(access, value)) return false
      offset = end
    }
    return offset === bytes.length
  }
}
