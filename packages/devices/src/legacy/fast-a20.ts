/** System control port A (port 92H): Intel ICH9 datasheet (316972), 13.7.2. */
import type { IoDevice, Stateful } from '@ringfold/contracts'

const BIT = { RESET: 0x01, A20: 0x02 } as const

export interface FastA20Options {
  /** Lets address line 20 through or not; it does at first, as firmware leaves it. */
  readonly a20: (enabled: boolean) => void
  /** The processor is to be reset. */
  readonly reset: () => void
}

/** The bits as they were written. */
export interface FastA20State {
  readonly value: number
}

export interface FastA20 extends Stateful<FastA20State> {
  readonly port: IoDevice
  reset(): void
}

/** A quick way to A20 and to a reset, which comes when bit 0 rises. */
export function fastA20({ a20, reset }: FastA20Options): FastA20 {
  let value: number = BIT.A20
  return {
    port: {
      read: () => value,
      write: (_offset, _sizeBytes, written) => {
        const rising = written & ~value
        value = written & (BIT.A20 | BIT.RESET)
        a20((value & BIT.A20) !== 0)
        if ((rising & BIT.RESET) !== 0) reset()
      },
    },
    state: () => ({ value }),
    restore: (state) => {
      value = state.value
    },
    reset: () => {
      value = BIT.A20
      a20(true)
    },
  }
}
