/** What every `NetBackend` must do: frames go through whole and in their order, or not at all. */
import type { NetBackend } from '@ringfold/contracts'
import { type Check, expectBytes, expectSame, patternBytes, TestkitError } from './check.ts'

/** A network card's cable, and what is at its other end. */
export interface NetSubject {
  readonly backend: NetBackend
  /** Sends a frame from there. */
  send(frame: Uint8Array): void | Promise<void>
  /** Frames that have arrived there. */
  readonly received: readonly Uint8Array[]
  /** Returns when what is under way has arrived. Absent: it does so at once. */
  readonly settled?: () => Promise<void>
}

type Make = () => NetSubject | Promise<NetSubject>

const HEADER_BYTES = 14
/** Whole frames: without data, the shortest and the longest of Ethernet, jumbo, and what segmentation offload makes at most. */
const SIZES = [HEADER_BYTES, 60, 61, 1514, 9014, 65_550] as const
const GUEST = [0x52, 0x54, 0, 0, 0, 1] as const
const PEER = [0x52, 0x54, 0, 0, 0, 2] as const

/** A frame for experiments (IEEE 802, 9.2.4 "local experimental EtherTypes"). */
function frame(to: readonly number[], from: readonly number[], sizeBytes: number): Uint8Array {
  const bytes = patternBytes(sizeBytes, sizeBytes)
  bytes.set([...to, ...from, 0x88, 0xb5])
  return bytes
}

const fromGuest = (sizeBytes: number) => frame(PEER, GUEST, sizeBytes)
const toGuest = (sizeBytes: number) => frame(GUEST, PEER, sizeBytes)

function expectFrames(what: string, wanted: readonly Uint8Array[], found: readonly Uint8Array[]): void {
  expectSame(`${what}: sizes`, wanted.map(({ length }) => length).join(), found.map(({ length }) => length).join())
  for (const [n, bytes] of wanted.entries()) expectBytes(`${what}: frame ${n}`, bytes, found[n] as Uint8Array)
}

async function sends({ backend, received, settled }: NetSubject): Promise<void> {
  const frames = SIZES.map(fromGuest)
  for (const bytes of frames) {
    const lent = bytes.slice()
    backend.send(lent)
    lent.fill(0)
  }
  await settled?.()
  expectFrames('what the guest sent', frames, received)
}

async function receives({ backend, send, settled }: NetSubject): Promise<void> {
  const found: Uint8Array[] = []
  backend.onReceive((bytes) => found.push(bytes))
  const frames = SIZES.map(toGuest)
  for (const bytes of frames) {
    const lent = bytes.slice()
    await send(lent)
    // What was received is the receiver's to keep.
    await settled?.()
    lent.fill(0)
  }
  expectFrames('what the guest received', frames, found)
}

async function goesBothWays(subject: NetSubject): Promise<void> {
  const { backend, settled } = subject
  const found: Uint8Array[] = []
  backend.onReceive((bytes) => {
    found.push(bytes)
    // A guest may answer from within.
    backend.send(fromGuest(bytes.length))
  })
  for (let sizeBytes = 60; sizeBytes < 80; sizeBytes++) await subject.send(toGuest(sizeBytes))
  await settled?.()
  await settled?.()
  const sizes = Array.from({ length: 20 }, (_, n) => 60 + n)
  expectFrames('what the guest received', sizes.map(toGuest), found)
  expectFrames('what the guest answered', sizes.map(fromGuest), subject.received)
}

/** What no wire carries is dropped, whole; what follows it arrives. */
async function survivesBadFrames({ backend, received, settled }: NetSubject): Promise<void> {
  const bad = [
    new Uint8Array(0),
    new Uint8Array(1),
    new Uint8Array(HEADER_BYTES - 1),
    fromGuest(65_551),
    fromGuest(1 << 20),
  ]
  for (const bytes of bad) {
    backend.send(bytes.slice())
    backend.send(fromGuest(100))
  }
  await settled?.()
  const good = received.filter(({ length }) => length === 100)
  expectFrames(
    'frames between bad ones',
    bad.map(() => fromGuest(100)),
    good,
  )
  const wasCut = received.some(({ length }) => length !== 100 && !bad.some((bytes) => bytes.length === length))
  if (wasCut) throw new TestkitError('a frame that cannot be carried arrived in part')
}

async function waitsForAReceiver({ backend, send, settled }: NetSubject): Promise<void> {
  await send(toGuest(60))
  await settled?.()
  const found: Uint8Array[] = []
  backend.onReceive((bytes) => found.push(bytes))
  await send(toGuest(61))
  await settled?.()
  // What came before may have been kept, or not.
  expectFrames('what came once there was a receiver', [toGuest(61)], found.slice(-1))
}

async function endsQuietly(make: Make): Promise<void> {
  const { backend, send, settled } = await make()
  backend.onReceive(() => undefined)
  await send(toGuest(60))
  await backend.close()
  backend.send(fromGuest(60))
  await settled?.()
}

/** The suite of a network back end. Each check makes one of its own, and closes it. */
export function netBackendChecks(make: Make): readonly Check[] {
  const check = (name: string, run: (subject: NetSubject) => Promise<void>): Check => ({
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
    check('carries frames of every size from the guest, and keeps no buffer that it was lent', sends),
    check('carries frames of every size to the guest, each the receiver’s to keep', receives),
    check('goes both ways at once', goesBothWays),
    check('drops what it cannot carry, whole, and without a throw', survivesBadFrames),
    check('takes frames before there is a receiver', waitsForAReceiver),
    { name: 'takes frames after its end without a throw', run: () => endsQuietly(make) },
  ]
}
