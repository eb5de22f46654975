import process from 'node:process'
import Table from 'cli-table3'
import { styled } from './style.ts'

const NO_BORDERS = {
  ...{ top: '', 'top-mid': '', 'top-left': '', 'top-right': '', bottom: '', 'bottom-mid': '', 'bottom-left': '' },
  ...{ 'bottom-right': '', left: '', 'left-mid': '', mid: '', 'mid-mid': '', right: '', 'right-mid': '', middle: '  ' },
}

const WIDEST = 110
/** Where no terminal tells its width. */
const DEFAULT_WIDTH = 100

/** Columns that text for people may fill. */
export const textWidth = (): number => Math.min(process.stdout.columns || DEFAULT_WIDTH, WIDEST)

const withoutTrailingBlanks = (text: string): string => text.replaceAll(/[ \t]+$/gm, '')

/** Rows in aligned columns under a heading; the columns in `right` hold numbers. */
export function columnsOf(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  right: readonly number[] = [],
): string {
  const table = new Table({
    head: head.map((title) => styled('dim', title)),
    chars: NO_BORDERS,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
    colAligns: head.map((_, column) => (right.includes(column) ? 'right' : 'left')),
  })
  for (const row of rows) table.push([...row])
  return withoutTrailingBlanks(table.toString())
}

/** Labels, each with a text that is wrapped beside it. */
export function labelled(entries: readonly (readonly [label: string, text: string])[], indent = 2): string {
  const labelWidth = Math.max(...entries.map(([label]) => label.length))
  const table = new Table({
    chars: { ...NO_BORDERS, left: ' '.repeat(indent) },
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
    colWidths: [labelWidth, textWidth() - labelWidth - indent - 2],
    wordWrap: true,
  })
  for (const [label, text] of entries) table.push([styled('dim', label), text])
  return withoutTrailingBlanks(table.toString())
}

export const indented = (text: string, by = 2): string => text.replaceAll(/^(?=.)/gm, ' '.repeat(by))
