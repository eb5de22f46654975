/** Serial lines. */
export { Uart16550A, type Uart16550AOptions, type Uart16550AState } from './uart16550.ts'
