/** iced's instruction-information vectors: flags, operand access, registers, memory and control flow of each form. */
import { Decoder, Instruction, mnemonicOf, operandCount, Status } from '@ringfold/isa/decoder'
import {
  controlFlow,
  flagNames,
  flagsCleared,
  flagsConditional,
  flagsRead,
  flagsSet,
  flagsUndefined,
  flagsWritten,
  operandAccess,
  usesOf,
} from '@ringfold/isa/facts'
import { registerName } from '@ringfold/isa/registers'
import { hexBytes } from '../isa-vectors/archive.ts'
import { memorySizes } from '../isa-vectors/iced.ts'
import { Tally } from '../isa-vectors/tally.ts'
import { FACT_DIFFERENCES } from './explained.ts'

export interface FactCase {
  readonly mode: 16 | 32 | 64
  readonly hex: string
  readonly code: string
  readonly mnemonic: string
  readonly rest: string
}

export function* factCases(files: ReadonlyMap<string, string>): Generator<FactCase> {
  for (const mode of [16, 32, 64] as const) {
    const text = files.get(`src/UnitTests/Intel/InstructionInfo/InstructionInfoTest_${mode}.txt`) ?? ''
    for (const line of text.split('\n')) {
      if (line === '' || line.startsWith('#')) continue
      const [hex = '', code = '', , , ...rest] = line.split(',').map((s) => s.trim())
      if (code !== 'INVALID') yield { mode, hex, code, mnemonic: '', rest: ` ${rest.join(',')} ` }
    }
  }
}

const LETTERS: Readonly<Record<string, string>> = {
  o: 'OF',
  s: 'SF',
  z: 'ZF',
  a: 'AF',
  c: 'CF',
  p: 'PF',
  d: 'DF',
  i: 'IF',
  A: 'AC',
  u: 'UIF',
  0: 'C0',
  1: 'C1',
  2: 'C2',
  3: 'C3',
}

const valuesOf = (rest: string, key: string): string[] =>
  [...rest.matchAll(new RegExp(` ${key}=(\\S+)`, 'g'))].map((m) => m[1] ?? '')
const iced = (rest: string, key: string): Set<string> =>
  new Set([...(valuesOf(rest, key)[0] ?? '')].map((l) => LETTERS[l] ?? l))
/** Flags that iced does not follow. */
const UNFOLLOWED = new Set(['TF', 'IOPL', 'NT', 'RF', 'VM', 'VIF', 'VIP', 'ID'])
const named = (mask: number): Set<string> => new Set(flagNames(mask).filter((f) => !UNFOLLOWED.has(f)))
const list = (set: ReadonlySet<string>): string => [...set].sort().join()

/** Flags in one line each: read; changed by the result or by a condition; undefined; cleared; set. */
function flagTexts(form: number, rest: string): [string, string, string][] {
  const undefinedFlags = named(flagsUndefined(form))
  const written = new Set([...named(flagsWritten(form) | flagsConditional(form))].filter((f) => !undefinedFlags.has(f)))
  return [
    ['flags read', list(named(flagsRead(form))), list(iced(rest, 'fr'))],
    ['flags written', list(written), list(iced(rest, 'fw'))],
    ['flags undefined', list(undefinedFlags), list(iced(rest, 'fu'))],
    ['flags cleared', list(named(flagsCleared(form))), list(iced(rest, 'fc'))],
    ['flags set', list(named(flagsSet(form))), list(iced(rest, 'fs'))],
  ]
}

/** The 64-bit register, ZMM, MMX or other register that a register is part of. */
function container(name: string, mode: number): string {
  const n =
    name === 'xsp'
      ? mode === 64
        ? 'rsp'
        : mode === 32
          ? 'esp'
          : 'sp'
      : name === 'xbp'
        ? mode === 64
          ? 'rbp'
          : mode === 32
            ? 'ebp'
            : 'bp'
        : name
  const legacy = /^[er]?([abcd]x|[sd]i|[sb]p)$/.exec(n)
  if (legacy) return `r${legacy[1]}`
  const byte = /^([abcd])[lh]$/.exec(n)
  if (byte) return `r${byte[1]}x`
  const low = /^(spl|bpl|sil|dil)$/.exec(n)
  if (low) return `r${n.slice(0, 2)}`
  const numbered = /^r(\d+)[bwdl]?$/.exec(n)
  if (numbered) return `r${numbered[1]}`
  return n.replace(/^[xyv]mm/, 'zmm').replace(/^st\((\d)\)$/, 'st$1')
}

/** `rax:rw` for every container, conditional accesses counted as accesses. */
function registerText(uses: Iterable<readonly [string, string]>): string {
  const all = new Map<string, { r: boolean; w: boolean }>()
  for (const [register, access] of uses) {
    const entry = all.get(register) ?? { r: false, w: false }
    if (/^(r|rw|rcw|cr)$/.test(access)) entry.r = true
    if (/w/.test(access)) entry.w = true
    all.set(register, entry)
  }
  return [...all]
    .map(([r, e]) => `${r}:${e.r ? 'r' : ''}${e.w ? 'w' : ''}`)
    .sort()
    .join(' ')
}

