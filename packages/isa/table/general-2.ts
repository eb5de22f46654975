/**
 * General-purpose instructions, part two: transfers of control, strings, I/O, flags, no-operations and prefetches, fences and
 * cache lines, random numbers, identification. Notation: NOTATION.md.
 */
import { type Family, family, type Sensitivity } from './notation.ts'

const hex = (n: number): string => n.toString(16).toUpperCase().padStart(2, '0')

const farTransfer: Sensitivity = {
  class: 'location',
  why: 'Robin-Irvine 3C (protection system reference): goes by the descriptors and gates of the real tables, checked against the real CPL, which it can change',
}
const portAccess: Sensitivity = {
  class: 'privileged',
  why: 'Robin-Irvine 3D (I/O): reaches devices; traps when CPL > IOPL and the I/O permission map of the TSS denies the port',
}

const taskSwitchVmx = 'Task_switch/always'
const taskSwitchSvm = 'TASK_SWITCH/INTERCEPT_TASK_SWITCH'
/** All flags change if the selector leads to another task, none otherwise (SDM 2A CALL, JMP). */
const taskSwitchFlags = 'c=OSZAPCDITNRVLKvpi'
/** Flags that an interrupt or exception saves in its stack frame. */
const savedFlags = 'r=OSZAPCDITNRVLKvpi'
const interruptFlags = '0=TNR c=IVK'

const call = 'rSP:rw [rSP]:w'
const ret = 'rSP:rw [rSP]:r'

const nearSizes = 'In 64-bit mode 66 is ignored by Intel; on AMD it makes the operand size 16 and clears RIP[63:16].'

/** Conditions in the order of the low four bits of 0F 80-8F and its sisters, with the flags that they read. */
const conditions: readonly { readonly cc: string; readonly reads: string; readonly when: string }[] = [
  { cc: 'O', reads: 'O', when: 'OF = 1' },
  { cc: 'NO', reads: 'O', when: 'OF = 0' },
  { cc: 'B', reads: 'C', when: 'CF = 1 (below, unsigned)' },
  { cc: 'AE', reads: 'C', when: 'CF = 0 (above or equal, unsigned)' },
  { cc: 'E', reads: 'Z', when: 'ZF = 1 (equal)' },
  { cc: 'NE', reads: 'Z', when: 'ZF = 0 (not equal)' },
  { cc: 'BE', reads: 'ZC', when: 'CF = 1 or ZF = 1 (below or equal, unsigned)' },
  { cc: 'A', reads: 'ZC', when: 'CF = 0 and ZF = 0 (above, unsigned)' },
  { cc: 'S', reads: 'S', when: 'SF = 1 (negative)' },
  { cc: 'NS', reads: 'S', when: 'SF = 0 (not negative)' },
  { cc: 'P', reads: 'P', when: 'PF = 1 (even parity)' },
  { cc: 'NP', reads: 'P', when: 'PF = 0 (odd parity)' },
  { cc: 'L', reads: 'OS', when: 'SF <> OF (less, signed)' },
  { cc: 'GE', reads: 'OS', when: 'SF = OF (greater or equal, signed)' },
  { cc: 'LE', reads: 'OSZ', when: 'ZF = 1 or SF <> OF (less or equal, signed)' },
  { cc: 'G', reads: 'OSZ', when: 'ZF = 0 and SF = OF (greater, signed)' },
]

const conditionalJumps = conditions.map(({ cc, reads, when }, code) =>
  family({
    name: `J${cc}`,
    summary: `Jumps if ${when}`,
    cite: 'SDM 2A Jcc; APM 3 Jcc',
    group: 'control',
    flags: `r=${reads}`,
    note: nearSizes,
    rows: `
      ${hex(0x70 + code)} cb        | D | J${cc} rel8  | f64 flow:jcc
      0F ${hex(0x80 + code)} cz     | D | J${cc} relz  | f64 flow:jcc
      o16 ${hex(0x70 + code)} cb    | D | J${cc} rel8  | o64 amd flow:jcc
      o16 0F ${hex(0x80 + code)} cw | D | J${cc} rel16 | o64 amd flow:jcc`,
  }),
)

const conditionalMoves = conditions.map(({ cc, reads, when }, code) =>
  family({
    name: `CMOV${cc}`,
    summary: `Copies if ${when}`,
    cite: 'SDM 2A CMOVcc; APM 3 CMOVcc',
    group: 'data',
    attrs: 'CMOV',
    flags: `r=${reads}`,
    note: 'The source is read in any case. In 64-bit mode with 32-bit operand size bits 63:32 of the destination become 0 in any case: it is rewritten.',
    rows: `
      o16 0F ${hex(0x40 + code)} /r   | RM | CMOV${cc} r16:cw, r/m16
      o32 0F ${hex(0x40 + code)} /r   | RM | CMOV${cc} r32:rw, r/m32
      REX.W 0F ${hex(0x40 + code)} /r | RM | CMOV${cc} r64:cw, r/m64`,
  }),
)

const conditionalSets = conditions.map(({ cc, reads, when }, code) =>
  family({
    name: `SET${cc}`,
    summary: `Sets a byte to 1 if ${when}, else to 0`,
    cite: 'SDM 2B SETcc; APM 3 SETcc',
    group: 'bit',
    flags: `r=${reads}`,
    note: 'ModRM.reg is ignored.',
    rows: `
      0F ${hex(0x90 + code)} /r | M | SET${cc} r/m8:w`,
  }),
)

