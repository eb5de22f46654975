/** Names of the engines for options: the types say that none is missing, and the engines are loaded only where they run. */
import type { EngineName } from '@ringfold/cpu'

const NAMES: Readonly<Record<EngineName, true>> = { auto: true, translator: true, interpreter: true, reference: true }

export const ENGINE_NAMES: readonly string[] = Object.keys(NAMES)
