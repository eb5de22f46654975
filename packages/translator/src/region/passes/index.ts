/** The passes over lifted blocks, in their order. */
import { dropDeadStores } from './drop-dead-stores.ts'
import { foldConstants } from './fold-constants.ts'
import { foldOffsets } from './fold-offsets.ts'
import { forwardRegisters } from './forward-registers.ts'
import type { Pass } from './pass.ts'

/** Those that regions are made with, unless others are given. Any may be left out, and others put in. */
export const PASSES: readonly Pass[] = [forwardRegisters, foldConstants, foldOffsets, dropDeadStores]
