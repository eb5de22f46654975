/**
 * SSE3, SSSE3, SSE4.1, SSE4.2, SSE4a, AES-NI, PCLMULQDQ, SHA and GFNI on XMM registers, legacy encodings. What SSSE3 added for
 * MMX registers is in mmx.ts, FISTTP is with x87, CRC32 and POPCNT are with the general-purpose instructions, MONITOR and MWAIT
 * with the system instructions.
 *
 * Legacy encodings leave bits MAXVL-1:128 of the destination as they were. A 16-byte memory operand must be aligned (#GP),
 * except LDDQU, PCMPESTRI, PCMPESTRM, PCMPISTRI and PCMPISTRM (SDM vol. 2A, 2.4). `MXCSR:rw` stands where MXCSR.RC, DAZ, FTZ
 * or the exception masks bear on the result and flags are set.
 */
import { type Family, family } from './notation.ts'

const sse3Only = { group: 'sse3', attrs: 'SSE3' } as const
const ssse3Only = { group: 'ssse3', attrs: 'SSSE3' } as const
const sse41Only = { group: 'sse4', attrs: 'SSE4_1' } as const
const sse42Only = { group: 'sse4', attrs: 'SSE4_2' } as const
const sse4aOnly = { group: 'sse4a', attrs: 'SSE4A' } as const
const aesOnly = { group: 'aes', attrs: 'AES' } as const
const shaOnly = { group: 'sha', attrs: 'SHA' } as const
const gfniOnly = { group: 'gfni', attrs: 'GFNI' } as const
/** Rounds, or can raise SIMD floating-point exceptions. */
const float = { implicit: 'MXCSR:rw' } as const

const sse3: readonly Family[] = [
  family({
    name: 'ADDSUBPD',
    summary: 'Subtracts the low and adds the high double-precision numbers.',
    cite: 'SDM 2A ADDSUBPD; APM 4 ADDSUBPD',
    ...sse3Only,
    ...float,
    rows: '66 0F D0 /r | RM | ADDSUBPD xmm:rw, xmm/m128',
  }),
  family({
    name: 'ADDSUBPS',
    summary: 'Subtracts the even and adds the odd single-precision numbers.',
    cite: 'SDM 2A ADDSUBPS; APM 4 ADDSUBPS',
    ...sse3Only,
    ...float,
    rows: 'F2 0F D0 /r | RM | ADDSUBPS xmm:rw, xmm/m128',
  }),
  family({
    name: 'HADDPD',
    summary: 'Adds horizontal neighbours; the destination gives the low number of the result, the source the high one.',
    cite: 'SDM 2A HADDPD; APM 4 HADDPD',
    ...sse3Only,
    ...float,
    rows: '66 0F 7C /r | RM | HADDPD xmm:rw, xmm/m128',
  }),
  family({
    name: 'HADDPS',
    summary: 'Adds horizontal neighbours; the destination gives the low half of the result, the source the high half.',
    cite: 'SDM 2A HADDPS; APM 4 HADDPS',
    ...sse3Only,
    ...float,
    rows: 'F2 0F 7C /r | RM | HADDPS xmm:rw, xmm/m128',
  }),
  family({
    name: 'HSUBPD',
    summary: 'Subtracts the high from the low of each pair of horizontal neighbours.',
    cite: 'SDM 2A HSUBPD; APM 4 HSUBPD',
    ...sse3Only,
    ...float,
    rows: '66 0F 7D /r | RM | HSUBPD xmm:rw, xmm/m128',
  }),
  family({
    name: 'HSUBPS',
    summary: 'Subtracts the odd from the even of each pair of horizontal neighbours.',
    cite: 'SDM 2A HSUBPS; APM 4 HSUBPS',
    ...sse3Only,
    ...float,
    rows: 'F2 0F 7D /r | RM | HSUBPS xmm:rw, xmm/m128',
  }),
  family({
    name: 'MOVDDUP',
    summary: 'Copies the low quadword into both halves.',
    cite: 'SDM 2B MOVDDUP; APM 4 MOVDDUP',
    ...sse3Only,
    rows: 'F2 0F 12 /r | RM | MOVDDUP xmm:w, xmm/m64',
  }),
  family({
    name: 'MOVSLDUP',
    summary: 'Copies each even doubleword into itself and its odd neighbour.',
    cite: 'SDM 2B MOVSLDUP; APM 4 MOVSLDUP',
    ...sse3Only,
    rows: 'F3 0F 12 /r | RM | MOVSLDUP xmm:w, xmm/m128',
  }),
  family({
    name: 'MOVSHDUP',
    summary: 'Copies each odd doubleword into itself and its even neighbour.',
    cite: 'SDM 2B MOVSHDUP; APM 4 MOVSHDUP',
    ...sse3Only,
    rows: 'F3 0F 16 /r | RM | MOVSHDUP xmm:w, xmm/m128',
  }),
  family({
    name: 'LDDQU',
    summary: 'Loads 16 bytes, aligned or not; the processor may read more than asked for.',
    cite: 'SDM 2A LDDQU; APM 4 LDDQU',
    ...sse3Only,
    rows: 'F2 0F F0 /r | RM | LDDQU xmm:w, m128',
  }),
]

