/** Walks as text and as JSON. */
import { ACCESS, type WalkExplanation, type WalkedPage, type WalkLevel } from '@ringfold/mmu'
import { styled } from '../style.ts'
import { columnsOf, indented, labelled } from '../table.ts'
import type { Mode } from './command.ts'
import { accessText, bitsOf, errorCodeText, flagsOf, hex, namesOf, reasonText, rightsText } from './describe.ts'

const SIZES: readonly (readonly [number, string])[] = [
  [2 ** 30, 'GiB'],
  [2 ** 20, 'MiB'],
  [2 ** 10, 'KiB'],
]

function sizeText(bytes: number): string {
  const [unit, name] = SIZES.find(([size]) => bytes >= size) ?? [1, 'bytes']
  return `${bytes / unit} ${name}`
}

function stateText(level: WalkLevel): string {
  const { kind, reserved, isRegister } = level
  if (kind === 'not-present') return 'not present'
  const problem = kind === 'reserved' ? [`reserved: ${bitsOf(reserved).join(', ')}`] : []
  return [...(isRegister ? ['(register)'] : []), ...flagsOf(level), ...problem].join(' ')
}

function levelRow(level: WalkLevel): string[] {
  const { name, table, index, value, kind, rights, format } = level
  const digits = format.widthBits / 4
  return [
    name,
    hex(table),
    `${index}`,
    `0x${value.toString(16).padStart(digits, '0')}`,
    stateText(level),
    kind === 'table' || kind === 'page' ? rightsText(rights) : '',
  ]
}

function setsText(levels: readonly WalkLevel[]): string {
  const of = (bit: 'A' | 'D') =>
    namesOf(
      levels,
      levels.filter(({ sets }) => sets.includes(bit)).map(({ level }) => level),
    )
  const [accessed, dirty] = [of('A'), of('D')]
  const parts = [
    ...(accessed.length > 0 ? [`accessed in ${accessed.join(', ')}`] : []),
    ...(dirty.length > 0 ? [`dirty in ${dirty.join(', ')}`] : []),
  ]
  return parts.join('; ') || 'nothing: accessed and dirty bits stand already'
}

function pageEntries(page: WalkedPage, levels: readonly WalkLevel[]): [string, string][] {
  const { address, pageBytes, rights, global, dirty, patIndex } = page
  const offset = address % pageBytes
  return [
    ['physical', `${hex(address)}: ${sizeText(pageBytes)} page at ${hex(address - offset)}, offset ${hex(offset)}`],
    [
      'page',
      [rightsText(rights), ...(global ? ['global'] : []), ...(dirty ? ['dirty'] : []), `PAT index ${patIndex}`].join(
        ', ',
      ),
    ],
    ['sets', setsText(levels)],
  ]
}

/** One walk for people. */
export function walkText(walk: WalkExplanation): string {
  const { linear, levels, page, fault, access } = walk
  const heading = `${styled('bold', hex(linear))}  ${accessText(walk, ACCESS)}`
  const table = columnsOf(['entry', 'table', 'index', 'value', 'flags', 'allows so far'], levels.map(levelRow), [2])
  const end: [string, string][] = fault
    ? [
        ['page fault', errorCodeText(fault)],
        ['reason', reasonText(walk, fault, (access & ACCESS.USER) !== 0)],
      ]
    : pageEntries(page as WalkedPage, levels)
  return `${heading}\n\n${indented(table)}\n\n${labelled(end)}\n`
}

function levelJson(level: WalkLevel): object {
  const { name, table, index, address, isRegister, value, kind, reserved, rights, sets, format } = level
  return {
    ...{ name, table: hex(table), index, address: hex(address), isRegister, value: hex(value), format: format.name },
    ...{ kind, flags: flagsOf(level), reservedBits: bitsOf(reserved), rights, sets },
  }
}

/** One walk for programs: addresses and values as hexadecimal text. */
export function walkJson(walk: WalkExplanation, mode: Mode): object {
  const { linear, access, levels, page, fault } = walk
  const common = {
    ...{ address: hex(linear), mode, access: accessText(walk, ACCESS), levels: levels.map(levelJson) },
    result: fault ? 'fault' : 'page',
  }
  if (page) {
    const { address, pageBytes, ...rest } = page
    return {
      ...common,
      page: { address: hex(address), base: hex(address - (address % pageBytes)), pageBytes, ...rest },
    }
  }
  if (!fault) return common
  const { errorCode, reason } = fault
  const text = reasonText(walk, fault, (access & ACCESS.USER) !== 0)
  return {
    ...common,
    fault: { errorCode, meaning: errorCodeText(fault), reason, entries: namesOf(levels, fault.levels), text },
  }
}
