/**
 * Every instruction that names an MMX register: MMX itself and what SSE, SSE2 and SSSE3 added for these registers.
 *
 * Executing one of them sets the x87 top of stack to 0 and the whole tag word to valid (EMMS: to empty), and a write to an
 * MMX register sets bits 79:64 of the x87 register below it to ones (SDM vol. 3A, 13.2, tables 13-1 and 13-2): `TOP:w FTW:w`.
 */
import { type Family, family } from './notation.ts'

const x87State = 'TOP:w FTW:w'
const mmxOnly = { group: 'mmx', attrs: 'MMX', implicit: x87State } as const
/** AMD reports the integer instructions that SSE added for MMX registers also as MmxExt (Fn8000_0001 EDX[22]), without SSE. */
const sseOnMmx = { group: 'sse', attrs: 'SSE', implicit: x87State } as const
const sse2OnMmx = { group: 'sse2', attrs: 'SSE2', implicit: x87State } as const
const ssse3OnMmx = { group: 'ssse3', attrs: 'SSSE3', implicit: x87State } as const

const state: readonly Family[] = [
  family({
    name: 'EMMS',
    summary: 'Marks all x87 registers empty, so that x87 code can follow MMX code.',
    cite: 'SDM 2A EMMS; APM 5 EMMS',
    ...mmxOnly,
    rows: 'NP 0F 77 | ZO | EMMS',
  }),
]

const moves: readonly Family[] = [
  family({
    name: 'MOVD/MOVQ',
    summary:
      'Copies a doubleword or quadword between an MMX register (the upper half cleared) and a general register or memory.',
    cite: 'SDM 2B MOVD/MOVQ; APM 5 MOVD',
    note: 'AMD names the REX.W forms MOVD too.',
    ...mmxOnly,
    rows: `
      NP NOREX.W 0F 6E /r | RM | MOVD mm:w, r/m32
      NP REX.W 0F 6E /r   | RM | MOVQ mm:w, r/m64
      NP NOREX.W 0F 7E /r | MR | MOVD r/m32:w, mm
      NP REX.W 0F 7E /r   | MR | MOVQ r/m64:w, mm
    `,
  }),
  family({
    name: 'MOVQ',
    summary: 'Copies a quadword between MMX registers or to and from memory.',
    cite: 'SDM 2B MOVQ; APM 5 MOVQ',
    ...mmxOnly,
    rows: `
      NP 0F 6F /r | RM | MOVQ mm:w, mm/m64
      NP 0F 7F /r | MR | MOVQ mm/m64:w, mm
    `,
  }),
  family({
    name: 'MOVNTQ',
    summary: 'Stores an MMX register with a non-temporal hint.',
    cite: 'SDM 2B MOVNTQ; APM 5 MOVNTQ',
    ...sseOnMmx,
    rows: 'NP 0F E7 /r | MR | MOVNTQ m64:w, mm',
  }),
  family({
    name: 'MASKMOVQ',
    summary:
      'Stores those bytes of the first register whose mask byte in the second has bit 7 set, non-temporally, at DS:rDI.',
    cite: 'SDM 2B MASKMOVQ; APM 5 MASKMOVQ',
    note: 'Bytes that are not selected are not written. With a mask of zeros the x87 state still changes, and whether the access can fault is up to the processor.',
    ...sseOnMmx,
    rows: 'NP 0F F7 /r | RM | MASKMOVQ m64@rDI:cw, mm, mm',
  }),
  family({
    name: 'MOVDQ2Q',
    summary: 'Copies the low quadword of an XMM register to an MMX register.',
    cite: 'SDM 2B MOVDQ2Q; APM 5 MOVDQ2Q',
    ...sse2OnMmx,
    rows: 'F2 0F D6 /r | RM | MOVDQ2Q mm:w, xmm',
  }),
  family({
    name: 'MOVQ2DQ',
    summary: 'Copies an MMX register to the low quadword of an XMM register and clears the high one.',
    cite: 'SDM 2B MOVQ2DQ; APM 5 MOVQ2DQ',
    ...sse2OnMmx,
    rows: 'F3 0F D6 /r | RM | MOVQ2DQ xmm:w, mm',
  }),
  family({
    name: 'PMOVMSKB',
    summary: 'Gathers the sign bits of the bytes into the low bits of a general register; the other bits become 0.',
    cite: 'SDM 2B PMOVMSKB; APM 5 PMOVMSKB',
    ...sseOnMmx,
    rows: 'NP 0F D7 /r | RM | PMOVMSKB ry:w, mm',
  }),
  family({
    name: 'PEXTRW',
    summary: 'Extracts the word selected by imm8[1:0], zero-extended.',
    cite: 'SDM 2B PEXTRW; APM 5 PEXTRW',
    ...sseOnMmx,
    rows: 'NP 0F C5 /r ib | RMI | PEXTRW ry:w, mm, imm8',
  }),
  family({
    name: 'PINSRW',
    summary: 'Replaces the word selected by imm8[1:0].',
    cite: 'SDM 2B PINSRW; APM 5 PINSRW',
    ...sseOnMmx,
    rows: 'NP 0F C4 /r ib | RMI | PINSRW mm:rw, ry/m16, imm8',
  }),
]

