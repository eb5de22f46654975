/** Words, numbers, strings and signs of a line of assembly. */
import { AssemblerError } from './errors.ts'

export interface Token {
  readonly kind: 'word' | 'number' | 'string' | 'sign'
  readonly text: string
  readonly value: bigint
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', 0: '\0', '\\': '\\', "'": "'", '"': '"' }

/** `0x1f`, `1fh`, `0b101`, `101b`, `0o17`, `42`, with `_` between digits. */
function numberOf(text: string): bigint | null {
  const t = text.replace(/_/g, '').toLowerCase()
  if (/^0x[0-9a-f]+$/.test(t) || /^0o[0-7]+$/.test(t)) return BigInt(t)
  if (/^[0-9][0-9a-f]*h$/.test(t)) return BigInt(`0x${t.slice(0, -1)}`)
  if (/^0b[01]+$/.test(t)) return BigInt(t)
  if (/^[01]+b$/.test(t)) return BigInt(`0b${t.slice(0, -1)}`)
  return /^\d+$/.test(t) ? BigInt(t) : null
}

function stringToken(raw: string): Token {
  const text = raw.slice(1, -1).replace(/\\(.)/g, (_, c: string) => ESCAPES[c] ?? c)
  // A character is a number where one is wanted: little-endian, as NASM has it.
  const value = [...text].reduceRight((sum, c) => (sum << 8n) | BigInt(c.charCodeAt(0) & 255), 0n)
  return { kind: 'string', text, value }
}

const TOKEN =
  /\s*(?:([;#].*|\/\/.*)|('(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")|([A-Za-z_.$@?][\w.$@?]*)|([0-9][\w]*)|(<<|>>|[-+*/%&|^~()[\],:{}=]))/y

/** Tokens of a line; comments begin with `;`, `#` or `//`. */
export function tokens(line: string, lineNumber: number): Token[] {
  const found: Token[] = []
  TOKEN.lastIndex = 0
  while (TOKEN.lastIndex < line.length) {
    const at = TOKEN.lastIndex
    const m = TOKEN.exec(line)
    if (m === null) {
      if (line.slice(at).trim() === '') break
      throw new AssemblerError('SYNTAX', `unexpected '${line.slice(at).trim()[0]}'`, { line: lineNumber })
    }
    const [, comment, string, word, digits, sign] = m
    if (comment !== undefined) break
    if (string !== undefined) found.push(stringToken(string))
    else if (word !== undefined) found.push({ kind: 'word', text: word, value: 0n })
    else if (sign !== undefined) found.push({ kind: 'sign', text: sign, value: 0n })
    else if (digits !== undefined) {
      const value = numberOf(digits)
      if (value === null)
        throw new AssemblerError('SYNTAX', `'${digits}' is no number`, {
          line: lineNumber,
          accepted: ['42', '0x2a', '2ah', '0b101010'],
        })
      found.push({ kind: 'number', text: digits, value })
    }
  }
  return found
}
