/**
 * The keyboard controller of a PC, with a keyboard and a mouse: IBM PS/2 Hardware Interface Technical Reference, Keyboard and Auxiliary
 * Device Controller.
 */
import type { IoDevice, IrqLine, Stateful } from '@ringfold/contracts'
import { Ps2Keyboard, type Ps2KeyboardState } from './ps2-keyboard.ts'
import { Ps2Mouse, type Ps2MouseState } from './ps2-mouse.ts'
import { RELEASE, toSet1 } from './scan-code-sets.ts'

const STATUS = { OUTPUT_FULL: 0x01, SYSTEM: 0x04, COMMAND: 0x08, UNLOCKED: 0x10, FROM_MOUSE: 0x20 } as const

/** Bits of the command byte, which is byte 0 of the controller's memory. */
const CONTROL = {
  KEYBOARD_INTERRUPT: 0x01,
  MOUSE_INTERRUPT: 0x02,
  SYSTEM: 0x04,
  KEYBOARD_OFF: 0x10,
  MOUSE_OFF: 0x20,
  TRANSLATE: 0x40,
} as const

const COMMAND = {
  READ_MEMORY: 0x20,
  WRITE_MEMORY: 0x60,
  TEST_PASSWORD: 0xa4,
  MOUSE_OFF: 0xa7,
  MOUSE_ON: 0xa8,
  TEST_MOUSE_PORT: 0xa9,
  TEST: 0xaa,
  TEST_KEYBOARD_PORT: 0xab,
  KEYBOARD_OFF: 0xad,
  KEYBOARD_ON: 0xae,
  READ_INPUT_PORT: 0xc0,
  READ_OUTPUT_PORT: 0xd0,
  WRITE_OUTPUT_PORT: 0xd1,
  WRITE_KEYBOARD_BUFFER: 0xd2,
  WRITE_MOUSE_BUFFER: 0xd3,
  WRITE_MOUSE: 0xd4,
  A20_OFF: 0xdd,
  A20_ON: 0xdf,
  PULSE: 0xf0,
} as const

const RESULT = { TEST_PASSED: 0x55, PORT_GOOD: 0x00, NO_PASSWORD: 0xf1 } as const
/** Bits of the output port; bit 0 low resets the processor. */
const OUTPUT_PORT = { NO_RESET: 0x01, A20: 0x02, KEYBOARD_FULL: 0x10, MOUSE_FULL: 0x20, LINES: 0xcc } as const
/** The keyboard is not locked. */
const INPUT_PORT = 0x80
const MEMORY_BYTES = 32
/** As firmware leaves it: tested, keyboard on with its interrupt, codes translated, mouse off. */
const INITIAL_CONTROL = CONTROL.KEYBOARD_INTERRUPT | CONTROL.SYSTEM | CONTROL.MOUSE_OFF | CONTROL.TRANSLATE

export interface I8042Options {
  /** IRQ 1. */
  readonly keyboardIrq: IrqLine
  /** IRQ 12. */
  readonly mouseIrq: IrqLine
  /** Lets address line 20 through or not; it does at first. */
  readonly a20: (enabled: boolean) => void
  /** The output that resets the processor is pulsed. */
  readonly reset: () => void
}

interface OutputByte {
  readonly byte: number
  readonly isFromMouse: boolean
}

export interface I8042State {
  readonly memory: Uint8Array
  readonly isA20Enabled: boolean
  /** The byte that the system can read. */
  readonly output: OutputByte | null
  /** What the controller itself answers, while the output is full. */
  readonly answer: OutputByte | null
  readonly last: number
  /** The command whose argument is awaited. */
  readonly awaited: number | null
  readonly wasCommand: boolean
  /** The byte that is translated next is that of a key that was released. */
  readonly isReleased: boolean
  readonly keyboard: Ps2KeyboardState
  readonly mouse: Ps2MouseState
}

