import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { executableSections } from './binaries.ts'
import { IcedPeer } from './iced.ts'
import { randomTallies } from './index.ts'

const seed = Number(process.env.RINGFOLD_SEED ?? Date.now() & 0x7fffffff)

describe('decoder against iced-x86', () => {
  it(`30,000 random byte strings a mode: length and mnemonic (RINGFOLD_SEED=${seed})`, () => {
    for (const tally of randomTallies(seed, 30_000)) {
      expect(tally.total).toBe(30_000)
      expect(tally.unexplained, tally.report()).toEqual([])
    }
  })

  it("2 MB of Node's own executable sections", () => {
    const peer = new IcedPeer('node', 64)
    const largest = executableSections(readFileSync(process.execPath)).reduce((a, b) => (b.length > a.length ? b : a))
    peer.sweep(largest.subarray(0, 2 << 20))
    expect(peer.tally.total).toBeGreaterThan(300_000)
    expect(peer.tally.unexplained, peer.tally.report()).toEqual([])
  })
})
