/** virtio: queues and transports, both sides. */
export { Chain, type Segment } from './chain.ts'
export { type QueueSettings, VirtioDevice, type VirtioDeviceOptions, type VirtioDeviceState } from './device.ts'
export {
  type DriverBuffer,
  SplitQueueDriver,
  type SplitQueueDriverOptions,
  type UsedChain,
} from './driver/queue-driver.ts'
export {
  mmioRegisters,
  pciRegisters,
  type TransportRegisters,
  VirtioDriver,
  type VirtioDriverOptions,
} from './driver/transport-driver.ts'
export {
  VIRTIO_F,
  VIRTIO_ID,
  VIRTIO_ISR,
  VIRTIO_MMIO,
  VIRTIO_MMIO_BYTES,
  VIRTIO_PCI,
  VIRTIO_PCI_CAP,
  VIRTIO_PCI_COMMON,
  VIRTIO_STATUS,
  VIRTQ_DESC,
  VIRTQ_LAYOUT,
} from './facts.ts'
export { type VirtioMmioState, VirtioMmioTransport, type VirtioMmioTransportOptions } from './mmio-transport.ts'
export type { VirtioHost, VirtioModel } from './model.ts'
export {
  VIRTIO_PCI_BAR,
  type VirtioPciCapability,
  type VirtioPciFunction,
  type VirtioPciState,
  VirtioPciTransport,
  type VirtioPciTransportOptions,
} from './pci-transport.ts'
export {
  type PopResult,
  type QueueAddresses,
  SplitQueue,
  type SplitQueueOptions,
  type SplitQueueState,
} from './split-queue.ts'
