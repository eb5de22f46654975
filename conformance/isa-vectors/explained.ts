/** Where the table and the outside vectors differ, and why. Every rule is as narrow as its reason. */
import type { IcedCase } from './iced.ts'
import type { Explanation } from './tally.ts'

/** Options of iced that bring back processors of the past or the laboratory. */
export const PAST =
  /decopt=\S*(Cyrix|Umov|Xbts|Cmpxchg486A|OldFpu|Loadall|ALTINST|Jmpe|MovTr|Udbg|Pcommit|Cl1invmb|KNC)/i

export const ICED_DIFFERENCES: readonly Explanation<IcedCase>[] = [
  {
    id: 'evex-xop-later',
    why: 'EVEX, XOP and 3DNow! come later: their length is right, their meaning is not in the table',
    covers: (d) => d.what === 'notInTable' && /^(EVEX|MVEX|XOP|D3NOW)_/.test(d.theirs),
  },
  {
    id: 'later',
    why: 'extension that comes later (a row with later=): the length is right',
    covers: (d) => d.what === 'notInTable' && d.ours !== '',
  },
  {
    id: 'evex-validity',
    why: 'EVEX, XOP or MVEX bytes that iced rejects: without their rows we only know the extent',
    covers: (d) => d.what === 'status' && d.theirs === 'invalid' && d.ours.startsWith('notInTable'),
  },
  {
    id: 'past-processors',
    why: 'asks iced for an instruction of a past processor (Cyrix, 386 A-step, Itanium, ...)',
    covers: (d) => PAST.test(d.case.rest),
  },
  {
    id: 'via',
    why: 'VIA and Zhaoxin PadLock: not current Intel or AMD processors',
    covers: (d) => /^(montmul|xsha|xcrypt|xstore|ccs_|undoc)/.test(d.case.mnemonic),
  },
  {
    id: 'no-invalid-check',
    why: 'asks iced to accept bytes that processors reject',
    covers: (d) => /decopt=\S*NoInvalidCheck/.test(d.case.rest),
  },
  {
    id: 'older-processor',
    why: 'asks iced for a processor that lacks the instruction',
    covers: (d) => /decopt=\S*No(Pause|Wbnoinvd|LahfSahf64|MPFX_0FBC|MPFX_0FBD)/.test(d.case.rest),
  },
  {
    id: 'reserved-nop',
    why: 'asks iced to name all hint-NOPs reservednop; the table has NOP, and the instructions that took their place (SDM vol. 2D, table A-3)',
    covers: (d) => /decopt=\S*ForceReservedNop/.test(d.case.rest) && d.theirs.toLowerCase().startsWith('reservednop'),
  },
  {
    id: 'hint-nop',
    why: 'reserved hint-NOPs: iced names them reservednop and shows ModRM.reg as an operand; hardware executes NOP r/m (SDM vol. 2D, table A-3)',
    covers: (d) => d.what === 'mnemonic' && d.ours === 'nop' && d.theirs === 'reservednop',
  },
  {
    id: 'mpx',
    why: 'MPX has left the processors (SDM vol. 1, 2.5): its opcodes are hint-NOPs again',
    covers: (d) => /decopt=\S*MPX/.test(d.case.rest),
  },
  {
    id: 'implicit-xmm0',
    why: 'the manual writes <XMM0> as an operand (SDM vol. 2, BLENDVPS, PBLENDVB, SHA256RNDS2); iced leaves it implicit',
    covers: (d) => d.what === 'operands' && d.ours === `${d.theirs} r;xmm0`,
  },
  {
    id: 'ignored-segment',
    why: 'ES, CS, SS and DS overrides in 64-bit mode: iced shows them in the operand, processors ignore them (SDM vol. 1, 3.4.2.1)',
    covers: (d) =>
      d.what === 'operands' &&
      d.case.mode === 64 &&
      d.theirs.replace(/m;(es|cs|ss|ds);/, 'm;ds;') === d.ours.replace(/m;ss;/, 'm;ds;'),
  },
  {
    id: 'selector-width',
    why: 'instructions on 16-bit selectors: iced shows the register as wide as the operand size, the manual r/m16 (SDM vol. 2, ARPL, LLDT, LTR, VERR, LMSW)',
    covers: (d) =>
      d.what === 'operands' &&
      /^(arpl|lldt|ltr|verr|verw|lmsw)$/.test(d.case.mnemonic) &&
      d.theirs.replace(/r;[er]([a-ds][xpi])/g, 'r;$1').replace(/r;r(\d+)d?\b/g, 'r;r$1w') === d.ours,
  },
  {
    id: 'address-in-rax',
    why: 'operands that the manuals write out and iced leaves implicit (APM vol. 3, VMRUN rAX, INVLPGA rAX, ECX; SKINIT EAX; MONITOR)',
    covers: (d) =>
      d.what === 'operands' &&
      d.theirs === '' &&
      /^(monitorx?|vmrun|vmload|vmsave|skinit|invlpga|clzero)$/.test(d.case.mnemonic),
  },
  {
    id: 'sal-alias',
    why: 'group 2 /6: iced calls it SAL; it does what SHL (/4) does, and AMD and the assemblers list no other name (APM vol. 3, table A-6)',
    covers: (d) => d.what === 'mnemonic' && d.ours === 'shl' && d.theirs === 'sal',
  },
  {
    id: 'xlat-index',
    why: 'iced shows AL as index register of XLATB; here AL is an implicit operand of the form',
    covers: (d) => d.what === 'operands' && d.case.mnemonic === 'xlatb' && d.ours.replace(';;', ';al;') === d.theirs,
  },
  {
    id: 'x87-implied-st0',
    why: 'the manual writes FCOM, FCOMP, FXCH, FUCOM and FUCOMP with ST(i) alone; iced shows ST(0) too (SDM vol. 2A, FCOM)',
    covers: (d) => d.what === 'operands' && `r;st0 ${d.ours}` === d.theirs && /^f(u?com|xch)/.test(d.case.mnemonic),
  },
]

