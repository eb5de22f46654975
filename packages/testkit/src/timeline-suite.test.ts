import { describe, it } from 'vitest'
import { ManualTimeline } from './manual-timeline.ts'
import { timelineChecks } from './timeline-suite.ts'

describe('a timeline that is moved by hand', () => {
  const checks = timelineChecks(() => {
    const timeline = new ManualTimeline()
    return { timeline, advance: (byNs) => timeline.advance(byNs) }
  })
  it.each(checks.map((check) => [check.name, check] as const))('%s', (_, check) => check.run())
})
