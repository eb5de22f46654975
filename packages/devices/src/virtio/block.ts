/** A virtio block device (VIRTIO 1.2, 5.2). */
import type { BlockBackend, Timeline, Timer } from '@ringfold/contracts'
import { type Chain, VIRTIO_ID, type VirtioHost, type VirtioModel } from '@ringfold/paravirt'

/** Feature bits (5.2.3). */
export const VIRTIO_BLK_F = { SEG_MAX: 2, RO: 5, BLK_SIZE: 6, FLUSH: 9, DISCARD: 13, WRITE_ZEROES: 14 } as const
/** Types of requests (5.2.6). */
export const VIRTIO_BLK_T = { IN: 0, OUT: 1, FLUSH: 4, GET_ID: 8, DISCARD: 11, WRITE_ZEROES: 13 } as const
/** How they end. */
export const VIRTIO_BLK_S = { OK: 0, IOERR: 1, UNSUPP: 2 } as const

const SECTOR = 512
const HEADER_BYTES = 16
const ID_BYTES = 20
const RANGE_BYTES = 16
const CONFIG_BYTES = 60
const QUEUE_SIZE = 128
/** Descriptors of data: a request has two more. */
const MOST_SEGMENTS = QUEUE_SIZE - 2
const MOST_DISCARD_SECTORS = 1 << 22
/** Requests are taken from the queue while less than so many bytes are under way. */
const MOST_IN_FLIGHT_BYTES = 8 << 20
const TWO_32 = 2 ** 32
/** A guest sees a disk as quick as flash memory behind a bus: this, and a nanosecond for each two bytes. */
const REQUEST_NS = 20_000
const FLUSH_NS = 50_000
const NS_PER_BYTE = 0.5

export interface VirtioBlockOptions {
  readonly backend: BlockBackend
  readonly timeline: Timeline
  /** At most 20 characters, for GET_ID. */
  readonly serial?: string
}

export interface VirtioBlockState {
  /** Requests under way, in the order in which they were taken: head of the chain, and when it is done. */
  readonly inFlight: readonly { readonly head: number; readonly dueNs: number }[]
}

interface Request {
  readonly chain: Chain
  readonly dueNs: number
  readonly order: number
  readonly bytes: number
  status: number
  /** What a read brings. */
  data: Uint8Array | null
  ready: Promise<void> | null
}

export class VirtioBlock implements VirtioModel<VirtioBlockState> {
  readonly deviceId = VIRTIO_ID.BLOCK
  readonly queueSizes = [QUEUE_SIZE]
  readonly features: readonly number[]
  readonly configBytes: Uint8Array
  readonly #options: VirtioBlockOptions
  readonly #timer: Timer
  #host!: VirtioHost
  /** By when they are done. */
  #inFlight: Request[] = []
  #bytes = 0
  #order = 0
  /** Requests that reach an asynchronous back end follow one another. */
  #tail: Promise<void> | null = null

  constructor(options: VirtioBlockOptions) {
    this.#options = options
    const { backend } = options
    const writes = backend.isReadOnly ? [VIRTIO_BLK_F.RO] : [VIRTIO_BLK_F.DISCARD, VIRTIO_BLK_F.WRITE_ZEROES]
    this.features = [VIRTIO_BLK_F.SEG_MAX, VIRTIO_BLK_F.BLK_SIZE, VIRTIO_BLK_F.FLUSH, ...writes]
    this.configBytes = configOf(backend)
    this.#timer = options.timeline.timer(() => this.#complete())
  }

  connect(host: VirtioHost): void {
    this.#host = host
  }

  notified(): void {
    this.#take()
  }

  /** Takes requests from the queue, as many as may be under way. */
  #take(): void {
    while (this.#bytes < MOST_IN_FLIGHT_BYTES) {
      const result = this.#host.pop(0)
      if (result.kind !== 'chain') break
      if (!this.#begin(result.chain, null)) return
    }
    this.#arm()
  }