/** E0-E2: rCX counts, by address size. */
const loops = [
  { name: 'LOOPNE', opcode: 'E0', flags: 'r=Z', until: ' and ZF = 0' },
  { name: 'LOOPE', opcode: 'E1', flags: 'r=Z', until: ' and ZF = 1' },
  { name: 'LOOP', opcode: 'E2', flags: '', until: '' },
].map(({ name, opcode, flags, until }) =>
  family({
    name,
    summary: `Decrements rCX and jumps if it is not 0${until}`,
    cite: 'SDM 2A LOOP/LOOPcc; APM 3 LOOPcc',
    group: 'control',
    ...(flags === '' ? {} : { flags }),
    implicit: 'aCX:rw',
    note: `The address size chooses CX, ECX or RCX. ${nearSizes}`,
    rows: `
      ${opcode} cb     | D | ${name} rel8 | f64 flow:loop
      o16 ${opcode} cb | D | ${name} rel8 | o64 amd flow:loop`,
  }),
)

const control: readonly Family[] = [
  ...conditionalJumps,
  family({
    name: 'JCXZ/JECXZ/JRCXZ',
    summary: 'Jumps if rCX is 0',
    cite: 'SDM 2A Jcc; APM 3 JCXZ',
    group: 'control',
    note: `The address size chooses the register. ${nearSizes}`,
    rows: `
      a16 E3 cb     | D | JCXZ rel8  | f64 i64 imp:CX:r flow:jcc
      a32 E3 cb     | D | JECXZ rel8 | f64 imp:ECX:r flow:jcc
      a64 E3 cb     | D | JRCXZ rel8 | f64 imp:RCX:r flow:jcc
      o16 a32 E3 cb | D | JECXZ rel8 | o64 amd imp:ECX:r flow:jcc
      o16 a64 E3 cb | D | JRCXZ rel8 | o64 amd imp:RCX:r flow:jcc`,
  }),
  ...loops,
  family({
    name: 'JMP (near)',
    summary: 'Jumps within the code segment',
    cite: 'SDM 2A JMP; APM 3 JMP (Near)',
    group: 'control',
    note: nearSizes,
    rows: `
      EB cb     | D | JMP rel8  | f64 flow:jmp
      E9 cz     | D | JMP relz  | f64 flow:jmp
      FF /4     | M | JMP r/mv  | f64 flow:jmpind
      o16 EB cb | D | JMP rel8  | o64 amd flow:jmp
      o16 E9 cw | D | JMP rel16 | o64 amd flow:jmp
      o16 FF /4 | M | JMP r/m16 | o64 amd flow:jmpind`,
  }),
  family({
    name: 'CALL (near)',
    summary: 'Pushes the address of the next instruction and jumps',
    cite: 'SDM 2A CALL; APM 3 CALL (Near)',
    group: 'control',
    implicit: call,
    note: nearSizes,
    rows: `
      E8 cz     | D | CALL relz  | f64 flow:call
      FF /2     | M | CALL r/mv  | f64 flow:callind
      o16 E8 cw | D | CALL rel16 | o64 amd flow:call
      o16 FF /2 | M | CALL r/m16 | o64 amd flow:callind`,
  }),
  family({
    name: 'RET (near)',
    summary: 'Pops the return address, then drops imm16 bytes',
    cite: 'SDM 2B RET; APM 3 RET (Near)',
    group: 'control',
    implicit: ret,
    note: nearSizes,
    rows: `
      C3        | ZO | RET       | f64 flow:ret
      C2 iw     | I  | RET imm16 | f64 flow:ret
      o16 C3    | ZO | RET       | o64 amd flow:ret
      o16 C2 iw | I  | RET imm16 | o64 amd flow:ret`,
  }),
  family({
    name: 'JMP (far)',
    summary: 'Jumps to another code segment, through a call gate, or to another task',
    cite: 'SDM 2A JMP; APM 3 JMP (Far)',
    group: 'control',
    implicit: 'CS:w',
    flags: taskSwitchFlags,
    priv: 'gate',
    vmx: taskSwitchVmx,
    svm: taskSwitchSvm,
    sensitive: farTransfer,
    note: 'Default operand size in 64-bit mode is 32. AMD ignores REX.W: its offsets in memory are at most 32 bits. Task switches do not exist in IA-32e mode.',
    rows: `
      EA ap       | D | JMP ptr16:z | i64 flow:farjmp
      o16 FF /5   | M | JMP m16:16  | flow:farjmp
      o32 FF /5   | M | JMP m16:32  | flow:farjmp
      REX.W FF /5 | M | JMP m16:64  | intel flow:farjmp
      o64 FF /5 | M | JMP m16:32    | amd alias flow:farjmp`,
  }),
  family({
    name: 'CALL (far)',
    summary:
      'Pushes CS and the address of the next instruction and jumps to another code segment, through a call gate, or to another task',
    cite: 'SDM 2A CALL; APM 3 CALL (Far)',
    group: 'control',
    implicit: 'CS:rw rSP:rw [rSP*2]:w SS:cw',
    flags: taskSwitchFlags,
    priv: 'gate',
    vmx: taskSwitchVmx,
    svm: taskSwitchSvm,
    sensitive: farTransfer,
    note: 'Default operand size in 64-bit mode is 32. AMD ignores REX.W: its offsets in memory are at most 32 bits. Task switches do not exist in IA-32e mode.',
    rows: `
      9A ap       | D | CALL ptr16:z | i64 flow:farcall
      o16 FF /3   | M | CALL m16:16  | flow:farcall
      o32 FF /3   | M | CALL m16:32  | flow:farcall
      REX.W FF /3 | M | CALL m16:64  | intel flow:farcall
      o64 FF /3 | M | CALL m16:32    | amd alias flow:farcall`,
  }),
  family({
    name: 'RET (far)',
    summary: 'Pops the return address and CS; returning to an outer ring also rSP and SS',
    cite: 'SDM 2B RET; APM 3 RET (Far)',
    group: 'control',
    implicit: 'CS:rw rSP:rw [rSP*2]:r SS:cw DS:cw ES:cw FS:cw GS:cw',
    priv: 'gate',
    sensitive: farTransfer,
    note: 'The SDM spells it RET; the APM RETF. Default operand size in 64-bit mode is 32. Data segments that the outer ring may not use become null.',
    rows: `
      CB    | ZO | RETF       | flow:farret
      CA iw | I  | RETF imm16 | flow:farret`,
  }),
  family({
    name: 'INT n',
    summary: 'Calls the handler of an interrupt vector',
    cite: 'SDM 2A INT n/INTO/INT3/INT1; APM 3 INT',
    group: 'control',
    implicit: `CS:rw ${call} SS:cw`,
    flags: `${savedFlags} ${interruptFlags}`,
    priv: 'iopl.v86',
    vmx: taskSwitchVmx,
    svm: `SWINT/INTERCEPT_INTn,${taskSwitchSvm}`,
    sensitive: farTransfer,
    note:
      'The DPL of the gate must not be below CPL (#GP). In virtual-8086 mode: #GP if IOPL is below 3, unless CR4.VME and the redirection bit of the TSS send it to the real-mode handler. ' +
      'A task switch by a task gate loads all flags. An interrupt gate clears IF; real mode clears IF, TF and AC.',
    rows: `
      CD ib | I | INT imm8 | flow:int`,
  }),
  family({
    name: 'INT3',
    summary: 'Breakpoint: calls the handler of #BP',
    cite: 'SDM 2A INT n/INTO/INT3/INT1; APM 3 INT3',
    group: 'control',
    implicit: `CS:rw ${call} SS:cw`,
    flags: `${savedFlags} ${interruptFlags}`,
    priv: 'gate',
    vmx: `Exception_or_NMI/exception_bitmap_BP,${taskSwitchVmx}`,
    svm: `EXCP3/INTERCEPT_EXCP3,${taskSwitchSvm}`,
    sensitive: farTransfer,
    note: 'Differs from INT 3 (CD 03): no redirection and no IOPL check in virtual-8086 mode; intercepted as an exception.',
    rows: `
      CC | ZO | INT3 | flow:int`,
  }),
  family({
    name: 'INTO',
    summary: 'Calls the handler of #OF if OF is set',
    cite: 'SDM 2A INT n/INTO/INT3/INT1; APM 3 INTO',
    group: 'control',
    implicit: `CS:rw ${call} SS:cw`,
    flags: `${savedFlags} c=ITNRVK`,
    priv: 'gate',
    vmx: `Exception_or_NMI/exception_bitmap_OF,${taskSwitchVmx}`,
    svm: `EXCP4/INTERCEPT_EXCP4,${taskSwitchSvm}`,
    sensitive: farTransfer,
    rows: `
      CE | ZO | INTO | i64 flow:intcond`,
  }),
  family({
    name: 'INT1',
    summary: 'Calls the handler of #DB (ICEBP)',
    cite: 'SDM 2A INT n/INTO/INT3/INT1; APM 2 15.9 (ICEBP)',
    group: 'control',
    implicit: `CS:rw ${call} SS:cw`,
    flags: `${savedFlags} ${interruptFlags}`,
    vmx: `Exception_or_NMI/exception_bitmap_DB,${taskSwitchVmx}`,
    svm: `ICEBP/INTERCEPT_ICEBP,EXCP1/INTERCEPT_EXCP1,${taskSwitchSvm}`,
    sensitive: farTransfer,
    note: 'Long undocumented (ICEBP). The DPL of the gate is not checked; DR6 is not changed.',
    rows: `
      F1 | ZO | INT1 | flow:int`,
  }),
  family({
    name: 'IRET/IRETD/IRETQ',
    summary:
      'Returns from an interrupt: pops rIP, CS and flags; to an outer ring and always in 64-bit mode also rSP and SS',
    cite: 'SDM 2A IRET/IRETD/IRETQ; APM 3 IRET',
    group: 'control',
    implicit: 'CS:rw rSP:rw [rSP*3]:r SS:cw DS:cw ES:cw FS:cw GS:cw',
    priv: 'iopl.v86',
    vmx: taskSwitchVmx,
    svm: `IRET/INTERCEPT_IRET,${taskSwitchSvm}`,
    sensitive: {
      class: 'control',
      why: 'as POPF (Robin-Irvine 3B) it silently keeps IF when CPL > IOPL and IOPL when CPL > 0; as far RET (3C) it goes by the real CPL and tables',
    },
    note: 'With NT set a return to the previous task (#GP in IA-32e mode). Ends the blocking of NMIs, even when it faults. Default operand size in 64-bit mode is 32.',
    rows: `
      o16 CF | ZO | IRET  | flow:iret flags:r=NVL,w=OSZAPCDTN,c=ILv
      o32 CF | ZO | IRETD | flow:iret flags:r=NVL,w=OSZAPCDTNRKi,c=ILVvp
      o64 CF | ZO | IRETQ | flow:iret flags:r=NL,w=OSZAPCDTNRKi,c=ILvp imp:CS:rw,rSP:rw,[rSP*5]:r,SS:w,DS:cw,ES:cw,FS:cw,GS:cw`,
  }),
  family({
    name: 'BOUND',
    summary: '#BR if a signed index is outside the bounds in memory',
    cite: 'SDM 2A BOUND; APM 3 BOUND',
    group: 'control',
    vmx: 'Exception_or_NMI/exception_bitmap_BR',
    svm: 'EXCP5/INTERCEPT_EXCP5',
    note: '62 with ModRM.mod = 3, or in 64-bit mode, is an EVEX prefix.',
    rows: `
      62 /r | RM | BOUND rv, mv&v | i64`,
  }),
  family({
    name: 'UD0/UD1/UD2',
    summary: 'Raise #UD, now and ever',
    cite: 'SDM 2B UD; APM 3 UD0, UD1, UD2',
    group: 'control',
    vmx: 'Exception_or_NMI/exception_bitmap_UD',
    svm: 'EXCP6/INTERCEPT_EXCP6',
    note: 'UD0 has no ModRM byte on some older Intel and on AMD processors: there #UD comes even if the byte after 0F FF cannot be fetched. Memory operands are not accessed.',
    rows: `
      0F FF /r | RM | UD0 rv:n, r/mv:n | intel flow:ud
      0F FF    | ZO | UD0              | amd flow:ud
      0F B9 /r | RM | UD1 rv:n, r/mv:n | flow:ud
      0F 0B    | ZO | UD2              | flow:ud`,
  }),
]