const conversions: readonly Family[] = [
  family({
    name: 'CVTPI2PS',
    summary:
      'Converts two signed doublewords to single precision into the low half of an XMM register; the high half stays.',
    cite: 'SDM 2A CVTPI2PS; APM 5 CVTPI2PS',
    note: 'The SDM page has both forms enter MMX state. Measured on an AMD EPYC (family 19h, model 11h), the form with a memory operand leaves the x87 state alone, as the SDM says of CVTPI2PD; not measured on Intel.',
    group: 'sse',
    attrs: 'SSE',
    rows: `
      NP 0F 2A /r | RM | CVTPI2PS xmm:rw, mm  | imp:TOP:w,FTW:w,MXCSR:rw
      NP 0F 2A /r | RM | CVTPI2PS xmm:rw, m64 | imp:MXCSR:rw
    `,
  }),
  family({
    name: 'CVTPI2PD',
    summary: 'Converts two signed doublewords to double precision.',
    cite: 'SDM 2A CVTPI2PD; APM 5 CVTPI2PD',
    note: 'Exact, so MXCSR plays no part. The form with a memory operand leaves the x87 state alone and takes no pending x87 exception.',
    group: 'sse2',
    attrs: 'SSE2',
    rows: `
      66 0F 2A /r | RM | CVTPI2PD xmm:w, mm  | imp:TOP:w,FTW:w
      66 0F 2A /r | RM | CVTPI2PD xmm:w, m64
    `,
  }),
  family({
    name: 'CVTPS2PI/CVTTPS2PI',
    summary: 'Converts two single-precision numbers to signed doublewords, rounded by MXCSR.RC (T: truncated).',
    cite: 'SDM 2A CVTPS2PI, CVTTPS2PI; APM 5 CVTPS2PI, CVTTPS2PI',
    group: 'sse',
    attrs: 'SSE',
    implicit: `${x87State} MXCSR:rw`,
    rows: `
      NP 0F 2C /r | RM | CVTTPS2PI mm:w, xmm/m64
      NP 0F 2D /r | RM | CVTPS2PI mm:w, xmm/m64
    `,
  }),
  family({
    name: 'CVTPD2PI/CVTTPD2PI',
    summary: 'Converts two double-precision numbers to signed doublewords, rounded by MXCSR.RC (T: truncated).',
    cite: 'SDM 2A CVTPD2PI, CVTTPD2PI; APM 5 CVTPD2PI, CVTTPD2PI',
    group: 'sse2',
    attrs: 'SSE2',
    implicit: `${x87State} MXCSR:rw`,
    rows: `
      66 0F 2C /r | RM | CVTTPD2PI mm:w, xmm/m128
      66 0F 2D /r | RM | CVTPD2PI mm:w, xmm/m128
    `,
  }),
]

