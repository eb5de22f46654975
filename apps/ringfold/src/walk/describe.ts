/** A walk in words: what text and JSON share. */
import { PAGE_FAULT_ERROR_CODE } from '@ringfold/arch'
import type { PageRights, WalkExplanation, WalkFault, WalkLevel } from '@ringfold/mmu'

export const hex = (value: number | bigint): string => `0x${value.toString(16)}`

/** The fields of an entry that are set, without the address, which has a place of its own. */
export function flagsOf({ format, value, kind }: WalkLevel): string[] {
  if (kind === 'not-present') return []
  return format
    .decode(value)
    .filter(({ name }) => name !== 'ADDRESS' && name !== 'reserved')
    .map(({ text }) => text)
}

/** The numbers of the bits that are set, highest first. */
export function bitsOf(mask: bigint): number[] {
  return [...mask.toString(2)].flatMap((digit, n, all) => (digit === '1' ? [all.length - 1 - n] : []))
}

/** `user rwx`, `supervisor r--`. */
export function rightsText({ user, writable, executable }: PageRights): string {
  return `${user ? 'user' : 'supervisor'} r${writable ? 'w' : '-'}${executable ? 'x' : '-'}`
}

export function accessText(
  { access }: WalkExplanation,
  bits: { WRITE: number; FETCH: number; USER: number; AC: number },
): string {
  const kind = access & bits.WRITE ? 'write' : access & bits.FETCH ? 'instruction fetch' : 'read'
  return `${access & bits.USER ? 'user' : 'supervisor'} ${kind}${access & bits.AC ? ' with EFLAGS.AC' : ''}`
}

/** Each bit of the error code, with its meaning. */
export function errorCodeText({ errorCode }: WalkFault): string {
  const fields = PAGE_FAULT_ERROR_CODE.decode(errorCode).map(({ name, meaning }) => `${name}: ${meaning}`)
  return [hex(errorCode), ...(fields.length > 0 ? fields : ['a supervisor read of an absent page'])].join('; ')
}

/** The entries of levels by name. */
export function namesOf(levels: readonly WalkLevel[], numbers: readonly number[]): string[] {
  return levels.filter(({ level }) => numbers.includes(level)).map(({ name }) => name)
}

/** Why there is a fault, in a sentence. */
export function reasonText({ levels }: WalkExplanation, fault: WalkFault, user: boolean): string {
  const names = namesOf(levels, fault.levels).join(', ')
  switch (fault.reason) {
    case 'not-present':
      return `the ${names} is not present: P is 0`
    case 'reserved':
      return `the ${names} has reserved bits set: ${bitsOf(levels.at(-1)?.reserved ?? 0n).join(', ')}`
    case 'supervisor-page':
      return `a user access to a supervisor page: U/S is 0 in ${names}`
    case 'execute-disable':
      return `nothing may be fetched from the page: XD is 1 in ${names}`
    case 'smep':
      return 'CR4.SMEP is set, and the page is a user page: U/S is 1 at every level'
    case 'smap':
      return 'CR4.SMAP is set, EFLAGS.AC is not, and the page is a user page: U/S is 1 at every level'
    case 'read-only':
      return `the page is read-only${user ? '' : ', also for supervisors because CR0.WP is set'}: R/W is 0 in ${names}`
  }
}