const segments: readonly Family[] = [
  family({
    name: 'LDS/LES/LFS/LGS/LSS',
    summary: 'Loads a far pointer into a segment register and a general register',
    cite: 'SDM 2A LDS/LES/LFS/LGS/LSS; APM 3 LDS',
    group: 'segment',
    sensitive: {
      class: 'location',
      why: 'Robin-Irvine 3C (protection system reference): loads a descriptor of the real tables, checked against the real CPL',
    },
    note:
      'C4 and C5 with ModRM.mod = 3, or in 64-bit mode, are VEX prefixes. AMD ignores REX.W: its offsets in memory are at most 32 bits. ' +
      'LSS does not inhibit interrupts, since it loads rSP as well.',
    rows: `
      C5 /r          | RM | LDS rv:w, m16:v    | i64 imp:DS:w
      C4 /r          | RM | LES rv:w, m16:v    | i64 imp:ES:w
      o16 0F B4 /r   | RM | LFS r16:w, m16:16  | imp:FS:w
      o32 0F B4 /r   | RM | LFS r32:w, m16:32  | imp:FS:w
      REX.W 0F B4 /r | RM | LFS r64:w, m16:64  | intel imp:FS:w
      o64 0F B4 /r   | RM | LFS r32:w, m16:32  | amd alias imp:FS:w
      o16 0F B5 /r   | RM | LGS r16:w, m16:16  | imp:GS:w
      o32 0F B5 /r   | RM | LGS r32:w, m16:32  | imp:GS:w
      REX.W 0F B5 /r | RM | LGS r64:w, m16:64  | intel imp:GS:w
      o64 0F B5 /r   | RM | LGS r32:w, m16:32  | amd alias imp:GS:w
      o16 0F B2 /r   | RM | LSS r16:w, m16:16  | imp:SS:w
      o32 0F B2 /r   | RM | LSS r32:w, m16:32  | imp:SS:w
      REX.W 0F B2 /r | RM | LSS r64:w, m16:64  | intel imp:SS:w
      o64 0F B2 /r   | RM | LSS r32:w, m16:32  | amd alias imp:SS:w`,
  }),
]

