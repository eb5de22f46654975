/** Where the facts of the table and iced's differ, and why. */
import type { Explanation } from '../isa-vectors/tally.ts'
import type { FactCase } from './iced.ts'

/** Codes of processors that are not current: Cyrix, Geode, 386 and 486 steppings, VIA, MPX, POP CS. */
const PAST =
  /^(Popw_CS|Montmul|Xsha|Xstore|Xcrypt|Ccs_|Via_|Rdshr|Wrshr|Cpu_|Frstpm|Fstdw|Fstsg|Fnstdw|Fnstsg|Jmpe|Storeall|Loadall|Umov|Mov_r32_tr|Mov_tr|Xbts|Ibts|Cmpxchg486|Cl1invmb|S?mint|Dmint|Rdm|Sv|Rs|Bb[01]|Altinst|P[adms]|Cyrix|Ftstp|Frint2|Frichop|Frinear|Declare|Bnd|Zalloc|Undoc|Pcommit)/

/** Of the P... codes those that are Cyrix's EMMI and not MMX: the table decodes their bytes as SSE. */
const EMMI = /^(Paveb|Paddsiw|Pmagw|Pdistib|Psubsiw|Pmvzb|Pmulhrw|Pmvnzb|Pmvlzb|Pmvgezb|Pmulhriw|Pmachriw)_/

const isPast = (code: string): boolean =>
  /^P[adms]/.test(code) ? EMMI.test(code) || /^Pcommit/.test(code) : PAST.test(code) && !/^(Subp|Svts_)/.test(code)

/** The two operands of an idiom that does not depend on its sources are one register. */
const IDIOM = /^v?(p?xor|psub|sub|xorp|pandn|pcmp)/

const FAR_OR_TASK = /^(call|jmp|retf|int|int1|int3|into|iret)/

