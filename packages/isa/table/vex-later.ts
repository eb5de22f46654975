/** VEX-encoded instructions that come later: opmasks (AVX-512), tiles (AMX), four-operand FMA and its kin. Only their extent is known. */
import type { Family } from './notation.ts'
import { sdm, vexFamily } from './vex-family.ts'

/** Opmask operations on two sources: W, B, Q and D by pp and W (SDM vol. 2A, KANDW/KANDB/KANDQ/KANDD). */
const twoSources = ['KAND 41', 'KANDN 42', 'KOR 45', 'KXNOR 46', 'KXOR 47', 'KADD 4A'].flatMap((operation) => {
  const [name, opcode] = operation.split(' ')
  return ['NP.0F.W0 W', '66.0F.W0 B', 'NP.0F.W1 Q', '66.0F.W1 D'].map((kind) => {
    const [encoding, width] = kind.split(' ')
    return `VEX.L1.${encoding} ${opcode} /r | RVM | ${name}${width} k:w, k, k`
  })
})

/** Opmask operations on one source, and tests: the same four kinds with L=0. */
const oneSource = ['KNOT 44', 'KORTEST 98', 'KTEST 99'].flatMap((operation) => {
  const [name, opcode] = operation.split(' ')
  return ['NP.0F.W0 W', '66.0F.W0 B', 'NP.0F.W1 Q', '66.0F.W1 D'].map((kind) => {
    const [encoding, width] = kind.split(' ')
    return `VEX.L0.${encoding} ${opcode} /r | RM | ${name}${width} k, k`
  })
})

const FMA4_ROWS = ['5C VFMADDSUBPS', '5D VFMADDSUBPD', '5E VFMSUBADDPS', '5F VFMSUBADDPD']
  .concat([
    '68 VFMADDPS',
    '69 VFMADDPD',
    '6A VFMADDSS',
    '6B VFMADDSD',
    '6C VFMSUBPS',
    '6D VFMSUBPD',
    '6E VFMSUBSS',
    '6F VFMSUBSD',
  ])
  .concat([
    '78 VFNMADDPS',
    '79 VFNMADDPD',
    '7A VFNMADDSS',
    '7B VFNMADDSD',
    '7C VFNMSUBPS',
    '7D VFNMSUBPD',
    '7E VFNMSUBSS',
    '7F VFNMSUBSD',
  ])
  .concat(['48 VPERMIL2PS', '49 VPERMIL2PD'])
  .map((row) => {
    const [opcode, name] = row.split(' ')
    return `VEX.x.66.0F3A.WIG ${opcode} /r /is4 | RVMS | ${name} xymm:w, xymm, xymm/mx, xymm`
  })

