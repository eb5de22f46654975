import type { IoDevice } from '@ringfold/contracts'
import { describe, expect, it } from 'vitest'
import { PortSpace } from './index.ts'

/** Registers of one byte each. */
function registers(count: number): IoDevice & { readonly bytes: number[]; readonly log: string[] } {
  const bytes = Array.from({ length: count }, (_, n) => 0x10 + n)
  const log: string[] = []
  return {
    bytes,
    log,
    read(offset, sizeBytes) {
      log.push(`r${offset}.${sizeBytes}`)
      let value = 0
      for (let n = 0; n < sizeBytes; n++) value |= (bytes[offset + n] ?? 0) << (8 * n)
      return value
    },
    write(offset, sizeBytes, value) {
      log.push(`w${offset}.${sizeBytes}`)
      for (let n = 0; n < sizeBytes; n++) bytes[offset + n] = (value >>> (8 * n)) & 0xff
    },
  }
}

describe('ports (Intel SDM vol. 1, 19.3 "I/O Address Space")', () => {
  it('read all ones where nobody answers', () => {
    const ports = new PortSpace()
    expect([ports.in(0x80, 1), ports.in(0x80, 2), ports.in(0xfffe, 4)]).toEqual([0xff, 0xffff, 0xffffffff])
    ports.out(0x80, 4, 0)
  })

  it('pass accesses on as they were made', () => {
    const ports = new PortSpace()
    const device = registers(8)
    ports.add(0x3f8, 8, device)
    expect(ports.in(0x3f8, 4)).toBe(0x13121110)
    ports.out(0x3fe, 2, 0x12345)
    expect(device.bytes.slice(6)).toEqual([0x45, 0x23])
    expect(device.log).toEqual(['r0.4', 'w6.2'])
  })

  it('split accesses that reach beyond a range into bytes', () => {
    const ports = new PortSpace()
    const [one, two] = [registers(1), registers(2)]
    ports.add(0x70, 1, one)
    ports.add(0x71, 2, two)
    expect(ports.in(0x70, 4)).toBe(0xff111010)
    ports.out(0x6f, 2, 0xaabb)
    expect(one.bytes).toEqual([0xaa])
    expect(two.log).toEqual(['r0.1', 'r1.1'])
    ports.add(0xffff, 1, registers(1))
    expect(ports.in(0xffff, 2)).toBe(0xff10)
  })

  it('split accesses that are wider than the device takes', () => {
    const ports = new PortSpace()
    const device = registers(4)
    ports.add(0x20, 4, device, { widestBytes: 1 })
    expect(ports.in(0x20, 4)).toBe(0x13121110)
    ports.out(0x20, 2, 0x0102)
    expect(device.log).toEqual(['r0.1', 'r1.1', 'r2.1', 'r3.1', 'w0.1', 'w1.1'])
  })

  it('are taken once', () => {
    const ports = new PortSpace()
    ports.add(0x60, 5, registers(5))
    expect(() => ports.add(0x64, 1, registers(1))).toThrow(/0x60.*remove/)
    expect(() => ports.add(0xffff, 2, registers(1))).toThrow(/no range/)
    ports.remove(0x60)
    ports.add(0x64, 1, registers(1))
    expect(ports.ranges.map(({ base, sizeBytes }) => [base, sizeBytes])).toEqual([[0x64, 1]])
  })
})
