/** Where things are: the same linear addresses natively and in the processor under test. README of the vectors, "Memory". */

/** One page of code, filled with INT3; nothing is mapped behind it. */
export const CODE = 0x20000
export const CODE_BYTES = 0x1000
/** Memory for operands: readable and writable, then a page that is read-only, then nothing. */
export const WINDOW = 0x30000
export const WINDOW_BYTES = 0x4000
export const READ_ONLY = 0x34000
export const READ_ONLY_BYTES = 0x1000
/** Bases of FS and GS in 64-bit code. */
export const FS_BASE = 0x30000
export const GS_BASE = 0x32000
/** INT3: what ends a case that does not fault. */
export const INT3 = 0xcc

/** Selectors of Linux: flat code and data of CPL 3. */
export const USER_CODE_64 = 0x33
export const USER_CODE_32 = 0x23
export const USER_DATA = 0x2b
