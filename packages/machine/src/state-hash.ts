/** One short text for everything that a guest can tell apart: two machines with the same hash go on alike. */
import { hashState } from '@ringfold/arch'
import type { Board } from './board/board.ts'

const TEXT_PRIME = 0x01000193

/** 64 bits in hexadecimal, of two different multiplicative sums. */
class Sum {
  #a = 0x811c9dc5
  #b = 0x9e3779b9

  words(words: Uint32Array): void {
    let [a, b] = [this.#a, this.#b]
    for (let n = 0; n < words.length; n++) {
      const word = words[n] as number
      a = Math.imul(a ^ word, TEXT_PRIME)
      b = Math.imul(b + word, 0x85ebca6b) ^ (b >>> 13)
    }
    this.#a = a
    this.#b = b
  }

  text(text: string): void {
    this.words(Uint32Array.from(text, (char) => char.charCodeAt(0)))
  }

  toString(): string {
    return [this.#a, this.#b].map((half) => (half >>> 0).toString(16).padStart(8, '0')).join('')
  }
}

/** Hash of processors, memory, devices and time. Flags are settled between runs. */
export function machineHash(board: Board): string {
  const sum = new Sum()
  const { group, memory, time } = board
  for (const { state } of group.processors) sum.text(hashState(state))
  sum.words(memory.words.subarray(0, memory.ramBytes / 4))
  sum.text(JSON.stringify([time.nowNs, memory.a20Enabled, group.turn]))
  for (const [name, device] of board.devices) sum.text(JSON.stringify([name, device.state()], withArrays))
  return sum.toString()
}

function withArrays(_key: string, value: unknown): unknown {
  return ArrayBuffer.isView(value) ? Array.from(value as Uint8Array) : value
}
