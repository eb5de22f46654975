/** How a line of a disassembly looks: for people, and as JSON. */
import { formName, type Instruction, mnemonicOf, Prefix, Status } from '@ringfold/isa/decoder'
import { BAD, type Formatter, NOT_IN_TABLE } from '@ringfold/isa/formatter'
import { hasColor, styled } from '../style.ts'
import type { Cursor, Label } from './cursor.ts'
import { hexAddress, hexBytes } from './hex.ts'
import type { Region } from './regions.ts'
import type { TargetNames } from './targets.ts'

/** One way to write a disassembly; every function returns whole lines, or `''`. */
export interface Lines {
  heading(region: Region): string
  label(label: Label, isWithin: boolean): string
  /** The line at `offset` of `bytes`, which the cursor has just decoded. */
  instruction(cursor: Cursor, bytes: Uint8Array, offset: number): string
}

/** The extension that bytes belong to which the table does not hold. */
function unknownExtension({ form, prefixes }: Instruction): string {
  if (form !== 0) return formName(form).split('_')[0]?.toUpperCase() ?? ''
  if (prefixes & Prefix.evex) return 'an EVEX instruction'
  return prefixes & Prefix.xop ? 'an XOP instruction' : 'an extension'
}

/** What stands for bytes that were not decoded, as mnemonic and as text. */
const undecodedText = (i: Instruction): string => (i.status === Status.notInTable ? NOT_IN_TABLE : BAD)

/** Why bytes were not decoded, `''` where there is no more to say. */
function undecodedNote(i: Instruction): string {
  if (i.status === Status.notInTable) return unknownExtension(i)
  return i.status === Status.needMoreBytes ? 'the bytes end within the instruction' : ''
}

const NEEDS_ESCAPE = /["\\\p{Cc}\u2028\u2029]/u

const quoted = (text: string): string => (NEEDS_ESCAPE.test(text) ? JSON.stringify(text) : `"${text}"`)

/**
 * One JSON object a line: `address`, `bytes`, `mnemonic` (the manual's in either syntax), `text`; `target` where the address that the
 * instruction names has a name, `note` where there is more to say of bytes that were not decoded, and `label` where a symbol stands.
 */
export function jsonLines(formatter: Formatter, names: TargetNames): Lines {
  let label = ''
  return {
    heading: () => '',
    label: ({ name }, isWithin) => {
      if (!isWithin) label = `,"label":${quoted(name)}`
      return ''
    },
    instruction: ({ instruction: i, length }, bytes, offset) => {
      const isDecoded = i.status === Status.ok
      const text = isDecoded ? formatter.format(i) : undecodedText(i)
      const name = isDecoded ? names.nameOf(i) : ''
      const note = isDecoded ? '' : undecodedNote(i)
      const more = (name === '' ? '' : `,"target":${quoted(name)}`) + (note === '' ? '' : `,"note":${quoted(note)}`)
      const start = `{"address":"0x${hexAddress(i.ipLo, i.ipHi)}","bytes":"${hexBytes(bytes, offset, length)}"`
      const mnemonic = isDecoded ? mnemonicOf(i) : undecodedText(i)
      const line = `${start},"mnemonic":${quoted(mnemonic)},"text":${quoted(text)}${more}${label}}\n`
      label = ''
      return line
    },
  }
}

const noteComment = (note: string): string => (note === '' ? '' : `  # ${note}`)

/** Columns of seven bytes, as most instructions are not longer. */
const BYTES_COLUMN = 7 * 3
const ADDRESS_COLUMN = 8

/** Addresses, bytes and text in columns; symbols stand on lines of their own. */
export function textLines(formatter: Formatter, names: TargetNames): Lines {
  const isColored = hasColor()
  const paint = (style: 'bold' | 'yellow' | 'dim' | 'red', text: string) => (isColored ? styled(style, text) : text)
  const [dimOn, dimOff] = paint('dim', '|').split('|')
  let isFirst = true
  return {
    heading: ({ name }) => {
      const gap = isFirst ? '' : '\n'
      isFirst = false
      return name === '' ? gap : `${gap}${paint('bold', `section ${name}`)}\n`
    },
    label: ({ name, address }, isWithin) => {
      const where = isWithin ? '  (within the line above)' : ''
      return `\n${address.toString(16).padStart(16, '0')} ${paint('yellow', `<${name}>`)}:${where}\n`
    },
    instruction: ({ instruction: i, length }, bytes, offset) => {
      const address = hexAddress(i.ipLo, i.ipHi).padStart(ADDRESS_COLUMN)
      const column = hexBytes(bytes, offset, length, ' ').padEnd(BYTES_COLUMN)
      const note = i.status === Status.ok ? names.commentOf(i) : noteComment(undecodedNote(i))
      const text = (i.status === Status.ok ? formatter.format(i) : paint('red', undecodedText(i))) + note
      return `${dimOn}${address}:  ${column}${dimOff}  ${text}\n`
    },
  }
}
