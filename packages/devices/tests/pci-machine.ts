import type { IoDevice } from '@ringfold/contracts'
import { PhysicalMemory, PortSpace } from '@ringfold/memory'
import { PciFunction, type PciFunctionOptions, PciHost, type PciHostOptions } from '../src/pci/index.ts'

export const RAM_BYTES = 1 << 20
export const WINDOWS = {
  io: [{ first: 0xc000, last: 0xffff }],
  memory: [
    { first: 0xc000_0000, last: 0xdfff_ffff },
    { first: 0x80_0000_0000, last: 0xff_ffff_ffff },
  ],
} as const

/** Memory, ports and a PCI bus as a machine puts them together, with what goes out of the bus noted. */
export function pciMachine(options: Partial<PciHostOptions> = {}) {
  const memory = new PhysicalMemory({ ramBytes: RAM_BYTES })
  const ports = new PortSpace()
  const messages: { address: number; data: number }[] = []
  const lines: { pirq: number; level: boolean }[] = []
  const host = new PciHost({
    spaces: {
      addMemory: (base, sizeBytes, device, widestBytes) => memory.addMmio(base, sizeBytes, device, { widestBytes }),
      removeMemory: (base) => memory.removeMmio(base),
      addPorts: (base, count, device, widestBytes) => ports.add(base, count, device, { widestBytes }),
      removePorts: (base) => ports.remove(base),
    },
    windows: WINDOWS,
    messages: {
      deliver: (lo, hi, data) => {
        messages.push({ address: hi * 2 ** 32 + lo, data })
      },
    },
    irq: (pirq) => ({
      set: (level) => {
        lines.push({ pirq, level })
      },
    }),
    ...options,
  })
  ports.add(0xcf8, 4, host.configAddress)
  ports.add(0xcfc, 4, host.configData)
  return { memory, ports, host, messages, lines, mapped: () => [...memory.mmioRanges, ...ports.ranges.slice(2)] }
}

/** A device that answers with a constant in each byte. */
export function filled(byte: number): IoDevice & { readonly writes: number[][] } {
  const writes: number[][] = []
  return {
    writes,
    read: (_, sizeBytes) => (0x0101_0101 * byte) >>> (32 - 8 * sizeBytes),
    write: (...write) => {
      writes.push(write)
    },
  }
}

export function testFunction(options: Partial<PciFunctionOptions> = {}): PciFunction {
  return new PciFunction({ vendorId: 0x1af4, deviceId: 0x1042, classCode: 0x01_80_00, ...options })
}
