/** What can be wrong with a request of the host. What a guest does wrong is a fault, never an error. */
export type RingsErrorCode =
  | 'model.unknown'
  | 'model.unknown-feature'
  | 'model.fixed-feature'
  | 'model.missing-feature'
  | 'model.topology'

/** Misuse by the host. */
export class RingsError extends Error {
  override readonly name = 'RingsError'
  readonly code: RingsErrorCode
  readonly remedy: string

  constructor(code: RingsErrorCode, message: string, remedy: string) {
    super(message)
    this.code = code
    this.remedy = remedy
  }
}
