/** Firmware that brings every processor into a 64-bit loop of ours, to be looked at with gdb. */
import { assemble } from '@ringfold/isa/assembler'

const FIRMWARE_BYTES = 0x10000
const RESET_OFFSET = 0xfff0
/** Where the image holds the program, and where it is copied to: gdb writes to it there. */
const PROGRAM_OFFSET = 0x100
const PROGRAM_BASE = 0x8000
const TABLES = 0x4000
/** The page at which a start-up IPI lets the other processors begin: the start of the image. */
export const STARTUP_VECTOR = 0xf0
/** Counters of loops, 8 bytes for each processor; what `work` computed lies 100H behind. */
export const COUNTERS = 0x9000

const loader = (bytes: number): string => `
bits 16
  cli
  cld
  mov ax, cs
  mov ds, ax
  xor ax, ax
  mov es, ax
  mov si, ${PROGRAM_OFFSET}
  mov di, ${PROGRAM_BASE}
  mov cx, ${bytes}
  rep movsb
  mov ds, ax
  ; JMP FAR 0:8000H
  db 0xea
  dw ${PROGRAM_BASE}, 0
`

const PROGRAM = `
bits 16
  ; the first 4 MiB by pages of 2 MiB, at four levels
  mov dword [${TABLES}], ${TABLES + 0x1007}
  mov dword [${TABLES + 0x1000}], ${TABLES + 0x2007}
  mov dword [${TABLES + 0x2000}], 0x87
  mov dword [${TABLES + 0x2008}], 0x200087
  lgdt [gdtr]
  mov eax, 0x620
  mov cr4, eax
  mov eax, ${TABLES}
  mov cr3, eax
  mov ecx, 0xc0000080
  rdmsr
  or eax, 0x100
  wrmsr
  mov eax, cr0
  or eax, 0x80010001
  and eax, 0x9fffffff
  mov cr0, eax
  ; JMP FAR 8:long
  db 0xea
  dw long, 8
bits 64
long:
  mov eax, 0x10
  mov ds, eax
  mov es, eax
  mov ss, eax
  mov eax, 1
  cpuid
  shr ebx, 24
  mov r15d, ebx
  lea rdi, [rbx*8 + ${COUNTERS}]
  shl ebx, 12
  mov esp, 0x70000
  sub rsp, rbx
  mov eax, 7
  movq xmm1, rdi
top:
  call work
counted:
  inc qword [rdi]
  jmp top
work:
  push rbp
  mov rbp, rsp
  lea rax, [rax+rax*2+1]
  mov [rdi+0x100], rax
  mov rdx, [rdi]
  pop rbp
  ret
align 8
gdt:
  dq 0, 0x00af9a000000ffff, 0x00cf92000000ffff
gdtr:
  dw 23
  dd gdt
`

/** The image of 64 KiB, and the addresses of the program's labels. */
export function firmware(): { readonly image: Uint8Array; readonly labels: ReadonlyMap<string, bigint> } {
  const program = assemble(PROGRAM, { bits: 16, origin: BigInt(PROGRAM_BASE) })
  const image = new Uint8Array(FIRMWARE_BYTES).fill(0xf4)
  image.set(assemble(loader(program.bytes.length), { bits: 16 }).bytes)
  image.set(program.bytes, PROGRAM_OFFSET)
  // JMP FAR F000:0 at the reset vector.
  image.set([0xea, 0x00, 0x00, 0x00, 0xf0], RESET_OFFSET)
  return { image, labels: program.labels }
}
