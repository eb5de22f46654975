/** What a memory may offer besides, as `PhysicalMemory` does: a range of addresses whose words may be read in place. */
export interface PlainWords {
  readonly words: Uint32Array
  /** Where the range begins, as a physical address and as an offset into `words` in bytes; it may change at any time. */
  readonly plainFrom: number
  /** Below 4 GiB. 0 if there is no such range now. */
  readonly plainBytes: number
}
