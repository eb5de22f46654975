/** The physical address space: RAM, ROM, MMIO and port ranges, dirty and code tracking, copy-on-write. */
export type {}
