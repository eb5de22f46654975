import { PhysicalMemory } from '@ringfold/memory'
import { describe, expect, it } from 'vitest'
import { platform } from '../../tests/platform.ts'
import { applyWrites, MEMORY_TYPE_E820, memoryMap } from '../load/index.ts'
import { type AcpiPlatform, acpiTables } from './index.ts'

const sum = (bytes: Uint8Array) => bytes.reduce((total, byte) => total + byte, 0) & 0xff
const bytesOf = (signature: string, options: AcpiPlatform = platform) =>
  acpiTables(options).bySignature.get(signature) ?? new Uint8Array(0)
const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

/** Entries of a MADT: type, length, contents. */
function entries(madt: Uint8Array): number[][] {
  const found: number[][] = []
  for (let at = 44; at < madt.length; at += madt[at + 1] ?? 1)
    found.push([...madt.subarray(at, at + (madt[at + 1] ?? 1))])
  return found
}

describe('the tables', () => {
  it('sum to zero, and have the length that they say', () => {
    for (const [signature, bytes] of acpiTables(platform).bySignature) {
      if (signature === 'FACS') continue
      expect([signature, sum(bytes)]).toEqual([signature, 0])
      if (signature !== 'RSD PTR ') expect(viewOf(bytes).getUint32(4, true)).toBe(bytes.length)
    }
    expect(sum(bytesOf('RSD PTR ').subarray(0, 20))).toBe(0)
  })

  it('are found from the root pointer on, in memory', () => {
    const memory = new PhysicalMemory({ ramBytes: 2 ** 21 })
    const { rsdpAddress, writes, range } = acpiTables(platform)
    applyWrites(writes, memory)
    const signatureAt = (address: number) => String.fromCharCode(...[0, 1, 2, 3].map((n) => memory.read8(address + n)))
    const [rsdt, xsdt] = [memory.read32(rsdpAddress + 16), memory.read32(rsdpAddress + 24)]
    expect([signatureAt(rsdt), signatureAt(xsdt)]).toEqual(['RSDT', 'XSDT'])
    const listed = [0, 1, 2, 3].map((n) => memory.read32(xsdt + 36 + 8 * n))
    expect(listed.map(signatureAt)).toEqual(['FACP', 'APIC', 'HPET', 'MCFG'])
    expect([0, 1, 2, 3].map((n) => memory.read32(rsdt + 36 + 4 * n))).toEqual(listed)
    const fadt = listed[0] as number
    const [facs, dsdt] = [memory.read32(fadt + 36), memory.read32(fadt + 40)]
    expect([signatureAt(facs), signatureAt(dsdt), memory.read32(fadt + 140)]).toEqual(['FACS', 'DSDT', dsdt])
    expect(facs % 64).toBe(0)
    expect(memoryMap({ ramBytes: 2 ** 21, special: [range] })).toContainEqual({
      address: 0xe_0000,
      sizeBytes: range.sizeBytes,
      type: MEMORY_TYPE_E820.NVS,
    })
  })

  it('name the ports in the FADT, and what is there', () => {
    const fadt = viewOf(bytesOf('FACP'))
    const at = { sci: 46, event: 56, timer: 76, gpe0: 80, gpe0Length: 92, century: 108, boot: 109, flags: 112 }
    expect([fadt.getUint16(at.sci, true), fadt.getUint32(at.event, true)]).toEqual([9, 0x600])
    expect([fadt.getUint32(at.timer, true), fadt.getUint8(at.century)]).toEqual([0x608, 0x32])
    expect([fadt.getUint32(at.gpe0, true), fadt.getUint8(at.gpe0Length)]).toEqual([0x620, 4])
    expect(fadt.getUint16(at.boot, true)).toBe(0b0111)
    expect(fadt.getUint32(at.flags, true)).toBe(0x565)
    expect([...bytesOf('FACP').subarray(116, 129)]).toEqual([1, 8, 0, 1, 0xf9, 0xc, 0, 0, 0, 0, 0, 0, 6])
    const { keyboard: _, ...without } = platform
    expect(viewOf(bytesOf('FACP', without)).getUint16(at.boot, true)).toBe(0b0101)
  })
})

describe('the MADT', () => {
  it('has processors, the I/O APIC, overrides and NMI', () => {
    expect(entries(bytesOf('APIC'))).toEqual([
      ...[0, 1, 2, 3].map((id) => [0, 8, id, id, 1, 0, 0, 0]),
      [1, 12, 0, 0, 0, 0, 0xc0, 0xfe, 0, 0, 0, 0],
      [2, 10, 0, 0, 2, 0, 0, 0, 5, 0],
      [2, 10, 0, 9, 9, 0, 0, 0, 0xd, 0],
      [4, 6, 0xff, 0, 0, 1],
    ])
  })

  it('has x2APIC entries for ids that an xAPIC has not', () => {
    const localApicIds = [0, 254, 255, 0x1_0000]
    const kinds = entries(bytesOf('APIC', { ...platform, localApicIds })).map(([type]) => type)
    expect(kinds).toEqual([0, 0, 9, 9, 1, 2, 2, 4, 10])
    expect(entries(bytesOf('APIC', { ...platform, localApicIds }))[3]).toEqual([
      ...[9, 16, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 3, 0, 0, 0],
    ])
  })
})

it('says what it cannot describe', () => {
  const pci = platform.pci as NonNullable<AcpiPlatform['pci']>
  for (const wrong of [{ localApicIds: [] }, { pci: { ...pci, irqs: [] } }])
    expect(() => acpiTables({ ...platform, ...wrong })).toThrow(expect.objectContaining({ code: 'boot.acpi-option' }))
  expect(() => acpiTables(platform, { sizeBytes: 0x1000 })).toThrow(/do not fit/)
  expect(() => acpiTables(platform, { address: 0xe_0010 })).toThrow(/not aligned/)
})