  /** @returns false if the request is malformed: the device needs a reset */
  #begin(chain: Chain, dueNs: number | null): boolean {
    const { readableBytes, writableBytes } = chain
    if (readableBytes < HEADER_BYTES || writableBytes < 1) {
      this.#host.fail('a block request without header or status')
      return false
    }
    const header = viewOf(chain.read(0, HEADER_BYTES))
    const type = header.getUint32(0, true)
    const sector = header.getUint32(8, true) + header.getUint32(12, true) * TWO_32
    const bytes = readableBytes - HEADER_BYTES + writableBytes - 1
    const due = dueNs ?? this.#options.timeline.nowNs + latencyNs(type, bytes)
    const request: Request = {
      ...{ chain, dueNs: due, order: this.#order++, bytes },
      ...{ status: VIRTIO_BLK_S.OK, data: null, ready: null },
    }
    this.#perform(request, type, sector)
    this.#inFlight.push(request)
    this.#inFlight.sort((a, b) => a.dueNs - b.dueNs || a.order - b.order)
    this.#bytes += bytes
    return true
  }

  #perform(request: Request, type: number, sector: number): void {
    const work = this.#work(request, type, sector)
    if (typeof work === 'number') {
      request.status = work
      return
    }
    const failed = () => {
      request.status = VIRTIO_BLK_S.IOERR
    }
    const started = () => {
      try {
        return work()
      } catch {
        failed()
        return undefined
      }
    }
    if (this.#tail === null) {
      const result = started()
      if (result === undefined) return
      request.ready = result.catch(failed)
    } else request.ready = this.#tail.then(started).catch(failed)
    const tail = request.ready.then(() => {
      if (this.#tail === tail) this.#tail = null
    })
    this.#tail = tail
  }

  /** What a request asks of the back end, or how it ends without. */
  #work(request: Request, type: number, sector: number): (() => void | Promise<void>) | number {
    const { backend } = this.#options
    const { chain } = request
    switch (type) {
      case VIRTIO_BLK_T.IN:
        return this.#read(request, sector)
      case VIRTIO_BLK_T.OUT: {
        const bytes = chain.read(HEADER_BYTES, chain.readableBytes)
        if (backend.isReadOnly || !this.#isOnDisk(sector, bytes.length)) return VIRTIO_BLK_S.IOERR
        return () => backend.write(sector * SECTOR, bytes)
      }
      case VIRTIO_BLK_T.FLUSH:
        return () => backend.flush()
      case VIRTIO_BLK_T.GET_ID:
        request.data = new Uint8Array(ID_BYTES)
        request.data.set(new TextEncoder().encode(this.#options.serial ?? '').subarray(0, ID_BYTES))
        return VIRTIO_BLK_S.OK
      case VIRTIO_BLK_T.DISCARD:
      case VIRTIO_BLK_T.WRITE_ZEROES:
        return this.#clear(chain.read(HEADER_BYTES, chain.readableBytes), type)
      default:
        return VIRTIO_BLK_S.UNSUPP
    }
  }

  #read(request: Request, sector: number): (() => void | Promise<void>) | number {
    const data = new Uint8Array(request.chain.writableBytes - 1)
    if (!this.#isOnDisk(sector, data.length)) return VIRTIO_BLK_S.IOERR
    request.data = data
    return () => this.#options.backend.read(sector * SECTOR, data)
  }

  #isOnDisk(sector: number, lengthBytes: number): boolean {
    return lengthBytes % SECTOR === 0 && sector * SECTOR + lengthBytes <= this.#options.backend.sizeBytes
  }

  /** DISCARD and WRITE_ZEROES: one range (5.2.6). */
  #clear(range: Uint8Array, type: number): (() => void | Promise<void>) | number {
    const { backend } = this.#options
    if (backend.isReadOnly || range.length !== RANGE_BYTES) return VIRTIO_BLK_S.IOERR
    const view = viewOf(range)
    const sector = view.getUint32(0, true) + view.getUint32(4, true) * TWO_32
    const sectors = view.getUint32(8, true)
    const flags = view.getUint32(12, true)
    // Bit 0 lets WRITE_ZEROES give room back; DISCARD has no flags.
    if ((flags & ~(type === VIRTIO_BLK_T.WRITE_ZEROES ? 1 : 0)) !== 0) return VIRTIO_BLK_S.UNSUPP
    if (sectors > MOST_DISCARD_SECTORS || !this.#isOnDisk(sector, sectors * SECTOR)) return VIRTIO_BLK_S.IOERR
    return () => clearRange(backend, sector * SECTOR, sectors * SECTOR)
  }

  #arm(): void {
    const first = this.#inFlight[0]
    if (first === undefined) this.#timer.disarm()
    else if (first.ready === null) this.#timer.arm(first.dueNs)
    else this.#timer.arm(first.dueNs, first.ready)
  }

