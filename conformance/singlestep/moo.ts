/** Reader of the single-step vectors (`*.MOO.gz`, once unpacked): one real-mode instruction, state before and after. */

/** The registers in the order of the mask's bits. */
export const REGISTERS = 'ax bx cx dx cs ss ds es sp bp si di ip flags'.split(' ')

/** Prefixes of both processors: segments, LOCK, REPNE, REP. */
export const PREFIXES: ReadonlySet<number> = new Set([0x26, 0x2e, 0x36, 0x3e, 0xf0, 0xf2, 0xf3])

export interface MooState {
  /** Bit n: `registers[n]` is given. */
  readonly mask: number
  /** By index of `REGISTERS`; 0 where the mask has no bit. */
  readonly registers: Uint16Array
  /** Physical addresses, and the byte at each, in the file's order. */
  readonly addresses: Uint32Array
  readonly values: Uint8Array
}

export interface MooTest {
  readonly index: number
  readonly name: string
  readonly bytes: Uint8Array
  readonly initial: MooState
  /** Only what changed. */
  readonly final: MooState
  /** The fault of the instruction; `flagsAddress` is physical: where the FLAGS word was pushed. */
  readonly exception: { readonly vector: number; readonly flagsAddress: number } | undefined
}

export type MooFile =
  | { readonly kind: 'read'; readonly tests: readonly MooTest[] }
  | { readonly kind: 'rejected'; readonly message: string }

type Chunks = ReadonlyMap<string, readonly DataView[]>

/** Chunks `tag[4] length:u32 data` of a view. Throws a RangeError where a chunk is longer than its place. */
function chunksOf(view: DataView): Chunks {
  const chunks = new Map<string, DataView[]>()
  for (let at = 0; at < view.byteLength; ) {
    const tag = String.fromCharCode(...[0, 1, 2, 3].map((i) => view.getUint8(at + i)))
    const length = view.getUint32(at + 4, true)
    const data = new DataView(view.buffer, view.byteOffset + at + 8, length)
    if (at + 8 + length > view.byteLength) throw new RangeError(`chunk ${tag} leaves its place`)
    const of = chunks.get(tag)
    if (of === undefined) chunks.set(tag, [data])
    else of.push(data)
    at += 8 + length
  }
  return chunks
}

function only(chunks: Chunks, tag: string): DataView {
  const data = chunks.get(tag)?.[0]
  if (data === undefined) throw new RangeError(`no chunk ${tag}`)
  return data
}

/** The bytes of a chunk that begins with their count. */
function counted(view: DataView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset + 4, view.getUint32(0, true))
}

function stateOf(view: DataView): MooState {
  const chunks = chunksOf(view)
  const regs = only(chunks, 'REGS')
  const ram = only(chunks, 'RAM ')
  const mask = regs.getUint16(0, true)
  const registers = new Uint16Array(REGISTERS.length)
  let at = 2
  for (let r = 0; r < REGISTERS.length; r++) {
    if (((mask >> r) & 1) === 0) continue
    registers[r] = regs.getUint16(at, true)
    at += 2
  }
  const count = ram.getUint32(0, true)
  if (4 + count * 5 > ram.byteLength) throw new RangeError('RAM is longer than its chunk')
  const addresses = new Uint32Array(count)
  const values = new Uint8Array(count)
  for (let i = 0; i < count; i++) {
    addresses[i] = ram.getUint32(4 + i * 5, true)
    values[i] = ram.getUint8(8 + i * 5)
  }
  return { mask, registers, addresses, values }
}

function testOf(view: DataView): MooTest {
  const chunks = chunksOf(new DataView(view.buffer, view.byteOffset + 4, view.byteLength - 4))
  const fault = chunks.get('EXCP')?.[0]
  return {
    index: view.getUint32(0, true),
    name: new TextDecoder().decode(counted(only(chunks, 'NAME'))),
    bytes: counted(only(chunks, 'BYTS')),
    initial: stateOf(only(chunks, 'INIT')),
    final: stateOf(only(chunks, 'FINA')),
    exception: fault && { vector: fault.getUint8(0), flagsAddress: fault.getUint32(1, true) },
  }
}

/** Reads an unpacked file. A file that is none, or is cut short, is `rejected` with the reason. */
export function readMoo(bytes: Uint8Array): MooFile {
  try {
    const chunks = chunksOf(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength))
    const count = only(chunks, 'MOO ').getUint32(4, true)
    const tests = (chunks.get('TEST') ?? []).map(testOf)
    if (tests.length !== count) return { kind: 'rejected', message: `says ${count} tests, has ${tests.length}` }
    return { kind: 'read', tests }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    return { kind: 'rejected', message: error.message }
  }
}
