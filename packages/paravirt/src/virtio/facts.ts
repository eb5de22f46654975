/** Numbers of virtio: Virtual I/O Device (VIRTIO) Version 1.2, OASIS Committee Specification 01. */

/** Device status bits (2.1). */
export const VIRTIO_STATUS = {
  ACKNOWLEDGE: 1,
  DRIVER: 2,
  DRIVER_OK: 4,
  FEATURES_OK: 8,
  DEVICE_NEEDS_RESET: 64,
  FAILED: 128,
} as const

/** Feature bits that are not a device's own (6). */
export const VIRTIO_F = {
  RING_INDIRECT_DESC: 28,
  RING_EVENT_IDX: 29,
  VERSION_1: 32,
  ACCESS_PLATFORM: 33,
  RING_PACKED: 34,
  RING_RESET: 40,
} as const

/** Device types (5). */
export const VIRTIO_ID = { NET: 1, BLOCK: 2, CONSOLE: 3, ENTROPY: 4 } as const

/** Descriptors of a split virtqueue (2.7.5). */
export const VIRTQ_DESC = { BYTES: 16, F_NEXT: 1, F_WRITE: 2, F_INDIRECT: 4 } as const
/** Flags of its rings (2.7.6, 2.7.8). */
export const VIRTQ_AVAIL_F_NO_INTERRUPT = 1
export const VIRTQ_USED_F_NO_NOTIFY = 1
/** Most descriptors of a queue (2.7). */
export const VIRTQ_MAX_SIZE = 32_768

/** Bytes and alignments of the parts of a split virtqueue (2.7). */
export const VIRTQ_LAYOUT = {
  descriptors: { align: 16, bytes: (size: number) => 16 * size },
  available: { align: 2, bytes: (size: number) => 6 + 2 * size },
  used: { align: 4, bytes: (size: number) => 6 + 8 * size },
} as const

/** PCI: vendor, and the first device id of this version (4.1.2.1). */
export const VIRTIO_PCI = { VENDOR_ID: 0x1af4, FIRST_DEVICE_ID: 0x1040, REVISION: 1, NO_VECTOR: 0xffff } as const

/** Types of the vendor capabilities (4.1.4). */
export const VIRTIO_PCI_CAP = { COMMON_CFG: 1, NOTIFY_CFG: 2, ISR_CFG: 3, DEVICE_CFG: 4, PCI_CFG: 5 } as const

/** Bits of the ISR status (4.1.4.5; 4.2.2 has the same). */
export const VIRTIO_ISR = { QUEUE: 1, CONFIG: 2 } as const

/** Common configuration: offset and bytes of each field (4.1.4.3). */
export const VIRTIO_PCI_COMMON = {
  device_feature_select: [0x00, 4],
  device_feature: [0x04, 4],
  driver_feature_select: [0x08, 4],
  driver_feature: [0x0c, 4],
  config_msix_vector: [0x10, 2],
  num_queues: [0x12, 2],
  device_status: [0x14, 1],
  config_generation: [0x15, 1],
  queue_select: [0x16, 2],
  queue_size: [0x18, 2],
  queue_msix_vector: [0x1a, 2],
  queue_enable: [0x1c, 2],
  queue_notify_off: [0x1e, 2],
  queue_desc_lo: [0x20, 4],
  queue_desc_hi: [0x24, 4],
  queue_driver_lo: [0x28, 4],
  queue_driver_hi: [0x2c, 4],
  queue_device_lo: [0x30, 4],
  queue_device_hi: [0x34, 4],
  queue_notify_data: [0x38, 2],
  queue_reset: [0x3a, 2],
} as const satisfies Readonly<Record<string, readonly [number, 1 | 2 | 4]>>

/** Registers of virtio over MMIO (4.2.2). */
export const VIRTIO_MMIO = {
  MagicValue: 0x000,
  Version: 0x004,
  DeviceID: 0x008,
  VendorID: 0x00c,
  DeviceFeatures: 0x010,
  DeviceFeaturesSel: 0x014,
  DriverFeatures: 0x020,
  DriverFeaturesSel: 0x024,
  QueueSel: 0x030,
  QueueNumMax: 0x034,
  QueueNum: 0x038,
  QueueReady: 0x044,
  QueueNotify: 0x050,
  InterruptStatus: 0x060,
  InterruptACK: 0x064,
  Status: 0x070,
  QueueDescLow: 0x080,
  QueueDescHigh: 0x084,
  QueueDriverLow: 0x090,
  QueueDriverHigh: 0x094,
  QueueDeviceLow: 0x0a0,
  QueueDeviceHigh: 0x0a4,
  SHMLenLow: 0x0b0,
  SHMLenHigh: 0x0b4,
  SHMBaseLow: 0x0b8,
  SHMBaseHigh: 0x0bc,
  QueueReset: 0x0c0,
  ConfigGeneration: 0x0fc,
  Config: 0x100,
} as const

/** `virt`, little-endian; version of this specification; our vendor: `RNGF`. */
export const VIRTIO_MMIO_MAGIC = 0x7472_6976
export const VIRTIO_MMIO_VERSION = 2
export const VIRTIO_MMIO_VENDOR = 0x4647_4e52
/** Registers and device configuration. */
export const VIRTIO_MMIO_BYTES = 0x200
