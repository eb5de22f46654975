/** Where the processors of the vectors differ from the modelled one, by form, each with its reason. */
import { type MooTest, PREFIXES, REGISTERS } from './moo.ts'
import type { StepOutcome } from './subject.ts'

export interface StepExplanation {
  readonly processor: '8086' | '286'
  /** Names of files, without the ending. */
  readonly forms: RegExp
  readonly why: string
  /** Whether the reason applies: by the test, what came out, and in which places (`differences`) that is not what was expected. */
  readonly covers: (test: MooTest, outcome: StepOutcome, places: ReadonlySet<string>) => boolean
}

const at = (name: string): number => REGISTERS.indexOf(name)
const CX = at('cx')
const LOCK = 0xf0
const DE = 0
const SS_FAULT = 12
const GP = 13
/** The longest instruction of an 80286 (Intel 80286 Programmer's Reference, 8-5); the vectors' HLT comes behind. */
const LONGEST_286 = 10

const opcodeAt = ({ bytes }: MooTest): number => bytes.findIndex((byte) => !PREFIXES.has(byte))
const opcode = (test: MooTest): number => test.bytes[opcodeAt(test)] ?? 0
const reg = (test: MooTest): number => ((test.bytes[opcodeAt(test) + 1] ?? 0) >> 3) & 7
const isLocked = (test: MooTest): boolean => test.bytes.subarray(0, opcodeAt(test)).includes(LOCK)
const isRepeated = (test: MooTest): boolean => test.bytes.subarray(0, opcodeAt(test)).some((byte) => byte >= 0xf2)
const count = (test: MooTest): number =>
  (opcode(test) & 0xf0) === 0xd0 ? (test.initial.registers[CX] ?? 0) & 0xff : (test.bytes.at(-2) ?? 0)
const only = (places: ReadonlySet<string>, ...allowed: string[]): boolean =>
  [...places].every((p) => allowed.includes(p))
const onlyMemory = (places: ReadonlySet<string>): boolean => [...places].every((p) => p.startsWith('['))

const ALL = /./
const DIVISIONS = /^F[67]\.[67]$/

