/**
 * General-purpose instructions, part one: data transfer, arithmetic, logic, shifts, bits, stack, and the general-register
 * extensions (BMI, ADX, RAO-INT, CMPccXADD). Part two, `general-2.ts`, has transfers of control, strings, I/O, flags and the rest.
 * Notation: NOTATION.md.
 */
import { type Family, family, type Sensitivity } from './notation.ts'

const hex = (n: number): string => n.toString(16).toUpperCase().padStart(2, '0')

/** Segment registers hold selectors of the real descriptor tables and, in CS and SS, the real CPL. */
const segmentRead: Sensitivity = {
  class: 'location',
  why: 'Robin-Irvine 3C (protection system reference): stores the selector as the processor holds it; in CS and SS its low two bits are the real CPL',
}
const segmentLoad: Sensitivity = {
  class: 'location',
  why: 'Robin-Irvine 3C (protection system reference): loads a descriptor of the real tables, checked against the real CPL',
}

interface AluOperation {
  readonly name: string
  readonly digit: number
  readonly group: 'arithmetic' | 'logical'
  readonly summary: string
  readonly flags: string
}

const sums = 'w=OSZAPC'
const logic = 'w=SZP 0=OC u=A'

const aluOperations: readonly AluOperation[] = [
  { name: 'ADD', digit: 0, group: 'arithmetic', summary: 'Adds the source to the destination', flags: sums },
  { name: 'OR', digit: 1, group: 'logical', summary: 'Bitwise inclusive OR into the destination', flags: logic },
  {
    name: 'ADC',
    digit: 2,
    group: 'arithmetic',
    summary: 'Adds the source and CF to the destination',
    flags: `r=C ${sums}`,
  },
  {
    name: 'SBB',
    digit: 3,
    group: 'arithmetic',
    summary: 'Subtracts the source and CF from the destination',
    flags: `r=C ${sums}`,
  },
  { name: 'AND', digit: 4, group: 'logical', summary: 'Bitwise AND into the destination', flags: logic },
  { name: 'SUB', digit: 5, group: 'arithmetic', summary: 'Subtracts the source from the destination', flags: sums },
  { name: 'XOR', digit: 6, group: 'logical', summary: 'Bitwise exclusive OR into the destination', flags: logic },
  {
    name: 'CMP',
    digit: 7,
    group: 'arithmetic',
    summary: 'Subtracts the second operand from the first and keeps only the flags',
    flags: sums,
  },
]

/** The eight operations of opcodes 00-3D, whose ModRM.reg in 80-83 is bits 5:3 of those opcodes. */
const aluFamily = ({ name, digit, group, summary, flags }: AluOperation): Family => {
  const op = (low: number): string => hex(digit * 8 + low)
  const rw = name === 'CMP' ? 'r' : 'rw'
  const lock = name === 'CMP' ? '' : 'lock'
  return family({
    name,
    summary,
    cite: `SDM ${name < 'M' ? '2A' : name === 'XOR' ? '2D' : '2B'} ${name}; APM 3 ${name}`,
    group,
    flags,
    note: '82 is 80 once more, and #UD in 64-bit mode.',
    rows: `
      ${op(0)} /r    | MR | ${name} r/m8:${rw}, r8     | ${lock}
      ${op(1)} /r    | MR | ${name} r/mv:${rw}, rv     | ${lock}
      ${op(2)} /r    | RM | ${name} r8:${rw}, r/m8     |
      ${op(3)} /r    | RM | ${name} rv:${rw}, r/mv     |
      ${op(4)} ib    | I  | ${name} AL:${rw}, imm8     |
      ${op(5)} iz    | I  | ${name} rAX:${rw}, immz    |
      80 /${digit} ib | MI | ${name} r/m8:${rw}, imm8   | ${lock}
      81 /${digit} iz | MI | ${name} r/mv:${rw}, immz   | ${lock}
      82 /${digit} ib | MI | ${name} r/m8:${rw}, imm8   | ${lock} i64 alias
      83 /${digit} ib | MI | ${name} r/mv:${rw}, imm8sx | ${lock}`,
  })
}

/** Shift and rotate group: C0, C1 by imm8, D0, D1 by one, D2, D3 by CL. */
interface ShiftOperation {
  readonly name: string
  readonly digits: readonly number[]
  readonly summary: string
  readonly page: string
  readonly reads: string
  /** Flags that a shift by one writes, and those among them that other counts leave undefined. */
  readonly one: string
  readonly many: string
}

const shiftOperations: readonly ShiftOperation[] = [
  {
    name: 'ROL',
    digits: [0],
    summary: 'Rotates left',
    page: 'RCL/RCR/ROL/ROR',
    reads: '',
    one: 'w=OC',
    many: 'c=OC u=O',
  },
  {
    name: 'ROR',
    digits: [1],
    summary: 'Rotates right',
    page: 'RCL/RCR/ROL/ROR',
    reads: '',
    one: 'w=OC',
    many: 'c=OC u=O',
  },
  {
    name: 'RCL',
    digits: [2],
    summary: 'Rotates left through CF',
    page: 'RCL/RCR/ROL/ROR',
    reads: 'r=C',
    one: 'w=OC',
    many: 'c=OC u=O',
  },
  {
    name: 'RCR',
    digits: [3],
    summary: 'Rotates right through CF',
    page: 'RCL/RCR/ROL/ROR',
    reads: 'r=C',
    one: 'w=OC',
    many: 'c=OC u=O',
  },
  {
    name: 'SHL',
    digits: [4, 6],
    summary: 'Shifts left (SAL is the same)',
    page: 'SAL/SAR/SHL/SHR',
    reads: '',
    one: 'w=OSZPC u=A',
    many: 'c=OSZAPC u=OA',
  },
  {
    name: 'SHR',
    digits: [5],
    summary: 'Shifts right, filling with zeros',
    page: 'SAL/SAR/SHL/SHR',
    reads: '',
    one: 'w=OSZPC u=A',
    many: 'c=OSZAPC u=OA',
  },
  {
    name: 'SAR',
    digits: [7],
    summary: 'Shifts right, filling with the sign',
    page: 'SAL/SAR/SHL/SHR',
    reads: '',
    one: 'w=OSZPC u=A',
    many: 'c=OSZAPC u=OA',
  },
]

