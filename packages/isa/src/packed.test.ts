import { expect, it } from 'vitest'
import { pack, unpack } from './packed.ts'

it('gives back every number up to 32 bits', () => {
  const values = [0, 1, 31, 32, 1023, 1024, 65535, 0x7fffffff, 0x80000000, 0xffffffff]
  expect([...unpack(new Uint32Array(values.length), pack(values))]).toEqual(values)
  expect([...unpack(new Int8Array(2), pack([-1, 7]))]).toEqual([-1, 7])
})
