/** Short assembler programs on both engines. */
import { FIELD } from '@ringfold/arch'
import { assemble } from '@ringfold/isa/assembler'
import { InterpreterMachine, ReferenceMachine } from './flat-machine.ts'

export type Machine = ReferenceMachine | InterpreterMachine

const CODE = 0x8000
/** Where programs of these tests keep their data. */
export const DATA = 0x20000

/** 64-bit machines of both engines. */
export const bothMachines = (): readonly (readonly [string, Machine])[] => [
  ['the reference evaluator', new ReferenceMachine(64)],
  ['the interpreter', new InterpreterMachine(64)],
]

/** Runs a program without jumps, to its end or to a fault. @returns the vector of the fault, or -1. */
export function runProgram(machine: Machine, text: string): number {
  const { bytes } = assemble(text, { bits: 64 })
  machine.bytes.set(bytes, CODE)
  machine.state.write('rip', BigInt(CODE))
  if (machine instanceof InterpreterMachine) machine.interpreter.invalidateAll()
  while (machine.state.read('rip') < BigInt(CODE + bytes.length)) {
    if (machine.step()) continue
    if (machine.fault < 0) throw new Error(`not executed at ${machine.state.read('rip').toString(16)}`)
    return machine.fault
  }
  return -1
}

export const setXmm = (machine: Machine, n: number, bytes: Uint8Array): void =>
  machine.state.bytes(FIELD.zmm, n).set(bytes)

export const xmm = (machine: Machine, n: number): Uint8Array => machine.state.bytes(FIELD.zmm, n).slice(0, 16)

/** Bytes from the highest to the lowest, as manuals write registers. */
export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).reverse().toString('hex')
export const unhex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex').reverse())
