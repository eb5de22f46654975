/** Little-endian records of growing length, and their reader. */

export class ByteWriter {
  #bytes = new Uint8Array(1 << 16)
  #view = new DataView(this.#bytes.buffer)
  length = 0

  #room(bytes: number): void {
    if (this.length + bytes <= this.#bytes.length) return
    const larger = new Uint8Array(2 * (this.#bytes.length + bytes))
    larger.set(this.#bytes)
    this.#bytes = larger
    this.#view = new DataView(larger.buffer)
  }

  u8(v: number): void {
    this.#room(1)
    this.#view.setUint8(this.length++, v)
  }

  u16(v: number): void {
    this.#room(2)
    this.#view.setUint16(this.length, v, true)
    this.length += 2
  }

  u32(v: number): void {
    this.#room(4)
    this.#view.setUint32(this.length, v, true)
    this.length += 4
  }

  u64(v: bigint): void {
    this.#room(8)
    this.#view.setBigUint64(this.length, v, true)
    this.length += 8
  }

  bytes(v: Uint8Array): void {
    this.#room(v.length)
    this.#bytes.set(v, this.length)
    this.length += v.length
  }

  /** A length in one byte, and ASCII. */
  text(v: string): void {
    this.u8(v.length)
    for (let n = 0; n < v.length; n++) this.u8(v.charCodeAt(n))
  }

  done(): Uint8Array {
    return this.#bytes.subarray(0, this.length)
  }
}

export class ByteReader {
  readonly #view: DataView
  at = 0

  constructor(bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  }

  get atEnd(): boolean {
    return this.at >= this.#view.byteLength
  }

  u8(): number {
    return this.#view.getUint8(this.at++)
  }

  u16(): number {
    this.at += 2
    return this.#view.getUint16(this.at - 2, true)
  }

  u32(): number {
    this.at += 4
    return this.#view.getUint32(this.at - 4, true)
  }

  u64(): bigint {
    this.at += 8
    return this.#view.getBigUint64(this.at - 8, true)
  }

  bytes(length: number): Uint8Array {
    this.at += length
    return new Uint8Array(this.#view.buffer, this.#view.byteOffset + this.at - length, length).slice()
  }

  text(): string {
    return String.fromCharCode(...this.bytes(this.u8()))
  }
}
