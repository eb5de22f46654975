/** Our processor in real mode, as a subject of single-step vectors. */
import { ACCESS_RIGHTS, CR0, FIELD, readRflags, SEGMENT, writeRflags } from '@ringfold/arch'
import { type EngineName, Processor } from '@ringfold/cpu'
import { PAGE_BYTES, PhysicalMemory } from '@ringfold/memory'
import { type MooState, type MooTest, PREFIXES, REGISTERS } from './moo.ts'
import type { StepOutcome, StepSubject } from './subject.ts'

const { S, P } = ACCESS_RIGHTS.lo
/** Number of the general register in encodings, by the vectors' order: ax bx cx dx .. sp bp si di. */
const GENERAL: Readonly<Record<string, number>> = { ax: 0, cx: 1, dx: 2, bx: 3, sp: 4, bp: 5, si: 6, di: 7 }
const SEGMENTS: Readonly<Record<string, number>> = {
  es: SEGMENT.ES,
  cs: SEGMENT.CS,
  ss: SEGMENT.SS,
  ds: SEGMENT.DS,
}
/** More than the longest repeated string instruction takes. */
const MOST_STEPS = 70_000
/** What is no repeated string instruction comes to its HLT, or to none. */
const FEW_STEPS = 64
/** MOVS, STOS and LODS: with REP they end with their count. */
const COUNTED = [0xa4, 0xa5, 0xaa, 0xab, 0xac, 0xad]
/** Whether there is a REP prefix. */
const mayRepeat = ({ bytes }: MooTest): boolean => {
  const opcode = bytes.findIndex((byte) => !PREFIXES.has(byte))
  return bytes.subarray(0, opcode).some((byte) => byte === 0xf2 || byte === 0xf3)
}

const RAM_BYTES = 2 << 20

export class ProcessorSubject implements StepSubject {
  readonly name: string
  readonly #memory = new PhysicalMemory({ ramBytes: RAM_BYTES })
  readonly #cpu: Processor
  #vector: number | undefined

  constructor(engine: EngineName) {
    this.name = engine
    this.#cpu = new Processor({ memory: this.#memory, engine })
    this.#cpu.hooks.onException(({ vector }) => {
      this.#vector ??= vector
      // The 8086's vectors end with the delivery.
      if (this.#endsAtFault) this.#cpu.stop()
    })
    this.#memory.startDirtyLog()
  }

  #endsAtFault = false

  run(test: MooTest, processor: string): StepOutcome {
    const is286 = processor === '286'
    this.#vector = undefined
    this.#endsAtFault = !is286
    this.#memory.setA20(is286)
    this.#load(test.initial)
    if (is286) this.#cpu.run(mayRepeat(test) ? MOST_STEPS : FEW_STEPS)
    else this.#runOne(test)
    return { registers: this.#registers(), written: this.#takeWritten(test), vector: this.#vector }
  }

  /** One instruction: a repeated one until it is done, all at once where the count alone tells when. */
  #runOne(test: MooTest): void {
    const { state } = this.#cpu
    if (!mayRepeat(test)) {
      this.#cpu.run(1)
      return
    }
    const start = state.lo(FIELD.rip)
    const counted = COUNTED.includes(test.bytes.at(-1) as number)
    if (counted) this.#cpu.run(Math.max(state.lo(FIELD.rcx) & 0xffff, 1))
    for (let n = 0; n < MOST_STEPS && state.lo(FIELD.rip) === start && this.#vector === undefined; n++) {
      if (this.#cpu.run(1).retired === 0) return
    }
  }

  #load(initial: MooState): void {
    const { state } = this.#cpu
    this.#cpu.reset()
    state.set(FIELD.cr0, CR0.lo.ET, 0)
    state.setLo(FIELD.idtrLimit, 0x3ff)
    REGISTERS.forEach((name, n) => {
      this.#set(name, initial.registers[n] ?? 0)
    })
    initial.addresses.forEach((address, n) => {
      this.#memory.write8(address, initial.values[n] ?? 0)
    })
    this.#memory.takeDirtyPages()
    this.#cpu.stateWritten()
  }

  #set(name: string, value: number): void {
    const { state } = this.#cpu
    const general = GENERAL[name]
    const segment = SEGMENTS[name]
    if (general !== undefined) state.set(FIELD.gpr, value, 0, general)
    else if (segment !== undefined) {
      state.setLo(FIELD.segSelector, value, segment)
      state.set(FIELD.segBase, value << 4, 0, segment)
      state.setLo(FIELD.segLimit, 0xffff, segment)
      state.setLo(FIELD.segAccess, S | P | (segment === SEGMENT.CS ? 11 : 3), segment)
    } else if (name === 'ip') state.set(FIELD.rip, value, 0)
    else writeRflags(state, value & 0xfff)
  }

  #registers(): Uint16Array {
    const { state } = this.#cpu
    return Uint16Array.from(REGISTERS, (name) => {
      const general = GENERAL[name]
      const segment = SEGMENTS[name]
      if (general !== undefined) return state.lo(FIELD.gpr, general)
      if (segment !== undefined) return state.lo(FIELD.segSelector, segment)
      return name === 'ip' ? state.lo(FIELD.rip) : readRflags(state)
    })
  }

  /** Bytes that are not what they were, and all that should have changed; RAM is zeros again. */
  #takeWritten({ initial, final }: MooTest): Map<number, number> {
    const before = new Map([...initial.addresses].map((address, n) => [address, initial.values[n] ?? 0]))
    const written = new Map<number, number>()
    const { bytes } = this.#memory
    for (const address of final.addresses) written.set(address, this.#memory.read8(address))
    for (const page of this.#memory.takeDirtyPages()) {
      const start = page * PAGE_BYTES
      for (let at = start; at < start + PAGE_BYTES; at++) {
        const value = bytes[at] as number
        if (value !== 0 || before.has(at)) if (value !== (before.get(at) ?? 0)) written.set(at, value)
      }
      this.#memory.writeBytes(start, new Uint8Array(PAGE_BYTES))
    }
    for (const address of initial.addresses) this.#memory.write8(address, 0)
    this.#memory.takeDirtyPages()
    return written
  }
}
