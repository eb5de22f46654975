/** A source of interrupts, and a port through which the guest raises them itself. */
import type { InterruptSource, IoDevice } from '@ringfold/contracts'
import { PortSpace } from '@ringfold/memory'

export const RAISE_PORT = 0x10

export class InterruptLine implements InterruptSource, IoDevice {
  readonly pending: number[] = []
  readonly priorities: number[] = []
  readonly ports = new PortSpace()
  /** How often the port was read. */
  reads = 0

  constructor() {
    this.ports.add(RAISE_PORT, 4, this)
  }

  isPending(): boolean {
    return this.pending.length > 0
  }

  acknowledge(): number {
    return this.pending.shift() ?? 0xff
  }

  taskPriorityChanged(cr8: number): void {
    this.priorities.push(cr8)
  }

  read(): number {
    this.reads++
    return this.pending.length
  }

  write(_offset: number, _sizeBytes: number, value: number): void {
    this.pending.push(value)
  }
}