const shiftRows = ({ name, reads, one, many }: ShiftOperation, digit: number): string => {
  const attribute = (flags: string): string => `flags:${`${reads} ${flags}`.trim().replaceAll(' ', ',')}`
  const more = digit === 6 ? ' alias undoc' : ''
  return `
      C0 /${digit} ib | MI | ${name} r/m8:rw, imm8 | ${attribute(many)}${more}
      C1 /${digit} ib | MI | ${name} r/mv:rw, imm8 | ${attribute(many)}${more}
      D0 /${digit}    | M  | ${name} r/m8:rw, 1    | ${attribute(one)}${more}
      D1 /${digit}    | M  | ${name} r/mv:rw, 1    | ${attribute(one)}${more}
      D2 /${digit}    | M  | ${name} r/m8:rw, CL   | ${attribute(many)}${more}
      D3 /${digit}    | M  | ${name} r/mv:rw, CL   | ${attribute(many)}${more}`
}

const shiftFamily = (operation: ShiftOperation): Family =>
  family({
    name: operation.name,
    summary: operation.summary,
    cite: `SDM 2B ${operation.page}; APM 3 ${operation.name}`,
    group: 'shift',
    note:
      'The count is masked to 5 bits (6 with a 64-bit operand). Count 0 changes no flag; OF is defined for count 1 only. The 8086 did not mask.' +
      (operation.name === 'SHL' ? ' /6 is not in the SDM; APM 3 lists it in appendix A as SHL.' : ''),
    rows: operation.digits.map((digit) => shiftRows(operation, digit)).join(''),
  })

/** Bit test group: 0F A3/AB/B3/BB with a register, 0F BA /4-/7 with an immediate bit number. */
const bitTests = [
  { name: 'BT', opcode: 'A3', digit: 4, access: 'r', lock: '', summary: 'Copies a bit to CF' },
  { name: 'BTS', opcode: 'AB', digit: 5, access: 'rw', lock: 'lock', summary: 'Copies a bit to CF and sets it' },
  { name: 'BTR', opcode: 'B3', digit: 6, access: 'rw', lock: 'lock', summary: 'Copies a bit to CF and clears it' },
  { name: 'BTC', opcode: 'BB', digit: 7, access: 'rw', lock: 'lock', summary: 'Copies a bit to CF and inverts it' },
].map(({ name, opcode, digit, access, lock, summary }) =>
  family({
    name,
    summary,
    cite: `SDM 2A ${name}; APM 3 ${name}`,
    group: 'bit',
    flags: 'w=C u=OSAP',
    note:
      'With a register bit number a memory operand is a bit string: the signed number, divided by the operand size, is added to the address. An immediate is taken modulo the operand size. ' +
      'ZF is unchanged (SDM); the APM calls it undefined.',
    rows: `
      0F ${opcode} /r    | MR | ${name} r/mv:${access}, rv   | ${lock}
      0F BA /${digit} ib | MI | ${name} r/mv:${access}, imm8 | ${lock}`,
  }),
)