export const FACT_DIFFERENCES: readonly Explanation<FactCase>[] = [
  {
    id: 'not-in-table',
    why: 'EVEX, XOP, 3DNow! and other extensions come later',
    covers: (d) => d.what === 'status' && d.ours === 'notInTable',
  },
  {
    id: 'past-processors',
    why: 'an instruction of a past processor or of MPX: the bytes are invalid, or another instruction, on current ones',
    covers: (d) => isPast(d.case.code) || /^(VEX_KNC_|Svts_|Wrudbg|Rdudbg|Zero_bytes)/.test(d.case.code),
  },
  {
    id: 'fwait-prefix',
    why: 'iced takes 9B and the instruction after it as one; they are two (SDM vol. 2A, FSAVE/FNSAVE: "FWAIT ... separate instruction")',
    covers: (d) => d.case.mnemonic === 'wait' && /^9B/.test(d.case.hex),
  },
  {
    id: 'shift-count',
    why: 'iced looks at the immediate count (0, 1); the facts are those of the form: O and A are undefined for other counts, nothing changes for 0',
    covers: (d) => d.what.startsWith('flags') && /^(ro[lr]|rc[lr]|sh[lr]|sa[lr]|sh[lr]d)$/.test(d.case.mnemonic),
  },
  {
    id: 'same-register',
    why: 'iced knows that the result does not depend on two equal registers; the facts are those of the form',
    covers: (d) =>
      (d.what === 'access' || d.what === 'registers' || d.what.startsWith('flags')) && IDIOM.test(d.case.mnemonic),
  },
  {
    id: 'cmov-32',
    why: 'CMOVcc r32 writes bits 63:32 also where the condition is false (SDM vol. 2A, CMOVcc): the destination is read and written, in every mode',
    covers: (d) => (d.what === 'access' || d.what === 'registers') && /^cmov/.test(d.case.mnemonic),
  },
  {
    id: 'gates-and-tasks',
    why: 'far transfers, interrupts and IRET through gates and task switches: stack and flags that they may touch are listed; iced lists the direct case',
    covers: (d) =>
      (d.what.startsWith('flags') || d.what === 'memory' || d.what === 'registers') &&
      FAR_OR_TASK.test(d.case.mnemonic),
  },
  {
    id: 'far-indirect',
    why: 'a far transfer through memory: farcall and farjmp here, whether direct or indirect',
    covers: (d) => d.what === 'flow' && /^(call|jmp)$/.test(d.case.mnemonic) && /^Indirect/.test(d.theirs),
  },
  {
    id: 'skinit',
    why: 'SKINIT jumps to the loader that EAX names and clears the other registers (APM vol. 3, SKINIT)',
    covers: (d) => d.case.mnemonic === 'skinit',
  },
  {
    id: 'enter-levels',
    why: 'iced looks at the nesting level of ENTER; the form has one read and one write of the frame',
    covers: (d) => d.what === 'memory' && d.case.mnemonic === 'enter',
  },
  {
    id: 'shadow-stack',
    why: 'INCSSP and SAVEPREVSSP read (and write) the shadow stack (SDM vol. 2A, INCSSPD; 2B, SAVEPREVSSP); iced lists no memory',
    covers: (d) => d.what === 'memory' && /^(incssp|saveprevssp)/.test(d.case.mnemonic),
  },
  {
    id: 'x87-implied-st0',
    why: 'FCOM, FXCH and FUCOM have ST(i) alone in their text (SDM vol. 2A, FCOM): ST(0) is implicit',
    covers: (d) => d.what === 'access' && /^f(u?com|xch)/.test(d.case.mnemonic),
  },
  {
    id: 'fcomi-flags',
    why: 'FCOMI and FUCOMI clear OF, SF and AF (SDM vol. 2A, FCOMI: "The OF, SF, and AF flags are set to 0")',
    covers: (d) => d.what === 'flags cleared' && /^fu?comip?$/.test(d.case.mnemonic),
  },
  {
    id: 'vif',
    why: 'CLI and STI may change VIF instead of IF (CR4.VME, CR4.PVI; SDM vol. 2A, CLI): the change is conditional',
    covers: (d) => d.what.startsWith('flags') && /^(cli|sti)$/.test(d.case.mnemonic),
  },
  {
    id: 'x87-state',
    why: 'FXSAVE, FXRSTOR, XSAVE and XRSTOR store and load the x87 status word with C0..C3',
    covers: (d) => d.what.startsWith('flags') && /^(fx|x)(save|rstor)/.test(d.case.mnemonic),
  },
  {
    id: 'syscall-legacy',
    why: 'SYSCALL and SYSRET outside 64-bit mode change IF and VM only (APM vol. 3, SYSCALL); iced lists all flags',
    covers: (d) => d.what.startsWith('flags') && /^(syscall|sysret)/.test(d.case.mnemonic) && d.case.mode !== 64,
  },
  {
    id: 'vmfunc',
    why: 'no VM function that the SDM defines changes flags (SDM vol. 3C, 26.5.6 and VMFUNC)',
    covers: (d) => d.what === 'flags written' && d.case.mnemonic === 'vmfunc',
  },
  {
    id: 'insertq',
    why: 'INSERTQ keeps the bits of the destination outside of the field (APM vol. 4, INSERTQ): it reads it',
    covers: (d) => (d.what === 'access' || d.what === 'registers') && d.case.mnemonic === 'insertq',
  },
  {
    id: 'popa-sp',
    why: 'POPA skips the slot of SP: iced counts seven reads, the table one block of eight slots (SDM vol. 2B, POPA)',
    covers: (d) => d.what === 'memory' && /^popad?$/.test(d.case.mnemonic),
  },
  {
    id: 'unaccessed-memory',
    why: 'NOP, UD0, UD1 and hints with a memory operand: the table lists the registers that its address names, iced none',
    covers: (d) => d.what === 'registers' && /^(nop|ud[01]|prefetch)/.test(d.case.mnemonic),
  },
  {
    id: 'all-vectors',
    why: 'VZEROALL and VZEROUPPER touch all vector registers; iced names the first and a range. FNSAVE and FXSAVE: the same with MM0',
    covers: (d) =>
      d.what === 'registers' &&
      /^(vzeroall|vzeroupper|fn?save|fxsave|fxsave64|fxrstor|fxrstor64|frstor)$/.test(d.case.mnemonic),
  },
]
