/** GDT, TSS, IDT, and what happens at an exception or interrupt. */
import { PLACE, SELECTOR, VECTOR } from './places.ts'
import type { LabSource } from './source.ts'

const EXCEPTIONS = 32
/** Vectors at which the processor pushes an error code: Intel SDM vol. 3A, table 7-1. */
const WITH_ERROR = new Set([8, 10, 11, 12, 13, 14, 17, 21, 29, 30])
const IDT_BYTES = 256 * 16
/** Present interrupt gates, of ring 0 and for everybody. */
const GATE = 0x8e00
const USER_GATE = 0xee00
const SAVED = ['rax', 'rcx', 'rdx', 'rsi', 'rdi', 'r8', 'r9', 'r10', 'r11']
/** Where things are in the frame, behind the registers that were saved. */
const FRAME = { vector: 72, error: 80, rip: 88, cs: 96, rsp: 112, ss: 120 }

export function tables(source: LabSource): void {
  source.add(`
set_tables:
  ; The TSS: its stack for ring 0, and its descriptor.
  mov qword [tss + 4], ${PLACE.EXCEPTION_STACK}
  mov rax, tss
  mov [gdt_tss + 2], ax
  shr rax, 16
  mov [gdt_tss + 4], al
  mov [gdt_tss + 7], ah
  mov eax, ${SELECTOR.TSS}
  ltr ax
  ; Gates.
  xor ebx, ebx
set_exceptions:
  mov edi, ebx
  mov rsi, [exception_entries + rbx * 8]
  mov edx, ${GATE}
  call set_gate
  inc ebx
  cmp ebx, ${EXCEPTIONS}
  jb set_exceptions
  ${[
    [VECTOR.TIMER, 'timer_interrupt', GATE],
    [VECTOR.APIC_TIMER, 'apic_timer_interrupt', GATE],
    [VECTOR.SPURIOUS, 'spurious_interrupt', GATE],
    [VECTOR.SYSTEM_CALL, 'call_interrupt', USER_GATE],
  ]
    .map(([vector, label, kind]) => `mov edi, ${vector}\n  mov rsi, ${label}\n  mov edx, ${kind}\n  call set_gate`)
    .join('\n  ')}
  lidt [idtr]
  ret

; EDI: vector, RSI: where to, EDX: kind.
set_gate:
  shl edi, 4
  add edi, idt
  mov [rdi], si
  mov word [rdi + 2], ${SELECTOR.KERNEL_CODE}
  mov [rdi + 4], dx
  shr rsi, 16
  mov [rdi + 6], si
  shr rsi, 16
  mov [rdi + 8], esi
  mov dword [rdi + 12], 0
  ret
`)
  for (let vector = 0; vector < EXCEPTIONS; vector++)
    source.add(`exception_${vector}:\n${WITH_ERROR.has(vector) ? '' : '  push 0\n'}  push ${vector}\n  jmp exception`)
  source.add(`
exception:
  ${SAVED.map((name) => `push ${name}`).join('\n  ')}
  mov eax, [rsp + ${FRAME.vector}]
  mov ecx, [rsp + ${FRAME.error}]
  mov [caught_error], ecx
  mov rcx, cr2
  mov [caught_address], rcx
  mov rcx, [rsp + ${FRAME.cs}]
  mov [caught_cs], ecx
  cmp eax, [expected]
  jne unexpected
  ; As was wanted: on in ring 0, where somebody waits for it.
  mov dword [expected], -1
  mov dword [caught], 1
  mov rax, [resume_rip]
  mov [rsp + ${FRAME.rip}], rax
  mov qword [rsp + ${FRAME.cs}], ${SELECTOR.KERNEL_CODE}
  mov rax, [resume_rsp]
  mov [rsp + ${FRAME.rsp}], rax
  mov qword [rsp + ${FRAME.ss}], ${SELECTOR.KERNEL_DATA}
  ${[...SAVED]
    .reverse()
    .map((name) => `pop ${name}`)
    .join('\n  ')}
  add rsp, 16
  iretq

unexpected:`)
  source.say('an exception that nobody wanted: vector ')
  source.add(`  mov eax, [rsp + ${FRAME.vector}]`).decimal()
  source.say(', error ')
  source.add(`  mov eax, [rsp + ${FRAME.error}]`).hex(4)
  source.say(', RIP ')
  source.add(`  mov rax, [rsp + ${FRAME.rip}]`).hex(16)
  source.say(', CR2 ')
  source.add('  mov rax, cr2').hex(16)
  source.line('').add('  jmp power_off')
  source.data(`
align 16
gdt:
  dq 0
  dq 0x00af9b000000ffff
  dq 0x00cf93000000ffff
  dq 0x00cffb000000ffff
  dq 0x00cff3000000ffff
  dq 0x00affb000000ffff
gdt_tss:
  dw 103, 0
  db 0, 0x89, 0, 0
  dq 0
gdt_end:
gdtr:
  dw gdt_end - gdt - 1
  dq gdt
align 16
tss: times 104 db 0
idtr:
  dw ${IDT_BYTES - 1}
  dq idt
align 16
idt: times ${IDT_BYTES} db 0
exception_entries:
${Array.from({ length: EXCEPTIONS }, (_, vector) => `  dq exception_${vector}`).join('\n')}
expected: dd -1
caught: dd 0
caught_error: dd 0
caught_cs: dd 0
caught_address: dq 0
resume_rip: dq 0
resume_rsp: dq 0`)
}
