/** An instruction form as the generator sees it: one row of the table after expansion. Exists at build time only. */
import type { Family } from '../table/notation.ts'

export type Mode = 16 | 32 | 64
export const MODES: readonly Mode[] = [16, 32, 64]

/** Mandatory-prefix classes in the order of the `pp` selector: none, 66, F3, F2 (SDM vol. 2, 2.3.5, VEX.pp). */
export const PP = { NP: 0, '66': 1, F3: 2, F2: 3 } as const

/** How an operand is found; the letters are the OP/EN column, the words are operands that are not encoded. */
export type Place = 'R' | 'M' | 'V' | 'O' | 'I' | 'J' | 'D' | 'S' | 'fixed' | 'const' | 'si' | 'di' | 'memfixed'

export type RegClass =
  | 'r8'
  | 'r16'
  | 'r32'
  | 'r64'
  | 'sreg'
  | 'cr'
  | 'dr'
  | 'st'
  | 'mm'
  | 'xmm'
  | 'ymm'
  | 'zmm'
  | 'k'
  | 'tmm'
  | 'bnd'

export type Access = 'r' | 'w' | 'rw' | 'cw' | 'rcw' | 'n'

export interface OperandSpec {
  readonly place: Place
  /** As the row spells it, after expansion: `r/m32`. */
  readonly type: string
  readonly access: Access
  /** Register class, if a register can stand here. */
  readonly reg: RegClass | null
  /** Number of a fixed register, value of a constant, or base register of `memfixed`; else -1. */
  readonly fixed: number
  /** Memory can stand here. */
  readonly mem: boolean
  /** Bytes of the memory operand; 0 where it has no size. */
  readonly memBytes: number
  /** Index register class of a VSIB operand. */
  readonly vsib: 'xmm' | 'ymm' | null
  /** Encoded immediate: bytes, and to how many bits it is sign-extended (0: zero-extended). */
  readonly immBytes: number
  readonly immSignTo: number
}

/** What follows ModRM, SIB and displacement. */
export type ImmToken = 'ib' | 'iw' | 'id' | 'iq' | 'cb' | 'cw' | 'cd' | 'ap16' | 'ap32' | 'mo' | 'is4'

export interface Form {
  readonly family: Family
  /** The row as written, for messages. */
  readonly row: string
  readonly line: number
  name: string
  readonly mnemonic: string
  readonly space: 'legacy' | 'vex'
  readonly map: number
  readonly opcode: number
  /** `+r`: the row stands for eight opcodes. */
  readonly plusR: boolean
  readonly hasModrm: boolean
  /** Constraints on ModRM: null where free. `mod`: 0 memory, 1 register. */
  readonly mod: 0 | 1 | null
  readonly reg: number | null
  readonly rm: number | null
  /** Allowed `pp` classes; null where prefixes do not matter. */
  readonly pp: readonly number[] | null
  readonly w: 0 | 1 | null
  readonly l: 0 | 1 | null
  readonly operandSize: Mode | null
  /** The size letter that the row was expanded by. */
  readonly sizeKind: 'v' | 'z' | 'y' | null
  readonly addressSize: Mode | null
  readonly modes: readonly Mode[]
  readonly vendor: 'intel' | 'amd' | null
  /** 64-bit operand size by default, or forced, in 64-bit mode. */
  readonly size64: 'd64' | 'f64' | null
  readonly imms: readonly ImmToken[]
  readonly operands: readonly OperandSpec[]
  readonly attributes: ReadonlySet<string>
  readonly features: readonly string[]
  /** `key:value` attributes, the family's where the row has none. */
  readonly facts: Readonly<Record<string, string>>
  /** The encoding column, expanded: `o32 01 /r`. */
  readonly encoding: string
  /** Name of a later extension, or null. */
  readonly later: string | null
}
