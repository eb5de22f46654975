/** Code that is written while it runs (Intel SDM vol. 3A, 13.6 "Self-Modifying Code"). */
import { ENGINES } from '@ringfold/cpu'
import { beforeEach, describe, expect, it } from 'vitest'
import { Guest } from './guest.ts'
import { PAGE } from './paging-tables.ts'

describe.each(ENGINES)('self-modifying code (Intel SDM vol. 3A, 13.6), engine %s', (engine) => {
  const guest = new Guest(engine)
  beforeEach(() => void guest.start(64))

  it('the very next instruction', () => {
    guest.run('mov byte [rel patch + 1], 7\npatch: mov bl, 1\nhlt')
    expect(guest.reg('rbx')).toBe(7)
  })

  it('by a string instruction that overwrites what follows it', () => {
    guest.run('lea rdi, [rel patch]\nmov ecx, 4\nmov al, 0x90\nrep stosb\npatch: ud2\nud2\nmov ebx, 9\nhlt')
    expect(guest.reg('rbx')).toBe(9)
  })

  it('by a string instruction that overwrites itself: every iteration is an instruction boundary', () => {
    // The first iteration makes it CLD and STOSB; what is left then is one STOSB.
    guest.run('lea rdi, [rel at]\nmov ecx, 4\nmov al, 0xfc\nat: rep stosb\nmov ebx, ecx\nhlt')
    expect(guest.reg('rbx')).toBe(3)
  })

  it('in a loop, another immediate each time', () => {
    guest.run(
      'mov ecx, 50\ntop: mov [rel patch + 1], cl\npatch: mov al, 0\nmovzx eax, al\nadd ebx, eax\ndec ecx\njnz top\nhlt',
    )
    expect(guest.reg('rbx')).toBe(1275)
  })

  it('an instruction that becomes longer', () => {
    // NOP NOP ... becomes MOV EBX, imm32.
    guest.run('mov byte [rel patch], 0xbb\nmov dword [rel patch + 1], 0x12345678\npatch: times 5 nop\nhlt')
    expect(guest.reg('rbx')).toBe(0x12345678)
  })

  it('across two pages: each half', () => {
    const at = PAGE + 0xffd
    guest.load('mov ebx, 0x11111111\nret', { at })
    guest.run(`
      mov esi, ${at}
      call rsi
      mov edi, ebx
      mov byte [rsi + 1], 0x22
      call rsi
      mov ebp, ebx
      mov byte [rsi + 4], 0x33
      call rsi
      hlt`)
    expect([guest.reg('rdi'), guest.reg('rbp'), guest.reg('rbx')]).toEqual([0x11111111, 0x11111122, 0x33111122])
  })

  it('through another linear address of the same page', () => {
    guest.machine.put64(guest.machine.pte(PAGE + 0x1000), BigInt(PAGE | 7))
    guest.load('mov ebx, 1\nret', { at: PAGE })
    guest.run(`mov esi, ${PAGE}\ncall rsi\nmov byte [rsi + 0x1001], 5\ncall rsi\nhlt`)
    expect(guest.reg('rbx')).toBe(5)
  })

  it('the target of a branch that was taken often', () => {
    guest.load('inc ebx\nret', { at: PAGE })
    guest.run(
      `mov ecx, 30\ntop: call ${PAGE}\ndec ecx\njnz top\nmov word [${PAGE}], 0xc1ff\nmov esi, 5\nmov ecx, 100\nagain: call ${PAGE}\ndec esi\njnz again\nhlt`,
    )
    expect([guest.reg('rbx'), guest.reg('rcx')]).toEqual([30, 105])
  })

  it('the same bytes are other instructions in another mode', () => {
    // 40H is INC EAX in 32-bit code, and a prefix in 64-bit code; 48H likewise is DEC EAX.
    guest.memory.writeBytes(PAGE, new Uint8Array([0x48, 0xff, 0xc3, 0xcb]))
    guest.run(`
      mov eax, 9
      push 0x18
      lea rcx, [rel back]
      push rcx
      mov edx, ${PAGE}
      push 8
      push rdx
      db 0x48
      retf
      back: hlt`)
    // In compatibility mode: DEC EAX, INC EBX, RETF of 32 bits, which takes two slots of four bytes.
    expect([guest.reg('rax'), guest.reg('rbx')]).toEqual([8, 1])
    guest.start(64)
    guest.memory.writeBytes(PAGE, new Uint8Array([0x48, 0xff, 0xc3, 0xc3]))
    guest.run(`mov eax, 9\nmov rbx, -1\nmov esi, ${PAGE}\ncall rsi\nhlt`)
    expect([guest.reg('rax'), guest.wide('rbx')]).toEqual([9, 0n])
  })

  it('the page of the code gets its dirty bit (vol. 3A, 5.8)', () => {
    const pte = guest.machine.pte(0x40000)
    guest.load('mov eax, 1\nmov byte [rel patch + 1], 7\npatch: mov bl, 1\nhlt')
    guest.go(1)
    expect(guest.memory.read32(pte) & 0x60).toBe(0x20)
    guest.go()
    expect([guest.memory.read32(pte) & 0x60, guest.reg('rbx')]).toEqual([0x60, 7])
  })

  it('data in the page of the code', () => {
    // A write to a page that holds both code and data.
    guest.run('mov dword [rel word_], 5\nmov eax, [rel word_]\nadd eax, [rel word_]\nmov ebx, eax\nhlt\nword_: dd 0')
    expect(guest.reg('rbx')).toBe(10)
  })
})