const dataTransfer: readonly Family[] = [
  family({
    name: 'MOV',
    summary: 'Copies the source to the destination',
    cite: 'SDM 2B MOV; APM 3 MOV',
    group: 'data',
    note: 'C6 and C7 with another ModRM.reg than 0 are #UD, but for C6 F8 XABORT and C7 F8 XBEGIN. In A0-A3 the offset is as wide as the address size: 8 bytes in 64-bit mode.',
    rows: `
      88 /r    | MR | MOV r/m8:w, r8
      89 /r    | MR | MOV r/mv:w, rv
      8A /r    | RM | MOV r8:w, r/m8
      8B /r    | RM | MOV rv:w, r/mv
      A0 mo    | D  | MOV AL:w, moffs8
      A1 mo    | D  | MOV rAX:w, moffsv
      A2 mo    | D  | MOV moffs8:w, AL
      A3 mo    | D  | MOV moffsv:w, rAX
      B0+r ib  | OI | MOV r8:w, imm8
      B8+r iv  | OI | MOV rv:w, immv
      C6 /0 ib | MI | MOV r/m8:w, imm8
      C7 /0 iz | MI | MOV r/mv:w, immz`,
  }),
  family({
    name: 'MOV from Sreg',
    summary: 'Stores a segment selector',
    cite: 'SDM 2B MOV; APM 3 MOV',
    group: 'segment',
    sensitive: segmentRead,
    note: 'To memory always 16 bits. To a 32- or 64-bit register the selector is zero-extended (P6 and later; before, bits 31:16 were undefined). ModRM.reg 6 and 7 are #UD.',
    rows: `
      8C /r | MR | MOV rv/m16:w, Sreg`,
  }),
  family({
    name: 'MOV to Sreg',
    summary: 'Loads a segment register with a selector and its descriptor',
    cite: 'SDM 2B MOV; APM 3 MOV',
    group: 'segment',
    sensitive: segmentLoad,
    note:
      'Reads 16 bits in every form. ModRM.reg 1 (CS), 6 and 7 are #UD. Loading SS inhibits interrupts and some traps until after the next instruction. ' +
      'In protected mode the descriptor is read, checked (#GP, #NP, #SS) and marked accessed.',
    rows: `
      8E /r | RM | MOV Sreg:w, rv/m16`,
  }),
  family({
    name: 'MOVSX',
    summary: 'Copies with sign extension',
    cite: 'SDM 2B MOVSX/MOVSXD; APM 3 MOVSX',
    group: 'data',
    note: '0F BF with 16-bit operand size is a plain 16-bit copy; the SDM does not list it.',
    rows: `
      0F BE /r | RM | MOVSX rv:w, r/m8
      0F BF /r | RM | MOVSX rv:w, r/m16`,
  }),
  family({
    name: 'MOVSXD',
    summary: 'Copies a doubleword with sign extension to 64 bits',
    cite: 'SDM 2B MOVSX/MOVSXD; APM 3 MOVSXD',
    group: 'data',
    note: '63 in other modes is ARPL. Without REX.W nothing is extended (the SDM discourages it); with 66 Intel reads a 16-bit source.',
    rows: `
      o16 63 /r   | RM | MOVSXD r16:w, r/m16 | o64
      o32 63 /r   | RM | MOVSXD r32:w, r/m32 | o64
      REX.W 63 /r | RM | MOVSXD r64:w, r/m32 | o64`,
  }),
  family({
    name: 'MOVZX',
    summary: 'Copies with zero extension',
    cite: 'SDM 2B MOVZX; APM 3 MOVZX',
    group: 'data',
    note: '0F B7 with 16-bit operand size is a plain 16-bit copy; the SDM does not list it.',
    rows: `
      0F B6 /r | RM | MOVZX rv:w, r/m8
      0F B7 /r | RM | MOVZX rv:w, r/m16`,
  }),
  family({
    name: 'MOVBE',
    summary: 'Copies with the bytes reversed',
    cite: 'SDM 2B MOVBE; APM 3 MOVBE',
    group: 'data',
    attrs: 'MOVBE',
    note: 'F2 makes it CRC32; F3 is #UD.',
    rows: `
      NFx 0F 38 F0 /r | RM | MOVBE rv:w, mv
      NFx 0F 38 F1 /r | MR | MOVBE mv:w, rv`,
  }),
  family({
    name: 'LEA',
    summary: 'Computes an effective address without touching memory',
    cite: 'SDM 2A LEA; APM 3 LEA',
    group: 'misc',
    note: 'The address is computed with the address size, then truncated or zero-extended to the operand size. Segment overrides are ignored.',
    rows: `
      8D /r | RM | LEA rv:w, m:n`,
  }),
  family({
    name: 'XCHG',
    summary: 'Exchanges two operands',
    cite: 'SDM 2D XCHG; APM 3 XCHG',
    group: 'data',
    note: 'With a memory operand always locked, prefix or not. 90 is NOP unless REX.B makes it XCHG of R8; EAX with itself (90) does not clear bits 63:32.',
    rows: `
      86 /r | MR | XCHG r/m8:rw, r8:rw | lock
      87 /r | MR | XCHG r/mv:rw, rv:rw | lock
      90+r  | O  | XCHG rv:rw, rAX:rw  |`,
  }),
  family({
    name: 'BSWAP',
    summary: 'Reverses the bytes of a register',
    cite: 'SDM 2A BSWAP; APM 3 BSWAP',
    group: 'data',
    note: 'With 16-bit operand size the result is undefined; processors clear the 16 bits.',
    rows: `
      o16 0F C8+r   | O | BSWAP r16:rw | undoc
      o32 0F C8+r   | O | BSWAP r32:rw
      REX.W 0F C8+r | O | BSWAP r64:rw`,
  }),
  family({
    name: 'XADD',
    summary: 'Exchanges and adds',
    cite: 'SDM 2D XADD; APM 3 XADD',
    group: 'data',
    flags: sums,
    rows: `
      0F C0 /r | MR | XADD r/m8:rw, r8:rw | lock
      0F C1 /r | MR | XADD r/mv:rw, rv:rw | lock`,
  }),
  family({
    name: 'CMPXCHG',
    summary: 'Compares the accumulator with the destination; if equal stores the source, else loads the accumulator',
    cite: 'SDM 2A CMPXCHG; APM 3 CMPXCHG',
    group: 'data',
    flags: sums,
    note: 'A memory destination is written in both cases (with its old value if unequal), so that a read-only page faults.',
    rows: `
      0F B0 /r | MR | CMPXCHG r/m8:rcw, r8 | lock imp:AL:rcw
      0F B1 /r | MR | CMPXCHG r/mv:rcw, rv | lock imp:rAX:rcw`,
  }),
  family({
    name: 'CMPXCHG8B/CMPXCHG16B',
    summary: 'Compares a register pair with memory; if equal stores another pair, else loads the first',
    cite: 'SDM 2A CMPXCHG8B/CMPXCHG16B; APM 3 CMPXCHG8B',
    group: 'data',
    flags: 'w=Z',
    note: 'Memory is written in both cases. CMPXCHG16B: #GP if not aligned to 16 bytes.',
    rows: `
      NOREX.W 0F C7 /1 | M | CMPXCHG8B m64:rcw   | lock CX8 imp:EAX:rcw,EDX:rcw,EBX:r,ECX:r
      REX.W 0F C7 /1   | M | CMPXCHG16B m128:rcw | lock CMPXCHG16B imp:RAX:rcw,RDX:rcw,RBX:r,RCX:r`,
  }),
  family({
    name: 'MOVNTI',
    summary: 'Stores a register past the caches',
    cite: 'SDM 2B MOVNTI; APM 3 MOVNTI',
    group: 'data',
    attrs: 'SSE2',
    rows: `
      NP 0F C3 /r | MR | MOVNTI my:w, ry`,
  }),
  family({
    name: 'MOVDIRI',
    summary: 'Stores a register as one direct store',
    cite: 'SDM 2B MOVDIRI',
    group: 'data',
    attrs: 'MOVDIRI',
    rows: `
      NP 0F 38 F9 /r | MR | MOVDIRI my:w, ry`,
  }),
  family({
    name: 'MOVDIR64B',
    summary: 'Copies 64 bytes from memory to ES:register as one direct store',
    cite: 'SDM 2B MOVDIR64B',
    group: 'data',
    attrs: 'MOVDIR64B',
    implicit: '[ES.reg]:w',
    note: 'The register, as wide as the address size, holds the destination offset; its segment is ES, without override. #GP if the destination is not aligned to 64 bytes.',
    rows: `
      a16 66 0F 38 F8 /r | RM | MOVDIR64B r16, m64byte | i64
      a32 66 0F 38 F8 /r | RM | MOVDIR64B r32, m64byte |
      a64 66 0F 38 F8 /r | RM | MOVDIR64B r64, m64byte | o64`,
  }),
  family({
    name: 'ENQCMD',
    summary: 'Enqueues a 64-byte command with the PASID of IA32_PASID to a device register at ES:register',
    cite: 'SDM 2A ENQCMD',
    group: 'data',
    attrs: 'ENQCMD',
    flags: 'w=Z 0=OSAPC',
    implicit: 'MSR:r [ES.reg]:w',
    vmx: 'ENQCMD_PASID_translation_failure/PASID_translation',
    rows: `
      a16 F2 0F 38 F8 /r | RM | ENQCMD r16, m64byte | i64
      a32 F2 0F 38 F8 /r | RM | ENQCMD r32, m64byte |
      a64 F2 0F 38 F8 /r | RM | ENQCMD r64, m64byte | o64`,
  }),
  family({
    name: 'ENQCMDS',
    summary: 'Enqueues a 64-byte command with its own PASID to a device register at ES:register',
    cite: 'SDM 2A ENQCMDS',
    group: 'data',
    attrs: 'ENQCMD',
    flags: 'w=Z 0=OSAPC',
    priv: 'cpl0',
    implicit: '[ES.reg]:w',
    vmx: 'ENQCMDS_PASID_translation_failure/PASID_translation',
    sensitive: { class: 'privileged', why: 'names an address space (PASID) of its own choice to a device' },
    rows: `
      a16 F3 0F 38 F8 /r | RM | ENQCMDS r16, m64byte | i64
      a32 F3 0F 38 F8 /r | RM | ENQCMDS r32, m64byte |
      a64 F3 0F 38 F8 /r | RM | ENQCMDS r64, m64byte | o64`,
  }),
  family({
    name: 'CBW/CWDE/CDQE',
    summary: 'Sign-extends the lower half of the accumulator into the whole',
    cite: 'SDM 2A CBW/CWDE/CDQE; APM 3 CBW',
    group: 'data',
    rows: `
      o16 98 | ZO | CBW  | imp:AL:r,AX:w
      o32 98 | ZO | CWDE | imp:AX:r,EAX:w
      o64 98 | ZO | CDQE | imp:EAX:r,RAX:w`,
  }),
  family({
    name: 'CWD/CDQ/CQO',
    summary: 'Fills rDX with the sign of the accumulator',
    cite: 'SDM 2A CWD/CDQ/CQO; APM 3 CWD',
    group: 'data',
    rows: `
      o16 99 | ZO | CWD | imp:AX:r,DX:w
      o32 99 | ZO | CDQ | imp:EAX:r,EDX:w
      o64 99 | ZO | CQO | imp:RAX:r,RDX:w`,
  }),
  family({
    name: 'XLATB',
    summary: 'Loads AL from a table at rBX, indexed by AL',
    cite: 'SDM 2D XLAT/XLATB; APM 3 XLAT',
    group: 'misc',
    implicit: 'AL:rw aBX:r',
    rows: `
      D7 | ZO | XLATB m8@rBX`,
  }),
]

