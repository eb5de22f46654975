/** One thing that an implementation must do. Suites are lists of these, so that any test runner can run them. */
export interface Check {
  readonly name: string
  /** Throws or rejects with {@link TestkitError} where the implementation does not do it. */
  run(): void | Promise<void>
}

/** An implementation does not do what its interface says. */
export class TestkitError extends Error {
  override readonly name = 'TestkitError'
  readonly code = 'testkit.failed'
}

/** Throws unless both are the same text. */
export function expectSame(what: string, wanted: string, found: string): void {
  if (wanted !== found) throw new TestkitError(`${what}: ${wanted} was wanted, ${found} found`)
}

/** Throws unless both have the same bytes. */
export function expectBytes(what: string, wanted: Uint8Array, found: Uint8Array): void {
  if (wanted.length !== found.length)
    throw new TestkitError(`${what}: ${wanted.length} bytes were wanted, ${found.length} found`)
  const at = wanted.findIndex((byte, n) => byte !== found[n])
  if (at >= 0) throw new TestkitError(`${what}: byte ${at} is ${found[at]}, where ${wanted[at]} was wanted`)
}

/** Bytes that are unlike their neighbours and, for each `seed`, unlike those of others. */
export function patternBytes(count: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(count)
  let state = Math.imul(seed + 1, 0x9e3779b1)
  for (let at = 0; at < count; at++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0
    bytes[at] = state >>> 24
  }
  return bytes
}
