/** A firmware image of our own: from the reset vector through real and protected mode into 64-bit mode, to user code and back. */
import { assemble } from '@ringfold/isa/assembler'

/** The image lies below 1 MiB, and again below 4 GiB. */
export const FIRMWARE_BYTES = 0x10000
const BASE = 0xf0000
const RESET_OFFSET = 0xfff0

/** Where programs keep what they compute: linear, in all modes. */
export const RESULTS = 0x5000
export const RESULTS_BYTES = 0x800

const GDT = `
align 8
gdt:
  dq 0
  dq 0x00cf9a000000ffff
  dq 0x00cf92000000ffff
  dq 0x00af9a000000ffff
  dq 0x00cff2000000ffff
  dq 0x00affa000000ffff
gdt_end:
gdtr:
  dw gdt_end - gdt - 1
  dd gdt
`

const REAL = `
bits 16
start:
  cli
  cld
  xor ax, ax
  mov ds, ax
  mov es, ax
  mov ss, ax
  mov sp, 0x7c00
  ; arithmetic and flags
  mov cx, 40
  mov bx, 1
real_loop:
  add ax, bx
  adc bx, cx
  rol bx, 3
  xor ax, cx
  daa
  push ax
  pushf
  pop dx
  pop si
  sub si, dx
  sbb di, si
  loop real_loop
  mov ax, 0x1234
  mov bx, 77
  mul bx
  mov bx, 300
  div bx
  aam
  aad
  imul bx, ax, -5
  ; strings
  mov di, ${RESULTS}
  mov cx, 100
  rep stosw
  mov si, ${RESULTS}
  mov di, ${RESULTS + 0x100}
  mov cx, 33
  rep movsb
  mov si, ${RESULTS}
  mov di, ${RESULTS + 0x100}
  mov cx, 40
  repe cmpsb
  ; an interrupt, and a fault, through the vector table
  mov word [0x84], real_handler - ${BASE}
  mov word [0x86], 0xf000
  mov word [0], real_divide - ${BASE}
  mov word [2], 0xf000
  mov ax, 0x55
  int 0x21
  xor cl, cl
  div cl
  db 0x9a
  dw real_far - ${BASE}, 0xf000
  ; segments
  mov ax, 0x500
  mov fs, ax
  mov gs, ax
  mov dword [fs:0x20], 0x11223344
  mov eax, [gs:0x20]
  bswap eax
  movzx ebx, ax
  movsx ecx, al
  shld eax, ebx, 7
  bts eax, 31
  bsr edx, eax
  lgdt [cs:gdtr - ${BASE}]
  mov eax, cr0
  or al, 1
  mov cr0, eax
  db 0x66, 0xea
  dd protected
  dw 8
real_handler:
  add ax, 1
  iret
real_divide:
  mov cl, 7
  iret
real_far:
  mov word [${RESULTS + 0x200}], sp
  retf
`

const PROTECTED = `
bits 32
protected:
  mov eax, 0x10
  mov ds, eax
  mov es, eax
  mov ss, eax
  mov fs, eax
  mov gs, eax
  mov esp, 0x7c000
  ; recursion
  mov eax, 9
  call fibonacci
  mov [${RESULTS + 0x210}], eax
  ; a table of gates at 6000H: #UD and INT 30H
  mov edi, 0x6000
  mov ecx, 60
  xor eax, eax
  rep stosd
  mov eax, ud_handler
  mov edi, 0x6030
  call set_gate
  mov eax, int_handler
  mov edi, 0x6180
  call set_gate
  lidt [idtr32]
  ud2
  int 0x30
  ; words, bits and conditions
  mov ebx, 0x12345678
  mov ecx, 64
bits_loop:
  lea edx, [ebx+ecx*4-9]
  ror edx, cl
  xor ebx, edx
  bt ebx, ecx
  setc al
  cmovs esi, edx
  sar ebx, 1
  imul ebx, edx
  cmp ebx, edx
  jl bits_on
  neg edx
bits_on:
  xadd [${RESULTS + 0x220}], edx
  cmpxchg [${RESULTS + 0x224}], ebx
  dec ecx
  jnz bits_loop
  pushad
  popad
  enter 16, 0
  leave
  ; paging with four levels: 16 MiB by pages of 2 MiB, the first MiB by pages of 4 KiB (RAM is zero at first)
  mov dword [0x10000], 0x11007
  mov dword [0x11000], 0x12007
  mov edi, 0x12008
  mov eax, 0x200087
  mov ecx, 7
directory:
  mov [edi], eax
  add edi, 8
  add eax, 0x200000
  dec ecx
  jnz directory
  mov dword [0x12000], 0x13007
  mov edi, 0x13000
  mov eax, 7
  mov ecx, 256
table:
  mov [edi], eax
  add edi, 8
  add eax, 0x1000
  dec ecx
  jnz table
  mov eax, cr4
  or eax, 0x6a0
  mov cr4, eax
  mov eax, 0x10000
  mov cr3, eax
  mov ecx, 0xc0000080
  rdmsr
  or eax, 0x901
  wrmsr
  mov eax, cr0
  or eax, 0x80010000
  mov cr0, eax
  db 0xea
  dd long
  dw 0x18
fibonacci:
  cmp eax, 2
  jb fibonacci_end
  push eax
  dec eax
  call fibonacci
  xchg eax, [esp]
  sub eax, 2
  call fibonacci
  pop edx
  add eax, edx
fibonacci_end:
  ret
set_gate:
  mov [edi], ax
  mov word [edi+2], 8
  mov word [edi+4], 0x8e00
  shr eax, 16
  mov [edi+6], ax
  ret
ud_handler:
  add dword [esp], 2
  iretd
int_handler:
  push ebp
  mov ebp, esp
  inc dword [${RESULTS + 0x230}]
  pop ebp
  iretd
align 4
idtr32:
  dw 0x7ff
  dd 0x6000
`

