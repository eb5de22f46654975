/**
 * VEX-encoded instructions of extensions of their own: fused multiply-add, half-precision conversion, AES, carry-less multiplication, Galois field,
 * VNNI, IFMA, no-exception conversion, SHA-512, SM3 and SM4.
 */
import type { Family } from './notation.ts'
import { both, sdm, vexFamily } from './vex-family.ts'

/** Operand order of the three FMA encodings and their offset in the opcode (SDM vol. 1, 14.5.3). */
const FMA_ORDERS = [
  ['132', 0x00],
  ['213', 0x10],
  ['231', 0x20],
] as const

/** One FMA operation: packed at `packed` and, where there is one, scalar at `packed + 1`. */
function fma(operation: string, packed: number, scalar: boolean, summary: string): Family {
  const rows = FMA_ORDERS.flatMap(([order, offset]) => {
    const opcode = (o: number) => (o + offset).toString(16).toUpperCase()
    const name = `V${operation}${order}`
    const lines = [
      `VEX.x.66.0F38.W0 ${opcode(packed)} /r | RVM | ${name}PS xymm:rw, xymm, xymm/mx`,
      `VEX.x.66.0F38.W1 ${opcode(packed)} /r | RVM | ${name}PD xymm:rw, xymm, xymm/mx`,
    ]
    if (scalar) {
      lines.push(
        `VEX.LIG.66.0F38.W0 ${opcode(packed + 1)} /r | RVM | ${name}SS xmm:rw, xmm, xmm/m32`,
        `VEX.LIG.66.0F38.W1 ${opcode(packed + 1)} /r | RVM | ${name}SD xmm:rw, xmm, xmm/m64`,
      )
    }
    return lines
  })
  const kinds = scalar ? ['PS', 'PD', 'SS', 'SD'] : ['PS', 'PD']
  return vexFamily({
    name: `V${operation}132/213/231`,
    summary,
    cite: both(...kinds.map((k) => `V${operation}132${k}/V${operation}213${k}/V${operation}231${k}`)),
    group: 'fma',
    attrs: 'FMA',
    implicit: 'MXCSR:rw',
    rows: rows.join('\n'),
  })
}

const FUSED: readonly Family[] = [
  fma('FMADDSUB', 0x96, false, 'Fused multiply, alternately subtract and add: odd elements add'),
  fma('FMSUBADD', 0x97, false, 'Fused multiply, alternately add and subtract: odd elements subtract'),
  fma('FMADD', 0x98, true, 'Fused multiply and add'),
  fma('FMSUB', 0x9a, true, 'Fused multiply and subtract'),
  fma('FNMADD', 0x9c, true, 'Fused multiply, negate and add'),
  fma('FNMSUB', 0x9e, true, 'Fused multiply, negate and subtract'),
]

const CONVERSIONS: readonly Family[] = [
  vexFamily({
    name: 'VCVTPH2PS/VCVTPS2PH',
    summary: 'Convert between half and single precision',
    cite: both('VCVTPH2PS', 'VCVTPS2PH'),
    group: 'f16c',
    attrs: 'F16C',
    implicit: 'MXCSR:rw',
    note: 'Denormal half-precision operands are never flushed: MXCSR.DAZ and FTZ do not act on them.',
    rows: `
      VEX.128.66.0F38.W0 13 /r    | RM  | VCVTPH2PS xmm:w, xmm/m64
      VEX.256.66.0F38.W0 13 /r    | RM  | VCVTPH2PS ymm:w, xmm/m128
      VEX.128.66.0F3A.W0 1D /r ib | MRI | VCVTPS2PH xmm/m64:w, xmm, imm8
      VEX.256.66.0F3A.W0 1D /r ib | MRI | VCVTPS2PH xmm/m128:w, ymm, imm8
    `,
  }),
  vexFamily({
    name: 'AVX-NE-CONVERT',
    summary: 'Convert from and to bfloat16 and half precision without exceptions',
    cite: sdm(
      'VBCSTNEBF162PS',
      'VBCSTNESH2PS',
      'VCVTNEEBF162PS',
      'VCVTNEEPH2PS',
      'VCVTNEOBF162PS',
      'VCVTNEOPH2PS',
      'VCVTNEPS2BF16',
    ),
    group: 'avx',
    attrs: 'AVX_NE_CONVERT',
    note: 'MXCSR is neither read nor written.',
    rows: `
      VEX.x.F3.0F38.W0 B1 /r   | RM | VBCSTNEBF162PS xymm:w, m16
      VEX.x.66.0F38.W0 B1 /r   | RM | VBCSTNESH2PS xymm:w, m16
      VEX.x.F3.0F38.W0 B0 /r   | RM | VCVTNEEBF162PS xymm:w, mx
      VEX.x.66.0F38.W0 B0 /r   | RM | VCVTNEEPH2PS xymm:w, mx
      VEX.x.F2.0F38.W0 B0 /r   | RM | VCVTNEOBF162PS xymm:w, mx
      VEX.x.NP.0F38.W0 B0 /r   | RM | VCVTNEOPH2PS xymm:w, mx
      VEX.128.F3.0F38.W0 72 /r | RM | VCVTNEPS2BF16 xmm:w, xmm/m128
      VEX.256.F3.0F38.W0 72 /r | RM | VCVTNEPS2BF16 xmm:w, ymm/m256
    `,
  }),
]

