import { InvalidArgumentError } from 'commander'

const NUMBER = /^(0x[0-9a-f]+|\d+)$/i
const LARGEST_ADDRESS = 2n ** 64n - 1n

/** Option parser: an address, decimal or `0x` hexadecimal, of 64 bits at most. */
export function parseAddress(text: string): bigint {
  if (!NUMBER.test(text)) throw new InvalidArgumentError('A number is wanted: decimal, or hexadecimal with 0x.')
  const value = BigInt(text)
  if (value > LARGEST_ADDRESS) throw new InvalidArgumentError('Addresses have 64 bits.')
  return value
}

/** Option parser: a number of bytes. */
export function parseByteCount(text: string): number {
  const value = parseAddress(text)
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new InvalidArgumentError('No file is that large.')
  return Number(value)
}

export type Bits = 16 | 32 | 64

/** The choices of `--bits`. */
export const BITS = ['16', '32', '64'] as const
