import type { AcpiPlatform } from '../src/acpi/index.ts'

/** A PC with everything that the tables can describe. */
export const platform: AcpiPlatform = {
  localApicIds: [0, 1, 2, 3],
  localApicAddress: 0xfee0_0000,
  ioApics: [{ id: 0, address: 0xfec0_0000, gsiBase: 0 }],
  overrides: [
    { irq: 0, gsi: 2, trigger: 'edge', polarity: 'high' },
    { irq: 9, gsi: 9, trigger: 'level', polarity: 'high' },
  ],
  pm: {
    eventPort: 0x600,
    controlPort: 0x604,
    timerPort: 0x608,
    timerBits: 32,
    gpe0: { port: 0x620, sizeBytes: 4 },
    smiCommand: { port: 0xb2, enable: 2, disable: 3 },
    sciIrq: 9,
    s5SleepType: 5,
    reset: { port: 0xcf9, value: 6 },
  },
  hpet: { address: 0xfed0_0000, blockId: 0x8086_a201, minimumTick: 128 },
  pci: {
    ecam: { address: 0xe000_0000, buses: 256 },
    io: [{ first: 0xc000, last: 0xffff }],
    memory: [{ first: 0xc000_0000, last: 0xdfff_ffff }],
    memory64: [{ first: 0x80_0000_0000, last: 0xff_ffff_ffff }],
    gsis: [16, 17, 18, 19],
    irqs: [10, 11, 10, 11],
  },
  serial: [
    { port: 0x3f8, irq: 4 },
    { port: 0x2f8, irq: 3 },
  ],
  keyboard: { irq: 1, mouseIrq: 12 },
  rtc: { irq: 8 },
  pit: { irq: 0 },
  pvpanicPort: 0x505,
  fwCfgPort: 0x510,
  virtioMmio: [{ address: 0xd000_0000, sizeBytes: 0x1000, gsi: 20 }],
}