const arithmetic: readonly Family[] = [
  family({
    name: 'INC',
    summary: 'Adds one, keeping CF',
    cite: 'SDM 2A INC; APM 3 INC',
    group: 'arithmetic',
    flags: 'w=OSZAP',
    note: '40-47 are REX prefixes in 64-bit mode.',
    rows: `
      FE /0 | M | INC r/m8:rw | lock
      FF /0 | M | INC r/mv:rw | lock
      40+r  | O | INC rv:rw   | i64`,
  }),
  family({
    name: 'DEC',
    summary: 'Subtracts one, keeping CF',
    cite: 'SDM 2A DEC; APM 3 DEC',
    group: 'arithmetic',
    flags: 'w=OSZAP',
    note: '48-4F are REX prefixes in 64-bit mode.',
    rows: `
      FE /1 | M | DEC r/m8:rw | lock
      FF /1 | M | DEC r/mv:rw | lock
      48+r  | O | DEC rv:rw   | i64`,
  }),
  family({
    name: 'NEG',
    summary: "Two's complement negation",
    cite: 'SDM 2B NEG; APM 3 NEG',
    group: 'arithmetic',
    flags: sums,
    rows: `
      F6 /3 | M | NEG r/m8:rw | lock
      F7 /3 | M | NEG r/mv:rw | lock`,
  }),
  family({
    name: 'NOT',
    summary: 'Inverts every bit',
    cite: 'SDM 2B NOT; APM 3 NOT',
    group: 'logical',
    rows: `
      F6 /2 | M | NOT r/m8:rw | lock
      F7 /2 | M | NOT r/mv:rw | lock`,
  }),
  family({
    name: 'MUL',
    summary: 'Multiplies the accumulator, unsigned, into twice its width',
    cite: 'SDM 2B MUL; APM 3 MUL',
    group: 'arithmetic',
    flags: 'w=OC u=SZAP',
    rows: `
      F6 /4 | M | MUL r/m8 | imp:AL:r,AX:w
      F7 /4 | M | MUL r/mv | imp:rAX:rw,rDX:w`,
  }),
  family({
    name: 'IMUL',
    summary: 'Multiplies, signed',
    cite: 'SDM 2A IMUL; APM 3 IMUL',
    group: 'arithmetic',
    flags: 'w=OC u=SZAP',
    rows: `
      F6 /5    | M   | IMUL r/m8               | imp:AL:r,AX:w
      F7 /5    | M   | IMUL r/mv               | imp:rAX:rw,rDX:w
      0F AF /r | RM  | IMUL rv:rw, r/mv        |
      69 /r iz | RMI | IMUL rv:w, r/mv, immz   |
      6B /r ib | RMI | IMUL rv:w, r/mv, imm8sx |`,
  }),
  family({
    name: 'DIV',
    summary: 'Divides the double-width accumulator, unsigned',
    cite: 'SDM 2A DIV; APM 3 DIV',
    group: 'arithmetic',
    flags: 'u=OSZAPC',
    note: '#DE if the divisor is 0 or the quotient does not fit.',
    rows: `
      F6 /6 | M | DIV r/m8 | imp:AX:rw
      F7 /6 | M | DIV r/mv | imp:rAX:rw,rDX:rw`,
  }),
  family({
    name: 'IDIV',
    summary: 'Divides the double-width accumulator, signed',
    cite: 'SDM 2A IDIV; APM 3 IDIV',
    group: 'arithmetic',
    flags: 'u=OSZAPC',
    note: '#DE if the divisor is 0 or the quotient does not fit.',
    rows: `
      F6 /7 | M | IDIV r/m8 | imp:AX:rw
      F7 /7 | M | IDIV r/mv | imp:rAX:rw,rDX:rw`,
  }),
  family({
    name: 'ADCX',
    summary: 'Adds with carry in CF alone',
    cite: 'SDM 2A ADCX; APM 3 ADCX',
    group: 'arithmetic',
    attrs: 'ADX',
    flags: 'r=C w=C',
    rows: `
      66 0F 38 F6 /r | RM | ADCX ry:rw, r/my`,
  }),
  family({
    name: 'ADOX',
    summary: 'Adds with carry in OF alone',
    cite: 'SDM 2A ADOX; APM 3 ADOX',
    group: 'arithmetic',
    attrs: 'ADX',
    flags: 'r=O w=O',
    rows: `
      F3 0F 38 F6 /r | RM | ADOX ry:rw, r/my`,
  }),
  family({
    name: 'CRC32',
    summary: 'Accumulates a CRC-32C checksum',
    cite: 'SDM 2A CRC32; APM 3 CRC32',
    group: 'misc',
    attrs: 'SSE4_2',
    note: 'With REX.W bits 63:32 of the destination become 0.',
    rows: `
      F2 0F 38 F0 /r       | RM | CRC32 ry:rw, r/m8
      o16 F2 0F 38 F1 /r   | RM | CRC32 r32:rw, r/m16
      o32 F2 0F 38 F1 /r   | RM | CRC32 r32:rw, r/m32
      F2 REX.W 0F 38 F1 /r | RM | CRC32 r64:rw, r/m64`,
  }),
  family({
    name: 'AAA',
    summary: 'ASCII adjust after addition',
    cite: 'SDM 2A AAA; APM 3 AAA',
    group: 'decimal',
    attrs: 'i64',
    flags: 'r=A w=AC u=OSZP',
    implicit: 'AX:rw',
    rows: `
      37 | ZO | AAA`,
  }),
  family({
    name: 'AAS',
    summary: 'ASCII adjust after subtraction',
    cite: 'SDM 2A AAS; APM 3 AAS',
    group: 'decimal',
    attrs: 'i64',
    flags: 'r=A w=AC u=OSZP',
    implicit: 'AX:rw',
    rows: `
      3F | ZO | AAS`,
  }),
  family({
    name: 'AAM',
    summary: 'ASCII adjust after multiplication: AH, AL := AL divided by imm8, remainder',
    cite: 'SDM 2A AAM; APM 3 AAM',
    group: 'decimal',
    attrs: 'i64',
    flags: 'w=SZP u=OAC',
    implicit: 'AL:rw AH:w',
    note: '#DE if the immediate is 0.',
    rows: `
      D4 ib | I | AAM imm8`,
  }),
  family({
    name: 'AAD',
    summary: 'ASCII adjust before division: AL := AL + AH * imm8, AH := 0',
    cite: 'SDM 2A AAD; APM 3 AAD',
    group: 'decimal',
    attrs: 'i64',
    flags: 'w=SZP u=OAC',
    implicit: 'AX:rw',
    rows: `
      D5 ib | I | AAD imm8`,
  }),
  family({
    name: 'DAA',
    summary: 'Decimal adjust after addition',
    cite: 'SDM 2A DAA; APM 3 DAA',
    group: 'decimal',
    attrs: 'i64',
    flags: 'r=AC w=SZAPC u=O',
    implicit: 'AL:rw',
    rows: `
      27 | ZO | DAA`,
  }),
  family({
    name: 'DAS',
    summary: 'Decimal adjust after subtraction',
    cite: 'SDM 2A DAS; APM 3 DAS',
    group: 'decimal',
    attrs: 'i64',
    flags: 'r=AC w=SZAPC u=O',
    implicit: 'AL:rw',
    rows: `
      2F | ZO | DAS`,
  }),
]