const sums = 'w=OSZAPC'

const strings: readonly Family[] = [
  family({
    name: 'MOVS',
    summary: 'Copies from DS:rSI to ES:rDI and steps both',
    cite: 'SDM 2B MOVS; APM 3 MOVS',
    group: 'string',
    attrs: 'rep',
    flags: 'r=D',
    implicit: 'aSI:rw aDI:rw',
    rows: `
      A4     | ZO | MOVSB Yb:w, Xb
      o16 A5 | ZO | MOVSW Yw:w, Xw
      o32 A5 | ZO | MOVSD Yd:w, Xd
      o64 A5 | ZO | MOVSQ Yq:w, Xq`,
  }),
  family({
    name: 'CMPS',
    summary: 'Compares DS:rSI with ES:rDI and steps both',
    cite: 'SDM 2A CMPS; APM 3 CMPS',
    group: 'string',
    attrs: 'repcc',
    flags: `r=D ${sums}`,
    implicit: 'aSI:rw aDI:rw',
    note: 'With a repeat prefix and rCX = 0 the flags stay as they were.',
    rows: `
      A6     | ZO | CMPSB Xb, Yb
      o16 A7 | ZO | CMPSW Xw, Yw
      o32 A7 | ZO | CMPSD Xd, Yd
      o64 A7 | ZO | CMPSQ Xq, Yq`,
  }),
  family({
    name: 'SCAS',
    summary: 'Compares the accumulator with ES:rDI and steps',
    cite: 'SDM 2B SCAS; APM 3 SCAS',
    group: 'string',
    attrs: 'repcc',
    flags: `r=D ${sums}`,
    implicit: 'aDI:rw',
    note: 'With a repeat prefix and rCX = 0 the flags stay as they were.',
    rows: `
      AE     | ZO | SCASB AL, Yb
      o16 AF | ZO | SCASW AX, Yw
      o32 AF | ZO | SCASD EAX, Yd
      o64 AF | ZO | SCASQ RAX, Yq`,
  }),
  family({
    name: 'LODS',
    summary: 'Loads the accumulator from DS:rSI and steps',
    cite: 'SDM 2A LODS; APM 3 LODS',
    group: 'string',
    attrs: 'rep',
    flags: 'r=D',
    implicit: 'aSI:rw',
    rows: `
      AC     | ZO | LODSB AL:w, Xb
      o16 AD | ZO | LODSW AX:w, Xw
      o32 AD | ZO | LODSD EAX:w, Xd
      o64 AD | ZO | LODSQ RAX:w, Xq`,
  }),
  family({
    name: 'STOS',
    summary: 'Stores the accumulator to ES:rDI and steps',
    cite: 'SDM 2B STOS; APM 3 STOS',
    group: 'string',
    attrs: 'rep',
    flags: 'r=D',
    implicit: 'aDI:rw',
    rows: `
      AA     | ZO | STOSB Yb:w, AL
      o16 AB | ZO | STOSW Yw:w, AX
      o32 AB | ZO | STOSD Yd:w, EAX
      o64 AB | ZO | STOSQ Yq:w, RAX`,
  }),
  family({
    name: 'INS',
    summary: 'Reads port DX into ES:rDI and steps',
    cite: 'SDM 2A INS; APM 3 INS',
    group: 'io',
    attrs: 'rep',
    flags: 'r=D',
    implicit: 'aDI:rw',
    priv: 'iopl',
    vmx: 'IO_instruction/unconditional_IO_exiting,IO_instruction/use_IO_bitmaps',
    svm: 'IOIO/INTERCEPT_IOIO_PROT',
    sensitive: portAccess,
    note: 'There is no 64-bit form: REX.W means a doubleword.',
    rows: `
      6C       | ZO | INSB Yb:w, DX
      o16 6D   | ZO | INSW Yw:w, DX
      o32 6D   | ZO | INSD Yd:w, DX
      o64 6D   | ZO | INSD Yd:w, DX | alias`,
  }),
  family({
    name: 'OUTS',
    summary: 'Writes DS:rSI to port DX and steps',
    cite: 'SDM 2B OUTS; APM 3 OUTS',
    group: 'io',
    attrs: 'rep',
    flags: 'r=D',
    implicit: 'aSI:rw',
    priv: 'iopl',
    vmx: 'IO_instruction/unconditional_IO_exiting,IO_instruction/use_IO_bitmaps',
    svm: 'IOIO/INTERCEPT_IOIO_PROT',
    sensitive: portAccess,
    note: 'There is no 64-bit form: REX.W means a doubleword.',
    rows: `
      6E       | ZO | OUTSB DX, Xb
      o16 6F   | ZO | OUTSW DX, Xw
      o32 6F   | ZO | OUTSD DX, Xd
      o64 6F   | ZO | OUTSD DX, Xd | alias`,
  }),
]

