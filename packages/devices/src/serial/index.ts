/** Serial lines. */
export type { LineQueueState } from './line-queue.ts'
export type { UartReceiverState } from './uart-receiver.ts'
export { type ModemLines, Uart16550A, type Uart16550AOptions, type Uart16550AState } from './uart16550.ts'
