/** What gives a processor its maskable interrupts: a local APIC, an 8259 pair, a monitor that injects. */
export interface InterruptSource {
  /** Whether an interrupt waits that the processor is to take as soon as it accepts one. Asked at instruction boundaries. */
  isPending(): boolean
  /** Takes the interrupt of highest priority: an INTA cycle. @returns its vector, 0 to 255 */
  acknowledge(): number
  /** CR8 has a new value: bits 7:4 of the task-priority register (Intel SDM vol. 3A, 13.8.6). */
  taskPriorityChanged?(cr8: number): void
}

/** Model-specific registers that belong to another part than the processor's core: the local APIC's, a monitor's. */
export interface MsrBank {
  /** The value of the last `read`. */
  readonly lo: number
  readonly hi: number
  /** @returns 0: done; 1: #GP(0); 2: not a register of this bank */
  read(index: number): 0 | 1 | 2
  write(index: number, lo: number, hi: number): 0 | 1 | 2
}