const ports: readonly Family[] = [
  family({
    name: 'IN',
    summary: 'Reads an I/O port into the accumulator',
    cite: 'SDM 2A IN; APM 3 IN',
    group: 'io',
    priv: 'iopl',
    vmx: 'IO_instruction/unconditional_IO_exiting,IO_instruction/use_IO_bitmaps',
    svm: 'IOIO/INTERCEPT_IOIO_PROT',
    sensitive: portAccess,
    note: 'There is no 64-bit form: REX.W means a doubleword.',
    rows: `
      E4 ib | I  | IN AL:w, imm8
      E5 ib | I  | IN zAX:w, imm8
      EC    | ZO | IN AL:w, DX
      ED    | ZO | IN zAX:w, DX`,
  }),
  family({
    name: 'OUT',
    summary: 'Writes the accumulator to an I/O port',
    cite: 'SDM 2B OUT; APM 3 OUT',
    group: 'io',
    priv: 'iopl',
    vmx: 'IO_instruction/unconditional_IO_exiting,IO_instruction/use_IO_bitmaps',
    svm: 'IOIO/INTERCEPT_IOIO_PROT',
    sensitive: portAccess,
    note: 'There is no 64-bit form: REX.W means a doubleword.',
    rows: `
      E6 ib | I  | OUT imm8, AL
      E7 ib | I  | OUT imm8, zAX
      EE    | ZO | OUT DX, AL
      EF    | ZO | OUT DX, zAX`,
  }),
]

