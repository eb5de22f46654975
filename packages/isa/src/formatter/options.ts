/** Options of the formatters. */

/** Gives a name to an address (halves as int32), or `undefined`. */
export type Symbolizer = (lo: number, hi: number) => string | undefined

export interface FormatterOptions {
  /** Intel as in the manuals, or AT&T in GNU's spelling. Default `intel`. */
  readonly syntax?: 'intel' | 'att'
  /**
   * `objdump` writes what GNU objdump 2.40 writes (`-d`, or `-d -M intel`), up to the padding after the mnemonic and the comment
   * behind RIP-relative operands. Options left out are then those of objdump.
   */
  readonly preset?: 'objdump'
  /** Intel: when a memory operand shows its size (`dword ptr`). `needed`: where no register operand is as wide. Default `needed`. */
  readonly memorySize?: 'needed' | 'always' | 'never'
  /** AT&T: when an integer mnemonic has a size suffix. `needed`: where no register tells it. Default `needed`. */
  readonly suffix?: 'needed' | 'always'
  /** Text between operands. Default `, ` for Intel, `,` for AT&T. */
  readonly separator?: string
  /** `0x1f`, or `1Fh` in the assemblers' old spelling (Intel only). Default `0x`. */
  readonly hex?: '0x' | 'h'
  /** Numbers below 10 in decimal: `[rax+8]`. Default false. */
  readonly smallDecimal?: boolean
  /** Sign-extended immediates with a minus sign: `add rax, -0x8`. Default false: `0xfffffffffffffff8`. */
  readonly signedImmediates?: boolean
  /** `offset`: `[rip+0x10]`; `target`: the address. Default `offset`. */
  readonly ripRelative?: 'offset' | 'target'
  /** Segment of every memory operand, also where it is the default. Default false. */
  readonly showSegment?: boolean
  /** Upper case for mnemonics, registers and keywords. Default false. */
  readonly uppercase?: boolean
  /** Columns that mnemonic and prefixes fill at least. Default 0. */
  readonly mnemonicWidth?: number
  /** Names for branch targets. */
  readonly symbolizer?: Symbolizer
}

/** Text of bytes that are no instruction, one byte at a time, as GNU objdump has it. */
export const BAD = '(bad)'

/** Text of an instruction whose length is known and whose row comes later. */
export const NOT_IN_TABLE = '(not in table)'

/** Text of an instruction of which bytes are missing. */
export const TRUNCATED = '(truncated)'
