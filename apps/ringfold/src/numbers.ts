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

/** Option parser: a whole number in a range. */
export function parseWithin(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(parseAddress(text))
    if (value >= least && value <= most) return value
    throw new InvalidArgumentError(`A number from ${least} to ${most} is wanted.`)
  }
}

const UNITS: Readonly<Record<string, number>> = { '': 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 }

/** Option parser: bytes, with K, M or G for powers of 1024. */
export function parseSize(text: string): number {
  const [, digits = '', unit = ''] = /^(\d+)([KMG]?)(?:iB|B)?$/i.exec(text) ?? []
  const bytes = Number(digits) * (UNITS[unit.toUpperCase()] ?? 0)
  if (digits !== '' && Number.isSafeInteger(bytes) && bytes > 0) return bytes
  throw new InvalidArgumentError('A size is wanted, like 512M or 2G.')
}
