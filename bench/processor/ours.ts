/** Our processor on a firmware image, round by round. */
import { type EngineName, Processor } from '@ringfold/cpu'
import { PhysicalMemory, PortSpace } from '@ringfold/memory'
import { IMAGE_BYTES, MARK_PORT, type Program } from './programs.ts'

const HIGH = 0x1_0000_0000

export class OurMachine {
  readonly #cpu: Processor
  #marks = 0

  constructor({ image }: Program, engine: EngineName) {
    const memory = new PhysicalMemory({ ramBytes: 16 << 20 })
    memory.writeBytes(0x100000 - IMAGE_BYTES, image)
    memory.addRom(HIGH - IMAGE_BYTES, image)
    const ports = new PortSpace()
    ports.add(MARK_PORT, 1, {
      read: () => 0xff,
      write: () => {
        this.#marks++
        this.#cpu.stop()
      },
    })
    this.#cpu = new Processor({ memory, ports, engine })
  }

  /** Runs to the next mark. */
  round(): void {
    const before = this.#marks
    while (this.#marks === before) {
      const { reason } = this.#cpu.run(1 << 30)
      if (reason === 'shutdown' || reason === 'halted') throw new Error(`the processor ended: ${reason}`)
    }
  }
}
