import { type CpuState, FIELD, SEGMENT } from '@ringfold/arch'
import { Decoder, Instruction, Status } from '@ringfold/isa/decoder'
import { Formatter } from '@ringfold/isa/formatter'
import { isLongMode } from '@ringfold/rings'
import { codeBits } from '../code-fetch.ts'
import { hexOfBytes } from './rsp/hex.ts'

/** The longest instruction. Intel SDM vol. 2A, 2.3.11. */
export const MOST_INSTRUCTION_BYTES = 15

/** The size of code that a processor executes. */
export function codeBitsOf(state: CpuState): 16 | 32 | 64 {
  return codeBits(state.lo(FIELD.segAccess, SEGMENT.CS), isLongMode(state))
}

export interface CodeLine {
  readonly address: bigint
  readonly lengthBytes: number
  readonly text: string
  /** The instruction, if the bytes are one. */
  readonly instruction: Instruction | null
}

/** One instruction at the start of `bytes`, or the byte that is none. */
export function decodeCode(bytes: Uint8Array, address: bigint, bits: 16 | 32 | 64): CodeLine {
  const instruction = new Instruction()
  const status = new Decoder(bits).decode(instruction, bytes, 0)
  if (status !== Status.ok) {
    return { address, lengthBytes: 1, text: `(bad) ${hexOfBytes(bytes.subarray(0, 1))}`, instruction: null }
  }
  instruction.ipLo = Number(BigInt.asIntN(32, address))
  instruction.ipHi = Number(BigInt.asIntN(32, address >> 32n))
  return { address, lengthBytes: instruction.length, text: new Formatter().format(instruction), instruction }
}
