/**
 * The x87 floating-point unit: escape opcodes D8-DF, and WAIT.
 *
 * Register numbers, also of implicit operands, are those *before* the instruction: what FLD pushes is written to ST(7), and
 * a pop leaves ST(0) empty (`TOP:rw FTW:rw`). FIP stands for the instruction pointer with its selector and FOP, FDP for the
 * data pointer with its selector; control instructions leave them alone (SDM vol. 1, 8.1.8; from processors that report
 * FDP_EXCPTN_ONLY on, FDP is written only with an unmasked exception, and selectors are stored as 0 where FCS/FDS are deprecated).
 * Every instruction raises #NM when CR0.EM or CR0.TS is set (WAIT: when MP and TS are); all but the ones named FN... raise
 * a pending #MF first. C0..C3 are the digits in `flags`; SDM vol. 1, table 8-1, says what they mean after each class.
 *
 * The forms with a WAIT in the name (FSTSW = 9B, FNSTSW) are two instructions: interrupts can come between them.
 */
import { type Family, family } from './notation.ts'

const fpu = { group: 'x87', attrs: 'FPU' } as const
/** Result rounded by FCW, exceptions into FSW, C1 tells the direction of rounding, or overflow from underflow of the stack. */
const rounded = { ...fpu, flags: 'w=1 u=023' } as const
/** C3 C2 C0 hold the relation of ST(0) to the source; 111 means unordered. */
const compared = { ...fpu, flags: 'w=023 0=1' } as const
/** Instructions that neither compute nor look at operands. The SDM calls C0-C3 undefined; all processors leave them alone. */
const control = { ...fpu, flags: 'u=0123' } as const
const conditionCodesKept =
  'The SDM calls C0-C3 undefined afterwards; processors leave them unchanged, and programs rely on that.'

const state = 'FCW:r FSW:rw FTW:r FIP:w'
const stateMem = `${state} FDP:w`
const stack = 'FCW:r FSW:rw FTW:rw TOP:rw FIP:w'
const stackMem = `${stack} FDP:w`
/** The same for the `imp:` of a row. */
const imp = (implicit: string) => `imp:${implicit.replaceAll(' ', ',')}`

interface Arithmetic {
  readonly name: string
  readonly summary: string
  readonly digit: number
  /** Second opcode byte of the register forms: destination ST(0), and (DC, DE) destination ST(i). */
  readonly toSt0: string
  readonly toSti: string
  readonly note?: string
}

const reversed =
  'In the DC and DE register forms the digits of subtraction and division are exchanged with their reversed ones against D8.'

/** FADD and its five relatives have the same seven forms. */
const arithmetic: readonly Family[] = (
  [
    { name: 'FADD', summary: 'Adds', digit: 0, toSt0: 'C0', toSti: 'C0' },
    { name: 'FMUL', summary: 'Multiplies', digit: 1, toSt0: 'C8', toSti: 'C8' },
    {
      name: 'FSUB',
      summary: 'Subtracts the source from the destination',
      digit: 4,
      toSt0: 'E0',
      toSti: 'E8',
      note: reversed,
    },
    {
      name: 'FSUBR',
      summary: 'Subtracts the destination from the source',
      digit: 5,
      toSt0: 'E8',
      toSti: 'E0',
      note: reversed,
    },
    {
      name: 'FDIV',
      summary: 'Divides the destination by the source',
      digit: 6,
      toSt0: 'F0',
      toSti: 'F8',
      note: reversed,
    },
    {
      name: 'FDIVR',
      summary: 'Divides the source by the destination',
      digit: 7,
      toSt0: 'F8',
      toSti: 'F0',
      note: reversed,
    },
  ] satisfies Arithmetic[]
).map(({ name, summary, digit, toSt0, toSti, ...rest }) => {
  const integer = `FI${name.slice(1)}`
  return family({
    name: `${name}/${name}P/${integer}`,
    summary: `${summary}; P pops the stack, I takes an integer from memory.`,
    cite: `SDM 2A ${name}/${name}P/${integer}; APM 5 ${name}, ${name}P, ${integer}`,
    ...rounded,
    ...rest,
    rows: `
      D8 /${digit}  | M | ${name} m32fp             | ${imp(`ST(0):rw ${stateMem}`)}
      DC /${digit}  | M | ${name} m64fp             | ${imp(`ST(0):rw ${stateMem}`)}
      D8 ${toSt0}+i | O | ${name} ST(0):rw, ST(i)   | ${imp(state)}
      DC ${toSti}+i | O | ${name} ST(i):rw, ST(0)   | ${imp(state)}
      DE ${toSti}+i | O | ${name}P ST(i):rw, ST(0)  | ${imp(stack)}
      DA /${digit}  | M | ${integer} m32int         | ${imp(`ST(0):rw ${stateMem}`)}
      DE /${digit}  | M | ${integer} m16int         | ${imp(`ST(0):rw ${stateMem}`)}
    `,
  })
})

