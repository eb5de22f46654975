/**
 * SSE on XMM registers, legacy encodings. What SSE added for MMX registers is in mmx.ts; LDMXCSR, STMXCSR, the prefetches and
 * SFENCE stand with the other instructions that manage state and caches.
 *
 * Legacy encodings leave bits MAXVL-1:128 of the destination as they were. A 16-byte memory operand must be aligned (#GP),
 * except that of MOVUPS (SDM vol. 2A, 2.4). `MXCSR:rw` stands where MXCSR.RC, DAZ, FTZ or the exception masks bear on the
 * result and flags are set.
 */
import { type Family, family } from './notation.ts'

const sseOnly = { group: 'sse', attrs: 'SSE' } as const
/** Rounds, or can raise SIMD floating-point exceptions. */
const sseFloat = { ...sseOnly, implicit: 'MXCSR:rw' } as const

const moves: readonly Family[] = [
  family({
    name: 'MOVAPS',
    summary: 'Copies 16 bytes; memory must be aligned.',
    cite: 'SDM 2B MOVAPS; APM 4 MOVAPS',
    ...sseOnly,
    rows: `
      NP 0F 28 /r | RM | MOVAPS xmm:w, xmm/m128
      NP 0F 29 /r | MR | MOVAPS xmm/m128:w, xmm
    `,
  }),
  family({
    name: 'MOVUPS',
    summary: 'Copies 16 bytes, aligned or not.',
    cite: 'SDM 2B MOVUPS; APM 4 MOVUPS',
    ...sseOnly,
    rows: `
      NP 0F 10 /r | RM | MOVUPS xmm:w, xmm/m128
      NP 0F 11 /r | MR | MOVUPS xmm/m128:w, xmm
    `,
  }),
  family({
    name: 'MOVSS',
    summary:
      'Copies the low single-precision number. From memory the rest becomes 0; between registers the rest stays.',
    cite: 'SDM 2B MOVSS; APM 4 MOVSS',
    ...sseOnly,
    rows: `
      F3 0F 10 /r | RM | MOVSS xmm:rw, xmm
      F3 0F 10 /r | RM | MOVSS xmm:w, m32
      F3 0F 11 /r | MR | MOVSS xmm:rw, xmm | alias
      F3 0F 11 /r | MR | MOVSS m32:w, xmm
    `,
  }),
  family({
    name: 'MOVLPS',
    summary: 'Copies the low quadword to or from memory; the high one stays.',
    cite: 'SDM 2B MOVLPS; APM 4 MOVLPS',
    ...sseOnly,
    rows: `
      NP 0F 12 /r | RM | MOVLPS xmm:rw, m64
      NP 0F 13 /r | MR | MOVLPS m64:w, xmm
    `,
  }),
  family({
    name: 'MOVHPS',
    summary: 'Copies the high quadword to or from memory; the low one stays.',
    cite: 'SDM 2B MOVHPS; APM 4 MOVHPS',
    ...sseOnly,
    rows: `
      NP 0F 16 /r | RM | MOVHPS xmm:rw, m64
      NP 0F 17 /r | MR | MOVHPS m64:w, xmm
    `,
  }),
  family({
    name: 'MOVHLPS',
    summary: 'Copies the high quadword of the source to the low one of the destination.',
    cite: 'SDM 2B MOVHLPS; APM 4 MOVHLPS',
    ...sseOnly,
    rows: 'NP 0F 12 /r | RM | MOVHLPS xmm:rw, xmm',
  }),
  family({
    name: 'MOVLHPS',
    summary: 'Copies the low quadword of the source to the high one of the destination.',
    cite: 'SDM 2B MOVLHPS; APM 4 MOVLHPS',
    ...sseOnly,
    rows: 'NP 0F 16 /r | RM | MOVLHPS xmm:rw, xmm',
  }),
  family({
    name: 'MOVNTPS',
    summary: 'Stores 16 aligned bytes with a non-temporal hint.',
    cite: 'SDM 2B MOVNTPS; APM 4 MOVNTPS',
    ...sseOnly,
    rows: 'NP 0F 2B /r | MR | MOVNTPS m128:w, xmm',
  }),
  family({
    name: 'MOVMSKPS',
    summary: 'Gathers the four sign bits into the low bits of a general register; the other bits become 0.',
    cite: 'SDM 2B MOVMSKPS; APM 4 MOVMSKPS',
    ...sseOnly,
    rows: 'NP 0F 50 /r | RM | MOVMSKPS ry:w, xmm',
  }),
]

