/**
 * The keyboard controller of a PC, with a keyboard; its auxiliary port has nothing plugged in. Intel 8042 as IBM programmed it: IBM PC/AT
 * and PS/2 Technical References, keyboard controller.
 */
import type { IoDevice, IrqLine, Stateful } from '@ringfold/contracts'
import { SCAN_CODES_2, SEQUENCES_2, translated } from './scan-codes.ts'

const STATUS = { OUTPUT_FULL: 0x01, SYSTEM: 0x04, COMMAND: 0x08, UNLOCKED: 0x10, AUX: 0x20 } as const
const CONFIG = {
  KEYBOARD_IRQ: 0x01,
  AUX_IRQ: 0x02,
  SYSTEM: 0x04,
  NO_KEYBOARD: 0x10,
  NO_AUX: 0x20,
  TRANSLATE: 0x40,
} as const
const OUTPUT_PORT = { RESET: 0x01, A20: 0x02 } as const
const ACK = 0xfa
const RESEND = 0xfe
const BAT_OK = 0xaa
const BREAK = 0xf0
/** Bytes that wait for the guest; keys beyond that are lost. */
const MOST_BYTES = 64
const RAM_BYTES = 0x20

/** Commands of the controller that a byte follows. */
const WITH_BYTE: ReadonlySet<number> = new Set([0xd1, 0xd2, 0xd3, 0xd4])

export interface I8042Options {
  /** IRQ 1 and IRQ 12. */
  readonly keyboardIrq: IrqLine
  readonly mouseIrq: IrqLine
  readonly a20: (enabled: boolean) => void
  readonly reset: () => void
}

export interface I8042State {
  readonly ram: readonly number[]
  readonly outputPort: number
  readonly command: number | null
  /** What waits: bytes, and whether each is the auxiliary port's. */
  readonly queue: readonly (readonly [byte: number, aux: boolean])[]
  /** The byte that was read last. */
  readonly last: number
  readonly lastWasCommand: boolean
  readonly scanning: boolean
  readonly scanCodeSet: number
  readonly leds: number
  /** A command of the keyboard that a byte follows. */
  readonly keyboardCommand: number | null
}

/** The same, to be changed. */
type Mutable<T> = { -readonly [K in keyof T]: T[K] } & { ram: number[] }

function initial(): Mutable<Omit<I8042State, 'ram'>> {
  const ram = new Array<number>(RAM_BYTES).fill(0)
  // As firmware leaves it: translation and the keyboard's interrupt are on.
  ram[0] = CONFIG.KEYBOARD_IRQ | CONFIG.SYSTEM | CONFIG.TRANSLATE | CONFIG.NO_AUX
  return {
    ...{ ram, outputPort: OUTPUT_PORT.RESET | OUTPUT_PORT.A20, command: null, queue: [], last: 0 },
    ...{ lastWasCommand: false, scanning: true, scanCodeSet: 2, leds: 0, keyboardCommand: null },
  }
}

export class I8042 implements Stateful<I8042State> {
  readonly #options: I8042Options
  #s = initial()

  constructor(options: I8042Options) {
    this.#options = options
  }

