/**
 * SSE2 on XMM registers, legacy encodings. What SSE2 added for MMX registers is in mmx.ts; MOVNTI, CLFLUSH, PAUSE and the
 * fences stand with the other instructions that manage caches and ordering.
 *
 * Legacy encodings leave bits MAXVL-1:128 of the destination as they were. A 16-byte memory operand must be aligned (#GP),
 * except MOVUPD, MOVDQU and MASKMOVDQU (SDM vol. 2A, 2.4). `MXCSR:rw` stands where MXCSR.RC, DAZ, FTZ or the exception masks
 * bear on the result and flags are set.
 */
import { type Family, family } from './notation.ts'

const sse2Only = { group: 'sse2', attrs: 'SSE2' } as const
/** Rounds, or can raise SIMD floating-point exceptions. */
const sse2Float = { ...sse2Only, implicit: 'MXCSR:rw' } as const

const floatMoves: readonly Family[] = [
  family({
    name: 'MOVAPD',
    summary: 'Copies 16 bytes; memory must be aligned.',
    cite: 'SDM 2B MOVAPD; APM 4 MOVAPD',
    ...sse2Only,
    rows: `
      66 0F 28 /r | RM | MOVAPD xmm:w, xmm/m128
      66 0F 29 /r | MR | MOVAPD xmm/m128:w, xmm
    `,
  }),
  family({
    name: 'MOVUPD',
    summary: 'Copies 16 bytes, aligned or not.',
    cite: 'SDM 2B MOVUPD; APM 4 MOVUPD',
    ...sse2Only,
    rows: `
      66 0F 10 /r | RM | MOVUPD xmm:w, xmm/m128
      66 0F 11 /r | MR | MOVUPD xmm/m128:w, xmm
    `,
  }),
  family({
    name: 'MOVSD',
    summary:
      'Copies the low double-precision number. From memory the rest becomes 0; between registers the rest stays.',
    cite: 'SDM 2B MOVSD; APM 4 MOVSD',
    ...sse2Only,
    rows: `
      F2 0F 10 /r | RM | MOVSD xmm:rw, xmm
      F2 0F 10 /r | RM | MOVSD xmm:w, m64
      F2 0F 11 /r | MR | MOVSD xmm:rw, xmm | alias
      F2 0F 11 /r | MR | MOVSD m64:w, xmm
    `,
  }),
  family({
    name: 'MOVLPD',
    summary: 'Copies the low quadword to or from memory; the high one stays.',
    cite: 'SDM 2B MOVLPD; APM 4 MOVLPD',
    ...sse2Only,
    rows: `
      66 0F 12 /r | RM | MOVLPD xmm:rw, m64
      66 0F 13 /r | MR | MOVLPD m64:w, xmm
    `,
  }),
  family({
    name: 'MOVHPD',
    summary: 'Copies the high quadword to or from memory; the low one stays.',
    cite: 'SDM 2B MOVHPD; APM 4 MOVHPD',
    ...sse2Only,
    rows: `
      66 0F 16 /r | RM | MOVHPD xmm:rw, m64
      66 0F 17 /r | MR | MOVHPD m64:w, xmm
    `,
  }),
  family({
    name: 'MOVNTPD',
    summary: 'Stores 16 aligned bytes with a non-temporal hint.',
    cite: 'SDM 2B MOVNTPD; APM 4 MOVNTPD',
    ...sse2Only,
    rows: '66 0F 2B /r | MR | MOVNTPD m128:w, xmm',
  }),
  family({
    name: 'MOVMSKPD',
    summary: 'Gathers the two sign bits into the low bits of a general register; the other bits become 0.',
    cite: 'SDM 2B MOVMSKPD; APM 4 MOVMSKPD',
    ...sse2Only,
    rows: '66 0F 50 /r | RM | MOVMSKPD ry:w, xmm',
  }),
  family({
    name: 'UNPCKLPD',
    summary: 'Joins the low numbers of both operands.',
    cite: 'SDM 2B UNPCKLPD; APM 4 UNPCKLPD',
    ...sse2Only,
    rows: '66 0F 14 /r | RM | UNPCKLPD xmm:rw, xmm/m128',
  }),
  family({
    name: 'UNPCKHPD',
    summary: 'Joins the high numbers of both operands.',
    cite: 'SDM 2B UNPCKHPD; APM 4 UNPCKHPD',
    ...sse2Only,
    rows: '66 0F 15 /r | RM | UNPCKHPD xmm:rw, xmm/m128',
  }),
  family({
    name: 'SHUFPD',
    summary: 'Chooses a number of the destination by imm8[0] and one of the source by imm8[1].',
    cite: 'SDM 2B SHUFPD; APM 4 SHUFPD',
    ...sse2Only,
    rows: '66 0F C6 /r ib | RMI | SHUFPD xmm:rw, xmm/m128, imm8',
  }),
]

