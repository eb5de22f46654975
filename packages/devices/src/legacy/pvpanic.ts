/** The pvpanic ISA device, by which a guest tells its host that it panicked: QEMU, docs/specs/pvpanic. It has no state. */
import type { IoDevice } from '@ringfold/contracts'

/** Events. */
export const PVPANIC = {
  PANICKED: 0x01,
  /** It panicked and deals with it, having loaded a crash kernel: its execution must not be affected. */
  CRASH_LOADED: 0x02,
  /** It shuts down, on purpose. */
  SHUTDOWN: 0x04,
} as const
export const PVPANIC_PORT = 0x505

/** One port. Reading tells `events`, those that the guest may tell: by default a panic of either kind. `event` takes at least one of them. */
export function pvpanic(
  event: (bits: number) => void,
  events: number = PVPANIC.PANICKED | PVPANIC.CRASH_LOADED,
): IoDevice {
  return {
    read: () => events,
    write: (_offset, _sizeBytes, value) => {
      if ((value & events) !== 0) event(value & events)
    },
  }
}
