/**
 * The selectors of the decision graph: which part of an instruction decides between forms, in the order in which they are asked.
 * Shared by the generator, which builds the graph, and the decoder, which walks it.
 */

/** Order matters twice: it is the order of the questions, and selector number = index + 1 in the packed graph. */
export const SELECTORS = ['vendor', 'pp', 'reg', 'mod', 'rm', 'osz', 'w', 'l', 'asz', 'rexb'] as const

export type Selector = (typeof SELECTORS)[number]

/** Number of values of each selector. */
export const SELECTOR_SIZE: Readonly<Record<Selector, number>> = {
  vendor: 2, // 0 Intel, 1 AMD
  pp: 4, // none, 66, F3, F2 (as VEX.pp; F2 and F3 win over 66)
  reg: 8, // ModRM.reg
  mod: 2, // 0 memory, 1 register
  rm: 8, // ModRM.rm
  osz: 3, // effective operand size 16, 32, 64, before d64/f64
  w: 2, // REX.W or VEX.W
  l: 2, // VEX.L
  asz: 3, // effective address size 16, 32, 64
  rexb: 2, // REX.B
}
