/** Device models on the seams of contracts: interrupt controllers, timers, UART, PCI, virtio devices, legacy PC. */
export * from './backends/index.ts'
export * from './interrupts/index.ts'
export * from './legacy/index.ts'
export * from './pci/index.ts'
export * from './power/index.ts'
export * from './serial/index.ts'
export * from './timers/index.ts'
export * from './virtio/index.ts'
