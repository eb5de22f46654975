/** What a formatter knows of a form before it sees an instruction: made once per form and formatter, on first use. */
import { FormBit } from '../decoder/form-bits.ts'
import { OperandPlace } from '../decoder/places.ts'
import { FORM_BITS } from '../generated/decode.ts'
import { FORM_NAMES } from '../generated/form-names.ts'
import { FORM_MNEMONIC, MNEMONICS } from '../generated/names.ts'
import {
  FORM_OPERANDS,
  OPERAND_COUNT,
  SPEC_FIXED,
  SPEC_IMM_BITS,
  SPEC_IMM_SIGNED,
  SPEC_MEM_BYTES,
  SPEC_PLACE,
  SPEC_REG,
} from '../generated/operands.ts'

export interface OperandPlan {
  readonly place: number
  /** Register class, 0 none. */
  readonly reg: number
  readonly fixed: number
  readonly memBytes: number
  readonly immBits: number
  readonly immSigned: boolean
  /** 32-bit register or narrower memory at ModRM.rm: `pinsrb xmm, r32/m8`. */
  readonly isMemory: boolean
}

export interface FormPlan {
  readonly form: number
  readonly name: string
  readonly mnemonic: string
  readonly operands: readonly OperandPlan[]
  /** Position of the operand that can be memory, -1 none. */
  readonly memory: number
  /** No register operand is as wide as the memory operand. */
  readonly sizeNeeded: boolean
  /** No register operand at all beside fixed ones: AT&T needs a suffix. */
  readonly suffixNeeded: boolean
  /** F3 and F2 are prefixes of their own: string instructions. */
  readonly repeats: 'none' | 'rep' | 'repcc'
  readonly hasModrm: boolean
}

/** The destination says nothing of the size of the source, even where they happen to be equal. */
const SOURCE_OF_ITS_OWN = /^(movsxd?|movzx|crc32|vcvtt?pd2(ps|dq)|vcvtneps2bf16)$/

const REGISTER_BYTES = [0, 1, 2, 4, 8, 2, 8, 8, 10, 8, 16, 32, 64, 8, 0, 16, 8]

function operandPlan(spec: number): OperandPlan {
  const place = SPEC_PLACE[spec] as number
  const memBytes = SPEC_MEM_BYTES[spec] as number
  return {
    place,
    reg: SPEC_REG[spec] as number,
    fixed: SPEC_FIXED[spec] as number,
    memBytes,
    immBits: SPEC_IMM_BITS[spec] as number,
    immSigned: SPEC_IMM_SIGNED[spec] === 1,
    isMemory:
      place >= OperandPlace.si ||
      place === OperandPlace.moffs ||
      (place === OperandPlace.rm && (memBytes > 0 || SPEC_REG[spec] === 0)),
  }
}

/** Everything that does not depend on the bytes of one instruction. */
export function formPlan(form: number): FormPlan {
  const operands = Array.from({ length: OPERAND_COUNT[form] as number }, (_, n) =>
    operandPlan(FORM_OPERANDS[form * 4 + n] as number),
  )
  const memory = operands.findIndex((o) => o.isMemory)
  const bytes = operands[memory]?.memBytes ?? 0
  // A shift count in CL, a port in DX or a segment register says nothing of the size of the memory operand.
  const telling = operands.filter(
    (o, n) =>
      n !== memory &&
      o.reg !== 0 &&
      o.reg !== 5 &&
      !(o.place === OperandPlace.fixed && (o.reg === 1 || o.reg === 2) && o.fixed === 1),
  )
  const bits = FORM_BITS[form] as number
  const mnemonic = MNEMONICS[FORM_MNEMONIC[form] as number] ?? ''
  return {
    form,
    name: FORM_NAMES[form] ?? '',
    mnemonic,
    operands,
    memory,
    sizeNeeded:
      memory >= 0 &&
      bytes > 0 &&
      (SOURCE_OF_ITS_OWN.test(mnemonic) || !telling.some((o) => REGISTER_BYTES[o.reg] === bytes)),
    suffixNeeded: memory >= 0 && telling.length === 0 && !operands.some((o) => o.reg === 5),
    repeats: bits & FormBit.rep ? 'rep' : bits & FormBit.repcc ? 'repcc' : 'none',
    hasModrm: (bits & FormBit.modrm) !== 0,
  }
}