const compare: readonly Family[] = [
  family({
    name: 'FCOM/FCOMP/FCOMPP',
    summary: 'Compares ST(0) with the source; a NaN is an invalid operation. P pops once, PP twice.',
    cite: 'SDM 2A FCOM/FCOMP/FCOMPP; APM 5 FCOM',
    note: 'DC D0, DC D8 and DE D0 are known as FCOM2, FCOMP3 and FCOMP5: second encodings, listed as reserved.',
    ...compared,
    rows: `
      D8 /2   | M  | FCOM m32fp  | ${imp(`ST(0):r ${stateMem}`)}
      DC /2   | M  | FCOM m64fp  | ${imp(`ST(0):r ${stateMem}`)}
      D8 D0+i | O  | FCOM ST(i)  | ${imp(`ST(0):r ${state}`)}
      D8 /3   | M  | FCOMP m32fp | ${imp(`ST(0):r ${stackMem}`)}
      DC /3   | M  | FCOMP m64fp | ${imp(`ST(0):r ${stackMem}`)}
      D8 D8+i | O  | FCOMP ST(i) | ${imp(`ST(0):r ${stack}`)}
      DE D9   | ZO | FCOMPP      | ${imp(`ST(0):r ST(1):r ${stack}`)}
      DC D0+i | O  | FCOM ST(i)  | alias undoc ${imp(`ST(0):r ${state}`)}
      DC D8+i | O  | FCOMP ST(i) | alias undoc ${imp(`ST(0):r ${stack}`)}
      DE D0+i | O  | FCOMP ST(i) | alias undoc ${imp(`ST(0):r ${stack}`)}
    `,
  }),
  family({
    name: 'FICOM/FICOMP',
    summary: 'Compares ST(0) with an integer in memory.',
    cite: 'SDM 2A FICOM/FICOMP; APM 5 FICOM',
    ...compared,
    rows: `
      DE /2 | M | FICOM m16int  | ${imp(`ST(0):r ${stateMem}`)}
      DA /2 | M | FICOM m32int  | ${imp(`ST(0):r ${stateMem}`)}
      DE /3 | M | FICOMP m16int | ${imp(`ST(0):r ${stackMem}`)}
      DA /3 | M | FICOMP m32int | ${imp(`ST(0):r ${stackMem}`)}
    `,
  }),
  family({
    name: 'FUCOM/FUCOMP/FUCOMPP',
    summary: 'Compares ST(0) with the source; a quiet NaN is unordered but not invalid.',
    cite: 'SDM 2A FUCOM/FUCOMP/FUCOMPP; APM 5 FUCOM',
    ...compared,
    rows: `
      DD E0+i | O  | FUCOM ST(i)  | ${imp(`ST(0):r ${state}`)}
      DD E8+i | O  | FUCOMP ST(i) | ${imp(`ST(0):r ${stack}`)}
      DA E9   | ZO | FUCOMPP      | ${imp(`ST(0):r ST(1):r ${stack}`)}
    `,
  }),
  family({
    name: 'FCOMI/FCOMIP/FUCOMI/FUCOMIP',
    summary: 'Compares ST(0) with ST(i) and sets ZF, PF and CF; U: a quiet NaN is unordered but not invalid.',
    cite: 'SDM 2A FCOMI/FCOMIP/FUCOMI/FUCOMIP; APM 5 FCOMI, FUCOMI',
    note: 'OF, SF and AF are cleared (SDM); the APM lists only ZF, PF and CF as modified. C0, C2 and C3 are not touched.',
    group: 'x87',
    attrs: 'FPU CMOV',
    flags: 'w=ZPC 0=OSA1',
    rows: `
      DB F0+i | O | FCOMI ST(0), ST(i)   | ${imp(state)}
      DF F0+i | O | FCOMIP ST(0), ST(i)  | ${imp(stack)}
      DB E8+i | O | FUCOMI ST(0), ST(i)  | ${imp(state)}
      DF E8+i | O | FUCOMIP ST(0), ST(i) | ${imp(stack)}
    `,
  }),
  family({
    name: 'FTST',
    summary: 'Compares ST(0) with 0.0.',
    cite: 'SDM 2A FTST; APM 5 FTST',
    ...compared,
    implicit: `ST(0):r ${state}`,
    rows: 'D9 E4 | ZO | FTST',
  }),
  family({
    name: 'FXAM',
    summary: 'Classifies ST(0) in C3 C2 C0 and puts its sign into C1, even if the register is empty.',
    cite: 'SDM 2A FXAM; APM 5 FXAM',
    ...fpu,
    flags: 'w=0123',
    implicit: `ST(0):r TOP:r ${state}`,
    rows: 'D9 E5 | ZO | FXAM',
  }),
]

