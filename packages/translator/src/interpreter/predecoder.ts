/** Predecoding: bytes of pages of RAM to slots, in one code mode. */
import type { WasmMemory } from '@ringfold/contracts'
import { Decoder, Instruction, Status } from '@ringfold/isa/decoder'
import { type ControlFlow, controlFlow } from '@ringfold/isa/facts'
import { SLOT, SLOT_BYTES, SLOTS_OFFSET } from '../layout.ts'
import type { CodeMode } from './code-mode.ts'
import { COUNT_HANDLER, GOTO_HANDLER, NEVER, REGION_HANDLER, SLOW_HANDLER, STALE_HANDLER } from './fixed-handlers.ts'
import type { InterpreterHost } from './interpreter.ts'
import { PageCode } from './page-code.ts'
import { writeSlot } from './shape.ts'
import type { Tier } from './tier.ts'

const PAGE = 4096
const LONGEST = 15
/** Bytes of one write beyond which a page is predecoded anew. */
const MOST_PATCHED = 64
const MOST_DOUBLINGS = 12
/** Instructions that are predecoded in one go: beyond a distance, what lies there may be data. */
const MOST_AT_ONCE = 64
/** Room that one page's instructions may need, with what stands behind them. */
const MOST_SLOTS = PAGE + 4

/** Control flow that never goes on to the next instruction by itself: what stands behind may be no code, or padding of INT3. */
const LEAVES: ReadonlySet<ControlFlow> = new Set<ControlFlow>([
  ...(['jmp', 'jmpind', 'ret', 'ud', 'int', 'iret', 'farjmp', 'farret', 'sysret', 'sysexit'] as const),
])

type Vendor = 'intel' | 'amd'

const decoders = /* @__PURE__ */ new Map<string, Decoder>()

function decoderFor(bits: 16 | 32 | 64, vendor: Vendor): Decoder {
  const key = `${vendor}${bits}`
  const known = decoders.get(key)
  if (known !== undefined) return known
  const decoder = new Decoder(bits, { vendor })
  decoders.set(key, decoder)
  return decoder
}

export class Predecoder {
  /** No room is left for slots: all code is to be forgotten. */
  static readonly FULL = -3

  static emptySlots(): { next: number } {
    return { next: SLOTS_OFFSET }
  }

  readonly #host: InterpreterHost
  readonly #tier: Tier
  readonly #slots: { next: number }
  readonly #ram: WasmMemory
  readonly #memory: WasmMemory
  readonly #view: DataView
  readonly decoder: Decoder
  readonly #instruction = new Instruction()
  readonly #pages = new Map<number, PageCode>()
  /** Pages whose crossing instructions end in a page. */
  readonly #crossers = new Map<number, Set<PageCode>>()
  readonly #across = new Uint8Array(2 * LONGEST + 32)

  constructor(
    host: InterpreterHost,
    mode: CodeMode,
    tier: Tier,
    slots: { next: number },
    ram: WasmMemory,
    memory: WasmMemory,
  ) {
    this.#host = host
    this.#tier = tier
    this.#slots = slots
    this.#ram = ram
    this.#memory = memory
    this.#view = new DataView(memory.buffer as ArrayBuffer)
    this.decoder = decoderFor(mode.bits, host.vendor ?? 'intel')
  }

