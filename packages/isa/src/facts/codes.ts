/** Numbers of facts, shared by the generator and the readers. */

/** Access to an operand, 3 bits each (NOTATION.md, "Operands"). */
export const ACCESSES = ['r', 'w', 'rw', 'cw', 'rcw', 'n'] as const
/** read, written, both, conditionally written, read and conditionally written, named but not accessed. */
export type Access = (typeof ACCESSES)[number]

/** Control flow (NOTATION.md, `flow`): where execution goes on. `next` is the next instruction. */
export const FLOWS = [
  'next',
  'jmp',
  'jcc',
  'loop',
  'jmpind',
  'call',
  'callind',
  'ret',
  'farjmp',
  'farcall',
  'farret',
  'int',
  'intcond',
  'iret',
  'syscall',
  'sysret',
  'sysenter',
  'sysexit',
  'halt',
  'vmentry',
  'vmexit',
  'rsm',
  'ud',
  'xbegin',
] as const
export type ControlFlow = (typeof FLOWS)[number]

/** Privilege rules (NOTATION.md, `priv`) with what they say. */
export const PRIVILEGE_RULES = {
  none: 'any CPL',
  cpl0: '#GP(0) unless CPL is 0',
  iopl: '#GP(0) unless CPL <= IOPL or the I/O permission bitmap of the TSS allows the port',
  'iopl.if': '#GP(0) unless CPL <= IOPL; with CR4.VME or CR4.PVI it changes VIF instead',
  'iopl.v86': '#GP(0) in virtual-8086 mode unless IOPL is 3 (or CR4.VME)',
  umip: '#GP(0) outside CPL 0 when CR4.UMIP is set',
  tsd: '#GP(0) outside CPL 0 when CR4.TSD is set',
  pce: '#GP(0) outside CPL 0 unless CR4.PCE is set',
  gate: 'privilege checks of the selector, descriptor or gate that it goes through',
  root0: '#UD outside VMX operation, VM exit in non-root operation, #GP(0) unless CPL is 0',
  svme0: '#UD unless EFER.SVME is set, #GP(0) unless CPL is 0',
  smm: '#UD outside system-management mode',
} as const
export type PrivilegeRule = keyof typeof PRIVILEGE_RULES

/** What flags can suffer: order of the columns of the flag table. */
export const FLAG_EFFECTS = ['read', 'written', 'undefined', 'cleared', 'set', 'conditional'] as const
export type FlagEffect = (typeof FLAG_EFFECTS)[number]

/** x87 condition codes C0..C3 stand in bits 24..27 of a flag mask, where RFLAGS has none. */
export const X87_CONDITION_SHIFT = 24
