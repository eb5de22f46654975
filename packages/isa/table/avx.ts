/**
 * AVX floating point and moves (SDM vol. 1, 5.13; APM vol. 4). Every row writes the whole destination register: what lies above
 * the vector length of the row is zeroed, up to the widest vector that the processor has (SDM vol. 1, chapter 14).
 *
 * Memory operands need no alignment, except where a family's note says so (SDM vol. 2A, 2.4, exceptions of type 1).
 */
import type { Family } from './notation.ts'
import { both, sdm, vexFamily } from './vex-family.ts'

/** An operation on packed and scalar, single- and double-precision values: pp tells the type, and each type has a page. */
function fourTypes(opcode: string, operation: string, summary: string): Family {
  return vexFamily({
    name: ['PS', 'PD', 'SS', 'SD'].map((type) => `V${operation}${type}`).join('/'),
    summary,
    cite: both(...['PS', 'PD', 'SS', 'SD'].map((type) => operation + type)),
    group: 'avx',
    attrs: 'AVX',
    implicit: 'MXCSR:rw',
    rows: `
      VEX.x.NP.0F.WIG   ${opcode} /r | RVM | V${operation}PS xymm:w, xymm, xymm/mx
      VEX.x.66.0F.WIG   ${opcode} /r | RVM | V${operation}PD xymm:w, xymm, xymm/mx
      VEX.LIG.F3.0F.WIG ${opcode} /r | RVM | V${operation}SS xmm:w, xmm, xmm/m32
      VEX.LIG.F2.0F.WIG ${opcode} /r | RVM | V${operation}SD xmm:w, xmm, xmm/m64
    `,
  })
}

/** An operation on packed single- and double-precision values that neither reads nor writes MXCSR. */
function packedBits(opcode: string, operation: string, summary: string): Family {
  return vexFamily({
    name: `V${operation}PS/V${operation}PD`,
    summary,
    cite: both(`${operation}PS`, `${operation}PD`),
    group: 'avx',
    attrs: 'AVX',
    rows: `
      VEX.x.NP.0F.WIG ${opcode} /r | RVM | V${operation}PS xymm:w, xymm, xymm/mx
      VEX.x.66.0F.WIG ${opcode} /r | RVM | V${operation}PD xymm:w, xymm, xymm/mx
    `,
  })
}

const ALIGNED = '#GP(0) where the memory operand is not aligned to its size (SDM vol. 2A, 2.4, exceptions of type 1).'
const LIG_SOFTWARE =
  'The manual asks software to encode VEX.L = 0 (other values may behave differently in later processors); the processors take either.'