const packing: readonly Family[] = [
  family({
    name: 'PACKSSWB/PACKSSDW',
    summary: 'Narrows the signed elements of both operands with signed saturation.',
    cite: 'SDM 2B PACKSSWB/PACKSSDW; APM 5 PACKSSWB, PACKSSDW',
    ...mmxOnly,
    rows: `
      NP 0F 63 /r | RM | PACKSSWB mm:rw, mm/m64
      NP 0F 6B /r | RM | PACKSSDW mm:rw, mm/m64
    `,
  }),
  family({
    name: 'PACKUSWB',
    summary: 'Narrows the signed words of both operands to bytes with unsigned saturation.',
    cite: 'SDM 2B PACKUSWB; APM 5 PACKUSWB',
    ...mmxOnly,
    rows: 'NP 0F 67 /r | RM | PACKUSWB mm:rw, mm/m64',
  }),
  family({
    name: 'PUNPCKLBW/PUNPCKLWD/PUNPCKLDQ',
    summary: 'Interleaves the low halves of both operands.',
    cite: 'SDM 2B PUNPCKLBW/PUNPCKLWD/PUNPCKLDQ/PUNPCKLQDQ; APM 5 PUNPCKLBW, PUNPCKLWD, PUNPCKLDQ',
    ...mmxOnly,
    rows: `
      NP 0F 60 /r | RM | PUNPCKLBW mm:rw, mm/m32
      NP 0F 61 /r | RM | PUNPCKLWD mm:rw, mm/m32
      NP 0F 62 /r | RM | PUNPCKLDQ mm:rw, mm/m32
    `,
  }),
  family({
    name: 'PUNPCKHBW/PUNPCKHWD/PUNPCKHDQ',
    summary: 'Interleaves the high halves of both operands.',
    cite: 'SDM 2B PUNPCKHBW/PUNPCKHWD/PUNPCKHDQ/PUNPCKHQDQ; APM 5 PUNPCKHBW, PUNPCKHWD, PUNPCKHDQ',
    ...mmxOnly,
    rows: `
      NP 0F 68 /r | RM | PUNPCKHBW mm:rw, mm/m64
      NP 0F 69 /r | RM | PUNPCKHWD mm:rw, mm/m64
      NP 0F 6A /r | RM | PUNPCKHDQ mm:rw, mm/m64
    `,
  }),
  family({
    name: 'PSHUFW',
    summary: 'Builds four words, each chosen from the source by two bits of imm8.',
    cite: 'SDM 2B PSHUFW; APM 5 PSHUFW',
    ...sseOnMmx,
    rows: 'NP 0F 70 /r ib | RMI | PSHUFW mm:w, mm/m64, imm8',
  }),
  family({
    name: 'PSHUFB',
    summary: 'Chooses each byte of the result by the low bits of the mask byte; 0 where bit 7 of the mask byte is set.',
    cite: 'SDM 2B PSHUFB',
    ...ssse3OnMmx,
    rows: 'NP 0F 38 00 /r | RM | PSHUFB mm:rw, mm/m64',
  }),
  family({
    name: 'PALIGNR',
    summary: 'Concatenates both operands (destination high), shifts right by imm8 bytes, keeps the low quadword.',
    cite: 'SDM 2B PALIGNR',
    ...ssse3OnMmx,
    rows: 'NP 0F 3A 0F /r ib | RMI | PALIGNR mm:rw, mm/m64, imm8',
  }),
]