const ssse3: readonly Family[] = [
  family({
    name: 'PSHUFB',
    summary: 'Chooses each byte of the result by the low bits of the mask byte; 0 where bit 7 of the mask byte is set.',
    cite: 'SDM 2B PSHUFB; APM 4 PSHUFB',
    ...ssse3Only,
    rows: '66 0F 38 00 /r | RM | PSHUFB xmm:rw, xmm/m128',
  }),
  family({
    name: 'PHADDW/PHADDD',
    summary: 'Adds horizontal neighbours; the destination gives the low half of the result, the source the high half.',
    cite: 'SDM 2B PHADDW/PHADDD; APM 4 PHADDW, PHADDD',
    ...ssse3Only,
    rows: `
      66 0F 38 01 /r | RM | PHADDW xmm:rw, xmm/m128
      66 0F 38 02 /r | RM | PHADDD xmm:rw, xmm/m128
    `,
  }),
  family({
    name: 'PHADDSW',
    summary: 'Adds horizontal neighbours with signed saturation.',
    cite: 'SDM 2B PHADDSW; APM 4 PHADDSW',
    ...ssse3Only,
    rows: '66 0F 38 03 /r | RM | PHADDSW xmm:rw, xmm/m128',
  }),
  family({
    name: 'PMADDUBSW',
    summary:
      'Multiplies unsigned bytes of the destination by signed bytes of the source; adds neighbouring products with saturation.',
    cite: 'SDM 2B PMADDUBSW; APM 4 PMADDUBSW',
    ...ssse3Only,
    rows: '66 0F 38 04 /r | RM | PMADDUBSW xmm:rw, xmm/m128',
  }),
  family({
    name: 'PHSUBW/PHSUBD',
    summary: 'Subtracts the high from the low of each pair of horizontal neighbours.',
    cite: 'SDM 2B PHSUBW/PHSUBD; APM 4 PHSUBW, PHSUBD',
    ...ssse3Only,
    rows: `
      66 0F 38 05 /r | RM | PHSUBW xmm:rw, xmm/m128
      66 0F 38 06 /r | RM | PHSUBD xmm:rw, xmm/m128
    `,
  }),
  family({
    name: 'PHSUBSW',
    summary: 'Subtracts horizontal neighbours with signed saturation.',
    cite: 'SDM 2B PHSUBSW; APM 4 PHSUBSW',
    ...ssse3Only,
    rows: '66 0F 38 07 /r | RM | PHSUBSW xmm:rw, xmm/m128',
  }),
  family({
    name: 'PSIGNB/PSIGNW/PSIGND',
    summary: 'Negates, clears or keeps each element by the sign of the element of the source.',
    cite: 'SDM 2B PSIGNB/PSIGNW/PSIGND; APM 4 PSIGNB, PSIGNW, PSIGND',
    ...ssse3Only,
    rows: `
      66 0F 38 08 /r | RM | PSIGNB xmm:rw, xmm/m128
      66 0F 38 09 /r | RM | PSIGNW xmm:rw, xmm/m128
      66 0F 38 0A /r | RM | PSIGND xmm:rw, xmm/m128
    `,
  }),
  family({
    name: 'PMULHRSW',
    summary: 'Multiplies packed signed words, bits 30:15 of the rounded products.',
    cite: 'SDM 2B PMULHRSW; APM 4 PMULHRSW',
    ...ssse3Only,
    rows: '66 0F 38 0B /r | RM | PMULHRSW xmm:rw, xmm/m128',
  }),
  family({
    name: 'PABSB/PABSW/PABSD',
    summary: 'Takes absolute values, as unsigned elements.',
    cite: 'SDM 2B PABSB/PABSW/PABSD/PABSQ; APM 4 PABSB, PABSW, PABSD',
    ...ssse3Only,
    rows: `
      66 0F 38 1C /r | RM | PABSB xmm:w, xmm/m128
      66 0F 38 1D /r | RM | PABSW xmm:w, xmm/m128
      66 0F 38 1E /r | RM | PABSD xmm:w, xmm/m128
    `,
  }),
  family({
    name: 'PALIGNR',
    summary: 'Concatenates both operands (destination high), shifts right by imm8 bytes, keeps the low 16 bytes.',
    cite: 'SDM 2B PALIGNR; APM 4 PALIGNR',
    ...ssse3Only,
    rows: '66 0F 3A 0F /r ib | RMI | PALIGNR xmm:rw, xmm/m128, imm8',
  }),
]

