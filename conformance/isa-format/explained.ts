/** Where our objdump preset and GNU objdump 2.40 differ, and why. */
import type { Explanation } from '../isa-vectors/tally.ts'
import type { TextCase } from './objdump.ts'

/** Prefixes that GNU writes as words of their own. */
const PREFIX_WORDS =
  /^((data16|data32|addr32|addr16|[c-g]s|es|ss|repz|repnz|rep|lock|bnd|notrack|xacquire|xrelease|rex(\.[WRXB]+)?) )+/

const bare = (text: string): string =>
  text
    .replace(PREFIX_WORDS, '')
    .replace(/,p[nt]\b/, '')
    .replace(/%?[c-g]s:/, '')

/** Numbers as their low 32 bits. */
const modulo32 = (text: string): string =>
  text.replace(/([+-]?)0x([0-9a-f]+)/g, (_, sign: string, digits: string) => {
    const value = BigInt(`0x${digits}`)
    return `+${BigInt.asUintN(32, sign === '-' ? -value : value).toString(16)}`
  })

export const OBJDUMP_DIFFERENCES: readonly Explanation<TextCase>[] = [
  {
    id: 'not-in-table',
    why: 'EVEX, XOP, 3DNow! and other extensions come later',
    covers: (d) => d.ours === '(not in table)',
  },
  {
    id: 'prefix-words',
    why: 'GNU writes every prefix that does nothing, as often as it stands; a decoded instruction keeps those that mean something',
    covers: (d) => d.what === 'text' && bare(d.theirs) === bare(d.ours),
  },
  {
    id: 'rex-alone',
    why: 'GNU writes a REX prefix without an instruction as a line of its own',
    covers: (d) => /^rex(\.[WRXB]+)?$/.test(d.theirs),
  },
  {
    id: 'invalid-here',
    why: 'GNU does not check what processors reject (LOCK without a lockable destination, segment register 6, CR1, VEX after a prefix, more than 15 bytes)',
    covers: (d) => d.ours === '(bad)' && d.theirs !== '(bad)',
  },
  {
    id: 'unknown-to-gnu',
    why: 'executed by every processor, or documented after binutils 2.40 (SALC, second x87 encodings, hint-NOPs, ...)',
    covers: (d) => d.theirs === '(bad)',
  },
  {
    id: 'segment-16',
    why: 'a 16-bit branch wraps at 64 KiB; GNU keeps the upper bits of the position in the file',
    covers: (d) =>
      d.case.bits !== 64 &&
      /\b(\w+)$/.test(d.ours) &&
      Number.parseInt(d.ours.split(' ').at(-1) ?? '', 16) ===
        (Number.parseInt(d.theirs.split(' ').at(-1) ?? '', 16) & 0xffff),
  },
  {
    id: 'fwait-prefix',
    why: 'GNU joins 9B and the x87 instruction after it; they are two',
    covers: (d) => d.what === 'length' && /\bfwait$/.test(d.ours),
  },
  {
    id: 'stack-suffix',
    why: 'GNU adds a size suffix to stack and system instructions where 66 or REX.W changes their size (pushw, leavew, retw, sysretq)',
    covers: (d) =>
      bare(d.theirs).replace(/^([a-z]+?)[wlqd](,p[nt])?\b/, '$1') ===
        bare(d.ours).replace(/^([a-z]+?)[wlqd]?\b/, '$1') ||
      bare(d.theirs).replace(/^(\w+)[wlqd]\b/, '$1') === bare(d.ours),
  },
  {
    id: '8087-only',
    why: 'GNU adds a remark to FENI, FDISI and FSETPM',
    covers: (d) => /^fn(eni|disi|setpm)\(/.test(bare(d.theirs)),
  },
  {
    id: 'mpx',
    why: 'MPX has left the processors: hint-NOPs here',
    covers: (d) => /^bnd/.test(bare(d.theirs)) && /^nop/.test(bare(d.ours)),
  },
  {
    id: 'prefetchit',
    why: 'PREFETCHIT0/1 came after binutils 2.40, as did some other hints: GNU shows the NOP',
    covers: (d) => /^(prefetchit|prefetchwt1|cldemote|prefetch)/.test(bare(d.ours)) && /^nop/.test(bare(d.theirs)),
  },
  {
    id: 'movsxd-16',
    why: 'MOVSXD r16, r/m16 reads 16 bits (SDM vol. 2B, MOVSX/MOVSXD); GNU 2.40 says 32',
    covers: (d) => /^movsxd/.test(bare(d.ours)) && /\b66\b/.test(d.case.hex),
  },
  {
    id: 'far-rex-w',
    why: 'far transfers through m16:64 with REX.W on Intel (SDM vol. 2A, JMP); GNU shows the 32-bit offset',
    covers: (d) => /^(l?(call|jmp)|l[fgs]s) .*TBYTE PTR/.test(bare(d.ours)),
  },
  {
    id: 'cvtsi2-suffix',
    why: 'GNU leaves out the suffix of (V)CVTSI2SS and (V)CVTSI2SD outside 64-bit mode',
    covers: (d) => d.case.bits !== 64 && /^v?cvtsi2s[sd]l /.test(bare(d.ours)),
  },
  {
    id: 'near-66',
    why: 'Intel ignores 66 on near branches in 64-bit mode (SDM vol. 2A, JMP, CALL); GNU shows the 16 bits of AMD',
    covers: (d) => d.case.bits === 64 && /^(call|jmp) /.test(bare(d.ours)) && /\b66\b/.test(d.case.hex),
  },
  {
    id: 'environment-suffix',
    why: 'GNU adds s to FLDENV, FNSTENV, FNSAVE and FRSTOR with 66, which shortens their image',
    covers: (d) => bare(d.theirs).replace(/^(fldenv|fnstenv|fnsave|frstor)s/, '$1') === bare(d.ours),
  },
  {
    id: 'wide-extract',
    why: 'with REX.W the register of PEXTRB/W, PINSRB/W and EXTRACTPS is 64 bits wide (SDM vol. 2B); GNU shows 32',
    covers: (d) => /^v?(pextr[bw]|pinsr[bw]|extractps) /.test(bare(d.ours)) && d.case.bits === 64,
  },
  {
    id: 'scalar-length',
    why: 'VMOVSS and VMOVSD ignore VEX.L; GNU takes the first operand of the store form for a YMM register',
    covers: (d) => /^vmovs[sd] /.test(bare(d.ours)) && bare(d.theirs).replace('ymm', 'xmm') === bare(d.ours),
  },
  {
    id: 'address-32',
    why: 'a 32-bit address in 64-bit mode without a base register: GNU extends the sign of the displacement to 64 bits, or leaves it out',
    covers: (d) =>
      d.case.bits === 64 && /\bei[pz]\b/.test(d.ours) && modulo32(bare(d.theirs)) === modulo32(bare(d.ours)),
  },
]
