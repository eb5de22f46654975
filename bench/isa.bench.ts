/**
 * Decoding, reading and formatting, against the wasm build of iced-x86 in the same process: `npm run -s bench -- isa`.
 * The text is the first 20 MB of the executable sections of Node's own binary.
 */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import {
  branchTargetHi,
  branchTargetLo,
  Decoder,
  Instruction,
  memoryBase,
  memoryIndex,
  memoryScale,
  OperandKind,
  operandCount,
  operandImmediateHi,
  operandImmediateLo,
  operandKind,
  operandRegister,
} from '@ringfold/isa/decoder'
import { Formatter } from '@ringfold/isa/formatter'
import { executableSections } from '../conformance/isa-peers/binaries.ts'
import { type Contender, compare, printComparisons } from './measure.ts'

const require = createRequire(import.meta.resolve('@ringfold/isa'))
const iced = require('iced-x86') as typeof import('iced-x86')

const MEGABYTES = 20
/**
 * A round sweeps one piece with every contender in turn: what disturbs a shared machine for a second then disturbs single rounds, which
 * the median leaves out, or all contenders alike.
 */
const PIECES = 10

function text(): Uint8Array {
  const sections = executableSections(readFileSync(process.execPath))
  const largest = sections.reduce((a, b) => (b.length > a.length ? b : a))
  return largest.slice(0, MEGABYTES << 20)
}

const piecesOf = (bytes: Uint8Array): Uint8Array[] => {
  const size = bytes.length / PIECES
  return Array.from({ length: PIECES }, (_, n) => bytes.slice(n * size, (n + 1) * size))
}

/** A contender that sweeps the next piece each time that it is run. */
function sweeping(name: string, pieces: readonly Uint8Array[], sweep: (piece: Uint8Array) => number): Contender {
  let runs = 0
  return { name, run: () => sweep(pieces[runs++ % PIECES] as Uint8Array) }
}

/** Runs `each` on every instruction; invalid bytes count as one. */
function sweepOurs(bytes: Uint8Array, each: (i: Instruction) => number): number {
  const decoder = new Decoder(64)
  const i = new Instruction()
  let sum = 0
  for (let p = 0; p < bytes.length; ) {
    i.ipLo = p
    const status = decoder.decode(i, bytes, p, bytes.length)
    sum = (sum + each(i)) | 0
    p += status === 2 ? 1 : i.length
  }
  return sum
}

function sweepIced(bytes: Uint8Array, each: (i: InstanceType<typeof iced.Instruction>) => number): number {
  const decoder = new iced.Decoder(64, bytes, iced.DecoderOptions.None)
  const i = new iced.Instruction()
  let sum = 0
  while (decoder.canDecode) {
    decoder.decodeOut(i)
    sum = (sum + each(i)) | 0
  }
  i.free()
  decoder.free()
  return sum
}

/** Form, operand kinds, registers, memory parts and immediates: everything that a translator asks. */
function readOurs(i: Instruction): number {
  let sum = i.form
  const count = operandCount(i)
  for (let n = 0; n < count; n++) {
    const kind = operandKind(i, n)
    sum += kind
    if (kind === OperandKind.register) sum += operandRegister(i, n)
    else if (kind === OperandKind.memory)
      sum += memoryBase(i, n) + memoryIndex(i, n) + memoryScale(i) + i.dispLo + i.dispHi
    else if (kind === OperandKind.relative) sum += branchTargetLo(i) + branchTargetHi(i)
    else sum += operandImmediateLo(i, n) + operandImmediateHi(i, n)
  }
  return sum
}

/** The same through iced's getters; the ones that give numbers where there are some. */
function readIced(i: InstanceType<typeof iced.Instruction>): number {
  const K = iced.OpKind
  let sum: number = i.code
  const count = i.opCount
  for (let n = 0; n < count; n++) {
    const kind = i.opKind(n)
    sum += kind
    if (kind === K.Register) sum += i.opRegister(n)
    else if (kind === K.Memory)
      sum += i.memoryBase + i.memoryIndex + i.memoryIndexScale + Number(i.memoryDisplacement & 0xffffffffn)
    else if (kind === K.NearBranch64) sum += Number(i.nearBranch64 & 0xffffffffn)
    else if (kind === K.Immediate8) sum += i.immediate8
    else if (kind === K.Immediate32) sum += i.immediate32
    else if (kind === K.Immediate8to32) sum += i.immediate8to32
    else if (kind === K.Immediate16) sum += i.immediate16
    else if (kind === K.Immediate8to64 || kind === K.Immediate32to64 || kind === K.Immediate64)
      sum += Number(i.immediate(n) & 0xffffffffn)
  }
  return sum
}

/** Reads a character, so that a string that is still a tree of parts is put together. */
const flat = (text: string): number => text.charCodeAt(text.length - 1)

function formatContenders(pieces: readonly Uint8Array[]): Contender[] {
  const formatter = new Formatter({ syntax: 'intel' })
  const att = new Formatter({ syntax: 'att' })
  const fast = new iced.FastFormatter()
  const full = new iced.Formatter(iced.FormatterSyntax.Intel)
  return [
    sweeping('iced-x86 wasm, FastFormatter', pieces, (piece) => sweepIced(piece, (i) => flat(fast.format(i)))),
    sweeping('iced-x86 wasm, Formatter', pieces, (piece) => sweepIced(piece, (i) => flat(full.format(i)))),
    sweeping('ringfold, Intel', pieces, (piece) => sweepOurs(piece, (i) => flat(formatter.format(i)))),
    sweeping('ringfold, AT&T', pieces, (piece) => sweepOurs(piece, (i) => flat(att.format(i)))),
  ]
}

export function run(options: { readonly json: boolean }): boolean {
  const bytes = text()
  let instructions = 0
  sweepIced(bytes, () => ++instructions && 0)
  const pieces = piecesOf(bytes)
  const sweeps = (count: number, warmup: number) => ({
    unitsPerRun: instructions / PIECES,
    unit: 'instructions',
    rounds: count * PIECES,
    warmupRounds: warmup * PIECES,
  })
  const comparisons = [
    compare(
      `decode ${MEGABYTES} MB`,
      [
        sweeping('iced-x86 wasm', pieces, (piece) => sweepIced(piece, () => 1)),
        sweeping('ringfold', pieces, (piece) => sweepOurs(piece, () => 1)),
      ],
      sweeps(7, 2),
    ),
    compare(
      `decode and read ${MEGABYTES} MB`,
      [
        sweeping('iced-x86 wasm', pieces, (piece) => sweepIced(piece, readIced)),
        sweeping('ringfold', pieces, (piece) => sweepOurs(piece, readOurs)),
      ],
      sweeps(7, 2),
    ),
    compare(`decode and format ${MEGABYTES} MB`, formatContenders(pieces), sweeps(3, 1)),
  ]
  printComparisons(comparisons, options)
  return true
}
