/** What every `ExecutionEngine` must do: whatever it is made of, it leaves the state that the reference evaluator leaves. */
import { compareStates, hashState } from '@ringfold/arch'
import type { InterruptSource } from '@ringfold/contracts'
import { type EngineFactory, type EngineName, Processor } from '@ringfold/cpu'
import { assemble } from '@ringfold/isa/assembler'
import { PhysicalMemory } from '@ringfold/memory'
import { type Check, expectSame, TestkitError } from './check.ts'
import { FIRMWARE_BYTES, firmware } from './firmware.ts'

type Engine = EngineName | EngineFactory

const RAM_BYTES = 1 << 20
const LOW_ROM = 0x100000 - FIRMWARE_BYTES
const HIGH_ROM = 2 ** 32 - FIRMWARE_BYTES
/** More than the firmware executes until it halts. */
const TO_THE_END = 20_000
const SLICES = [1, 2, 3, 5, 7, 11, 64, 1, 333, 1, 1000, 17, 999, 2048, 1, 1]
const PROGRAM = 0x8000

function machine(engine: Engine, image: Uint8Array, interrupts?: InterruptSource): Processor {
  const memory = new PhysicalMemory({ ramBytes: RAM_BYTES })
  memory.addRom(LOW_ROM, image)
  memory.addRom(HIGH_ROM, image)
  return new Processor({ memory, engine, ...(interrupts === undefined ? {} : { interrupts }) })
}

/** A processor in real mode at a program of 16 bits. */
function atProgram(engine: Engine, text: string, interrupts?: InterruptSource): Processor {
  const cpu = machine(engine, new Uint8Array(FIRMWARE_BYTES), interrupts)
  cpu.memory.writeBytes(PROGRAM, assemble(text, { bits: 16, origin: BigInt(PROGRAM) }).bytes)
  cpu.state.write('csBase', 0n)
  cpu.state.write('cs', 0)
  cpu.state.write('rip', BigInt(PROGRAM))
  cpu.state.write('rsp', 0x7000n)
  cpu.stateWritten()
  return cpu
}

const ramText = ({ memory }: Processor): string => {
  let sum = 0
  for (const word of memory.words.subarray(0, RAM_BYTES / 4)) sum = (Math.imul(sum, 31) + word) | 0
  return sum.toString(16)
}

/** Throws unless both processors are in the same state. */
function expectEqual(when: string, reference: Processor, subject: Processor): void {
  if (hashState(reference.state) !== hashState(subject.state)) {
    const [first] = compareStates(reference.state, subject.state)
    throw new TestkitError(`${when}: ${first?.name} is ${first?.b}, where the reference evaluator has ${first?.a}`)
  }
  expectSame(`${when}: the hash of RAM`, ramText(reference), ramText(subject))
}

function runsTheFirmware(engine: Engine): void {
  const { image } = firmware()
  const [reference, subject] = [machine('reference', image), machine(engine, image)]
  const exits = [reference, subject].map((cpu) => JSON.stringify(cpu.run(TO_THE_END)))
  expectSame('how the firmware ended', exits[0] as string, exits[1] as string)
  expectEqual('at the end of the firmware', reference, subject)
}

function stopsExactly(engine: Engine): void {
  const { image } = firmware()
  const [reference, subject] = [machine('reference', image), machine(engine, image)]
  let total = 0
  for (const budget of SLICES) {
    const { retired } = subject.run(budget)
    reference.run(budget)
    if (retired !== budget) throw new TestkitError(`of ${budget} instructions ${retired} were retired`)
    total += retired
    expectEqual(`after ${total} instructions`, reference, subject)
  }
}

/** An interrupt line that is up once. */
class OneInterrupt implements InterruptSource {
  up = false

  isPending(): boolean {
    return this.up
  }

  acknowledge(): number {
    this.up = false
    return 0x20
  }
}

function takesInterrupts(engine: Engine): void {
  const text = `
    xor ax, ax
    mov ds, ax
    mov word [0x80], handler
    mov word [0x82], 0
    sti
    top: inc bx
    rol bx, 1
    add cx, bx
    jmp top
    handler: mov dx, cx
    iret`
  const lines = [new OneInterrupt(), new OneInterrupt()] as const
  const pair = [atProgram('reference', text, lines[0]), atProgram(engine, text, lines[1])] as const
  for (const budget of [9, 1, 2, 30, 4, 57]) {
    for (const line of lines) line.up = true
    for (const cpu of pair) cpu.run(budget)
    expectEqual(`${budget} instructions after an interrupt`, ...pair)
  }
}

function seesChangedCode(engine: Engine): void {
  const text = `
    xor ax, ax
    mov ds, ax
    mov cx, 20
    top: inc byte [patch + 1]
    patch: mov al, 0
    add dx, ax
    loop top
    hlt`
  const pair = [atProgram('reference', text), atProgram(engine, text)] as const
  for (const cpu of pair) cpu.run(1000)
  expectEqual('after code that changes itself', ...pair)
  // From outside, as a device writes: MOV CX, 20 becomes MOV CX, 5.
  for (const cpu of pair) {
    cpu.memory.write8(PROGRAM + 5, 5)
    cpu.state.write('rip', BigInt(PROGRAM))
    cpu.stateWritten()
    cpu.state.write('activityState', 0)
    cpu.run(1000)
  }
  expectEqual('after code was changed from outside', ...pair)
}

function faultsLeaveNothing(engine: Engine): void {
  const text = `
    xor ax, ax
    mov ds, ax
    mov word [0x34], handler
    mov word [0x36], 0
    mov si, 0xffff
    mov cx, 3
    stc
    adc [si], cx
    hlt
    handler: add si, 2
    pop dx
    push dx
    iret`
  const pair = [atProgram('reference', text), atProgram(engine, text)] as const
  for (const cpu of pair) cpu.run(1000)
  expectEqual('after an instruction that faulted and was repeated', ...pair)
}

function repeatsStrings(engine: Engine): void {
  const text = `
    xor ax, ax
    mov ds, ax
    mov es, ax
    mov di, 0x1000
    mov cx, 300
    rep stosw
    mov si, ${PROGRAM}
    mov di, 0x2000
    mov cx, 40
    rep movsb
    mov si, ${PROGRAM}
    mov di, 0x2000
    mov cx, 100
    repe cmpsb
    hlt`
  const pair = [atProgram('reference', text), atProgram(engine, text)] as const
  for (const budget of [5, 7, 100, 1, 250, 1000]) {
    for (const cpu of pair) cpu.run(budget)
    expectEqual(`${budget} iterations on`, ...pair)
  }
}

/** The suite of an engine, by name or factory. Each check makes processors of its own. */
export function engineChecks(engine: Engine): readonly Check[] {
  const check = (name: string, run: (engine: Engine) => void): Check => ({ name, run: () => run(engine) })
  return [
    check('runs firmware from the reset vector through every mode to its end', runsTheFirmware),
    check('retires exactly its budget, and is in the right state after each slice', stopsExactly),
    check('lets interrupts in at the instruction where they are due', takesInterrupts),
    check('sees code that changes itself, and code that is changed from outside', seesChangedCode),
    check('leaves nothing of an instruction that faults', faultsLeaveNothing),
    check('counts every iteration of a repeated string instruction', repeatsStrings),
  ]
}
