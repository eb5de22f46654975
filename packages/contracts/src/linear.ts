/**
 * How a linear address is accessed, apart from reading or writing: as `user` (CPL 3), as `supervisor` (explicit, so that EFLAGS.AC
 * opens SMAP), or as `system`: implicit supervisor accesses to descriptor tables and the TSS, at any CPL (Intel SDM vol. 3A, 5.6).
 */
export type LinearAccess = 0 | 1 | 2

/** 0: done; 1: a fault stands in the processor's pending event, and nothing was changed. */
export type AccessStatus = 0 | 1

/**
 * Linear memory of one processor, translated and checked. What rules (segmentation, gates, task switches) are written against:
 * a processor gives its TLB, a monitor the shadow of a virtual processor, a test a flat array.
 */
export interface LinearMemory {
  /** Reads 1, 2, 4 or 8 bytes (also across pages) into `lo` and `hi`, unsigned; little-endian. */
  read(sizeBytes: 1 | 2 | 4 | 8, addressLo: number, addressHi: number, access: LinearAccess): AccessStatus
  /** Writes 1, 2, 4 or 8 bytes; all of them, or none and a fault. */
  write(
    sizeBytes: 1 | 2 | 4 | 8,
    addressLo: number,
    addressHi: number,
    lo: number,
    hi: number,
    access: LinearAccess,
  ): AccessStatus
  /** Whether all bytes could be written: raises the fault that the write would raise, and writes nothing. */
  probeWrite(sizeBytes: number, addressLo: number, addressHi: number, access: LinearAccess): AccessStatus
  /** What the last read gave. */
  readonly lo: number
  readonly hi: number
  /**
   * A short way, which an implementation need not have: where `sizeBytes` within one page lie in `direct`, if they can be read
   * (or written) there at once without a fault or anything else to be done; -1 where they cannot, or nothing is known.
   */
  directOffset?(sizeBytes: number, addressLo: number, addressHi: number, access: LinearAccess, write: boolean): number
  readonly direct?: DataView
}
