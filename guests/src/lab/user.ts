/** Ring 3, and the ways back: SYSCALL, a gate, and a fault. */
import { PLACE, PLAYGROUND, SELECTOR, VECTOR } from './places.ts'
import type { LabSource } from './source.ts'

const STAR = 0xc000_0081
const LSTAR = 0xc000_0082
const FMASK = 0xc000_0084
const GENERAL_PROTECTION = 13
const entryOf = (page: number): number => PLACE.TABLE_PLAY + 8 * page
/** Present, for users. */
const USER_CODE = PLACE.USER_CODE + 5
/** Present, writable, for users, never executed. */
const USER_STACK = PLACE.USER_STACK + 7
/** RFLAGS of ring 3: only what is always 1. */
const FLAGS = 2

export function userMode(source: LabSource): void {
  const back = source.label('user_back')
  source.add(`
user_mode:
  mov qword [${entryOf(3)}], ${USER_CODE}
  mov rax, 0x80000000${USER_STACK.toString(16).padStart(8, '0')}
  mov [${entryOf(4)}], rax
  mov rsi, user_program
  mov edi, ${PLACE.USER_CODE}
  mov ecx, user_program_end - user_program
  rep movsb
  mov rax, cr3
  mov cr3, rax
  mov ecx, ${STAR}
  xor eax, eax
  mov edx, ${(SELECTOR.USER_BASE | 3) * 0x10000 + SELECTOR.KERNEL_CODE}
  wrmsr
  mov ecx, ${LSTAR}
  mov eax, system_call
  xor edx, edx
  wrmsr
  mov ecx, ${FMASK}
  mov eax, 0x200
  wrmsr`)
  source.line('user: ring 3 begins')
  source.expect(GENERAL_PROTECTION, back)
  source.add(`
  push ${SELECTOR.USER_DATA | 3}
  push ${PLAYGROUND.USER_STACK + 0x1000}
  push ${FLAGS}
  push ${SELECTOR.USER_CODE | 3}
  push ${PLAYGROUND.USER_CODE}
  iretq
${back}:`)
  source.say('user: CLI in ring 3 raises #GP: error ')
  source.add('  mov eax, [caught_error]').hex(4)
  source.say(', CS ')
  source.add('  mov eax, [caught_cs]').hex(4)
  source.line('; back in ring 0')
  source.add(`
  ret

; Where SYSCALL goes: RIP of ring 3 is in RCX, its flags in R11.
system_call:
  mov [user_rsp], rsp
  mov rsp, ${PLACE.SYSCALL_STACK}
  push rcx
  push r11
  push rax`)
  source.say('user: SYSCALL from ring 3, RAX ')
  source.add('  mov rax, [rsp]').decimal()
  source.line('')
  source.add(`
  pop rax
  inc rax
  pop r11
  pop rcx
  mov rsp, [user_rsp]
  sysretq

call_interrupt:
  push rax
  push rcx
  push rsi`)
  source.say(`user: INT ${VECTOR.SYSTEM_CALL.toString(16)}H from ring 3, RAX `)
  source.add('  mov rax, [rsp + 16]').decimal()
  source.line('')
  source.add(`
  pop rsi
  pop rcx
  pop rax
  iretq

; What runs in ring 3. It is copied, so it does not say where anything is.
user_program:
  mov eax, 41
  syscall
  int ${VECTOR.SYSTEM_CALL}
  cli
user_program_end:`)
  source.data('align 8\nuser_rsp: dq 0')
}
