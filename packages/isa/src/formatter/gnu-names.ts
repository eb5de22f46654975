/** Where GNU's spelling is not the manual's: one table for AT&T, and the pseudo-mnemonics that both syntaxes of GNU share. */

/** AT&T names by form. */
export const ATT_BY_FORM: Readonly<Record<string, string>> = {
  cbw: 'cbtw',
  cwde: 'cwtl',
  cdqe: 'cltq',
  cwd: 'cwtd',
  cdq: 'cltd',
  cqo: 'cqto',
}

/** GNU names of mnemonics in either syntax, where no operand decides. */
export const GNU_MNEMONIC: Readonly<Record<string, string>> = {
  xlatb: 'xlat',
  wait: 'fwait',
  popad: 'popa',
  pushad: 'pusha',
  popfd: 'popf',
  popfq: 'popf',
  pushfd: 'pushf',
  pushfq: 'pushf',
  iretd: 'iret',
}

/** AT&T: integer mnemonics that take a size suffix where no register tells the size. */
export const SUFFIXED: ReadonlySet<string> = new Set(
  (
    'mov add or adc sbb and sub xor cmp test inc dec not neg mul imul div idiv rol ror rcl rcr shl shr sar bt bts btr btc nop ptwrite ' +
    'cvtsi2sd cvtsi2ss vcvtsi2sd vcvtsi2ss'
  ).split(' '),
)

/** Suffixes of integer operands by bytes. */
export const INTEGER_SUFFIX: Readonly<Record<number, string>> = { 1: 'b', 2: 'w', 4: 'l', 8: 'q' }

/** x87 suffixes by the operand's type: single, double, extended; 16, 32, 64-bit integer. */
export const X87_SUFFIX: Readonly<Record<string, string>> = {
  m32fp: 's',
  m64fp: 'l',
  m80fp: 't',
  m16int: 's',
  m32int: 'l',
  m64int: 'll',
}

/** GNU does not write operands that the instruction fixes; in AT&T it names registers of some instead: `A` is rAX of the address size. */
export const FIXED_OPERANDS: Readonly<Record<string, { readonly first: number; readonly att: string }>> = {
  maskmovq: { first: 1, att: '' },
  maskmovdqu: { first: 1, att: '' },
  vmaskmovdqu: { first: 1, att: '' },
  monitor: { first: 4, att: 'A,%ecx,%edx' },
  monitorx: { first: 4, att: 'A,%ecx,%edx' },
  mwait: { first: 4, att: '%eax,%ecx' },
  mwaitx: { first: 4, att: '%eax,%ecx,%ebx' },
  clzero: { first: 4, att: '' },
  invlpga: { first: 4, att: '' },
  skinit: { first: 4, att: '' },
  vmrun: { first: 4, att: '' },
  vmload: { first: 4, att: '' },
  vmsave: { first: 4, att: '' },
}

/** VEX instructions of which an EVEX form came first: GNU marks the VEX form. */
export const MARKED_VEX: ReadonlySet<string> = new Set(
  'vpdpbusd vpdpbusds vpdpwssd vpdpwssds vpmadd52luq vpmadd52huq vcvtneps2bf16'.split(' '),
)

/** Intel syntax: memory operands without a size keyword. */
export const UNSIZED_MEMORY =
  /^(lea|lgdt|lidt|sgdt|sidt|fxsave|fxrstor|xsave|xrstor|fldenv|fnstenv|fnsave|frstor|fstenv|invpcid|v?lddqu|movdir64b|enqcmds?|wru?ss[dq])/