const blends: readonly Family[] = [
  family({
    name: 'BLENDPS',
    summary: 'Takes each single-precision number from the source where its bit of imm8 is set.',
    cite: 'SDM 2A BLENDPS; APM 4 BLENDPS',
    ...sse41Only,
    rows: '66 0F 3A 0C /r ib | RMI | BLENDPS xmm:rw, xmm/m128, imm8',
  }),
  family({
    name: 'BLENDPD',
    summary: 'Takes each double-precision number from the source where its bit of imm8 is set.',
    cite: 'SDM 2A BLENDPD; APM 4 BLENDPD',
    ...sse41Only,
    rows: '66 0F 3A 0D /r ib | RMI | BLENDPD xmm:rw, xmm/m128, imm8',
  }),
  family({
    name: 'PBLENDW',
    summary: 'Takes each word from the source where its bit of imm8 is set.',
    cite: 'SDM 2B PBLENDW; APM 4 PBLENDW',
    ...sse41Only,
    rows: '66 0F 3A 0E /r ib | RMI | PBLENDW xmm:rw, xmm/m128, imm8',
  }),
  family({
    name: 'BLENDVPS',
    summary: 'Takes each single-precision number from the source where the sign bit of its place in XMM0 is set.',
    cite: 'SDM 2A BLENDVPS; APM 4 BLENDVPS',
    ...sse41Only,
    rows: '66 0F 38 14 /r | RM | BLENDVPS xmm:rw, xmm/m128, XMM0',
  }),
  family({
    name: 'BLENDVPD',
    summary: 'Takes each double-precision number from the source where the sign bit of its place in XMM0 is set.',
    cite: 'SDM 2A BLENDVPD; APM 4 BLENDVPD',
    ...sse41Only,
    rows: '66 0F 38 15 /r | RM | BLENDVPD xmm:rw, xmm/m128, XMM0',
  }),
  family({
    name: 'PBLENDVB',
    summary: 'Takes each byte from the source where bit 7 of its place in XMM0 is set.',
    cite: 'SDM 2B PBLENDVB; APM 4 PBLENDVB',
    ...sse41Only,
    rows: '66 0F 38 10 /r | RM | PBLENDVB xmm:rw, xmm/m128, XMM0',
  }),
]

