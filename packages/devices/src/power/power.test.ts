import { ManualTimeline } from '@ringfold/testkit'
import { describe, expect, it } from 'vitest'
import { ACPI_PM, AcpiPm, PM_TIMER_HZ } from './index.ts'

function pm() {
  const timeline = new ManualTimeline()
  const events: string[] = []
  let sci = false
  const device = new AcpiPm({
    timeline,
    sci: {
      set: (level) => {
        sci = level
      },
    },
    powerOff: (type) => events.push(`off ${type}`),
    reset: () => events.push('reset'),
  })
  return { timeline, events, device, sci: () => sci }
}

describe('ACPI power management', () => {
  it('is handed over by the SMI command', () => {
    const { device } = pm()
    expect(device.control.read(0, 2) & 1).toBe(0)
    device.smiCommand.write(0, 1, ACPI_PM.ENABLE)
    expect(device.control.read(0, 2) & 1).toBe(1)
    device.smiCommand.write(0, 1, ACPI_PM.DISABLE)
    expect(device.control.read(0, 2) & 1).toBe(0)
  })

  it('interrupts for the power button where that is enabled, until its status is cleared', () => {
    const { device, sci } = pm()
    device.smiCommand.write(0, 1, ACPI_PM.ENABLE)
    device.pressPowerButton()
    expect([device.event.read(0, 2), sci()]).toEqual([0x100, false])
    device.event.write(2, 2, 0x100)
    expect(sci()).toBe(true)
    device.event.write(1, 1, 1)
    expect([device.event.read(0, 2), sci(), device.event.read(2, 2)]).toEqual([0, false, 0x100])
  })

  it('switches off in S5, and resets at the edge of bit 2', () => {
    const { device, events } = pm()
    device.control.write(0, 2, 0x2000 | (ACPI_PM.S5_TYPE << 10))
    device.resetControl.write(0, 1, 2)
    device.resetControl.write(0, 1, 6)
    device.resetControl.write(0, 1, 6)
    expect(events).toEqual([`off ${ACPI_PM.S5_TYPE}`, 'reset'])
  })

  it('has a timer of 32 bits, which interrupts when bit 31 changes', () => {
    const { timeline, device, sci } = pm()
    device.smiCommand.write(0, 1, ACPI_PM.ENABLE)
    device.event.write(2, 2, 1)
    timeline.advance(1e9)
    expect(device.timer.read(0, 4)).toBe(PM_TIMER_HZ)
    timeline.advance(598.9e9)
    expect(sci()).toBe(false)
    timeline.advance(1e9)
    expect([sci(), device.event.read(0, 2) & 1]).toEqual([true, 1])
  })

  it('goes on from its state', () => {
    const { timeline, device } = pm()
    device.smiCommand.write(0, 1, ACPI_PM.ENABLE)
    device.event.write(2, 2, 0x101)
    timeline.advance(100e9)
    const other = pm()
    other.timeline.advance(100e9)
    other.device.restore(structuredClone(device.state()))
    timeline.advance(500e9)
    other.timeline.advance(500e9)
    expect([other.sci(), other.device.state()]).toEqual([true, device.state()])
  })
})