const flagInstructions: readonly Family[] = [
  ...[
    { name: 'CLC', opcode: 'F8', flags: '0=C', summary: 'Clears CF', volume: '2A' },
    { name: 'STC', opcode: 'F9', flags: '1=C', summary: 'Sets CF', volume: '2B' },
    { name: 'CMC', opcode: 'F5', flags: 'r=C w=C', summary: 'Inverts CF', volume: '2A' },
    { name: 'CLD', opcode: 'FC', flags: '0=D', summary: 'Clears DF: strings go upward', volume: '2A' },
    { name: 'STD', opcode: 'FD', flags: '1=D', summary: 'Sets DF: strings go downward', volume: '2B' },
  ].map(({ name, opcode, flags, summary, volume }) =>
    family({
      name,
      summary,
      cite: `SDM ${volume} ${name}; APM 3 ${name}`,
      group: 'flag',
      flags,
      rows: `${opcode} | ZO | ${name}`,
    }),
  ),
  family({
    name: 'CLI',
    summary: 'Clears IF: masks external interrupts',
    cite: 'SDM 2A CLI; APM 3 CLI',
    group: 'flag',
    flags: 'r=L c=Iv',
    priv: 'iopl.if',
    sensitive: {
      class: 'privileged',
      why: 'changes IF (sensitive register); traps when CPL > IOPL, but with CR4.PVI or CR4.VME clears VIF instead',
    },
    note: 'With CPL > IOPL: #GP, or VIF is cleared in ring 3 with CR4.PVI, or in virtual-8086 mode with CR4.VME.',
    rows: `
      FA | ZO | CLI`,
  }),
  family({
    name: 'STI',
    summary: 'Sets IF: admits external interrupts after the next instruction',
    cite: 'SDM 2B STI; APM 3 STI',
    group: 'flag',
    flags: 'r=Lp c=Iv',
    priv: 'iopl.if',
    sensitive: {
      class: 'privileged',
      why: 'changes IF (sensitive register); traps when CPL > IOPL, but with CR4.PVI or CR4.VME sets VIF instead',
    },
    note: 'If IF was 0, interrupts stay blocked until after the next instruction. With CPL > IOPL: #GP, or VIF is set in ring 3 with CR4.PVI, or in virtual-8086 mode with CR4.VME, unless VIP is set (#GP).',
    rows: `
      FB | ZO | STI`,
  }),
  family({
    name: 'LAHF',
    summary: 'Loads AH with SF, ZF, AF, PF and CF',
    cite: 'SDM 2A LAHF; APM 3 LAHF',
    group: 'flag',
    flags: 'r=SZAPC',
    implicit: 'AH:w',
    note: 'In 64-bit mode only where CPUID 80000001H ECX bit 0 (LAHF-SAHF) is set; early 64-bit processors lack it.',
    rows: `
      9F | ZO | LAHF`,
  }),
  family({
    name: 'SAHF',
    summary: 'Stores AH into SF, ZF, AF, PF and CF',
    cite: 'SDM 2B SAHF; APM 3 SAHF',
    group: 'flag',
    flags: 'w=SZAPC',
    implicit: 'AH:r',
    note: 'In 64-bit mode only where CPUID 80000001H ECX bit 0 (LAHF-SAHF) is set; early 64-bit processors lack it.',
    rows: `
      9E | ZO | SAHF`,
  }),
  family({
    name: 'SALC',
    summary: 'Fills AL with CF',
    cite: 'APM 3 appendix A (D6 in the one-byte map)',
    group: 'flag',
    attrs: 'i64 undoc',
    flags: 'r=C',
    implicit: 'AL:w',
    note: 'In neither manual as an instruction; every processor since the 8086 has it outside 64-bit mode.',
    rows: `
      D6 | ZO | SALC`,
  }),
]

/** Reserved NOPs: opcodes marked so in SDM 2D table A-3 take a ModRM byte and do nothing, but for what later extensions put there. */
const reservedNops = ['18', '19', '1A', '1B', '1C', '1D', '1E', '1F']
  .map(
    (opcode) => `
      0F ${opcode} /r | M | NOP r/mv:n | alias undoc`,
  )
  .join('')