  get #config(): number {
    return this.#s.ram[0] as number
  }

  /** Port 60H. */
  readonly data: IoDevice = {
    read: () => this.#read(),
    write: (_offset, _sizeBytes, value) => this.#writeData(value & 0xff),
  }

  /** Port 64H. */
  readonly command: IoDevice = {
    read: () => this.#status,
    write: (_offset, _sizeBytes, value) => this.#writeCommand(value & 0xff),
  }

  get #status(): number {
    const [first] = this.#s.queue
    return (
      (first === undefined ? 0 : STATUS.OUTPUT_FULL | (first[1] ? STATUS.AUX : 0)) |
      ((this.#config & CONFIG.SYSTEM) !== 0 ? STATUS.SYSTEM : 0) |
      (this.#s.lastWasCommand ? STATUS.COMMAND : 0) |
      STATUS.UNLOCKED
    )
  }

  #read(): number {
    const [first, ...rest] = this.#s.queue
    if (first === undefined) return this.#s.last
    this.#s.queue = rest
    this.#s.last = first[0]
    // Each byte brings an edge of its own.
    this.#options.keyboardIrq.set(false)
    this.#options.mouseIrq.set(false)
    this.#update()
    return first[0]
  }

  #put(byte: number, aux = false): void {
    if (this.#s.queue.length >= MOST_BYTES) return
    this.#s.queue = [...this.#s.queue, [byte, aux]]
    this.#update()
  }

  #update(): void {
    const [first] = this.#s.queue
    const isAux = first?.[1] === true
    this.#options.keyboardIrq.set(first !== undefined && !isAux && (this.#config & CONFIG.KEYBOARD_IRQ) !== 0)
    this.#options.mouseIrq.set(isAux && (this.#config & CONFIG.AUX_IRQ) !== 0)
  }

  #writeCommand(value: number): void {
    const s = this.#s
    s.lastWasCommand = true
    s.command = null
    if (value >= 0x20 && value < 0x40) this.#put(s.ram[value & 0x1f] as number)
    else if ((value >= 0x60 && value < 0x80) || WITH_BYTE.has(value)) s.command = value
    else if (value >= 0xf0) this.#pulse(value)
    else this.#simpleCommand(value)
  }

  #simpleCommand(value: number): void {
    switch (value) {
      case 0xa7:
        this.#configure(CONFIG.NO_AUX, true)
        break
      case 0xa8:
        this.#configure(CONFIG.NO_AUX, false)
        break
      case 0xa9:
        // A line of the auxiliary port does not answer: there is nothing.
        this.#put(0x02)
        break
      case 0xaa:
        this.#put(0x55)
        break
      case 0xab:
        this.#put(0x00)
        break
      case 0xad:
        this.#configure(CONFIG.NO_KEYBOARD, true)
        break
      case 0xae:
        this.#configure(CONFIG.NO_KEYBOARD, false)
        break
      case 0xc0:
        this.#put(0xa0)
        break
      case 0xd0:
        this.#put(this.#s.outputPort)
        break
      default:
        break
    }
  }

  #configure(bit: number, set: boolean): void {
    this.#s.ram[0] = set ? this.#config | bit : this.#config & ~bit
  }

  /** Commands F0H to FFH pulse lines of the output port that are 0 in bits 3:0: bit 0 resets. */
  #pulse(value: number): void {
    if ((value & 1) === 0) this.#options.reset()
  }

  #writeData(value: number): void {
    const s = this.#s
    const { command } = s
    s.lastWasCommand = false
    s.command = null
    if (command === null) this.#toKeyboard(value)
    else if (command < 0x80) {
      s.ram[command & 0x1f] = value
      this.#update()
    } else if (command === 0xd1) this.#writeOutputPort(value)
    else if (command === 0xd2) this.#put(value)
    else if (command === 0xd3) this.#put(value, true)
    // To the auxiliary port, where nothing answers: a time-out is what the controller reports.
    else this.#put(RESEND, true)
  }

  #writeOutputPort(value: number): void {
    this.#s.outputPort = value
    this.#options.a20((value & OUTPUT_PORT.A20) !== 0)
    if ((value & OUTPUT_PORT.RESET) === 0) this.#options.reset()
  }

  // The keyboard.

  #toKeyboard(value: number): void {
    const s = this.#s
    const { keyboardCommand } = s
    s.keyboardCommand = null
    if (keyboardCommand !== null) {
      this.#parameter(keyboardCommand, value)
      return
    }
    switch (value) {
      case 0xed:
      case 0xf0:
      case 0xf3:
        s.keyboardCommand = value
        this.#put(ACK)
        break
      case 0xee:
        this.#put(0xee)
        break
      case 0xf2:
        for (const byte of [ACK, 0xab, this.#isTranslating ? 0x41 : 0x83]) this.#put(byte)
        break
      case 0xfe:
        this.#put(s.last)
        break
      default:
        this.#setting(value)
    }
  }

  #setting(value: number): void {
    const s = this.#s
    if (value === 0xf4 || value === 0xf5 || value === 0xf6) {
      s.scanning = value !== 0xf5
      if (value !== 0xf4) s.scanCodeSet = 2
      this.#put(ACK)
    } else if (value === 0xff) {
      s.scanning = true
      s.scanCodeSet = 2
      s.leds = 0
      this.#put(ACK)
      this.#put(BAT_OK)
    } else this.#put(value < 0xed ? RESEND : ACK)
  }

  #parameter(command: number, value: number): void {
    const s = this.#s
    this.#put(ACK)
    if (command === 0xed) s.leds = value & 7
    else if (command === 0xf0 && value === 0) this.#put(s.scanCodeSet)
    else if (command === 0xf0) s.scanCodeSet = value === 1 ? 1 : 2
  }

  get #isTranslating(): boolean {
    return (this.#config & CONFIG.TRANSLATE) !== 0
  }

  /** Presses or releases a key, by its name in `KeyboardEvent.code`; names that are not known do nothing. */
  key(code: string, pressed: boolean): void {
    if (!this.#s.scanning || (this.#config & CONFIG.NO_KEYBOARD) !== 0) return
    const codes = sequenceOf(code, pressed)
    // A key whose codes do not all fit is lost as a whole.
    if (this.#s.queue.length + codes.length > MOST_BYTES) return
    for (const byte of this.#isTranslating || this.#s.scanCodeSet === 1 ? toSet1(codes) : codes) this.#put(byte)
  }

  reset(): void {
    this.#s = initial()
    this.#update()
  }

  state(): I8042State {
    return { ...this.#s, ram: [...this.#s.ram], queue: this.#s.queue.map(([byte, aux]) => [byte, aux] as const) }
  }

  restore(state: I8042State): void {
    this.#s = { ...state, ram: [...state.ram], queue: [...state.queue] }
  }
}

/** Bytes of set 2. */
function sequenceOf(code: string, pressed: boolean): readonly number[] {
  const sequence = SEQUENCES_2[code]
  if (sequence !== undefined) return sequence[pressed ? 0 : 1]
  const make = SCAN_CODES_2[code]
  if (make === undefined) return []
  return [...(make > 0xff ? [make >>> 8] : []), ...(pressed ? [] : [BREAK]), make & 0xff]
}

/** The controller's translation: F0H becomes bit 7 of what follows. */
function toSet1(codes: readonly number[]): readonly number[] {
  const bytes: number[] = []
  let breaks = 0
  for (const code of codes)
    if (code === BREAK) breaks = 0x80
    else {
      bytes.push(code >= 0xe0 ? code : translated(code) | breaks)
      if (code < 0xe0) breaks = 0
    }
  return bytes
}
