/** A wire that requests an interrupt: into an interrupt controller, or a bus's router. */
export interface IrqLine {
  /** Drives the wire high or low. Driving it as it already is changes nothing. */
  set(level: boolean): void
}

/** What takes message-signalled interrupts: memory writes that mean an interrupt (PCI 3.0, 6.8; Intel SDM vol. 3A, 12.11). */
export interface MessageTarget {
  /** A write of 32 bits of `data` to an address of 64 bits. */
  deliver(addressLo: number, addressHi: number, data: number): void
}