const floatArithmetic: readonly Family[] = [
  family({
    name: 'ADDPD/ADDSD',
    summary: 'Adds double-precision numbers.',
    cite: 'SDM 2A ADDPD, ADDSD; APM 4 ADDPD, ADDSD',
    ...sse2Float,
    rows: `
      66 0F 58 /r | RM | ADDPD xmm:rw, xmm/m128
      F2 0F 58 /r | RM | ADDSD xmm:rw, xmm/m64
    `,
  }),
  family({
    name: 'SUBPD/SUBSD',
    summary: 'Subtracts double-precision numbers.',
    cite: 'SDM 2B SUBPD, SUBSD; APM 4 SUBPD, SUBSD',
    ...sse2Float,
    rows: `
      66 0F 5C /r | RM | SUBPD xmm:rw, xmm/m128
      F2 0F 5C /r | RM | SUBSD xmm:rw, xmm/m64
    `,
  }),
  family({
    name: 'MULPD/MULSD',
    summary: 'Multiplies double-precision numbers.',
    cite: 'SDM 2B MULPD, MULSD; APM 4 MULPD, MULSD',
    ...sse2Float,
    rows: `
      66 0F 59 /r | RM | MULPD xmm:rw, xmm/m128
      F2 0F 59 /r | RM | MULSD xmm:rw, xmm/m64
    `,
  }),
  family({
    name: 'DIVPD/DIVSD',
    summary: 'Divides double-precision numbers.',
    cite: 'SDM 2A DIVPD, DIVSD; APM 4 DIVPD, DIVSD',
    ...sse2Float,
    rows: `
      66 0F 5E /r | RM | DIVPD xmm:rw, xmm/m128
      F2 0F 5E /r | RM | DIVSD xmm:rw, xmm/m64
    `,
  }),
  family({
    name: 'MINPD/MINSD',
    summary: 'Takes the lesser of double-precision numbers; the source where either is a NaN or both are zeros.',
    cite: 'SDM 2B MINPD, MINSD; APM 4 MINPD, MINSD',
    ...sse2Float,
    rows: `
      66 0F 5D /r | RM | MINPD xmm:rw, xmm/m128
      F2 0F 5D /r | RM | MINSD xmm:rw, xmm/m64
    `,
  }),
  family({
    name: 'MAXPD/MAXSD',
    summary: 'Takes the greater of double-precision numbers; the source where either is a NaN or both are zeros.',
    cite: 'SDM 2B MAXPD, MAXSD; APM 4 MAXPD, MAXSD',
    ...sse2Float,
    rows: `
      66 0F 5F /r | RM | MAXPD xmm:rw, xmm/m128
      F2 0F 5F /r | RM | MAXSD xmm:rw, xmm/m64
    `,
  }),
  family({
    name: 'SQRTPD/SQRTSD',
    summary: 'Takes square roots of double-precision numbers.',
    cite: 'SDM 2B SQRTPD, SQRTSD; APM 4 SQRTPD, SQRTSD',
    ...sse2Float,
    rows: `
      66 0F 51 /r | RM | SQRTPD xmm:w, xmm/m128
      F2 0F 51 /r | RM | SQRTSD xmm:rw, xmm/m64
    `,
  }),
  family({
    name: 'CMPPD/CMPSD',
    summary: 'Compares double-precision numbers by the predicate in imm8[2:0]: all ones or all zeros.',
    cite: 'SDM 2A CMPPD, CMPSD; APM 4 CMPPD, CMPSD',
    note: 'imm8[7:3] is reserved in the legacy encodings; processors ignore it.',
    ...sse2Float,
    rows: `
      66 0F C2 /r ib | RMI | CMPPD xmm:rw, xmm/m128, imm8
      F2 0F C2 /r ib | RMI | CMPSD xmm:rw, xmm/m64, imm8
    `,
  }),
  family({
    name: 'COMISD',
    summary: 'Compares the low numbers into ZF, PF and CF; invalid with any NaN.',
    cite: 'SDM 2A COMISD; APM 4 COMISD',
    note: 'The flags stay as they were if an unmasked SIMD floating-point exception is raised.',
    ...sse2Float,
    flags: 'w=ZPC 0=OSA',
    rows: '66 0F 2F /r | RM | COMISD xmm, xmm/m64',
  }),
  family({
    name: 'UCOMISD',
    summary: 'Compares the low numbers into ZF, PF and CF; invalid only with a signaling NaN.',
    cite: 'SDM 2B UCOMISD; APM 4 UCOMISD',
    note: 'The flags stay as they were if an unmasked SIMD floating-point exception is raised.',
    ...sse2Float,
    flags: 'w=ZPC 0=OSA',
    rows: '66 0F 2E /r | RM | UCOMISD xmm, xmm/m64',
  }),
]