const transfer: readonly Family[] = [
  family({
    name: 'FLD',
    summary: 'Pushes a floating-point value.',
    cite: 'SDM 2A FLD; APM 5 FLD',
    ...rounded,
    rows: `
      D9 /0   | M | FLD m32fp | ${imp(`ST(7):w ${stackMem}`)}
      DD /0   | M | FLD m64fp | ${imp(`ST(7):w ${stackMem}`)}
      DB /5   | M | FLD m80fp | ${imp(`ST(7):w ${stackMem}`)}
      D9 C0+i | O | FLD ST(i) | ${imp(`ST(7):w ${stack}`)}
    `,
  }),
  family({
    name: 'FILD',
    summary: 'Pushes an integer, converted exactly.',
    cite: 'SDM 2A FILD; APM 5 FILD',
    ...rounded,
    implicit: `ST(7):w ${stackMem}`,
    rows: `
      DF /0 | M | FILD m16int
      DB /0 | M | FILD m32int
      DF /5 | M | FILD m64int
    `,
  }),
  family({
    name: 'FBLD',
    summary: 'Pushes a packed decimal of 18 digits and sign.',
    cite: 'SDM 2A FBLD; APM 5 FBLD',
    ...rounded,
    implicit: `ST(7):w ${stackMem}`,
    rows: 'DF /4 | M | FBLD m80bcd',
  }),
  family({
    name: 'FLD1/FLDL2T/FLDL2E/FLDPI/FLDLG2/FLDLN2/FLDZ',
    summary: 'Pushes a constant, rounded as FCW says.',
    cite: 'SDM 2A FLD1/FLDL2T/FLDL2E/FLDPI/FLDLG2/FLDLN2/FLDZ; APM 5 FLD1',
    ...rounded,
    implicit: `ST(7):w ${stack}`,
    rows: `
      D9 E8 | ZO | FLD1
      D9 E9 | ZO | FLDL2T
      D9 EA | ZO | FLDL2E
      D9 EB | ZO | FLDPI
      D9 EC | ZO | FLDLG2
      D9 ED | ZO | FLDLN2
      D9 EE | ZO | FLDZ
    `,
  }),
  family({
    name: 'FST/FSTP',
    summary: 'Stores ST(0), rounded to the destination; P pops. Stores of 80 bits and to registers are exact.',
    cite: 'SDM 2A FST/FSTP; APM 5 FST, FSTP',
    note: 'DF D0 and DF D8 are known as FSTP8 and FSTP9: second encodings, listed as reserved. D9 D8 (FSTP1, FSTPNCE) differs: an empty ST(0) is no stack fault.',
    ...rounded,
    rows: `
      D9 /2   | M | FST m32fp:w    | ${imp(`ST(0):r ${stateMem}`)}
      DD /2   | M | FST m64fp:w    | ${imp(`ST(0):r ${stateMem}`)}
      DD D0+i | O | FST ST(i):w    | ${imp('ST(0):r FCW:r FSW:rw FTW:rw FIP:w')}
      D9 /3   | M | FSTP m32fp:w   | ${imp(`ST(0):r ${stackMem}`)}
      DD /3   | M | FSTP m64fp:w   | ${imp(`ST(0):r ${stackMem}`)}
      DB /7   | M | FSTP m80fp:w   | ${imp(`ST(0):r ${stackMem}`)}
      DD D8+i | O | FSTP ST(i):w   | ${imp(`ST(0):r ${stack}`)}
      DF D0+i | O | FSTP ST(i):w   | alias undoc ${imp(`ST(0):r ${stack}`)}
      DF D8+i | O | FSTP ST(i):w   | alias undoc ${imp(`ST(0):r ${stack}`)}
      D9 D8+i | O | FSTPNCE ST(i):w | undoc ${imp(`ST(0):r ${stack}`)}
    `,
  }),
  family({
    name: 'FIST/FISTP',
    summary: 'Stores ST(0) as an integer, rounded as FCW says; P pops.',
    cite: 'SDM 2A FIST/FISTP; APM 5 FIST, FISTP',
    ...rounded,
    rows: `
      DF /2 | M | FIST m16int:w  | ${imp(`ST(0):r ${stateMem}`)}
      DB /2 | M | FIST m32int:w  | ${imp(`ST(0):r ${stateMem}`)}
      DF /3 | M | FISTP m16int:w | ${imp(`ST(0):r ${stackMem}`)}
      DB /3 | M | FISTP m32int:w | ${imp(`ST(0):r ${stackMem}`)}
      DF /7 | M | FISTP m64int:w | ${imp(`ST(0):r ${stackMem}`)}
    `,
  }),
  family({
    name: 'FISTTP',
    summary: 'Stores ST(0) as an integer, truncated whatever FCW says, and pops.',
    cite: 'SDM 2A FISTTP; APM 5 FISTTP',
    group: 'x87',
    attrs: 'FPU SSE3',
    flags: '0=1 u=023',
    implicit: `ST(0):r ${stackMem}`,
    rows: `
      DF /1 | M | FISTTP m16int:w
      DB /1 | M | FISTTP m32int:w
      DD /1 | M | FISTTP m64int:w
    `,
  }),
  family({
    name: 'FBSTP',
    summary: 'Stores ST(0) as a packed decimal, rounded as FCW says, and pops.',
    cite: 'SDM 2A FBSTP; APM 5 FBSTP',
    ...rounded,
    implicit: `ST(0):r ${stackMem}`,
    rows: 'DF /6 | M | FBSTP m80bcd:w',
  }),
  family({
    name: 'FXCH',
    summary: 'Exchanges ST(0) and ST(i).',
    cite: 'SDM 2A FXCH; APM 5 FXCH',
    note: 'DD C8 and DF C8 are known as FXCH4 and FXCH7: second encodings, listed as reserved.',
    ...fpu,
    flags: '0=1 u=023',
    implicit: 'ST(0):rw FCW:r FSW:rw FTW:rw FIP:w',
    rows: `
      D9 C8+i | O | FXCH ST(i):rw
      DD C8+i | O | FXCH ST(i):rw | alias undoc
      DF C8+i | O | FXCH ST(i):rw | alias undoc
    `,
  }),
  family({
    name: 'FCMOVcc',
    summary: 'Copies ST(i) to ST(0) if the condition of EFLAGS holds.',
    cite: 'SDM 2A FCMOVcc; APM 5 FCMOVcc',
    note: 'An empty source or destination is a stack underflow whether or not the condition holds; with the fault masked ST(0) then becomes the default NaN.',
    group: 'x87',
    attrs: 'FPU CMOV',
    implicit: state,
    rows: `
      DA C0+i | O | FCMOVB ST(0):cw, ST(i)   | flags:r=C,0=1,u=023
      DA C8+i | O | FCMOVE ST(0):cw, ST(i)   | flags:r=Z,0=1,u=023
      DA D0+i | O | FCMOVBE ST(0):cw, ST(i)  | flags:r=CZ,0=1,u=023
      DA D8+i | O | FCMOVU ST(0):cw, ST(i)   | flags:r=P,0=1,u=023
      DB C0+i | O | FCMOVNB ST(0):cw, ST(i)  | flags:r=C,0=1,u=023
      DB C8+i | O | FCMOVNE ST(0):cw, ST(i)  | flags:r=Z,0=1,u=023
      DB D0+i | O | FCMOVNBE ST(0):cw, ST(i) | flags:r=CZ,0=1,u=023
      DB D8+i | O | FCMOVNU ST(0):cw, ST(i)  | flags:r=P,0=1,u=023
    `,
  }),
]