const elements: readonly Family[] = [
  family({
    name: 'EXTRACTPS',
    summary: 'Extracts the doubleword selected by imm8[1:0], zero-extended in a 64-bit register.',
    cite: 'SDM 2A EXTRACTPS; APM 4 EXTRACTPS',
    ...sse41Only,
    rows: '66 0F 3A 17 /r ib | MRI | EXTRACTPS ry/m32:w, xmm, imm8',
  }),
  family({
    name: 'INSERTPS',
    summary:
      'Puts a doubleword of the source (imm8[7:6]; 0 with memory) at imm8[5:4], then clears those whose bit in imm8[3:0] is set.',
    cite: 'SDM 2A INSERTPS; APM 4 INSERTPS',
    ...sse41Only,
    rows: '66 0F 3A 21 /r ib | RMI | INSERTPS xmm:rw, xmm/m32, imm8',
  }),
  family({
    name: 'PEXTRB/PEXTRD/PEXTRQ',
    summary: 'Extracts the byte, doubleword or quadword selected by the low bits of imm8, zero-extended.',
    cite: 'SDM 2B PEXTRB/PEXTRD/PEXTRQ; APM 4 PEXTRB, PEXTRD, PEXTRQ',
    ...sse41Only,
    rows: `
      66 0F 3A 14 /r ib         | MRI | PEXTRB ry/m8:w, xmm, imm8
      66 NOREX.W 0F 3A 16 /r ib | MRI | PEXTRD r/m32:w, xmm, imm8
      66 REX.W 0F 3A 16 /r ib   | MRI | PEXTRQ r/m64:w, xmm, imm8
    `,
  }),
  family({
    name: 'PEXTRW',
    summary: 'Extracts the word selected by imm8[2:0] to memory, or zero-extended to a register.',
    cite: 'SDM 2B PEXTRW; APM 4 PEXTRW',
    note: 'With a register this is a second encoding of 66 0F C5 (SSE2), with destination and source changing places in ModRM.',
    ...sse41Only,
    rows: `
      66 0F 3A 15 /r ib | MRI | PEXTRW m16:w, xmm, imm8
      66 0F 3A 15 /r ib | MRI | PEXTRW ry:w, xmm, imm8  | alias
    `,
  }),
  family({
    name: 'PINSRB/PINSRD/PINSRQ',
    summary: 'Replaces the byte, doubleword or quadword selected by the low bits of imm8.',
    cite: 'SDM 2B PINSRB/PINSRD/PINSRQ; APM 4 PINSRB, PINSRD, PINSRQ',
    ...sse41Only,
    rows: `
      66 0F 3A 20 /r ib         | RMI | PINSRB xmm:rw, ry/m8, imm8
      66 NOREX.W 0F 3A 22 /r ib | RMI | PINSRD xmm:rw, r/m32, imm8
      66 REX.W 0F 3A 22 /r ib   | RMI | PINSRQ xmm:rw, r/m64, imm8
    `,
  }),
  family({
    name: 'MOVNTDQA',
    summary: 'Loads 16 aligned bytes with a non-temporal hint (streaming load from write-combining memory).',
    cite: 'SDM 2B MOVNTDQA; APM 4 MOVNTDQA',
    ...sse41Only,
    rows: '66 0F 38 2A /r | RM | MOVNTDQA xmm:w, m128',
  }),
  family({
    name: 'PMOVSX',
    summary: 'Sign-extends the low bytes, words or doublewords of the source.',
    cite: 'SDM 2B PMOVSX; APM 4 PMOVSXBW, PMOVSXBD, PMOVSXBQ, PMOVSXWD, PMOVSXWQ, PMOVSXDQ',
    ...sse41Only,
    rows: `
      66 0F 38 20 /r | RM | PMOVSXBW xmm:w, xmm/m64
      66 0F 38 21 /r | RM | PMOVSXBD xmm:w, xmm/m32
      66 0F 38 22 /r | RM | PMOVSXBQ xmm:w, xmm/m16
      66 0F 38 23 /r | RM | PMOVSXWD xmm:w, xmm/m64
      66 0F 38 24 /r | RM | PMOVSXWQ xmm:w, xmm/m32
      66 0F 38 25 /r | RM | PMOVSXDQ xmm:w, xmm/m64
    `,
  }),
  family({
    name: 'PMOVZX',
    summary: 'Zero-extends the low bytes, words or doublewords of the source.',
    cite: 'SDM 2B PMOVZX; APM 4 PMOVZXBW, PMOVZXBD, PMOVZXBQ, PMOVZXWD, PMOVZXWQ, PMOVZXDQ',
    ...sse41Only,
    rows: `
      66 0F 38 30 /r | RM | PMOVZXBW xmm:w, xmm/m64
      66 0F 38 31 /r | RM | PMOVZXBD xmm:w, xmm/m32
      66 0F 38 32 /r | RM | PMOVZXBQ xmm:w, xmm/m16
      66 0F 38 33 /r | RM | PMOVZXWD xmm:w, xmm/m64
      66 0F 38 34 /r | RM | PMOVZXWQ xmm:w, xmm/m32
      66 0F 38 35 /r | RM | PMOVZXDQ xmm:w, xmm/m64
    `,
  }),
  family({
    name: 'PACKUSDW',
    summary: 'Narrows the signed doublewords of both operands to words with unsigned saturation.',
    cite: 'SDM 2B PACKUSDW; APM 4 PACKUSDW',
    ...sse41Only,
    rows: '66 0F 38 2B /r | RM | PACKUSDW xmm:rw, xmm/m128',
  }),
]

