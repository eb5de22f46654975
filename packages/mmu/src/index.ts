/** Paging: walks, TLBs, access checks; nested walks; shadow page tables. */
export type {}