const shuffles: readonly Family[] = [
  family({
    name: 'UNPCKLPS',
    summary: 'Interleaves the two low numbers of both operands.',
    cite: 'SDM 2B UNPCKLPS; APM 4 UNPCKLPS',
    ...sseOnly,
    rows: 'NP 0F 14 /r | RM | UNPCKLPS xmm:rw, xmm/m128',
  }),
  family({
    name: 'UNPCKHPS',
    summary: 'Interleaves the two high numbers of both operands.',
    cite: 'SDM 2B UNPCKHPS; APM 4 UNPCKHPS',
    ...sseOnly,
    rows: 'NP 0F 15 /r | RM | UNPCKHPS xmm:rw, xmm/m128',
  }),
  family({
    name: 'SHUFPS',
    summary:
      'Chooses two numbers of the destination for the low half and two of the source for the high half, by pairs of bits of imm8.',
    cite: 'SDM 2B SHUFPS; APM 4 SHUFPS',
    ...sseOnly,
    rows: 'NP 0F C6 /r ib | RMI | SHUFPS xmm:rw, xmm/m128, imm8',
  }),
]

const arithmetic: readonly Family[] = [
  family({
    name: 'ADDPS/ADDSS',
    summary: 'Adds single-precision numbers.',
    cite: 'SDM 2A ADDPS, ADDSS; APM 4 ADDPS, ADDSS',
    ...sseFloat,
    rows: `
      NP 0F 58 /r | RM | ADDPS xmm:rw, xmm/m128
      F3 0F 58 /r | RM | ADDSS xmm:rw, xmm/m32
    `,
  }),
  family({
    name: 'SUBPS/SUBSS',
    summary: 'Subtracts single-precision numbers.',
    cite: 'SDM 2B SUBPS, SUBSS; APM 4 SUBPS, SUBSS',
    ...sseFloat,
    rows: `
      NP 0F 5C /r | RM | SUBPS xmm:rw, xmm/m128
      F3 0F 5C /r | RM | SUBSS xmm:rw, xmm/m32
    `,
  }),
  family({
    name: 'MULPS/MULSS',
    summary: 'Multiplies single-precision numbers.',
    cite: 'SDM 2B MULPS, MULSS; APM 4 MULPS, MULSS',
    ...sseFloat,
    rows: `
      NP 0F 59 /r | RM | MULPS xmm:rw, xmm/m128
      F3 0F 59 /r | RM | MULSS xmm:rw, xmm/m32
    `,
  }),
  family({
    name: 'DIVPS/DIVSS',
    summary: 'Divides single-precision numbers.',
    cite: 'SDM 2A DIVPS, DIVSS; APM 4 DIVPS, DIVSS',
    ...sseFloat,
    rows: `
      NP 0F 5E /r | RM | DIVPS xmm:rw, xmm/m128
      F3 0F 5E /r | RM | DIVSS xmm:rw, xmm/m32
    `,
  }),
  family({
    name: 'MINPS/MINSS',
    summary: 'Takes the lesser of single-precision numbers; the source where either is a NaN or both are zeros.',
    cite: 'SDM 2B MINPS, MINSS; APM 4 MINPS, MINSS',
    ...sseFloat,
    rows: `
      NP 0F 5D /r | RM | MINPS xmm:rw, xmm/m128
      F3 0F 5D /r | RM | MINSS xmm:rw, xmm/m32
    `,
  }),
  family({
    name: 'MAXPS/MAXSS',
    summary: 'Takes the greater of single-precision numbers; the source where either is a NaN or both are zeros.',
    cite: 'SDM 2B MAXPS, MAXSS; APM 4 MAXPS, MAXSS',
    ...sseFloat,
    rows: `
      NP 0F 5F /r | RM | MAXPS xmm:rw, xmm/m128
      F3 0F 5F /r | RM | MAXSS xmm:rw, xmm/m32
    `,
  }),
  family({
    name: 'SQRTPS/SQRTSS',
    summary: 'Takes square roots of single-precision numbers.',
    cite: 'SDM 2B SQRTPS, SQRTSS; APM 4 SQRTPS, SQRTSS',
    ...sseFloat,
    rows: `
      NP 0F 51 /r | RM | SQRTPS xmm:w, xmm/m128
      F3 0F 51 /r | RM | SQRTSS xmm:rw, xmm/m32
    `,
  }),
  family({
    name: 'RSQRTPS/RSQRTSS',
    summary: 'Approximates reciprocal square roots, relative error at most 1.5 * 2^-12.',
    cite: 'SDM 2B RSQRTPS, RSQRTSS; APM 4 RSQRTPS, RSQRTSS',
    note: 'The bits of the result differ between Intel and AMD, within the bound. MXCSR plays no part: denormals count as zeros, no exceptions.',
    ...sseOnly,
    rows: `
      NP 0F 52 /r | RM | RSQRTPS xmm:w, xmm/m128
      F3 0F 52 /r | RM | RSQRTSS xmm:rw, xmm/m32
    `,
  }),
  family({
    name: 'RCPPS/RCPSS',
    summary: 'Approximates reciprocals, relative error at most 1.5 * 2^-12.',
    cite: 'SDM 2B RCPPS, RCPSS; APM 4 RCPPS, RCPSS',
    note: 'The bits of the result differ between Intel and AMD, within the bound. MXCSR plays no part: denormals count as zeros, no exceptions.',
    ...sseOnly,
    rows: `
      NP 0F 53 /r | RM | RCPPS xmm:w, xmm/m128
      F3 0F 53 /r | RM | RCPSS xmm:rw, xmm/m32
    `,
  }),
]

