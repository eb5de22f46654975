/** Other names of mnemonics: the manuals' synonyms and the assemblers'. Each stands for one mnemonic of the table, or several that its operands decide. */

const CONDITION_SYNONYMS = {
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
} as const

const PLAIN = {
  sal: ['shl'],
  xlat: ['xlatb'],
  fwait: ['wait'],
  retn: ['ret'],
  iretw: ['iret'],
  pushaw: ['pusha'],
  popaw: ['popa'],
  pushfw: ['pushf'],
  popfw: ['popf'],
  // Of the size that the mode has, as assemblers take them; with `w`, `d` or `q` of that size.
  iret: ['iret', 'iretd', 'iretq'],
  pusha: ['pusha', 'pushad'],
  popa: ['popa', 'popad'],
  pushf: ['pushf', 'pushfd', 'pushfq'],
  popf: ['popf', 'popfd', 'popfq'],
  movsx: ['movsx', 'movsxd'],
  movs: ['movsb', 'movsw', 'movsd', 'movsq'],
  cmps: ['cmpsb', 'cmpsw', 'cmpsd', 'cmpsq'],
  scas: ['scasb', 'scasw', 'scasd', 'scasq'],
  lods: ['lodsb', 'lodsw', 'lodsd', 'lodsq'],
  stos: ['stosb', 'stosw', 'stosd', 'stosq'],
  ins: ['insb', 'insw', 'insd'],
  outs: ['outsb', 'outsw', 'outsd'],
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
} as const

/** Names that the table does not have, and that assemblers know. */
export type Alias = keyof typeof PLAIN | `${'j' | 'set' | 'cmov'}${keyof typeof CONDITION_SYNONYMS}`

let aliases: ReadonlyMap<string, readonly string[]> | null = null

/** Alias -> mnemonics of the table, in lower case, the preferred one first; made on first use. */
export function aliasTable(): ReadonlyMap<string, readonly string[]> {
  if (aliases) return aliases
  const table = new Map<string, readonly string[]>(Object.entries(PLAIN))
  for (const [synonym, condition] of Object.entries(CONDITION_SYNONYMS)) {
    for (const stem of ['j', 'set', 'cmov']) table.set(`${stem}${synonym}`, [`${stem}${condition}`])
  }
  aliases = table
  return table
}
