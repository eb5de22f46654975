/** `--set NAME=VALUE`: registers, flags and memory. */
import { FIELD, RFLAGS, readRflags, writeRflags } from '@ringfold/arch'
import { registerByName } from '@ringfold/isa/registers'
import { stateOffset } from '@ringfold/semantics'
import { InputError } from '../exit.ts'
import type { ExecMachine } from './machine.ts'

const FLAG_BITS: Readonly<Record<string, number>> = RFLAGS.lo
const REMEDY = 'Give NAME=VALUE: a register (rax, ah, xmm3, st2), a flag (cf), or memory ([rdi], [0x50000]).'

/** Bits of registers by the first letters of their name. */
const WIDTHS: readonly (readonly [RegExp, number])[] = [
  [/^xmm\d+$/, 128],
  [/^mm\d$/, 64],
  [/^(r[a-ds]x|r[sb]p|r[sd]i|r\d+)$/, 64],
  [/^(e..|r\d+d)$/, 32],
  [/^([a-d]x|[sb]p|[sd]i|r\d+w)$/, 16],
  [/^([a-d][lh]|[sb]pl|[sd]il|r\d+b)$/, 8],
]

function parseValue(text: string): bigint {
  const negative = text.startsWith('-')
  const digits = negative ? text.slice(1) : text
  if (!/^(0x[0-9a-f]+|0b[01]+|\d+)$/i.test(digits)) throw new InputError(`${text} is no number`, REMEDY)
  return negative ? -BigInt(digits) : BigInt(digits)
}

const bytesOf = (value: bigint, count: number): Uint8Array =>
  Uint8Array.from({ length: count }, (_, n) => Number((BigInt.asUintN(count * 8, value) >> BigInt(8 * n)) & 0xffn))

function setRegister({ cpu }: ExecMachine, name: string, value: bigint): boolean {
  const bits = WIDTHS.find(([pattern]) => pattern.test(name))?.[1]
  const register = bits === undefined ? undefined : registerByName(name)
  if (bits === undefined || register === undefined) return false
  const at = stateOffset(register)
  if (bits === 32) cpu.state.u8.fill(0, at, at + 8)
  cpu.state.u8.set(bytesOf(value, bits / 8), at)
  return true
}

function setMemory(machine: ExecMachine, place: string, value: bigint): void {
  const { state } = machine.cpu
  const register = /^[a-z]/.test(place) ? registerByName(place) : undefined
  if (register === undefined && !/^(0x[0-9a-f]+|\d+)$/i.test(place))
    throw new InputError(`[${place}] is no address`, REMEDY)
  const base = state.lo(FIELD.dsBase)
  const address = register === undefined ? Number(place) : base + state.lo(FIELD.gpr, register & 31)
  const bytes = Math.max(8, Math.ceil(BigInt.asUintN(128, value).toString(16).length / 2))
  machine.memory.writeBytes(address, bytesOf(value, bytes))
}

/** Applies one setting. Throws `InputError`. */
export function applySetting(machine: ExecMachine, text: string): void {
  const at = text.indexOf('=')
  const name = text.slice(0, at).trim().toLowerCase()
  if (at < 1) throw new InputError(`--set ${text} has no name and value`, REMEDY)
  const value = parseValue(text.slice(at + 1).trim())
  const { state } = machine.cpu
  const flag = FLAG_BITS[name.toUpperCase()]
  if (name.startsWith('[') && name.endsWith(']')) setMemory(machine, name.slice(1, -1), value)
  else if (flag !== undefined) writeRflags(state, value === 0n ? readRflags(state) & ~flag : readRflags(state) | flag)
  else if (/^st\d$/.test(name)) {
    const physical = (state.lo(FIELD.fpuTop) + Number(name[2])) & 7
    state.write('fpr', BigInt.asUintN(80, value), physical)
    state.setLo(FIELD.fpuTag, state.lo(FIELD.fpuTag) | (1 << physical))
  } else if (name === 'mxcsr') state.setLo(FIELD.mxcsr, Number(value))
  else if (!setRegister(machine, name, value)) throw new InputError(`there is no register or flag ${name}`, REMEDY)
}
