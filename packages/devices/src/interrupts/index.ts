/** Interrupt controllers. */
export { ApicBus, type ApicMessage, type EoiListener } from './apic-bus.ts'
export type { ApicProcessor, LocalApicOptions, LocalApicState } from './apic-core.ts'
export { APIC_REGISTERS, DELIVERY, LVT, SVR } from './apic-registers.ts'
export type { ApicTimerState } from './apic-timer.ts'
export { IoApic, type IoApicOptions, type IoApicState, REDIRECTION } from './io-apic.ts'
export { LocalApic } from './local-apic.ts'
export { Pic8259Pair, type Pic8259PairOptions, type Pic8259PairState, type Pic8259State } from './pic8259.ts'