const arithmetic: readonly Family[] = [
  family({
    name: 'PADDB/PADDW/PADDD',
    summary: 'Adds packed integers; carries out of an element are lost.',
    cite: 'SDM 2B PADDB/PADDW/PADDD/PADDQ; APM 5 PADDB, PADDW, PADDD',
    ...mmxOnly,
    rows: `
      NP 0F FC /r | RM | PADDB mm:rw, mm/m64
      NP 0F FD /r | RM | PADDW mm:rw, mm/m64
      NP 0F FE /r | RM | PADDD mm:rw, mm/m64
    `,
  }),
  family({
    name: 'PADDQ',
    summary: 'Adds quadwords; a carry out is lost.',
    cite: 'SDM 2B PADDB/PADDW/PADDD/PADDQ; APM 5 PADDQ',
    note: 'Current editions of the SDM page give MMX as the CPUID flag of this form, older ones SSE2. It came with SSE2 (SDM vol. 1, 5.6.3); processors without SSE2 do not have it.',
    ...sse2OnMmx,
    rows: 'NP 0F D4 /r | RM | PADDQ mm:rw, mm/m64',
  }),
  family({
    name: 'PADDSB/PADDSW',
    summary: 'Adds packed signed integers with signed saturation.',
    cite: 'SDM 2B PADDSB/PADDSW; APM 5 PADDSB, PADDSW',
    ...mmxOnly,
    rows: `
      NP 0F EC /r | RM | PADDSB mm:rw, mm/m64
      NP 0F ED /r | RM | PADDSW mm:rw, mm/m64
    `,
  }),
  family({
    name: 'PADDUSB/PADDUSW',
    summary: 'Adds packed unsigned integers with unsigned saturation.',
    cite: 'SDM 2B PADDUSB/PADDUSW; APM 5 PADDUSB, PADDUSW',
    ...mmxOnly,
    rows: `
      NP 0F DC /r | RM | PADDUSB mm:rw, mm/m64
      NP 0F DD /r | RM | PADDUSW mm:rw, mm/m64
    `,
  }),
  family({
    name: 'PSUBB/PSUBW/PSUBD',
    summary: 'Subtracts packed integers; borrows out of an element are lost.',
    cite: 'SDM 2B PSUBB/PSUBW/PSUBD; APM 5 PSUBB, PSUBW, PSUBD',
    ...mmxOnly,
    rows: `
      NP 0F F8 /r | RM | PSUBB mm:rw, mm/m64
      NP 0F F9 /r | RM | PSUBW mm:rw, mm/m64
      NP 0F FA /r | RM | PSUBD mm:rw, mm/m64
    `,
  }),
  family({
    name: 'PSUBQ',
    summary: 'Subtracts quadwords; a borrow out is lost.',
    cite: 'SDM 2B PSUBQ; APM 5 PSUBQ',
    ...sse2OnMmx,
    rows: 'NP 0F FB /r | RM | PSUBQ mm:rw, mm/m64',
  }),
  family({
    name: 'PSUBSB/PSUBSW',
    summary: 'Subtracts packed signed integers with signed saturation.',
    cite: 'SDM 2B PSUBSB/PSUBSW; APM 5 PSUBSB, PSUBSW',
    ...mmxOnly,
    rows: `
      NP 0F E8 /r | RM | PSUBSB mm:rw, mm/m64
      NP 0F E9 /r | RM | PSUBSW mm:rw, mm/m64
    `,
  }),
  family({
    name: 'PSUBUSB/PSUBUSW',
    summary: 'Subtracts packed unsigned integers with unsigned saturation.',
    cite: 'SDM 2B PSUBUSB/PSUBUSW; APM 5 PSUBUSB, PSUBUSW',
    ...mmxOnly,
    rows: `
      NP 0F D8 /r | RM | PSUBUSB mm:rw, mm/m64
      NP 0F D9 /r | RM | PSUBUSW mm:rw, mm/m64
    `,
  }),
  family({
    name: 'PHADDW/PHADDD',
    summary: 'Adds horizontal neighbours; the destination gives the low half of the result, the source the high half.',
    cite: 'SDM 2B PHADDW/PHADDD',
    ...ssse3OnMmx,
    rows: `
      NP 0F 38 01 /r | RM | PHADDW mm:rw, mm/m64
      NP 0F 38 02 /r | RM | PHADDD mm:rw, mm/m64
    `,
  }),
  family({
    name: 'PHADDSW',
    summary: 'Adds horizontal neighbours with signed saturation.',
    cite: 'SDM 2B PHADDSW',
    ...ssse3OnMmx,
    rows: 'NP 0F 38 03 /r | RM | PHADDSW mm:rw, mm/m64',
  }),
  family({
    name: 'PHSUBW/PHSUBD',
    summary: 'Subtracts the high from the low of each pair of horizontal neighbours.',
    cite: 'SDM 2B PHSUBW/PHSUBD',
    ...ssse3OnMmx,
    rows: `
      NP 0F 38 05 /r | RM | PHSUBW mm:rw, mm/m64
      NP 0F 38 06 /r | RM | PHSUBD mm:rw, mm/m64
    `,
  }),
  family({
    name: 'PHSUBSW',
    summary: 'Subtracts horizontal neighbours with signed saturation.',
    cite: 'SDM 2B PHSUBSW',
    ...ssse3OnMmx,
    rows: 'NP 0F 38 07 /r | RM | PHSUBSW mm:rw, mm/m64',
  }),
  family({
    name: 'PABSB/PABSW/PABSD',
    summary: 'Takes absolute values, as unsigned elements.',
    cite: 'SDM 2B PABSB/PABSW/PABSD/PABSQ',
    ...ssse3OnMmx,
    rows: `
      NP 0F 38 1C /r | RM | PABSB mm:w, mm/m64
      NP 0F 38 1D /r | RM | PABSW mm:w, mm/m64
      NP 0F 38 1E /r | RM | PABSD mm:w, mm/m64
    `,
  }),
  family({
    name: 'PSIGNB/PSIGNW/PSIGND',
    summary: 'Negates, clears or keeps each element by the sign of the element of the source.',
    cite: 'SDM 2B PSIGNB/PSIGNW/PSIGND',
    ...ssse3OnMmx,
    rows: `
      NP 0F 38 08 /r | RM | PSIGNB mm:rw, mm/m64
      NP 0F 38 09 /r | RM | PSIGNW mm:rw, mm/m64
      NP 0F 38 0A /r | RM | PSIGND mm:rw, mm/m64
    `,
  }),
  family({
    name: 'PAVGB/PAVGW',
    summary: 'Averages packed unsigned integers, rounded up.',
    cite: 'SDM 2B PAVGB/PAVGW; APM 5 PAVGB, PAVGW',
    ...sseOnMmx,
    rows: `
      NP 0F E0 /r | RM | PAVGB mm:rw, mm/m64
      NP 0F E3 /r | RM | PAVGW mm:rw, mm/m64
    `,
  }),
  family({
    name: 'PMAXSW/PMAXUB/PMINSW/PMINUB',
    summary: 'Takes the greater or lesser of packed signed words or unsigned bytes.',
    cite: 'SDM 2B PMAXSB/PMAXSW/PMAXSD/PMAXSQ, PMAXUB/PMAXUW, PMINSB/PMINSW, PMINUB/PMINUW; APM 5 PMAXSW, PMAXUB, PMINSW, PMINUB',
    ...sseOnMmx,
    rows: `
      NP 0F DA /r | RM | PMINUB mm:rw, mm/m64
      NP 0F DE /r | RM | PMAXUB mm:rw, mm/m64
      NP 0F EA /r | RM | PMINSW mm:rw, mm/m64
      NP 0F EE /r | RM | PMAXSW mm:rw, mm/m64
    `,
  }),
  family({
    name: 'PSADBW',
    summary: 'Sums the absolute differences of unsigned bytes into the low word; the other words become 0.',
    cite: 'SDM 2B PSADBW; APM 5 PSADBW',
    ...sseOnMmx,
    rows: 'NP 0F F6 /r | RM | PSADBW mm:rw, mm/m64',
  }),
]

