import type { CpuState } from './cpu-state.ts'
import { assertFlagsSettled } from './flags.ts'
import { ARCHITECTURAL_ROWS, type StateField } from './layout.ts'

/**
 * A 64-bit hash of 32-bit words as 16 hexadecimal digits: two runs of MurmurHash3's 32-bit mixing with different seeds.
 * Good against accidents, not against malice.
 */
export function hashWords(words: Iterable<number>): string {
  let a = 0x9747b28c
  let b = 0x3c6ef372
  let count = 0
  for (const word of words) {
    a = mix(a, word)
    b = mix(b, word ^ 0x5bd1e995)
    count++
  }
  return [finish(a ^ count), finish(b ^ count)].map((half) => half.toString(16).padStart(8, '0')).join('')
}

/**
 * A hash of a processor's state: equal for two engines that are in the same state. Fields of group `engine` do not
 * count. Throws `ArchError` `state.flags-not-settled` while a lazy operation is outstanding.
 */
export function hashState(state: CpuState): string {
  assertFlagsSettled(state)
  return hashWords(significantWords(state))
}

function* significantWords(state: CpuState): Generator<number> {
  for (const field of ARCHITECTURAL_ROWS) {
    for (let index = 0; index < field.count; index++) {
      const words = Math.ceil(field.bits / 32)
      const start = (field.offset + index * field.strideBytes) >>> 2
      for (let word = 0; word < words; word++) yield (state.u32[start + word] as number) & wordMask(field, word)
    }
  }
}

function wordMask(field: StateField, word: number): number {
  const bits = field.bits - 32 * word
  return bits >= 32 ? -1 : -1 >>> (32 - bits)
}

function mix(hash: number, word: number): number {
  const k = Math.imul(rotate(Math.imul(word, 0xcc9e2d51), 15), 0x1b873593)
  return (Math.imul(rotate(hash ^ k, 13), 5) + 0xe6546b64) | 0
}

function finish(hash: number): number {
  let h = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

function rotate(word: number, by: number): number {
  return (word << by) | (word >>> (32 - by))
}
