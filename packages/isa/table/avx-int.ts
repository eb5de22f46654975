/**
 * Integer instructions with VEX prefix: the 128-bit forms came with AVX, the 256-bit ones with AVX2 (`AVX/AVX2`), and what AVX2 added for both
 * lengths: broadcasts, permutes, gathers, masked moves and variable shifts (SDM vol. 1, chapter 14; APM vol. 4). The 256-bit forms work in each
 * 128-bit lane by itself, except where the summary says otherwise. No memory operand needs alignment.
 */
import type { Family } from './notation.ts'
import { both, sdm, vexFamily } from './vex-family.ts'

/** PMOVSX and PMOVZX: the source is a fraction of the destination, so that the memory operand of the 256-bit form is twice that of the 128-bit form. */
function extension(opcodeHigh: string, operation: string, page: string, summary: string): Family {
  const narrow = [
    ['0', 'BW', 64],
    ['1', 'BD', 32],
    ['2', 'BQ', 16],
    ['3', 'WD', 64],
    ['4', 'WQ', 32],
    ['5', 'DQ', 64],
  ] as const
  const rows = narrow.flatMap(([low, widths, bits]) => [
    `VEX.128.66.0F38.WIG ${opcodeHigh}${low} /r | RM | ${operation}${widths} xmm:w, xmm/m${bits} | AVX`,
    `VEX.256.66.0F38.WIG ${opcodeHigh}${low} /r | RM | ${operation}${widths} ymm:w, xmm/m${2 * bits} | AVX2`,
  ])
  return vexFamily({
    name: operation,
    summary,
    cite: `${sdm(page)}; APM 4 ${narrow.map(([, widths]) => operation.slice(1) + widths).join(', ')}`,
    group: 'avx',
    rows: rows.join('\n'),
  })
}

const GATHER_NOTE =
  'The mask is the sign bit of each element of the third operand; an element is cleared as soon as it is loaded, so that a fault can be resumed, and the whole mask is zero at the end. ' +
  'Destination, index and mask must be three registers, else #UD. #UD without a SIB byte, and with 16-bit addresses. An access is of one element: 4 bytes where W0, 8 bytes where W1.'

