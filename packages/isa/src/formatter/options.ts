/** What a {@link Formatter} can be told, and the defaults of the two syntaxes. */

export type Syntax = 'intel' | 'att'

/** Which parts of the text stand in upper case. */
export interface UpperCase {
  readonly mnemonic?: boolean
  readonly prefixes?: boolean
  readonly registers?: boolean
  /** `DWORD PTR` (Intel). */
  readonly keywords?: boolean
  /** Digits of hexadecimal numbers. */
  readonly hex?: boolean
}

export interface FormatterOptions {
  /** Intel (SDM order, `mov rax, [rbx]`) or AT&T in the spelling of the GNU tools (`mov (%rbx),%rax`). Default `intel`. */
  readonly syntax?: Syntax
  /**
   * `objdump`: the text of GNU objdump 2.40 (`-d`, and `-d -M intel`). Gives the other options other defaults, prints redundant
   * prefixes if `format` gets the bytes, and uses GNU's spellings also in Intel syntax.
   */
  readonly preset?: 'objdump'
  /** Intel: `dword ptr` where no register gives the size, before every sized memory operand, or nowhere. Default `needed`. */
  readonly memorySize?: 'needed' | 'always' | 'never'
  /** AT&T: operand-size suffix only where no register gives the size, or wherever GNU as allows one. Default `needed`. */
  readonly suffix?: 'needed' | 'always'
  /** Everything, or only some parts, in upper case. Default none. */
  readonly uppercase?: boolean | UpperCase
  /** `0x1f`, or `1Fh` as MASM writes it (a leading 0 before a letter). Default `0x`. */
  readonly hex?: '0x' | 'h'
  /** 0 to 9 as a bare digit (`1` for `0x1`). Default: true in Intel syntax, false in AT&T. */
  readonly decimalDigits?: boolean
  /** One space after each comma between operands. Default: true in Intel syntax, false in AT&T. */
  readonly spaceAfterComma?: boolean
  /** Immediates that the processor sign-extends are written signed (`-0x8`). Default false: in the operand's width. */
  readonly signedImmediates?: boolean
  /** Displacements are written signed (`[rbp-0x8]`); else in the address width. Default true. */
  readonly signedDisplacements?: boolean
  /** A displacement of 0 that is encoded is written (`[rax+0x0]`). Default false. */
  readonly zeroDisplacement?: boolean
  /** AT&T: `%ds:(%rsi),%es:(%rdi)` of string instructions, as GNU writes them. Default true. */
  readonly showStringSegments?: boolean
  /** Scale 1 is written in Intel syntax (`[rax+rbx*1]`); AT&T syntax always has it. Default false. */
  readonly scaleOne?: boolean
  /** RIP-relative operands as `[rip+0x10]` or as the address that they mean (`[0x401010]`, `0x401010(%rip)`). Default `displacement`. */
  readonly ripRelative?: 'displacement' | 'target'
  /** Segment of memory operands: only overrides that count, or always (`ds:[rax]`). Default false. */
  readonly showSegment?: boolean
  /** Mnemonic and prefixes are padded with blanks to this many characters before the operands. Default 0. */
  readonly mnemonicWidth?: number
  /**
   * Name of an address (int32 halves), for branch targets and RIP-relative addresses: `call memcpy`, `[rip+0x10]` is
   * `[rip+name]` with `ripRelative: 'target'`. `undefined` where it has none.
   */
  readonly symbolizer?: (lo: number, hi: number) => string | undefined
}

/** All options decided. */
export interface Style {
  readonly syntax: Syntax
  readonly objdump: boolean
  readonly memorySize: 'needed' | 'always' | 'never'
  readonly suffix: 'needed' | 'always'
  readonly upper: Required<UpperCase>
  readonly hex: '0x' | 'h'
  readonly decimalDigits: boolean
  readonly comma: string
  readonly signedImmediates: boolean
  readonly signedDisplacements: boolean
  readonly zeroDisplacement: boolean
  readonly scaleOne: boolean
  readonly ripTarget: boolean
  readonly showSegment: boolean
  readonly showStringSegments: boolean
  readonly mnemonicWidth: number
  readonly symbolizer: ((lo: number, hi: number) => string | undefined) | null
}

const OBJDUMP: FormatterOptions = {
  memorySize: 'always',
  uppercase: { keywords: true },
  decimalDigits: false,
  spaceAfterComma: false,
  zeroDisplacement: true,
  scaleOne: true,
}

function upperCase(u: boolean | UpperCase | undefined): Required<UpperCase> {
  const all = u === true
  const none = { mnemonic: all, prefixes: all, registers: all, keywords: all, hex: all }
  return typeof u === 'object' ? { ...none, ...u } : none
}

/** Options with the defaults of syntax and preset filled in. */
export function styleOf(given: FormatterOptions): Style {
  const o: FormatterOptions = given.preset === 'objdump' ? { ...OBJDUMP, ...given } : given
  const syntax = o.syntax ?? 'intel'
  const intel = syntax === 'intel'
  return {
    syntax,
    objdump: o.preset === 'objdump',
    memorySize: o.memorySize ?? 'needed',
    suffix: o.suffix ?? 'needed',
    upper: upperCase(o.uppercase),
    hex: o.hex ?? '0x',
    decimalDigits: o.decimalDigits ?? intel,
    comma: (o.spaceAfterComma ?? intel) ? ', ' : ',',
    signedImmediates: o.signedImmediates ?? false,
    signedDisplacements: o.signedDisplacements ?? true,
    zeroDisplacement: o.zeroDisplacement ?? false,
    scaleOne: o.scaleOne ?? false,
    ripTarget: o.ripRelative === 'target',
    showSegment: o.showSegment ?? false,
    showStringSegments: o.showStringSegments ?? true,
    mnemonicWidth: o.mnemonicWidth ?? 0,
    symbolizer: o.symbolizer ?? null,
  }
}
