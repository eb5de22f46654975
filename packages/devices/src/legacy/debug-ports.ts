/** Ports by which a guest talks with its host before it has drivers. They have no state. */
import type { IoDevice } from '@ringfold/contracts'

/**
 * QEMU's isa-debug-exit: four ports, at F4H by custom. A write of `v` ends the machine with the status `(v << 1) | 1`, as an exit status of
 * eight bits: always odd, so that a guest cannot tell the success of its host.
 */
export function isaDebugExit(exit: (status: number) => void): IoDevice {
  return {
    read: (_offset, sizeBytes) => 2 ** (8 * sizeBytes) - 1,
    write: (_offset, _sizeBytes, value) => exit(((value << 1) | 1) & 0xff),
  }
}

/** Where the debug console is by custom, and what it reads as. */
export const DEBUG_CONSOLE_PORT = 0xe9

/** The debug console of Bochs and QEMU, one port: what is written goes out, and reading tells that it is there. */
export function debugConsole(transmit: (bytes: Uint8Array) => void): IoDevice {
  return {
    read: () => DEBUG_CONSOLE_PORT,
    write: (_offset, _sizeBytes, value) => transmit(Uint8Array.of(value & 0xff)),
  }
}
