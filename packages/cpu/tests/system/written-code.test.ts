/** Code that is written while it runs, byte by byte: instructions become others, of other lengths, and ends of functions move. */
import { compareStates } from '@ringfold/arch'
import { ENGINES } from '@ringfold/cpu'
import { expect, it } from 'vitest'
import { AT, TestMachine } from '../machine.ts'
import { seed, seededRandom } from '../seeded-random.ts'

const FUNCTION = AT.code + 0x800
const FUNCTION_BYTES = 24
/** What every byte may become, none of which faults: NOP, RET, CDQ, CLC, STC, prefixes, and ADD of one and of four bytes more. */
const BYTES = [0x90, 0xc3, 0x99, 0xf8, 0xf9, 0x48, 0x66, 0x04, 0x05, 0xc3, 0x90]
const ROUNDS = 400

/** Writes one byte of the function and calls it: RSI holds the place, AL the byte, RDI the function. */
const PROGRAM = `
top: mov [rsi], al
  call rdi
  inc r8
wait: jmp wait`

it(`engines see every byte of code that is written (RINGFOLD_SEED=${seed})`, () => {
  const machines = ENGINES.map((engine) => new TestMachine({ engine, ramBytes: 1 << 20 }))
  for (const machine of machines) {
    machine.load(PROGRAM, 64)
    machine.memory.writeBytes(FUNCTION, new Uint8Array(64).fill(0xc3))
    machine.enter(64, 0)
  }
  const next = seededRandom(seed)
  const [a, ...others] = machines as [TestMachine, ...TestMachine[]]
  for (let round = 0; round < ROUNDS; round++) {
    const [place, byte] = [next() % FUNCTION_BYTES, BYTES[next() % BYTES.length] as number]
    for (const { cpu } of machines) {
      const { state } = cpu
      state.write('rip', BigInt(AT.code))
      state.write('rsi', BigInt(FUNCTION + place))
      state.write('rdi', BigInt(FUNCTION))
      state.write('rax', BigInt(byte))
      state.write('rsp', BigInt(AT.stack))
      cpu.stateWritten()
    }
    const exits = machines.map(({ cpu }) => cpu.run(40))
    for (const [n, b] of others.entries()) {
      expect(compareStates(a.cpu.state, b.cpu.state), `round ${round}, ${b.cpu.engine}`).toEqual([])
      expect(exits[n + 1]).toEqual(exits[0])
    }
  }
  for (const b of others) expect(b.hash()).toBe(a.hash())
})
