/** One thing that an implementation must do. Suites are lists of these, so that any test runner can run them. */
export interface Check {
  readonly name: string
  /** Throws {@link TestkitError} where the implementation does not do it. */
  run(): void
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
