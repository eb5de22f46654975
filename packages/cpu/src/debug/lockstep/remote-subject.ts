import type { RemoteRegister, RspClient } from '../rsp/client.ts'
import { hexOfValue } from '../rsp/hex.ts'
import type { Advance, LockstepSubject, Observation } from './subject.ts'

/**
 * A machine behind a gdb stub, such as QEMU's (`-S -gdb tcp::PORT`). It is stepped through; it cannot go back.
 *
 * QEMU shows `rip` as an offset in CS, holds interrupts and timers back while it steps, and never answers a step of a processor
 * that has halted: compare with `stopAtHlt`.
 */
export class RemoteSubject implements LockstepSubject {
  readonly name: string
  readonly #client: RspClient
  readonly #registers: readonly RemoteRegister[]
  #seen: Observation | null = null

  private constructor(name: string, client: RspClient, registers: readonly RemoteRegister[]) {
    this.name = name
    this.#client = client
    this.#registers = registers
  }

  static async connect(name: string, client: RspClient): Promise<RemoteSubject> {
    return new RemoteSubject(name, client, await client.connect())
  }

  async advance(instructions: number): Promise<Advance> {
    for (let n = 0; n < instructions; n++) {
      // An emulator that ends at a triple fault closes the connection; what was seen last is all that there is then.
      const reply = await this.#client.step().catch(() => 'W00')
      if (!/^[ST]05/.test(reply)) return { retired: n, end: 'shutdown' }
      this.#seen = null
    }
    return { retired: instructions }
  }

  async observe(): Promise<Observation> {
    this.#seen ??= await this.#client.readRegisters()
    return this.#seen
  }

  async position(): Promise<bigint> {
    return (await this.observe()).get('rip') ?? 0n
  }

  async write(field: string, value: bigint): Promise<boolean> {
    this.#seen = null
    const number = this.#registers.findIndex(({ name }) => name === field)
    const bytes = Math.ceil((this.#registers[number]?.bits ?? 0) / 8)
    if (bytes === 0) return false
    return (await this.#client.request(`P${number.toString(16)}=${hexOfValue(value, bytes)}`)) === 'OK'
  }

  async readMemory(address: bigint, lengthBytes: number): Promise<Uint8Array | null> {
    const parts: Uint8Array[] = []
    for (let done = 0; done < lengthBytes; done += PART_BYTES) {
      const part = await this.#client.readMemory(address + BigInt(done), Math.min(PART_BYTES, lengthBytes - done))
      if (part === null) return null
      parts.push(part)
    }
    const bytes = new Uint8Array(lengthBytes)
    for (const [n, part] of parts.entries()) bytes.set(part, n * PART_BYTES)
    return bytes
  }

  /** @returns whether all bytes were written */
  async writeMemory(address: bigint, bytes: Uint8Array): Promise<boolean> {
    for (let done = 0; done < bytes.length; done += PART_BYTES) {
      const part = bytes.subarray(done, done + PART_BYTES)
      if (!(await this.#client.writeMemory(address + BigInt(done), part))) return false
    }
    return true
  }
}

/** QEMU's packets hold 4096 characters. */
const PART_BYTES = 0x400