export const avxInt: readonly Family[] = [
  // Arithmetic
  vexFamily({
    name: 'VPADDB/VPADDW/VPADDD/VPADDQ',
    summary: 'Add packed integers',
    cite: `${sdm('PADDB/PADDW/PADDD/PADDQ')}; APM 4 PADDB, PADDW, PADDD, PADDQ`,
    group: 'avx',
    attrs: 'AVX/AVX2',
    rows: `
      VEX.x.66.0F.WIG FC /r | RVM | VPADDB xymm:w, xymm, xymm/mx
      VEX.x.66.0F.WIG FD /r | RVM | VPADDW xymm:w, xymm, xymm/mx
      VEX.x.66.0F.WIG FE /r | RVM | VPADDD xymm:w, xymm, xymm/mx
      VEX.x.66.0F.WIG D4 /r | RVM | VPADDQ xymm:w, xymm, xymm/mx
    `,
  }),
  vexFamily({
    name: 'VPADDSB/VPADDSW',
    summary: 'Add packed signed integers with saturation',
    cite: `${sdm('PADDSB/PADDSW')}; APM 4 PADDSB, PADDSW`,
    group: 'avx',
    attrs: 'AVX/AVX2',
    rows: `
      VEX.x.66.0F.WIG EC /r | RVM | VPADDSB xymm:w, xymm, xymm/mx
      VEX.x.66.0F.WIG ED /r | RVM | VPADDSW xymm:w, xymm, xymm/mx
    `,
  }),
  vexFamily({
    name: 'VPADDUSB/VPADDUSW',
    summary: 'Add packed unsigned integers with saturation',
    cite: `${sdm('PADDUSB/PADDUSW')}; APM 4 PADDUSB, PADDUSW`,
    group: 'avx',
    attrs: 'AVX/AVX2',
    rows: `
      VEX.x.66.0F.WIG DC /r | RVM | VPADDUSB xymm:w, xymm, xymm/mx
      VEX.x.66.0F.WIG DD /r | RVM | VPADDUSW xymm:w, xymm, xymm/mx
    `,
  }),
  vexFamily({
    name: 'VPSUBB/VPSUBW/VPSUBD/VPSUBQ',
    summary: 'Subtract packed integers',
    cite: `${sdm('PSUBB/PSUBW/PSUBD', 'PSUBQ')}; APM 4 PSUBB, PSUBW, PSUBD, PSUBQ`,
    group: 'avx',
    attrs: 'AVX/AVX2',
    rows: `
      VEX.x.66.0F.WIG F8 /r | RVM | VPSUBB xymm:w, xymm, xymm/mx
      VEX.x.66.0F.WIG F9 /r | RVM | VPSUBW xymm:w, xymm, xymm/mx
      VEX.x.66.0F.WIG FA /r | RVM | VPSUBD xymm:w, xymm, xymm/mx
      VEX.x.66.0F.WIG FB /r | RVM | VPSUBQ xymm:w, xymm, xymm/mx
    `,
  }),
  vexFamily({
    name: 'VPSUBSB/VPSUBSW',
    summary: 'Subtract packed signed integers with saturation',
    cite: `${sdm('PSUBSB/PSUBSW')}; APM 4 PSUBSB, PSUBSW`,
    group: 'avx',
    attrs: 'AVX/AVX2',
    rows: `
      VEX.x.66.0F.WIG E8 /r | RVM | VPSUBSB xymm:w, xymm, xymm/mx
      VEX.x.66.0F.WIG E9 /r | RVM | VPSUBSW xymm:w, xymm, xymm/mx
    `,
  }),
  vexFamily({
    name: 'VPSUBUSB/VPSUBUSW',
    summary: 'Subtract packed unsigned integers with saturation',
    cite: `${sdm('PSUBUSB/PSUBUSW')}; APM 4 PSUBUSB, PSUBUSW`,
    group: 'avx',
    attrs: 'AVX/AVX2',
    rows: `
      VEX.x.66.0F.WIG D8 /r | RVM | VPSUBUSB xymm:w, xymm, xymm/mx
      VEX.x.66.0F.WIG D9 /r | RVM | VPSUBUSW xymm:w, xymm, xymm/mx
    `,
  }),
  vexFamily({
    name: 'VPHADDW/VPHADDD/VPHADDSW',
    summary: 'Add neighbouring elements',
    cite: `${sdm('PHADDW/PHADDD', 'PHADDSW')}; APM 4 PHADDW, PHADDD, PHADDSW`,
    group: 'avx',
    attrs: 'AVX/AVX2',
    rows: `
      VEX.x.66.0F38.WIG 01 /r | RVM | VPHADDW xymm:w, xymm, xymm/mx
      VEX.x.66.0F38.WIG 02 /r | RVM | VPHADDD xymm:w, xymm, xymm/mx
      VEX.x.66.0F38.WIG 03 /r | RVM | VPHADDSW xymm:w, xymm, xymm/mx
    `,
  }),
  vexFamily({
    name: 'VPHSUBW/VPHSUBD/VPHSUBSW',
    summary: 'Subtract neighbouring elements',
    cite: `${sdm('PHSUBW/PHSUBD', 'PHSUBSW')}; APM 4 PHSUBW, PHSUBD, PHSUBSW`,
    group: 'avx',
    attrs: 'AVX/AVX2',
    rows: `
      VEX.x.66.0F38.WIG 05 /r | RVM | VPHSUBW xymm:w, xymm, xymm/mx
      VEX.x.66.0F38.WIG 06 /r | RVM | VPHSUBD xymm:w, xymm, xymm/mx
      VEX.x.66.0F38.WIG 07 /r | RVM | VPHSUBSW xymm:w, xymm, xymm/mx
    `,
  }),
  vexFamily({
    name: 'VPMADDWD',
    summary: 'Multiply packed words and add neighbouring products',
    cite: both('PMADDWD'),
    group: 'avx',
    attrs: 'AVX/AVX2',
    rows: 'VEX.x.66.0F.WIG F5 /r | RVM | VPMADDWD xymm:w, xymm, xymm/mx',
  }),
  vexFamily({
    name: 'VPMADDUBSW',
    summary: 'Multiply unsigned by signed bytes and add neighbouring products with saturation',
    cite: both('PMADDUBSW'),
    group: 'avx',
    attrs: 'AVX/AVX2',
    rows: 'VEX.x.66.0F38.WIG 04 /r | RVM | VPMADDUBSW xymm:w, xymm, xymm/mx',
  }),
  vexFamily({
    name: 'VPMULLW/VPMULHW/VPMULHUW/VPMULHRSW',
    summary: 'Multiply packed words: low, high, unsigned high, rounded high part',
    cite: both('PMULLW', 'PMULHW', 'PMULHUW', 'PMULHRSW'),
    group: 'avx',
    attrs: 'AVX/AVX2',
    rows: `
      VEX.x.66.0F.WIG   D5 /r | RVM | VPMULLW xymm:w, xymm, xymm/mx
      VEX.x.66.0F.WIG   E5 /r | RVM | VPMULHW xymm:w, xymm, xymm/mx
      VEX.x.66.0F.WIG   E4 /r | RVM | VPMULHUW xymm:w, xymm, xymm/mx
      VEX.x.66.0F38.WIG 0B /r | RVM | VPMULHRSW xymm:w, xymm, xymm/mx
    `,
  }),
  vexFamily({
    name: 'VPMULLD',
    summary: 'Multiply packed doublewords, low part',
    cite: `${sdm('PMULLD/PMULLQ')}; APM 4 PMULLD`,
    group: 'avx',
    attrs: 'AVX/AVX2',
    rows: 'VEX.x.66.0F38.WIG 40 /r | RVM | VPMULLD xymm:w, xymm, xymm/mx',
  }),
  vexFamily({
    name: 'VPMULDQ/VPMULUDQ',
    summary: 'Multiply the even doublewords to quadwords, signed or unsigned',
    cite: both('PMULDQ', 'PMULUDQ'),
    group: 'avx',
    attrs: 'AVX/AVX2',
    rows: `
      VEX.x.66.0F38.WIG 28 /r | RVM | VPMULDQ xymm:w, xymm, xymm/mx
      VEX.x.66.0F.WIG   F4 /r | RVM | VPMULUDQ xymm:w, xymm, xymm/mx
    `,
  }),
  vexFamily({
    name: 'VPAVGB/VPAVGW',
    summary: 'Average of packed unsigned integers, rounded up',
    cite: `${sdm('PAVGB/PAVGW')}; APM 4 PAVGB, PAVGW`,
    group: 'avx',
    attrs: 'AVX/AVX2',
    rows: `
      VEX.x.66.0F.WIG E0 /r | RVM | VPAVGB xymm:w, xymm, xymm/mx
      VEX.x.66.0F.WIG E3 /r | RVM | VPAVGW xymm:w, xymm, xymm/mx
    `,
  }),
  vexFamily({
    name: 'VPSADBW',
    summary: 'Sum of absolute differences of unsigned bytes',
    cite: both('PSADBW'),
    group: 'avx',
    attrs: 'AVX/AVX2',
    rows: 'VEX.x.66.0F.WIG F6 /r | RVM | VPSADBW xymm:w, xymm, xymm/mx',
  }),
  vexFamily({
    name: 'VMPSADBW',
    summary: 'Eight sums of absolute differences of unsigned bytes, by offsets of the immediate',
    cite: both('MPSADBW'),
    group: 'avx',
    attrs: 'AVX/AVX2',
    rows: 'VEX.x.66.0F3A.WIG 42 /r ib | RVMI | VMPSADBW xymm:w, xymm, xymm/mx, imm8',
  }),
  vexFamily({
    name: 'VPABSB/VPABSW/VPABSD',
    summary: 'Absolute value of packed integers',
    cite: `${sdm('PABSB/PABSW/PABSD/PABSQ')}; APM 4 PABSB, PABSW, PABSD`,
    group: 'avx',
    attrs: 'AVX/AVX2',
    rows: `
      VEX.x.66.0F38.WIG 1C /r | RM | VPABSB xymm:w, xymm/mx
      VEX.x.66.0F38.WIG 1D /r | RM | VPABSW xymm:w, xymm/mx
      VEX.x.66.0F38.WIG 1E /r | RM | VPABSD xymm:w, xymm/mx
    `,
  }),
  vexFamily({
    name: 'VPSIGNB/VPSIGNW/VPSIGND',
    summary: 'Negate, keep or zero packed integers by the sign of the second source',
    cite: `${sdm('PSIGNB/PSIGNW/PSIGND')}; APM 4 PSIGNB, PSIGNW, PSIGND`,
    group: 'avx',
    attrs: 'AVX/AVX2',
    rows: `
      VEX.x.66.0F38.WIG 08 /r | RVM | VPSIGNB xymm:w, xymm, xymm/mx
      VEX.x.66.0F38.WIG 09 /r | RVM | VPSIGNW xymm:w, xymm, xymm/mx
      VEX.x.66.0F38.WIG 0A /r | RVM | VPSIGND xymm:w, xymm, xymm/mx
    `,
  }),
  vexFamily({
    name: 'VPMAXSB/VPMAXSW/VPMAXSD/VPMAXUB/VPMAXUW/VPMAXUD',
    summary: 'Larger of packed integers, signed or unsigned',
    group: 'avx',
    attrs: 'AVX/AVX2',
    cite:
      sdm('PMAXSB/PMAXSW/PMAXSD/PMAXSQ', 'PMAXUB/PMAXUW', 'PMAXUD/PMAXUQ') +
      '; APM 4 PMAXSB, PMAXSW, PMAXSD, PMAXUB, PMAXUW, PMAXUD',
    rows: `
      VEX.x.66.0F38.WIG 3C /r | RVM | VPMAXSB xymm:w, xymm, xymm/mx
      VEX.x.66.0F.WIG   EE /r | RVM | VPMAXSW xymm:w, xymm, xymm/mx
      VEX.x.66.0F38.WIG 3D /r | RVM | VPMAXSD xymm:w, xymm, xymm/mx
      VEX.x.66.0F.WIG   DE /r | RVM | VPMAXUB xymm:w, xymm, xymm/mx
      VEX.x.66.0F38.WIG 3E /r | RVM | VPMAXUW xymm:w, xymm, xymm/mx
      VEX.x.66.0F38.WIG 3F /r | RVM | VPMAXUD xymm:w, xymm, xymm/mx
    `,
  }),
  vexFamily({
    name: 'VPMINSB/VPMINSW/VPMINSD/VPMINUB/VPMINUW/VPMINUD',
    summary: 'Smaller of packed integers, signed or unsigned',
    group: 'avx',
    attrs: 'AVX/AVX2',
    cite:
      sdm('PMINSB/PMINSW', 'PMINSD/PMINSQ', 'PMINUB/PMINUW', 'PMINUD/PMINUQ') +
      '; APM 4 PMINSB, PMINSW, PMINSD, PMINUB, PMINUW, PMINUD',
    rows: `
      VEX.x.66.0F38.WIG 38 /r | RVM | VPMINSB xymm:w, xymm, xymm/mx
      VEX.x.66.0F.WIG   EA /r | RVM | VPMINSW xymm:w, xymm, xymm/mx
      VEX.x.66.0F38.WIG 39 /r | RVM | VPMINSD xymm:w, xymm, xymm/mx
      VEX.x.66.0F.WIG   DA /r | RVM | VPMINUB xymm:w, xymm, xymm/mx
      VEX.x.66.0F38.WIG 3A /r | RVM | VPMINUW xymm:w, xymm, xymm/mx
      VEX.x.66.0F38.WIG 3B /r | RVM | VPMINUD xymm:w, xymm, xymm/mx
    `,
  }),
  vexFamily({
    name: 'VPHMINPOSUW',
    summary: 'Smallest unsigned word and its place',
    cite: both('PHMINPOSUW'),
    group: 'avx',
    attrs: 'AVX',
    rows: 'VEX.128.66.0F38.WIG 41 /r | RM | VPHMINPOSUW xmm:w, xmm/m128',
  }),

  // Comparison and logic
  vexFamily({
    name: 'VPCMPEQB/VPCMPEQW/VPCMPEQD/VPCMPEQQ',
    summary: 'Compare packed integers for equality',
    cite: `${sdm('PCMPEQB/PCMPEQW/PCMPEQD', 'PCMPEQQ')}; APM 4 PCMPEQB, PCMPEQW, PCMPEQD, PCMPEQQ`,
    group: 'avx',
    attrs: 'AVX/AVX2',
    rows: `
      VEX.x.66.0F.WIG   74 /r | RVM | VPCMPEQB xymm:w, xymm, xymm/mx
      VEX.x.66.0F.WIG   75 /r | RVM | VPCMPEQW xymm:w, xymm, xymm/mx
      VEX.x.66.0F.WIG   76 /r | RVM | VPCMPEQD xymm:w, xymm, xymm/mx
      VEX.x.66.0F38.WIG 29 /r | RVM | VPCMPEQQ xymm:w, xymm, xymm/mx
    `,
  }),
  vexFamily({
    name: 'VPCMPGTB/VPCMPGTW/VPCMPGTD/VPCMPGTQ',
    summary: 'Compare packed signed integers for greater than',
    cite: `${sdm('PCMPGTB/PCMPGTW/PCMPGTD', 'PCMPGTQ')}; APM 4 PCMPGTB, PCMPGTW, PCMPGTD, PCMPGTQ`,
    group: 'avx',
    attrs: 'AVX/AVX2',
    rows: `
      VEX.x.66.0F.WIG   64 /r | RVM | VPCMPGTB xymm:w, xymm, xymm/mx
      VEX.x.66.0F.WIG   65 /r | RVM | VPCMPGTW xymm:w, xymm, xymm/mx
      VEX.x.66.0F.WIG   66 /r | RVM | VPCMPGTD xymm:w, xymm, xymm/mx
      VEX.x.66.0F38.WIG 37 /r | RVM | VPCMPGTQ xymm:w, xymm, xymm/mx
    `,
  }),
  vexFamily({
    name: 'VPCMPESTRI/VPCMPESTRM',
    summary: 'Compare strings of explicit length; give an index or a mask',
    cite: both('PCMPESTRI', 'PCMPESTRM'),
    group: 'avx',
    attrs: 'AVX',
    flags: 'w=CZSO 0=AP',
    note: 'VEX.W = 1 in 64-bit mode takes the lengths from RAX and RDX. The manual gives WIG in its table and explains W in the text. An index is written to ECX, zero-extended to RCX.',
    rows: `
      VEX.128.66.0F3A.Wy 61 /r ib | RMI | VPCMPESTRI xmm, xmm/m128, imm8 | imp:rAX:r,rDX:r,ECX:w
      VEX.128.66.0F3A.Wy 60 /r ib | RMI | VPCMPESTRM xmm, xmm/m128, imm8 | imp:rAX:r,rDX:r,XMM0:w
    `,
  }),
  vexFamily({
    name: 'VPCMPISTRI/VPCMPISTRM',
    summary: 'Compare strings ended by a zero element; give an index or a mask',
    cite: both('PCMPISTRI', 'PCMPISTRM'),
    group: 'avx',
    attrs: 'AVX',
    flags: 'w=CZSO 0=AP',
    rows: `
      VEX.128.66.0F3A.WIG 63 /r ib | RMI | VPCMPISTRI xmm, xmm/m128, imm8 | imp:ECX:w
      VEX.128.66.0F3A.WIG 62 /r ib | RMI | VPCMPISTRM xmm, xmm/m128, imm8 | imp:XMM0:w
    `,
  }),
  vexFamily({
    name: 'VPTEST',
    summary: 'Test bits: ZF where AND, CF where AND NOT is zero',
    cite: both('PTEST'),
    group: 'avx',
    attrs: 'AVX',
    flags: 'w=ZC 0=OSAP',
    note: 'The 256-bit form, too, belongs to AVX.',
    rows: 'VEX.x.66.0F38.WIG 17 /r | RM | VPTEST xymm, xymm/mx',
  }),
  vexFamily({
    name: 'VPAND/VPANDN/VPOR/VPXOR',
    summary: 'Bitwise logic',
    cite: both('PAND', 'PANDN', 'POR', 'PXOR'),
    group: 'avx',
    attrs: 'AVX/AVX2',
    rows: `
      VEX.x.66.0F.WIG DB /r | RVM | VPAND xymm:w, xymm, xymm/mx
      VEX.x.66.0F.WIG DF /r | RVM | VPANDN xymm:w, xymm, xymm/mx
      VEX.x.66.0F.WIG EB /r | RVM | VPOR xymm:w, xymm, xymm/mx
      VEX.x.66.0F.WIG EF /r | RVM | VPXOR xymm:w, xymm, xymm/mx
    `,
  }),

  // Shifts
  vexFamily({
    name: 'VPSLLW/VPSLLD/VPSLLQ',
    summary: 'Shift packed integers left by one count',
    cite: `${sdm('PSLLW/PSLLD/PSLLQ')}; APM 4 PSLLW, PSLLD, PSLLQ`,
    group: 'avx',
    attrs: 'AVX/AVX2',
    note: 'The count operand is a 128-bit vector or memory operand in the 256-bit forms, too; its low 64 bits count.',
    rows: `
      VEX.x.66.0F.WIG F1 /r    | RVM | VPSLLW xymm:w, xymm, xmm/m128
      VEX.x.66.0F.WIG 71 /6 ib | VMI | VPSLLW xymm:w, xymm, imm8
      VEX.x.66.0F.WIG F2 /r    | RVM | VPSLLD xymm:w, xymm, xmm/m128
      VEX.x.66.0F.WIG 72 /6 ib | VMI | VPSLLD xymm:w, xymm, imm8
      VEX.x.66.0F.WIG F3 /r    | RVM | VPSLLQ xymm:w, xymm, xmm/m128
      VEX.x.66.0F.WIG 73 /6 ib | VMI | VPSLLQ xymm:w, xymm, imm8
    `,
  }),
  vexFamily({
    name: 'VPSRLW/VPSRLD/VPSRLQ',
    summary: 'Shift packed integers right by one count',
    cite: `${sdm('PSRLW/PSRLD/PSRLQ')}; APM 4 PSRLW, PSRLD, PSRLQ`,
    group: 'avx',
    attrs: 'AVX/AVX2',
    rows: `
      VEX.x.66.0F.WIG D1 /r    | RVM | VPSRLW xymm:w, xymm, xmm/m128
      VEX.x.66.0F.WIG 71 /2 ib | VMI | VPSRLW xymm:w, xymm, imm8
      VEX.x.66.0F.WIG D2 /r    | RVM | VPSRLD xymm:w, xymm, xmm/m128
      VEX.x.66.0F.WIG 72 /2 ib | VMI | VPSRLD xymm:w, xymm, imm8
      VEX.x.66.0F.WIG D3 /r    | RVM | VPSRLQ xymm:w, xymm, xmm/m128
      VEX.x.66.0F.WIG 73 /2 ib | VMI | VPSRLQ xymm:w, xymm, imm8
    `,
  }),
  vexFamily({
    name: 'VPSRAW/VPSRAD',
    summary: 'Shift packed signed integers right by one count',
    cite: `${sdm('PSRAW/PSRAD/PSRAQ')}; APM 4 PSRAW, PSRAD`,
    group: 'avx',
    attrs: 'AVX/AVX2',
    rows: `
      VEX.x.66.0F.WIG E1 /r    | RVM | VPSRAW xymm:w, xymm, xmm/m128
      VEX.x.66.0F.WIG 71 /4 ib | VMI | VPSRAW xymm:w, xymm, imm8
      VEX.x.66.0F.WIG E2 /r    | RVM | VPSRAD xymm:w, xymm, xmm/m128
      VEX.x.66.0F.WIG 72 /4 ib | VMI | VPSRAD xymm:w, xymm, imm8
    `,
  }),
  vexFamily({
    name: 'VPSLLDQ/VPSRLDQ',
    summary: 'Shift each 128-bit lane by bytes',
    cite: both('PSLLDQ', 'PSRLDQ'),
    group: 'avx',
    attrs: 'AVX/AVX2',
    rows: `
      VEX.x.66.0F.WIG 73 /7 ib | VMI | VPSLLDQ xymm:w, xymm, imm8
      VEX.x.66.0F.WIG 73 /3 ib | VMI | VPSRLDQ xymm:w, xymm, imm8
    `,
  }),
  vexFamily({
    name: 'VPSLLVD/VPSLLVQ',
    summary: 'Shift left, each element by its own count',
    cite: `${sdm('VPSLLVW/VPSLLVD/VPSLLVQ')}; APM 4 VPSLLVD, VPSLLVQ`,
    group: 'avx2',
    attrs: 'AVX2',
    rows: `
      VEX.x.66.0F38.W0 47 /r | RVM | VPSLLVD xymm:w, xymm, xymm/mx
      VEX.x.66.0F38.W1 47 /r | RVM | VPSLLVQ xymm:w, xymm, xymm/mx
    `,
  }),
  vexFamily({
    name: 'VPSRLVD/VPSRLVQ',
    summary: 'Shift right, each element by its own count',
    cite: `${sdm('VPSRLVW/VPSRLVD/VPSRLVQ')}; APM 4 VPSRLVD, VPSRLVQ`,
    group: 'avx2',
    attrs: 'AVX2',
    rows: `
      VEX.x.66.0F38.W0 45 /r | RVM | VPSRLVD xymm:w, xymm, xymm/mx
      VEX.x.66.0F38.W1 45 /r | RVM | VPSRLVQ xymm:w, xymm, xymm/mx
    `,
  }),
  vexFamily({
    name: 'VPSRAVD',
    summary: 'Shift right with sign, each element by its own count',
    cite: `${sdm('VPSRAVW/VPSRAVD/VPSRAVQ')}; APM 4 VPSRAVD`,
    group: 'avx2',
    attrs: 'AVX2',
    note: 'No VEX form for quadwords: W1 raises #UD.',
    rows: 'VEX.x.66.0F38.W0 46 /r | RVM | VPSRAVD xymm:w, xymm, xymm/mx',
  }),

  // Packing, shuffles, blends
  vexFamily({
    name: 'VPACKSSWB/VPACKSSDW/VPACKUSWB/VPACKUSDW',
    summary: 'Narrow packed signed integers with signed or unsigned saturation',
    group: 'avx',
    attrs: 'AVX/AVX2',
    cite: `${sdm('PACKSSWB/PACKSSDW', 'PACKUSDW', 'PACKUSWB')}; APM 4 PACKSSWB, PACKSSDW, PACKUSWB, PACKUSDW`,
    rows: `
      VEX.x.66.0F.WIG   63 /r | RVM | VPACKSSWB xymm:w, xymm, xymm/mx
      VEX.x.66.0F.WIG   6B /r | RVM | VPACKSSDW xymm:w, xymm, xymm/mx
      VEX.x.66.0F.WIG   67 /r | RVM | VPACKUSWB xymm:w, xymm, xymm/mx
      VEX.x.66.0F38.WIG 2B /r | RVM | VPACKUSDW xymm:w, xymm, xymm/mx
    `,
  }),
  vexFamily({
    name: 'VPUNPCKLBW/VPUNPCKLWD/VPUNPCKLDQ/VPUNPCKLQDQ',
    summary: 'Interleave low elements',
    group: 'avx',
    attrs: 'AVX/AVX2',
    cite: `${sdm('PUNPCKLBW/PUNPCKLWD/PUNPCKLDQ/PUNPCKLQDQ')}; APM 4 PUNPCKLBW, PUNPCKLWD, PUNPCKLDQ, PUNPCKLQDQ`,
    rows: `
      VEX.x.66.0F.WIG 60 /r | RVM | VPUNPCKLBW xymm:w, xymm, xymm/mx
      VEX.x.66.0F.WIG 61 /r | RVM | VPUNPCKLWD xymm:w, xymm, xymm/mx
      VEX.x.66.0F.WIG 62 /r | RVM | VPUNPCKLDQ xymm:w, xymm, xymm/mx
      VEX.x.66.0F.WIG 6C /r | RVM | VPUNPCKLQDQ xymm:w, xymm, xymm/mx
    `,
  }),
  vexFamily({
    name: 'VPUNPCKHBW/VPUNPCKHWD/VPUNPCKHDQ/VPUNPCKHQDQ',
    summary: 'Interleave high elements',
    group: 'avx',
    attrs: 'AVX/AVX2',
    cite: `${sdm('PUNPCKHBW/PUNPCKHWD/PUNPCKHDQ/PUNPCKHQDQ')}; APM 4 PUNPCKHBW, PUNPCKHWD, PUNPCKHDQ, PUNPCKHQDQ`,
    rows: `
      VEX.x.66.0F.WIG 68 /r | RVM | VPUNPCKHBW xymm:w, xymm, xymm/mx
      VEX.x.66.0F.WIG 69 /r | RVM | VPUNPCKHWD xymm:w, xymm, xymm/mx
      VEX.x.66.0F.WIG 6A /r | RVM | VPUNPCKHDQ xymm:w, xymm, xymm/mx
      VEX.x.66.0F.WIG 6D /r | RVM | VPUNPCKHQDQ xymm:w, xymm, xymm/mx
    `,
  }),
  vexFamily({
    name: 'VPSHUFB',
    summary: 'Shuffle bytes by a vector of indices',
    cite: both('PSHUFB'),
    group: 'avx',
    attrs: 'AVX/AVX2',
    rows: 'VEX.x.66.0F38.WIG 00 /r | RVM | VPSHUFB xymm:w, xymm, xymm/mx',
  }),
  vexFamily({
    name: 'VPSHUFD/VPSHUFHW/VPSHUFLW',
    summary: 'Shuffle doublewords, or the high or low words of each lane, by an immediate',
    cite: both('PSHUFD', 'PSHUFHW', 'PSHUFLW'),
    group: 'avx',
    attrs: 'AVX/AVX2',
    rows: `
      VEX.x.66.0F.WIG 70 /r ib | RMI | VPSHUFD xymm:w, xymm/mx, imm8
      VEX.x.F3.0F.WIG 70 /r ib | RMI | VPSHUFHW xymm:w, xymm/mx, imm8
      VEX.x.F2.0F.WIG 70 /r ib | RMI | VPSHUFLW xymm:w, xymm/mx, imm8
    `,
  }),
  vexFamily({
    name: 'VPALIGNR',
    summary: 'Shift two concatenated lanes right by bytes',
    cite: both('PALIGNR'),
    group: 'avx',
    attrs: 'AVX/AVX2',
    rows: 'VEX.x.66.0F3A.WIG 0F /r ib | RVMI | VPALIGNR xymm:w, xymm, xymm/mx, imm8',
  }),
  vexFamily({
    name: 'VPBLENDW',
    summary: 'Select words of two sources by an immediate',
    cite: both('PBLENDW'),
    group: 'avx',
    attrs: 'AVX/AVX2',
    rows: 'VEX.x.66.0F3A.WIG 0E /r ib | RVMI | VPBLENDW xymm:w, xymm, xymm/mx, imm8',
  }),
  vexFamily({
    name: 'VPBLENDVB',
    summary: 'Select bytes of two sources by the sign bits of a mask register',
    cite: both('PBLENDVB'),
    group: 'avx',
    attrs: 'AVX/AVX2',
    note: 'VEX.W = 1 raises #UD. Bits 3:0 of the last byte are ignored, and outside 64-bit mode bit 7 too.',
    rows: 'VEX.x.66.0F3A.W0 4C /r /is4 | RVMS | VPBLENDVB xymm:w, xymm, xymm/mx, xymm',
  }),
  vexFamily({
    name: 'VPBLENDD',
    summary: 'Select doublewords of two sources by an immediate',
    cite: both('VPBLENDD'),
    group: 'avx2',
    attrs: 'AVX2',
    rows: 'VEX.x.66.0F3A.W0 02 /r ib | RVMI | VPBLENDD xymm:w, xymm, xymm/mx, imm8',
  }),
  extension('2', 'VPMOVSX', 'PMOVSX', 'Widen packed integers with sign extension'),
  extension('3', 'VPMOVZX', 'PMOVZX', 'Widen packed integers with zero extension'),

  // Between vectors and general registers or memory
  vexFamily({
    name: 'VPMOVMSKB',
    summary: 'Extract the sign bits of the bytes to a general register',
    cite: both('PMOVMSKB'),
    group: 'avx',
    attrs: 'AVX/AVX2',
    note: 'The manual gives WIG; the mask is zero-extended, so that W changes the name of the destination and nothing else.',
    rows: 'VEX.x.66.0F.Wy D7 /r | RM | VPMOVMSKB ry:w, xymm',
  }),
  vexFamily({
    name: 'VPEXTRB/VPEXTRD/VPEXTRQ',
    summary: 'Extract a byte, doubleword or quadword',
    cite: `${sdm('PEXTRB/PEXTRD/PEXTRQ')}; APM 4 PEXTRB, PEXTRD, PEXTRQ`,
    group: 'avx',
    attrs: 'AVX',
    note: 'VEX.W is ignored outside 64-bit mode: W1 is VPEXTRD there.',
    rows: `
      VEX.128.66.0F3A.Wy 14 /r ib | MRI | VPEXTRB ry/m8:w, xmm, imm8
      VEX.128.66.0F3A.W0 16 /r ib | MRI | VPEXTRD r/m32:w, xmm, imm8
      VEX.128.66.0F3A.W1 16 /r ib | MRI | VPEXTRQ r/m64:w, xmm, imm8 | o64
      VEX.128.66.0F3A.W1 16 /r ib | MRI | VPEXTRD r/m32:w, xmm, imm8 | i64 alias
    `,
  }),
  vexFamily({
    name: 'VPEXTRW',
    summary: 'Extract a word',
    cite: both('PEXTRW'),
    group: 'avx',
    attrs: 'AVX',
    rows: `
      VEX.128.66.0F.Wy   C5 /r ib | RMI | VPEXTRW ry:w, xmm, imm8
      VEX.128.66.0F3A.Wy 15 /r ib | MRI | VPEXTRW ry/m16:w, xmm, imm8
    `,
  }),
  vexFamily({
    name: 'VPINSRB/VPINSRD/VPINSRQ',
    summary: 'Insert a byte, doubleword or quadword',
    cite: `${sdm('PINSRB/PINSRD/PINSRQ')}; APM 4 PINSRB, PINSRD, PINSRQ`,
    group: 'avx',
    attrs: 'AVX',
    note: 'VEX.W is ignored outside 64-bit mode: W1 is VPINSRD there.',
    rows: `
      VEX.128.66.0F3A.Wy 20 /r ib | RVMI | VPINSRB xmm:w, xmm, ry/m8, imm8
      VEX.128.66.0F3A.W0 22 /r ib | RVMI | VPINSRD xmm:w, xmm, r/m32, imm8
      VEX.128.66.0F3A.W1 22 /r ib | RVMI | VPINSRQ xmm:w, xmm, r/m64, imm8 | o64
      VEX.128.66.0F3A.W1 22 /r ib | RVMI | VPINSRD xmm:w, xmm, r/m32, imm8 | i64 alias
    `,
  }),
  vexFamily({
    name: 'VPINSRW',
    summary: 'Insert a word',
    cite: both('PINSRW'),
    group: 'avx',
    attrs: 'AVX',
    rows: 'VEX.128.66.0F.Wy C4 /r ib | RVMI | VPINSRW xmm:w, xmm, ry/m16, imm8',
  }),
  vexFamily({
    name: 'VMASKMOVDQU',
    summary: 'Store the bytes whose mask has the sign bit set, at DS:rDI, with a non-temporal hint',
    cite: both('MASKMOVDQU'),
    group: 'avx',
    attrs: 'AVX',
    note: 'Bytes that are masked off are not stored; whether an all-zero mask can still fault depends on the processor.',
    rows: 'VEX.128.66.0F.WIG F7 /r | RM | VMASKMOVDQU m128@rDI:cw, xmm, xmm',
  }),
  vexFamily({
    name: 'VPMASKMOV',
    summary: 'Load or store integers where the mask has the sign bit set',
    cite: `${sdm('VPMASKMOV')}; APM 4 VPMASKMOVD, VPMASKMOVQ`,
    group: 'avx2',
    attrs: 'AVX2',
    note: 'Elements that are masked off are not accessed and do not fault; a load zeroes them in the destination.',
    rows: `
      VEX.x.66.0F38.W0 8C /r | RVM | VPMASKMOVD xymm:w, xymm, mx
      VEX.x.66.0F38.W1 8C /r | RVM | VPMASKMOVQ xymm:w, xymm, mx
      VEX.x.66.0F38.W0 8E /r | MVR | VPMASKMOVD mx:cw, xymm, xymm
      VEX.x.66.0F38.W1 8E /r | MVR | VPMASKMOVQ mx:cw, xymm, xymm
    `,
  }),

  // AVX2: broadcasts, permutes, 128-bit lanes
  vexFamily({
    name: 'VPBROADCAST',
    summary: 'Broadcast an integer to every element',
    cite: `${sdm('VPBROADCAST')}; APM 4 VPBROADCASTB, VPBROADCASTW, VPBROADCASTD, VPBROADCASTQ`,
    group: 'avx2',
    attrs: 'AVX2',
    rows: `
      VEX.x.66.0F38.W0 78 /r | RM | VPBROADCASTB xymm:w, xmm/m8
      VEX.x.66.0F38.W0 79 /r | RM | VPBROADCASTW xymm:w, xmm/m16
      VEX.x.66.0F38.W0 58 /r | RM | VPBROADCASTD xymm:w, xmm/m32
      VEX.x.66.0F38.W0 59 /r | RM | VPBROADCASTQ xymm:w, xmm/m64
    `,
  }),
  vexFamily({
    name: 'VBROADCASTI128',
    summary: 'Broadcast 128 bits of memory to both lanes',
    cite: `${sdm('VPBROADCAST')}; APM 4 VBROADCASTI128`,
    group: 'avx2',
    attrs: 'AVX2',
    rows: 'VEX.256.66.0F38.W0 5A /r | RM | VBROADCASTI128 ymm:w, m128',
  }),
  vexFamily({
    name: 'VEXTRACTI128',
    summary: 'Extract 128 bits of a 256-bit vector',
    cite: both('VEXTRACTI128'),
    group: 'avx2',
    attrs: 'AVX2',
    rows: 'VEX.256.66.0F3A.W0 39 /r ib | MRI | VEXTRACTI128 xmm/m128:w, ymm, imm8',
  }),
  vexFamily({
    name: 'VINSERTI128',
    summary: 'Replace 128 bits of a 256-bit vector',
    cite: both('VINSERTI128'),
    group: 'avx2',
    attrs: 'AVX2',
    rows: 'VEX.256.66.0F3A.W0 38 /r ib | RVMI | VINSERTI128 ymm:w, ymm, xmm/m128, imm8',
  }),
  vexFamily({
    name: 'VPERM2I128',
    summary: 'Permute 128-bit lanes of two sources',
    cite: both('VPERM2I128'),
    group: 'avx2',
    attrs: 'AVX2',
    rows: 'VEX.256.66.0F3A.W0 46 /r ib | RVMI | VPERM2I128 ymm:w, ymm, ymm/m256, imm8',
  }),
  vexFamily({
    name: 'VPERMD/VPERMPS',
    summary: 'Permute doublewords or single-precision values across lanes, by a vector of indices',
    cite: `${sdm('VPERMD/VPERMW', 'VPERMPS')}; APM 4 VPERMD, VPERMPS`,
    group: 'avx2',
    attrs: 'AVX2',
    rows: `
      VEX.256.66.0F38.W0 36 /r | RVM | VPERMD ymm:w, ymm, ymm/m256
      VEX.256.66.0F38.W0 16 /r | RVM | VPERMPS ymm:w, ymm, ymm/m256
    `,
  }),
  vexFamily({
    name: 'VPERMQ/VPERMPD',
    summary: 'Permute quadwords or double-precision values across lanes, by an immediate',
    cite: both('VPERMQ', 'VPERMPD'),
    group: 'avx2',
    attrs: 'AVX2',
    rows: `
      VEX.256.66.0F3A.W1 00 /r ib | RMI | VPERMQ ymm:w, ymm/m256, imm8
      VEX.256.66.0F3A.W1 01 /r ib | RMI | VPERMPD ymm:w, ymm/m256, imm8
    `,
  }),

  // AVX2: gathers
  vexFamily({
    name: 'VPGATHERDD/VPGATHERQD',
    summary: 'Gather doublewords by doubleword or quadword indices',
    cite: `${sdm('VPGATHERDD/VPGATHERQD')}; APM 4 VPGATHERDD, VPGATHERQD`,
    group: 'avx2',
    attrs: 'AVX2 gather',
    note: GATHER_NOTE,
    rows: `
      VEX.128.66.0F38.W0 90 /r | RMV | VPGATHERDD xmm:rw, vm32x, xmm:rw
      VEX.256.66.0F38.W0 90 /r | RMV | VPGATHERDD ymm:rw, vm32y, ymm:rw
      VEX.128.66.0F38.W0 91 /r | RMV | VPGATHERQD xmm:rw, vm64x, xmm:rw
      VEX.256.66.0F38.W0 91 /r | RMV | VPGATHERQD xmm:rw, vm64y, xmm:rw
    `,
  }),
  vexFamily({
    name: 'VPGATHERDQ/VPGATHERQQ',
    summary: 'Gather quadwords by doubleword or quadword indices',
    cite: `${sdm('VPGATHERDQ/VPGATHERQQ')}; APM 4 VPGATHERDQ, VPGATHERQQ`,
    group: 'avx2',
    attrs: 'AVX2 gather',
    note: GATHER_NOTE,
    rows: `
      VEX.128.66.0F38.W1 90 /r | RMV | VPGATHERDQ xmm:rw, vm32x, xmm:rw
      VEX.256.66.0F38.W1 90 /r | RMV | VPGATHERDQ ymm:rw, vm32x, ymm:rw
      VEX.128.66.0F38.W1 91 /r | RMV | VPGATHERQQ xmm:rw, vm64x, xmm:rw
      VEX.256.66.0F38.W1 91 /r | RMV | VPGATHERQQ ymm:rw, vm64y, ymm:rw
    `,
  }),
  vexFamily({
    name: 'VGATHERDPS/VGATHERQPS',
    summary: 'Gather single-precision values by doubleword or quadword indices',
    cite: `${sdm('VGATHERDPS/VGATHERQPS')}; APM 4 VGATHERDPS, VGATHERQPS`,
    group: 'avx2',
    attrs: 'AVX2 gather',
    note: GATHER_NOTE,
    rows: `
      VEX.128.66.0F38.W0 92 /r | RMV | VGATHERDPS xmm:rw, vm32x, xmm:rw
      VEX.256.66.0F38.W0 92 /r | RMV | VGATHERDPS ymm:rw, vm32y, ymm:rw
      VEX.128.66.0F38.W0 93 /r | RMV | VGATHERQPS xmm:rw, vm64x, xmm:rw
      VEX.256.66.0F38.W0 93 /r | RMV | VGATHERQPS xmm:rw, vm64y, xmm:rw
    `,
  }),
  vexFamily({
    name: 'VGATHERDPD/VGATHERQPD',
    summary: 'Gather double-precision values by doubleword or quadword indices',
    cite: `${sdm('VGATHERDPD/VGATHERQPD')}; APM 4 VGATHERDPD, VGATHERQPD`,
    group: 'avx2',
    attrs: 'AVX2 gather',
    note: GATHER_NOTE,
    rows: `
      VEX.128.66.0F38.W1 92 /r | RMV | VGATHERDPD xmm:rw, vm32x, xmm:rw
      VEX.256.66.0F38.W1 92 /r | RMV | VGATHERDPD ymm:rw, vm32x, ymm:rw
      VEX.128.66.0F38.W1 93 /r | RMV | VGATHERQPD xmm:rw, vm64x, xmm:rw
      VEX.256.66.0F38.W1 93 /r | RMV | VGATHERQPD ymm:rw, vm64y, ymm:rw
    `,
  }),
]