/** Remote atomic operations, one page each: the prefix chooses the operation. */
const remoteAtomics = [
  { name: 'AADD', prefix: 'NP', summary: 'Adds' },
  { name: 'AAND', prefix: '66', summary: 'ANDs' },
  { name: 'AOR', prefix: 'F2', summary: 'ORs' },
  { name: 'AXOR', prefix: 'F3', summary: 'XORs' },
].map(({ name, prefix, summary }) =>
  family({
    name,
    summary: `${summary} a register into memory atomically, weakly ordered`,
    cite: `SDM 2A ${name}`,
    group: 'arithmetic',
    attrs: 'RAO_INT',
    note: '#GP if memory is not naturally aligned, or not write-back.',
    rows: `
      ${prefix} 0F 38 FC /r | MR | ${name} my:rw, ry`,
  }),
)

/** CMPccXADD, VEX.0F38 E0-EF: the low four opcode bits are the condition. Spelled as the SDM spells them. */
const compareAdd = ['O', 'NO', 'B', 'NB', 'Z', 'NZ', 'BE', 'NBE', 'S', 'NS', 'P', 'NP', 'L', 'NL', 'LE', 'NLE'].map(
  (condition, code) =>
    family({
      name: `CMP${condition}XADD`,
      summary: `Compares memory with a register and, on condition ${condition}, adds another register to memory, atomically`,
      cite: 'SDM 2A CMPccXADD',
      group: 'arithmetic',
      attrs: 'o64 CMPCCXADD',
      flags: sums,
      note: 'Memory is written in both cases (with its old value if the condition fails), and the second operand always receives the old value. Flags as of CMP memory, second operand. #GP if not naturally aligned.',
      rows: `
      VEX.128.66.0F38.Wy ${hex(0xe0 + code)} /r | MRV | CMP${condition}XADD my:rw, ry:rw, ry`,
    }),
)

