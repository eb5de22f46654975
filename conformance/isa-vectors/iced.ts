/** The decoder and memory-operand vectors of iced (`src/UnitTests/Intel/Decoder`): status, length, mnemonic and every operand. */
import {
  branchTargetHi,
  branchTargetLo,
  type DecodedInstruction,
  Decoder,
  Instruction,
  instructionObject,
  type Operand,
  Status,
  type UndecodedBytes,
} from '@ringfold/isa/decoder'
import { hexBytes } from './archive.ts'
import { ICED_DIFFERENCES } from './explained.ts'
import { type Difference, Tally } from './tally.ts'

export interface IcedCase {
  readonly mode: 16 | 32 | 64
  readonly hex: string
  readonly code: string
  readonly mnemonic: string
  /** `op0=r;dh`, options and flags. */
  readonly rest: string
}

const FOLDER = 'src/UnitTests/Intel/'

/** Instruction address that iced's tests use for each mode. */
const addressOf = (c: IcedCase): bigint => {
  const given = /\bip=(?:0x)?([0-9A-Fa-f]+)/.exec(c.rest)?.[1]
  return given === undefined ? ADDRESS[c.mode] : BigInt(`0x${given}`)
}
const ADDRESS = { 16: 0x7ff0n, 32: 0x7ffffff0n, 64: 0x7ffffffffffffff0n }

export function* icedCases(files: ReadonlyMap<string, string>): Generator<IcedCase> {
  for (const [path, text] of files) {
    const m = /Decoder\/DecoderTest(?:Misc)?(16|32|64)\.txt$/.exec(path)
    if (!m) continue
    for (const line of text.split('\n')) {
      if (line === '' || line.startsWith('#')) continue
      const [hex = '', code = '', mnemonic = '', , ...rest] = line.split(',').map((s) => s.trim())
      yield { mode: Number(m[1]) as 16 | 32 | 64, hex, code, mnemonic: mnemonic.toLowerCase(), rest: rest.join(',') }
    }
  }
}

/** Memory types -> bytes, from the vectors' own list. */
export function memorySizes(files: ReadonlyMap<string, string>): Map<string, number> {
  const text = files.get(`${FOLDER}InstructionInfo/MemorySizeInfo.txt`) ?? ''
  const rows = text
    .split('\n')
    .filter((l) => l !== '' && !l.startsWith('#'))
    .map((l) => l.split(',').map((s) => s.trim()))
  return new Map(rows.map(([name = '', bytes]) => [name, Number(bytes)]))
}

function operandText(o: Operand | undefined, i: Instruction): string {
  if (!o) return 'none'
  switch (o.kind) {
    case 'register':
      return `r;${o.register.replace(/^st\((\d)\)$/, 'st$1')}`
    case 'memory': {
      const disp = i.dispBytes === 0 ? 0n : BigInt.asUintN(i.addressSize, o.displacement)
      return `m;${o.segment};${o.base ?? ''};${o.index ?? ''};${o.scale};${disp.toString(16)};${o.bytes}`
    }
    case 'immediate':
      return `i;${o.value.toString(16)}`
    case 'branch':
      return `nb;${((BigInt(branchTargetHi(i) >>> 0) << 32n) | BigInt(branchTargetLo(i) >>> 0)).toString(16)}`
    case 'far':
      return `fb;${o.selector.toString(16)};${o.offset.toString(16)}`
  }
}

/** The vector's operand in the same spelling. String operands become memory at their register. */
function expectedOperand(text: string, c: IcedCase, i: Instruction, sizes: ReadonlyMap<string, number>): string {
  const [kind = '', ...parts] = text.split(';')
  const hex = (s: string | undefined) => BigInt(s ?? 0).toString(16)
  if (kind === 'r') return `r;${parts[0]}`
  if (kind === 'm') {
    const [segment, base, index, scale, disp, , size = ''] = parts
    // RIP-relative operands: iced stores the target, we the distance.
    let d = BigInt(disp === undefined || disp === '' ? 0 : disp)
    if (base === 'rip' || base === 'eip') d = BigInt.asUintN(i.addressSize, d - addressOf(c) - BigInt(i.length))
    return `m;${segment};${base};${index};${scale};${BigInt.asUintN(i.addressSize, d).toString(16)};${sizes.get(size) ?? 0}`
  }
  if (/^i\d/.test(kind)) return `i;${hex(parts[0])}`
  if (kind.startsWith('nb')) return `nb;${hex(parts[0])}`
  if (kind.startsWith('fb')) return `fb;${hex(parts[0])};${hex(parts[1])}`
  const string = /^(seg|es)(r|e)?(si|di)$/.exec(kind)
  if (!string) return text
  const segment = string[1] === 'seg' ? parts[0] : 'es'
  return `m;${segment};${string[2] ?? ''}${string[3]};;1;0;${sizes.get(parts.at(-1) ?? '') ?? 0}`
}

