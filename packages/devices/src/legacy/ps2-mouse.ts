/** A mouse: IBM PS/2 Hardware Interface Technical Reference, Auxiliary Device; with the wheel of the IntelliMouse. */
import type { Stateful } from '@ringfold/contracts'
import { Ps2Output, type Ps2OutputState } from './ps2-output.ts'

const COMMAND = {
  SCALING_1_1: 0xe6,
  SCALING_2_1: 0xe7,
  RESOLUTION: 0xe8,
  STATUS: 0xe9,
  STREAM: 0xea,
  READ: 0xeb,
  END_WRAP: 0xec,
  WRAP: 0xee,
  REMOTE: 0xf0,
  IDENTIFY: 0xf2,
  RATE: 0xf3,
  ENABLE: 0xf4,
  DISABLE: 0xf5,
  DEFAULTS: 0xf6,
  RESEND: 0xfe,
  RESET: 0xff,
} as const
const ANSWER = { ACK: 0xfa, RESEND: 0xfe, TEST_PASSED: 0xaa } as const
const STATUS = { REMOTE: 0x40, ENABLED: 0x20, DOUBLED: 0x10 } as const
const PACKET = { ALWAYS: 0x08, X_SIGN: 0x10, Y_SIGN: 0x20 } as const
const IDENTITY = { PLAIN: 0, WHEEL: 3 } as const
/** Rates that are set one after another to switch the wheel on. */
const KNOCK = [200, 100, 80] as const
/** What a packet holds at most: nine bits with their sign, and four for the wheel. */
const MOST_MOVE = 255
const MOST_WHEEL = 7
/** Bytes that wait for the system; then movements add up. */
const MOST_BYTES = 64
const DEFAULTS = { resolution: 2, rate: 100, isDoubled: false, isRemote: false, isEnabled: false } as const

export interface MouseMovement {
  /** To the right, and upwards, in counts. */
  readonly dx?: number
  readonly dy?: number
  /** Towards the user, in steps. */
  readonly wheel?: number
  /** Left, right and middle, from bit 0 on. Absent: as before. */
  readonly buttons?: number
}

export interface Ps2MouseState {
  readonly output: Ps2OutputState
  readonly resolution: number
  readonly rate: number
  readonly isDoubled: boolean
  readonly isRemote: boolean
  readonly isEnabled: boolean
  readonly isWrapped: boolean
  readonly identity: number
  /** The last rates, for the wheel's knock. */
  readonly rates: readonly number[]
  readonly awaited: number | null
  readonly dx: number
  readonly dy: number
  readonly wheel: number
  readonly buttons: number
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

const INITIAL = {
  ...DEFAULTS,
  ...{ isWrapped: false, identity: IDENTITY.PLAIN, rates: [], awaited: null, dx: 0, dy: 0, wheel: 0, buttons: 0 },
}

export class Ps2Mouse implements Stateful<Ps2MouseState> {
  readonly #output = new Ps2Output()
  readonly #changed: () => void
  #s: Mutable<Omit<Ps2MouseState, 'output'>> = { ...INITIAL }

  /** `changed` is called when there may be something to fetch. */
  constructor(changed: () => void) {
    this.#changed = changed
  }

  /** The mouse was moved, its wheel turned, its buttons pressed or released. */
  move({ dx = 0, dy = 0, wheel = 0, buttons = this.#s.buttons }: MouseMovement): void {
    const s = this.#s
    const isNew = buttons !== s.buttons
    s.dx += Math.trunc(dx)
    s.dy += Math.trunc(dy)
    s.wheel += Math.trunc(wheel)
    s.buttons = buttons & 7
    if (s.isEnabled && !s.isRemote && !s.isWrapped) this.#report(isNew)
    this.#changed()
  }

  /** Packets for what has added up. */
  #report(evenIfStill: boolean): void {
    const s = this.#s
    let isDue = evenIfStill
    while (isDue || s.dx !== 0 || s.dy !== 0 || (s.wheel !== 0 && s.identity === IDENTITY.WHEEL)) {
      if (this.#output.dataBytes >= MOST_BYTES) return
      this.#output.push(this.#packet())
      isDue = false
    }
  }

  #packet(): number[] {
    const s = this.#s
    const [dx, dy, wheel] = [clamp(s.dx, MOST_MOVE), clamp(s.dy, MOST_MOVE), clamp(s.wheel, MOST_WHEEL)]
    s.dx -= dx
    s.dy -= dy
    s.wheel -= wheel
    const signs = (dx < 0 ? PACKET.X_SIGN : 0) | (dy < 0 ? PACKET.Y_SIGN : 0)
    const packet = [PACKET.ALWAYS | signs | s.buttons, dx & 0xff, dy & 0xff]
    return s.identity === IDENTITY.WHEEL ? [...packet, wheel & 0xff] : packet
  }