  /**
   * The slot of the instruction at an offset of a page, predecoded where there is none.
   *
   * @returns -1: fetching the next page faults; -2: the host has to execute; `FULL`
   */
  slotAt(page: number, offset: number): number {
    let code = this.#pages.get(page)
    if (code === undefined) {
      code = new PageCode()
      this.#pages.set(page, code)
      this.#host.codePage(page)
    }
    const known = code.slots[offset] as number
    if (known !== 0) return code.crossing.size === 0 ? known : this.#checkCrossing(code, page, offset, known)
    if (this.#slots.next + MOST_SLOTS * SLOT_BYTES > this.#memory.buffer.byteLength) return Predecoder.FULL
    return this.#predecode(code, page, offset)
  }

  /**
   * The entry of the instruction at an offset, which counts before it goes on to the slot. Instructions that cross the page's end have none: they
   * are looked at each time.
   *
   * @returns as {@link slotAt}
   */
  entryAt(page: number, offset: number, count: number): number {
    const slot = this.slotAt(page, offset)
    if (slot < 0) return slot
    const code = this.#pages.get(page) as PageCode
    const known = code.entries.get(offset)
    if (known !== undefined) return known
    if (code.crossing.has(offset) || this.#view.getUint16(slot + SLOT.handler, true) === SLOW_HANDLER) return slot
    const entry = this.#take()
    code.entries.set(offset, entry)
    this.#writeFixed(entry, COUNT_HANDLER, offset)
    this.#view.setInt32(entry + SLOT.link, slot, true)
    this.#view.setInt32(entry + SLOT.immediate, count, true)
    this.#view.setUint32(entry + SLOT.displacement, page, true)
    return entry
  }

  /** Pages of which there is code. */
  get pages(): number {
    return this.#pages.size
  }

  /** The code of a page, if there is any. */
  pageCode(page: number): PageCode | undefined {
    return this.#pages.get(page)
  }

  /** A crossing instruction is entered only if it still ends in the same page of RAM. */
  #checkCrossing(code: PageCode, page: number, offset: number, slot: number): number {
    const into = code.crossing.get(offset)
    if (into === undefined) return slot
    const next = this.#nextPage()
    if (next < 0) return next
    if (next === into) return slot
    code.crossing.delete(offset)
    code.slots[offset] = 0
    return this.#predecodeCrossing(code, page, offset, next)
  }

  #nextPage(): number {
    return this.#host.fetchNextPage?.() ?? -2
  }