const floatLogic: readonly Family[] = [
  family({
    name: 'ANDPD',
    summary: 'ANDs the operands.',
    cite: 'SDM 2A ANDPD; APM 4 ANDPD',
    ...sse2Only,
    rows: '66 0F 54 /r | RM | ANDPD xmm:rw, xmm/m128',
  }),
  family({
    name: 'ANDNPD',
    summary: 'ANDs the inverted destination with the source.',
    cite: 'SDM 2A ANDNPD; APM 4 ANDNPD',
    ...sse2Only,
    rows: '66 0F 55 /r | RM | ANDNPD xmm:rw, xmm/m128',
  }),
  family({
    name: 'ORPD',
    summary: 'ORs the operands.',
    cite: 'SDM 2B ORPD; APM 4 ORPD',
    ...sse2Only,
    rows: '66 0F 56 /r | RM | ORPD xmm:rw, xmm/m128',
  }),
  family({
    name: 'XORPD',
    summary: 'XORs the operands.',
    cite: 'SDM 2D XORPD; APM 4 XORPD',
    ...sse2Only,
    rows: '66 0F 57 /r | RM | XORPD xmm:rw, xmm/m128',
  }),
]

const conversions: readonly Family[] = [
  family({
    name: 'CVTSI2SD',
    summary: 'Converts a signed integer to double precision in the low quadword; the high one stays.',
    cite: 'SDM 2A CVTSI2SD; APM 4 CVTSI2SD',
    note: 'From 32 bits the result is exact, so MXCSR plays no part; only the REX.W form rounds.',
    ...sse2Only,
    rows: `
      F2 NOREX.W 0F 2A /r | RM | CVTSI2SD xmm:rw, r/m32
      F2 REX.W 0F 2A /r   | RM | CVTSI2SD xmm:rw, r/m64 | imp:MXCSR:rw
    `,
  }),
  family({
    name: 'CVTSD2SI',
    summary: 'Converts the low double-precision number to a signed integer, rounded by MXCSR.RC.',
    cite: 'SDM 2A CVTSD2SI; APM 4 CVTSD2SI',
    ...sse2Float,
    rows: 'F2 0F 2D /r | RM | CVTSD2SI ry:w, xmm/m64',
  }),
  family({
    name: 'CVTTSD2SI',
    summary: 'Converts the low double-precision number to a signed integer, truncated.',
    cite: 'SDM 2A CVTTSD2SI; APM 4 CVTTSD2SI',
    ...sse2Float,
    rows: 'F2 0F 2C /r | RM | CVTTSD2SI ry:w, xmm/m64',
  }),
  family({
    name: 'CVTPS2PD',
    summary: 'Converts the two low single-precision numbers to double precision.',
    cite: 'SDM 2A CVTPS2PD; APM 4 CVTPS2PD',
    ...sse2Float,
    rows: 'NP 0F 5A /r | RM | CVTPS2PD xmm:w, xmm/m64',
  }),
  family({
    name: 'CVTPD2PS',
    summary: 'Converts two double-precision numbers to single precision in the low half; the high half becomes 0.',
    cite: 'SDM 2A CVTPD2PS; APM 4 CVTPD2PS',
    ...sse2Float,
    rows: '66 0F 5A /r | RM | CVTPD2PS xmm:w, xmm/m128',
  }),
  family({
    name: 'CVTSS2SD',
    summary: 'Converts the low single-precision number to double precision; the high quadword stays.',
    cite: 'SDM 2A CVTSS2SD; APM 4 CVTSS2SD',
    ...sse2Float,
    rows: 'F3 0F 5A /r | RM | CVTSS2SD xmm:rw, xmm/m32',
  }),
  family({
    name: 'CVTSD2SS',
    summary: 'Converts the low double-precision number to single precision; bits 127:32 stay.',
    cite: 'SDM 2A CVTSD2SS; APM 4 CVTSD2SS',
    ...sse2Float,
    rows: 'F2 0F 5A /r | RM | CVTSD2SS xmm:rw, xmm/m64',
  }),
  family({
    name: 'CVTDQ2PS',
    summary: 'Converts four signed doublewords to single precision.',
    cite: 'SDM 2A CVTDQ2PS; APM 4 CVTDQ2PS',
    ...sse2Float,
    rows: 'NP 0F 5B /r | RM | CVTDQ2PS xmm:w, xmm/m128',
  }),
  family({
    name: 'CVTPS2DQ',
    summary: 'Converts four single-precision numbers to signed doublewords, rounded by MXCSR.RC.',
    cite: 'SDM 2A CVTPS2DQ; APM 4 CVTPS2DQ',
    ...sse2Float,
    rows: '66 0F 5B /r | RM | CVTPS2DQ xmm:w, xmm/m128',
  }),
  family({
    name: 'CVTTPS2DQ',
    summary: 'Converts four single-precision numbers to signed doublewords, truncated.',
    cite: 'SDM 2A CVTTPS2DQ; APM 4 CVTTPS2DQ',
    ...sse2Float,
    rows: 'F3 0F 5B /r | RM | CVTTPS2DQ xmm:w, xmm/m128',
  }),
  family({
    name: 'CVTDQ2PD',
    summary: 'Converts the two low signed doublewords to double precision.',
    cite: 'SDM 2A CVTDQ2PD; APM 4 CVTDQ2PD',
    note: 'Exact, so MXCSR plays no part.',
    ...sse2Only,
    rows: 'F3 0F E6 /r | RM | CVTDQ2PD xmm:w, xmm/m64',
  }),
  family({
    name: 'CVTPD2DQ',
    summary:
      'Converts two double-precision numbers to signed doublewords in the low half, rounded by MXCSR.RC; the high half becomes 0.',
    cite: 'SDM 2A CVTPD2DQ; APM 4 CVTPD2DQ',
    ...sse2Float,
    rows: 'F2 0F E6 /r | RM | CVTPD2DQ xmm:w, xmm/m128',
  }),
  family({
    name: 'CVTTPD2DQ',
    summary:
      'Converts two double-precision numbers to signed doublewords in the low half, truncated; the high half becomes 0.',
    cite: 'SDM 2A CVTTPD2DQ; APM 4 CVTTPD2DQ',
    ...sse2Float,
    rows: '66 0F E6 /r | RM | CVTTPD2DQ xmm:w, xmm/m128',
  }),
]

