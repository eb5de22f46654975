/** A handler of #DB in 64-bit code that writes down what it saw, and goes on. */
import { DR6 } from '@ringfold/arch'
import type { Guest } from './guest.ts'

const HANDLER = 0x46000
const POINTER = 0x5f000
const LOG = 0x5f010

export interface DebugException {
  readonly ip: number
  /** DR6 without the bits that are always one. */
  readonly dr6: number
  readonly flags: number
  readonly cs: number
}

/** Installs the handler; `extra` runs in it, with RAX and RDI free, before the frame is left. */
export function logDebug(guest: Guest, extra = ''): void {
  guest.load(
    `
    push rax
    push rdi
    mov rdi, [${POINTER}]
    mov rax, [rsp + 16]
    mov [rdi], rax
    mov rax, dr6
    mov [rdi + 8], rax
    mov rax, [rsp + 32]
    mov [rdi + 16], rax
    mov rax, [rsp + 24]
    mov [rdi + 24], rax
    add rdi, 32
    mov [${POINTER}], rdi
    xor eax, eax
    mov dr6, rax
    ${extra}
    pop rdi
    pop rax
    iretq
    `,
    { bits: 64, at: HANDLER },
  )
  guest.memory.write32(POINTER, LOG)
  guest.machine.gate(1, HANDLER)
}

export function debugExceptions(guest: Guest): DebugException[] {
  const end = guest.read(POINTER, 8)
  const found: DebugException[] = []
  for (let at = LOG; at < end; at += 32) {
    const dr6 = guest.read(at + 8, 4)
    const reported = (dr6 & ~(DR6.alwaysOneLo | DR6.lo.RTM | DR6.lo.BLD)) >>> 0
    found.push({ ip: guest.read(at, 8), dr6: reported, flags: guest.read(at + 16, 4), cs: guest.read(at + 24, 2) })
  }
  return found
}