const noOperations: readonly Family[] = [
  family({
    name: 'NOP',
    summary: 'Does nothing',
    cite: 'SDM 2B NOP; SDM 2D table A-3 (Reserved-NOP); APM 3 NOP',
    group: 'misc',
    note:
      '90 with REX.B is XCHG R8. 0F 18-1F are no-operations wherever no extension has taken them (0F 1A and 0F 1B were MPX, and are again on processors without it). ' +
      'Memory is not accessed and cannot fault. 0F 0D with a register operand is a NOP on Intel and #UD on AMD.',
    rows: `
      90       | ZO | NOP
      0F 1F /0 | M | NOP r/mv:n ${reservedNops}
      0F 0D /r | M | NOP rv:n | intel alias undoc`,
  }),
  family({
    name: 'PAUSE',
    summary: 'Tells the processor that this is a spin loop',
    cite: 'SDM 2B PAUSE; APM 3 PAUSE',
    group: 'misc',
    vmx: 'PAUSE/PAUSE_exiting,PAUSE/PAUSE-loop_exiting',
    svm: 'PAUSE/INTERCEPT_PAUSE',
    rows: `
      F3 90 | ZO | PAUSE`,
  }),
  family({
    name: 'PREFETCHh',
    summary: 'Fetches a line into a cache level',
    cite: 'SDM 2B PREFETCHh; APM 3 PREFETCHlevel',
    group: 'misc',
    attrs: 'SSE',
    note: 'A hint: never faults. A NOP with a register operand.',
    rows: `
      0F 18 /0 | M | PREFETCHNTA m8:n
      0F 18 /1 | M | PREFETCHT0 m8:n
      0F 18 /2 | M | PREFETCHT1 m8:n
      0F 18 /3 | M | PREFETCHT2 m8:n`,
  }),
  family({
    name: 'PREFETCHIT0/PREFETCHIT1',
    summary: 'Fetches a line of code into a cache level',
    cite: 'SDM 2B PREFETCHh',
    group: 'misc',
    attrs: 'PREFETCHI',
    note: 'Acts in 64-bit mode with RIP-relative addressing only; else, as with a register operand, a NOP.',
    rows: `
      0F 18 /6 | M | PREFETCHIT1 m8:n
      0F 18 /7 | M | PREFETCHIT0 m8:n`,
  }),
  family({
    name: 'PREFETCH/PREFETCHW/PREFETCHWT1',
    summary: 'Fetches a line, in anticipation of a write',
    cite: 'SDM 2B PREFETCHW, PREFETCHWT1; APM 3 PREFETCH',
    group: 'misc',
    note:
      'A hint: never faults. PREFETCH (from 3DNow!) is a NOP on Intel. CPUID 80000001H ECX bit 8: the SDM calls it PREFETCHW, the APM 3DNowPrefetch. ' +
      'APM: /3 acts as PREFETCHW and the other reserved values as PREFETCH.',
    rows: `
      0F 0D /0 | M | PREFETCH m8:n    | PREFETCHW
      0F 0D /1 | M | PREFETCHW m8:n   | PREFETCHW
      0F 0D /2 | M | PREFETCHWT1 m8:n | PREFETCHWT1
      0F 0D /3 | M | PREFETCHW m8:n   | PREFETCHW alias undoc
      0F 0D /4 | M | PREFETCH m8:n    | PREFETCHW alias undoc
      0F 0D /5 | M | PREFETCH m8:n    | PREFETCHW alias undoc
      0F 0D /6 | M | PREFETCH m8:n    | PREFETCHW alias undoc
      0F 0D /7 | M | PREFETCH m8:n    | PREFETCHW alias undoc`,
  }),
]

/** A fence takes any ModRM.rm; the manuals write rm = 0. */
const fence = (name: string, first: number, feature: string, summary: string, volume: string, note: string): Family =>
  family({
    name,
    summary,
    cite: `SDM ${volume} ${name}; APM 3 ${name}`,
    group: 'misc',
    attrs: feature,
    note: `${note}ModRM.rm is ignored.`,
    rows: Array.from(
      { length: 8 },
      (_, rm) => `
      NP 0F AE ${hex(first + rm)} | ZO | ${name} | ${rm === 0 ? '' : 'alias undoc'}`,
    ).join(''),
  })

const fencesAndLines: readonly Family[] = [
  fence(
    'LFENCE',
    0xe8,
    'SSE2',
    'Waits for all earlier loads; on Intel for all earlier instructions',
    '2A',
    'On AMD dispatch-serializing only if MSR C001_1029 bit 1 is set. ',
  ),
  fence('MFENCE', 0xf0, 'SSE2', 'Orders all earlier loads and stores before all later ones', '2B', ''),
  fence('SFENCE', 0xf8, 'SSE', 'Orders all earlier stores before all later ones', '2B', ''),
  family({
    name: 'CLFLUSH',
    summary: 'Writes back and invalidates a cache line everywhere',
    cite: 'SDM 2A CLFLUSH; APM 3 CLFLUSH',
    group: 'misc',
    note: 'Checked and faulting as a byte load, but allowed on execute-only segments.',
    rows: `
      NP 0F AE /7 | M | CLFLUSH m8 | CLFSH`,
  }),
  family({
    name: 'CLFLUSHOPT',
    summary: 'Writes back and invalidates a cache line everywhere, weakly ordered',
    cite: 'SDM 2A CLFLUSHOPT; APM 3 CLFLUSHOPT',
    group: 'misc',
    note: 'Checked and faulting as a byte load, but allowed on execute-only segments.',
    rows: `
      66 0F AE /7 | M | CLFLUSHOPT m8 | CLFLUSHOPT`,
  }),
  family({
    name: 'CLWB',
    summary: 'Writes back a cache line and may keep it',
    cite: 'SDM 2A CLWB; APM 3 CLWB',
    group: 'misc',
    note: 'Checked and faulting as a byte load, but allowed on execute-only segments.',
    rows: `
      66 0F AE /6 | M | CLWB m8 | CLWB`,
  }),
  family({
    name: 'CLDEMOTE',
    summary: 'Moves a cache line farther from the processor',
    cite: 'SDM 2A CLDEMOTE',
    group: 'misc',
    note: 'A hint: never faults. A NOP where the processor lacks it.',
    rows: `
      NP 0F 1C /0 | M | CLDEMOTE m8:n | CLDEMOTE`,
  }),
  family({
    name: 'SERIALIZE',
    summary: 'Completes all earlier instructions before any later one is fetched',
    cite: 'SDM 2B SERIALIZE',
    group: 'misc',
    rows: `
      NP 0F 01 E8 | ZO | SERIALIZE | SERIALIZE`,
  }),
]

