/** Where the processors of the vectors differ from the modelled one, by form. To be completed when an engine runs. */
import { type MooTest, REGISTERS } from './moo.ts'

export interface StepExplanation {
  readonly processor: '8086' | '286'
  /** Names of files, without the ending. */
  readonly forms: RegExp
  readonly why: string
  readonly covers: (test: MooTest) => boolean
}

const CX = REGISTERS.indexOf('cx')

export const STEP_DIFFERENCES: readonly StepExplanation[] = [
  {
    processor: '8086',
    forms: /^54$/,
    why: 'PUSH SP stores SP after the push (SDM 2B PUSH, IA-32 Architecture Compatibility)',
    covers: () => true,
  },
  {
    processor: '8086',
    forms: /^D[23]\./,
    why: 'the count of a shift is not masked to five bits (SDM 2B SAL/SAR/SHL/SHR)',
    covers: (t) => ((t.initial.registers[CX] ?? 0) & 255) > 31,
  },
]