const CRYPTOGRAPHY: readonly Family[] = [
  vexFamily({
    name: 'VAESENC/VAESENCLAST/VAESDEC/VAESDECLAST/VAESIMC/VAESKEYGENASSIST',
    summary: 'AES rounds, with a separate destination',
    cite: both('AESENC', 'AESENCLAST', 'AESDEC', 'AESDECLAST', 'AESIMC', 'AESKEYGENASSIST'),
    group: 'aes',
    rows: `
      VEX.128.66.0F38.WIG DB /r    | RM  | VAESIMC xmm:w, xmm/m128                | AES AVX
      VEX.128.66.0F38.WIG DC /r    | RVM | VAESENC xmm:w, xmm, xmm/m128           | AES AVX
      VEX.256.66.0F38.WIG DC /r    | RVM | VAESENC ymm:w, ymm, ymm/m256           | VAES
      VEX.128.66.0F38.WIG DD /r    | RVM | VAESENCLAST xmm:w, xmm, xmm/m128       | AES AVX
      VEX.256.66.0F38.WIG DD /r    | RVM | VAESENCLAST ymm:w, ymm, ymm/m256       | VAES
      VEX.128.66.0F38.WIG DE /r    | RVM | VAESDEC xmm:w, xmm, xmm/m128           | AES AVX
      VEX.256.66.0F38.WIG DE /r    | RVM | VAESDEC ymm:w, ymm, ymm/m256           | VAES
      VEX.128.66.0F38.WIG DF /r    | RVM | VAESDECLAST xmm:w, xmm, xmm/m128       | AES AVX
      VEX.256.66.0F38.WIG DF /r    | RVM | VAESDECLAST ymm:w, ymm, ymm/m256       | VAES
      VEX.128.66.0F3A.WIG DF /r ib | RMI | VAESKEYGENASSIST xmm:w, xmm/m128, imm8 | AES AVX
    `,
  }),
  vexFamily({
    name: 'VPCLMULQDQ',
    summary: 'Carry-less multiplication of quadwords',
    cite: both('PCLMULQDQ'),
    group: 'aes',
    rows: `
      VEX.128.66.0F3A.WIG 44 /r ib | RVMI | VPCLMULQDQ xmm:w, xmm, xmm/m128, imm8 | PCLMULQDQ AVX
      VEX.256.66.0F3A.WIG 44 /r ib | RVMI | VPCLMULQDQ ymm:w, ymm, ymm/m256, imm8 | VPCLMULQDQ
    `,
  }),
  vexFamily({
    name: 'VGF2P8MULB/VGF2P8AFFINEQB/VGF2P8AFFINEINVQB',
    summary: 'Galois field GF(2^8) arithmetic and affine transformation',
    cite: sdm('GF2P8MULB', 'GF2P8AFFINEQB', 'GF2P8AFFINEINVQB'),
    group: 'gfni',
    attrs: 'GFNI AVX',
    rows: `
      VEX.x.66.0F38.W0 CF /r    | RVM  | VGF2P8MULB xymm:w, xymm, xymm/mx
      VEX.x.66.0F3A.W1 CE /r ib | RVMI | VGF2P8AFFINEQB xymm:w, xymm, xymm/mx, imm8
      VEX.x.66.0F3A.W1 CF /r ib | RVMI | VGF2P8AFFINEINVQB xymm:w, xymm, xymm/mx, imm8
    `,
  }),
  vexFamily({
    name: 'VSHA512MSG1/VSHA512MSG2/VSHA512RNDS2',
    summary: 'SHA-512 message schedule and rounds',
    cite: sdm('VSHA512MSG1', 'VSHA512MSG2', 'VSHA512RNDS2'),
    group: 'sha',
    attrs: 'SHA512',
    rows: `
      VEX.256.F2.0F38.W0 CC /r | RM  | VSHA512MSG1 ymm:rw, xmm
      VEX.256.F2.0F38.W0 CD /r | RM  | VSHA512MSG2 ymm:rw, ymm
      VEX.256.F2.0F38.W0 CB /r | RVM | VSHA512RNDS2 ymm:rw, ymm, xmm
    `,
  }),
  vexFamily({
    name: 'VSM3MSG1/VSM3MSG2/VSM3RNDS2',
    summary: 'SM3 hash: message schedule and rounds',
    cite: sdm('VSM3MSG1', 'VSM3MSG2', 'VSM3RNDS2'),
    group: 'sha',
    attrs: 'SM3',
    rows: `
      VEX.128.NP.0F38.W0 DA /r    | RVM  | VSM3MSG1 xmm:rw, xmm, xmm/m128
      VEX.128.66.0F38.W0 DA /r    | RVM  | VSM3MSG2 xmm:rw, xmm, xmm/m128
      VEX.128.66.0F3A.W0 DE /r ib | RVMI | VSM3RNDS2 xmm:rw, xmm, xmm/m128, imm8
    `,
  }),
  vexFamily({
    name: 'VSM4KEY4/VSM4RNDS4',
    summary: 'SM4 cipher: key schedule and rounds',
    cite: sdm('VSM4KEY4', 'VSM4RNDS4'),
    group: 'aes',
    attrs: 'SM4',
    rows: `
      VEX.x.F3.0F38.W0 DA /r | RVM | VSM4KEY4 xymm:w, xymm, xymm/mx
      VEX.x.F2.0F38.W0 DA /r | RVM | VSM4RNDS4 xymm:w, xymm, xymm/mx
    `,
  }),
]

