/** What a program changed, as data and as text. */
import { type CpuState, EXCEPTION, FIELD, MXCSR, RFLAGS, readFpuStatus, readRflags } from '@ringfold/arch'
import { styled } from '../style.ts'
import { columnsOf } from '../table.ts'

export interface Change {
  readonly name: string
  readonly before: string
  readonly after: string
}

export interface ExecReport {
  /** What ended the program: `end`, `steps`, `halted`, `shutdown`, or an exception's mnemonic. */
  readonly ended: string
  readonly errorCode?: string
  readonly address?: string
  readonly instructions: readonly string[]
  readonly retired: number
  readonly registers: readonly Change[]
  readonly flags: { readonly before: string; readonly after: string; readonly undefined: readonly string[] }
  readonly memory: readonly { readonly address: string; readonly before: string; readonly after: string }[]
}

const hex = (value: bigint | number, digits: number): string => `0x${value.toString(16).padStart(digits, '0')}`
const GENERAL = 'rax rcx rdx rbx rsp rbp rsi rdi r8 r9 r10 r11 r12 r13 r14 r15'.split(' ')
const SEGMENTS = 'es cs ss ds fs gs'.split(' ')

/** Registers by name, as text: everything that an instruction of a program may change. */
export function registersOf(state: CpuState): ReadonlyMap<string, string> {
  const all = new Map<string, string>()
  for (const [n, name] of GENERAL.entries()) all.set(name, hex(state.read('gpr', n), 16))
  all.set('rip', hex(state.read('rip'), 16))
  for (const [n, name] of SEGMENTS.entries()) all.set(name, hex(state.read('segSelector', n), 4))
  for (const name of ['cr0', 'cr2', 'cr3', 'cr4', 'efer'] as const) all.set(name, hex(state.read(name), 8))
  const top = state.lo(FIELD.fpuTop)
  for (let n = 0; n < 8; n++) {
    const physical = (top + n) & 7
    const isEmpty = ((state.lo(FIELD.fpuTag) >> physical) & 1) === 0
    all.set(`st${n}`, isEmpty ? 'empty' : hex(state.read('fpr', physical), 20))
  }
  all.set('fcw', hex(state.read('fpuControl'), 4))
  all.set('fsw', hex(readFpuStatus(state), 4))
  for (let n = 0; n < 16; n++) all.set(`xmm${n}`, hex(state.read('xmm', n), 32))
  all.set('mxcsr', hex(state.read('mxcsr'), 8))
  return all
}

export const flagsText = (state: CpuState): string => RFLAGS.describe(readRflags(state)).join(' ')

/** Names of flags in a mask. */
export const flagNames = (mask: number): string[] =>
  Object.entries(RFLAGS.lo)
    .filter(([, bit]) => (mask & bit) !== 0)
    .map(([name]) => name)

/** The mnemonic of an exception, or its vector. */
export const exceptionName = (vector: number): string =>
  Object.entries(EXCEPTION).find(([, row]) => row.vector === vector)?.[0] ?? `vector ${vector}`

function flagRow({ flags }: ExecReport): string[] {
  const unknown = flags.undefined.map((name) => styled('yellow', `${name}?`)).join(' ')
  return ['flags', flags.before, [flags.after, unknown].filter((part) => part !== '').join(' ')]
}

const DETAILS: Readonly<Record<string, (value: number) => readonly string[]>> = {
  mxcsr: (value) => MXCSR.describe(value),
}

/** A register's value, and what its bits say where they have names. */
const explained = (name: string, value: string): string => {
  const details = DETAILS[name]?.(Number(value)).join(' ')
  return details === undefined ? value : `${value} ${styled('dim', details)}`
}

export function reportText(report: ExecReport): string {
  const { instructions, registers, memory, ended, errorCode, address, retired } = report
  const rows = registers.map(({ name, before, after }) => {
    const text = explained(name, after)
    return [name, before, before === after ? text : styled('green', text)]
  })
  for (const each of memory) rows.push([each.address, each.before, styled('green', each.after)])
  rows.push(flagRow(report))
  const how = errorCode === undefined ? ended : `${ended}(${errorCode})`
  const where = address === undefined ? '' : ` at ${address}`
  const end = ended === 'end' ? '' : `, ended by ${styled('red', how)}${where}`
  const count = `${retired} instruction${retired === 1 ? '' : 's'} retired${end}`
  const mark = report.flags.undefined.length > 0 ? `${styled('dim', 'FLAG? : undefined by the manual')}\n` : ''
  return `${instructions.join('\n')}\n\n${columnsOf(['', 'before', 'after'], rows)}\n\n${count}\n${mark}`
}
