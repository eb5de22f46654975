/** Our decoder against the wasm build of iced-x86: validity, length and mnemonic at every instruction. */
import { createRequire } from 'node:module'
import { Decoder, formName, Instruction, mnemonicOf, Status } from '@ringfold/isa/decoder'
import { Tally } from '../isa-vectors/tally.ts'
import { ICED_PEER_DIFFERENCES } from './explained.ts'

const require = createRequire(import.meta.resolve('@ringfold/isa'))
type Iced = typeof import('iced-x86')
const iced = require('iced-x86') as Iced

export interface PeerCase {
  readonly bits: 16 | 32 | 64
  readonly hex: string
  /** iced's name of the form, `INVALID`. */
  readonly code: string
  /** Ours, `''` where the bytes are not in the table. */
  readonly form: string
  readonly ourLength: number
  readonly theirLength: number
}

/** Enum member names by number, made once. */
const namesOf = (members: object): string[] => {
  const names: string[] = []
  for (const [k, v] of Object.entries(members)) if (typeof v === 'number') names[v] = k
  return names
}
const CODES = namesOf(iced.Code)
const MNEMONICS = namesOf(iced.Mnemonic).map((m) => m.toLowerCase())

const hexAt = (bytes: Uint8Array, at: number, length: number): string =>
  Buffer.from(bytes.subarray(at, at + length)).toString('hex')

export class IcedPeer {
  readonly bits: 16 | 32 | 64
  readonly tally: Tally<PeerCase>
  readonly #decoder: Decoder
  readonly #ours = new Instruction()
  readonly #theirs = new iced.Instruction()
  readonly #codes: readonly string[] = CODES

  constructor(name: string, bits: 16 | 32 | 64) {
    this.bits = bits
    this.tally = new Tally(name, ICED_PEER_DIFFERENCES)
    this.#decoder = new Decoder(bits)
  }

  /** Compares the instruction at `offset`; `theirs` has been decoded by iced there. @returns iced's length, at least 1. */
  #compare(bytes: Uint8Array, offset: number, end: number): number {
    const o = this.#ours
    const t = this.#theirs
    this.#decoder.decode(o, bytes, offset, end)
    const valid = t.code !== iced.Code.INVALID
    const bad = o.status === Status.invalid || o.status === Status.needMoreBytes
    if (valid && o.status === Status.ok && o.length === t.length && MNEMONICS[t.mnemonic] === mnemonicOf(o))
      this.tally.agree++
    else if (!valid && bad) this.tally.agree++
    else this.#differ(bytes, offset, valid, bad)
    return valid ? t.length : 1
  }

  #differ(bytes: Uint8Array, offset: number, valid: boolean, bad: boolean): void {
    const o = this.#ours
    const t = this.#theirs
    const code = this.#codes[t.code] ?? '?'
    const c = {
      bits: this.bits,
      hex: hexAt(bytes, offset, 15),
      code,
      form: formName(o.form),
      ourLength: o.length,
      theirLength: t.length,
    }
    const mnemonic = MNEMONICS[t.mnemonic] ?? ''
    if (!valid || bad)
      this.tally.add(c, {
        what: 'status',
        ours: bad ? 'invalid' : o.status === Status.ok ? c.form : 'notInTable',
        theirs: valid ? code : 'invalid',
      })
    else if (o.length !== t.length) this.tally.add(c, { what: 'length', ours: `${o.length}`, theirs: `${t.length}` })
    else if (o.status === Status.notInTable) this.tally.add(c, { what: 'notInTable', ours: c.form, theirs: code })
    else this.tally.add(c, { what: 'mnemonic', ours: mnemonicOf(o), theirs: mnemonic })
  }

  /** All of a section, instruction by instruction, in iced's steps; invalid bytes one at a time. */
  sweep(section: Uint8Array): void {
    // iced copies what it is given: hand it windows, with the overlap that an instruction across the edge needs.
    const WINDOW = 1 << 22
    for (let start = 0; start < section.length; ) {
      const window = section.subarray(start, Math.min(start + WINDOW + 32, section.length))
      const decoder = new iced.Decoder(this.bits, window, iced.DecoderOptions.None)
      let p = 0
      while (p < WINDOW && p < window.length) {
        decoder.position = p
        decoder.decodeOut(this.#theirs)
        p += this.#compare(window, p, window.length)
      }
      decoder.free()
      start += p
    }
  }

  /** The instruction at the start of every slot of `slotBytes` bytes. */
  slots(bytes: Uint8Array, slotBytes: number, usedBytes: number): void {
    const decoder = new iced.Decoder(this.bits, bytes, iced.DecoderOptions.None)
    for (let p = 0; p + slotBytes <= bytes.length; p += slotBytes) {
      decoder.position = p
      decoder.decodeOut(this.#theirs)
      this.#compare(bytes, p, p + usedBytes)
    }
    decoder.free()
  }
}
