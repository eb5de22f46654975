/** What every `Timeline` must do: devices on it do the same things at the same times, whatever it is made of. */
import type { Timeline } from '@ringfold/contracts'
import { type Check, expectSame } from './check.ts'

/** A timeline of some kind, and how to let time pass on it. */
export interface TimelineSubject {
  readonly timeline: Timeline
  advance(byNs: number): void
}

/** Names of timers and the times at which they fired. */
class Log {
  readonly entries: string[] = []

  expect(...wanted: readonly string[]): void {
    expectSame('what fired', wanted.join(', '), this.entries.join(', '))
  }
}

type Make = () => TimelineSubject

function firesAtItsTime(make: Make): void {
  const { timeline, advance } = make()
  const log = new Log()
  const start = timeline.nowNs
  const timer = timeline.timer(() => log.entries.push(`a at ${timeline.nowNs - start}`))
  timer.arm(start + 100)
  expectSame('isArmed', 'true', String(timer.isArmed))
  advance(99)
  log.expect()
  advance(1)
  log.expect('a at 100')
  expectSame('isArmed', 'false', String(timer.isArmed))
  advance(1000)
  log.expect('a at 100')
}

function firesInOrder(make: Make): void {
  const { timeline, advance } = make()
  const log = new Log()
  const start = timeline.nowNs
  const [a, b, c] = ['a', 'b', 'c'].map((name) => timeline.timer(() => log.entries.push(name)))
  c?.arm(start + 10)
  b?.arm(start + 20)
  a?.arm(start + 20)
  advance(50)
  log.expect('c', 'a', 'b')
}

function replacesAndDisarms(make: Make): void {
  const { timeline, advance } = make()
  const log = new Log()
  const start = timeline.nowNs
  const timer = timeline.timer(() => log.entries.push(`at ${timeline.nowNs - start}`))
  timer.arm(start + 10)
  timer.arm(start + 30)
  advance(20)
  log.expect()
  advance(20)
  log.expect('at 30')
  timer.arm(start + 60)
  timer.disarm()
  expectSame('dueNs', 'Infinity', String(timer.dueNs))
  advance(100)
  log.expect('at 30')
}

function armsFromWithin(make: Make): void {
  const { timeline, advance } = make()
  const log = new Log()
  const start = timeline.nowNs
  const timer = timeline.timer(() => {
    log.entries.push(String(timeline.nowNs - start))
    if (timeline.nowNs - start < 40) timer.arm(timeline.nowNs + 10)
  })
  timer.arm(start + 10)
  advance(100)
  log.expect('10', '20', '30', '40')
}

function firesWhatIsOverdue(make: Make): void {
  const { timeline, advance } = make()
  const log = new Log()
  advance(1000)
  const now = timeline.nowNs
  timeline.timer(() => log.entries.push('a')).arm(now - 500)
  advance(1)
  log.expect('a')
  expectSame('nowNs', String(now + 1), String(timeline.nowNs))
}

/** The suite of a timeline. Each check makes one of its own. */
export function timelineChecks(make: Make): readonly Check[] {
  const check = (name: string, run: (make: Make) => void): Check => ({ name, run: () => run(make) })
  return [
    check('fires a timer once, at its time', firesAtItsTime),
    check('fires timers in the order of their times, then of their making', firesInOrder),
    check('forgets what is replaced or disarmed', replacesAndDisarms),
    check('lets a timer be armed while it fires', armsFromWithin),
    check('fires what is overdue as soon as time passes', firesWhatIsOverdue),
  ]
}
