/** The paravirtual driver ABI, both sides: virtio queues and transports. */
export * from './virtio/index.ts'
