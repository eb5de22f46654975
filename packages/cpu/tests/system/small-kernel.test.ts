/**
 * A kernel of two tasks in address spaces of their own: a timer switches between them, pages come on demand, system calls go through
 * SWAPGS and SYSCALL. Both engines must be in the same state after any number of instructions, interrupts included.
 */
import { FIELD, RFLAGS } from '@ringfold/arch'
import type { EngineName } from '@ringfold/cpu'
import { describe, expect, it } from 'vitest'
import { seed } from '../seeded-random.ts'
import { AT, FREE, Guest } from './guest.ts'
import type { InterruptLine } from './interrupt-line.ts'
import { P, RW, US } from './paging-tables.ts'
import { runSideBySide } from './side-by-side.ts'

const TIMER = 0x40
const KERNEL = 0x48000
const USER = 0x4a000
/** Where both tasks have data, each in pages of its own: 16 virtual pages, of which none is mapped at first. */
const HEAP = 0x100000
const HEAP_PAGES = 16
const OTHER_TABLES = 0x20000
const FRAMES = [0x80000, 0xa0000] as const
/** Saved stack pointer, CR3, kernel stack, next frame, system calls, faults: of each task, 64 bytes apart. */
const TASKS = 0x58000
const CURRENT = 0x58100
const GS_AREA = 0x58200
const PUSHES = ['rax', 'rbx', 'rcx', 'rdx', 'rsi', 'rdi', 'rbp', 'r8', 'r9', 'r10', 'r11', 'r12', 'r13', 'r14', 'r15']
const push = PUSHES.map((name) => `push ${name}`).join('\n')
const pop = PUSHES.toReversed()
  .map((name) => `pop ${name}`)
  .join('\n')

const KERNEL_TEXT = `
  timer:
  ${push}
  mov rbx, [${CURRENT}]
  mov [rbx], rsp
  xor ebx, 64
  mov [${CURRENT}], rbx
  mov rsp, [rbx]
  mov rax, [rbx + 8]
  mov cr3, rax
  mov rax, [rbx + 16]
  mov [${AT.tss + 4}], rax
  mov [${GS_AREA + 8}], rax
  ${pop}
  iretq
  fault:
  ${push}
  mov rbx, [${CURRENT}]
  inc dword [rbx + 40]
  mov rax, cr2
  shr rax, 12
  mov rdx, cr3
  mov rcx, [rbx + 24]
  add qword [rbx + 24], 0x1000
  or ecx, 7
  mov [rdx + rax*8 + 0x3000], rcx
  ${pop}
  add rsp, 8
  iretq
  system:
  swapgs
  mov [gs:0], rsp
  mov rsp, [gs:8]
  push rcx
  push r11
  mov rcx, [${CURRENT}]
  inc dword [rcx + 32]
  lea rax, [rax + rdi]
  pop r11
  pop rcx
  mov rsp, [gs:0]
  swapgs
  sysretq`

const USER_TEXT = `
  again:
  mov edx, ebx
  and edx, ${HEAP_PAGES - 1}
  shl edx, 12
  add [rdx + ${HEAP}], rbx
  movups [rdx + ${HEAP} + 16], xmm0
  inc ebx
  imul esi, ebx, 0x343fd
  xor r8d, esi
  push r8
  call step
  pop r9
  test bl, 15
  jnz again
  mov edi, 3
  syscall
  lea rdi, [rel buffer]
  mov ecx, 40
  rep stosb
  jmp again
  step: add r10, [rsp + 8]
  ret
  buffer:`

function boot(engine: EngineName, line: InterruptLine): Guest {
  const guest = new Guest(engine, { interrupts: line }).start(64)
  const { machine, state } = guest
  guest.load(KERNEL_TEXT, { at: KERNEL })
  const [timer, fault, system] = ['timer', 'fault', 'system'].map((name) => guest.label(name)) as [
    number,
    number,
    number,
  ]
  guest.load(USER_TEXT, { at: USER })
  machine.gate(TIMER, timer)
  machine.gate(14, fault)
  guest.describe(FREE, 0, 0xfffff, 0x9a, 0xa).describe(FREE + 8, 0, 0xfffff, 0x92)
  for (const [n, root] of [AT.tables, OTHER_TABLES].entries()) {
    for (const level of [0, 1, 2])
      machine.put64(root + level * 0x1000, BigInt((root + (level + 1) * 0x1000) | P | RW | US))
    for (let page = 0; page < 512; page++)
      machine.put64(root + 0x3000 + page * 8, page < HEAP >> 12 ? BigInt((page << 12) | P | RW | US) : 0n)
    // Stacks of the user: each its own; frames as the timer would have left them.
    const kernelStack = AT.stack - n * 0x1000
    const frame = kernelStack - 40 - PUSHES.length * 8
    const image = [USER, 0x33, RFLAGS.lo.IF | 2, AT.userStack - n * 0x1000, 0x2b]
    for (const [slot, value] of image.entries()) machine.put64(kernelStack - 40 + slot * 8, BigInt(value))
    const task = TASKS + n * 64
    for (const [slot, value] of [frame, root, kernelStack, FRAMES[n] as number].entries())
      machine.put64(task + slot * 8, BigInt(value))
  }
  machine.put64(CURRENT, BigInt(TASKS + 64))
  state.set(FIELD.kernelGsBase, GS_AREA, 0)
  state.set(FIELD.star, 0, (0x20 << 16) | FREE)
  state.set(FIELD.lstar, system, 0)
  state.set(FIELD.fmask, RFLAGS.lo.IF | RFLAGS.lo.TF, 0)
  // Begins as if the timer had interrupted the second task.
  state.set(FIELD.rip, timer, 0)
  state.set(FIELD.rsp, AT.stack - 0x1000 - 40, 0)
  guest.cpu.stateWritten()
  return guest
}

describe('a small kernel with two tasks (Intel SDM vol. 3A, 7.14; vol. 2B, SYSCALL)', () => {
  it(`runs alike on both engines, to the instruction (RINGFOLD_SEED=${seed})`, () => {
    const a = runSideBySide(boot, { slices: 300, longest: 90, vector: TIMER })
    for (const task of [TASKS, TASKS + 64]) {
      // Both tasks came along: system calls, and all pages of the heap on demand.
      expect(a.read(task + 32, 4)).toBeGreaterThan(3)
      expect(a.read(task + 40, 4)).toBe(HEAP_PAGES)
    }
    for (const frame of FRAMES) expect(a.read(frame, 4)).toBeGreaterThan(0)
  })
})
