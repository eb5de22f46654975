/** A summary in the terminal. */
import { stripVTControlCharacters } from 'node:util'
import Chartscii from 'chartscii'
import { plainUnlessColored, styled } from '../style.ts'
import { columnsOf, indented, textWidth } from '../table.ts'
import type { Census } from './census.ts'
import type { Count, Notable, Program, Summary } from './summary.ts'

/** Rows of the lists that could be long. */
export const FREQUENT_MNEMONICS = 16
const NOTABLE_ROWS = 20
const EXTENSION_ROWS = 16

const grouped = (count: number): string => count.toLocaleString('en-US')

function share(count: number, of: number): string {
  const percent = (100 * count) / Math.max(1, of)
  return percent > 0 && percent < 0.01 ? '<0.01%' : `${percent.toFixed(2)}%`
}

function countTable(title: string, counts: readonly Count[], total: number, rows = counts.length): string {
  const shown = counts.slice(0, rows).map(({ name, count }) => [name, grouped(count), share(count, total)])
  const left = counts.length - shown.length
  const more = left > 0 ? `\n${styled('dim', `and ${left} more`)}` : ''
  return columnsOf([title, 'count', 'share'], shown, [1, 2]) + more
}

/** Texts side by side, if the terminal is wide enough. */
function besideEachOther(texts: readonly string[], widths: readonly number[]): string {
  const gap = 4
  if (widths.reduce((sum, width) => sum + width + gap, -gap) > textWidth()) return texts.join('\n\n')
  const columns = texts.map((text) => text.split('\n'))
  const height = Math.max(...columns.map(({ length }) => length))
  const rows = Array.from({ length: height }, (_, row) => columns.map((column) => column[row] ?? ''))
  return rows
    .map((row) =>
      row
        .map((text, i) => padded(text, (widths[i] ?? 0) + gap))
        .join('')
        .trimEnd(),
    )
    .join('\n')
}

/** Pads to a width in columns; colour takes none. */
function padded(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - plainLength(text)))
}

const plainLength = (text: string): number => stripVTControlCharacters(text).length

const widthOf = (text: string): number => Math.max(...text.split('\n').map(plainLength))

function lengthChart(byLength: readonly Count[], total: number): string {
  const used = byLength.slice(0, byLength.findLastIndex(({ count }) => count > 0) + 1)
  const bars = used.map(({ name, count }) => {
    return {
      label: `${name.padStart(2)} ${grouped(count).padStart(12)} ${share(count, total).padStart(7)}`,
      value: count,
    }
  })
  const chart = new Chartscii(bars, {
    width: 50,
    barSize: 1,
    padding: 0,
    naked: true,
    color: 'cyan',
    colorLabels: false,
    sort: false,
  })
  return plainUnlessColored(chart.create()).replace(/^\n+/, '').trimEnd()
}

function notableTable(notable: readonly Notable[]): string {
  const rows = notable.slice(0, NOTABLE_ROWS).map(({ mnemonic, count, kind, firstAddress, firstSymbol }) => {
    const symbol = firstSymbol.length > 40 ? `${firstSymbol.slice(0, 39)}…` : firstSymbol
    return [mnemonic, grouped(count), kind, `0x${firstAddress.toString(16)} ${symbol}`.trimEnd()]
  })
  const left = notable.length - rows.length
  const more = left > 0 ? `\n${styled('dim', `and ${left} more mnemonics`)}` : ''
  return columnsOf(['mnemonic', 'count', 'class or privilege rule', 'first met at'], rows, [1]) + more
}

/** What trap-and-emulate cannot see is what this is all about. */
function mostTelling(notable: readonly Notable[]): string {
  return (notable.find(({ kind }) => kind === 'control') ?? notable[0])?.mnemonic ?? 'popf'
}

const heading = (text: string): string => `\n${styled('bold', text)}\n`

/** The whole summary. */
export function summaryText(
  { name, bits, sections }: Program,
  census: Census,
  summary: Summary,
  seconds: number,
): string {
  const { bytes, instructions, notInTable, badBytes } = census
  const tables = [
    countTable('class', summary.byGroup, instructions),
    countTable('ISA extension', summary.byExtension, instructions, EXTENSION_ROWS),
    countTable('mnemonic', summary.byMnemonic, instructions, FREQUENT_MNEMONICS),
  ]
  return [
    `${styled('bold', name)}: ${bits}-bit code, ${sections.length} executable sections, ${grouped(bytes)} bytes`,
    `${grouped(instructions)} instructions decoded in ${seconds.toFixed(2)} s; ${grouped(notInTable)} of extensions not in the table; ${grouped(badBytes)} bytes are no instruction`,
    heading('What it consists of'),
    indented(besideEachOther(tables, tables.map(widthOf))),
    heading('Length of an instruction in bytes'),
    indented(lengthChart(summary.byLength, instructions)),
    heading('Instructions that a monitor cares about'),
    indented(notableTable(summary.notable)),
    styled('dim', '\n  The sweep goes through data among the code too, so that rare instructions may be none.'),
    `\nMore about one of them: ringfold explain ${mostTelling(summary.notable)}`,
    '',
  ].join('\n')
}
