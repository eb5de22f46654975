/**
 * Everything on which predecoded code depends besides its bytes: what of the code key decides about handlers,
 * slots and jumps. Modes that differ in anything else (privilege, CS, available instructions) are different objects.
 */
export interface CodeMode {
  /** CS.L and CS.D. */
  readonly bits: 16 | 32 | 64
  /** SS.B, or 64. */
  readonly stackBits: 16 | 32 | 64
  /** CS, DS, ES and SS have base 0 and no limit: always so in 64-bit code. */
  readonly flat: boolean
  /** Of flat 32-bit code: which of FS and GS have a base but no limit, and allow reading and writing, by bit. */
  readonly based?: number
  /** Class of the accesses that code makes to memory, on which the arrays of the TLB depend that regions look at (mmu's `ACCESS_CLASS`). */
  readonly accessClass: 0 | 1 | 2
}