const arithmetic41: readonly Family[] = [
  family({
    name: 'PTEST',
    summary: 'Sets ZF where source AND destination is 0, CF where source AND NOT destination is 0.',
    cite: 'SDM 2B PTEST; APM 4 PTEST',
    ...sse41Only,
    flags: 'w=ZC 0=OSAP',
    rows: '66 0F 38 17 /r | RM | PTEST xmm, xmm/m128',
  }),
  family({
    name: 'PCMPEQQ',
    summary: 'Compares quadwords for equality: each becomes all ones or all zeros.',
    cite: 'SDM 2B PCMPEQQ; APM 4 PCMPEQQ',
    ...sse41Only,
    rows: '66 0F 38 29 /r | RM | PCMPEQQ xmm:rw, xmm/m128',
  }),
  family({
    name: 'PMINSB/PMINSD/PMINUW/PMINUD',
    summary: 'Takes the lesser of packed integers.',
    cite: 'SDM 2B PMINSB/PMINSW, PMINSD/PMINSQ, PMINUB/PMINUW, PMINUD/PMINUQ; APM 4 PMINSB, PMINSD, PMINUW, PMINUD',
    ...sse41Only,
    rows: `
      66 0F 38 38 /r | RM | PMINSB xmm:rw, xmm/m128
      66 0F 38 39 /r | RM | PMINSD xmm:rw, xmm/m128
      66 0F 38 3A /r | RM | PMINUW xmm:rw, xmm/m128
      66 0F 38 3B /r | RM | PMINUD xmm:rw, xmm/m128
    `,
  }),
  family({
    name: 'PMAXSB/PMAXSD/PMAXUW/PMAXUD',
    summary: 'Takes the greater of packed integers.',
    cite: 'SDM 2B PMAXSB/PMAXSW/PMAXSD/PMAXSQ, PMAXUB/PMAXUW, PMAXUD/PMAXUQ; APM 4 PMAXSB, PMAXSD, PMAXUW, PMAXUD',
    ...sse41Only,
    rows: `
      66 0F 38 3C /r | RM | PMAXSB xmm:rw, xmm/m128
      66 0F 38 3D /r | RM | PMAXSD xmm:rw, xmm/m128
      66 0F 38 3E /r | RM | PMAXUW xmm:rw, xmm/m128
      66 0F 38 3F /r | RM | PMAXUD xmm:rw, xmm/m128
    `,
  }),
  family({
    name: 'PMULDQ',
    summary: 'Multiplies the low signed doublewords of each quadword to a quadword.',
    cite: 'SDM 2B PMULDQ; APM 4 PMULDQ',
    ...sse41Only,
    rows: '66 0F 38 28 /r | RM | PMULDQ xmm:rw, xmm/m128',
  }),
  family({
    name: 'PMULLD',
    summary: 'Multiplies packed doublewords, low halves of the products.',
    cite: 'SDM 2B PMULLD/PMULLQ; APM 4 PMULLD',
    ...sse41Only,
    rows: '66 0F 38 40 /r | RM | PMULLD xmm:rw, xmm/m128',
  }),
  family({
    name: 'PHMINPOSUW',
    summary: 'Puts the least unsigned word into bits 15:0 and its lowest index into bits 18:16; the rest becomes 0.',
    cite: 'SDM 2B PHMINPOSUW; APM 4 PHMINPOSUW',
    ...sse41Only,
    rows: '66 0F 38 41 /r | RM | PHMINPOSUW xmm:w, xmm/m128',
  }),
  family({
    name: 'MPSADBW',
    summary:
      'Sums absolute differences of four bytes of the source (imm8[1:0]) against eight windows of the destination (imm8[2]).',
    cite: 'SDM 2B MPSADBW; APM 4 MPSADBW',
    ...sse41Only,
    rows: '66 0F 3A 42 /r ib | RMI | MPSADBW xmm:rw, xmm/m128, imm8',
  }),
  family({
    name: 'DPPS',
    summary:
      'Multiplies the single-precision pairs selected by imm8[7:4] and puts the sum into the places of imm8[3:0], 0 elsewhere.',
    cite: 'SDM 2A DPPS; APM 4 DPPS',
    ...sse41Only,
    ...float,
    rows: '66 0F 3A 40 /r ib | RMI | DPPS xmm:rw, xmm/m128, imm8',
  }),
  family({
    name: 'DPPD',
    summary:
      'Multiplies the double-precision pairs selected by imm8[5:4] and puts the sum into the places of imm8[1:0], 0 elsewhere.',
    cite: 'SDM 2A DPPD; APM 4 DPPD',
    ...sse41Only,
    ...float,
    rows: '66 0F 3A 41 /r ib | RMI | DPPD xmm:rw, xmm/m128, imm8',
  }),
  family({
    name: 'ROUNDPS/ROUNDSS',
    summary: 'Rounds single-precision numbers to integral values by imm8[1:0], or by MXCSR.RC where imm8[2] is set.',
    cite: 'SDM 2B ROUNDPS, ROUNDSS; APM 4 ROUNDPS, ROUNDSS',
    note: 'imm8[3] suppresses the precision exception. A denormal source raises no denormal exception.',
    ...sse41Only,
    ...float,
    rows: `
      66 0F 3A 08 /r ib | RMI | ROUNDPS xmm:w, xmm/m128, imm8
      66 0F 3A 0A /r ib | RMI | ROUNDSS xmm:rw, xmm/m32, imm8
    `,
  }),
  family({
    name: 'ROUNDPD/ROUNDSD',
    summary: 'Rounds double-precision numbers to integral values by imm8[1:0], or by MXCSR.RC where imm8[2] is set.',
    cite: 'SDM 2B ROUNDPD, ROUNDSD; APM 4 ROUNDPD, ROUNDSD',
    note: 'imm8[3] suppresses the precision exception. A denormal source raises no denormal exception.',
    ...sse41Only,
    ...float,
    rows: `
      66 0F 3A 09 /r ib | RMI | ROUNDPD xmm:w, xmm/m128, imm8
      66 0F 3A 0B /r ib | RMI | ROUNDSD xmm:rw, xmm/m64, imm8
    `,
  }),
]

