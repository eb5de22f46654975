/** A page-fault handler of 64-bit code that makes the page present and writable, and returns: whatever faulted begins again. */
import { EXCEPTION } from '@ringfold/arch'
import { AT, type Guest } from './guest.ts'

const HANDLER = 0x46800
const COUNT = 0x5f800

export function installPager(guest: Guest): void {
  guest.load(
    `
    push rax
    mov rax, cr2
    shr rax, 12
    or dword [rax*8 + ${AT.tables + 0x3000}], 7
    inc dword [${COUNT}]
    pop rax
    add rsp, 8
    iretq
    `,
    { bits: 64, at: HANDLER },
  )
  guest.machine.gate(EXCEPTION['#PF'].vector, HANDLER, { ist: 1 })
}

export const pageFaults = (guest: Guest): number => guest.read(COUNT, 4)