  /** The first request is due, and done. */
  #complete(): void {
    const request = this.#inFlight.shift()
    if (request === undefined) return
    const { chain, data, status, bytes } = request
    this.#bytes -= bytes
    const isGood = status === VIRTIO_BLK_S.OK
    if (data !== null && isGood) chain.write(0, data)
    chain.write(chain.writableBytes - 1, Uint8Array.of(status))
    this.#host.push(0, chain.head, isGood && data !== null ? chain.writableBytes : 1)
    this.#host.notify(0)
    this.#take()
  }

  resetQueue(): void {
    this.reset()
  }

  reset(): void {
    this.#inFlight = []
    this.#bytes = 0
    this.#timer.disarm()
  }

  state(): VirtioBlockState {
    return { inFlight: this.#inFlight.map(({ chain, dueNs }) => ({ head: chain.head, dueNs })) }
  }

  /** What was under way is asked of the back end once more: its result is the same. */
  restore({ inFlight }: VirtioBlockState): void {
    this.reset()
    for (const { head, dueNs } of inFlight) {
      const result = this.#host.chainAt(0, head)
      if (result.kind === 'chain') this.#begin(result.chain, dueNs)
    }
    this.#arm()
  }
}

const viewOf = ({ buffer, byteOffset, byteLength }: Uint8Array): DataView =>
  new DataView(buffer, byteOffset, byteLength)

function latencyNs(type: number, bytes: number): number {
  return type === VIRTIO_BLK_T.FLUSH ? FLUSH_NS : REQUEST_NS + Math.ceil(bytes * NS_PER_BYTE)
}

const ZEROS_BYTES = 1 << 16

/** Makes a range read as zeros. */
async function writeZeros(backend: BlockBackend, offset: number, lengthBytes: number): Promise<void> {
  const zeros = new Uint8Array(ZEROS_BYTES)
  for (let done = 0; done < lengthBytes; done += ZEROS_BYTES)
    await backend.write(offset + done, zeros.subarray(0, lengthBytes - done))
}

function clearRange(backend: BlockBackend, offset: number, lengthBytes: number): void | Promise<void> {
  if (lengthBytes === 0) return undefined
  return backend.discard ? backend.discard(offset, lengthBytes) : writeZeros(backend, offset, lengthBytes)
}

/** struct virtio_blk_config (5.2.4). */
function configOf({ sizeBytes }: BlockBackend): Uint8Array {
  const bytes = new Uint8Array(CONFIG_BYTES)
  const view = viewOf(bytes)
  const sectors = Math.floor(sizeBytes / SECTOR)
  view.setUint32(0, sectors % TWO_32, true)
  view.setUint32(4, Math.floor(sectors / TWO_32), true)
  view.setUint32(12, MOST_SEGMENTS, true)
  view.setUint32(20, SECTOR, true)
  for (const at of [36, 48]) {
    view.setUint32(at, MOST_DISCARD_SECTORS, true)
    view.setUint32(at + 4, 1, true)
  }
  view.setUint32(44, 1, true)
  bytes[56] = 1
  return bytes
}
