/** Three clocks: the 8254 through the 8259 pair, the local APIC's timer, the time-stamp counter. */
import { VECTOR } from './places.ts'
import type { LabSource } from './source.ts'

const APIC = 0xfee0_0000
const REGISTER = { EOI: 0xb0, SVR: 0xf0, TIMER: 0x320, INITIAL_COUNT: 0x380, DIVIDE: 0x3e0 } as const
/** Ticks of the 8254 that are waited for, at 1000 Hz. */
const TICKS = 10
const DIVISOR = 1193
const APIC_COUNT = 1_000_000
const DIVIDE_BY_16 = 3

export function timers(source: LabSource): void {
  source.add(`
timers:
  ; The 8259 pair: vectors from 20H on, everything masked but IRQ 0.
  ${[
    [0x20, 0x11],
    [0xa0, 0x11],
    [0x21, VECTOR.TIMER],
    [0xa1, VECTOR.TIMER + 8],
    [0x21, 4],
    [0xa1, 2],
    [0x21, 1],
    [0xa1, 1],
    [0x21, 0xfe],
    [0xa1, 0xff],
    [0x43, 0x34],
    [0x40, DIVISOR & 0xff],
    [0x40, DIVISOR >>> 8],
  ]
    .map(([port, value]) => `mov al, ${value}\n  out ${port}, al`)
    .join('\n  ')}
  ; The local APIC on, LINT0 as the way of the 8259 pair.
  mov dword [${APIC + REGISTER.SVR}], ${0x100 | VECTOR.SPURIOUS}
  mov dword [${APIC + 0x350}], 0x700
  mov dword [timer_ticks], 0
  call timestamp
  mov r12, rax
  sti
timers_wait:
  hlt
  cmp dword [timer_ticks], ${TICKS}
  jb timers_wait
  cli
  mov al, 0xff
  out 0x21, al
  call timestamp
  sub rax, r12
  mov r12, rax`)
  source.say(`timers: ${TICKS} interrupts of the 8254 at 1000 Hz took `)
  source.add('  mov rax, r12').decimal()
  source.line(' ticks of the time-stamp counter')
  source.add(`
  mov dword [apic_ticks], 0
  mov dword [${APIC + REGISTER.DIVIDE}], ${DIVIDE_BY_16}
  mov dword [${APIC + REGISTER.TIMER}], ${VECTOR.APIC_TIMER}
  call timestamp
  mov r12, rax
  mov dword [${APIC + REGISTER.INITIAL_COUNT}], ${APIC_COUNT}
  sti
timers_apic_wait:
  hlt
  cmp dword [apic_ticks], 0
  je timers_apic_wait
  cli
  call timestamp
  sub rax, r12
  mov r12, rax`)
  source.say(`timers: a count of ${APIC_COUNT.toLocaleString('en-US')} of the local APIC, divided by 16, took `)
  source.add('  mov rax, r12').decimal()
  source.line('')
  source.add(`
  ret

timestamp:
  rdtsc
  shl rdx, 32
  or rax, rdx
  ret

timer_interrupt:
  push rax
  inc dword [timer_ticks]
  mov al, 0x20
  out 0x20, al
  pop rax
  iretq

apic_timer_interrupt:
  inc dword [apic_ticks]
  mov dword [${APIC + REGISTER.EOI}], 0
spurious_interrupt:
  iretq`)
  source.data('timer_ticks: dd 0\napic_ticks: dd 0')
}