const bits: readonly Family[] = [
  family({
    name: 'TEST',
    summary: 'ANDs two operands and keeps only the flags',
    cite: 'SDM 2B TEST; APM 3 TEST',
    group: 'bit',
    flags: logic,
    note: 'F6 /1 and F7 /1 are not in the SDM; APM 3 lists them in appendix A.',
    rows: `
      84 /r    | MR | TEST r/m8, r8
      85 /r    | MR | TEST r/mv, rv
      A8 ib    | I  | TEST AL, imm8
      A9 iz    | I  | TEST rAX, immz
      F6 /0 ib | MI | TEST r/m8, imm8
      F7 /0 iz | MI | TEST r/mv, immz
      F6 /1 ib | MI | TEST r/m8, imm8 | alias undoc
      F7 /1 iz | MI | TEST r/mv, immz | alias undoc`,
  }),
  ...['SHLD', 'SHRD'].map((name, i) =>
    family({
      name,
      summary: `Shifts ${i === 0 ? 'left' : 'right'}, filling from another register`,
      cite: `SDM 2B ${name}; APM 3 ${name}`,
      group: 'shift',
      flags: 'c=OSZAPC u=OA',
      note: 'The count is masked as for SHL; count 0 changes nothing. With a 16-bit operand and a count above 16 result and flags are undefined.',
      rows: `
      0F ${hex(0xa4 + 8 * i)} /r ib | MRI | ${name} r/mv:rw, rv, imm8
      0F ${hex(0xa5 + 8 * i)} /r    | MR  | ${name} r/mv:rw, rv, CL`,
    }),
  ),
  ...bitTests,
  family({
    name: 'BSF',
    summary: 'Finds the lowest bit that is set',
    cite: 'SDM 2A BSF; APM 3 BSF',
    group: 'bit',
    flags: 'w=Z u=OSAPC',
    note:
      'Source 0: the destination is unchanged (APM; older editions of the SDM call it undefined, newer ones unchanged, but for bits 63:32, which some processors clear with 32-bit operands). ' +
      'With F3 it is TZCNT where BMI1 exists.',
    rows: `
      0F BC /r | RM | BSF rv:cw, r/mv`,
  }),
  family({
    name: 'BSR',
    summary: 'Finds the highest bit that is set',
    cite: 'SDM 2A BSR; APM 3 BSR',
    group: 'bit',
    flags: 'w=Z u=OSAPC',
    note: 'Source 0: as BSF. With F3 it is LZCNT where LZCNT exists, whose result differs.',
    rows: `
      0F BD /r | RM | BSR rv:cw, r/mv`,
  }),
  family({
    name: 'TZCNT',
    summary: 'Counts trailing zeros',
    cite: 'SDM 2B TZCNT; APM 3 TZCNT',
    group: 'bmi',
    attrs: 'BMI1',
    flags: 'w=ZC u=OSAP',
    note: 'Without BMI1 F3 is ignored and this is BSF.',
    rows: `
      F3 0F BC /r | RM | TZCNT rv:w, r/mv`,
  }),
  family({
    name: 'LZCNT',
    summary: 'Counts leading zeros',
    cite: 'SDM 2A LZCNT; APM 3 LZCNT',
    group: 'bmi',
    attrs: 'LZCNT',
    flags: 'w=ZC u=OSAP',
    note: 'Without LZCNT (AMD: ABM) F3 is ignored and this is BSR.',
    rows: `
      F3 0F BD /r | RM | LZCNT rv:w, r/mv`,
  }),
  family({
    name: 'POPCNT',
    summary: 'Counts the bits that are set',
    cite: 'SDM 2B POPCNT; APM 3 POPCNT',
    group: 'bit',
    attrs: 'POPCNT',
    flags: 'w=Z 0=OSAPC',
    rows: `
      F3 0F B8 /r | RM | POPCNT rv:w, r/mv`,
  }),
  family({
    name: 'ANDN',
    summary: 'ANDs the inverted first source with the second',
    cite: 'SDM 2A ANDN; APM 3 ANDN',
    group: 'bmi',
    attrs: 'pm BMI1',
    flags: 'w=SZ 0=OC u=AP',
    rows: `
      VEX.LZ.NP.0F38.Wy F2 /r | RVM | ANDN ry:w, ry, r/my`,
  }),
  family({
    name: 'BEXTR',
    summary: 'Extracts a bit field given by start and length',
    cite: 'SDM 2A BEXTR; APM 3 BEXTR (register form)',
    group: 'bmi',
    attrs: 'pm BMI1',
    flags: 'w=Z 0=OC u=SAP',
    rows: `
      VEX.LZ.NP.0F38.Wy F7 /r | RMV | BEXTR ry:w, r/my, ry`,
  }),
  family({
    name: 'BLSI',
    summary: 'Isolates the lowest bit that is set',
    cite: 'SDM 2A BLSI; APM 3 BLSI',
    group: 'bmi',
    attrs: 'pm BMI1',
    flags: 'w=SZC 0=O u=AP',
    rows: `
      VEX.LZ.NP.0F38.Wy F3 /3 | VM | BLSI ry:w, r/my`,
  }),
  family({
    name: 'BLSMSK',
    summary: 'Masks up to and including the lowest bit that is set',
    cite: 'SDM 2A BLSMSK; APM 3 BLSMSK',
    group: 'bmi',
    attrs: 'pm BMI1',
    flags: 'w=SC 0=OZ u=AP',
    rows: `
      VEX.LZ.NP.0F38.Wy F3 /2 | VM | BLSMSK ry:w, r/my`,
  }),
  family({
    name: 'BLSR',
    summary: 'Clears the lowest bit that is set',
    cite: 'SDM 2A BLSR; APM 3 BLSR',
    group: 'bmi',
    attrs: 'pm BMI1',
    flags: 'w=SZC 0=O u=AP',
    rows: `
      VEX.LZ.NP.0F38.Wy F3 /1 | VM | BLSR ry:w, r/my`,
  }),
  family({
    name: 'BZHI',
    summary: 'Clears the bits from an index upward',
    cite: 'SDM 2A BZHI; APM 3 BZHI',
    group: 'bmi',
    attrs: 'pm BMI2',
    flags: 'w=SZC 0=O u=AP',
    rows: `
      VEX.LZ.NP.0F38.Wy F5 /r | RMV | BZHI ry:w, r/my, ry`,
  }),
  family({
    name: 'MULX',
    summary: 'Multiplies rDX, unsigned, into two registers without touching flags',
    cite: 'SDM 2B MULX; APM 3 MULX',
    group: 'bmi',
    attrs: 'pm BMI2',
    implicit: 'rDX:r',
    note: 'First operand: upper half; second: lower half. If they are the same register it holds the upper half.',
    rows: `
      VEX.LZ.F2.0F38.Wy F6 /r | RVM | MULX ry:w, ry:w, r/my`,
  }),
  family({
    name: 'PDEP',
    summary: 'Deposits the low bits of a source at the set bits of a mask',
    cite: 'SDM 2B PDEP; APM 3 PDEP',
    group: 'bmi',
    attrs: 'pm BMI2',
    rows: `
      VEX.LZ.F2.0F38.Wy F5 /r | RVM | PDEP ry:w, ry, r/my`,
  }),
  family({
    name: 'PEXT',
    summary: 'Extracts the bits of a source at the set bits of a mask to the low bits',
    cite: 'SDM 2B PEXT; APM 3 PEXT',
    group: 'bmi',
    attrs: 'pm BMI2',
    rows: `
      VEX.LZ.F3.0F38.Wy F5 /r | RVM | PEXT ry:w, ry, r/my`,
  }),
  family({
    name: 'RORX',
    summary: 'Rotates right by an immediate without touching flags',
    cite: 'SDM 2B RORX; APM 3 RORX',
    group: 'bmi',
    attrs: 'pm BMI2',
    rows: `
      VEX.LZ.F2.0F3A.Wy F0 /r ib | RMI | RORX ry:w, r/my, imm8`,
  }),
  family({
    name: 'SARX/SHLX/SHRX',
    summary: 'Shifts by a register without touching flags',
    cite: 'SDM 2B SARX/SHLX/SHRX; APM 3 SARX, SHLX, SHRX',
    group: 'bmi',
    attrs: 'pm BMI2',
    rows: `
      VEX.LZ.F3.0F38.Wy F7 /r | RMV | SARX ry:w, r/my, ry
      VEX.LZ.66.0F38.Wy F7 /r | RMV | SHLX ry:w, r/my, ry
      VEX.LZ.F2.0F38.Wy F7 /r | RMV | SHRX ry:w, r/my, ry`,
  }),
]