const integerMoves: readonly Family[] = [
  family({
    name: 'MOVD/MOVQ',
    summary:
      'Copies a doubleword or quadword between an XMM register (the rest cleared) and a general register or memory.',
    cite: 'SDM 2B MOVD/MOVQ; APM 4 MOVD',
    note: 'AMD names the REX.W forms MOVD too.',
    ...sse2Only,
    rows: `
      66 NOREX.W 0F 6E /r | RM | MOVD xmm:w, r/m32
      66 REX.W 0F 6E /r   | RM | MOVQ xmm:w, r/m64
      66 NOREX.W 0F 7E /r | MR | MOVD r/m32:w, xmm
      66 REX.W 0F 7E /r   | MR | MOVQ r/m64:w, xmm
    `,
  }),
  family({
    name: 'MOVQ',
    summary: 'Copies the low quadword; a destination register has its high quadword cleared.',
    cite: 'SDM 2B MOVQ; APM 4 MOVQ',
    ...sse2Only,
    rows: `
      F3 0F 7E /r | RM | MOVQ xmm:w, xmm/m64
      66 0F D6 /r | MR | MOVQ xmm/m64:w, xmm
    `,
  }),
  family({
    name: 'MOVDQA',
    summary: 'Copies 16 bytes; memory must be aligned.',
    cite: 'SDM 2B MOVDQA,VMOVDQA32/64; APM 4 MOVDQA',
    ...sse2Only,
    rows: `
      66 0F 6F /r | RM | MOVDQA xmm:w, xmm/m128
      66 0F 7F /r | MR | MOVDQA xmm/m128:w, xmm
    `,
  }),
  family({
    name: 'MOVDQU',
    summary: 'Copies 16 bytes, aligned or not.',
    cite: 'SDM 2B MOVDQU,VMOVDQU8/16/32/64; APM 4 MOVDQU',
    ...sse2Only,
    rows: `
      F3 0F 6F /r | RM | MOVDQU xmm:w, xmm/m128
      F3 0F 7F /r | MR | MOVDQU xmm/m128:w, xmm
    `,
  }),
  family({
    name: 'MOVNTDQ',
    summary: 'Stores 16 aligned bytes with a non-temporal hint.',
    cite: 'SDM 2B MOVNTDQ; APM 4 MOVNTDQ',
    ...sse2Only,
    rows: '66 0F E7 /r | MR | MOVNTDQ m128:w, xmm',
  }),
  family({
    name: 'MASKMOVDQU',
    summary:
      'Stores those bytes of the first register whose mask byte in the second has bit 7 set, non-temporally, at DS:rDI.',
    cite: 'SDM 2B MASKMOVDQU; APM 4 MASKMOVDQU',
    note: 'Memory need not be aligned. Bytes that are not selected are not written; with a mask of zeros, whether the access can fault is up to the processor.',
    ...sse2Only,
    rows: '66 0F F7 /r | RM | MASKMOVDQU m128@rDI:cw, xmm, xmm',
  }),
  family({
    name: 'PMOVMSKB',
    summary: 'Gathers the sign bits of the bytes into the low bits of a general register; the other bits become 0.',
    cite: 'SDM 2B PMOVMSKB; APM 4 PMOVMSKB',
    ...sse2Only,
    rows: '66 0F D7 /r | RM | PMOVMSKB ry:w, xmm',
  }),
  family({
    name: 'PEXTRW',
    summary: 'Extracts the word selected by imm8[2:0], zero-extended.',
    cite: 'SDM 2B PEXTRW; APM 4 PEXTRW',
    note: 'SSE4.1 has a second encoding, 66 0F 3A 15, which can also store to memory.',
    ...sse2Only,
    rows: '66 0F C5 /r ib | RMI | PEXTRW ry:w, xmm, imm8',
  }),
  family({
    name: 'PINSRW',
    summary: 'Replaces the word selected by imm8[2:0].',
    cite: 'SDM 2B PINSRW; APM 4 PINSRW',
    ...sse2Only,
    rows: '66 0F C4 /r ib | RMI | PINSRW xmm:rw, ry/m16, imm8',
  }),
]