  // The controller's side.

  get hasByte(): boolean {
    return !this.#output.isEmpty
  }

  /** The next byte for the system; there must be one. */
  shift(): number {
    const byte = this.#output.shift()
    if (this.#output.isEmpty && this.#s.isEnabled && !this.#s.isRemote) this.#report(false)
    return byte
  }

  /** A byte from the system. A packet that was under way is given up. */
  write(byte: number): void {
    const { awaited, isWrapped } = this.#s
    this.#output.clearData()
    this.#s.awaited = null
    if (isWrapped && byte !== COMMAND.RESET && byte !== COMMAND.END_WRAP) this.#output.answer(byte)
    else if (awaited !== null) this.#argument(awaited, byte)
    else this.#command(byte)
    this.#changed()
  }

  #command(byte: number): void {
    const s = this.#s
    switch (byte) {
      case COMMAND.RESOLUTION:
      case COMMAND.RATE:
        s.awaited = byte
        this.#output.answer(ANSWER.ACK)
        break
      case COMMAND.STATUS:
        this.#output.answer(ANSWER.ACK, this.#status, s.resolution, s.rate)
        break
      case COMMAND.READ:
        this.#output.answer(ANSWER.ACK, ...this.#packet())
        break
      case COMMAND.IDENTIFY:
        this.#output.answer(ANSWER.ACK, s.identity)
        break
      case COMMAND.RESEND:
        this.#output.resend()
        break
      case COMMAND.RESET:
        this.reset()
        this.#output.answer(ANSWER.ACK, ANSWER.TEST_PASSED, IDENTITY.PLAIN)
        break
      default:
        this.#output.answer(this.#setMode(byte) ? ANSWER.ACK : ANSWER.RESEND)
    }
  }

  /** Commands that only set something. @returns whether it is one */
  #setMode(byte: number): boolean {
    const change = MODES.get(byte)
    if (change === undefined) return false
    const still = { dx: 0, dy: 0, wheel: 0 }
    this.#s = { ...this.#s, ...still, ...change }
    return true
  }

  get #status(): number {
    const { isRemote, isEnabled, isDoubled, buttons } = this.#s
    const [left, right, middle] = [buttons & 1, (buttons >>> 1) & 1, (buttons >>> 2) & 1]
    return (
      (isRemote ? STATUS.REMOTE : 0) |
      (isEnabled ? STATUS.ENABLED : 0) |
      (isDoubled ? STATUS.DOUBLED : 0) |
      ((left << 2) | (middle << 1) | right)
    )
  }

  #argument(command: number, byte: number): void {
    const s = this.#s
    if (command === COMMAND.RESOLUTION) s.resolution = byte
    else {
      s.rate = byte
      s.rates = [...s.rates, byte].slice(-KNOCK.length)
      if (KNOCK.every((rate, n) => s.rates[n] === rate)) s.identity = IDENTITY.WHEEL
    }
    this.#output.answer(ANSWER.ACK)
  }

  reset(): void {
    this.#s = { ...INITIAL }
    this.#output.clearData()
    this.#output.answer()
  }

  state(): Ps2MouseState {
    return { ...this.#s, rates: [...this.#s.rates], output: this.#output.state() }
  }

  restore({ output, ...rest }: Ps2MouseState): void {
    this.#s = { ...rest, rates: [...rest.rates] }
    this.#output.restore(output)
  }
}

/** What commands without argument set. */
const MODES: ReadonlyMap<number, Partial<Ps2MouseState>> = new Map<number, Partial<Ps2MouseState>>([
  [COMMAND.SCALING_1_1, { isDoubled: false }],
  [COMMAND.SCALING_2_1, { isDoubled: true }],
  [COMMAND.STREAM, { isRemote: false }],
  [COMMAND.REMOTE, { isRemote: true }],
  [COMMAND.WRAP, { isWrapped: true }],
  [COMMAND.END_WRAP, { isWrapped: false }],
  [COMMAND.ENABLE, { isEnabled: true }],
  [COMMAND.DISABLE, { isEnabled: false }],
  [COMMAND.DEFAULTS, DEFAULTS],
])

function clamp(value: number, most: number): number {
  return Math.max(-most, Math.min(most, value))
}
