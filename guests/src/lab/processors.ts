/** Other processors: INIT and start-up IPIs to all of them (Intel SDM vol. 3A, 10.4.4). */
import { PLACE } from './places.ts'
import type { LabSource } from './source.ts'

const ICR = 0xfee0_0300
const INIT_OTHERS = 0xc_4500
const STARTUP_OTHERS = 0xc_4600 | (PLACE.TRAMPOLINE >>> 12)
/** Looks at the count, between which others have their turns: long enough for any of them. */
const PATIENCE = 200_000

export function processors(source: LabSource): void {
  const [wait, only, done] = ['wait', 'only', 'done'].map((name) => source.label(`processors_${name}`))
  source.add(`
processors:
  mov dword [${PLACE.PROCESSORS}], 0
  mov rsi, trampoline
  mov edi, ${PLACE.TRAMPOLINE}
  mov ecx, trampoline_end - trampoline
  rep movsb
  mov dword [${ICR}], ${INIT_OTHERS}
  mov ecx, ${PATIENCE}
${wait}_init:
  pause
  dec ecx
  jnz ${wait}_init
  mov dword [${ICR}], ${STARTUP_OTHERS}
  mov ecx, ${PATIENCE}
${wait}:
  pause
  dec ecx
  jnz ${wait}
  mov eax, [${PLACE.PROCESSORS}]
  test eax, eax
  jz ${only}`)
  source.say('processors: others that started: ')
  source.add(`  mov eax, [${PLACE.PROCESSORS}]`).decimal()
  source.line('').add(`  jmp ${done}\n${only}:`)
  source.line('processors: this is the only one')
  source.add(`${done}:
  ret

bits 16
trampoline:
  cli
  xor ax, ax
  mov ds, ax
  lock inc dword [${PLACE.PROCESSORS}]
trampoline_wait:
  hlt
  jmp trampoline_wait
trampoline_end:
bits 64`)
}
