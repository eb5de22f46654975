import { describe, expect, it } from 'vitest'
import { encodePacket, escapeBinary, expandRuns, PacketReader, unescapeBinary } from './framing.ts'
import { bytesOfHex, bytesOfText, hexOfValue, parseHex, parseHexNumber, textOfBytes, valueOfBytes } from './hex.ts'

describe('framing', () => {
  it('adds the checksum of the GDB manual', () => {
    expect(textOfBytes(encodePacket('OK'))).toBe('$OK#9a')
    expect(textOfBytes(encodePacket(''))).toBe('$#00')
  })

  it('finds packets, acknowledgements and interrupts, however the stream is cut', () => {
    const stream = bytesOfText('+$g#67\x03$m0,4#fd-')
    const reader = new PacketReader(100)
    const events = [...stream].flatMap((byte) => reader.push(Uint8Array.of(byte)))
    expect(events).toEqual([
      { kind: 'ack' },
      { kind: 'packet', payload: 'g' },
      { kind: 'interrupt' },
      { kind: 'packet', payload: 'm0,4' },
      { kind: 'nak' },
    ])
    expect(new PacketReader(100).push(stream)).toEqual(events)
  })

  it('tells wrong checksums and packets that are too long, and goes on behind them', () => {
    const reader = new PacketReader(4)
    expect(reader.push(bytesOfText('$g#68$g#zz$12345#ff$g#67'))).toEqual([
      { kind: 'corrupt' },
      { kind: 'corrupt' },
      { kind: 'oversized' },
      { kind: 'packet', payload: 'g' },
    ])
  })

  it('begins anew where a packet was cut off', () => {
    expect(new PacketReader(100).push(bytesOfText('noise$m12$g#67'))).toEqual([{ kind: 'packet', payload: 'g' }])
  })

  it('escapes binary data both ways', () => {
    const all = Array.from({ length: 256 }, (_, n) => String.fromCharCode(n)).join('')
    expect(escapeBinary(all)).not.toMatch(/[#$*]/)
    expect(unescapeBinary(escapeBinary(all))).toBe(all)
    expect(unescapeBinary('a}')).toBeNull()
  })

  it('expands runs', () => {
    expect(expandRuns('0* ')).toBe('0000')
    expect(expandRuns('x}*y')).toBe('x}*y')
    expect(expandRuns('*a')).toBe('*a')
  })
})

describe('hexadecimal', () => {
  it('reads numbers of 64 bits and nothing else', () => {
    expect(parseHex('ffffffffffffffff')).toBe(2n ** 64n - 1n)
    for (const bad of ['', '-1', '0x1', '10000000000000000', ' 1', 'g', undefined]) expect(parseHex(bad)).toBeNull()
    expect(parseHexNumber('100000000')).toBeNull()
    expect(bytesOfHex('abc')).toBeNull()
  })

  it('writes values in target order', () => {
    expect(hexOfValue(0x1234n, 4)).toBe('34120000')
    expect(valueOfBytes(Uint8Array.of(0x34, 0x12))).toBe(0x1234n)
  })
})
