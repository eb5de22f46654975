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

function text(): Uint8Array {
  const sections = executableSections(readFileSync(process.execPath))
  const largest = sections.reduce((a, b) => (b.length > a.length ? b : a))
  return largest.slice(0, MEGABYTES << 20)
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

function formatContenders(bytes: Uint8Array): Contender[] {
  const formatter = new Formatter({ syntax: 'intel' })
  const att = new Formatter({ syntax: 'att' })
  const fast = new iced.FastFormatter()
  const full = new iced.Formatter(iced.FormatterSyntax.Intel)
  return [
    { name: 'iced-x86 wasm, FastFormatter', run: () => sweepIced(bytes, (i) => flat(fast.format(i))) },
    { name: 'iced-x86 wasm, Formatter', run: () => sweepIced(bytes, (i) => flat(full.format(i))) },
    { name: 'ringfold, Intel', run: () => sweepOurs(bytes, (i) => flat(formatter.format(i))) },
    { name: 'ringfold, AT&T', run: () => sweepOurs(bytes, (i) => flat(att.format(i))) },
  ]
}

export function run(options: { readonly json: boolean }): boolean {
  const bytes = text()
  let instructions = 0
  sweepIced(bytes, () => ++instructions && 0)
  const measure = { unitsPerRun: instructions, unit: 'instructions', rounds: 7, warmupRounds: 2 }
  const comparisons = [
    compare(
      `decode ${MEGABYTES} MB`,
      [
        { name: 'iced-x86 wasm', run: () => sweepIced(bytes, () => 1) },
        { name: 'ringfold', run: () => sweepOurs(bytes, () => 1) },
      ],
      measure,
    ),
    compare(
      `decode and read ${MEGABYTES} MB`,
      [
        { name: 'iced-x86 wasm', run: () => sweepIced(bytes, readIced) },
        { name: 'ringfold', run: () => sweepOurs(bytes, readOurs) },
      ],
      measure,
    ),
    compare(`decode and format ${MEGABYTES} MB`, formatContenders(bytes), { ...measure, rounds: 3, warmupRounds: 1 }),
  ]
  printComparisons(comparisons, options)
  return true
}
