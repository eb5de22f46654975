import { describe, expect, it } from 'vitest'
import { seed, seededRandom } from '../../tests/seeded-random.ts'
import { compareStates } from './compare.ts'
import { type CpuState, createState } from './cpu-state.ts'
import { hashState } from './hash.ts'
import { FIELD, STATE_LAYOUT } from './layout.ts'
import { type CpuSnapshot, restoreState, STATE_SCHEMA_VERSION, saveState, stateSchemaHash } from './snapshot.ts'

/** A state with a random value in every field, `engine` fields included, but settled flags. */
function randomState(random: () => number): CpuState {
  const state = createState()
  for (const field of STATE_LAYOUT) {
    for (let index = 0; index < field.count; index++) {
      let value = 0n
      for (let i = 0; i < 16; i++) value = (value << 32n) | BigInt(random())
      state.writeBig(field, value, index)
    }
  }
  state.setLo(FIELD.lazyOp, 0)
  return state
}

const good = (): CpuSnapshot => saveState(randomState(seededRandom(1)))
const withFields = (change: Record<string, unknown>): CpuSnapshot => {
  const snapshot = good()
  return { ...snapshot, fields: { ...snapshot.fields, ...change } as CpuSnapshot['fields'] }
}

describe('snapshots', () => {
  it(`restore what was saved, through JSON, in any state (seed ${seed})`, () => {
    const random = seededRandom(seed)
    for (let round = 0; round < 20; round++) {
      const state = randomState(random)
      const copy = randomState(random)
      restoreState(copy, JSON.parse(JSON.stringify(saveState(state))))
      expect(compareStates(state, copy)).toEqual([])
      expect(hashState(copy)).toBe(hashState(state))
      expect(saveState(copy)).toEqual(saveState(state))
    }
  })

  it('leave out what engines own, and clear it on restore', () => {
    const state = randomState(seededRandom(2))
    const snapshot = saveState(state)
    expect(Object.keys(snapshot.fields).filter((name) => /lazy|budget|codeKey|helper/.test(name))).toEqual([])
    restoreState(state, snapshot)
    for (const { group, name, offset, count, strideBytes } of STATE_LAYOUT) {
      if (group !== 'engine') continue
      expect(
        state.u8.subarray(offset, offset + count * strideBytes).every((byte) => byte === 0),
        name,
      ).toBe(true)
    }
  })

  it('wait until the flags are settled', () => {
    const state = createState()
    state.setLo(FIELD.lazyOp, 1)
    expect(() => saveState(state)).toThrow(expect.objectContaining({ code: 'state.flags-not-settled' }))
    expect(() => hashState(state)).toThrow(expect.objectContaining({ code: 'state.flags-not-settled' }))
  })

  // If this fails, the saved fields have changed: raise STATE_SCHEMA_VERSION, add a migration, then put the new hash here.
  it('have the schema of version 1', () => {
    expect([STATE_SCHEMA_VERSION, stateSchemaHash()]).toEqual([1, 'f8133d13f98ffc31'])
  })

  it.each([
    ['nothing', null, 'snapshot.format'],
    ['another kind', { ...good(), kind: 'something' }, 'snapshot.format'],
    ['no fields', { ...good(), fields: undefined }, 'snapshot.format'],
    ['a newer version', { ...good(), version: STATE_SCHEMA_VERSION + 1 }, 'snapshot.newer-version'],
    ['an older version without a migration', { ...good(), version: 0 }, 'snapshot.no-migration'],
    ['other fields under the same version', { ...good(), schema: '0123456789abcdef' }, 'snapshot.layout'],
    ['a missing field', withFields({ rip: undefined }), 'snapshot.fields'],
    ['an unknown field', withFields({ rick: ['0x0'] }), 'snapshot.fields'],
    ['too few elements', withFields({ gpr: ['0x0'] }), 'snapshot.fields'],
    ['a value too wide', withFields({ fpuTop: ['0x8'] }), 'snapshot.fields'],
    ['no number', withFields({ rip: ['12'] }), 'snapshot.fields'],
  ])('refuse %s and leave the state alone', (_what, snapshot, code) => {
    const state = randomState(seededRandom(3))
    const before = state.u8.slice()
    expect(() => restoreState(state, snapshot as CpuSnapshot)).toThrow(
      expect.objectContaining({ code, remedy: expect.any(String) }),
    )
    expect(state.u8).toEqual(before)
  })

  it('of an older version are migrated step by step', () => {
    const snapshot = good()
    const { rip, ...rest } = snapshot.fields
    const older: CpuSnapshot = { ...snapshot, version: -1, schema: 'older', fields: { ...rest, eip: rip ?? [] } }
    const state = createState()
    restoreState(state, older, {
      [-1]: ({ eip, ...fields }) => ({ ...fields, pc: eip ?? [] }),
      0: ({ pc, ...fields }) => ({ ...fields, rip: pc ?? [] }),
    })
    expect(saveState(state)).toEqual(snapshot)
  })
})

describe('comparison and hash', () => {
  it('name what differs, and ignore what engines own', () => {
    const a = createState()
    const b = createState()
    b.write('rsi', 5n)
    b.write('gsBase', 6n)
    b.write('xmm', 7n, 4)
    b.write('cr3', 8n)
    b.write('budget', 9)
    expect(compareStates(a, b)).toEqual([
      { name: 'rsi', field: 'gpr', index: 6, a: 0n, b: 5n },
      { name: 'gsBase', field: 'segBase', index: 5, a: 0n, b: 6n },
      { name: 'cr3', field: 'cr3', index: 0, a: 0n, b: 8n },
      { name: 'zmm[4]', field: 'zmm', index: 4, a: 0n, b: 7n },
    ])
  })

  it(`change with any bit of the processor's state and with no other (seed ${seed})`, () => {
    const random = seededRandom(seed)
    const state = randomState(random)
    const before = hashState(state)
    const seen = new Set([before])
    for (const field of STATE_LAYOUT) {
      if (field.name === 'lazyOp') continue
      const index = random() % field.count
      const bit = 1n << BigInt(random() % field.bits)
      state.writeBig(field, state.readBig(field, index) ^ bit, index)
      const after = hashState(state)
      expect(seen.has(after), field.name).toBe(field.group === 'engine')
      seen.add(after)
    }
    state.setLo(FIELD.segSelector, state.lo(FIELD.segSelector) ^ 0x80000000)
    expect(seen.has(hashState(state)), 'bits beyond a field do not count').toBe(true)
  })
})