const unary: readonly Family[] = [
  family({
    name: 'FCHS/FABS',
    summary: 'Complements or clears the sign of ST(0), of a NaN too.',
    cite: 'SDM 2A FCHS, FABS; APM 5 FCHS, FABS',
    ...fpu,
    flags: '0=1 u=023',
    implicit: `ST(0):rw ${state}`,
    rows: `
      D9 E0 | ZO | FCHS
      D9 E1 | ZO | FABS
    `,
  }),
  family({
    name: 'FSQRT',
    summary: 'Square root of ST(0).',
    cite: 'SDM 2A FSQRT; APM 5 FSQRT',
    ...rounded,
    implicit: `ST(0):rw ${state}`,
    rows: 'D9 FA | ZO | FSQRT',
  }),
  family({
    name: 'FRNDINT',
    summary: 'Rounds ST(0) to an integer as FCW says.',
    cite: 'SDM 2A FRNDINT; APM 5 FRNDINT',
    ...rounded,
    implicit: `ST(0):rw ${state}`,
    rows: 'D9 FC | ZO | FRNDINT',
  }),
  family({
    name: 'FSCALE',
    summary: 'Multiplies ST(0) by two to the power of ST(1), truncated.',
    cite: 'SDM 2A FSCALE; APM 5 FSCALE',
    ...rounded,
    implicit: `ST(0):rw ST(1):r ${state}`,
    rows: 'D9 FD | ZO | FSCALE',
  }),
  family({
    name: 'FXTRACT',
    summary: 'Replaces ST(0) by its exponent and pushes its significand.',
    cite: 'SDM 2A FXTRACT; APM 5 FXTRACT',
    ...rounded,
    implicit: `ST(0):rw ST(7):w ${stack}`,
    rows: 'D9 F4 | ZO | FXTRACT',
  }),
  family({
    name: 'FPREM/FPREM1',
    summary: 'Partial remainder of ST(0) by ST(1): quotient truncated, or (1) rounded to nearest as IEEE 754 says.',
    cite: 'SDM 2A FPREM, FPREM1; APM 5 FPREM, FPREM1',
    note: 'C2 is set while the reduction is incomplete; when it is complete, C0 C3 C1 are bits 2, 1 and 0 of the quotient.',
    ...fpu,
    flags: 'w=0123',
    implicit: `ST(0):rw ST(1):r ${state}`,
    rows: `
      D9 F8 | ZO | FPREM
      D9 F5 | ZO | FPREM1
    `,
  }),
  family({
    name: 'F2XM1',
    summary: 'Two to the power of ST(0), minus 1.',
    cite: 'SDM 2A F2XM1; APM 5 F2XM1',
    ...rounded,
    implicit: `ST(0):rw ${state}`,
    rows: 'D9 F0 | ZO | F2XM1',
  }),
  family({
    name: 'FYL2X/FYL2XP1',
    summary: 'ST(1) times the binary logarithm of ST(0), or of ST(0) + 1, into ST(1), and pops.',
    cite: 'SDM 2A FYL2X, FYL2XP1; APM 5 FYL2X, FYL2XP1',
    ...rounded,
    implicit: `ST(0):r ST(1):rw ${stack}`,
    rows: `
      D9 F1 | ZO | FYL2X
      D9 F9 | ZO | FYL2XP1
    `,
  }),
  family({
    name: 'FPATAN',
    summary: 'Arctangent of ST(1) / ST(0), in the right quadrant, into ST(1), and pops.',
    cite: 'SDM 2A FPATAN; APM 5 FPATAN',
    ...rounded,
    implicit: `ST(0):r ST(1):rw ${stack}`,
    rows: 'D9 F3 | ZO | FPATAN',
  }),
  family({
    name: 'FSIN/FCOS/FPTAN/FSINCOS',
    summary: 'Sine, cosine, tangent of ST(0). FPTAN then pushes 1.0, FSINCOS leaves the sine and pushes the cosine.',
    cite: 'SDM 2A FSIN, FCOS, FPTAN, FSINCOS; APM 5 FSIN, FCOS, FPTAN, FSINCOS',
    note: 'Outside -2^63..2^63 C2 is set, and neither value nor stack changes.',
    ...fpu,
    flags: 'w=12 u=03',
    rows: `
      D9 FE | ZO | FSIN    | ${imp(`ST(0):rcw ${state}`)}
      D9 FF | ZO | FCOS    | ${imp(`ST(0):rcw ${state}`)}
      D9 F2 | ZO | FPTAN   | ${imp(`ST(0):rcw ST(7):cw ${stack}`)}
      D9 FB | ZO | FSINCOS | ${imp(`ST(0):rcw ST(7):cw ${stack}`)}
    `,
  }),
]

