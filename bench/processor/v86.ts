/** The peer: v86's interpreter (npm, its JIT disabled) on the same images. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { V86 } from 'v86'
import { IMAGE_BYTES, type Program } from './programs.ts'

const build = dirname(createRequire(import.meta.url).resolve('v86'))

export const v86Version = (
  JSON.parse(readFileSync(join(build, '..', 'package.json'), 'utf8')) as { readonly version: string }
).version

export class V86Machine {
  readonly #emulator: V86
  #onMark: () => void = () => undefined

  private constructor(emulator: V86) {
    this.#emulator = emulator
    emulator.add_listener('serial0-output-byte', () => this.#onMark())
  }

  static async create({ image }: Program): Promise<V86Machine> {
    const emulator = new V86({
      wasm_path: join(build, 'v86.wasm'),
      memory_size: 16 << 20,
      vga_memory_size: 1 << 20,
      bios: { buffer: image.slice(0, IMAGE_BYTES).buffer as ArrayBuffer },
      disable_jit: true,
      autostart: false,
    })
    await new Promise<void>((resolve) => emulator.add_listener('emulator-ready', () => resolve()))
    return new V86Machine(emulator)
  }

  /** Runs to the next mark, and stops. @returns CPU microseconds from one mark to the next */
  async rounds(count: number): Promise<number[]> {
    const times: number[] = []
    let last = 0
    await new Promise<void>((resolve) => {
      this.#onMark = () => {
        const now = cpuMicroseconds()
        if (last !== 0) times.push(now - last)
        last = now
        if (times.length === count) resolve()
      }
      void this.#emulator.run()
    })
    await this.#emulator.stop()
    return times
  }

  async close(): Promise<void> {
    await this.#emulator.destroy()
  }
}

/** CPU time of this process, all threads. */
export function cpuMicroseconds(): number {
  const { user, system } = process.cpuUsage()
  return user + system
}