export const STEP_DIFFERENCES: readonly StepExplanation[] = [
  {
    processor: '286',
    forms: ALL,
    why: 'LOCK is allowed with every instruction; since the 80386 it raises #UD where it means nothing (SDM 2A LOCK, "Protected Mode Exceptions")',
    covers: (t) => isLocked(t),
  },
  {
    processor: '286',
    forms: ALL,
    why: 'instructions of more than 10 bytes raise #GP; now it is 15 (SDM 2A 2.3.11)',
    covers: (t) => t.exception?.vector === GP && t.bytes.length - 1 > LONGEST_286,
  },
  {
    processor: '286',
    forms: ALL,
    why: 'a word at offset FFFFH of SS raises interrupt 13 in real mode; now it is #SS (SDM 3B, chapter 22, "Exceptions and Interrupts in Real-Address Mode")',
    covers: (t, o) => t.exception?.vector === GP && o.vector === SS_FAULT,
  },
  {
    processor: '286',
    forms: /^(6D|6F|A5|A7|AB|AD|AF)$/,
    why: 'a word string instruction that faults at the end of a segment has moved its index and count; now faults leave all as it was (SDM 3A 7.5)',
    covers: (t, o, places) => t.exception?.vector === GP && o.vector === GP && only(places, 'si', 'di', 'cx'),
  },
  {
    processor: '286',
    forms: /^8[CE]$/,
    why: 'there are no FS and GS; since the 80386 there are (SDM 3B, chapter 24, "Architecture Compatibility")',
    covers: (t) => t.exception?.vector === 6 && (reg(t) === 4 || reg(t) === 5),
  },
  {
    processor: '286',
    forms: /^(C0|D2)\.5$/,
    why: 'OF is undefined after shifts by more than 1 (SDM 2B SAL/SAR/SHL/SHR)',
    covers: (t, _, places) => (count(t) & 31) !== 1 && only(places, 'flags'),
  },
  {
    processor: '286',
    forms: /^(F[67]\.[67]|D4)$/,
    why: 'the status flags are undefined after DIV and IDIV, those pushed by #DE included; so OF, AF and CF after AAM (SDM 2A DIV, IDIV, AAM)',
    covers: (t, o, places) => t.exception?.vector === DE && o.vector === DE && onlyMemory(places),
  },
  {
    processor: '8086',
    forms: /^(6[0-9A-F]|C[0189]|0F|F1)$/,
    why: 'opcodes that later processors define are other opcodes once more (Jcc, RET), POP CS, or LOCK (SDM 3B, chapter 24)',
    covers: () => true,
  },
  {
    processor: '8086',
    forms: /^(8C|8E|8F|C6|C7|FF\.7|F6\.1|F7\.1)$/,
    why: 'bits of ModRM.reg that select nothing are ignored; now they are #UD or select FS and GS (SDM 3B, chapter 24)',
    covers: (t) => ((opcode(t) & 0xfd) === 0x8c ? reg(t) >= 4 : reg(t) !== 0),
  },
  {
    processor: '8086',
    forms: /^D[0-3]\.6$/,
    why: 'D0 to D3 /6 are SETMO and SETMOC (no manual names them); since the 80186 they are SHL',
    covers: () => true,
  },
  {
    processor: '8086',
    forms: /^D[89A-F]$/,
    why: 'ESC without a coprocessor reads its operand and does nothing; the modelled processor has an x87 (SDM 3B, chapter 24)',
    covers: () => true,
  },
  {
    processor: '8086',
    forms: /^(54|FF\.6)$/,
    why: 'PUSH SP stores SP after the push (SDM 2B PUSH, IA-32 Architecture Compatibility)',
    covers: (t, _, places) => onlyMemory(places) && t.name.endsWith('push sp'),
  },
  {
    processor: '8086',
    forms: /^D[23]\./,
    why: 'the count of a shift is not masked to five bits (SDM 2B SAL/SAR/SHL/SHR)',
    covers: (t) => count(t) > 31,
  },
  {
    processor: '8086',
    forms: /^(9C|CC|CD|CE)$/,
    why: 'FLAGS is pushed with bits 15:12 set (SDM 3B, chapter 24, "Flags"); the vectors note no software interrupts',
    covers: (_, o, places) => [...places].every((p) => p === 'vector' || p.startsWith('[')) && o.vector !== GP,
  },
  {
    processor: '8086',
    forms: DIVISIONS,
    why: '#DE pushes the address behind the instruction (SDM 2A DIV; 3B, chapter 24, "Divide Error"), is not noted in the vectors, and leaves undefined flags; a quotient of 80H or 8000H is an error; REP before IDIV negates',
    covers: (t, o, places) =>
      o.vector === DE ? [...places].every((p) => p === 'vector' || p.startsWith('[')) : isRepeated(t) || isLeast(t, o),
  },
  {
    processor: '8086',
    forms: /^D4$/,
    why: 'AAM by 0: #DE pushes the address behind the instruction, with undefined flags, and is not noted in the vectors',
    covers: (_, o) => o.vector === DE,
  },
  {
    processor: '8086',
    forms: /^(27|2F|37|3F)$/,
    why: 'decimal adjustment of AL that is no packed or unpacked decimal: AH and AL are adjusted each by itself, and DAA and DAS look at AL after the first step (SDM 2A AAA, AAS, DAA, DAS describe the present ones)',
    covers: (_, __, places) => only(places, 'ax', 'flags'),
  },
  {
    processor: '8086',
    forms: ALL,
    why: 'a word at offset FFFFH wraps around its segment; now it is #GP or #SS (SDM 3B, chapter 24, "Segment Wraparound")',
    covers: (_, o) => o.vector === GP || o.vector === SS_FAULT,
  },
]

/** The quotient -128 or -32768, which the modelled processor allows. */
function isLeast(t: MooTest, o: StepOutcome): boolean {
  const ax = o.registers[0] ?? 0
  return reg(t) === 7 && ((opcode(t) & 1) === 0 ? (ax & 0xff) === 0x80 : ax === 0x8000)
}