const multiplication: readonly Family[] = [
  family({
    name: 'PMULLW',
    summary: 'Multiplies packed words, low halves of the products.',
    cite: 'SDM 2B PMULLW; APM 5 PMULLW',
    ...mmxOnly,
    rows: 'NP 0F D5 /r | RM | PMULLW mm:rw, mm/m64',
  }),
  family({
    name: 'PMULHW',
    summary: 'Multiplies packed signed words, high halves of the products.',
    cite: 'SDM 2B PMULHW; APM 5 PMULHW',
    ...mmxOnly,
    rows: 'NP 0F E5 /r | RM | PMULHW mm:rw, mm/m64',
  }),
  family({
    name: 'PMULHUW',
    summary: 'Multiplies packed unsigned words, high halves of the products.',
    cite: 'SDM 2B PMULHUW; APM 5 PMULHUW',
    ...sseOnMmx,
    rows: 'NP 0F E4 /r | RM | PMULHUW mm:rw, mm/m64',
  }),
  family({
    name: 'PMULHRSW',
    summary: 'Multiplies packed signed words, bits 30:15 of the rounded products.',
    cite: 'SDM 2B PMULHRSW',
    ...ssse3OnMmx,
    rows: 'NP 0F 38 0B /r | RM | PMULHRSW mm:rw, mm/m64',
  }),
  family({
    name: 'PMULUDQ',
    summary: 'Multiplies the low unsigned doublewords to a quadword.',
    cite: 'SDM 2B PMULUDQ; APM 5 PMULUDQ',
    ...sse2OnMmx,
    rows: 'NP 0F F4 /r | RM | PMULUDQ mm:rw, mm/m64',
  }),
  family({
    name: 'PMADDWD',
    summary: 'Multiplies packed signed words and adds neighbouring products to doublewords.',
    cite: 'SDM 2B PMADDWD; APM 5 PMADDWD',
    ...mmxOnly,
    rows: 'NP 0F F5 /r | RM | PMADDWD mm:rw, mm/m64',
  }),
  family({
    name: 'PMADDUBSW',
    summary:
      'Multiplies unsigned bytes of the destination by signed bytes of the source; adds neighbouring products with saturation.',
    cite: 'SDM 2B PMADDUBSW',
    ...ssse3OnMmx,
    rows: 'NP 0F 38 04 /r | RM | PMADDUBSW mm:rw, mm/m64',
  }),
]

