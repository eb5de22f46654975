/**
 * The shape of a family of rows. The notation of the rows is described in NOTATION.md beside this file;
 * `scripts/parse.ts` reads it and expands every row into its forms.
 */

/** Popek-Goldberg class of an instruction that is sensitive (Popek and Goldberg, CACM 17(7), 1974; Robin and Irvine, USENIX Security 2000). */
export type SensitivityClass = 'privileged' | 'control' | 'behavior' | 'location'

/** Why a monitor has to care for an instruction. */
export interface Sensitivity {
  readonly class: SensitivityClass
  readonly why: string
}

/** A group of rows that share a page of the manual. Strings are in the notation of NOTATION.md. */
export interface Family {
  /** Heading of the manual's page. */
  readonly name: string
  /** One line for people: what it does. */
  readonly summary: string
  /** Where the manuals define it: `SDM 2A ADD; APM 3 ADD`. */
  readonly cite: string
  /** Class for summaries: the manual's grouping (SDM vol. 1 chapter 5). */
  readonly group: Group
  /** Where the manuals err, or AMD and Intel differ. */
  readonly note?: string
  /** Attributes of every row. */
  readonly attrs?: string
  readonly flags?: string
  readonly implicit?: string
  readonly priv?: string
  readonly vmx?: string
  readonly svm?: string
  readonly sensitive?: Sensitivity
  readonly rows: string
}

/** Instruction groups, after SDM vol. 1 chapter 5. */
export type Group =
  | 'data'
  | 'arithmetic'
  | 'decimal'
  | 'logical'
  | 'shift'
  | 'bit'
  | 'control'
  | 'string'
  | 'io'
  | 'stack'
  | 'flag'
  | 'segment'
  | 'misc'
  | 'random'
  | 'x87'
  | 'mmx'
  | 'sse'
  | 'sse2'
  | 'sse3'
  | 'ssse3'
  | 'sse4'
  | 'sse4a'
  | 'aes'
  | 'sha'
  | 'gfni'
  | 'avx'
  | 'avx2'
  | 'fma'
  | 'f16c'
  | 'bmi'
  | 'system'
  | 'xsave'
  | 'cet'
  | 'vmx'
  | 'svm'
  | 'later'

/** Identity, for type checking and editor help where a family is written. */
export const family = (f: Family): Family => f