const pushed = 'rSP:rw [rSP]:w'
const popped = 'rSP:rw [rSP]:r'

const stack: readonly Family[] = [
  family({
    name: 'PUSH',
    summary: 'Pushes an operand on the stack',
    cite: 'SDM 2B PUSH; APM 3 PUSH',
    group: 'stack',
    attrs: 'd64',
    implicit: pushed,
    note: 'PUSH rSP pushes the value from before (the 8086 pushed the one after). A memory operand addressed by rSP uses the value before the decrement.',
    rows: `
      50+r  | O | PUSH rv
      FF /6 | M | PUSH r/mv
      6A ib | I | PUSH imm8sx
      68 iz | I | PUSH immz`,
  }),
  family({
    name: 'PUSH Sreg',
    summary: 'Pushes a segment selector',
    cite: 'SDM 2B PUSH; APM 3 PUSH',
    group: 'segment',
    implicit: pushed,
    sensitive: segmentRead,
    note: 'With 32- or 64-bit operand size the slot is that wide; processors write zeros above the selector or, as recent Intel ones, leave those bytes as they were.',
    rows: `
      0E    | ZO | PUSH CS | i64
      16    | ZO | PUSH SS | i64
      1E    | ZO | PUSH DS | i64
      06    | ZO | PUSH ES | i64
      0F A0 | ZO | PUSH FS | d64
      0F A8 | ZO | PUSH GS | d64`,
  }),
  family({
    name: 'POP',
    summary: 'Pops the top of the stack into an operand',
    cite: 'SDM 2B POP; APM 3 POP',
    group: 'stack',
    attrs: 'd64',
    implicit: popped,
    note: 'A memory operand addressed by rSP uses the value after the increment. 8F with ModRM.reg other than 0 is #UD or, on AMD, an XOP prefix.',
    rows: `
      58+r  | O | POP rv:w
      8F /0 | M | POP r/mv:w`,
  }),
  family({
    name: 'POP Sreg',
    summary: 'Pops a selector into a segment register and loads its descriptor',
    cite: 'SDM 2B POP; APM 3 POP',
    group: 'segment',
    implicit: popped,
    sensitive: segmentLoad,
    note: 'There is no POP CS (0F is an escape; on the 8086 it was POP CS). POP SS inhibits interrupts and some traps until after the next instruction.',
    rows: `
      17    | ZO | POP SS:w | i64
      1F    | ZO | POP DS:w | i64
      07    | ZO | POP ES:w | i64
      0F A1 | ZO | POP FS:w | d64
      0F A9 | ZO | POP GS:w | d64`,
  }),
  family({
    name: 'PUSHA/PUSHAD',
    summary: 'Pushes the eight general registers',
    cite: 'SDM 2B PUSHA/PUSHAD; APM 3 PUSHA',
    group: 'stack',
    attrs: 'i64',
    note: 'Order AX, CX, DX, BX, SP (the value from before), BP, SI, DI.',
    rows: `
      o16 60 | ZO | PUSHA  | imp:AX:r,CX:r,DX:r,BX:r,BP:r,SI:r,DI:r,rSP:rw,[rSP*8]:w
      o32 60 | ZO | PUSHAD | imp:EAX:r,ECX:r,EDX:r,EBX:r,EBP:r,ESI:r,EDI:r,rSP:rw,[rSP*8]:w`,
  }),
  family({
    name: 'POPA/POPAD',
    summary: 'Pops the general registers, skipping SP',
    cite: 'SDM 2B POPA/POPAD; APM 3 POPA',
    group: 'stack',
    attrs: 'i64',
    rows: `
      o16 61 | ZO | POPA  | imp:AX:w,CX:w,DX:w,BX:w,BP:w,SI:w,DI:w,rSP:rw,[rSP*8]:r
      o32 61 | ZO | POPAD | imp:EAX:w,ECX:w,EDX:w,EBX:w,EBP:w,ESI:w,EDI:w,rSP:rw,[rSP*8]:r`,
  }),
  family({
    name: 'PUSHF/PUSHFD/PUSHFQ',
    summary: 'Pushes the flags',
    cite: 'SDM 2B PUSHF/PUSHFD/PUSHFQ; APM 3 PUSHF',
    group: 'flag',
    attrs: 'd64',
    implicit: pushed,
    priv: 'iopl.v86',
    svm: 'PUSHF/INTERCEPT_PUSHF',
    sensitive: { class: 'behavior', why: 'Robin-Irvine 3B (sensitive register): shows the real IF and IOPL' },
    note: 'VM and RF are pushed as 0. In virtual-8086 mode with IOPL below 3: #GP, unless CR4.VME and 16-bit operand size, when VIF is pushed as IF and IOPL as 3.',
    rows: `
      o16 9C | ZO | PUSHF  | flags:r=OSZAPCDITNLv
      o32 9C | ZO | PUSHFD | i64 flags:r=OSZAPCDITNLKvpi
      o64 9C | ZO | PUSHFQ | o64 flags:r=OSZAPCDITNLKvpi`,
  }),
  family({
    name: 'POPF/POPFD/POPFQ',
    summary: 'Pops the flags',
    cite: 'SDM 2B POPF/POPFD/POPFQ; APM 3 POPF',
    group: 'flag',
    attrs: 'd64',
    implicit: popped,
    priv: 'iopl.v86',
    svm: 'POPF/INTERCEPT_POPF',
    sensitive: {
      class: 'control',
      why: 'Robin-Irvine 3B (sensitive register): silently leaves IF alone when CPL > IOPL, and IOPL when CPL > 0',
    },
    note: 'IOPL changes at CPL 0 only, IF at CPL <= IOPL only, silently. RF becomes 0; VM, VIF and VIP do not change. In virtual-8086 mode with CR4.VME and 16-bit operand size IF goes to VIF.',
    rows: `
      o16 9D | ZO | POPF  | flags:r=L,w=OSZAPCDTN,0=R,c=ILv
      o32 9D | ZO | POPFD | i64 flags:r=L,w=OSZAPCDTNKi,0=R,c=IL
      o64 9D | ZO | POPFQ | o64 flags:r=L,w=OSZAPCDTNKi,0=R,c=IL`,
  }),
  family({
    name: 'ENTER',
    summary: 'Makes a stack frame',
    cite: 'SDM 2A ENTER; APM 3 ENTER',
    group: 'stack',
    attrs: 'd64',
    implicit: 'rSP:rw rBP:rw [rSP]:w [rBP]:r',
    note: 'The nesting level is the immediate modulo 32; memory at rBP is read only if it is above 1.',
    rows: `
      C8 iw ib | II | ENTER imm16, imm8`,
  }),
  family({
    name: 'LEAVE',
    summary: 'Drops a stack frame',
    cite: 'SDM 2A LEAVE; APM 3 LEAVE',
    group: 'stack',
    attrs: 'd64',
    implicit: 'rBP:rw rSP:w [rBP]:r',
    rows: `
      C9 | ZO | LEAVE`,
  }),
]

export const general: readonly Family[] = [
  ...aluOperations.map(aluFamily),
  ...dataTransfer,
  ...arithmetic,
  ...shiftOperations.map(shiftFamily),
  ...bits,
  ...remoteAtomics,
  ...compareAdd,
  ...stack,
]
