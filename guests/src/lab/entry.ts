/** From the PVH entry (32-bit protected mode, no paging) into 64-bit mode. */
import { PLACE, SELECTOR } from './places.ts'
import type { LabSource } from './source.ts'

const TABLE_BYTES = PLACE.TABLES_END - PLACE.PML4
/** Present, writable, for users too: what the levels above say more strictly counts. */
const TABLE = 7
/** Present, writable, 2 MiB. */
const LARGE = 0x83

export function entry(source: LabSource): void {
  source.add(`
bits 32
start:
  cli
  cld
  mov esp, ${PLACE.STACK}
  mov [start_info], ebx
  ; Page tables: the first and the fourth GiB to themselves, in pages of 2 MiB.
  mov edi, ${PLACE.PML4}
  xor eax, eax
  mov ecx, ${TABLE_BYTES / 4}
  rep stosd
  mov dword [${PLACE.PML4}], ${PLACE.PDPT + TABLE}
  mov dword [${PLACE.PDPT}], ${PLACE.DIRECTORY_LOW + TABLE}
  mov dword [${PLACE.PDPT + 8}], ${PLACE.DIRECTORY_PLAY + TABLE}
  mov dword [${PLACE.PDPT + 24}], ${PLACE.DIRECTORY_HIGH + TABLE}
  mov dword [${PLACE.DIRECTORY_PLAY}], ${PLACE.TABLE_PLAY + TABLE}
  mov edi, ${PLACE.DIRECTORY_LOW}
  mov eax, ${LARGE}
  mov ecx, 512
low_pages:
  mov [edi], eax
  add eax, 0x200000
  add edi, 8
  dec ecx
  jnz low_pages
  mov edi, ${PLACE.DIRECTORY_HIGH}
  mov eax, ${0xc000_0000 + LARGE}
  mov ecx, 512
high_pages:
  mov [edi], eax
  add eax, 0x200000
  add edi, 8
  dec ecx
  jnz high_pages
  ; PAE and OSFXSR; the tables; long mode, NX and SYSCALL; paging, with write protection in ring 0.
  mov eax, 0x220
  mov cr4, eax
  mov eax, ${PLACE.PML4}
  mov cr3, eax
  mov ecx, 0xc0000080
  rdmsr
  or eax, 0x901
  wrmsr
  mov eax, cr0
  or eax, 0x80010001
  mov cr0, eax
  lgdt [gdtr]
  jmp ${SELECTOR.KERNEL_CODE}:long_mode
bits 64
long_mode:
  mov eax, ${SELECTOR.KERNEL_DATA}
  mov ds, eax
  mov es, eax
  mov ss, eax
  xor eax, eax
  mov fs, eax
  mov gs, eax
  mov rsp, ${PLACE.STACK}
  call set_tables
  call main
  jmp power_off`)
  source.data('align 8\nstart_info: dq 0')
}
