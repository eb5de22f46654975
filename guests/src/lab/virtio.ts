/** PCI, and virtio devices on it: a driver of one queue, polled. VIRTIO 1.2, 3.1 and 4.1. */
import { PLACE } from './places.ts'
import type { LabSource } from './source.ts'

const VENDOR = 0x1af4
const DEVICE = { BLOCK: 0x1042, ENTROPY: 0x1044 } as const
/** Common configuration. */
const COMMON = {
  driverFeatureSelect: 0x08,
  driverFeature: 0x0c,
  status: 0x14,
  queueSelect: 0x16,
  queueSize: 0x18,
  queueEnable: 0x1c,
  queueNotifyOff: 0x1e,
  queueDescriptors: 0x20,
  queueAvailable: 0x28,
  queueUsed: 0x30,
} as const
const QUEUE_SIZE = 8
const { QUEUE_DESCRIPTORS: DESCRIPTORS, QUEUE_AVAILABLE: AVAILABLE, QUEUE_USED: USED, BUFFERS } = PLACE
const [NEXT, WRITE] = [1, 2]
const [READ_SECTOR, WRITE_SECTOR] = [0, 1]
const DATA = BUFFERS + 0x200
const STATUS = BUFFERS + 0x100
const PATTERN = 0x6c61_6220_7772_6f74n

export function virtio(source: LabSource): void {
  source.add(`
; EAX: a register of configuration space, of the function in R15D. Gives EAX.
pci_read:
  or eax, r15d
  mov edx, 0xcf8
  out dx, eax
  mov edx, 0xcfc
  in eax, dx
  ret

virtio_devices:
  mov r15d, 0x80000000
virtio_next_device:
  xor eax, eax
  call pci_read
  cmp ax, ${VENDOR}
  jne virtio_not_this
  shr eax, 16
  mov r14d, eax
  cmp eax, ${DEVICE.ENTROPY}
  je virtio_is_entropy
  cmp eax, ${DEVICE.BLOCK}
  jne virtio_not_this
  call virtio_start
  call virtio_block
  jmp virtio_not_this
virtio_is_entropy:
  call virtio_start
  call virtio_entropy
virtio_not_this:
  add r15d, 0x800
  cmp r15d, 0x80010000
  jb virtio_next_device
  ret

; Finds the structures of the function in R15D by its capabilities, negotiates, and puts one queue into place.
virtio_start:
  mov eax, 4
  call pci_read
  or eax, 6
  mov edx, 0xcfc
  out dx, eax
  mov eax, 0x34
  call pci_read
  movzx ebx, al
virtio_capability:
  test ebx, ebx
  jz virtio_found
  mov eax, ebx
  and eax, 0xfc
  call pci_read
  mov ecx, eax
  cmp cl, 9
  jne virtio_next_capability
  mov eax, ebx
  add eax, 8
  call pci_read
  mov r8d, eax
  mov eax, ebx
  add eax, 16
  call pci_read
  mov r9d, eax
  mov eax, ebx
  add eax, 4
  call pci_read
  and eax, 7
  lea eax, [rax * 4 + 0x10]
  call pci_read
  and eax, 0xfffffff0
  add eax, r8d
  mov edx, ecx
  shr edx, 24
  cmp edx, 1
  jne virtio_not_common
  mov r12, rax
virtio_not_common:
  cmp edx, 2
  jne virtio_not_notify
  mov r13, rax
  mov [notify_multiplier], r9d
virtio_not_notify:
  cmp edx, 4
  jne virtio_next_capability
  mov [device_configuration], rax
virtio_next_capability:
  movzx ebx, ch
  jmp virtio_capability
virtio_found:
  mov byte [r12 + ${COMMON.status}], 0
  mov byte [r12 + ${COMMON.status}], 1
  mov byte [r12 + ${COMMON.status}], 3
  mov dword [r12 + ${COMMON.driverFeatureSelect}], 1
  mov dword [r12 + ${COMMON.driverFeature}], 1
  mov byte [r12 + ${COMMON.status}], 11
  mov edi, ${DESCRIPTORS}
  xor eax, eax
  mov ecx, ${(BUFFERS + 0x1000 - DESCRIPTORS) / 8}
  rep stosq
  mov word [r12 + ${COMMON.queueSelect}], 0
  mov word [r12 + ${COMMON.queueSize}], ${QUEUE_SIZE}
  ${[
    [COMMON.queueDescriptors, DESCRIPTORS],
    [COMMON.queueAvailable, AVAILABLE],
    [COMMON.queueUsed, USED],
  ]
    .map(
      ([register = 0, address]) => `mov dword [r12 + ${register}], ${address}\n  mov dword [r12 + ${register + 4}], 0`,
    )
    .join('\n  ')}
  mov word [r12 + ${COMMON.queueEnable}], 1
  movzx eax, word [r12 + ${COMMON.queueNotifyOff}]
  imul eax, [notify_multiplier]
  add r13, rax
  mov byte [r12 + ${COMMON.status}], 15
  ret

; Makes descriptor 0 available, notifies, and waits until it comes back.
virtio_ask:
  movzx eax, word [${AVAILABLE + 2}]
  mov ecx, eax
  and ecx, ${QUEUE_SIZE - 1}
  mov word [${AVAILABLE + 4} + rcx * 2], 0
  inc eax
  mov [${AVAILABLE + 2}], ax
  mov word [r13], 0
virtio_wait:
  pause
  cmp [${USED + 2}], ax
  jne virtio_wait
  ret

; ECX: descriptor, RDI: address, ESI: bytes, EDX: flags and next.
virtio_describe:
  shl ecx, 4
  mov [${DESCRIPTORS} + rcx], rdi
  mov [${DESCRIPTORS + 8} + rcx], esi
  mov [${DESCRIPTORS + 12} + rcx], edx
  ret
`)
  entropy(source)
  block(source)
  source.data('align 8\ndevice_configuration: dq 0\nnotify_multiplier: dd 0')
}

