/** The IR, the lifting of every instruction, the reference evaluator. */
export type {}
