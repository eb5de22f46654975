import { readElf } from '@ringfold/boot/elf'
import { describe, expect, it } from 'vitest'
import { labGuest } from './lab.ts'

describe('the lab guest', () => {
  it('is an ELF file with a PVH note, the same each time', () => {
    const { image } = labGuest()
    const file = readElf(image)
    expect(file.kind === 'elf' && [file.machine, Number(file.entry), file.segments.length]).toEqual([62, 0x100000, 2])
    expect(labGuest().image).toEqual(image)
  })

  it('differs where it is told to', () => {
    const plain = labGuest().source
    expect(labGuest({ interactive: true }).source).toContain('call monitor')
    expect(plain).not.toContain('call monitor')
    expect(labGuest({ powerOff: { port: 0x1234, value: 7 } }).source).toContain('mov edx, 4660')
  })
})