const DOT_PRODUCTS: readonly Family[] = [
  vexFamily({
    name: 'VPDPBUSD/VPDPBUSDS/VPDPWSSD/VPDPWSSDS',
    summary: 'Multiply unsigned by signed bytes, or signed words, and add to doublewords, also with saturation',
    cite: sdm('VPDPBUSD', 'VPDPBUSDS', 'VPDPWSSD', 'VPDPWSSDS'),
    group: 'avx',
    attrs: 'AVX_VNNI',
    rows: `
      VEX.x.66.0F38.W0 50 /r | RVM | VPDPBUSD xymm:rw, xymm, xymm/mx
      VEX.x.66.0F38.W0 51 /r | RVM | VPDPBUSDS xymm:rw, xymm, xymm/mx
      VEX.x.66.0F38.W0 52 /r | RVM | VPDPWSSD xymm:rw, xymm, xymm/mx
      VEX.x.66.0F38.W0 53 /r | RVM | VPDPWSSDS xymm:rw, xymm, xymm/mx
    `,
  }),
  vexFamily({
    name: 'VPDPB[SU,UU,SS]D[,S]',
    summary: 'Multiply bytes of either signedness and add to doublewords, also with saturation',
    cite: sdm('VPDPB[SU,UU,SS]D[,S]'),
    group: 'avx',
    attrs: 'AVX_VNNI_INT8',
    rows: `
      VEX.x.F2.0F38.W0 50 /r | RVM | VPDPBSSD xymm:rw, xymm, xymm/mx
      VEX.x.F2.0F38.W0 51 /r | RVM | VPDPBSSDS xymm:rw, xymm, xymm/mx
      VEX.x.F3.0F38.W0 50 /r | RVM | VPDPBSUD xymm:rw, xymm, xymm/mx
      VEX.x.F3.0F38.W0 51 /r | RVM | VPDPBSUDS xymm:rw, xymm, xymm/mx
      VEX.x.NP.0F38.W0 50 /r | RVM | VPDPBUUD xymm:rw, xymm, xymm/mx
      VEX.x.NP.0F38.W0 51 /r | RVM | VPDPBUUDS xymm:rw, xymm, xymm/mx
    `,
  }),
  vexFamily({
    name: 'VPDPW[SU,US,UU]D[,S]',
    summary: 'Multiply words of either signedness and add to doublewords, also with saturation',
    cite: sdm('VPDPW[SU,US,UU]D[,S]'),
    group: 'avx',
    attrs: 'AVX_VNNI_INT16',
    rows: `
      VEX.x.F3.0F38.W0 D2 /r | RVM | VPDPWSUD xymm:rw, xymm, xymm/mx
      VEX.x.F3.0F38.W0 D3 /r | RVM | VPDPWSUDS xymm:rw, xymm, xymm/mx
      VEX.x.66.0F38.W0 D2 /r | RVM | VPDPWUSD xymm:rw, xymm, xymm/mx
      VEX.x.66.0F38.W0 D3 /r | RVM | VPDPWUSDS xymm:rw, xymm, xymm/mx
      VEX.x.NP.0F38.W0 D2 /r | RVM | VPDPWUUD xymm:rw, xymm, xymm/mx
      VEX.x.NP.0F38.W0 D3 /r | RVM | VPDPWUUDS xymm:rw, xymm, xymm/mx
    `,
  }),
  vexFamily({
    name: 'VPMADD52LUQ/VPMADD52HUQ',
    summary: 'Multiply 52-bit integers and add the low or high half of the product to quadwords',
    cite: sdm('VPMADD52HUQ', 'VPMADD52LUQ'),
    group: 'avx',
    attrs: 'AVX_IFMA',
    rows: `
      VEX.x.66.0F38.W1 B4 /r | RVM | VPMADD52LUQ xymm:rw, xymm, xymm/mx
      VEX.x.66.0F38.W1 B5 /r | RVM | VPMADD52HUQ xymm:rw, xymm, xymm/mx
    `,
  }),
]

export const vexMore: readonly Family[] = [...FUSED, ...CONVERSIONS, ...CRYPTOGRAPHY, ...DOT_PRODUCTS]
