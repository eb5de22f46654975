/** COM1: letters, numbers, texts. */
import type { LabSource } from './source.ts'

export function serialConsole(source: LabSource): void {
  source.add(`
putc:
  push rdx
  push rax
  mov edx, 0x3fd
putc_wait:
  in al, dx
  test al, 0x20
  jz putc_wait
  pop rax
  mov edx, 0x3f8
  out dx, al
  pop rdx
  ret

; RSI: a text that ends with a zero.
puts:
  mov al, [rsi]
  inc rsi
  test al, al
  jz puts_done
  call putc
  jmp puts
puts_done:
  ret

; RAX in ECX hexadecimal digits.
puthex:
  push rbx
  push rdx
  mov rbx, rax
puthex_digit:
  dec ecx
  js puthex_done
  mov rax, rbx
  push rcx
  shl ecx, 2
  shr rax, cl
  pop rcx
  and eax, 15
  cmp al, 10
  jb puthex_number
  add al, 39
puthex_number:
  add al, 48
  call putc
  jmp puthex_digit
puthex_done:
  pop rdx
  pop rbx
  ret

; RAX as a decimal number.
putdec:
  push rbx
  push rcx
  push rdx
  mov ebx, 10
  xor ecx, ecx
putdec_divide:
  xor edx, edx
  div rbx
  push rdx
  inc ecx
  test rax, rax
  jnz putdec_divide
putdec_digit:
  pop rax
  add al, 48
  call putc
  dec ecx
  jnz putdec_digit
  pop rdx
  pop rcx
  pop rbx
  ret

; A letter from COM1 in AL; waits for it.
getc:
  mov edx, 0x3fd
  in al, dx
  test al, 1
  jz getc
  mov edx, 0x3f8
  in al, dx
  ret`)
}
