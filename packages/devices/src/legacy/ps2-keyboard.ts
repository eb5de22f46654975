/** A keyboard: IBM PS/2 Hardware Interface Technical Reference, Keyboards (101- and 102-key). */
import type { Stateful } from '@ringfold/contracts'
import { keySequences } from './ps2-keys.ts'
import { Ps2Output, type Ps2OutputState } from './ps2-output.ts'
import { RELEASE, toSet1 } from './scan-code-sets.ts'

/** Commands of the system. */
const COMMAND = {
  LEDS: 0xed,
  ECHO: 0xee,
  SCAN_CODE_SET: 0xf0,
  IDENTIFY: 0xf2,
  TYPEMATIC: 0xf3,
  ENABLE: 0xf4,
  DISABLE: 0xf5,
  DEFAULTS: 0xf6,
  /** F7H to FAH say which keys repeat; they only concern set 3. */
  ALL_TYPEMATIC: 0xf7,
  ALL_TYPEMATIC_MAKE_BREAK: 0xfa,
  RESEND: 0xfe,
  RESET: 0xff,
} as const
const ANSWER = { ACK: 0xfa, RESEND: 0xfe, ECHO: 0xee, TEST_PASSED: 0xaa, IDENTITY: [0xab, 0x83] } as const
/** What is no argument of a command but the next command. */
const FIRST_COMMAND = 0x80
const DEFAULT_SET = 2
/** 500 ms until a key repeats, 10.9 times a second. */
const DEFAULT_TYPEMATIC = 0x2b
/** Bytes of scan codes that wait for the system. */
const MOST_BYTES = 1024

export interface Ps2KeyboardState {
  readonly output: Ps2OutputState
  readonly isScanning: boolean
  readonly scanCodeSet: number
  readonly leds: number
  readonly typematic: number
  /** The command whose argument is awaited. */
  readonly awaited: number | null
  /** Keys that are down, and what each sends when it is released. */
  readonly down: readonly { readonly code: string; readonly release: readonly number[] }[]
}

/**
 * Keys repeat as often as they are said to be pressed: `KeyboardEvent` repeats them, so that it is the host's time that counts. The rate that
 * the system asks for is taken and kept.
 */
export class Ps2Keyboard implements Stateful<Ps2KeyboardState> {
  readonly #output = new Ps2Output()
  readonly #changed: () => void
  #isScanning = true
  #scanCodeSet = DEFAULT_SET
  #leds = 0
  #typematic = DEFAULT_TYPEMATIC
  #awaited: number | null = null
  readonly #down = new Map<string, readonly number[]>()

  /** `changed` is called when there may be something to fetch. */
  constructor(changed: () => void) {
    this.#changed = changed
  }

  /** Scroll Lock, Num Lock and Caps Lock, from bit 0 on. */
  get leds(): number {
    return this.#leds
  }

  /** 1 or 2. */
  get scanCodeSet(): number {
    return this.#scanCodeSet
  }

  /** Delay and rate as F3H sets them. */
  get typematic(): number {
    return this.#typematic
  }

