/** What every `ConsoleBackend` must do: bytes go through it as they are, in their order. */
import type { ConsoleBackend } from '@ringfold/contracts'
import { type Check, expectBytes, patternBytes } from './check.ts'

/** A console, and its other end. */
export interface ConsoleSubject {
  readonly backend: ConsoleBackend
  /** All that has come out at the other end. */
  output(): Uint8Array | Promise<Uint8Array>
  /** Types at the other end. Absent: nobody can. */
  readonly feed?: (bytes: Uint8Array) => void | Promise<void>
  /** Returns when what is under way has arrived. Absent: it does so at once. */
  readonly settled?: () => Promise<void>
  /** Bytes that mean something to the console itself when they are typed: an escape key. */
  readonly keptBytes?: readonly number[]
}

type Make = () => ConsoleSubject | Promise<ConsoleSubject>

const LARGE_BYTES = 40_000
const ALL_BYTES = Uint8Array.from({ length: 256 }, (_, byte) => byte)

async function expectOutput(subject: ConsoleSubject, wanted: readonly Uint8Array[]): Promise<void> {
  await subject.settled?.()
  expectBytes('the output', joined(wanted), await subject.output())
}

async function writes({ backend, ...rest }: ConsoleSubject): Promise<void> {
  const pieces = [patternBytes(1, 1), ALL_BYTES, new Uint8Array(0), patternBytes(1000, 2)]
  for (const piece of pieces) {
    const lent = piece.slice()
    backend.write(lent)
    // They were only lent.
    lent.fill(0)
  }
  await expectOutput({ backend, ...rest }, pieces)
}

async function writesMuch(subject: ConsoleSubject): Promise<void> {
  const large = patternBytes(LARGE_BYTES, 3)
  for (let at = 0; at < large.length; at += 777) subject.backend.write(large.subarray(at, at + 777))
  await expectOutput(subject, [large])
}

async function feeds(subject: ConsoleSubject): Promise<void> {
  const { backend, feed, keptBytes = [], settled } = subject
  if (feed === undefined) return
  const received: Uint8Array[] = []
  backend.onInput((bytes) => received.push(bytes.slice()))
  const pieces = [patternBytes(1, 4), ALL_BYTES, patternBytes(3000, 5)].map((bytes) =>
    bytes.filter((byte) => !keptBytes.includes(byte)),
  )
  for (const piece of pieces) await feed(piece.slice())
  await settled?.()
  expectBytes('the input', joined(pieces), joined(received))
}

async function goesBothWays(subject: ConsoleSubject): Promise<void> {
  const { backend, feed, settled } = subject
  if (feed === undefined) return
  // As a guest that echoes, from within.
  backend.onInput((bytes) => backend.write(bytes))
  const typed = [...'ls -l\r'].map((key) => Uint8Array.of(key.charCodeAt(0)))
  for (const key of typed) await feed(key)
  await settled?.()
  await expectOutput(subject, typed)
}

async function renamesTheReceiver({ backend, feed, settled }: ConsoleSubject): Promise<void> {
  if (feed === undefined) return
  const received: Uint8Array[] = []
  backend.onInput(() => received.push(new Uint8Array(1)))
  backend.onInput((bytes) => received.push(bytes.slice()))
  await feed(Uint8Array.of(0x61))
  await settled?.()
  expectBytes('the input of the last receiver named', Uint8Array.of(0x61), joined(received))
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const piece of pieces) {
    all.set(piece, at)
    at += piece.length
  }
  return all
}

/** The suite of a console back end. Each check makes one of its own, and closes it. */
export function consoleBackendChecks(make: Make): readonly Check[] {
  const check = (name: string, run: (subject: ConsoleSubject) => Promise<void>): Check => ({
    name,
    run: async () => {
      const subject = await make()
      try {
        await run(subject)
      } finally {
        await subject.backend.close()
      }
    },
  })
  return [
    check('puts out what is written, byte for byte, and keeps no buffer that it was lent', writes),
    check('puts out much, in order', writesMuch),
    check('hands on what is typed, byte for byte', feeds),
    check('goes both ways at once', goesBothWays),
    check('hands what is typed to the receiver that was named last', renamesTheReceiver),
  ]
}
