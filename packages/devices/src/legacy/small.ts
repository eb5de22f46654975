/** Devices of a few lines: they have no state. */
import type { IoDevice } from '@ringfold/contracts'

/** QEMU's isa-debug-exit, at port F4H by custom: a write of `v` ends the machine with the status `(v << 1) | 1`. */
export function isaDebugExit(exit: (status: number) => void): IoDevice {
  return { read: () => 0, write: (_offset, _sizeBytes, value) => exit(((value << 1) | 1) & 0xff) }
}

/** The debug console of Bochs and QEMU at port E9H: what is written goes out, and it says that it is there. */
export const DEBUG_CONSOLE_PORT = 0xe9

export function debugConsole(transmit: (bytes: Uint8Array) => void): IoDevice {
  return {
    read: () => DEBUG_CONSOLE_PORT,
    write: (_offset, _sizeBytes, value) => transmit(Uint8Array.of(value & 0xff)),
  }
}

/** Events of pvpanic: QEMU documentation, "PVPANIC DEVICE". */
export const PVPANIC = { PANICKED: 1, CRASH_LOADED: 2 } as const
export const PVPANIC_PORT = 0x505

/** A guest's kernel tells by it that it panicked. Reading says which events there are. */
export function pvpanic(event: (bits: number) => void): IoDevice {
  const known = PVPANIC.PANICKED | PVPANIC.CRASH_LOADED
  return {
    read: () => known,
    write: (_offset, _sizeBytes, value) => {
      if ((value & known) !== 0) event(value & known)
    },
  }
}

const FAST_RESET = 0x01
const FAST_A20 = 0x02

/** System control port A, port 92H: a quick reset, and A20 (Intel ICH9 datasheet (316972), 13.7.2). */
export function fastA20(options: { readonly a20: (enabled: boolean) => void; readonly reset: () => void }): {
  readonly port: IoDevice
  state(): { readonly value: number }
  restore(state: { readonly value: number }): void
  reset(): void
} {
  let value: number = FAST_A20
  return {
    port: {
      read: () => value & FAST_A20,
      write: (_offset, _sizeBytes, written) => {
        const resets = (written & ~value & FAST_RESET) !== 0
        value = written & (FAST_A20 | FAST_RESET)
        options.a20((value & FAST_A20) !== 0)
        if (resets) options.reset()
      },
    },
    state: () => ({ value }),
    restore: (state) => {
      value = state.value
    },
    reset: () => {
      value = FAST_A20
    },
  }
}