export const vexLater: readonly Family[] = [
  vexFamily({
    name: 'Opmask instructions',
    summary: 'Logic, shifts, moves and tests of the opmask registers',
    cite: sdm(
      'KADDW/KADDB/KADDQ/KADDD',
      'KANDW/KANDB/KANDQ/KANDD',
      'KMOVW/KMOVB/KMOVQ/KMOVD',
      'KSHIFTLW/KSHIFTLB/KSHIFTLQ/KSHIFTLD',
    ),
    group: 'later',
    attrs: 'later=AVX512',
    rows: `
      ${twoSources.join('\n      ')}
      ${oneSource.join('\n      ')}
      VEX.L1.66.0F.W0 4B /r     | RVM | KUNPCKBW k:w, k, k
      VEX.L1.NP.0F.W0 4B /r     | RVM | KUNPCKWD k:w, k, k
      VEX.L1.NP.0F.W1 4B /r     | RVM | KUNPCKDQ k:w, k, k
      VEX.L0.NP.0F.W0 90 /r     | RM  | KMOVW k:w, k/m16
      VEX.L0.66.0F.W0 90 /r     | RM  | KMOVB k:w, k/m8
      VEX.L0.NP.0F.W1 90 /r     | RM  | KMOVQ k:w, k/m64
      VEX.L0.66.0F.W1 90 /r     | RM  | KMOVD k:w, k/m32
      VEX.L0.NP.0F.W0 91 /r     | MR  | KMOVW m16:w, k
      VEX.L0.66.0F.W0 91 /r     | MR  | KMOVB m8:w, k
      VEX.L0.NP.0F.W1 91 /r     | MR  | KMOVQ m64:w, k
      VEX.L0.66.0F.W1 91 /r     | MR  | KMOVD m32:w, k
      VEX.L0.NP.0F.W0 92 /r     | RM  | KMOVW k:w, r32
      VEX.L0.66.0F.W0 92 /r     | RM  | KMOVB k:w, r32
      VEX.L0.F2.0F.Wy 92 /r     | RM  | KMOVD k:w, ry # KMOVQ with W1
      VEX.L0.NP.0F.W0 93 /r     | RM  | KMOVW r32:w, k
      VEX.L0.66.0F.W0 93 /r     | RM  | KMOVB r32:w, k
      VEX.L0.F2.0F.Wy 93 /r     | RM  | KMOVD ry:w, k # KMOVQ with W1
      VEX.L0.66.0F3A.W0 30 /r ib | RMI | KSHIFTRB k:w, k, imm8
      VEX.L0.66.0F3A.W1 30 /r ib | RMI | KSHIFTRW k:w, k, imm8
      VEX.L0.66.0F3A.W0 31 /r ib | RMI | KSHIFTRD k:w, k, imm8
      VEX.L0.66.0F3A.W1 31 /r ib | RMI | KSHIFTRQ k:w, k, imm8
      VEX.L0.66.0F3A.W0 32 /r ib | RMI | KSHIFTLB k:w, k, imm8
      VEX.L0.66.0F3A.W1 32 /r ib | RMI | KSHIFTLW k:w, k, imm8
      VEX.L0.66.0F3A.W0 33 /r ib | RMI | KSHIFTLD k:w, k, imm8
      VEX.L0.66.0F3A.W1 33 /r ib | RMI | KSHIFTLQ k:w, k, imm8
    `,
  }),
  vexFamily({
    name: 'Tile instructions',
    summary: 'AMX: configuration, loads, stores and products of tiles',
    cite: sdm(
      'LDTILECFG',
      'STTILECFG',
      'TDPBF16PS',
      'TDPBSSD/TDPBSUD/TDPBUSD/TDPBUUD',
      'TILELOADD/TILELOADDT1',
      'TILERELEASE',
      'TILESTORED',
      'TILEZERO',
    ),
    group: 'later',
    attrs: 'later=AMX o64',
    rows: `
      VEX.128.NP.0F38.W0 49 /0 | M   | LDTILECFG m64byte
      VEX.128.66.0F38.W0 49 /0 | M   | STTILECFG m64byte:w
      VEX.128.NP.0F38.W0 49 C0 | ZO  | TILERELEASE
      VEX.128.F2.0F38.W0 49 /r | RM  | TILEZERO tmm:w, tmm:n
      VEX.128.F2.0F38.W0 4B /r | RM  | TILELOADD tmm:w, mib
      VEX.128.66.0F38.W0 4B /r | RM  | TILELOADDT1 tmm:w, mib
      VEX.128.F3.0F38.W0 4B /r | MR  | TILESTORED mib:w, tmm
      VEX.128.F3.0F38.W0 5C /r | RMV | TDPBF16PS tmm:rw, tmm, tmm
      VEX.128.F2.0F38.W0 5C /r | RMV | TDPFP16PS tmm:rw, tmm, tmm
      VEX.128.F2.0F38.W0 5E /r | RMV | TDPBSSD tmm:rw, tmm, tmm
      VEX.128.F3.0F38.W0 5E /r | RMV | TDPBSUD tmm:rw, tmm, tmm
      VEX.128.66.0F38.W0 5E /r | RMV | TDPBUSD tmm:rw, tmm, tmm
      VEX.128.NP.0F38.W0 5E /r | RMV | TDPBUUD tmm:rw, tmm, tmm
      VEX.128.66.0F38.W0 6C /r | RMV | TCMMIMFP16PS tmm:rw, tmm, tmm
      VEX.128.NP.0F38.W0 6C /r | RMV | TCMMRLFP16PS tmm:rw, tmm, tmm
    `,
  }),
  vexFamily({
    name: 'FMA4 and VPERMIL2',
    summary: 'Four-operand fused multiply-add, and the two-source permutes of XOP',
    cite: 'APM 4 (revision 3.23) VFMADDPS, VFMADDSUBPS, VFMSUBPS, VFNMADDPS, VFNMSUBPS, VPERMIL2PS',
    group: 'later',
    attrs: 'later=FMA4',
    note: 'With W=1 the third and the fourth operand change places. No current processor executes them.',
    rows: FMA4_ROWS.join('\n'),
  }),
]