function entropy(source: LabSource): void {
  source.add(`
virtio_entropy:
  xor ecx, ecx
  mov edi, ${DATA}
  mov esi, 8
  mov edx, ${WRITE}
  call virtio_describe
  call virtio_ask`)
  source.say('virtio: 8 bytes of entropy: ')
  source.add(`  mov rax, [${DATA}]`).hex(16)
  source.line('').add('  ret')
}

function block(source: LabSource): void {
  source.add('virtio_block:')
  source.say('virtio: a disk of ')
  source.add('  mov rax, [device_configuration]\n  mov rax, [rax]').decimal()
  source.line(' sectors')
  request(source, READ_SECTOR, 0)
  source.say('virtio: sector 0 begins with ')
  source.add(`  mov rax, [${DATA}]`).hex(16)
  source.say(', status ')
  source.add(`  movzx eax, byte [${STATUS}]`).decimal()
  source.line('')
  source.add(`  mov rax, ${PATTERN}\n  mov [${DATA}], rax`)
  request(source, WRITE_SECTOR, 1)
  source.add(`  mov qword [${DATA}], 0`)
  request(source, READ_SECTOR, 1)
  source.say('virtio: sector 1, written and read again: ')
  source.add(`  mov rax, [${DATA}]`).hex(16)
  source.say(', status ')
  source.add(`  movzx eax, byte [${STATUS}]`).decimal()
  source.line('').add('  ret')
}

/** A request of three buffers: header, a sector, status. */
function request(source: LabSource, type: number, sector: number): void {
  const direction = type === READ_SECTOR ? WRITE : 0
  source.add(`
  mov dword [${BUFFERS}], ${type}
  mov dword [${BUFFERS + 4}], 0
  mov qword [${BUFFERS + 8}], ${sector}
  mov byte [${STATUS}], 0xff
  mov ecx, 0
  mov edi, ${BUFFERS}
  mov esi, 16
  mov edx, ${NEXT | (1 << 16)}
  call virtio_describe
  mov ecx, 1
  mov edi, ${DATA}
  mov esi, 512
  mov edx, ${NEXT | direction | (2 << 16)}
  call virtio_describe
  mov ecx, 2
  mov edi, ${STATUS}
  mov esi, 1
  mov edx, ${WRITE}
  call virtio_describe
  call virtio_ask`)
}