export const avx: readonly Family[] = [
  // Moves of whole vectors
  vexFamily({
    name: 'VMOVUPS/VMOVUPD',
    summary: 'Move packed floating-point values, unaligned',
    cite: both('MOVUPS', 'MOVUPD'),
    group: 'avx',
    attrs: 'AVX',
    rows: `
      VEX.x.NP.0F.WIG 10 /r | RM | VMOVUPS xymm:w, xymm/mx
      VEX.x.NP.0F.WIG 11 /r | MR | VMOVUPS xymm/mx:w, xymm
      VEX.x.66.0F.WIG 10 /r | RM | VMOVUPD xymm:w, xymm/mx
      VEX.x.66.0F.WIG 11 /r | MR | VMOVUPD xymm/mx:w, xymm
    `,
  }),
  vexFamily({
    name: 'VMOVAPS/VMOVAPD',
    summary: 'Move packed floating-point values, aligned',
    cite: both('MOVAPS', 'MOVAPD'),
    group: 'avx',
    attrs: 'AVX',
    note: ALIGNED,
    rows: `
      VEX.x.NP.0F.WIG 28 /r | RM | VMOVAPS xymm:w, xymm/mx
      VEX.x.NP.0F.WIG 29 /r | MR | VMOVAPS xymm/mx:w, xymm
      VEX.x.66.0F.WIG 28 /r | RM | VMOVAPD xymm:w, xymm/mx
      VEX.x.66.0F.WIG 29 /r | MR | VMOVAPD xymm/mx:w, xymm
    `,
  }),
  vexFamily({
    name: 'VMOVDQA',
    summary: 'Move packed integers, aligned',
    cite: both('MOVDQA'),
    group: 'avx',
    attrs: 'AVX',
    note: ALIGNED,
    rows: `
      VEX.x.66.0F.WIG 6F /r | RM | VMOVDQA xymm:w, xymm/mx
      VEX.x.66.0F.WIG 7F /r | MR | VMOVDQA xymm/mx:w, xymm
    `,
  }),
  vexFamily({
    name: 'VMOVDQU',
    summary: 'Move packed integers, unaligned',
    cite: both('MOVDQU'),
    group: 'avx',
    attrs: 'AVX',
    rows: `
      VEX.x.F3.0F.WIG 6F /r | RM | VMOVDQU xymm:w, xymm/mx
      VEX.x.F3.0F.WIG 7F /r | MR | VMOVDQU xymm/mx:w, xymm
    `,
  }),
  vexFamily({
    name: 'VLDDQU',
    summary: 'Load packed integers, unaligned',
    cite: both('LDDQU'),
    group: 'avx',
    attrs: 'AVX',
    rows: 'VEX.x.F2.0F.WIG F0 /r | RM | VLDDQU xymm:w, mx',
  }),
  vexFamily({
    name: 'VMOVNTPS/VMOVNTPD',
    summary: 'Store packed floating-point values with a non-temporal hint',
    cite: both('MOVNTPS', 'MOVNTPD'),
    group: 'avx',
    attrs: 'AVX',
    note: ALIGNED,
    rows: `
      VEX.x.NP.0F.WIG 2B /r | MR | VMOVNTPS mx:w, xymm
      VEX.x.66.0F.WIG 2B /r | MR | VMOVNTPD mx:w, xymm
    `,
  }),
  vexFamily({
    name: 'VMOVNTDQ',
    summary: 'Store packed integers with a non-temporal hint',
    cite: both('MOVNTDQ'),
    group: 'avx',
    attrs: 'AVX',
    note: ALIGNED,
    rows: 'VEX.x.66.0F.WIG E7 /r | MR | VMOVNTDQ mx:w, xymm',
  }),
  vexFamily({
    name: 'VMOVNTDQA',
    summary: 'Load a vector with a non-temporal hint',
    cite: both('MOVNTDQA'),
    group: 'avx',
    note: ALIGNED,
    rows: 'VEX.x.66.0F38.WIG 2A /r | RM | VMOVNTDQA xymm:w, mx | AVX/AVX2',
  }),

  // Moves of parts of vectors
  vexFamily({
    name: 'VMOVSS/VMOVSD',
    summary: 'Move a scalar floating-point value; from a register merge it with another vector',
    cite: both('MOVSS', 'MOVSD'),
    group: 'avx',
    attrs: 'AVX',
    rows: `
      VEX.LIG.F3.0F.WIG 10 /r | RVM | VMOVSS xmm:w, xmm, xmm
      VEX.LIG.F3.0F.WIG 10 /r | RM  | VMOVSS xmm:w, m32
      VEX.LIG.F3.0F.WIG 11 /r | MVR | VMOVSS xmm:w, xmm, xmm | alias
      VEX.LIG.F3.0F.WIG 11 /r | MR  | VMOVSS m32:w, xmm
      VEX.LIG.F2.0F.WIG 10 /r | RVM | VMOVSD xmm:w, xmm, xmm
      VEX.LIG.F2.0F.WIG 10 /r | RM  | VMOVSD xmm:w, m64
      VEX.LIG.F2.0F.WIG 11 /r | MVR | VMOVSD xmm:w, xmm, xmm | alias
      VEX.LIG.F2.0F.WIG 11 /r | MR  | VMOVSD m64:w, xmm
    `,
  }),
  vexFamily({
    name: 'VMOVLPS/VMOVLPD',
    summary: 'Move the low half of a vector from or to memory',
    cite: both('MOVLPS', 'MOVLPD'),
    group: 'avx',
    attrs: 'AVX',
    rows: `
      VEX.128.NP.0F.WIG 12 /r | RVM | VMOVLPS xmm:w, xmm, m64
      VEX.128.NP.0F.WIG 13 /r | MR  | VMOVLPS m64:w, xmm
      VEX.128.66.0F.WIG 12 /r | RVM | VMOVLPD xmm:w, xmm, m64
      VEX.128.66.0F.WIG 13 /r | MR  | VMOVLPD m64:w, xmm
    `,
  }),
  vexFamily({
    name: 'VMOVHPS/VMOVHPD',
    summary: 'Move the high half of a vector from or to memory',
    cite: both('MOVHPS', 'MOVHPD'),
    group: 'avx',
    attrs: 'AVX',
    rows: `
      VEX.128.NP.0F.WIG 16 /r | RVM | VMOVHPS xmm:w, xmm, m64
      VEX.128.NP.0F.WIG 17 /r | MR  | VMOVHPS m64:w, xmm
      VEX.128.66.0F.WIG 16 /r | RVM | VMOVHPD xmm:w, xmm, m64
      VEX.128.66.0F.WIG 17 /r | MR  | VMOVHPD m64:w, xmm
    `,
  }),
  vexFamily({
    name: 'VMOVHLPS',
    summary: 'Merge two vectors: high half to low half',
    cite: both('MOVHLPS'),
    group: 'avx',
    attrs: 'AVX',
    rows: 'VEX.128.NP.0F.WIG 12 /r | RVM | VMOVHLPS xmm:w, xmm, xmm',
  }),
  vexFamily({
    name: 'VMOVLHPS',
    summary: 'Merge two vectors: low half to high half',
    cite: both('MOVLHPS'),
    group: 'avx',
    attrs: 'AVX',
    rows: 'VEX.128.NP.0F.WIG 16 /r | RVM | VMOVLHPS xmm:w, xmm, xmm',
  }),
  vexFamily({
    name: 'VMOVQ',
    summary: 'Move a quadword between vectors or memory, zeroing the rest',
    cite: both('MOVQ'),
    group: 'avx',
    attrs: 'AVX',
    rows: `
      VEX.128.F3.0F.WIG 7E /r | RM | VMOVQ xmm:w, xmm/m64
      VEX.128.66.0F.WIG D6 /r | MR | VMOVQ xmm/m64:w, xmm
    `,
  }),
  vexFamily({
    name: 'VMOVD/VMOVQ',
    summary: 'Move a doubleword or quadword between a general register or memory and a vector',
    cite: `${sdm('MOVD/MOVQ')}; APM 4 MOVD, MOVQ`,
    group: 'avx',
    attrs: 'AVX',
    note: 'VEX.W is ignored outside 64-bit mode: W1 is VMOVD there (SDM 2B MOVD/MOVQ, footnote of the table).',
    rows: `
      VEX.128.66.0F.W0 6E /r | RM | VMOVD xmm:w, r/m32
      VEX.128.66.0F.W1 6E /r | RM | VMOVQ xmm:w, r/m64  | o64
      VEX.128.66.0F.W1 6E /r | RM | VMOVD xmm:w, r/m32  | i64 alias
      VEX.128.66.0F.W0 7E /r | MR | VMOVD r/m32:w, xmm
      VEX.128.66.0F.W1 7E /r | MR | VMOVQ r/m64:w, xmm  | o64
      VEX.128.66.0F.W1 7E /r | MR | VMOVD r/m32:w, xmm  | i64 alias
    `,
  }),
  vexFamily({
    name: 'VMOVSLDUP/VMOVSHDUP/VMOVDDUP',
    summary: 'Move and duplicate even, odd or low elements',
    cite: both('MOVSLDUP', 'MOVSHDUP', 'MOVDDUP'),
    group: 'avx',
    attrs: 'AVX',
    rows: `
      VEX.x.F3.0F.WIG   12 /r | RM | VMOVSLDUP xymm:w, xymm/mx
      VEX.x.F3.0F.WIG   16 /r | RM | VMOVSHDUP xymm:w, xymm/mx
      VEX.128.F2.0F.WIG 12 /r | RM | VMOVDDUP xmm:w, xmm/m64
      VEX.256.F2.0F.WIG 12 /r | RM | VMOVDDUP ymm:w, ymm/m256
    `,
  }),
  vexFamily({
    name: 'VMOVMSKPS/VMOVMSKPD',
    summary: 'Extract the sign bits to a general register',
    cite: both('MOVMSKPS', 'MOVMSKPD'),
    group: 'avx',
    attrs: 'AVX',
    note: 'The manual gives WIG; the mask is zero-extended, so that W changes the name of the destination and nothing else.',
    rows: `
      VEX.x.NP.0F.Wy 50 /r | RM | VMOVMSKPS ry:w, xymm
      VEX.x.66.0F.Wy 50 /r | RM | VMOVMSKPD ry:w, xymm
    `,
  }),
  vexFamily({
    name: 'VMASKMOV',
    summary: 'Load or store elements where the mask has the sign bit set',
    cite: `${sdm('VMASKMOV')}; APM 4 VMASKMOVPS, VMASKMOVPD`,
    group: 'avx',
    attrs: 'AVX',
    note: 'Elements that are masked off are not accessed and do not fault; a load zeroes them in the destination.',
    rows: `
      VEX.x.66.0F38.W0 2C /r | RVM | VMASKMOVPS xymm:w, xymm, mx
      VEX.x.66.0F38.W0 2D /r | RVM | VMASKMOVPD xymm:w, xymm, mx
      VEX.x.66.0F38.W0 2E /r | MVR | VMASKMOVPS mx:cw, xymm, xymm
      VEX.x.66.0F38.W0 2F /r | MVR | VMASKMOVPD mx:cw, xymm, xymm
    `,
  }),
  vexFamily({
    name: 'VBROADCAST',
    summary: 'Broadcast floating-point data to every element',
    cite: `${sdm('VBROADCAST')}; APM 4 VBROADCASTSS, VBROADCASTSD, VBROADCASTF128`,
    group: 'avx',
    note: 'The forms from a register came with AVX2.',
    rows: `
      VEX.x.66.0F38.W0   18 /r | RM | VBROADCASTSS xymm:w, m32    | AVX
      VEX.x.66.0F38.W0   18 /r | RM | VBROADCASTSS xymm:w, xmm    | AVX2
      VEX.256.66.0F38.W0 19 /r | RM | VBROADCASTSD ymm:w, m64     | AVX
      VEX.256.66.0F38.W0 19 /r | RM | VBROADCASTSD ymm:w, xmm     | AVX2
      VEX.256.66.0F38.W0 1A /r | RM | VBROADCASTF128 ymm:w, m128  | AVX
    `,
  }),
  vexFamily({
    name: 'VEXTRACTF128',
    summary: 'Extract 128 bits of a 256-bit vector',
    cite: both('VEXTRACTF128'),
    group: 'avx',
    attrs: 'AVX',
    rows: 'VEX.256.66.0F3A.W0 19 /r ib | MRI | VEXTRACTF128 xmm/m128:w, ymm, imm8',
  }),
  vexFamily({
    name: 'VINSERTF128',
    summary: 'Replace 128 bits of a 256-bit vector',
    cite: both('VINSERTF128'),
    group: 'avx',
    attrs: 'AVX',
    rows: 'VEX.256.66.0F3A.W0 18 /r ib | RVMI | VINSERTF128 ymm:w, ymm, xmm/m128, imm8',
  }),
  vexFamily({
    name: 'VEXTRACTPS',
    summary: 'Extract a single-precision value to a general register or memory',
    cite: both('EXTRACTPS'),
    group: 'avx',
    attrs: 'AVX',
    rows: 'VEX.128.66.0F3A.Wy 17 /r ib | MRI | VEXTRACTPS ry/m32:w, xmm, imm8',
  }),
  vexFamily({
    name: 'VINSERTPS',
    summary: 'Insert a single-precision value and zero elements by a mask',
    cite: both('INSERTPS'),
    group: 'avx',
    attrs: 'AVX',
    rows: 'VEX.128.66.0F3A.WIG 21 /r ib | RVMI | VINSERTPS xmm:w, xmm, xmm/m32, imm8',
  }),

  // Arithmetic
  fourTypes('58', 'ADD', 'Add floating-point values'),
  fourTypes('59', 'MUL', 'Multiply floating-point values'),
  fourTypes('5C', 'SUB', 'Subtract floating-point values'),
  fourTypes(
    '5D',
    'MIN',
    'Take the smaller of floating-point values; the second source where either is NaN or both are zero',
  ),
  fourTypes('5E', 'DIV', 'Divide floating-point values'),
  fourTypes(
    '5F',
    'MAX',
    'Take the larger of floating-point values; the second source where either is NaN or both are zero',
  ),
  vexFamily({
    name: 'VSQRTPS/VSQRTPD/VSQRTSS/VSQRTSD',
    summary: 'Square root of floating-point values',
    cite: both('SQRTPS', 'SQRTPD', 'SQRTSS', 'SQRTSD'),
    group: 'avx',
    attrs: 'AVX',
    implicit: 'MXCSR:rw',
    rows: `
      VEX.x.NP.0F.WIG   51 /r | RM  | VSQRTPS xymm:w, xymm/mx
      VEX.x.66.0F.WIG   51 /r | RM  | VSQRTPD xymm:w, xymm/mx
      VEX.LIG.F3.0F.WIG 51 /r | RVM | VSQRTSS xmm:w, xmm, xmm/m32
      VEX.LIG.F2.0F.WIG 51 /r | RVM | VSQRTSD xmm:w, xmm, xmm/m64
    `,
  }),
  vexFamily({
    name: 'VRSQRTPS/VRSQRTSS/VRCPPS/VRCPSS',
    summary: 'Approximate reciprocals and reciprocals of square roots',
    cite: both('RSQRTPS', 'RSQRTSS', 'RCPPS', 'RCPSS'),
    group: 'avx',
    attrs: 'AVX',
    note: 'Not affected by MXCSR rounding, and no SIMD exception. Relative error at most 1.5 * 2^-12; the exact bits differ between Intel and AMD and between processor generations.',
    rows: `
      VEX.x.NP.0F.WIG   52 /r | RM  | VRSQRTPS xymm:w, xymm/mx
      VEX.LIG.F3.0F.WIG 52 /r | RVM | VRSQRTSS xmm:w, xmm, xmm/m32
      VEX.x.NP.0F.WIG   53 /r | RM  | VRCPPS xymm:w, xymm/mx
      VEX.LIG.F3.0F.WIG 53 /r | RVM | VRCPSS xmm:w, xmm, xmm/m32
    `,
  }),
  vexFamily({
    name: 'VADDSUBPS/VADDSUBPD',
    summary: 'Subtract even and add odd elements',
    cite: both('ADDSUBPS', 'ADDSUBPD'),
    group: 'avx',
    attrs: 'AVX',
    implicit: 'MXCSR:rw',
    rows: `
      VEX.x.F2.0F.WIG D0 /r | RVM | VADDSUBPS xymm:w, xymm, xymm/mx
      VEX.x.66.0F.WIG D0 /r | RVM | VADDSUBPD xymm:w, xymm, xymm/mx
    `,
  }),
  vexFamily({
    name: 'VHADDPS/VHADDPD/VHSUBPS/VHSUBPD',
    summary: 'Add or subtract neighbouring elements',
    cite: both('HADDPS', 'HADDPD', 'HSUBPS', 'HSUBPD'),
    group: 'avx',
    attrs: 'AVX',
    implicit: 'MXCSR:rw',
    rows: `
      VEX.x.F2.0F.WIG 7C /r | RVM | VHADDPS xymm:w, xymm, xymm/mx
      VEX.x.66.0F.WIG 7C /r | RVM | VHADDPD xymm:w, xymm, xymm/mx
      VEX.x.F2.0F.WIG 7D /r | RVM | VHSUBPS xymm:w, xymm, xymm/mx
      VEX.x.66.0F.WIG 7D /r | RVM | VHSUBPD xymm:w, xymm, xymm/mx
    `,
  }),
  vexFamily({
    name: 'VDPPS/VDPPD',
    summary: 'Dot product of the elements that the immediate selects',
    cite: both('DPPS', 'DPPD'),
    group: 'avx',
    attrs: 'AVX',
    implicit: 'MXCSR:rw',
    note: 'VDPPD has no 256-bit form: VEX.L = 1 raises #UD.',
    rows: `
      VEX.x.66.0F3A.WIG   40 /r ib | RVMI | VDPPS xymm:w, xymm, xymm/mx, imm8
      VEX.128.66.0F3A.WIG 41 /r ib | RVMI | VDPPD xmm:w, xmm, xmm/m128, imm8
    `,
  }),
  vexFamily({
    name: 'VROUNDPS/VROUNDPD/VROUNDSS/VROUNDSD',
    summary: 'Round floating-point values to integral values',
    cite: both('ROUNDPS', 'ROUNDPD', 'ROUNDSS', 'ROUNDSD'),
    group: 'avx',
    attrs: 'AVX',
    implicit: 'MXCSR:rw',
    rows: `
      VEX.x.66.0F3A.WIG   08 /r ib | RMI  | VROUNDPS xymm:w, xymm/mx, imm8
      VEX.x.66.0F3A.WIG   09 /r ib | RMI  | VROUNDPD xymm:w, xymm/mx, imm8
      VEX.LIG.66.0F3A.WIG 0A /r ib | RVMI | VROUNDSS xmm:w, xmm, xmm/m32, imm8
      VEX.LIG.66.0F3A.WIG 0B /r ib | RVMI | VROUNDSD xmm:w, xmm, xmm/m64, imm8
    `,
  }),

  // Comparison
  vexFamily({
    name: 'VCMPPS/VCMPPD/VCMPSS/VCMPSD',
    summary: 'Compare floating-point values, giving masks',
    cite: both('CMPPS', 'CMPPD', 'CMPSS', 'CMPSD'),
    group: 'avx',
    attrs: 'AVX',
    implicit: 'MXCSR:rw',
    note: 'VEX forms know 32 predicates (bits 4:0 of the immediate; bits 7:5 are reserved), the SSE forms eight.',
    rows: `
      VEX.x.NP.0F.WIG   C2 /r ib | RVMI | VCMPPS xymm:w, xymm, xymm/mx, imm8
      VEX.x.66.0F.WIG   C2 /r ib | RVMI | VCMPPD xymm:w, xymm, xymm/mx, imm8
      VEX.LIG.F3.0F.WIG C2 /r ib | RVMI | VCMPSS xmm:w, xmm, xmm/m32, imm8
      VEX.LIG.F2.0F.WIG C2 /r ib | RVMI | VCMPSD xmm:w, xmm, xmm/m64, imm8
    `,
  }),
  vexFamily({
    name: 'VCOMISS/VCOMISD/VUCOMISS/VUCOMISD',
    summary: 'Compare scalar values and set ZF, PF and CF',
    cite: both('COMISS', 'COMISD', 'UCOMISS', 'UCOMISD'),
    group: 'avx',
    attrs: 'AVX',
    flags: 'w=ZPC 0=OSA',
    implicit: 'MXCSR:rw',
    note: `${LIG_SOFTWARE} When an unmasked SIMD exception is raised, the flags are not written.`,
    rows: `
      VEX.LIG.NP.0F.WIG 2F /r | RM | VCOMISS xmm, xmm/m32
      VEX.LIG.66.0F.WIG 2F /r | RM | VCOMISD xmm, xmm/m64
      VEX.LIG.NP.0F.WIG 2E /r | RM | VUCOMISS xmm, xmm/m32
      VEX.LIG.66.0F.WIG 2E /r | RM | VUCOMISD xmm, xmm/m64
    `,
  }),
  vexFamily({
    name: 'VTESTPS/VTESTPD',
    summary: 'Test the sign bits: ZF where AND, CF where AND NOT is zero',
    cite: both('VTESTPS', 'VTESTPD'),
    group: 'avx',
    attrs: 'AVX',
    flags: 'w=ZC 0=OSAP',
    rows: `
      VEX.x.66.0F38.W0 0E /r | RM | VTESTPS xymm, xymm/mx
      VEX.x.66.0F38.W0 0F /r | RM | VTESTPD xymm, xymm/mx
    `,
  }),

  // Logic, shuffles, blends, permutes
  packedBits('54', 'AND', 'Bitwise AND of packed floating-point values'),
  packedBits('55', 'ANDN', 'Bitwise AND of the complement of the first source with the second'),
  packedBits('56', 'OR', 'Bitwise OR of packed floating-point values'),
  packedBits('57', 'XOR', 'Bitwise exclusive OR of packed floating-point values'),
  packedBits('14', 'UNPCKL', 'Interleave low elements in each 128-bit lane'),
  packedBits('15', 'UNPCKH', 'Interleave high elements in each 128-bit lane'),
  vexFamily({
    name: 'VSHUFPS/VSHUFPD',
    summary: 'Shuffle elements of two sources in each 128-bit lane',
    cite: both('SHUFPS', 'SHUFPD'),
    group: 'avx',
    attrs: 'AVX',
    rows: `
      VEX.x.NP.0F.WIG C6 /r ib | RVMI | VSHUFPS xymm:w, xymm, xymm/mx, imm8
      VEX.x.66.0F.WIG C6 /r ib | RVMI | VSHUFPD xymm:w, xymm, xymm/mx, imm8
    `,
  }),
  vexFamily({
    name: 'VBLENDPS/VBLENDPD',
    summary: 'Select elements of two sources by an immediate',
    cite: both('BLENDPS', 'BLENDPD'),
    group: 'avx',
    attrs: 'AVX',
    rows: `
      VEX.x.66.0F3A.WIG 0C /r ib | RVMI | VBLENDPS xymm:w, xymm, xymm/mx, imm8
      VEX.x.66.0F3A.WIG 0D /r ib | RVMI | VBLENDPD xymm:w, xymm, xymm/mx, imm8
    `,
  }),
  vexFamily({
    name: 'VBLENDVPS/VBLENDVPD',
    summary: 'Select elements of two sources by the sign bits of a mask register',
    cite: both('BLENDVPS', 'BLENDVPD'),
    group: 'avx',
    attrs: 'AVX',
    note: 'VEX.W = 1 raises #UD. Bits 3:0 of the last byte are ignored, and outside 64-bit mode bit 7 too.',
    rows: `
      VEX.x.66.0F3A.W0 4A /r /is4 | RVMS | VBLENDVPS xymm:w, xymm, xymm/mx, xymm
      VEX.x.66.0F3A.W0 4B /r /is4 | RVMS | VBLENDVPD xymm:w, xymm, xymm/mx, xymm
    `,
  }),
  vexFamily({
    name: 'VPERMILPS/VPERMILPD',
    summary: 'Permute elements within each 128-bit lane, by a vector or an immediate',
    cite: both('VPERMILPS', 'VPERMILPD'),
    group: 'avx',
    attrs: 'AVX',
    rows: `
      VEX.x.66.0F38.W0 0C /r    | RVM | VPERMILPS xymm:w, xymm, xymm/mx
      VEX.x.66.0F3A.W0 04 /r ib | RMI | VPERMILPS xymm:w, xymm/mx, imm8
      VEX.x.66.0F38.W0 0D /r    | RVM | VPERMILPD xymm:w, xymm, xymm/mx
      VEX.x.66.0F3A.W0 05 /r ib | RMI | VPERMILPD xymm:w, xymm/mx, imm8
    `,
  }),
  vexFamily({
    name: 'VPERM2F128',
    summary: 'Permute 128-bit lanes of two sources',
    cite: both('VPERM2F128'),
    group: 'avx',
    attrs: 'AVX',
    rows: 'VEX.256.66.0F3A.W0 06 /r ib | RVMI | VPERM2F128 ymm:w, ymm, ymm/m256, imm8',
  }),

  // Conversions
  vexFamily({
    name: 'VCVTSI2SS/VCVTSI2SD',
    summary: 'Convert a general register or memory integer to a scalar floating-point value',
    cite: both('CVTSI2SS', 'CVTSI2SD'),
    group: 'avx',
    attrs: 'AVX',
    implicit: 'MXCSR:rw',
    note: `${LIG_SOFTWARE} VCVTSI2SD from 32 bits is exact and leaves MXCSR alone. Outside 64-bit mode VEX.W is ignored.`,
    rows: `
      VEX.LIG.F3.0F.Wy 2A /r | RVM | VCVTSI2SS xmm:w, xmm, r/my
      VEX.LIG.F2.0F.Wy 2A /r | RVM | VCVTSI2SD xmm:w, xmm, r/my
    `,
  }),
  vexFamily({
    name: 'VCVTSS2SI/VCVTSD2SI/VCVTTSS2SI/VCVTTSD2SI',
    summary: 'Convert a scalar floating-point value to a general register, rounding or truncating',
    group: 'avx',
    attrs: 'AVX',
    implicit: 'MXCSR:rw',
    cite: both('CVTSS2SI', 'CVTSD2SI', 'CVTTSS2SI', 'CVTTSD2SI'),
    note: `${LIG_SOFTWARE} Outside 64-bit mode VEX.W is ignored.`,
    rows: `
      VEX.LIG.F3.0F.Wy 2D /r | RM | VCVTSS2SI ry:w, xmm/m32
      VEX.LIG.F2.0F.Wy 2D /r | RM | VCVTSD2SI ry:w, xmm/m64
      VEX.LIG.F3.0F.Wy 2C /r | RM | VCVTTSS2SI ry:w, xmm/m32
      VEX.LIG.F2.0F.Wy 2C /r | RM | VCVTTSD2SI ry:w, xmm/m64
    `,
  }),
  vexFamily({
    name: 'VCVTPS2PD/VCVTPD2PS/VCVTSS2SD/VCVTSD2SS',
    summary: 'Convert between single and double precision',
    cite: both('CVTPS2PD', 'CVTPD2PS', 'CVTSS2SD', 'CVTSD2SS'),
    group: 'avx',
    attrs: 'AVX',
    implicit: 'MXCSR:rw',
    rows: `
      VEX.128.NP.0F.WIG 5A /r | RM  | VCVTPS2PD xmm:w, xmm/m64
      VEX.256.NP.0F.WIG 5A /r | RM  | VCVTPS2PD ymm:w, xmm/m128
      VEX.x.66.0F.WIG   5A /r | RM  | VCVTPD2PS xmm:w, xymm/mx
      VEX.LIG.F3.0F.WIG 5A /r | RVM | VCVTSS2SD xmm:w, xmm, xmm/m32
      VEX.LIG.F2.0F.WIG 5A /r | RVM | VCVTSD2SS xmm:w, xmm, xmm/m64
    `,
  }),
  vexFamily({
    name: 'VCVTDQ2PS/VCVTPS2DQ/VCVTTPS2DQ',
    summary: 'Convert between packed doublewords and single precision',
    cite: both('CVTDQ2PS', 'CVTPS2DQ', 'CVTTPS2DQ'),
    group: 'avx',
    attrs: 'AVX',
    implicit: 'MXCSR:rw',
    rows: `
      VEX.x.NP.0F.WIG 5B /r | RM | VCVTDQ2PS xymm:w, xymm/mx
      VEX.x.66.0F.WIG 5B /r | RM | VCVTPS2DQ xymm:w, xymm/mx
      VEX.x.F3.0F.WIG 5B /r | RM | VCVTTPS2DQ xymm:w, xymm/mx
    `,
  }),
  vexFamily({
    name: 'VCVTPD2DQ/VCVTTPD2DQ',
    summary: 'Convert packed double precision to doublewords',
    cite: both('CVTPD2DQ', 'CVTTPD2DQ'),
    group: 'avx',
    attrs: 'AVX',
    implicit: 'MXCSR:rw',
    rows: `
      VEX.x.F2.0F.WIG E6 /r | RM | VCVTPD2DQ xmm:w, xymm/mx
      VEX.x.66.0F.WIG E6 /r | RM | VCVTTPD2DQ xmm:w, xymm/mx
    `,
  }),
  vexFamily({
    name: 'VCVTDQ2PD',
    summary: 'Convert packed doublewords to double precision',
    cite: both('CVTDQ2PD'),
    group: 'avx',
    attrs: 'AVX',
    note: 'Exact: no SIMD exception, MXCSR plays no part.',
    rows: `
      VEX.128.F3.0F.WIG E6 /r | RM | VCVTDQ2PD xmm:w, xmm/m64
      VEX.256.F3.0F.WIG E6 /r | RM | VCVTDQ2PD ymm:w, xmm/m128
    `,
  }),

  // State
  vexFamily({
    name: 'VLDMXCSR',
    summary: 'Load MXCSR from memory',
    cite: both('LDMXCSR'),
    group: 'avx',
    attrs: 'AVX',
    implicit: 'MXCSR:w',
    note: '#GP(0) where a reserved bit of MXCSR would be set.',
    rows: 'VEX.LZ.NP.0F.WIG AE /2 | M | VLDMXCSR m32',
  }),
  vexFamily({
    name: 'VSTMXCSR',
    summary: 'Store MXCSR to memory',
    cite: both('STMXCSR'),
    group: 'avx',
    attrs: 'AVX',
    implicit: 'MXCSR:r',
    rows: 'VEX.LZ.NP.0F.WIG AE /3 | M | VSTMXCSR m32:w',
  }),
  vexFamily({
    name: 'VZEROUPPER',
    summary: 'Zero bits 128 and above of the vector registers',
    cite: both('VZEROUPPER'),
    group: 'avx',
    attrs: 'AVX',
    implicit: 'XMM0-XMM15:rw',
    note: 'Registers 0 to 7 outside 64-bit mode; registers 16 to 31 of AVX-512 are left alone. The low 128 bits stay, hence rw.',
    rows: 'VEX.128.NP.0F.WIG 77 | ZO | VZEROUPPER',
  }),
  vexFamily({
    name: 'VZEROALL',
    summary: 'Zero the vector registers',
    cite: both('VZEROALL'),
    group: 'avx',
    attrs: 'AVX',
    implicit: 'XMM0-XMM15:w',
    note: 'Registers 0 to 7 outside 64-bit mode; registers 16 to 31 of AVX-512 are left alone.',
    rows: 'VEX.256.NP.0F.WIG 77 | ZO | VZEROALL',
  }),
]
