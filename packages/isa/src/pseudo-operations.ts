/** Mnemonics that stand for another and its immediate: one table for formatters and encoder. */

/** Predicates of CMPPS and its kin by immediate: the first 8 for the legacy, all 32 for the VEX instructions (SDM vol. 2A, table 3-1). */
export const COMPARE_PREDICATES = [
  ...(['eq', 'lt', 'le', 'unord', 'neq', 'nlt', 'nle', 'ord'] as const),
  ...(['eq_uq', 'nge', 'ngt', 'false', 'neq_oq', 'ge', 'gt', 'true'] as const),
  ...(['eq_os', 'lt_oq', 'le_oq', 'unord_s', 'neq_us', 'nlt_uq', 'nle_uq', 'ord_s'] as const),
  ...(['eq_us', 'nge_uq', 'ngt_uq', 'false_os', 'neq_os', 'ge_oq', 'gt_oq', 'true_us'] as const),
] as const

/** PCLMULQDQ with one of the four useful immediates. */
export const CARRYLESS = { 0: 'lqlq', 1: 'hqlq', 16: 'lqhq', 17: 'hqhq' } as const

type Scalar = 'ps' | 'pd' | 'ss' | 'sd'
type LegacyPredicate = 'eq' | 'lt' | 'le' | 'unord' | 'neq' | 'nlt' | 'nle' | 'ord'

/** `cmpltps`, `vcmpge_oqsd`, `pclmullqhqdq`. */
export type PseudoMnemonic =
  | `cmp${LegacyPredicate}${Scalar}`
  | `vcmp${(typeof COMPARE_PREDICATES)[number]}${Scalar}`
  | `${'' | 'v'}pclmul${(typeof CARRYLESS)[keyof typeof CARRYLESS]}dq`

/** What a pseudo-mnemonic stands for. */
export interface PseudoOperation {
  readonly mnemonic: string
  readonly immediate: number
}

let operations: ReadonlyMap<string, PseudoOperation> | null = null

/** Every pseudo-mnemonic; made on first use. */
export function pseudoOperations(): ReadonlyMap<string, PseudoOperation> {
  if (operations) return operations
  const found = new Map<string, PseudoOperation>()
  for (const [immediate, predicate] of COMPARE_PREDICATES.entries()) {
    for (const type of ['ps', 'pd', 'ss', 'sd']) {
      if (immediate < 8) found.set(`cmp${predicate}${type}`, { mnemonic: `cmp${type}`, immediate })
      found.set(`vcmp${predicate}${type}`, { mnemonic: `vcmp${type}`, immediate })
    }
  }
  for (const [immediate, halves] of Object.entries(CARRYLESS)) {
    for (const v of ['', 'v'])
      found.set(`${v}pclmul${halves}dq`, { mnemonic: `${v}pclmulqdq`, immediate: Number(immediate) })
  }
  operations = found
  return found
}