const packing: readonly Family[] = [
  family({
    name: 'PACKSSWB/PACKSSDW',
    summary: 'Narrows the signed elements of both operands with signed saturation.',
    cite: 'SDM 2B PACKSSWB/PACKSSDW; APM 4 PACKSSWB, PACKSSDW',
    ...sse2Only,
    rows: `
      66 0F 63 /r | RM | PACKSSWB xmm:rw, xmm/m128
      66 0F 6B /r | RM | PACKSSDW xmm:rw, xmm/m128
    `,
  }),
  family({
    name: 'PACKUSWB',
    summary: 'Narrows the signed words of both operands to bytes with unsigned saturation.',
    cite: 'SDM 2B PACKUSWB; APM 4 PACKUSWB',
    ...sse2Only,
    rows: '66 0F 67 /r | RM | PACKUSWB xmm:rw, xmm/m128',
  }),
  family({
    name: 'PUNPCKLBW/PUNPCKLWD/PUNPCKLDQ/PUNPCKLQDQ',
    summary: 'Interleaves the low halves of both operands.',
    cite: 'SDM 2B PUNPCKLBW/PUNPCKLWD/PUNPCKLDQ/PUNPCKLQDQ; APM 4 PUNPCKLBW, PUNPCKLWD, PUNPCKLDQ, PUNPCKLQDQ',
    ...sse2Only,
    rows: `
      66 0F 60 /r | RM | PUNPCKLBW xmm:rw, xmm/m128
      66 0F 61 /r | RM | PUNPCKLWD xmm:rw, xmm/m128
      66 0F 62 /r | RM | PUNPCKLDQ xmm:rw, xmm/m128
      66 0F 6C /r | RM | PUNPCKLQDQ xmm:rw, xmm/m128
    `,
  }),
  family({
    name: 'PUNPCKHBW/PUNPCKHWD/PUNPCKHDQ/PUNPCKHQDQ',
    summary: 'Interleaves the high halves of both operands.',
    cite: 'SDM 2B PUNPCKHBW/PUNPCKHWD/PUNPCKHDQ/PUNPCKHQDQ; APM 4 PUNPCKHBW, PUNPCKHWD, PUNPCKHDQ, PUNPCKHQDQ',
    ...sse2Only,
    rows: `
      66 0F 68 /r | RM | PUNPCKHBW xmm:rw, xmm/m128
      66 0F 69 /r | RM | PUNPCKHWD xmm:rw, xmm/m128
      66 0F 6A /r | RM | PUNPCKHDQ xmm:rw, xmm/m128
      66 0F 6D /r | RM | PUNPCKHQDQ xmm:rw, xmm/m128
    `,
  }),
  family({
    name: 'PSHUFD',
    summary: 'Builds four doublewords, each chosen from the source by two bits of imm8.',
    cite: 'SDM 2B PSHUFD; APM 4 PSHUFD',
    ...sse2Only,
    rows: '66 0F 70 /r ib | RMI | PSHUFD xmm:w, xmm/m128, imm8',
  }),
  family({
    name: 'PSHUFHW',
    summary: 'Builds the four high words by pairs of bits of imm8 and copies the low quadword.',
    cite: 'SDM 2B PSHUFHW; APM 4 PSHUFHW',
    ...sse2Only,
    rows: 'F3 0F 70 /r ib | RMI | PSHUFHW xmm:w, xmm/m128, imm8',
  }),
  family({
    name: 'PSHUFLW',
    summary: 'Builds the four low words by pairs of bits of imm8 and copies the high quadword.',
    cite: 'SDM 2B PSHUFLW; APM 4 PSHUFLW',
    ...sse2Only,
    rows: 'F2 0F 70 /r ib | RMI | PSHUFLW xmm:w, xmm/m128, imm8',
  }),
]

