/** What went wrong in a program, and where. */

export type AssemblerErrorCode =
  | 'SYNTAX'
  | 'UNKNOWN_MNEMONIC'
  | 'OPERANDS'
  | 'AMBIGUOUS_SIZE'
  | 'RANGE'
  | 'MODE'
  | 'PREFIX'
  | 'UNDEFINED_LABEL'
  | 'DUPLICATE_LABEL'
  | 'UNSTABLE'

export interface AssemblerErrorDetails {
  /** Line of the text, or ordinal of the call, from 1; 0 where it is none. */
  readonly line: number
  /** Operand from 1; 0 where it is none. */
  readonly operand: number
  /** What would be accepted there, in the manual's letters; or names that are near. */
  readonly accepted: readonly string[]
}

/** Thrown by {@link Assembler.finish} and `assemble`. */
export class AssemblerError extends Error implements AssemblerErrorDetails {
  override readonly name = 'AssemblerError'
  readonly code: AssemblerErrorCode
  readonly line: number
  readonly operand: number
  readonly accepted: readonly string[]

  constructor(code: AssemblerErrorCode, message: string, details: Partial<AssemblerErrorDetails> = {}) {
    const { line = 0, operand = 0, accepted = [] } = details
    super(
      `${line > 0 ? `line ${line}: ` : ''}${message}${accepted.length > 0 ? `; accepted: ${accepted.join(' | ')}` : ''}`,
    )
    this.code = code
    this.line = line
    this.operand = operand
    this.accepted = accepted
  }
}

/** Number of single-letter edits and exchanges of neighbours between two words (Damerau and Levenshtein). */
function distance(a: string, b: string): number {
  let before: number[] = []
  let row = Array.from({ length: b.length + 1 }, (_, n) => n)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const kept = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      const exchanged = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? (before[j - 2] ?? 99) + 1 : 99
      next.push(Math.min((next[j - 1] ?? 0) + 1, (row[j] ?? 0) + 1, kept, exchanged))
    }
    before = row
    row = next
  }
  return row[b.length] ?? 0
}

/** The known names nearest to a misspelled one, at most three. */
export function nearest(name: string, known: readonly string[]): string[] {
  const reach = Math.max(1, Math.floor(name.length / 3))
  return known
    .map((k) => [distance(name, k), k] as const)
    .filter(([d]) => d <= reach)
    .sort((a, b) => a[0] - b[0] || (a[1] < b[1] ? -1 : 1))
    .slice(0, 3)
    .map(([, k]) => k)
}