const logic: readonly Family[] = [
  family({
    name: 'PAND',
    summary: 'ANDs the operands.',
    cite: 'SDM 2B PAND; APM 5 PAND',
    ...mmxOnly,
    rows: 'NP 0F DB /r | RM | PAND mm:rw, mm/m64',
  }),
  family({
    name: 'PANDN',
    summary: 'ANDs the inverted destination with the source.',
    cite: 'SDM 2B PANDN; APM 5 PANDN',
    ...mmxOnly,
    rows: 'NP 0F DF /r | RM | PANDN mm:rw, mm/m64',
  }),
  family({
    name: 'POR',
    summary: 'ORs the operands.',
    cite: 'SDM 2B POR; APM 5 POR',
    ...mmxOnly,
    rows: 'NP 0F EB /r | RM | POR mm:rw, mm/m64',
  }),
  family({
    name: 'PXOR',
    summary: 'XORs the operands.',
    cite: 'SDM 2B PXOR; APM 5 PXOR',
    ...mmxOnly,
    rows: 'NP 0F EF /r | RM | PXOR mm:rw, mm/m64',
  }),
  family({
    name: 'PCMPEQB/PCMPEQW/PCMPEQD',
    summary: 'Compares for equality: each element becomes all ones or all zeros.',
    cite: 'SDM 2B PCMPEQB/PCMPEQW/PCMPEQD; APM 5 PCMPEQB, PCMPEQW, PCMPEQD',
    ...mmxOnly,
    rows: `
      NP 0F 74 /r | RM | PCMPEQB mm:rw, mm/m64
      NP 0F 75 /r | RM | PCMPEQW mm:rw, mm/m64
      NP 0F 76 /r | RM | PCMPEQD mm:rw, mm/m64
    `,
  }),
  family({
    name: 'PCMPGTB/PCMPGTW/PCMPGTD',
    summary: 'Compares signed elements, destination greater than source: each becomes all ones or all zeros.',
    cite: 'SDM 2B PCMPGTB/PCMPGTW/PCMPGTD; APM 5 PCMPGTB, PCMPGTW, PCMPGTD',
    ...mmxOnly,
    rows: `
      NP 0F 64 /r | RM | PCMPGTB mm:rw, mm/m64
      NP 0F 65 /r | RM | PCMPGTW mm:rw, mm/m64
      NP 0F 66 /r | RM | PCMPGTD mm:rw, mm/m64
    `,
  }),
]