const integerArithmetic: readonly Family[] = [
  family({
    name: 'PADDB/PADDW/PADDD/PADDQ',
    summary: 'Adds packed integers; carries out of an element are lost.',
    cite: 'SDM 2B PADDB/PADDW/PADDD/PADDQ; APM 4 PADDB, PADDW, PADDD, PADDQ',
    ...sse2Only,
    rows: `
      66 0F FC /r | RM | PADDB xmm:rw, xmm/m128
      66 0F FD /r | RM | PADDW xmm:rw, xmm/m128
      66 0F FE /r | RM | PADDD xmm:rw, xmm/m128
      66 0F D4 /r | RM | PADDQ xmm:rw, xmm/m128
    `,
  }),
  family({
    name: 'PADDSB/PADDSW',
    summary: 'Adds packed signed integers with signed saturation.',
    cite: 'SDM 2B PADDSB/PADDSW; APM 4 PADDSB, PADDSW',
    ...sse2Only,
    rows: `
      66 0F EC /r | RM | PADDSB xmm:rw, xmm/m128
      66 0F ED /r | RM | PADDSW xmm:rw, xmm/m128
    `,
  }),
  family({
    name: 'PADDUSB/PADDUSW',
    summary: 'Adds packed unsigned integers with unsigned saturation.',
    cite: 'SDM 2B PADDUSB/PADDUSW; APM 4 PADDUSB, PADDUSW',
    ...sse2Only,
    rows: `
      66 0F DC /r | RM | PADDUSB xmm:rw, xmm/m128
      66 0F DD /r | RM | PADDUSW xmm:rw, xmm/m128
    `,
  }),
  family({
    name: 'PSUBB/PSUBW/PSUBD',
    summary: 'Subtracts packed integers; borrows out of an element are lost.',
    cite: 'SDM 2B PSUBB/PSUBW/PSUBD; APM 4 PSUBB, PSUBW, PSUBD',
    ...sse2Only,
    rows: `
      66 0F F8 /r | RM | PSUBB xmm:rw, xmm/m128
      66 0F F9 /r | RM | PSUBW xmm:rw, xmm/m128
      66 0F FA /r | RM | PSUBD xmm:rw, xmm/m128
    `,
  }),
  family({
    name: 'PSUBQ',
    summary: 'Subtracts packed quadwords; borrows out are lost.',
    cite: 'SDM 2B PSUBQ; APM 4 PSUBQ',
    ...sse2Only,
    rows: '66 0F FB /r | RM | PSUBQ xmm:rw, xmm/m128',
  }),
  family({
    name: 'PSUBSB/PSUBSW',
    summary: 'Subtracts packed signed integers with signed saturation.',
    cite: 'SDM 2B PSUBSB/PSUBSW; APM 4 PSUBSB, PSUBSW',
    ...sse2Only,
    rows: `
      66 0F E8 /r | RM | PSUBSB xmm:rw, xmm/m128
      66 0F E9 /r | RM | PSUBSW xmm:rw, xmm/m128
    `,
  }),
  family({
    name: 'PSUBUSB/PSUBUSW',
    summary: 'Subtracts packed unsigned integers with unsigned saturation.',
    cite: 'SDM 2B PSUBUSB/PSUBUSW; APM 4 PSUBUSB, PSUBUSW',
    ...sse2Only,
    rows: `
      66 0F D8 /r | RM | PSUBUSB xmm:rw, xmm/m128
      66 0F D9 /r | RM | PSUBUSW xmm:rw, xmm/m128
    `,
  }),
  family({
    name: 'PAVGB/PAVGW',
    summary: 'Averages packed unsigned integers, rounded up.',
    cite: 'SDM 2B PAVGB/PAVGW; APM 4 PAVGB, PAVGW',
    ...sse2Only,
    rows: `
      66 0F E0 /r | RM | PAVGB xmm:rw, xmm/m128
      66 0F E3 /r | RM | PAVGW xmm:rw, xmm/m128
    `,
  }),
  family({
    name: 'PMAXSW/PMAXUB/PMINSW/PMINUB',
    summary: 'Takes the greater or lesser of packed signed words or unsigned bytes.',
    cite: 'SDM 2B PMAXSB/PMAXSW/PMAXSD/PMAXSQ, PMAXUB/PMAXUW, PMINSB/PMINSW, PMINUB/PMINUW; APM 4 PMAXSW, PMAXUB, PMINSW, PMINUB',
    ...sse2Only,
    rows: `
      66 0F DA /r | RM | PMINUB xmm:rw, xmm/m128
      66 0F DE /r | RM | PMAXUB xmm:rw, xmm/m128
      66 0F EA /r | RM | PMINSW xmm:rw, xmm/m128
      66 0F EE /r | RM | PMAXSW xmm:rw, xmm/m128
    `,
  }),
  family({
    name: 'PSADBW',
    summary:
      'Sums the absolute differences of unsigned bytes of each quadword into its low word; the other words become 0.',
    cite: 'SDM 2B PSADBW; APM 4 PSADBW',
    ...sse2Only,
    rows: '66 0F F6 /r | RM | PSADBW xmm:rw, xmm/m128',
  }),
  family({
    name: 'PMULLW',
    summary: 'Multiplies packed words, low halves of the products.',
    cite: 'SDM 2B PMULLW; APM 4 PMULLW',
    ...sse2Only,
    rows: '66 0F D5 /r | RM | PMULLW xmm:rw, xmm/m128',
  }),
  family({
    name: 'PMULHW',
    summary: 'Multiplies packed signed words, high halves of the products.',
    cite: 'SDM 2B PMULHW; APM 4 PMULHW',
    ...sse2Only,
    rows: '66 0F E5 /r | RM | PMULHW xmm:rw, xmm/m128',
  }),
  family({
    name: 'PMULHUW',
    summary: 'Multiplies packed unsigned words, high halves of the products.',
    cite: 'SDM 2B PMULHUW; APM 4 PMULHUW',
    ...sse2Only,
    rows: '66 0F E4 /r | RM | PMULHUW xmm:rw, xmm/m128',
  }),
  family({
    name: 'PMULUDQ',
    summary: 'Multiplies the low unsigned doublewords of each quadword to a quadword.',
    cite: 'SDM 2B PMULUDQ; APM 4 PMULUDQ',
    ...sse2Only,
    rows: '66 0F F4 /r | RM | PMULUDQ xmm:rw, xmm/m128',
  }),
  family({
    name: 'PMADDWD',
    summary: 'Multiplies packed signed words and adds neighbouring products to doublewords.',
    cite: 'SDM 2B PMADDWD; APM 4 PMADDWD',
    ...sse2Only,
    rows: '66 0F F5 /r | RM | PMADDWD xmm:rw, xmm/m128',
  }),
]

