/** A virtio device as a function of a PCI device (VIRTIO 1.2, 4.1.2). */
import type { DmaMemory } from '@ringfold/contracts'
import { VIRTIO_ID, VIRTIO_PCI, VIRTIO_PCI_BAR, type VirtioModel, VirtioPciTransport } from '@ringfold/paravirt'
import { PciFunction } from '../pci/index.ts'

/** Classes (PCI Code and ID Assignment 1.11): mass storage, Ethernet, simple communications, other. */
const CLASS_CODES: Readonly<Record<number, number>> = {
  [VIRTIO_ID.NET]: 0x020000,
  [VIRTIO_ID.BLOCK]: 0x018000,
  [VIRTIO_ID.CONSOLE]: 0x078000,
  [VIRTIO_ID.ENTROPY]: 0xff0000,
}
const OTHER_CLASS = 0xff0000
/** Subsystem ids from 40H on say that the device is none of the transition (4.1.2.1). */
const FIRST_SUBSYSTEM = 0x40
const MSIX_BAR = 1

export interface VirtioPciDevice {
  /** To be added to a PCI host, which keeps its state. */
  readonly pciFunction: PciFunction
  /** The transport and the model: their state, and what a reset does. */
  readonly transport: VirtioPciTransport
}

/** Puts a model on PCI. */
export function virtioPciDevice(model: VirtioModel<never> | VirtioModel, memory: DmaMemory): VirtioPciDevice {
  const transport: VirtioPciTransport = new VirtioPciTransport({
    model: model as VirtioModel,
    memory,
    pciFunction: () => pciFunction,
  })
  const pciFunction: PciFunction = new PciFunction({
    vendorId: VIRTIO_PCI.VENDOR_ID,
    deviceId: VIRTIO_PCI.FIRST_DEVICE_ID + model.deviceId,
    revision: VIRTIO_PCI.REVISION,
    classCode: CLASS_CODES[model.deviceId] ?? OTHER_CLASS,
    subsystemVendorId: VIRTIO_PCI.VENDOR_ID,
    subsystemId: FIRST_SUBSYSTEM + model.deviceId,
    interruptPin: 1,
    bars: [
      {
        index: VIRTIO_PCI_BAR.INDEX,
        kind: 'memory64',
        prefetchable: true,
        sizeBytes: VIRTIO_PCI_BAR.BYTES,
        device: transport.bar,
      },
    ],
    msix: { vectors: transport.vectors, bar: MSIX_BAR },
    capabilities: transport.capabilities,
  })
  return { pciFunction, transport }
}