const shifts: readonly Family[] = [
  family({
    name: 'PSLLW/PSLLD/PSLLQ',
    summary: 'Shifts each element left by the whole 64-bit count; 0 where the count is at least the width.',
    cite: 'SDM 2B PSLLW/PSLLD/PSLLQ; APM 5 PSLLW, PSLLD, PSLLQ',
    ...mmxOnly,
    rows: `
      NP 0F F1 /r    | RM | PSLLW mm:rw, mm/m64
      NP 0F F2 /r    | RM | PSLLD mm:rw, mm/m64
      NP 0F F3 /r    | RM | PSLLQ mm:rw, mm/m64
      NP 0F 71 /6 ib | MI | PSLLW mm:rw, imm8
      NP 0F 72 /6 ib | MI | PSLLD mm:rw, imm8
      NP 0F 73 /6 ib | MI | PSLLQ mm:rw, imm8
    `,
  }),
  family({
    name: 'PSRLW/PSRLD/PSRLQ',
    summary: 'Shifts each element right by the whole 64-bit count; 0 where the count is at least the width.',
    cite: 'SDM 2B PSRLW/PSRLD/PSRLQ; APM 5 PSRLW, PSRLD, PSRLQ',
    ...mmxOnly,
    rows: `
      NP 0F D1 /r    | RM | PSRLW mm:rw, mm/m64
      NP 0F D2 /r    | RM | PSRLD mm:rw, mm/m64
      NP 0F D3 /r    | RM | PSRLQ mm:rw, mm/m64
      NP 0F 71 /2 ib | MI | PSRLW mm:rw, imm8
      NP 0F 72 /2 ib | MI | PSRLD mm:rw, imm8
      NP 0F 73 /2 ib | MI | PSRLQ mm:rw, imm8
    `,
  }),
  family({
    name: 'PSRAW/PSRAD',
    summary:
      'Shifts each element right by the whole 64-bit count, filling with its sign; all sign where the count is at least the width.',
    cite: 'SDM 2B PSRAW/PSRAD/PSRAQ; APM 5 PSRAW, PSRAD',
    ...mmxOnly,
    rows: `
      NP 0F E1 /r    | RM | PSRAW mm:rw, mm/m64
      NP 0F E2 /r    | RM | PSRAD mm:rw, mm/m64
      NP 0F 71 /4 ib | MI | PSRAW mm:rw, imm8
      NP 0F 72 /4 ib | MI | PSRAD mm:rw, imm8
    `,
  }),
]

export const mmx: readonly Family[] = [
  ...state,
  ...moves,
  ...conversions,
  ...packing,
  ...arithmetic,
  ...multiplication,
  ...logic,
  ...shifts,
]
