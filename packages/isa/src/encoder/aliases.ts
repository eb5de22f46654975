/** Other names of mnemonics: the manuals' synonyms and the assemblers'. Each stands for one mnemonic of the table, or several that its operands decide. */

const CONDITION_SYNONYMS: Readonly<Record<string, string>> = {
  c: 'b',
  nae: 'b',
  nb: 'ae',
  nc: 'ae',
  z: 'e',
  nz: 'ne',
  na: 'be',
  nbe: 'a',
  pe: 'p',
  po: 'np',
  nge: 'l',
  nl: 'ge',
  ng: 'le',
  nle: 'g',
}

/** Alias -> mnemonics of the table, in lower case. */
export const ALIASES: Readonly<Record<string, readonly string[]>> = /* @__PURE__ */ (() => {
  const aliases: Record<string, readonly string[]> = {
    sal: ['shl'],
    xlat: ['xlatb'],
    fwait: ['wait'],
    retn: ['ret'],
    iretw: ['iret'],
    pushaw: ['pusha'],
    popaw: ['popa'],
    pushfw: ['pushf'],
    popfw: ['popf'],
    movsx: ['movsx', 'movsxd'],
    loopz: ['loope'],
    loopnz: ['loopne'],
    movabs: ['mov'],
    icebp: ['int1'],
    ud2a: ['ud2'],
    ud2b: ['ud1'],
    lret: ['retf'],
    ljmp: ['jmp'],
    lcall: ['call'],
    int03: ['int3'],
    cmovpe: ['cmovp'],
    cmovpo: ['cmovnp'],
  }
  for (const [synonym, condition] of Object.entries(CONDITION_SYNONYMS)) {
    for (const stem of ['j', 'set', 'cmov']) aliases[`${stem}${synonym}`] = [`${stem}${condition}`]
  }
  return aliases
})()
