/**
 * A guest for QEMU, written with our own assembler: a multiboot image that enters 64-bit mode with paging on and runs the same
 * kernels. It talks through the first serial port: a byte for the kernel and four for its argument come in, eight bytes of result
 * go out.
 */
import { assemble } from '@ringfold/isa/assembler'
import { type Image, KERNELS } from './image.ts'

const LOAD_ADDRESS = 0x100000
const TABLES = 0x700000
const STACK_TOP = 0x800000
/** Multiboot specification 0.6.96, 3.1: magic, and bit 16: addresses stand in the header. */
const MULTIBOOT_MAGIC = 0x1badb002
const HAS_ADDRESSES = 0x10000

const hex = (n: number): string => `0x${(n >>> 0).toString(16)}`

/** 64-bit code in ring 0, identity-mapped with pages of 4 KiB as our own machine has them. */
function program(image: Image, endAddress: number): string {
  const address = (name: (typeof KERNELS)[number] | 'prepare') => hex(image.functions.get(name) as number)
  return `
    bits 32
    header:
      dd ${hex(MULTIBOOT_MAGIC)}, ${hex(HAS_ADDRESSES)}, ${hex(-(MULTIBOOT_MAGIC + HAS_ADDRESSES))}
      dd ${hex(LOAD_ADDRESS)}, ${hex(LOAD_ADDRESS)}, ${hex(endAddress)}, ${hex(endAddress)}, start
    gdt:
      dq 0, 0x00af9b000000ffff, 0x00cf93000000ffff
    pointer:
      dw 23
      dd gdt
    start:
      cli
      mov esp, ${hex(STACK_TOP)}
      ${pageTables()}
      mov eax, ${hex(TABLES)}
      mov cr3, eax
      mov eax, cr4
      or eax, 0x620            ; PAE, OSFXSR, OSXMMEXCPT
      mov cr4, eax
      mov ecx, 0xc0000080
      rdmsr
      or eax, 0x100            ; EFER.LME
      wrmsr
      mov eax, cr0
      or eax, 0x80010000       ; PG, WP
      mov cr0, eax
      lgdt [pointer]
      push 8
      push long
      retf
    bits 64
    long:
      mov ax, 16
      mov ds, ax
      mov es, ax
      mov ss, ax
      mov rsp, ${hex(STACK_TOP)}
      mov eax, ${address('prepare')}
      call rax
    next:
      call read
      movzx ebx, al
      mov ecx, 4
    argument:
      call read
      shrd edi, eax, 8
      loop argument
      mov rax, [kernels + rbx*8]
      call rax
      mov ecx, 8
    answer:
      mov dx, 0x3f8
      out dx, al
      shr rax, 8
      dec ecx
      jnz answer
      jmp next
    read:
      mov dx, 0x3fd
    wait:
      in al, dx
      test al, 1
      jz wait
      mov dx, 0x3f8
      in al, dx
      ret
      align 8
    kernels:
      dq ${KERNELS.map(address).join(', ')}
  `
}

/** 32-bit code that maps the first 8 MiB to themselves: Intel SDM vol. 3A, 5.5 "4-Level Paging". */
function pageTables(): string {
  const present = 3
  const entry = (table: number, to: number) =>
    `mov dword [${hex(TABLES + table * 4096)}], ${hex(TABLES + to * 4096 + present)}`
  return `
      mov edi, ${hex(TABLES)}
      xor eax, eax
      mov ecx, ${(7 * 4096) / 4}
      cld
      rep stosd
      ${entry(0, 1)}
      ${entry(1, 2)}
      mov edi, ${hex(TABLES + 2 * 4096)}
      mov eax, ${hex(TABLES + 3 * 4096 + present)}
    directory:
      mov [edi], eax
      add edi, 8
      add eax, 4096
      cmp eax, ${hex(TABLES + 7 * 4096 + present)}
      jne directory
      mov edi, ${hex(TABLES + 3 * 4096)}
      mov eax, ${present}
    page:
      mov [edi], eax
      add edi, 8
      add eax, 4096
      cmp eax, ${hex((8 << 20) + present)}
      jne page`
}

/** The bytes of the image: the program, and the kernels' segments at their addresses. */
export function bootImage(image: Image): Uint8Array {
  const endAddress = Math.max(...image.segments.map(({ address, sizeBytes }) => address + sizeBytes))
  const bytes = new Uint8Array(endAddress - LOAD_ADDRESS)
  bytes.set(assemble(program(image, endAddress), { bits: 32, origin: BigInt(LOAD_ADDRESS) }).bytes)
  for (const segment of image.segments) bytes.set(segment.bytes, segment.address - LOAD_ADDRESS)
  return bytes
}
