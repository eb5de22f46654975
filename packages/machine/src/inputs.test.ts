import { describe, expect, it } from 'vitest'
import { Inputs } from './inputs.ts'

const bytes = (text: string) => new TextEncoder().encode(text)

function connected() {
  const inputs = new Inputs()
  const got: string[] = []
  inputs.connect('a', (data) => got.push(`a${new TextDecoder().decode(data)}`))
  inputs.connect('b', (data) => got.push(`b${new TextDecoder().decode(data)}`))
  return { inputs, got }
}

describe('inputs', () => {
  it('take effect where the machine looks, in their order', () => {
    const { inputs, got } = connected()
    inputs.push('a', bytes('1'))
    inputs.push('b', bytes('2'))
    expect(got).toEqual([])
    inputs.apply(10)
    expect(got).toEqual(['a1', 'b2'])
  })

  it('are replayed at the times, and in the turns, at which they took effect', () => {
    const live = connected()
    live.inputs.record()
    live.inputs.apply(10)
    live.inputs.push('a', bytes('1'))
    live.inputs.apply(10)
    live.inputs.apply(25)
    live.inputs.push('b', bytes('2'))
    live.inputs.apply(40)
    const { inputs, got } = connected()
    inputs.replay(live.inputs.recorded)
    inputs.push('a', bytes('ignored'))
    expect(inputs.nextNs).toBe(10)
    inputs.apply(10)
    expect(got).toEqual([])
    inputs.apply(10)
    expect(got).toEqual(['a1'])
    expect(inputs.nextNs).toBe(40)
    inputs.apply(40)
    expect(got).toEqual(['a1', 'b2'])
    expect(inputs.nextNs).toBe(Number.POSITIVE_INFINITY)
  })

  it('of a recording that the machine has passed are found out', () => {
    const { inputs } = connected()
    inputs.replay([{ atNs: 5, turn: 0, channel: 'a', bytes: bytes('1') }])
    expect(() => inputs.apply(6)).toThrow(/cannot take effect/)
  })

  it('go to channels that exist', () => {
    expect(() => connected().inputs.push('c')).toThrow(/use one of a, b/)
  })
})
