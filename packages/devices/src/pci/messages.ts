/** Message-signalled interrupts of one function, MSI or MSI-X, as its device uses them. */
export interface MessageInterrupts {
  /** Whether the driver has chosen this kind. INTx is silent then. */
  readonly isEnabled: boolean
  /**
   * Sends the message of a vector; keeps it pending while it is masked or the function may not master the bus. Vectors that the
   * function does not have, and all while it is not enabled, are dropped.
   */
  signal(vector: number): void
}

/** How messages leave a function. */
export interface MessagePath {
  /** Whether the function may write to memory now. */
  canMaster(): boolean
  send(addressLo: number, addressHi: number, data: number): void
}
