import { timelineChecks } from '@ringfold/testkit'
import { describe, expect, it } from 'vitest'
import { MachineTime } from './time.ts'

/** Time that passes as a machine lets it: from one timer to the next. */
function subject() {
  const time = new MachineTime(
    () => 0,
    () => undefined,
  )
  const advance = (byNs: number) => {
    const end = time.nowNs + byNs
    for (;;) {
      const next = Math.min(end, Math.max(time.nextNs, time.nowNs))
      time.skip(next - time.nowNs)
      time.fireDue()
      if (time.nowNs === end) return
    }
  }
  return { timeline: time, advance }
}

describe('the time of a machine', () => {
  it.each(timelineChecks(subject).map((check) => [check.name, check] as const))('%s', (_, check) => check.run())

  it('is the instructions that were retired, and what was skipped', () => {
    let retired = 0
    const time = new MachineTime(
      () => retired,
      () => undefined,
    )
    retired = 2 ** 32 + 5
    time.skip(10)
    expect([time.nowNs, time.tscLo(), time.tscHi()]).toEqual([2 ** 32 + 15, 15, 1])
  })

  it('does not pass the time of a timer that waits for something', async () => {
    const { timeline: time } = subject()
    let fired = 0
    let ready = () => {}
    const timer = time.timer(() => fired++)
    timer.arm(
      5,
      new Promise<void>((resolve) => {
        ready = resolve
      }),
    )
    expect(time.awaited).toBeUndefined()
    time.skip(5)
    expect(time.awaited).toBeDefined()
    time.fireDue()
    expect(fired).toBe(0)
    ready()
    await time.awaited
    await Promise.resolve()
    time.fireDue()
    expect(fired).toBe(1)
  })

  it('stops the processor for a timer that is due before the stretch is over', () => {
    let stops = 0
    const time = new MachineTime(
      () => 0,
      () => stops++,
    )
    const timer = time.timer(() => undefined)
    timer.arm(50)
    time.letRunUntil(100)
    timer.arm(200)
    expect(stops).toBe(0)
    timer.arm(60)
    expect(stops).toBe(1)
  })
})