function compareOperands(
  c: IcedCase,
  i: Instruction,
  o: DecodedInstruction,
  sizes: ReadonlyMap<string, number>,
): Omit<Difference<IcedCase>, 'case'> | null {
  const theirs = [...c.rest.matchAll(/\bop\d=(\S+)/g)].map((m) => expectedOperand(m[1] ?? '', c, i, sizes)).join(' ')
  const ours = o.operands.map((operand) => operandText(operand, i)).join(' ')
  return ours === theirs ? null : { what: 'operands', ours, theirs }
}

function compare(
  c: IcedCase,
  i: Instruction,
  o: DecodedInstruction | UndecodedBytes,
  sizes: ReadonlyMap<string, number>,
): Omit<Difference<IcedCase>, 'case'> | null {
  const bytes = hexBytes(c.hex)
  if (c.code === 'INVALID') {
    if (o.status === 'invalid' || o.status === 'needMoreBytes') return null
    return { what: 'status', ours: `${o.status} ${o.status === 'ok' ? o.form : ''}`, theirs: 'invalid' }
  }
  if (o.status === 'invalid' || o.status === 'needMoreBytes') return { what: 'status', ours: o.status, theirs: c.code }
  if (o.length !== bytes.length) return { what: 'length', ours: String(o.length), theirs: String(bytes.length) }
  if (o.status !== 'ok') return { what: 'notInTable', ours: o.form ?? '', theirs: c.code }
  if (o.mnemonic !== c.mnemonic) return { what: 'mnemonic', ours: o.mnemonic, theirs: c.mnemonic }
  return compareOperands(c, i, o, sizes)
}

export function icedDecoderTally(files: ReadonlyMap<string, string>): Tally<IcedCase> {
  const tally = new Tally<IcedCase>('iced decoder vectors', ICED_DIFFERENCES)
  const sizes = memorySizes(files)
  const i = new Instruction()
  for (const c of icedCases(files)) {
    const decoder = new Decoder(c.mode, { vendor: /decopt=AMD/.test(c.rest) ? 'amd' : 'intel' })
    const bytes = hexBytes(c.hex)
    i.ipLo = Number(BigInt.asIntN(32, addressOf(c)))
    i.ipHi = Number(BigInt.asIntN(32, addressOf(c) >> 32n))
    decoder.decode(i, bytes)
    tally.add(c, compare(c, i, instructionObject(i, bytes, 0), sizes))
  }
  return tally
}

export interface MemoryCase {
  readonly mode: 16 | 32 | 64
  readonly line: string
}

/** `hex, code, register, prefix, segment, base, index, scale, displacement, displacement bytes, constant offsets`. */
export function icedMemoryTally(files: ReadonlyMap<string, string>): Tally<MemoryCase> {
  const tally = new Tally<MemoryCase>('iced memory operand vectors', [
    {
      id: 'later',
      why: 'EVEX and XOP come later',
      covers: (d) => d.what === 'notInTable' && /, (EVEX|XOP|MVEX)_/.test(d.case.line),
    },
  ])
  const i = new Instruction()
  for (const mode of [16, 32, 64] as const) {
    for (const line of (files.get(`${FOLDER}Decoder/MemoryTest${mode}.txt`) ?? '').split('\n')) {
      if (line === '' || line.startsWith('#')) continue
      const [hex = '', code = '', , , segment, base, index, scale = '0', disp = '0', , offsets = ''] = line
        .split(',')
        .map((s) => s.trim())
      const bytes = hexBytes(hex)
      new Decoder(mode).decode(i, bytes)
      const o = instructionObject(i, bytes, 0)
      if (o.status !== 'ok') {
        tally.add({ mode, line }, { what: o.status, ours: o.status, theirs: code })
        continue
      }
      const m = o.operands.find((x) => x.kind === 'memory')
      const none = (r: string | undefined) => (r === 'none' ? null : r)
      const size = i.addressSize
      // iced gives the target of a RIP-relative operand at address 0 as displacement.
      const relative = i.base === 16 ? BigInt(i.length) : 0n
      const at = offsets.split(';').map(Number)
      const ours =
        m?.kind === 'memory'
          ? [
              m.segment,
              m.base,
              m.index,
              i.scale,
              BigInt.asUintN(size, m.displacement).toString(16),
              i.dispBytes ? i.dispOffset : 0,
              i.dispBytes,
            ]
          : []
      const target = BigInt.asUintN(size, BigInt(disp) - relative - (i.base === 16 ? ADDRESS[mode] : 0n))
      const theirs = [segment, none(base), none(index), Number(scale), target.toString(16), at[4], at[5]]
      tally.add(
        { mode, line },
        ours.join() === theirs.join() ? null : { what: 'memory', ours: ours.join(), theirs: theirs.join() },
      )
    }
  }
  return tally
}

export const statusName = (s: number): string => Object.keys(Status)[s] ?? '?'
