import { describe, expect, it } from 'vitest'
import { decodePlain, encodePlain } from './plain-data.ts'

const DATA = {
  text: 'ä "quoted"',
  numbers: [0, -1, 1.5, 2 ** 52],
  nothing: null,
  bytes: Uint8Array.of(1, 2, 3),
  nested: [{ words: Uint32Array.of(0xffffffff, 7), empty: new Uint8Array(0) }],
}
const read = (bytes: Uint8Array, kind = 'machine') => decodePlain(kind, bytes, 'machine.snapshot')

describe('plain data in a file', () => {
  it('comes back as it was, from any place in a buffer', () => {
    const bytes = encodePlain('machine', DATA)
    expect(read(bytes)).toEqual(DATA)
    const shifted = new Uint8Array(bytes.length + 3)
    shifted.set(bytes, 3)
    expect(read(shifted.subarray(3))).toEqual(DATA)
  })

  it.each([
    ['nothing', () => new Uint8Array(0), /does not begin as one/],
    ['another file', () => new TextEncoder().encode('x'.repeat(100)), /does not begin as one/],
    ['a part', (bytes: Uint8Array) => bytes.slice(0, -8), /cut off/],
    [
      'more than all',
      (bytes: Uint8Array) => Uint8Array.from([...bytes, ...new Array(8).fill(0)]),
      /cut off or overlong/,
    ],
    ['another kind', () => encodePlain('other', DATA), /it holds "other"/],
    ['another version', (bytes: Uint8Array) => bytes.with(8, 99), /of version 99/],
  ])('refuses %s, and says why', (_, change, message) => {
    const bytes = change(encodePlain('machine', DATA))
    expect(() => read(bytes)).toThrow(message)
  })

  it('finds a change of any bit', () => {
    const bytes = encodePlain('machine', DATA)
    for (let at = 0; at < bytes.length; at++)
      for (const bit of [1, 128]) {
        const changed = bytes.with(at, (bytes[at] as number) ^ bit)
        expect(() => read(changed), `byte ${at}`).toThrow(/this is no snapshot/)
      }
  })
})