const integerLogic: readonly Family[] = [
  family({
    name: 'PAND',
    summary: 'ANDs the operands.',
    cite: 'SDM 2B PAND; APM 4 PAND',
    ...sse2Only,
    rows: '66 0F DB /r | RM | PAND xmm:rw, xmm/m128',
  }),
  family({
    name: 'PANDN',
    summary: 'ANDs the inverted destination with the source.',
    cite: 'SDM 2B PANDN; APM 4 PANDN',
    ...sse2Only,
    rows: '66 0F DF /r | RM | PANDN xmm:rw, xmm/m128',
  }),
  family({
    name: 'POR',
    summary: 'ORs the operands.',
    cite: 'SDM 2B POR; APM 4 POR',
    ...sse2Only,
    rows: '66 0F EB /r | RM | POR xmm:rw, xmm/m128',
  }),
  family({
    name: 'PXOR',
    summary: 'XORs the operands.',
    cite: 'SDM 2B PXOR; APM 4 PXOR',
    ...sse2Only,
    rows: '66 0F EF /r | RM | PXOR xmm:rw, xmm/m128',
  }),
  family({
    name: 'PCMPEQB/PCMPEQW/PCMPEQD',
    summary: 'Compares for equality: each element becomes all ones or all zeros.',
    cite: 'SDM 2B PCMPEQB/PCMPEQW/PCMPEQD; APM 4 PCMPEQB, PCMPEQW, PCMPEQD',
    ...sse2Only,
    rows: `
      66 0F 74 /r | RM | PCMPEQB xmm:rw, xmm/m128
      66 0F 75 /r | RM | PCMPEQW xmm:rw, xmm/m128
      66 0F 76 /r | RM | PCMPEQD xmm:rw, xmm/m128
    `,
  }),
  family({
    name: 'PCMPGTB/PCMPGTW/PCMPGTD',
    summary: 'Compares signed elements, destination greater than source: each becomes all ones or all zeros.',
    cite: 'SDM 2B PCMPGTB/PCMPGTW/PCMPGTD; APM 4 PCMPGTB, PCMPGTW, PCMPGTD',
    ...sse2Only,
    rows: `
      66 0F 64 /r | RM | PCMPGTB xmm:rw, xmm/m128
      66 0F 65 /r | RM | PCMPGTW xmm:rw, xmm/m128
      66 0F 66 /r | RM | PCMPGTD xmm:rw, xmm/m128
    `,
  }),
]

