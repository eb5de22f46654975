/** Handlers with a fixed number. */

/** Behind the last instruction of a piece: goes on where it ends. */
export const GOTO_HANDLER = 0
/** What the host executes itself. */
export const SLOW_HANDLER = 1
/** An entry that counts how often jumps lead to it (immediate), in front of its instruction (link). */
export const COUNT_HANDLER = 2
/** A count that nobody lives to see the end of: an entry with it only goes on to its slot. */
export const NEVER = 0x7fffffff
/** An entry of a region: its element of the table (immediate), and the budget that it needs (second immediate). */
export const REGION_HANDLER = 3
/** An instruction whose bytes were written: it is decoded anew. */
export const STALE_HANDLER = 4
export const FIRST_HANDLER = 5