const controls: readonly Family[] = [
  family({
    name: 'FINCSTP/FDECSTP',
    summary: 'Adds or subtracts 1 to or from TOP; tags and registers stay.',
    cite: 'SDM 2A FINCSTP, FDECSTP; APM 5 FINCSTP, FDECSTP',
    ...fpu,
    flags: '0=1 u=023',
    implicit: 'FSW:rw TOP:rw FIP:w',
    rows: `
      D9 F7 | ZO | FINCSTP
      D9 F6 | ZO | FDECSTP
    `,
  }),
  family({
    name: 'FFREE',
    summary: 'Marks ST(i) empty; FFREEP then pops.',
    cite: 'SDM 2A FFREE; APM 5 FFREE; AMD Athlon Processor x86 Code Optimization Guide (22007), FFREEP',
    note: `FFREEP is executed by all processors and listed by none of the manuals. ${conditionCodesKept}`,
    ...control,
    rows: `
      DD C0+i | O | FFREE ST(i):n  | imp:FTW:rw,TOP:r,FIP:w
      DF C0+i | O | FFREEP ST(i):n | undoc imp:FTW:rw,TOP:rw,FIP:w
    `,
  }),
  family({
    name: 'FNINIT',
    summary: 'Sets FCW to 037Fh, FSW to 0 and all tags to empty, and clears the pointers.',
    cite: 'SDM 2A FINIT/FNINIT; APM 5 FINIT',
    ...fpu,
    flags: '0=0123',
    implicit: 'FCW:w FSW:w FTW:w TOP:w FIP:w FDP:w',
    rows: 'DB E3 | ZO | FNINIT',
  }),
  family({
    name: 'FNCLEX',
    summary: 'Clears the exception flags, ES, SF and B of FSW.',
    cite: 'SDM 2A FCLEX/FNCLEX; APM 5 FCLEX',
    note: conditionCodesKept,
    ...control,
    implicit: 'FSW:rw',
    rows: 'DB E2 | ZO | FNCLEX',
  }),
  family({
    name: 'FNENI/FNDISI/FNSETPM',
    summary: 'Did something on the 8087 (FNENI, FNDISI) and 80287 (FNSETPM); no operation since the 80387.',
    cite: 'SDM 3B, Architecture Compatibility, x87 FPU instructions',
    note: 'DB E5 (FRSTPM of the 287XL) and DF E1, DF E2 (FNSTDW, FNSTSG of the 387SL) are not decoded: #UD on current processors.',
    ...fpu,
    attrs: 'FPU undoc',
    rows: `
      DB E0 | ZO | FNENI
      DB E1 | ZO | FNDISI
      DB E4 | ZO | FNSETPM
    `,
  }),
  family({
    name: 'FLDCW',
    summary: 'Loads the control word.',
    cite: 'SDM 2A FLDCW; APM 5 FLDCW',
    note: conditionCodesKept,
    ...control,
    implicit: 'FCW:w FSW:rw',
    rows: 'D9 /5 | M | FLDCW m2byte',
  }),
  family({
    name: 'FNSTCW',
    summary: 'Stores the control word.',
    cite: 'SDM 2A FSTCW/FNSTCW; APM 5 FSTCW',
    note: conditionCodesKept,
    ...control,
    implicit: 'FCW:r',
    rows: 'D9 /7 | M | FNSTCW m2byte:w',
  }),
  family({
    name: 'FNSTSW',
    summary: 'Stores the status word.',
    cite: 'SDM 2A FSTSW/FNSTSW; APM 5 FSTSW',
    note: conditionCodesKept,
    ...fpu,
    flags: 'r=0123 u=0123',
    implicit: 'FSW:r TOP:r',
    rows: `
      DD /7 | M  | FNSTSW m2byte:w
      DF E0 | ZO | FNSTSW AX:w
    `,
  }),
  family({
    name: 'FLDENV',
    summary: 'Loads control, status and tag word and the pointers.',
    cite: 'SDM 2A FLDENV; APM 5 FLDENV; SDM 1 8.1.10',
    note: 'The layout follows the operand size (14 or 28 bytes) and protected against real or virtual-8086 mode; REX.W changes nothing against 32 bits.',
    ...fpu,
    flags: 'w=0123',
    implicit: 'FCW:w FSW:w FTW:w TOP:w FIP:w FDP:w',
    rows: `
      o16 D9 /4 | M | FLDENV m14byte
      o32 D9 /4 | M | FLDENV m28byte
      o64 D9 /4 | M | FLDENV m28byte | alias
    `,
  }),
  family({
    name: 'FNSTENV',
    summary: 'Stores control, status and tag word and the pointers, then masks all exceptions.',
    cite: 'SDM 2A FSTENV/FNSTENV; APM 5 FSTENV; SDM 1 8.1.10',
    note: conditionCodesKept,
    ...fpu,
    flags: 'r=0123 u=0123',
    implicit: 'FCW:rw FSW:r FTW:r TOP:r FIP:r FDP:r',
    rows: `
      o16 D9 /6 | M | FNSTENV m14byte:w
      o32 D9 /6 | M | FNSTENV m28byte:w
      o64 D9 /6 | M | FNSTENV m28byte:w | alias
    `,
  }),
  family({
    name: 'FRSTOR',
    summary: 'Loads the environment and the eight registers.',
    cite: 'SDM 2A FRSTOR; APM 5 FRSTOR',
    ...fpu,
    flags: 'w=0123',
    implicit: 'ST(0)-ST(7):w FCW:w FSW:w FTW:w TOP:w FIP:w FDP:w',
    rows: `
      o16 DD /4 | M | FRSTOR m94byte
      o32 DD /4 | M | FRSTOR m108byte
      o64 DD /4 | M | FRSTOR m108byte | alias
    `,
  }),
  family({
    name: 'FNSAVE',
    summary: 'Stores the environment and the eight registers, then does what FNINIT does.',
    cite: 'SDM 2A FSAVE/FNSAVE; APM 5 FSAVE',
    ...fpu,
    flags: 'r=0123 0=0123',
    implicit: 'ST(0)-ST(7):r FCW:rw FSW:rw FTW:rw TOP:rw FIP:rw FDP:rw',
    rows: `
      o16 DD /6 | M | FNSAVE m94byte:w
      o32 DD /6 | M | FNSAVE m108byte:w
      o64 DD /6 | M | FNSAVE m108byte:w | alias
    `,
  }),
  family({
    name: 'FNOP',
    summary: 'No operation, but a pending exception is raised first.',
    cite: 'SDM 2A FNOP; APM 5 FNOP',
    note: conditionCodesKept,
    ...fpu,
    implicit: 'FSW:r FIP:w',
    rows: 'D9 D0 | ZO | FNOP',
  }),
  family({
    name: 'WAIT/FWAIT',
    summary: 'Raises a pending x87 exception.',
    cite: 'SDM 2C WAIT/FWAIT; APM 5 FWAIT/WAIT',
    note: `#NM when CR0.MP and CR0.TS are both set, whatever CR0.EM. ${conditionCodesKept}`,
    group: 'x87',
    implicit: 'FSW:r',
    rows: '9B | ZO | WAIT',
  }),
]

export const x87: readonly Family[] = [...arithmetic, ...compare, ...transfer, ...unary, ...controls]