const shifts: readonly Family[] = [
  family({
    name: 'PSLLW/PSLLD/PSLLQ',
    summary: 'Shifts each element left by the low quadword of the count; 0 where the count is at least the width.',
    cite: 'SDM 2B PSLLW/PSLLD/PSLLQ; APM 4 PSLLW, PSLLD, PSLLQ',
    ...sse2Only,
    rows: `
      66 0F F1 /r    | RM | PSLLW xmm:rw, xmm/m128
      66 0F F2 /r    | RM | PSLLD xmm:rw, xmm/m128
      66 0F F3 /r    | RM | PSLLQ xmm:rw, xmm/m128
      66 0F 71 /6 ib | MI | PSLLW xmm:rw, imm8
      66 0F 72 /6 ib | MI | PSLLD xmm:rw, imm8
      66 0F 73 /6 ib | MI | PSLLQ xmm:rw, imm8
    `,
  }),
  family({
    name: 'PSRLW/PSRLD/PSRLQ',
    summary: 'Shifts each element right by the low quadword of the count; 0 where the count is at least the width.',
    cite: 'SDM 2B PSRLW/PSRLD/PSRLQ; APM 4 PSRLW, PSRLD, PSRLQ',
    ...sse2Only,
    rows: `
      66 0F D1 /r    | RM | PSRLW xmm:rw, xmm/m128
      66 0F D2 /r    | RM | PSRLD xmm:rw, xmm/m128
      66 0F D3 /r    | RM | PSRLQ xmm:rw, xmm/m128
      66 0F 71 /2 ib | MI | PSRLW xmm:rw, imm8
      66 0F 72 /2 ib | MI | PSRLD xmm:rw, imm8
      66 0F 73 /2 ib | MI | PSRLQ xmm:rw, imm8
    `,
  }),
  family({
    name: 'PSRAW/PSRAD',
    summary:
      'Shifts each element right by the low quadword of the count, filling with its sign; all sign where the count is at least the width.',
    cite: 'SDM 2B PSRAW/PSRAD/PSRAQ; APM 4 PSRAW, PSRAD',
    ...sse2Only,
    rows: `
      66 0F E1 /r    | RM | PSRAW xmm:rw, xmm/m128
      66 0F E2 /r    | RM | PSRAD xmm:rw, xmm/m128
      66 0F 71 /4 ib | MI | PSRAW xmm:rw, imm8
      66 0F 72 /4 ib | MI | PSRAD xmm:rw, imm8
    `,
  }),
  family({
    name: 'PSLLDQ',
    summary: 'Shifts the register left by imm8 bytes; 0 where imm8 is above 15.',
    cite: 'SDM 2B PSLLDQ; APM 4 PSLLDQ',
    ...sse2Only,
    rows: '66 0F 73 /7 ib | MI | PSLLDQ xmm:rw, imm8',
  }),
  family({
    name: 'PSRLDQ',
    summary: 'Shifts the register right by imm8 bytes; 0 where imm8 is above 15.',
    cite: 'SDM 2B PSRLDQ; APM 4 PSRLDQ',
    ...sse2Only,
    rows: '66 0F 73 /3 ib | MI | PSRLDQ xmm:rw, imm8',
  }),
]

export const sse2: readonly Family[] = [
  ...floatMoves,
  ...floatArithmetic,
  ...floatLogic,
  ...conversions,
  ...integerMoves,
  ...packing,
  ...integerArithmetic,
  ...integerLogic,
  ...shifts,
]