  /**
   * Presses a key, also again while it is down, or releases it. `code` is its name in `KeyboardEvent.code`. What the system does not fetch
   * is dropped in the end, but never the release of a key whose press it was told.
   * @returns whether the keyboard has such a key
   */
  key(code: string, pressed: boolean): boolean {
    const sequences = keySequences(code, this.#down)
    if (sequences === undefined) return false
    if (pressed) this.#press(code, sequences.press, sequences.release)
    else this.#release(code)
    this.#changed()
    return true
  }

  #press(code: string, press: readonly number[], release: readonly number[]): void {
    if (!this.#isScanning) return
    const reserved = new Map(this.#down).set(code, this.#down.get(code) ?? release)
    let bytes = this.#output.dataBytes + press.length
    for (const { length } of reserved.values()) bytes += length
    if (bytes > MOST_BYTES) return
    if (release.length > 0) this.#down.set(code, reserved.get(code) as readonly number[])
    this.#send(press)
  }

  #release(code: string): void {
    const release = this.#down.get(code)
    this.#down.delete(code)
    if (release !== undefined && this.#isScanning) this.#send(release)
  }

  #send(set2: readonly number[]): void {
    if (this.#scanCodeSet === DEFAULT_SET) {
      this.#output.push(set2)
      return
    }
    const isReleased = (n: number) => set2[n - 1] === RELEASE
    this.#output.push(set2.flatMap((byte, n) => (byte === RELEASE ? [] : [toSet1(byte, isReleased(n))])))
  }

  // The controller's side.

  get hasByte(): boolean {
    return !this.#output.isEmpty
  }

  /** The next byte for the system; there must be one. */
  shift(): number {
    return this.#output.shift()
  }

  /** A byte from the system. */
  write(byte: number): void {
    const awaited = this.#awaited
    this.#awaited = null
    if (awaited !== null && byte < FIRST_COMMAND) this.#argument(awaited, byte)
    else this.#command(byte)
    this.#changed()
  }

  #command(byte: number): void {
    switch (byte) {
      case COMMAND.ECHO:
        this.#output.answer(ANSWER.ECHO)
        break
      case COMMAND.LEDS:
      case COMMAND.SCAN_CODE_SET:
      case COMMAND.TYPEMATIC:
        this.#awaited = byte
        this.#output.answer(ANSWER.ACK)
        break
      case COMMAND.IDENTIFY:
        this.#output.answer(ANSWER.ACK, ...ANSWER.IDENTITY)
        break
      case COMMAND.ENABLE:
        this.#clear(true)
        break
      case COMMAND.DISABLE:
        this.#defaults(false)
        break
      case COMMAND.DEFAULTS:
        this.#defaults(this.#isScanning)
        break
      case COMMAND.RESEND:
        this.#output.resend()
        break
      case COMMAND.RESET:
        this.reset()
        this.#output.answer(ANSWER.ACK, ANSWER.TEST_PASSED)
        break
      default:
        this.#output.answer(concernsSet3(byte) ? ANSWER.ACK : ANSWER.RESEND)
    }
  }

  #argument(command: number, byte: number): void {
    if (command === COMMAND.SCAN_CODE_SET) {
      this.#selectSet(byte)
      return
    }
    if (command === COMMAND.LEDS) this.#leds = byte & 7
    else this.#typematic = byte
    this.#output.answer(ANSWER.ACK)
  }

  /** 0 asks which set it is. There is no set 3, as of many keyboards. */
  #selectSet(set: number): void {
    if (set === 0) this.#output.answer(ANSWER.ACK, this.#scanCodeSet)
    else if (set > DEFAULT_SET) this.#output.answer(ANSWER.RESEND)
    else {
      this.#scanCodeSet = set
      this.#output.clearData()
      this.#output.answer(ANSWER.ACK)
    }
  }

  #defaults(isScanning: boolean): void {
    this.#scanCodeSet = DEFAULT_SET
    this.#typematic = DEFAULT_TYPEMATIC
    this.#clear(isScanning)
  }

  #clear(isScanning: boolean): void {
    this.#isScanning = isScanning
    this.#down.clear()
    this.#output.clearData()
    this.#output.answer(ANSWER.ACK)
  }

  /** As after power-on, once firmware has taken the result of the self-test. */
  reset(): void {
    this.#defaults(true)
    this.#output.answer()
    this.#leds = 0
    this.#awaited = null
  }

  state(): Ps2KeyboardState {
    return {
      output: this.#output.state(),
      ...{ isScanning: this.#isScanning, scanCodeSet: this.#scanCodeSet, leds: this.#leds },
      ...{ typematic: this.#typematic, awaited: this.#awaited },
      down: [...this.#down].map(([code, release]) => ({ code, release: [...release] })),
    }
  }

  restore(state: Ps2KeyboardState): void {
    this.#output.restore(state.output)
    this.#isScanning = state.isScanning
    this.#scanCodeSet = state.scanCodeSet
    this.#leds = state.leds
    this.#typematic = state.typematic
    this.#awaited = state.awaited
    this.#down.clear()
    for (const { code, release } of state.down) this.#down.set(code, [...release])
  }
}

function concernsSet3(command: number): boolean {
  return command >= COMMAND.ALL_TYPEMATIC && command <= COMMAND.ALL_TYPEMATIC_MAKE_BREAK
}