/** Registers that iced does not follow, or follows elsewhere. */
const FOLLOWED = /^(r[abcd]x|r[sd]i|r[sb]p|r\d+|zmm\d+|mm\d)$/

function registerTexts(i: Instruction, c: FactCase): [string, string, string] {
  const ours = usesOf(i).registers.map((u) => [container(registerName(u.register), c.mode), u.access] as const)
  const theirs: [string, string][] = []
  for (const key of ['r', 'w', 'rw', 'cr', 'cw', 'rcw']) {
    for (const value of valuesOf(c.rest, key))
      for (const r of value.split(';')) theirs.push([container(r.split('-')[0] ?? '', c.mode), key])
  }
  const followed = (uses: readonly (readonly [string, string])[]) => uses.filter(([r]) => FOLLOWED.test(r))
  return ['registers', registerText(followed(ours)), registerText(followed(theirs))]
}

/** Bytes read and written in all, where both know the size: iced lists stack slots one by one. */
function memoryTexts(i: Instruction, c: FactCase, sizes: ReadonlyMap<string, number>): [string, string, string] {
  const unsized = / (r|w|rw|cr|cw|rcw)m=\S+;Unknown/.test(c.rest)
  const text = (uses: readonly (readonly [string, number])[]): string => {
    const bytes = (re: RegExp) => uses.filter(([a]) => re.test(a)).reduce((sum, [, n]) => sum + n, 0)
    const touches = (re: RegExp) => uses.some(([a]) => re.test(a))
    return unsized ? `${touches(/r/)} ${touches(/w/)}` : `r${bytes(/r/)} w${bytes(/w/)}`
  }
  const ours = usesOf(i).memory.map((m) => [m.access.replace('c', ''), m.bytes] as const)
  const theirs = ['r', 'w', 'rw', 'cr', 'cw', 'rcw'].flatMap((key) =>
    valuesOf(c.rest, `${key}m`).map(
      (value) => [key.replace('c', ''), sizes.get(value.split(';')[1] ?? '') ?? 0] as const,
    ),
  )
  return ['memory', text(ours), text(theirs)]
}

const FLOW: Readonly<Record<string, string>> = {
  next: 'Next',
  jmp: 'UnconditionalBranch',
  farjmp: 'UnconditionalBranch',
  jcc: 'ConditionalBranch',
  loop: 'ConditionalBranch',
  jmpind: 'IndirectBranch',
  call: 'Call',
  farcall: 'Call',
  callind: 'IndirectCall',
  ret: 'Return',
  farret: 'Return',
  iret: 'Return',
  sysret: 'Return',
  sysexit: 'Return',
  rsm: 'Return',
  int: 'Interrupt',
  intcond: 'Interrupt',
  syscall: 'Call',
  sysenter: 'Call',
  ud: 'Exception',
  xbegin: 'XbeginXabortXend',
  halt: 'Next',
  vmentry: 'Call',
  vmexit: 'Call',
}

function accessTexts(i: Instruction, c: FactCase): [string, string, string] {
  const theirs = [...c.rest.matchAll(/ op\d=(\w+)/g)].map((m) => m[1] ?? '')
  const ours = theirs.map((_, n) => (n < operandCount(i) ? operandAccess(i.form, n) : 'n'))
  const plain = (a: string) =>
    a
      .replace('nma', 'n')
      .replace(/^c([rw])$/, '$1')
      .replace('rcw', 'rw')
  return ['access', ours.map(plain).join(), theirs.map(plain).join()]
}

export function icedFactTally(files: ReadonlyMap<string, string>): Tally<FactCase> {
  const tally = new Tally<FactCase>('iced instruction facts (one case per line and kind of fact)', FACT_DIFFERENCES)
  const sizes = memorySizes(files)
  const i = new Instruction()
  for (const c of factCases(files)) {
    new Decoder(c.mode, { vendor: /decopt=AMD/.test(c.rest) ? 'amd' : 'intel' }).decode(i, hexBytes(c.hex))
    if (i.status !== Status.ok) {
      tally.add(c, { what: 'status', ours: i.status === Status.notInTable ? 'notInTable' : 'invalid', theirs: c.code })
      continue
    }
    const named = { ...c, mnemonic: mnemonicOf(i) }
    const flow: [string, string, string] = [
      'flow',
      FLOW[controlFlow(i.form)] ?? '',
      valuesOf(c.rest, 'flow')[0] ?? 'Next',
    ]
    for (const [what, ours, theirs] of [
      ...flagTexts(i.form, c.rest),
      accessTexts(i, c),
      registerTexts(i, c),
      memoryTexts(i, c, sizes),
      flow,
    ]) {
      tally.add(named, ours === theirs ? null : { what, ours, theirs })
    }
  }
  return tally
}