const various: readonly Family[] = [
  family({
    name: 'CPUID',
    summary: 'Identifies the processor: leaf EAX, subleaf ECX',
    cite: 'SDM 2A CPUID; APM 3 CPUID',
    group: 'misc',
    implicit: 'EAX:rw EBX:w ECX:rw EDX:w',
    vmx: 'CPUID/always',
    svm: 'CPUID/INTERCEPT_CPUID',
    sensitive: {
      class: 'behavior',
      why: 'not among the 17 of Robin and Irvine; shows the real processor, its APIC identifier and, in OSXSAVE and OSPKE, bits of CR4, and traps in no ring unless CPUID faulting is on',
    },
    note: 'Serializing. In 64-bit mode bits 63:32 of the four registers become 0. Intel has CPUID faulting (MSR 140H), AMD CpuidUserDis: #GP above CPL 0.',
    rows: `
      0F A2 | ZO | CPUID`,
  }),
  family({
    name: 'RDRAND',
    summary: 'Reads a random number',
    cite: 'SDM 2B RDRAND; APM 3 RDRAND',
    group: 'random',
    attrs: 'RDRAND',
    flags: 'w=C 0=OSZAP',
    vmx: 'RDRAND/RDRAND_exiting',
    note: 'CF = 0: none was ready, and the destination is 0.',
    rows: `
      NFx 0F C7 /6 | M | RDRAND rv:w`,
  }),
  family({
    name: 'RDSEED',
    summary: 'Reads a seed from the entropy source',
    cite: 'SDM 2B RDSEED; APM 3 RDSEED',
    group: 'random',
    attrs: 'RDSEED',
    flags: 'w=C 0=OSZAP',
    vmx: 'RDSEED/RDSEED_exiting',
    note: 'CF = 0: none was ready, and the destination is 0.',
    rows: `
      NFx 0F C7 /7 | M | RDSEED rv:w`,
  }),
  family({
    name: 'RDPID',
    summary: 'Reads IA32_TSC_AUX, by custom the number of the processor',
    cite: 'SDM 2B RDPID; APM 3 RDPID',
    group: 'misc',
    attrs: 'RDPID',
    implicit: 'MSR:r',
    sensitive: { class: 'behavior', why: 'reads a model-specific register of the real processor and traps in no ring' },
    note: 'Operand size 64 in 64-bit mode, whatever the prefixes. VMX: #UD unless "enable RDTSCP" is 1.',
    rows: `
      F3 0F C7 /7 | M | RDPID r32:w | i64
      F3 0F C7 /7 | M | RDPID r64:w | o64`,
  }),
  family({
    name: 'PTWRITE',
    summary: 'Writes an operand into the Processor Trace',
    cite: 'SDM 2B PTWRITE',
    group: 'misc',
    attrs: 'PTWRITE no66',
    note: '#UD with a 66 prefix.',
    rows: `
      F3 0F AE /4 | M | PTWRITE r/my`,
  }),
]

/** Known by extent only, until the table takes them in. */
const transactionsAndWaits: readonly Family[] = [
  family({
    name: 'XBEGIN/XEND/XABORT/XTEST',
    summary: 'Transactional memory',
    cite: 'SDM 2D XBEGIN, XEND, XABORT, XTEST',
    group: 'later',
    attrs: 'RTM',
    rows: `
      C7 F8 cz    | D  | XBEGIN relz | later=TSX flow:xbegin imp:EAX:cw
      C6 F8 ib    | I  | XABORT imm8 | later=TSX imp:EAX:cw
      NP 0F 01 D5 | ZO | XEND        | later=TSX
      NP 0F 01 D6 | ZO | XTEST       | later=TSX flags:w=Z,0=OSAPC`,
  }),
  family({
    name: 'XSUSLDTRK/XRESLDTRK',
    summary: 'Suspends and resumes the tracking of load addresses in a transaction',
    cite: 'SDM 2D XSUSLDTRK, XRESLDTRK',
    group: 'later',
    attrs: 'TSXLDTRK',
    rows: `
      F2 0F 01 E8 | ZO | XSUSLDTRK | later=TSX
      F2 0F 01 E9 | ZO | XRESLDTRK | later=TSX`,
  }),
  family({
    name: 'UMONITOR/UMWAIT/TPAUSE',
    summary: 'User-mode monitor and wait',
    cite: 'SDM 2B UMONITOR, UMWAIT, TPAUSE',
    group: 'later',
    attrs: 'WAITPKG',
    note: 'UMONITOR takes a register as wide as the address size.',
    rows: `
      a16 F3 0F AE /6 | M | UMONITOR r16 | i64 later=WAITPKG
      a32 F3 0F AE /6 | M | UMONITOR r32 | later=WAITPKG
      a64 F3 0F AE /6 | M | UMONITOR r64 | o64 later=WAITPKG
      F2 0F AE /6     | M | UMWAIT r32   | later=WAITPKG flags:w=C,0=OSZAP imp:EDX:r,EAX:r vmx:UMWAIT/RDTSC_exiting
      66 0F AE /6     | M | TPAUSE r32   | later=WAITPKG flags:w=C,0=OSZAP imp:EDX:r,EAX:r vmx:TPAUSE/RDTSC_exiting`,
  }),
]

export const general2: readonly Family[] = [
  ...control,
  ...segments,
  ...strings,
  ...ports,
  ...flagInstructions,
  ...conditionalMoves,
  ...conditionalSets,
  ...noOperations,
  ...fencesAndLines,
  ...various,
  ...transactionsAndWaits,
]
