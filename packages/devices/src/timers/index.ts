/** Timers and clocks. */
export { HPET_BLOCK_ID, HPET_BYTES, Hpet, type HpetOptions, type HpetState } from './hpet.ts'
export { PIT_HZ, Pit8254, type Pit8254Options, type Pit8254State, type PitChannelState } from './pit8254.ts'
export { RtcCmos, type RtcCmosOptions, type RtcCmosState } from './rtc-cmos.ts'
