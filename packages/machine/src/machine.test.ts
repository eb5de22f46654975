import { assemble } from '@ringfold/isa/assembler'
import { describe, expect, it } from 'vitest'
import { createMachine } from './create-machine.ts'
import type { MachineOptions } from './options.ts'

const ORIGIN = 0x100000

/** A multiboot kernel of this code, in 32-bit protected mode. */
function kernelOf(code: string): Uint8Array {
  const source = `
bits 32
  dd 0x1badb002, 0x10003, ${-(0x1badb002 + 0x10003) >>> 0}
  dd ${ORIGIN}, ${ORIGIN}, 0, 0, start
start:
${code}`
  return assemble(source, { bits: 32, origin: BigInt(ORIGIN) }).bytes
}

const make = (code: string, options: MachineOptions = {}) =>
  createMachine({ memory: 16 << 20, debugExitPort: 0xf4, ...options, boot: { kernel: kernelOf(code) } })

const FOREVER = 'again:\n  inc eax\n  jmp again'
/** Gives back on COM1 what comes there, until a 0. */
const ECHO = `
again:
  mov edx, 0x3fd
  in al, dx
  test al, 1
  jz again
  mov edx, 0x3f8
  in al, dx
  out dx, al
  test al, al
  jnz again
  out 0xf4, al`

describe('a machine', () => {
  it('is driven by web streams', async () => {
    const machine = make(ECHO)
    const [serial] = machine.serial
    const writer = serial?.writable.getWriter()
    const reader = serial?.readable.getReader()
    const ended = machine.run()
    await writer?.write('hello')
    let text = ''
    while (!text.includes('hello')) text += new TextDecoder().decode((await reader?.read())?.value)
    await writer?.write(Uint8Array.of(0))
    expect(await ended).toEqual({ kind: 'debug-exit', status: 1 })
    await reader?.cancel()
  })

  it('lets the event loop have its turns, and stops when a signal aborts', async () => {
    const machine = make(FOREVER)
    const controller = new AbortController()
    let turns = 0
    const timer = setInterval(() => {
      if (++turns === 5) controller.abort()
    }, 5)
    expect(await machine.run({ signal: controller.signal })).toEqual({ kind: 'stopped' })
    clearInterval(timer)
    expect(machine.statistics.instructions).toBeGreaterThan(100_000)
    expect(await machine.run({ signal: AbortSignal.abort() })).toEqual({ kind: 'stopped' })
  })

  it('is held and let go between two instructions', async () => {
    const machine = make(FOREVER)
    const ended = machine.run({ instructions: 50e6 })
    await expect(machine.run()).rejects.toThrow(/runs already/)
    expect(() => machine.snapshot()).toThrow(/pause it first/)
    await machine.pause()
    const [before, hash] = [machine.statistics.instructions, machine.stateHash()]
    await new Promise((resolve) => setTimeout(resolve, 30))
    expect([machine.statistics.instructions, machine.stateHash(), machine.isPaused]).toEqual([before, hash, true])
    machine.resume()
    expect([await ended, machine.statistics.instructions]).toEqual([{ kind: 'budget' }, 50e6])
  })

  it('that ends before it could be held keeps nobody waiting, and runs again', async () => {
    const machine = make(FOREVER)
    const ended = machine.run({ instructions: 10 })
    await machine.pause()
    expect([await ended, machine.isPaused]).toEqual([{ kind: 'budget' }, false])
    expect(await machine.run({ instructions: 10 })).toEqual({ kind: 'budget' })
  })

  it('begins anew after a reset, of its own or by its button', async () => {
    // Counts in CMOS, which a reset leaves alone; the third time it ends.
    const code = `
  mov al, 0x40
  out 0x70, al
  in al, 0x71
  inc al
  mov bl, al
  mov al, 0x40
  out 0x70, al
  mov al, bl
  out 0x71, al
  cmp bl, 3
  jb reset
  out 0xf4, al
reset:
  mov edx, 0xcf9
  mov al, 6
  out dx, al
wait:
  hlt
  jmp wait`
    const machine = make(code)
    expect(await machine.run()).toEqual({ kind: 'debug-exit', status: 7 })
    expect(machine.statistics.resets).toBe(2)
    const stopping = make(code, { stopOnReset: true })
    expect(await stopping.run()).toEqual({ kind: 'reset' })
    const spinning = make(FOREVER, { stopOnReset: true })
    spinning.reset()
    expect(await spinning.run()).toEqual({ kind: 'reset' })
  })

  it('tells its keyboard what keys are pressed', async () => {
    const machine = make('again:\n  in al, 0x64\n  test al, 1\n  jz again\n  in al, 0x60\n  out 0xf4, al')
    machine.key('KeyA', true)
    expect(await machine.run()).toEqual({ kind: 'debug-exit', status: (0x1e << 1) | 1 })
  })

  it('has room for devices of other people, in its snapshots too', async () => {
    const counter = () => {
      let value = 0
      return {
        name: 'counter',
        attach: (board: Parameters<NonNullable<MachineOptions['devices']>[number]['attach']>[0]) => {
          board.addPorts(0x1234, 1, { read: () => ++value, write: () => undefined })
          return {
            state: () => ({ value }),
            restore: (state: unknown) => {
              value = (state as { value: number }).value
            },
          }
        },
      }
    }
    const code = '  mov edx, 0x1234\n  in al, dx\n  in al, dx\n  out 0xf4, al'
    const machine = make(code, { devices: [counter()] })
    await machine.run({ instructions: 2 })
    const other = make(code, { devices: [counter()] })
    other.restore(machine.snapshot())
    expect(await other.run()).toEqual({ kind: 'debug-exit', status: 5 })
    expect(() => make(code).restore(machine.snapshot())).toThrow(/its devices are .*counter/)
  })

  it('goes the same way in stretches of any length, with one processor and with two', async () => {
    const code = `
  mov eax, 0xfee00300
  mov dword [eax + 16], 0x01000000
  ${FOREVER}`
    for (const cpus of [1, 2]) {
      const hashes = []
      for (const stretch of [100_000, 7_777, 313]) {
        const machine = make(code, { cpus })
        for (let left = 100_000; left > 0; left -= stretch) await machine.run({ instructions: Math.min(left, stretch) })
        hashes.push(machine.stateHash())
      }
      expect(new Set(hashes).size, `${cpus} processors`).toBe(1)
    }
  })

  it.each([
    [{ memory: 1000 }, /1000 bytes of memory/],
    [{ cpus: 0 }, /there are no 0 processors/],
    [{ boot: { kernel: new Uint8Array(10) } }, /.+/],
    [{ nets: [{ backend: {} as never, mac: 'ff:ff:ff:ff:ff:ff' }] }, /no address of a network card/],
  ] as const)('is not made of %j', (options, message) => {
    expect(() => createMachine(options as MachineOptions)).toThrow(message)
  })
})