const sse42: readonly Family[] = [
  family({
    name: 'PCMPGTQ',
    summary: 'Compares signed quadwords, destination greater than source: each becomes all ones or all zeros.',
    cite: 'SDM 2B PCMPGTQ; APM 4 PCMPGTQ',
    ...sse42Only,
    rows: '66 0F 38 37 /r | RM | PCMPGTQ xmm:rw, xmm/m128',
  }),
  family({
    name: 'PCMPESTRI',
    summary: 'Compares strings whose lengths are in rAX and rDX as imm8 says; the index goes to ECX.',
    cite: 'SDM 2B PCMPESTRI, 4.1; APM 4 PCMPESTRI',
    note: 'REX.W makes the lengths 64 bits wide. Memory need not be aligned.',
    ...sse42Only,
    flags: 'w=OSZC 0=AP',
    rows: `
      66 NOREX.W 0F 3A 61 /r ib | RMI | PCMPESTRI xmm, xmm/m128, imm8 | imp:EAX:r,EDX:r,ECX:w
      66 REX.W 0F 3A 61 /r ib   | RMI | PCMPESTRI xmm, xmm/m128, imm8 | imp:RAX:r,RDX:r,ECX:w
    `,
  }),
  family({
    name: 'PCMPESTRM',
    summary: 'Compares strings whose lengths are in rAX and rDX as imm8 says; the mask goes to XMM0.',
    cite: 'SDM 2B PCMPESTRM, 4.1; APM 4 PCMPESTRM',
    note: 'REX.W makes the lengths 64 bits wide. Memory need not be aligned.',
    ...sse42Only,
    flags: 'w=OSZC 0=AP',
    rows: `
      66 NOREX.W 0F 3A 60 /r ib | RMI | PCMPESTRM xmm, xmm/m128, imm8 | imp:EAX:r,EDX:r,XMM0:w
      66 REX.W 0F 3A 60 /r ib   | RMI | PCMPESTRM xmm, xmm/m128, imm8 | imp:RAX:r,RDX:r,XMM0:w
    `,
  }),
  family({
    name: 'PCMPISTRI',
    summary: 'Compares zero-terminated strings as imm8 says; the index goes to ECX.',
    cite: 'SDM 2B PCMPISTRI, 4.1; APM 4 PCMPISTRI',
    note: 'Memory need not be aligned.',
    ...sse42Only,
    flags: 'w=OSZC 0=AP',
    implicit: 'ECX:w',
    rows: '66 0F 3A 63 /r ib | RMI | PCMPISTRI xmm, xmm/m128, imm8',
  }),
  family({
    name: 'PCMPISTRM',
    summary: 'Compares zero-terminated strings as imm8 says; the mask goes to XMM0.',
    cite: 'SDM 2B PCMPISTRM, 4.1; APM 4 PCMPISTRM',
    note: 'Memory need not be aligned.',
    ...sse42Only,
    flags: 'w=OSZC 0=AP',
    implicit: 'XMM0:w',
    rows: '66 0F 3A 62 /r ib | RMI | PCMPISTRM xmm, xmm/m128, imm8',
  }),
]

