/** Where everything of this PC is: physical addresses, ports and interrupt numbers. Every magic address of the machine stands here. */

/** Physical memory that is not RAM. */
export const ADDRESS = {
  /** Enhanced configuration space of PCI: 1 MiB a bus. */
  ECAM: 0xe000_0000,
  ECAM_BUSES: 256,
  /** Where PCI devices get their memory: from the end of low RAM on. */
  PCI_MEMORY: 0xc000_0000,
  PCI_MEMORY_LIMIT: 0xdfff_ffff,
  IO_APIC: 0xfec0_0000,
  /** virtio over MMIO, where it is chosen: a page each. */
  VIRTIO_MMIO: 0xfeb0_0000,
  HPET: 0xfed0_0000,
  LOCAL_APIC: 0xfee0_0000,
  /** Under 1 MiB, in the BIOS's place. */
  RSDP: 0xe_0000,
} as const

/** Ports, in units of one. */
export const PORT = {
  PIC_MASTER: 0x20,
  PIT: 0x40,
  KEYBOARD_DATA: 0x60,
  SYSTEM_CONTROL_B: 0x61,
  KEYBOARD_COMMAND: 0x64,
  CMOS: 0x70,
  POST: 0x80,
  SYSTEM_CONTROL_A: 0x92,
  PIC_SLAVE: 0xa0,
  COM4: 0x2e8,
  COM2: 0x2f8,
  COM3: 0x3e8,
  COM1: 0x3f8,
  PIC_EDGE_LEVEL: 0x4d0,
  FW_CFG: 0x510,
  PCI_CONFIG_ADDRESS: 0xcf8,
  PCI_CONFIG_DATA: 0xcfc,
  PCI_IO: 0xc000,
  PCI_IO_LIMIT: 0xffff,
} as const

/** What the PCI bus gets of the address spaces: nothing else lies there. Both ends are included. */
export const PCI_WINDOWS = {
  io: [{ first: PORT.PCI_IO, last: PORT.PCI_IO_LIMIT }],
  // Below 4 GiB alone: kernels of 32 bits warn of what they cannot reach, and nothing here is that large.
  memory: [{ first: ADDRESS.PCI_MEMORY, last: ADDRESS.PCI_MEMORY_LIMIT }],
} as const

/** ISA interrupts, as everywhere since the PC/AT. */
export const IRQ = {
  TIMER: 0,
  KEYBOARD: 1,
  COM2: 3,
  COM1: 4,
  RTC: 8,
  SCI: 9,
  MOUSE: 12,
} as const

/** The I/O APIC's inputs. */
export const GSI = {
  COUNT: 24,
  /** Where the timer's IRQ 0 arrives. */
  TIMER: 2,
  /** PIRQ A to D. */
  PCI: [16, 17, 18, 19],
  /** virtio over MMIO. */
  VIRTIO_MMIO: [20, 21, 22, 23],
} as const

/** Where PIRQ A to D arrive at the 8259 pair. */
export const PCI_IRQ = [10, 11, 10, 11] as const
