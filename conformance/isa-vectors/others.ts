/** The decode vectors of XED, Zydis and Capstone: validity, length and mnemonic. */
import { type DecodedInstruction, decodeOne, type UndecodedBytes } from '@ringfold/isa/decoder'
import { hexBytes } from './archive.ts'
import { OTHER_DIFFERENCES } from './explained.ts'
import { type Difference, Tally } from './tally.ts'

export interface VectorCase {
  readonly source: string
  readonly bits: 16 | 32 | 64
  readonly hex: string
  /** What the vector says: name of the extension, text, or options of the command. */
  readonly detail: string
}

/** null where the bytes are invalid; length 0 where the vector does not tell it. */
interface Expected {
  readonly mnemonic: string
  readonly length: number
}

/** Spellings of one mnemonic in the outside decoders (lower case) that are ours under another name. */
const ALIASES: Readonly<Record<string, string>> = {
  jz: 'je',
  jnz: 'jne',
  jnb: 'jae',
  jnbe: 'ja',
  jnle: 'jg',
  jnl: 'jge',
  setz: 'sete',
  setnz: 'setne',
  setnb: 'setae',
  setnbe: 'seta',
  setnle: 'setg',
  setnl: 'setge',
  cmovz: 'cmove',
  cmovnz: 'cmovne',
  cmovnb: 'cmovae',
  cmovnbe: 'cmova',
  cmovnle: 'cmovg',
  cmovnl: 'cmovge',
  xlat: 'xlatb',
  fwait: 'wait',
}

/** XED and Zydis name near and far, locked and repeated instructions apart. */
export function canonical(name: string): string {
  const base = name
    .toLowerCase()
    .replace(/_(lock|near|far|xmm|sse4|sse4a|cr|dr)$/i, '')
    .replace(/^(rep|repe|repne)_/, '')
  return ALIASES[base] ?? base
}

function compare(
  o: DecodedInstruction | UndecodedBytes,
  expected: Expected | null,
): Omit<Difference<VectorCase>, 'case'> | null {
  const bad = o.status === 'invalid' || o.status === 'needMoreBytes'
  if (expected === null) return bad ? null : { what: 'status', ours: o.status, theirs: 'invalid' }
  if (bad) return { what: 'status', ours: o.status, theirs: expected.mnemonic }
  if (expected.length > 0 && o.length !== expected.length)
    return { what: 'length', ours: String(o.length), theirs: String(expected.length) }
  if (o.status !== 'ok') return { what: 'notInTable', ours: o.form ?? '', theirs: expected.mnemonic }
  const name = canonical(expected.mnemonic)
  return canonical(o.mnemonic) === name ? null : { what: 'mnemonic', ours: o.mnemonic, theirs: name }
}

function addCase(tally: Tally<VectorCase>, c: VectorCase, expected: Expected | null): void {
  tally.add(c, compare(decodeOne(hexBytes(c.hex), { bits: c.bits }), expected))
}

/** `xed [-64|-16] -d HEX` and `xed-dec HEX`: ICLASS and the bytes that were taken. */
export function xedTally(files: ReadonlyMap<string, string>): Tally<VectorCase> {
  const tally = new Tally<VectorCase>('XED decode vectors', OTHER_DIFFERENCES)
  for (const [path, command] of files) {
    if (!path.endsWith('/cmd')) continue
    const m = /\/xed(?:-dec)?\s+(.*)$/.exec(command.trim())
    const hex = /((?:\s+[0-9a-fA-F]{2,})+)$/.exec(` ${m?.[1] ?? ''}`)?.[1]
    const isDecode = /\/xed-dec/.test(command) || /\s-de?\s/.test(command)
    if (!m || !hex || !isDecode || hex.replace(/\s/g, '').length % 2 !== 0) continue
    const stdout = files.get(path.replace(/cmd$/, 'stdout.reference')) ?? ''
    const name = /^ICLASS:\s+(\w+)/m.exec(stdout)?.[1] ?? /^iclass (\w+)/m.exec(stdout)?.[1]
    const length = Number(/^instruction-length (\d+)/m.exec(stdout)?.[1] ?? /dec_len= (\d+)/.exec(stdout)?.[1] ?? 0)
    const bits = /\s-64\s/.test(command) ? 64 : /\s-16\s/.test(command) ? 16 : 32
    const extension = /^EXTENSION:\s+(\w+)/m.exec(stdout)?.[1] ?? /ISA-extension (\w+)/.exec(stdout)?.[1] ?? ''
    const detail = `${extension} ${path} ${command.trim().replace(/^\S+/, 'xed')}`
    addCase(tally, { source: 'xed', bits, hex: hex.trim(), detail }, name ? { mnemonic: name, length } : null)
  }
  return tally
}

