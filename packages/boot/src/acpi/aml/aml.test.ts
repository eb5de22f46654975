import { expect, it } from 'vitest'
import * as aml from './index.ts'

const hex = ({ bytes }: { readonly bytes: Uint8Array }) =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ')
const throwsAml = expect.objectContaining({ name: 'BootError', code: 'boot.aml' })

it('writes integers as short as they can be', () => {
  expect([0, 1, 2, 255, 256, 0xffff, 0x10000, 0xffffffff].map((n) => hex(aml.integer(n)))).toEqual([
    '00',
    '01',
    '0a 02',
    '0a ff',
    '0b 00 01',
    '0b ff ff',
    '0c 00 00 01 00',
    '0c ff ff ff ff',
  ])
  expect(hex(aml.integer(2 ** 40))).toBe('0e 00 00 00 00 00 01 00 00')
  expect(() => aml.integer(-1)).toThrow(throwsAml)
  expect(() => aml.integer(2 ** 53)).toThrow(throwsAml)
})

it('writes names with one, two and more segments, from the root and from parents', () => {
  const names = ['A', '\\_SB.PCI0', '^^X1.Y2.Z3', '\\', '^'].map((name) => hex(aml.reference(name)))
  expect(names).toEqual([
    '41 5f 5f 5f',
    '5c 2e 5f 53 42 5f 50 43 49 30',
    '5e 5e 2f 03 58 31 5f 5f 59 32 5f 5f 5a 33 5f 5f',
    '5c 00',
    '5e 00',
  ])
  for (const wrong of ['', 'TOOLONG', 'a', '1A', 'A..B', 'A.', '\\^A'])
    expect(() => aml.reference(wrong)).toThrow(throwsAml)
})

it('counts the bytes of a length in the length', () => {
  const lengthOf = (bytes: number) => hex({ bytes: aml.buffer(new Uint8Array(bytes)).bytes.subarray(1, 5) })
  // 60 bytes and their count of 2 and the length itself: 63, the last that one byte holds.
  expect(lengthOf(60)).toBe('3f 0a 3c 00')
  expect(lengthOf(61)).toBe('41 04 0a 3d')
  expect(lengthOf(4090)).toBe('4f ff 0b fa')
  expect(lengthOf(4091)).toBe('81 00 01 0b')
})

it('mixes the bytes of identifiers as ACPI does', () => {
  expect(hex(aml.eisaId('PNP0A03'))).toBe('0c 41 d0 0a 03')
  expect(hex(aml.uuid('33db4d5b-1ff7-401c-9657-7441c03dd766'))).toBe(
    '11 13 0a 10 5b 4d db 33 f7 1f 1c 40 96 57 74 41 c0 3d d7 66',
  )
  expect(() => aml.eisaId('PNP0a03')).toThrow(throwsAml)
  expect(() => aml.uuid('33db4d5b')).toThrow(throwsAml)
  expect(() => aml.packageOf(Array.from({ length: 256 }, () => aml.integer(0)))).toThrow(throwsAml)
})
