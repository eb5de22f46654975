/** A cable. */
import type { NetBackend } from '@ringfold/contracts'

/** Two ends of a cable: what one sends, the other receives. */
export function pairedNet(): readonly [NetBackend, NetBackend] {
  const receivers: ((frame: Uint8Array) => void)[] = []
  const end = (own: number): NetBackend => ({
    send: (frame) => receivers[1 - own]?.(frame.slice()),
    onReceive: (receive) => {
      receivers[own] = receive
    },
    close: () => {
      receivers[own] = () => undefined
    },
  })
  return [end(0), end(1)]
}