/** `.in`: `-64 HEX`; `.out`: MNEMONIC and LENGTH, or an error. */
export function zydisTally(files: ReadonlyMap<string, string>): Tally<VectorCase> {
  const tally = new Tally<VectorCase>('Zydis vectors', OTHER_DIFFERENCES)
  for (const [path, input] of files) {
    const m = /^-(16|32|64)\s+([0-9a-fA-F]+)/.exec(input.trim())
    if (!path.endsWith('.in') || !m) continue
    const out = files.get(path.replace(/in$/, 'out')) ?? ''
    const mnemonic = /MNEMONIC: (\w+) \[ENC: (\w+)/.exec(out)
    const length = Number(/LENGTH:\s+(\d+)/.exec(out)?.[1])
    const detail = `${path} ${mnemonic?.[2] ?? ''} ${/ISA-EXT: (\w+)/.exec(out)?.[1] ?? ''}`
    addCase(
      tally,
      { source: 'zydis', bits: Number(m[1]) as 16 | 32 | 64, hex: m[2] ?? '', detail },
      mnemonic ? { mnemonic: mnemonic[1] ?? '', length } : null,
    )
  }
  return tally
}

/** `0x65,0x48 = text` under a line with mode and syntax. The mnemonic is compared up to AT&T's suffix. */
export function capstoneTally(files: ReadonlyMap<string, string>): Tally<VectorCase> {
  const tally = new Tally<VectorCase>('Capstone vectors', OTHER_DIFFERENCES)
  for (const [path, text] of files) {
    if (!path.endsWith('.cs')) continue
    const bits = Number(/CS_MODE_(16|32|64)/.exec(text)?.[1] ?? 32) as 16 | 32 | 64
    for (const line of text.split('\n')) {
      const m = /^((?:0x[0-9a-fA-F]{2},?)+)\s*=\s*(.*)$/.exec(line.trim())
      if (!m) continue
      const hex = (m[1] ?? '').replace(/0x|,/g, '')
      const o = decodeOne(hexBytes(hex), { bits })
      const word = attMnemonic(m[2] ?? '')
      const ours = o.status === 'ok' ? canonical(o.mnemonic) : ''
      const mnemonic = sameUpToSuffix(ours, word) ? ours : word
      addCase(tally, { source: path, bits, hex, detail: m[2] ?? '' }, { mnemonic, length: hex.length / 2 })
    }
  }
  return tally
}

const attMnemonic = (text: string): string =>
  text
    .replace(/^((lock|rep|repe|repne|repz|repnz|data16)\s+)+/, '')
    .split(/\s/)[0]
    ?.toLowerCase() ?? ''

/** GNU names that are another mnemonic of the manual. */
const GNU: Readonly<Record<string, string>> = {
  pushal: 'pushad',
  popal: 'popad',
  cltq: 'cdqe',
  cwtl: 'cwde',
  cqto: 'cqo',
  cltd: 'cdq',
  cwtd: 'cwd',
  cbtw: 'cbw',
  movslq: 'movsxd',
  movabsq: 'mov',
  lcall: 'call',
  ljmp: 'jmp',
  lret: 'ret',
  lretq: 'ret',
  fwait: 'wait',
}

function sameUpToSuffix(ours: string, word: string): boolean {
  const name = canonical(word)
  if (name === ours || GNU[word] === ours) return true
  if (/^mov[sz][bwl][wlq]$/.test(word)) return ours === `mov${word[3]}x` || ours === 'movsxd'
  return [...'bwlqstxy'].some(
    (s) => word.endsWith(s) && (canonical(word.slice(0, -1)) === ours || GNU[word.slice(0, -1)] === ours),
  )
}