const logic: readonly Family[] = [
  family({
    name: 'ANDPS',
    summary: 'ANDs the operands.',
    cite: 'SDM 2A ANDPS; APM 4 ANDPS',
    ...sseOnly,
    rows: 'NP 0F 54 /r | RM | ANDPS xmm:rw, xmm/m128',
  }),
  family({
    name: 'ANDNPS',
    summary: 'ANDs the inverted destination with the source.',
    cite: 'SDM 2A ANDNPS; APM 4 ANDNPS',
    ...sseOnly,
    rows: 'NP 0F 55 /r | RM | ANDNPS xmm:rw, xmm/m128',
  }),
  family({
    name: 'ORPS',
    summary: 'ORs the operands.',
    cite: 'SDM 2B ORPS; APM 4 ORPS',
    ...sseOnly,
    rows: 'NP 0F 56 /r | RM | ORPS xmm:rw, xmm/m128',
  }),
  family({
    name: 'XORPS',
    summary: 'XORs the operands.',
    cite: 'SDM 2D XORPS; APM 4 XORPS',
    ...sseOnly,
    rows: 'NP 0F 57 /r | RM | XORPS xmm:rw, xmm/m128',
  }),
]

const comparisons: readonly Family[] = [
  family({
    name: 'CMPPS/CMPSS',
    summary: 'Compares single-precision numbers by the predicate in imm8[2:0]: all ones or all zeros.',
    cite: 'SDM 2A CMPPS, CMPSS; APM 4 CMPPS, CMPSS',
    note: 'imm8[7:3] is reserved in the legacy encodings; processors ignore it.',
    ...sseFloat,
    rows: `
      NP 0F C2 /r ib | RMI | CMPPS xmm:rw, xmm/m128, imm8
      F3 0F C2 /r ib | RMI | CMPSS xmm:rw, xmm/m32, imm8
    `,
  }),
  family({
    name: 'COMISS',
    summary: 'Compares the low numbers into ZF, PF and CF; invalid with any NaN.',
    cite: 'SDM 2A COMISS; APM 4 COMISS',
    note: 'The flags stay as they were if an unmasked SIMD floating-point exception is raised.',
    ...sseFloat,
    flags: 'w=ZPC 0=OSA',
    rows: 'NP 0F 2F /r | RM | COMISS xmm, xmm/m32',
  }),
  family({
    name: 'UCOMISS',
    summary: 'Compares the low numbers into ZF, PF and CF; invalid only with a signaling NaN.',
    cite: 'SDM 2B UCOMISS; APM 4 UCOMISS',
    note: 'The flags stay as they were if an unmasked SIMD floating-point exception is raised.',
    ...sseFloat,
    flags: 'w=ZPC 0=OSA',
    rows: 'NP 0F 2E /r | RM | UCOMISS xmm, xmm/m32',
  }),
]

const conversions: readonly Family[] = [
  family({
    name: 'CVTSI2SS',
    summary: 'Converts a signed integer to single precision in the low doubleword; the rest stays.',
    cite: 'SDM 2A CVTSI2SS; APM 4 CVTSI2SS',
    ...sseFloat,
    rows: 'F3 0F 2A /r | RM | CVTSI2SS xmm:rw, r/my',
  }),
  family({
    name: 'CVTSS2SI',
    summary: 'Converts the low single-precision number to a signed integer, rounded by MXCSR.RC.',
    cite: 'SDM 2A CVTSS2SI; APM 4 CVTSS2SI',
    ...sseFloat,
    rows: 'F3 0F 2D /r | RM | CVTSS2SI ry:w, xmm/m32',
  }),
  family({
    name: 'CVTTSS2SI',
    summary: 'Converts the low single-precision number to a signed integer, truncated.',
    cite: 'SDM 2A CVTTSS2SI; APM 4 CVTTSS2SI',
    ...sseFloat,
    rows: 'F3 0F 2C /r | RM | CVTTSS2SI ry:w, xmm/m32',
  }),
]

export const sse: readonly Family[] = [...moves, ...shuffles, ...arithmetic, ...logic, ...comparisons, ...conversions]
