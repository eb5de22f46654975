import { ArchError } from '../errors.ts'
import { FIELD, STATE_SIZE_BYTES, type StateField, type StateFieldBits, type StateFieldName } from './layout.ts'

/** A field of more than 32 bits: it has a high half. */
export type WideField = StateField<64> | StateField<80> | StateField<128> | StateField<256> | StateField<512>

/** What `read` gives and `write` takes: a number up to 32 bits, a bigint beyond. */
export type StateValue<Bits extends number> = Bits extends 64 | 80 | 128 | 256 | 512 ? bigint : number

/**
 * The state of one logical processor in a memory: accessors over the table of `fields.ts`.
 *
 * `lo`, `hi`, `word` and their setters are for rules and engines: 32 bits at a time, no allocation, and *unchecked*, as
 * the loads of translated code are: an index beyond the field's `count` reaches another field. They give unsigned values and
 * keep any bits that a setter is given. `read` and `write` are for tools and tests: checked, by name, bigint above 32 bits.
 *
 * Growing a WebAssembly memory detaches its buffer: make a new `CpuState` then. Hosts are little-endian, as the memory is.
 */
export class CpuState {
  readonly buffer: ArrayBufferLike
  /** Where the state starts in the buffer. */
  readonly byteOffset: number
  /** The state as 32-bit words: field `f` starts at word `f.offset >>> 2`. */
  readonly u32: Uint32Array
  readonly u8: Uint8Array

  /**
   * A view of the state at `byteOffset` of `buffer`, which is a WebAssembly memory's or any other of at least
   * `STATE_SIZE_BYTES` from there. What it holds is left as it is; zeros are a valid state. Throws `ArchError`
   * `state.memory`.
   */
  constructor(buffer: ArrayBufferLike, byteOffset = 0) {
    if (byteOffset % 64 !== 0 || byteOffset < 0 || byteOffset + STATE_SIZE_BYTES > buffer.byteLength) {
      const what = `no CPU state fits at byte ${byteOffset} of a buffer of ${buffer.byteLength} bytes`
      throw new ArchError('state.memory', what, `give ${STATE_SIZE_BYTES} bytes at a multiple of 64`)
    }
    this.buffer = buffer
    this.byteOffset = byteOffset
    this.u32 = new Uint32Array(buffer, byteOffset, STATE_SIZE_BYTES / 4)
    this.u8 = new Uint8Array(buffer, byteOffset, STATE_SIZE_BYTES)
  }

  /** Bits 31:0 of a field. */
  lo(field: StateField, index = 0): number {
    return this.u32[(field.offset + index * field.strideBytes) >>> 2] as number
  }

  /** Bits 63:32 of a field. */
  hi(field: WideField, index = 0): number {
    return this.u32[((field.offset + index * field.strideBytes) >>> 2) + 1] as number
  }

  setLo(field: StateField, value: number, index = 0): void {
    this.u32[(field.offset + index * field.strideBytes) >>> 2] = value
  }

  setHi(field: WideField, value: number, index = 0): void {
    this.u32[((field.offset + index * field.strideBytes) >>> 2) + 1] = value
  }

  /**
   * As `lo`, of a field's only or first element. It is so short that V8 inlines it everywhere, where `lo` counts against the size of
   * what it inlines at all: for code of which every exception executes dozens.
   */
  first(field: StateField): number {
    return this.u32[field.offset >>> 2] as number
  }

  /** As `setLo`, and as short as `first`. */
  setFirst(field: StateField, value: number): void {
    this.u32[field.offset >>> 2] = value
  }

  /** Sets both halves of a 64-bit field. */
  set(field: StateField<64>, lo: number, hi: number, index = 0): void {
    const at = (field.offset + index * field.strideBytes) >>> 2
    this.u32[at] = lo
    this.u32[at + 1] = hi
  }

  /** 32-bit word `word` of a field, the lowest first: for vector and x87 registers. */
  word(field: WideField, word: number, index = 0): number {
    return this.u32[((field.offset + index * field.strideBytes) >>> 2) + word] as number
  }

  setWord(field: WideField, word: number, value: number, index = 0): void {
    this.u32[((field.offset + index * field.strideBytes) >>> 2) + word] = value
  }

  /** The bytes of a field, lowest first, as a view: writing to it writes the state. */
  bytes(field: StateField, index = 0): Uint8Array {
    const start = field.offset + index * field.strideBytes
    return this.u8.subarray(start, start + Math.ceil(field.bits / 8))
  }

  /** The significant bits of a field, by name. Throws `ArchError` `state.field` for an unknown name or index. */
  read<Name extends StateFieldName>(name: Name, index = 0): StateValue<StateFieldBits<Name>> {
    const field = checkedField(name, index)
    const value = field.bits <= 32 ? this.lo(field, index) & lowBits(field.bits) : this.readBig(field, index)
    return (typeof value === 'number' ? value >>> 0 : value) as StateValue<StateFieldBits<Name>>
  }

  /**
   * Sets a field by name. Throws `ArchError` `state.field` for an unknown name or index, `state.value` for a value that is
   * negative, no integer, or wider than the field. A view (`xmm`) leaves the rest of its register alone.
   */
  write<Name extends StateFieldName>(name: Name, value: StateValue<StateFieldBits<Name>>, index = 0): void {
    const field = checkedField(name, index)
    this.writeBig(field, checkedValue(field, value), index)
  }

  /** The significant bits of a field of any width. */
  readBig(field: StateField, index = 0): bigint {
    const start = (field.offset + index * field.strideBytes) >>> 2
    let value = 0n
    for (let word = Math.ceil(field.bits / 32) - 1; word >= 0; word--) {
      value = (value << 32n) | BigInt(this.u32[start + word] as number)
    }
    return BigInt.asUintN(field.bits, value)
  }

  /** Sets a field of any width; bits of `value` beyond it are dropped. */
  writeBig(field: StateField, value: bigint, index = 0): void {
    const start = (field.offset + index * field.strideBytes) >>> 2
    let rest = BigInt.asUintN(field.bits, value)
    for (let word = 0; word < Math.ceil(field.bits / 32); word++) {
      this.u32[start + word] = Number(rest & 0xffffffffn)
      rest >>= 32n
    }
  }
}

/** A state of its own: all zeros, in a buffer of its own. A processor's reset state is the `cpu` package's to set. */
export function createState(): CpuState {
  return new CpuState(new ArrayBuffer(STATE_SIZE_BYTES))
}

function lowBits(bits: number): number {
  return -1 >>> (32 - bits)
}

function checkedField(name: string, index: number): StateField {
  const field = (FIELD as Readonly<Record<string, StateField>>)[name]
  if (field === undefined) {
    throw new ArchError('state.field', `the CPU state has no field ${name}`, 'FIELD lists the names')
  }
  if (!(Number.isInteger(index) && index >= 0 && index < field.count)) {
    throw new ArchError('state.field', `${name} has no element ${index}`, `use 0 to ${field.count - 1}`)
  }
  return field
}

function checkedValue(field: StateField, value: number | bigint): bigint {
  const integer = typeof value === 'bigint' || Number.isInteger(value) ? BigInt(value) : -1n
  if (integer === BigInt.asUintN(field.bits, integer)) return integer
  const what = `${value} is no value of ${field.name}`
  throw new ArchError('state.value', what, `give an unsigned integer of at most ${field.bits} bits`)
}
