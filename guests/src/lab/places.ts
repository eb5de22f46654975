/** Where the lab guest has everything: physical addresses, mapped to themselves. */
export const PLACE = {
  /** Where the image lies. */
  IMAGE: 0x10_0000,
  PML4: 0x20_0000,
  PDPT: 0x20_1000,
  /** Page directories of the first and of the fourth GiB, and of the second with its page table: the playground. */
  DIRECTORY_LOW: 0x20_2000,
  DIRECTORY_HIGH: 0x20_3000,
  DIRECTORY_PLAY: 0x20_4000,
  TABLE_PLAY: 0x20_5000,
  TABLES_END: 0x20_6000,
  /** Ends of stacks. */
  STACK: 0x20_8000,
  EXCEPTION_STACK: 0x20_a000,
  SYSCALL_STACK: 0x20_c000,
  /** Pages that are mapped into the playground. */
  PLAY_PAGE: 0x20_d000,
  USER_CODE: 0x20_e000,
  USER_STACK: 0x20_f000,
  /** A virtqueue, and buffers. */
  QUEUE_DESCRIPTORS: 0x21_0000,
  QUEUE_AVAILABLE: 0x21_1000,
  QUEUE_USED: 0x21_2000,
  BUFFERS: 0x21_3000,
  /** Where other processors begin, in real mode, and what they count there. */
  TRAMPOLINE: 0x8000,
  PROCESSORS: 0x9000,
} as const

/** Linear addresses of the playground, by their pages. */
export const PLAYGROUND = {
  BASE: 0x4000_0000,
  DATA: 0x4000_1000,
  USER_CODE: 0x4000_3000,
  USER_STACK: 0x4000_4000,
} as const

/** Selectors. Their order is what SYSCALL and SYSRET want. */
export const SELECTOR = {
  KERNEL_CODE: 0x08,
  KERNEL_DATA: 0x10,
  USER_BASE: 0x18,
  USER_DATA: 0x20,
  USER_CODE: 0x28,
  TSS: 0x30,
} as const

export const VECTOR = { TIMER: 0x20, APIC_TIMER: 0x30, SYSTEM_CALL: 0x80, SPURIOUS: 0xff } as const
