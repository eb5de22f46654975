/** What every `InterruptSource` must do: interrupts are taken once each, by priority, and those in service hold lower ones back. */
import type { InterruptSource } from '@ringfold/contracts'
import { type Check, expectSame } from './check.ts'

/** A controller with three requests that software has let through. */
export interface InterruptSubject {
  readonly source: InterruptSource
  /** Makes a request of lowest, middle or highest priority: 0, 1, 2. An edge, which needs no more care. */
  request(level: 0 | 1 | 2): void
  /** The vectors of these requests. */
  readonly vectors: readonly [number, number, number]
  /** Software ends the interrupt that is in service. */
  endOfInterrupt(): void
}

type Make = () => InterruptSubject

const expectPending = (what: string, { source }: InterruptSubject, wanted: boolean): void =>
  expectSame(`${what}: pending`, String(wanted), String(source.isPending()))

function expectTaken(what: string, { source, vectors }: InterruptSubject, level: 0 | 1 | 2): void {
  expectSame(`${what}: the vector`, String(vectors[level]), String(source.acknowledge()))
}

function beginsSilent(make: Make): void {
  expectPending('at first', make(), false)
}

function takesOnce(make: Make): void {
  const subject = make()
  subject.request(1)
  expectPending('after a request', subject, true)
  expectPending('asked once more', subject, true)
  expectTaken('taken', subject, 1)
  expectPending('after it was taken', subject, false)
  subject.endOfInterrupt()
  expectPending('after its end', subject, false)
}

function takesByPriority(make: Make): void {
  const subject = make()
  for (const level of [1, 0, 2] as const) subject.request(level)
  for (const level of [2, 1, 0] as const) {
    expectPending(`request ${level}`, subject, true)
    expectTaken(`request ${level}`, subject, level)
    expectPending(`while ${level} is in service`, subject, false)
    subject.endOfInterrupt()
  }
  expectPending('at the end', subject, false)
}

function nests(make: Make): void {
  const subject = make()
  subject.request(0)
  expectTaken('the lowest', subject, 0)
  subject.request(2)
  expectPending('a higher one while a lower is in service', subject, true)
  expectTaken('the highest', subject, 2)
  subject.request(1)
  expectPending('a lower one while a higher is in service', subject, false)
  subject.endOfInterrupt()
  expectPending('after the end of the highest', subject, true)
  expectTaken('the middle', subject, 1)
}

function repeats(make: Make): void {
  const subject = make()
  for (let round = 0; round < 3; round++) {
    subject.request(1)
    expectTaken(`round ${round}`, subject, 1)
    subject.endOfInterrupt()
  }
  subject.request(1)
  expectTaken('taken', subject, 1)
  subject.request(1)
  expectPending('the same while it is in service', subject, false)
  subject.endOfInterrupt()
  expectPending('the same after its end', subject, true)
}

/** The suite of an interrupt source. Each check makes one of its own. */
export function interruptSourceChecks(make: Make): readonly Check[] {
  const check = (name: string, run: (make: Make) => void): Check => ({ name, run: () => run(make) })
  return [
    check('is silent at first', beginsSilent),
    check('gives each request once', takesOnce),
    check('gives the highest priority first', takesByPriority),
    check('lets higher priorities interrupt, and holds lower ones back', nests),
    check('takes the same request again and again', repeats),
  ]
}