const sse4a: readonly Family[] = [
  family({
    name: 'EXTRQ',
    summary: 'Extracts a field of the low quadword to its low bits, zero-extended to 64 bits.',
    cite: 'APM 4 EXTRQ',
    note: 'AMD only. Length (0: 64) and index are the immediates, or bits 5:0 and 13:8 of the second register. Bits 127:64 of the result are undefined, and so is all of it where index + length is above 64.',
    ...sse4aOnly,
    rows: `
      66 0F 78 /0 ib ib | MII | EXTRQ xmm:rw, imm8, imm8
      66 0F 79 /r       | RM  | EXTRQ xmm:rw, xmm
    `,
  }),
  family({
    name: 'INSERTQ',
    summary: 'Puts the low bits of the source into a field of the low quadword.',
    cite: 'APM 4 INSERTQ',
    note: 'AMD only. Length (0: 64) and index are the immediates, or bits 69:64 and 77:72 of the second register. Bits 127:64 of the result are undefined, and so is all of it where index + length is above 64.',
    ...sse4aOnly,
    rows: `
      F2 0F 78 /r ib ib | RMII | INSERTQ xmm:rw, xmm, imm8, imm8
      F2 0F 79 /r       | RM   | INSERTQ xmm:rw, xmm
    `,
  }),
  family({
    name: 'MOVNTSD',
    summary: 'Stores the low double-precision number with a non-temporal hint.',
    cite: 'APM 4 MOVNTSD',
    note: 'AMD only.',
    ...sse4aOnly,
    rows: 'F2 0F 2B /r | MR | MOVNTSD m64:w, xmm',
  }),
  family({
    name: 'MOVNTSS',
    summary: 'Stores the low single-precision number with a non-temporal hint.',
    cite: 'APM 4 MOVNTSS',
    note: 'AMD only.',
    ...sse4aOnly,
    rows: 'F3 0F 2B /r | MR | MOVNTSS m32:w, xmm',
  }),
]

