import { I8042 } from '../src/legacy/index.ts'
import { RecordedLine } from './recorded-line.ts'

export const [OUTPUT_FULL, FROM_MOUSE] = [0x01, 0x20]

/** A keyboard controller, and what a driver does with it. */
export function keyboardController() {
  const [keyboardIrq, mouseIrq] = [new RecordedLine(), new RecordedLine()]
  const a20: boolean[] = []
  const resets = { count: 0 }
  const i8042 = new I8042({
    keyboardIrq,
    mouseIrq,
    a20: (enabled) => a20.push(enabled),
    reset: () => {
      resets.count++
    },
  })
  const status = () => i8042.command.read(0, 1)
  const data = () => i8042.data.read(0, 1)
  const write = (value: number) => i8042.data.write(0, 1, value)
  /** A command of the controller with its arguments. */
  const command = (value: number, ...args: number[]) => {
    i8042.command.write(0, 1, value)
    for (const arg of args) write(arg)
  }
  /** All that can be read; what is the mouse's is negative. */
  const readAll = (most = 4096): number[] => {
    const found: number[] = []
    for (let left = most; left > 0 && (status() & OUTPUT_FULL) !== 0; left--)
      found.push((status() & FROM_MOUSE) === 0 ? data() : -data())
    return found
  }
  /** A byte to the keyboard or the mouse, and what comes back. */
  const toKeyboard = (...bytes: number[]) =>
    bytes.flatMap((byte) => {
      write(byte)
      return readAll()
    })
  const toMouse = (...bytes: number[]) =>
    bytes.flatMap((byte) => {
      command(0xd4, byte)
      return readAll().map(Math.abs)
    })
  const key = (code: string, pressed: boolean) => i8042.keyboard.key(code, pressed)
  /** What pressing and releasing a key lets be read. */
  const stroke = (code: string) => {
    key(code, true)
    const pressed = readAll()
    key(code, false)
    return [pressed, readAll()]
  }
  return {
    ...{ i8042, keyboardIrq, mouseIrq, a20, resets },
    ...{ status, data, write, command, readAll, toKeyboard, toMouse, key, stroke },
  }
}