  invalidatePage(page: number): void {
    this.#pages.delete(page)
    for (const code of this.#crossers.get(page) ?? []) code.dropCrossing(page)
    this.#crossers.delete(page)
  }

  /** Whether a write to these bytes can be done with {@link writeCode} while the loop runs: no region is made of them, nothing crosses into them. */
  isPatchable(page: number, first: number, last: number): boolean {
    if (first < LONGEST && this.#crossers.has(page)) return false
    const code = this.#pages.get(page)
    return code === undefined || (code.crossing.size === 0 && !code.overlapsRegion(first, last))
  }

  /**
   * A few bytes of a page are about to be written: what was predecoded of them is decoded anew when it is next executed.
   * @returns false where the page is to be forgotten as a whole
   */
  writeCode(page: number, first: number, last: number): boolean {
    const code = this.#pages.get(page)
    if (first < LONGEST && this.#crossers.has(page)) return false
    if (code === undefined || !code.overlaps(first, last)) return true
    if (last - first >= MOST_PATCHED || code.crossing.size > 0) return false
    const view = this.#view
    code.rewrites++
    for (let offset = Math.max(0, first - LONGEST + 1); offset <= last; offset++) {
      const slot = code.slots[offset] as number
      if (slot === 0) continue
      const length = view.getUint8(slot + SLOT.length) || LONGEST
      if (offset + length > first) view.setUint16(slot + SLOT.handler, STALE_HANDLER, true)
    }
    return true
  }

  /** Entries of a page count again, and longer each time. */
  endRegions(page: number, hotAfter: number): void {
    const code = this.#pages.get(page)
    if (code === undefined) return
    const view = this.#view
    const count = hotAfter * 2 ** Math.min(code.rewrites, MOST_DOUBLINGS)
    for (const entry of code.entries.values()) {
      if (view.getUint16(entry + SLOT.handler, true) !== REGION_HANDLER) continue
      view.setUint16(entry + SLOT.handler, COUNT_HANDLER, true)
      view.setInt32(entry + SLOT.immediate, count, true)
    }
    code.forgetRegions()
  }

  /** Decodes an instruction anew whose bytes were written: in its place, or, where it does not fit, elsewhere. */
  revive(page: number, offset: number, slot: number): void {
    const code = this.#pages.get(page)
    const view = this.#view
    if (code?.slots[offset] !== slot) return
    const i = this.#instruction
    const bytes = new Uint8Array(this.#ram.buffer as ArrayBuffer, page, PAGE)
    const handler = this.#handler(i, this.decoder.decode(i, bytes, offset))
    const isAsLong = i.length === view.getUint8(slot + SLOT.length)
    if (handler !== SLOW_HANDLER && isAsLong && this.#goesOn(code, slot, i, offset + i.length)) {
      writeSlot(view, slot, i, handler, offset + i.length)
      return
    }
    code.slots[offset] = 0
    const fresh = this.slotAt(page, offset)
    if (fresh < 0) return
    this.#writeFixed(slot, COUNT_HANDLER, offset)
    view.setInt32(slot + SLOT.link, fresh, true)
    view.setInt32(slot + SLOT.immediate, NEVER, true)
    view.setUint32(slot + SLOT.displacement, page, true)
  }

  /** Whether what stands behind a slot is right for an instruction in it: the old one may have been the last of a piece. */
  #goesOn(code: PageCode, slot: number, i: Instruction, end: number): boolean {
    if (LEAVES.has(controlFlow(i.form))) return true
    const next = slot + SLOT_BYTES
    if (end < PAGE && code.slots[end] === next) return true
    const view = this.#view
    return view.getUint16(next + SLOT.handler, true) === GOTO_HANDLER && view.getUint16(next + SLOT.end, true) === end
  }

  holdsCode(page: number, first: number, last: number): boolean {
    if (this.#pages.get(page)?.overlaps(first, last) === true) return true
    // What crosses into a page lies in its first bytes.
    return first < LONGEST && this.#crossers.has(page)
  }

  /** Slots from an offset on to the next unconditional branch, or the end of the page, or for long enough. */
  #predecode(code: PageCode, page: number, start: number): number {
    const bytes = new Uint8Array(this.#ram.buffer as ArrayBuffer, page, PAGE)
    const i = this.#instruction
    let offset = start
    for (let n = 0; n < MOST_AT_ONCE && offset < PAGE && (offset === start || code.slots[offset] === 0); n++) {
      const status = this.decoder.decode(i, bytes, offset)
      if (status === Status.needMoreBytes) {
        if (offset === start) return this.#startCrossing(code, page, offset)
        break
      }
      const handler = this.#handler(i, status)
      const slot = this.#take()
      code.slots[offset] = slot
      code.noteDecoded(offset, i.length)
      if (handler === SLOW_HANDLER) {
        // The host executes it, and comes back behind it.
        this.#writeFixed(slot, SLOW_HANDLER, offset)
        return code.slots[start] as number
      }
      offset += i.length
      writeSlot(this.#view, slot, i, handler, offset)
      if (LEAVES.has(controlFlow(i.form))) return code.slots[start] as number
    }
    this.#writeFixed(this.#take(), GOTO_HANDLER, offset)
    return code.slots[start] as number
  }

  /** The handler of what was decoded; where the processor has no such instruction, the host's. */
  #handler(i: Instruction, status: number): number {
    return status !== Status.ok || this.#host.isAvailable?.(i) === false ? SLOW_HANDLER : this.#tier.number(i)
  }

  #startCrossing(code: PageCode, page: number, offset: number): number {
    const next = this.#nextPage()
    return next < 0 ? next : this.#predecodeCrossing(code, page, offset, next)
  }

  /** One instruction whose last bytes lie in another page; behind it stands a jump to where it ends. */
  #predecodeCrossing(code: PageCode, page: number, offset: number, next: number): number {
    const ram = this.#ram.buffer as ArrayBuffer
    const before = PAGE - offset
    this.#across.set(new Uint8Array(ram, page + offset, before))
    this.#across.set(new Uint8Array(ram, next, LONGEST), before)
    const i = this.#instruction
    const status = this.decoder.decode(i, this.#across, 0)
    const handler = this.#handler(i, status)
    if (handler === SLOW_HANDLER) return -2
    const slot = this.#take()
    code.slots[offset] = slot
    code.noteDecoded(offset, before)
    code.crossing.set(offset, next)
    const crossers = this.#crossers.get(next)
    if (crossers === undefined) {
      this.#crossers.set(next, new Set([code]))
      this.#host.codePage(next)
    } else crossers.add(code)
    writeSlot(this.#view, slot, i, handler, offset + i.length)
    this.#writeFixed(this.#take(), GOTO_HANDLER, offset + i.length)
    return slot
  }

  #take(): number {
    const slot = this.#slots.next
    this.#slots.next += SLOT_BYTES
    return slot
  }

  #writeFixed(slot: number, handler: number, offset: number): void {
    this.#view.setUint16(slot + SLOT.handler, handler, true)
    this.#view.setUint8(slot + SLOT.length, 0)
    this.#view.setUint16(slot + SLOT.end, offset, true)
  }
}