export const OTHER_DIFFERENCES: readonly Explanation<import('./others.ts').VectorCase>[] = [
  {
    id: 'evex-xop-later',
    why: 'EVEX, XOP and 3DNow! come later: their length is right, their meaning is not in the table',
    covers: (d) => d.what === 'notInTable' && d.ours === '',
  },
  {
    id: 'later',
    why: 'extension that comes later (a row with later=): the length is right',
    covers: (d) => d.what === 'notInTable' && d.ours !== '',
  },
  {
    id: 'evex-validity',
    why: 'EVEX, MVEX or XOP bytes that the other rejects: without their rows we only know the extent',
    covers: (d) => d.what === 'status' && d.theirs === 'invalid' && d.ours === 'notInTable',
  },
  {
    id: 'mpx',
    why: 'MPX has left the processors (SDM vol. 1, 2.5): its opcodes are hint-NOPs again',
    covers: (d) => d.what === 'mnemonic' && d.ours === 'nop' && /^bnd/.test(d.theirs),
  },
  {
    id: 'compare-predicate',
    why: 'the other writes the predicate of a compare into the mnemonic; the mnemonic of the form has it as an immediate',
    covers: (d) =>
      d.what === 'mnemonic' &&
      /^v?cmp[a-z_]*(ps|pd|ss|sd)$/.test(d.theirs) &&
      d.theirs.startsWith(d.ours.slice(0, -2)) &&
      d.theirs.endsWith(d.ours.slice(-2)),
  },
  {
    id: 'apx',
    why: 'APX (REX2, the D5 prefix in 64-bit mode): on current processors D5 is #UD there',
    covers: (d) =>
      d.what === 'status' &&
      d.ours === 'invalid' &&
      d.case.bits === 64 &&
      /^(66|67|f2|f3|64|65)*d5/i.test(d.case.hex.replace(/\s/g, '')),
  },
  {
    id: 'xed-option',
    why: 'an option of XED asks for another processor, or for real mode',
    covers: (d) => /\s(-chip|-chip-check|-set|-r)\s/.test(d.case.detail),
  },
  {
    id: 'cldemote',
    why: 'XED decodes 0F 1C /0 as NOP unless CLDEMOTE is switched on',
    covers: (d) => d.what === 'mnemonic' && d.ours === 'cldemote' && d.theirs === 'nop',
  },
  {
    id: 'via',
    why: 'VIA PadLock: not a current Intel or AMD processor',
    covers: (d) => /VIA_PADLOCK/.test(d.case.detail),
  },
  { id: 'knc', why: 'Knights Corner (KNC): not a current processor', covers: (d) => /KNCV|MVEX/.test(d.case.detail) },
  {
    id: 'syscall-amd',
    why: 'XED names SYSCALL and SYSRET after vendor and width',
    covers: (d) =>
      d.what === 'mnemonic' && /^(syscall|sysret)(_amd|64)$/.test(d.theirs) && /^(syscall|sysretq?)$/.test(d.ours),
  },
]
