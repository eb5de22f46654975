import { EXCEPTION, FIELD } from '@ringfold/arch'
import type { WalkedPage } from '@ringfold/mmu'
import { codeBitsOf, decodeCode, MOST_INSTRUCTION_BYTES } from '../code-at.ts'
import { programCounter } from '../registers/general.ts'
import { registerBytes } from '../registers/table.ts'
import { hexOfBytes } from '../rsp/hex.ts'
import type { StubSession } from './session.ts'
import { consoleOutput } from './stop-reply.ts'
import { describeThread } from './thread-packets.ts'

interface Command {
  readonly usage: string
  readonly means: string
  run(session: StubSession, args: readonly string[]): string
}

/** `0x1234` or `1234`: always hexadecimal, or `$pc`. */
function parseAddress(session: StubSession, text: string | undefined): bigint | null {
  if (text === undefined || text === '$pc') return programCounter(session.registers())
  return /^(0x)?[0-9a-fA-F]{1,16}$/.test(text) ? BigInt(`0x${text.replace(/^0x/, '')}`) : null
}

function infoRegisters(session: StubSession): string {
  const access = session.registers()
  const lines = session.table.registers.map((register) => {
    const digits = register
      .read(access)
      .toString(16)
      .padStart(2 * registerBytes(register), '0')
    return `${register.name.padEnd(12)}${digits}\n`
  })
  const counter = `${'retired'.padEnd(12)}${access.state.readBig(FIELD.retired)}\n`
  return `${describeThread(session, session.thread)}\n${lines.join('')}${counter}`
}

function infoCpus(session: StubSession): string {
  let text = ''
  for (let n = 0; n < session.target.threads; n++)
    text += `${n === session.thread ? '*' : ' '} ${describeThread(session, n)}\n`
  return text
}

const hex = (value: bigint | number): string => `0x${value.toString(16)}`

function walk(session: StubSession, [text]: readonly string[]): string {
  const address = parseAddress(session, text)
  if (address === null) return `${text} is no address\n`
  const walked = session.target.walk(session.thread, address)
  if (walked === undefined) return `${hex(address)} is not canonical\n`
  const { levels, page, fault } = walked
  const lines = levels.map(
    ({ name, address, value, format }) =>
      `${name.padEnd(6)}at ${hex(address)}: ${hex(value)}  ${format.describe(value).join(' ')}\n`,
  )
  return `${lines.join('')}${hex(address)} ${page === undefined ? `is not mapped (${fault?.reason})` : pageText(page)}\n`
}

function pageText({ address, pageBytes, rights: { user, writable, executable } }: WalkedPage): string {
  const rights = [
    user ? 'user' : 'supervisor',
    writable ? 'writable' : 'read-only',
    executable ? 'executable' : 'not executable',
  ]
  return `-> physical ${hex(address)} (page of ${pageBytes} bytes; ${rights.join(', ')})`
}

const MOST_LINES = 200

function disassemble(session: StubSession, [from, count]: readonly string[]): string {
  const start = parseAddress(session, from)
  const lines = count === undefined ? 8 : Number(count)
  if (start === null || !(lines >= 1 && lines <= MOST_LINES)) return 'disas [ADDRESS|$pc] [1..200]\n'
  const bits = codeBitsOf(session.registers().state)
  let text = ''
  for (let n = 0, address = start; n < lines; n++) {
    const bytes = session.target.readMemory(session.thread, address, MOST_INSTRUCTION_BYTES)
    if (bytes.length === 0) return `${text}${hex(address)}: not mapped\n`
    const line = decodeCode(bytes, address, bits)
    text += `${hex(address)}:  ${hexOfBytes(bytes.subarray(0, line.lengthBytes)).padEnd(24)}${line.text}\n`
    address = BigInt.asUintN(64, address + BigInt(line.lengthBytes))
  }
  return text
}

function pc(session: StubSession, [mode]: readonly string[]): string {
  if (mode !== undefined && mode !== 'linear' && mode !== 'offset') return 'pc [linear|offset]\n'
  if (mode !== undefined) session.linearPc = mode === 'linear'
  return `rip is shown as ${session.linearPc ? 'the linear address CS.base + RIP' : 'the offset in CS'}\n`
}

function vectorOf(name: string): number | null {
  const exception = Object.entries(EXCEPTION).find(([known]) => known.slice(1) === name.replace('#', '').toUpperCase())
  if (exception !== undefined) return exception[1].vector
  return /^\d{1,3}$/.test(name) && Number(name) < 256 ? Number(name) : null
}

function catchExceptions(session: StubSession, names: readonly string[]): string {
  const vectors = names[0] === 'off' ? [] : names.map(vectorOf)
  if (names.length === 0 || vectors.includes(null)) return 'catch off | #PF #GP 14 ...\n'
  if (session.target.catchExceptions === undefined) return 'this machine cannot catch exceptions\n'
  session.target.catchExceptions(new Set(vectors as number[]))
  return vectors.length === 0 ? 'no exceptions are caught\n' : `stops at handlers of ${names.join(' ')}\n`
}

function reset(session: StubSession): string {
  if (session.target.reset === undefined) return 'this machine cannot be reset\n'
  session.target.reset()
  return 'reset; `maint flush register-cache` or a `stepi` shows it\n'
}

const COMMANDS: ReadonlyMap<string, Command> = new Map<string, Command>([
  ['info registers', { usage: 'info registers', means: 'all registers of the present processor', run: infoRegisters }],
  ['info cpus', { usage: 'info cpus', means: 'the processors', run: infoCpus }],
  ['info tlb', { usage: 'info tlb ADDRESS', means: 'the same as walk', run: walk }],
  ['walk', { usage: 'walk ADDRESS', means: 'how an address is translated, entry by entry', run: walk }],
  ['disas', { usage: 'disas [ADDRESS] [COUNT]', means: 'code, in the size that CS says', run: disassemble }],
  ['pc', { usage: 'pc [linear|offset]', means: 'what rip shows outside 64-bit mode', run: pc }],
  ['catch', { usage: 'catch off|VECTORS', means: 'stop where exceptions are delivered', run: catchExceptions }],
  ['reset', { usage: 'reset', means: 'the state after power-up', run: reset }],
])

function help(): string {
  const lines = [...COMMANDS.values()].map(({ usage, means }) => `${usage.padEnd(26)}${means}\n`)
  return `Addresses are hexadecimal.\n${lines.join('')}`
}

/** Characters of output in one packet. */
const CHUNK = 0x1000

/** Runs a command and sends its output. */
export function runMonitor(session: StubSession, line: string): string {
  const words = line.trim().split(/\s+/)
  const two = COMMANDS.get(words.slice(0, 2).join(' '))
  const command = two ?? COMMANDS.get(words[0] ?? '')
  const text = command?.run(session, words.slice(two === undefined ? 1 : 2)) ?? help()
  for (let start = 0; start < text.length; start += CHUNK)
    session.notify(consoleOutput(text.slice(start, start + CHUNK)))
  return 'OK'
}
