/** What a form does, as numbers: for flag liveness, register allocation and block building. Allocation-free. */
import { FLAG_MASKS, FORM_ACCESS, FORM_FLAGS, FORM_FLOW, FORM_PRIVILEGE } from '../generated/facts.ts'
import {
  ACCESSES,
  type Access,
  type ControlFlow,
  FLAG_EFFECTS,
  FLOWS,
  PRIVILEGE_RULES,
  type PrivilegeRule,
} from './codes.ts'

const COLUMNS = FLAG_EFFECTS.length

const mask = (form: number, column: number): number =>
  FLAG_MASKS[(FORM_FLAGS[form] as number) * COLUMNS + column] as number

/** RFLAGS bits that the form reads. C0..C3 of the x87 status word stand in bits 24..27 of all these masks. */
export const flagsRead = (form: number): number => mask(form, 0)
/** Bits that it sets by its result. */
export const flagsWritten = (form: number): number => mask(form, 1)
/** Bits that it leaves undefined. Where they are also {@link flagsConditional}, only if it changes flags at all. */
export const flagsUndefined = (form: number): number => mask(form, 2)
export const flagsCleared = (form: number): number => mask(form, 3)
export const flagsSet = (form: number): number => mask(form, 4)
/** Bits that it may leave as they are: shifts by a count of 0, flags that depend on privilege or on a task switch. */
export const flagsConditional = (form: number): number => mask(form, 5)

/** Bits whose former value is surely gone afterwards: what dead-flag elimination may rely on. */
export function flagsKilled(form: number): number {
  const changed = flagsWritten(form) | flagsUndefined(form) | flagsCleared(form) | flagsSet(form)
  return (changed & ~flagsConditional(form)) >>> 0
}

/** Access to operand 0..3, as an index of {@link ACCESSES}. */
export const operandAccessCode = (form: number, operand: number): number =>
  ((FORM_ACCESS[form] as number) >> (3 * operand)) & 7

/** Access to operand 0..3. */
export const operandAccess = (form: number, operand: number): Access =>
  ACCESSES[operandAccessCode(form, operand)] as Access

/** True where an access reads, or may read. `n` does neither. */
export const accessReads = (a: Access): boolean => a === 'r' || a === 'rw' || a === 'rcw'
/** True where an access writes, or may write. */
export const accessWrites = (a: Access): boolean => a === 'w' || a === 'rw' || a === 'cw' || a === 'rcw'

/** Control flow as an index of {@link FLOWS}; 0 goes on to the next instruction. */
export const controlFlowCode = (form: number): number => FORM_FLOW[form] as number

export const controlFlow = (form: number): ControlFlow => FLOWS[controlFlowCode(form)] as ControlFlow

/** True where the instruction ends a basic block: anything but going on to the next. */
export const endsBlock = (form: number): boolean => controlFlowCode(form) !== 0

const RULES = Object.keys(PRIVILEGE_RULES) as PrivilegeRule[]

export const privilegeRule = (form: number): PrivilegeRule => RULES[FORM_PRIVILEGE[form] as number] as PrivilegeRule
