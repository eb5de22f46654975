import { describe, expect, it } from 'vitest'
import { parseOptions } from './options.ts'

const textOf = (args: readonly string[]) => {
  const result = parseOptions(args, false)
  if (!('text' in result)) throw new Error('options, and no text')
  return result
}

describe('parseOptions', () => {
  it('measures everything in 64 bits where nothing is said', () => {
    expect(parseOptions([], false)).toMatchObject({
      ...{ rows: [], peers: ['qemu', 'v86', 'native'], bits: [64], runs: 1, work: 1, engine: 'auto' },
      ...{ bin: undefined, json: undefined, chart: undefined },
    })
  })

  it('takes rows, lists and numbers', () => {
    const args = ['alu', 'div', '--peers', 'qemu,native', '--bits', '64,32', '--runs', '3', '--work', '0.5']
    expect(parseOptions(args, false)).toMatchObject({
      ...{ rows: ['alu', 'div'], peers: ['qemu', 'native'], bits: [64, 32], runs: 3, work: 0.5 },
    })
  })

  it('finds the file that the runner leaves of --json', () => {
    expect(parseOptions(['alu', 'out.json'], true)).toMatchObject({ rows: ['alu'], json: 'out.json' })
    expect(parseOptions(['alu'], true)).toMatchObject({ rows: ['alu'], json: '-' })
  })

  it.each([
    [['nosuch'], /there is no row nosuch: .*\balu\b/],
    [['--peers', 'vmware'], /vmware is none of qemu, v86, native/],
    [['--bits', '16'], /16 is none of 64, 32/],
    [['--runs', '0'], /--runs wants a number above 0/],
    [['--work', 'much'], /--work wants a number above 0/],
    [['--unknown'], /--unknown/],
  ])('refuses %j', (args, message) => {
    const { text, isError } = textOf(args)
    expect(isError).toBe(true)
    expect(text).toMatch(message)
  })

  it('lists the rows', () => {
    const { text, isError } = textOf(['--list'])
    expect(isError).toBe(false)
    expect(text).toMatch(/^alu +compute/m)
  })
})
