/** Registers of configuration space: every offset and bit of this package. PCI Local Bus Specification 3.0, chapter 6. */

/** Configuration space of a function, as mechanism 1 reaches it (PCI 3.0, 6.1). */
export const CONFIG_BYTES = 256
/** The same in the enhanced mechanism (PCI Express 3.0, 7.2.2). What lies above `CONFIG_BYTES` reads zero: no extended capability. */
export const EXTENDED_CONFIG_BYTES = 4096

export const DEVICES = 32
export const FUNCTIONS = 8
export const INTERRUPT_PINS = 4

/** The header of type 0: offsets (PCI 3.0, figure 6-1). */
export const HEADER = {
  VENDOR_ID: 0x00,
  DEVICE_ID: 0x02,
  COMMAND: 0x04,
  STATUS: 0x06,
  REVISION_ID: 0x08,
  CLASS_CODE: 0x09,
  CACHE_LINE_SIZE: 0x0c,
  LATENCY_TIMER: 0x0d,
  HEADER_TYPE: 0x0e,
  BAR0: 0x10,
  SUBSYSTEM_VENDOR_ID: 0x2c,
  SUBSYSTEM_ID: 0x2e,
  CAPABILITIES_POINTER: 0x34,
  INTERRUPT_LINE: 0x3c,
  INTERRUPT_PIN: 0x3d,
  /** The first byte that is the device's own. */
  END: 0x40,
} as const

/** Base address registers of a header of type 0. */
export const BARS = 6

/** PCI 3.0, table 6-1. */
export const COMMAND = {
  IO_SPACE: 1 << 0,
  MEMORY_SPACE: 1 << 1,
  BUS_MASTER: 1 << 2,
  PARITY_ERROR_RESPONSE: 1 << 6,
  SERR_ENABLE: 1 << 8,
  INTERRUPT_DISABLE: 1 << 10,
} as const

/** PCI 3.0, table 6-2. */
export const STATUS = { INTERRUPT: 1 << 3, CAPABILITIES_LIST: 1 << 4 } as const

/** Bit 7 of the header type (PCI 3.0, 6.2.1). */
export const MULTI_FUNCTION = 0x80

/** PCI 3.0, 6.2.5.1 and figures 6-5 and 6-6. */
export const BAR = { IO: 1 << 0, MEMORY_64: 2 << 1, PREFETCHABLE: 1 << 3 } as const

/** PCI 3.0, appendix H. */
export const CAPABILITY_ID = { POWER_MANAGEMENT: 0x01, MSI: 0x05, VENDOR: 0x09, MSIX: 0x11 } as const

/** Offsets from the start of a capability, and bits. PCI Bus Power Management Interface Specification 1.2, 3.2. */
export const POWER = {
  CAPABILITIES: 2,
  CONTROL_STATUS: 4,
  BYTES: 8,
  /** `PMC`: the version of the specification; neither D1 nor D2, no PME#. */
  VERSION_1_2: 3,
  /** `PMCSR` */
  STATE: 3,
  D0: 0,
  D3_HOT: 3,
  /** A function that comes back from D3hot is as it was. */
  NO_SOFT_RESET: 1 << 3,
} as const

/** The MSI capability with 64-bit addresses and per-vector masks (PCI 3.0, 6.8.1 and figure 6-9). */
export const MSI = {
  CONTROL: 2,
  ADDRESS: 4,
  UPPER_ADDRESS: 8,
  DATA: 12,
  MASK: 16,
  PENDING: 20,
  BYTES: 24,
  ENABLE: 1 << 0,
  /** Both are powers of two. */
  MULTIPLE_CAPABLE_SHIFT: 1,
  MULTIPLE_ENABLE_SHIFT: 4,
  MULTIPLE_ENABLE: 7 << 4,
  ADDRESS_64: 1 << 7,
  VECTOR_MASKING: 1 << 8,
} as const

/** The MSI-X capability and its structures in memory (PCI 3.0, 6.8.2). */
export const MSIX = {
  CONTROL: 2,
  TABLE: 4,
  PBA: 8,
  BYTES: 12,
  FUNCTION_MASK: 1 << 14,
  ENABLE: 1 << 15,
  MAX_VECTORS: 2048,
  /** An entry of the table. */
  ENTRY_BYTES: 16,
  ENTRY_ADDRESS: 0,
  ENTRY_UPPER_ADDRESS: 4,
  ENTRY_DATA: 8,
  ENTRY_CONTROL: 12,
  ENTRY_MASKED: 1 << 0,
} as const

/** Addresses of messages are aligned to a doubleword (PCI 3.0, 6.8.1.4 and 6.8.2.7). */
export const MESSAGE_ADDRESS_BITS = 0xffff_fffc

/** `CONFIG_ADDRESS` (PCI 3.0, 3.2.2.3.2). */
export const CONFIG_ADDRESS = {
  ENABLE: 0x8000_0000,
  /** What can be written: reserved bits and the offset within a doubleword read zero. */
  WRITABLE: 0x80ff_fffc,
  BUS_SHIFT: 16,
  DEVICE_SHIFT: 11,
  FUNCTION_SHIFT: 8,
  REGISTER: 0xfc,
} as const

/** Bits of an offset into the enhanced configuration space (PCI Express 3.0, table 7-1). */
export const ECAM = { BUS_SHIFT: 20, DEVICE_SHIFT: 15, FUNCTION_SHIFT: 12, REGISTER: 0xfff } as const
