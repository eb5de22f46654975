/** virtio device models, and how they become PCI functions. */
export {
  VIRTIO_BLK_F,
  VIRTIO_BLK_S,
  VIRTIO_BLK_T,
  VirtioBlock,
  type VirtioBlockOptions,
  type VirtioBlockState,
} from './block.ts'
export { VIRTIO_CONSOLE_F, VirtioConsole, type VirtioConsoleOptions, type VirtioConsoleState } from './console.ts'
export { VirtioEntropy, type VirtioEntropyOptions, type VirtioEntropyState } from './entropy.ts'
export { VIRTIO_NET_F, VirtioNet, type VirtioNetOptions, type VirtioNetState } from './net.ts'
export { type VirtioPciDevice, virtioPciDevice } from './pci-function.ts'