/** What the output can be filled with follows at once when it is read: the wire of the interrupt goes low in between. */
export class I8042 implements Stateful<I8042State> {
  readonly keyboard: Ps2Keyboard = new Ps2Keyboard(() => this.#fill())
  readonly mouse: Ps2Mouse = new Ps2Mouse(() => this.#fill())
  readonly #options: I8042Options
  #memory = new Uint8Array(MEMORY_BYTES)
  #isA20Enabled = true
  #output: OutputByte | null = null
  #answer: OutputByte | null = null
  #last = 0
  #awaited: number | null = null
  #wasCommand = false
  #isReleased = false

  constructor(options: I8042Options) {
    this.#options = options
    this.#control = INITIAL_CONTROL
  }

  /** Port 60H. */
  readonly data: IoDevice = {
    read: () => this.#read(),
    write: (_offset, _sizeBytes, value) => this.#writeData(value & 0xff),
  }

  /** Port 64H: status when it is read, commands when it is written. */
  readonly command: IoDevice = {
    read: () => this.#status,
    write: (_offset, _sizeBytes, value) => this.#command(value & 0xff),
  }

  get #control(): number {
    return this.#memory[0] as number
  }

  set #control(value: number) {
    this.#memory[0] = value
  }

  #setControl(bit: number, on: boolean): void {
    this.#control = on ? this.#control | bit : this.#control & ~bit
  }

  // The output.

  get #status(): number {
    return (
      STATUS.UNLOCKED |
      (this.#output === null ? 0 : STATUS.OUTPUT_FULL) |
      (this.#output?.isFromMouse === true ? STATUS.FROM_MOUSE : 0) |
      ((this.#control & CONTROL.SYSTEM) === 0 ? 0 : STATUS.SYSTEM) |
      (this.#wasCommand ? STATUS.COMMAND : 0)
    )
  }

  /** An empty output reads as it was. */
  #read(): number {
    if (this.#output === null) return this.#last
    this.#last = this.#output.byte
    this.#output = null
    this.#drive()
    this.#fill()
    return this.#last
  }

  #reply(byte: number, isFromMouse = false): void {
    this.#answer = { byte, isFromMouse }
  }

  /** Fills an empty output: answers of the controller before the keyboard before the mouse. */
  #fill(): void {
    if (this.#output === null) {
      this.#output = this.#answer ?? this.#fromKeyboard() ?? this.#fromMouse()
      if (this.#output === this.#answer) this.#answer = null
    }
    this.#drive()
  }

  #fromKeyboard(): OutputByte | null {
    while ((this.#control & CONTROL.KEYBOARD_OFF) === 0 && this.keyboard.hasByte) {
      const byte = this.keyboard.shift()
      if ((this.#control & CONTROL.TRANSLATE) === 0) return { byte, isFromMouse: false }
      const isReleased = this.#isReleased
      this.#isReleased = byte === RELEASE
      if (!this.#isReleased) return { byte: toSet1(byte, isReleased), isFromMouse: false }
    }
    return null
  }

  #fromMouse(): OutputByte | null {
    if ((this.#control & CONTROL.MOUSE_OFF) !== 0 || !this.mouse.hasByte) return null
    return { byte: this.mouse.shift(), isFromMouse: true }
  }

  #drive(): void {
    const isFull = this.#output !== null
    const isFromMouse = this.#output?.isFromMouse === true
    this.#options.keyboardIrq.set(isFull && !isFromMouse && (this.#control & CONTROL.KEYBOARD_INTERRUPT) !== 0)
    this.#options.mouseIrq.set(isFromMouse && (this.#control & CONTROL.MOUSE_INTERRUPT) !== 0)
  }

  // Commands.

  #command(byte: number): void {
    this.#wasCommand = true
    this.#awaited = null
    if (byte >= COMMAND.READ_MEMORY && byte < COMMAND.READ_MEMORY + MEMORY_BYTES)
      this.#reply(this.#memory[byte - COMMAND.READ_MEMORY] as number)
    else if (takesArgument(byte)) this.#awaited = byte
    else if (byte >= COMMAND.PULSE) {
      // The bits that are 0 are pulsed: of those that can be, only the reset does anything.
      if ((byte & OUTPUT_PORT.NO_RESET) === 0) this.#options.reset()
    } else this.#plainCommand(byte)
    this.#fill()
  }

  #plainCommand(byte: number): void {
    const answer = this.#answerTo(byte)
    if (answer !== null) this.#reply(answer)
    else if (byte === COMMAND.MOUSE_OFF || byte === COMMAND.MOUSE_ON)
      this.#setControl(CONTROL.MOUSE_OFF, byte === COMMAND.MOUSE_OFF)
    else if (byte === COMMAND.KEYBOARD_OFF || byte === COMMAND.KEYBOARD_ON)
      this.#setControl(CONTROL.KEYBOARD_OFF, byte === COMMAND.KEYBOARD_OFF)
    else if (byte === COMMAND.A20_OFF || byte === COMMAND.A20_ON) this.#setA20(byte === COMMAND.A20_ON)
    if (byte === COMMAND.TEST) this.#setControl(CONTROL.SYSTEM, true)
  }

  /** What a command is answered that asks for something; null: it does not. */
  #answerTo(command: number): number | null {
    switch (command) {
      case COMMAND.TEST_PASSWORD:
        return RESULT.NO_PASSWORD
      case COMMAND.TEST:
        return RESULT.TEST_PASSED
      case COMMAND.TEST_MOUSE_PORT:
      case COMMAND.TEST_KEYBOARD_PORT:
        return RESULT.PORT_GOOD
      case COMMAND.READ_INPUT_PORT:
        return INPUT_PORT
      case COMMAND.READ_OUTPUT_PORT:
        return this.#outputPort
      default:
        return null
    }
  }

  get #outputPort(): number {
    const { KEYBOARD_FULL, MOUSE_FULL } = OUTPUT_PORT
    const full = this.#output === null ? 0 : this.#output.isFromMouse ? MOUSE_FULL : KEYBOARD_FULL
    return OUTPUT_PORT.LINES | OUTPUT_PORT.NO_RESET | (this.#isA20Enabled ? OUTPUT_PORT.A20 : 0) | full
  }

  #setA20(enabled: boolean): void {
    this.#isA20Enabled = enabled
    this.#options.a20(enabled)
  }

  #writeData(byte: number): void {
    const awaited = this.#awaited
    this.#awaited = null
    this.#wasCommand = false
    if (awaited === null) {
      // Whoever sends to a device that was held off lets it go.
      this.#setControl(CONTROL.KEYBOARD_OFF, false)
      this.keyboard.write(byte)
    } else this.#argument(awaited, byte)
    this.#fill()
  }

  #argument(command: number, byte: number): void {
    switch (command) {
      case COMMAND.WRITE_OUTPUT_PORT:
        this.#setA20((byte & OUTPUT_PORT.A20) !== 0)
        if ((byte & OUTPUT_PORT.NO_RESET) === 0) this.#options.reset()
        break
      case COMMAND.WRITE_KEYBOARD_BUFFER:
      case COMMAND.WRITE_MOUSE_BUFFER:
        this.#reply(byte, command === COMMAND.WRITE_MOUSE_BUFFER)
        break
      case COMMAND.WRITE_MOUSE:
        this.#setControl(CONTROL.MOUSE_OFF, false)
        this.mouse.write(byte)
        break
      default:
        this.#memory[command - COMMAND.WRITE_MEMORY] = byte
    }
  }

  // State.

  reset(): void {
    this.#memory = new Uint8Array(MEMORY_BYTES)
    this.#control = INITIAL_CONTROL
    this.#output = null
    this.#answer = null
    this.#awaited = null
    this.#wasCommand = false
    this.#isReleased = false
    this.#setA20(true)
    this.keyboard.reset()
    this.mouse.reset()
    this.#drive()
  }

  state(): I8042State {
    return {
      ...{ memory: this.#memory.slice(), isA20Enabled: this.#isA20Enabled, last: this.#last, awaited: this.#awaited },
      ...{ wasCommand: this.#wasCommand, isReleased: this.#isReleased },
      output: this.#output === null ? null : { ...this.#output },
      answer: this.#answer === null ? null : { ...this.#answer },
      keyboard: this.keyboard.state(),
      mouse: this.mouse.state(),
    }
  }

  restore(state: I8042State): void {
    this.#memory = state.memory.slice()
    this.#isA20Enabled = state.isA20Enabled
    this.#last = state.last
    this.#awaited = state.awaited
    this.#wasCommand = state.wasCommand
    this.#isReleased = state.isReleased
    this.#output = state.output === null ? null : { ...state.output }
    this.#answer = state.answer === null ? null : { ...state.answer }
    this.keyboard.restore(state.keyboard)
    this.mouse.restore(state.mouse)
  }
}

/** Whether the next byte at port 60H belongs to a command. */
function takesArgument(command: number): boolean {
  const writesMemory = command >= COMMAND.WRITE_MEMORY && command < COMMAND.WRITE_MEMORY + MEMORY_BYTES
  return writesMemory || (command >= COMMAND.WRITE_OUTPUT_PORT && command <= COMMAND.WRITE_MOUSE)
}