const crypto: readonly Family[] = [
  family({
    name: 'AESENC',
    summary: 'Does one round of AES encryption on the state in the destination; the source is the round key.',
    cite: 'SDM 2A AESENC; APM 4 AESENC',
    ...aesOnly,
    rows: '66 0F 38 DC /r | RM | AESENC xmm:rw, xmm/m128',
  }),
  family({
    name: 'AESENCLAST',
    summary: 'Does the last round of AES encryption.',
    cite: 'SDM 2A AESENCLAST; APM 4 AESENCLAST',
    ...aesOnly,
    rows: '66 0F 38 DD /r | RM | AESENCLAST xmm:rw, xmm/m128',
  }),
  family({
    name: 'AESDEC',
    summary: 'Does one round of AES decryption by the equivalent inverse cipher.',
    cite: 'SDM 2A AESDEC; APM 4 AESDEC',
    ...aesOnly,
    rows: '66 0F 38 DE /r | RM | AESDEC xmm:rw, xmm/m128',
  }),
  family({
    name: 'AESDECLAST',
    summary: 'Does the last round of AES decryption.',
    cite: 'SDM 2A AESDECLAST; APM 4 AESDECLAST',
    ...aesOnly,
    rows: '66 0F 38 DF /r | RM | AESDECLAST xmm:rw, xmm/m128',
  }),
  family({
    name: 'AESIMC',
    summary: 'Applies InvMixColumns to a round key.',
    cite: 'SDM 2A AESIMC; APM 4 AESIMC',
    ...aesOnly,
    rows: '66 0F 38 DB /r | RM | AESIMC xmm:w, xmm/m128',
  }),
  family({
    name: 'AESKEYGENASSIST',
    summary: 'Does the S-box and rotation steps of a key expansion with the round constant imm8.',
    cite: 'SDM 2A AESKEYGENASSIST; APM 4 AESKEYGENASSIST',
    ...aesOnly,
    rows: '66 0F 3A DF /r ib | RMI | AESKEYGENASSIST xmm:w, xmm/m128, imm8',
  }),
  family({
    name: 'PCLMULQDQ',
    summary: 'Multiplies without carries the quadwords that imm8[0] (destination) and imm8[4] (source) select.',
    cite: 'SDM 2B PCLMULQDQ; APM 4 PCLMULQDQ',
    group: 'aes',
    attrs: 'PCLMULQDQ',
    rows: '66 0F 3A 44 /r ib | RMI | PCLMULQDQ xmm:rw, xmm/m128, imm8',
  }),
  family({
    name: 'SHA1RNDS4',
    summary: 'Does four rounds of SHA-1 with the function and constant of imm8[1:0].',
    cite: 'SDM 2B SHA1RNDS4; APM 4 SHA1RNDS4',
    ...shaOnly,
    rows: 'NP 0F 3A CC /r ib | RMI | SHA1RNDS4 xmm:rw, xmm/m128, imm8',
  }),
  family({
    name: 'SHA1NEXTE',
    summary: 'Computes the SHA-1 state variable E after four rounds and adds it to the message words.',
    cite: 'SDM 2B SHA1NEXTE; APM 4 SHA1NEXTE',
    ...shaOnly,
    rows: 'NP 0F 38 C8 /r | RM | SHA1NEXTE xmm:rw, xmm/m128',
  }),
  family({
    name: 'SHA1MSG1',
    summary: 'Does the first half of the SHA-1 message schedule for four words.',
    cite: 'SDM 2B SHA1MSG1; APM 4 SHA1MSG1',
    ...shaOnly,
    rows: 'NP 0F 38 C9 /r | RM | SHA1MSG1 xmm:rw, xmm/m128',
  }),
  family({
    name: 'SHA1MSG2',
    summary: 'Does the second half of the SHA-1 message schedule for four words.',
    cite: 'SDM 2B SHA1MSG2; APM 4 SHA1MSG2',
    ...shaOnly,
    rows: 'NP 0F 38 CA /r | RM | SHA1MSG2 xmm:rw, xmm/m128',
  }),
  family({
    name: 'SHA256RNDS2',
    summary: 'Does two rounds of SHA-256 with the sums of message words and constants in XMM0.',
    cite: 'SDM 2B SHA256RNDS2; APM 4 SHA256RNDS2',
    ...shaOnly,
    rows: 'NP 0F 38 CB /r | RM | SHA256RNDS2 xmm:rw, xmm/m128, XMM0',
  }),
  family({
    name: 'SHA256MSG1',
    summary: 'Does the first half of the SHA-256 message schedule for four words.',
    cite: 'SDM 2B SHA256MSG1; APM 4 SHA256MSG1',
    ...shaOnly,
    rows: 'NP 0F 38 CC /r | RM | SHA256MSG1 xmm:rw, xmm/m128',
  }),
  family({
    name: 'SHA256MSG2',
    summary: 'Does the second half of the SHA-256 message schedule for four words.',
    cite: 'SDM 2B SHA256MSG2; APM 4 SHA256MSG2',
    ...shaOnly,
    rows: 'NP 0F 38 CD /r | RM | SHA256MSG2 xmm:rw, xmm/m128',
  }),
]

const gfni: readonly Family[] = [
  family({
    name: 'GF2P8MULB',
    summary: 'Multiplies bytes in GF(2^8) with the polynomial x^8 + x^4 + x^3 + x + 1.',
    cite: 'SDM 2A GF2P8MULB',
    ...gfniOnly,
    rows: '66 0F 38 CF /r | RM | GF2P8MULB xmm:rw, xmm/m128',
  }),
  family({
    name: 'GF2P8AFFINEQB',
    summary: 'Multiplies each byte by the 8x8 bit matrix of its quadword in the source and adds imm8.',
    cite: 'SDM 2A GF2P8AFFINEQB',
    ...gfniOnly,
    rows: '66 0F 3A CE /r ib | RMI | GF2P8AFFINEQB xmm:rw, xmm/m128, imm8',
  }),
  family({
    name: 'GF2P8AFFINEINVQB',
    summary:
      'Inverts each byte in GF(2^8), multiplies it by the 8x8 bit matrix of its quadword in the source and adds imm8.',
    cite: 'SDM 2A GF2P8AFFINEINVQB',
    ...gfniOnly,
    rows: '66 0F 3A CF /r ib | RMI | GF2P8AFFINEINVQB xmm:rw, xmm/m128, imm8',
  }),
]

export const sse34: readonly Family[] = [
  ...sse3,
  ...ssse3,
  ...blends,
  ...elements,
  ...arithmetic41,
  ...sse42,
  ...sse4a,
  ...crypto,
  ...gfni,
]
