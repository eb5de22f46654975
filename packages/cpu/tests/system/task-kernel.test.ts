/**
 * A 32-bit kernel whose timer switches by hardware between a task of level 3 and a virtual-8086 task. Both engines must be in the same
 * state after any number of instructions, interrupts included.
 */
import { CR0, FIELD, RFLAGS, TSS32 } from '@ringfold/arch'
import type { EngineName } from '@ringfold/cpu'
import { describe, expect, it } from 'vitest'
import { seed } from '../seeded-random.ts'
import { AT, FREE, Guest, SELECTOR } from './guest.ts'
import type { InterruptLine } from './interrupt-line.ts'
import { narrowTables, ROOT, turnOn } from './paging-tables.ts'
import { runSideBySide } from './side-by-side.ts'

const TIMER = 0x40
const SERVICE = 0x21
const KERNEL = 0x47000
const TASK = 0x48000
const V86_TASK = 0x49000
const OTHER_TSS = 0x3800
const TURN = 0x5e000
const CALLS = 0x5e010
const { IF, IOPL, VM } = RFLAGS.lo

const KERNEL_TEXT = `
  timer:
  pushad
  push ds
  mov ax, ${SELECTOR.data}
  mov ds, ax
  xor dword [${TURN}], 1
  test dword [${TURN}], 1
  jz back
  db 0xea
  dd 0
  dw ${FREE}
  jmp done
  back:
  db 0xea
  dd 0
  dw ${SELECTOR.tss}
  done:
  pop ds
  popad
  iretd
  service:
  inc dword [ss:${CALLS}]
  iretd`

const TASK_TEXT = `
  again:
  inc ebx
  mov edx, ebx
  and edx, 0xff
  mov [edx*4 + ${AT.data}], ebx
  int ${SERVICE}
  jmp again`

const V86_TEXT = `
  again:
  add bx, 2
  and bx, 0x3ffe
  add [bx], bx
  pushf
  cli
  sti
  popf
  int ${SERVICE}
  jmp again`

function boot(engine: EngineName, line: InterruptLine): Guest {
  const guest = new Guest(engine, { interrupts: line }).start(32, 3)
  const { memory, machine } = guest
  guest.load(TASK_TEXT, { at: TASK }).load(V86_TEXT, { at: V86_TASK, bits: 16 }).load(KERNEL_TEXT, { at: KERNEL })
  machine.gate(TIMER, guest.label('timer'))
  machine.gate(SERVICE, guest.label('service'), { dpl: 3 })
  guest.describe(SELECTOR.tss, AT.tss, 0x167, 0x8b, 0).describe(FREE, OTHER_TSS, 0x67, 0x89, 0)
  const { offset } = TSS32
  const fields = {
    ...{ ESP0: AT.stack - 0x2000, SS0: SELECTOR.data, CR3: ROOT, EIP: 0, EFLAGS: VM | IF | IOPL | 2, ESP: 0x1000 },
    ...{ CS: V86_TASK >> 4, SS: 0x6000, DS: 0x5100, ES: 0x5100, FS: 0, GS: 0, LDT: 0 },
  }
  for (const [name, value] of Object.entries(fields))
    memory.write32(OTHER_TSS + offset[name as keyof typeof fields], value)
  memory.write32(AT.tss + offset.CR3, ROOT)
  narrowTables(guest)
  turnOn(guest, CR0.lo.WP, 0)
  guest.state.set(FIELD.rip, TASK, 0)
  guest.flags = IF | 2
  return guest
}

describe('a kernel of hardware tasks (Intel SDM vol. 3A, chapter 9; vol. 3B, 22.2)', () => {
  it(`runs alike on both engines, to the instruction (RINGFOLD_SEED=${seed})`, () => {
    const a = runSideBySide(boot, { slices: 200, longest: 80, vector: TIMER })
    // Both came along, and one of the two is the one that runs.
    expect(a.read(CALLS, 4)).toBeGreaterThan(100)
    expect([a.read(AT.data + 4, 4), a.read(0x51002, 2)].every((value) => value > 0)).toBe(true)
    const busy = [SELECTOR.tss, FREE].map((selector) => a.memory.read8(AT.gdt + selector + 5))
    expect(busy.toSorted()).toEqual([0x89, 0x8b])
  })
})
