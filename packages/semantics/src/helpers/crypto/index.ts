/** Cryptography and checksums as routines. */
import type { Routine } from '../types.ts'
import { AES_ROUTINES } from './aes.ts'
import { CARRYLESS_ROUTINES } from './carryless.ts'
import { SHA_ROUTINES } from './sha.ts'

export const CRYPTO_ROUTINES: Readonly<Record<string, Routine>> = {
  ...AES_ROUTINES,
  ...CARRYLESS_ROUTINES,
  ...SHA_ROUTINES,
}
