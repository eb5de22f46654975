/** What went wrong, as a stable string to branch on. */
export type DeviceErrorCode =
  /** A parameter of construction that no such device can have. */
  | 'device.option'
  /** A state that this device did not make. */
  | 'device.state'

/**
 * Misuse of this package by the host program. Whatever a guest does is answered with data: ignored writes, status bits, faults.
 *
 * `code` is stable and meant for programs, `remedy` tells a person what to do about it. Copies of this package may meet in
 * one process, so test `code`, not `instanceof`.
 */
export class DeviceError extends Error {
  override readonly name = 'DeviceError'
  readonly code: DeviceErrorCode
  readonly remedy: string

  constructor(code: DeviceErrorCode, message: string, remedy: string) {
    super(`${message} (${remedy})`)
    this.code = code
    this.remedy = remedy
  }
}