const LONG = `
bits 64
long:
  mov eax, 0x10
  mov ds, eax
  mov es, eax
  mov ss, eax
  xor eax, eax
  mov rsp, 0x7c000
  ; gates of 16 bytes at 7000H: #UD, #PF
  mov edi, 0x7000
  mov ecx, 32
  rep stosq
  lea rax, [rel long_ud]
  mov edi, 0x7060
  call set_gate64
  lea rax, [rel long_pf]
  mov edi, 0x70e0
  call set_gate64
  lidt [rel idtr64]
  ud2
  ; a page that is not there, which the handler brings
  mov dword [0x13000 + 0x60 * 8], 0
  invlpg [0x60000]
  mov rax, [0x60010]
  ; arithmetic of 64 bits
  mov rbx, 0x123456789abcdef0
  mov ecx, 70
top:
  imul rax, rbx, 0x5deece6
  add rax, 11
  rol rax, cl
  mul rbx
  xor rbx, rdx
  bsf r8, rbx
  popcnt r9, rbx
  adc r10, r9
  shrd r11, rbx, 13
  movsxd r12, ebx
  bswap r12
  cmovc r13, r12
  test r12, r13
  setnz r14b
  dec ecx
  jnz top
  mov [${RESULTS + 0x240}], rbx
  ; strings forth and back
  mov esi, ${RESULTS}
  mov edi, ${RESULTS + 0x300}
  mov ecx, 64
  rep movsq
  std
  mov edi, ${RESULTS + 0x400}
  mov ecx, 9
  rep stosb
  cld
  mov edi, ${RESULTS}
  mov ecx, 500
  mov al, 0x21
  repne scasb
  ; SSE
  movq xmm0, rbx
  movdqu xmm1, [${RESULTS}]
  paddd xmm0, xmm1
  pshufd xmm2, xmm0, 0x1b
  pxor xmm3, xmm2
  movdqu [${RESULTS + 0x500}], xmm2
  cvtsi2sd xmm4, rcx
  addsd xmm4, xmm4
  sqrtsd xmm5, xmm4
  ; user code, and back by SYSCALL
  mov ecx, 0xc0000081
  mov edx, 0x00180018
  xor eax, eax
  wrmsr
  inc ecx
  lea rax, [rel system_call]
  xor edx, edx
  wrmsr
  mov ecx, 0xc0000084
  mov eax, 0x300
  wrmsr
  push 0x23
  push 0x7a000
  push 0x2
  push 0x2b
  lea rax, [rel user]
  push rax
  iretq
user:
  mov edi, 5
user_loop:
  syscall
  dec edi
  jnz user_loop
  mov rsi, -1
  syscall
system_call:
  cmp rsi, -1
  je done
  add qword [${RESULTS + 0x248}], rdi
  sysretq
done:
  mov rsp, 0x7c000
  swapgs
  mov ecx, 0xc0000101
  mov eax, 0x1234000
  xor edx, edx
  wrmsr
  swapgs
  hlt
set_gate64:
  mov [rdi], ax
  mov word [rdi+2], 0x18
  mov word [rdi+4], 0x8e00
  shr rax, 16
  mov [rdi+6], ax
  shr rax, 16
  mov [rdi+8], rax
  ret
long_ud:
  add qword [rsp], 2
  iretq
long_pf:
  push rax
  mov rax, cr2
  and eax, 0x3ff000
  or eax, 7
  mov [0x13000 + 0x60 * 8], rax
  pop rax
  add rsp, 8
  iretq
align 8
idtr64:
  dw 0xfff
  dq 0x7000
`

/** The image of 64 KiB, and the addresses of its labels. */
export function firmware(): { readonly image: Uint8Array; readonly labels: ReadonlyMap<string, bigint> } {
  const { bytes, labels } = assemble(REAL + PROTECTED + LONG + GDT, { bits: 16, origin: BigInt(BASE) })
  const image = new Uint8Array(FIRMWARE_BYTES).fill(0xf4)
  image.set(bytes)
  const start = Number(labels.get('start')) - BASE
  // JMP FAR F000:start, at the reset vector.
  image.set([0xea, start & 0xff, start >> 8, 0x00, 0xf0], RESET_OFFSET)
  return { image, labels }
}
