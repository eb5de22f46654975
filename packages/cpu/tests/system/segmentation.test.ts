/** Segments: loads, limits, types, and what is left of them in 64-bit mode (Intel SDM vol. 3A, chapters 3 and 6). */
import { CR4, FIELD, SEGMENT } from '@ringfold/arch'
import { ENGINES } from '@ringfold/cpu'
import { beforeEach, describe, expect, it } from 'vitest'
import { AT, FREE, Guest, HANDLERS, SELECTOR } from './guest.ts'

const GP = 13
const use = (selector: number, segment = 'ds') => `mov eax, ${selector}\nmov ${segment}, ax`

describe.each(ENGINES)('loads of segment registers (Intel SDM vol. 3A, 6.6; vol. 2B, MOV), engine %s', (engine) => {
  const guest = new Guest(engine)
  const accessed = () => guest.memory.read8(AT.gdt + FREE + 5) & 1

  // biome-ignore format: a table
  it.each([
    ['read-only data', 'ds', 0, FREE, 0x90, undefined],
    ['writable data', 'es', 0, FREE, 0x92, undefined],
    ['code that may be read', 'fs', 0, FREE, 0x9a, undefined],
    ['code that is execute-only', 'gs', 0, FREE, 0x98, GP],
    ['a system segment', 'ds', 0, FREE, 0x89, GP],
    ['data of DPL 0 at level 3', 'ds', 3, FREE | 3, 0x92, GP],
    ['data of DPL 0 with RPL 3', 'ds', 0, FREE | 3, 0x92, GP],
    ['data of DPL 3 at level 0', 'ds', 0, FREE, 0xf2, undefined],
    ['conforming code of DPL 0 at level 3', 'ds', 3, FREE | 3, 0x9e, undefined],
    ['data that is not present', 'ds', 0, FREE, 0x12, 11],
    ['a stack', 'ss', 0, FREE, 0x92, undefined],
    ['a stack that is read-only', 'ss', 0, FREE, 0x90, GP],
    ['a stack that is code', 'ss', 0, FREE, 0x9a, GP],
    ['a stack of another DPL', 'ss', 0, FREE, 0xf2, GP],
    ['a stack with another RPL', 'ss', 0, FREE | 3, 0x92, GP],
    ['a stack at level 3', 'ss', 3, FREE | 3, 0xf2, undefined],
    ['a stack that is not present', 'ss', 0, FREE, 0x12, 12],
  ] as const)('%s into %s at level %i', (_, segment, cpl, selector, access, vector) => {
    for (const mode of [32, 64] as const) {
      guest.start(mode, cpl).describe(FREE, 0, 0xfffff, access)
      const stop = guest.run(`mov ecx, ${selector}\nat: mov ${segment}, cx\nmov edx, ${segment}\nint 0x80`)
      if (vector !== undefined) {
        expect(stop).toMatchObject({ vector, error: FREE, ip: guest.label('at') })
        expect(accessed()).toBe(access & 1)
      } else {
        expect(guest.reg('rdx')).toBe(selector)
        expect(accessed()).toBe(1)
      }
    }
  })

  it('a null selector: allowed, and #GP(0) when it is used; for SS at once (3.4.2)', () => {
    guest.start(32)
    expect(guest.run(`${use(3)}\nmov ebx, ds\nat: mov ecx, [${AT.data}]`)).toMatchObject({
      vector: GP,
      error: 0,
      ip: guest.label('at'),
    })
    expect(guest.reg('rbx')).toBe(3)
    guest.start(32)
    expect(guest.run(`xor eax, eax\nat: mov ss, ax`)).toMatchObject({ vector: GP, error: 0, ip: guest.label('at') })
  })

  it('64-bit mode: a null SS below level 3 with RPL = CPL, and accesses do not mind null selectors (6.4.1)', () => {
    guest.start(64)
    guest.run(`xor eax, eax\nmov ss, ax\nmov ds, ax\npush 5\npop rbx\nmov ecx, [${AT.code}]\nhlt`)
    expect([guest.reg('rbx'), guest.reg('ss')]).toEqual([5, 0])
    guest.start(64)
    expect(guest.run('mov eax, 1\nat: mov ss, ax')).toMatchObject({ vector: GP, error: 0 })
    guest.start(64, 3)
    expect(guest.run('mov eax, 3\nat: mov ss, ax')).toMatchObject({ vector: GP, error: 0 })
  })

  it.each(['lds', 'les', 'lfs', 'lgs', 'lss'])(
    '%s leaves the register alone where the selector is wrong (vol. 2A, LDS)',
    (name) => {
      guest.start(32)
      guest.load(
        `mov ebx, 7\nmov dword [${AT.data}], 0x1234\nmov word [${AT.data + 4}], 0xff8\nat: ${name} ebx, [${AT.data}]`,
      )
      expect(guest.go()).toMatchObject({ vector: GP, error: 0xff8, ip: guest.label('at') })
      expect(guest.reg('rbx')).toBe(7)
    },
  )

  it('POP of a segment register leaves the stack pointer alone where it faults (vol. 2B, POP)', () => {
    guest.start(32)
    expect(guest.run('push 0xff8\nat: pop es')).toMatchObject({ vector: GP, error: 0xff8, ip: guest.label('at') })
    expect(guest.stackTop).toBe(AT.stack - 4 - 16)
  })
})

describe.each(ENGINES)('limits and types (Intel SDM vol. 3A, 6.3 to 6.5), engine %s', (engine) => {
  const guest = new Guest(engine)
  beforeEach(() => void guest.start(32))

  // biome-ignore format: a table
  it.each([
    ['the last byte', 0xfff, 0x92, 4, 'mov bl, [0xfff]', true],
    ['a byte beyond', 0xfff, 0x92, 4, 'mov bl, [0x1000]', false],
    ['a word across the limit', 0xfff, 0x92, 4, 'mov bx, [0xfff]', false],
    ['the last doubleword', 0xfff, 0x92, 4, 'mov ebx, [0xffc]', true],
    ['a doubleword across the limit', 0xfff, 0x92, 4, 'mov ebx, [0xffd]', false],
    ['16 bytes across the limit', 0xfff, 0x92, 4, 'movups xmm0, [0xff1]', false],
    ['granularity of 4 KByte: the last byte', 1, 0x92, 0xc, 'mov bl, [0x1fff]', true],
    ['granularity of 4 KByte: beyond', 1, 0x92, 0xc, 'mov bl, [0x2000]', false],
    ['expand-down: at the limit', 0xfff, 0x96, 4, 'mov bl, [0xfff]', false],
    ['expand-down: above the limit', 0xfff, 0x96, 4, 'mov bl, [0x1000]', true],
    ['expand-down of 16 bits: up to FFFFH', 0xfff, 0x96, 0, 'mov bl, [0xffff]', true],
    ['expand-down of 16 bits: beyond', 0xfff, 0x96, 0, 'mov bx, [0xffff]', false],
    ['expand-down of 32 bits: beyond FFFFH', 0xfff, 0x96, 4, 'mov bx, [0xffff]', true],
    ['a write to read-only data', 0xfff, 0x90, 4, 'mov [0], bl', false],
    ['a read of read-only data', 0xfff, 0x90, 4, 'mov bl, [0]', true],
    ['a write to code', 0xfff, 0x9a, 4, 'mov [0], bl', false],
    ['a read-modify-write of read-only data', 0xfff, 0x90, 4, 'add [0], bl', false],
    ['a comparison with read-only data', 0xfff, 0x90, 4, 'cmp [0], bl', true],
    ['CMPXCHG, which writes in any case', 0xfff, 0x90, 4, 'cmpxchg [0], bl', false],
  ] as const)('%s', (_, limit, access, flags, code, allowed) => {
    guest.describe(FREE, 0x60000, limit, access, flags)
    const stop = guest.run(`${use(FREE)}\nat: ${code}\nhlt`)
    if (allowed) expect(stop).toEqual({ reason: 'halted' })
    else expect(stop).toMatchObject({ vector: GP, error: 0, ip: guest.label('at') })
  })

  it('the base is added (3.4.3)', () => {
    guest.describe(FREE, 0x60004, 0xfff, 0x92, 4)
    guest.run(`${use(FREE)}\nmov dword [4], 0x12345678\nhlt`)
    expect(guest.read(0x60008, 4)).toBe(0x12345678)
  })

  it('linear addresses wrap at 4 GiB, for data and for code (3.3)', () => {
    guest.describe(FREE, 0xfffff000, 0xfffff, 0x92).describe(FREE + 8, 0xfffffffe, 0xfffff, 0x92)
    guest.memory.write32(AT.data, 0x1234)
    guest.memory.write16(0, 0x5678)
    guest.run(`${use(FREE)}\nmov ebx, [${AT.data + 0x1000}]\n${use(FREE + 8)}\nmov ecx, [0]\nhlt`)
    // Nothing answers below 4 GiB.
    expect([guest.reg('rbx'), guest.reg('rcx')]).toEqual([0x1234, 0x5678ffff])
    guest.start(32).describe(FREE, 0xfffff000, 0xfffff, 0x9a)
    guest.load('mov ecx, 3\nmore: inc ebx\nloop more\nhlt', { at: 0x48000 })
    guest.run(`db 0xea\ndd 0x49000\ndw ${FREE}`)
    expect([guest.reg('rbx'), guest.reg('rip')]).toEqual([3, 0x49009])
  })

  it('through CS: code that may not be read, or may not be written (6.5)', () => {
    guest.describe(FREE, 0, 0xfffff, 0x98)
    const far = `db 0xea\ndd there\ndw ${FREE}\nthere:`
    expect(guest.run(`${far}\nat: mov eax, [cs:${AT.data}]`)).toMatchObject({
      vector: GP,
      error: 0,
      ip: guest.label('at'),
    })
    guest.start(32)
    expect(guest.run(`mov eax, [cs:${AT.data}]\nat: mov [cs:${AT.data}], eax`)).toMatchObject({
      vector: GP,
      error: 0,
      ip: guest.label('at'),
    })
  })

  it.each([
    ['PUSH', 'mov esp, 2\nat: push eax', 12],
    ['an operand with EBP', 'mov ebp, 0xffd\nat: mov eax, [ebp]', 12],
    ['an operand with SS', 'mov ebx, 0xffd\nat: mov eax, [ss:ebx]', 12],
    ['an operand with ESP', 'mov esp, 0xffd\nat: mov eax, [esp]', 12],
    ['POP', 'mov esp, 0xffd\nat: pop eax', 12],
    ['CALL', 'mov esp, 3\nat: call at', 12],
    ['RET', 'mov esp, 0xffe\nat: ret', 12],
    ['ENTER', 'mov esp, 0x10\nmov ebp, 0x20\nat: enter 0x20, 0', 12],
    ['LEAVE', 'mov ebp, 0xffe\nat: leave', 12],
    ['PUSHA', 'mov esp, 0x10\nat: pushad', 12],
    ['POPA', 'mov esp, 0xff0\nat: popad', 12],
  ] as const)('through SS: %s beyond the limit is #SS(0) (6.3)', (_, code, vector) => {
    // The handler is another task, for there is no room here.
    guest.describe(FREE, 0x60000, 0xfff, 0x92, 4).describe(FREE + 8, 0x3800, 0x67, 0x89, 0)
    const fields = [
      [32, 0x47000],
      [36, 2],
      [56, AT.stack],
      [76, 8],
      [80, 0x10],
      [84, 0x10],
    ] as const
    for (const [at, value] of fields) guest.memory.write32(0x3800 + at, value)
    guest.load('hlt', { at: 0x47000 })
    guest.machine.gate(vector, 0, { type: 5, selector: FREE + 8 })
    guest.load(`mov ax, ${FREE}\nmov ss, ax\n${code}`)
    const at = guest.label('at')
    expect(guest.go().reason).toBe('halted')
    expect([guest.reg('rip'), guest.read(AT.stack - 4, 4), guest.read(AT.tss + 32, 4)]).toEqual([0x47001, 0, at])
  })

  it('a stack of 16 bits uses SP, and keeps the upper half of ESP (vol. 1, 6.2.3)', () => {
    guest.describe(FREE, 0x60000, 0xffff, 0x92, 0)
    guest.run(`mov ax, ${FREE}\nmov ss, ax\nmov esp, 0x12340000\npush 0x7777\nmov ebx, esp\npop ecx\nmov edx, esp\nhlt`)
    expect([guest.reg('rbx'), guest.reg('rcx'), guest.reg('rdx')]).toEqual([0x1234fffc, 0x7777, 0x12340000])
  })

  it('a near jump beyond the limit of CS is #GP(0) at the jump; running past it at the next instruction (6.3)', () => {
    guest.describe(FREE, AT.code, 0x1f, 0x9a, 4)
    const enter = `db 0xea\ndd 7\ndw ${FREE}`
    expect(guest.run(`${enter}\nmov eax, 0x20\nat: jmp eax`)).toMatchObject({ vector: GP, error: 0, ip: 12, cs: FREE })
    guest.start(32)
    guest.describe(FREE, AT.code, 0x1f, 0x9a, 4)
    expect(guest.run(`${enter}\ntimes 25 nop\nnop`)).toMatchObject({ vector: GP, error: 0, ip: 0x20, cs: FREE })
    // An instruction that begins within and ends beyond.
    guest.start(32)
    guest.describe(FREE, AT.code, 0x1f, 0x9a, 4)
    expect(guest.run(`${enter}\ntimes 23 nop\nmov eax, 0x12345678`)).toMatchObject({
      vector: GP,
      error: 0,
      ip: 30,
      cs: FREE,
    })
  })

  it('RET, CALL and conditional jumps beyond the limit: nothing is popped or pushed (vol. 2)', () => {
    for (const code of [
      'push 0x100\nmov ebx, esp\nat: ret',
      'mov ebx, esp\nmov eax, 0x100\nat: call eax',
      'mov ebx, esp\nxor eax, eax\nat: db 0x0f, 0x84\ndd 0x1000',
    ]) {
      guest.start(32).describe(FREE, AT.code, 0x3f, 0x9a, 4)
      guest.load(`db 0xea\ndd 7\ndw ${FREE}\n${code}`)
      const at = guest.label('at') - AT.code
      expect(guest.go()).toMatchObject({ vector: GP, error: 0, ip: at, cs: FREE })
      expect(guest.stackTop).toBe(guest.reg('rbx') - 16)
    }
  })
})

describe.each(ENGINES)('big real mode (Intel SDM vol. 3A, 11.9.2), engine %s', (engine) => {
  const guest = new Guest(engine)

  it('limits of protected mode stay, also over loads of the register', () => {
    guest.start(16)
    guest.run(`
      lgdt [cs:gdtr - ${AT.code}]
      mov eax, cr0
      or al, 1
      mov cr0, eax
      mov bx, ${SELECTOR.data}
      mov ds, bx
      and al, 0xfe
      mov cr0, eax
      mov ebx, 0x60000
      mov dword [ebx], 0x1234
      xor ax, ax
      mov ds, ax
      mov ecx, [ebx]
      mov ax, 0x1000
      mov ds, ax
      mov edx, [ebx - 0x10000]
      hlt
      gdtr: dw 0xff
      dd ${AT.gdt}`)
    expect([guest.reg('rcx'), guest.reg('rdx')]).toEqual([0x1234, 0x1234])
  })
})

describe.each(ENGINES)('segments in IA-32e mode (Intel SDM vol. 3A, 3.4.4; vol. 1, 3.4.2.1), engine %s', (engine) => {
  const guest = new Guest(engine)
  beforeEach(() => void guest.start(64))

  it('64-bit mode: base and limit of DS, ES, SS and CS do not count, those of FS and GS: the base', () => {
    guest.describe(FREE, 0x60000, 0xf, 0x92, 4)
    guest.memory.write32(AT.data, 0x11)
    guest.memory.write32(0x60000 + AT.data, 0x22)
    guest.run(
      `${use(FREE)}\n${use(FREE, 'es')}\n${use(FREE, 'fs')}\nmov ebx, [${AT.data}]\nmov ecx, [es:${AT.data}]\nmov edx, [fs:${AT.data}]\nhlt`,
    )
    expect([guest.reg('rbx'), guest.reg('rcx'), guest.reg('rdx')]).toEqual([0x11, 0x11, 0x22])
  })

  it('64-bit mode: base and limit in the descriptor of CS do not count, for branches and breakpoints neither (vol. 3A, 3.4.4)', () => {
    const enter = `push ${FREE}\nlea rax, [rel there]\npush rax\ndb 0x48\nretf\nthere:`
    const body = 'mov ecx, 3\nmore: inc ebx\ndec ecx\njnz more\ncall sub_\nhlt\nsub_: add ebx, 0x10\nret'
    guest.describe(FREE, 0x12345, 0xf, 0x9a, 2)
    guest.run(`${enter}\n${body}`)
    expect([guest.reg('rbx'), guest.reg('rip')]).toEqual([0x13, guest.label('sub_')])
    guest.start(64).describe(FREE, 0x12345, 0xf, 0x9a, 2)
    guest.load(`mov rax, at\nmov dr0, rax\nmov eax, 0x402\nmov dr7, rax\n${enter}\nnop\nat: nop\nhlt`)
    expect(guest.go()).toMatchObject({ vector: 1, ip: guest.label('at') })
  })

  it('compatibility mode: base and limit count', () => {
    guest.describe(FREE, 0x60000, 0xfff, 0x92, 4)
    guest.memory.write32(0x60100, 0x33)
    const stop = guest.run(
      `${use(FREE)}\npush 8\nlea rax, [rel compatible]\npush rax\ndb 0x48\nretf\nbits 32\ncompatible: mov ebx, [0x100]\nat: mov ecx, [0x1000]`,
    )
    expect(stop).toMatchObject({ vector: GP, error: 0, ip: guest.label('at'), cs: SELECTOR.code32 })
    expect(guest.reg('rbx')).toBe(0x33)
  })

  it('a null selector clears the base of FS and GS, on Intel processors', () => {
    guest.run(`mov ecx, 0xc0000101\nmov eax, 0x60000\nxor edx, edx\nwrmsr\nxor eax, eax\nmov gs, ax\nhlt`)
    expect(guest.wide('gsBase')).toBe(0n)
  })

  it('bases of 64 bits by MSR; the sum must be canonical (vol. 1, 3.3.7.1)', () => {
    const set = (hi: string) => `mov ecx, 0xc0000100\nmov eax, 0xfffff000\nmov edx, ${hi}\nwrmsr`
    guest.machine.put64(AT.tables + 255 * 8, BigInt(AT.tables + 0x1000) | 7n)
    expect(guest.run(`${set('0x7fff')}\nmov ebx, 0x1000\nat: mov rcx, [fs:rbx]`)).toMatchObject({
      vector: GP,
      error: 0,
      ip: guest.label('at'),
    })
    guest.start(64)
    expect(guest.run(`${set('0x7fff')}\nmov ebx, 0xffc\nat: mov rcx, [fs:rbx]`)).toMatchObject({
      vector: GP,
      error: 0,
      ip: guest.label('at'),
    })
  })

  // biome-ignore format: a table
  it.each([
    ['PUSH', 'mov rsp, 0x800000000008\nat: push rax'],
    ['CALL', 'mov rsp, 0x800000000008\nat: call at'],
    ['POP', 'mov rsp, 0x800000000000\nat: pop rax'],
    ['RET', 'mov rsp, 0x800000000000\nat: ret'],
    ['RET across the edge', 'mov rsp, 0x7ffffffffffc\nat: ret'],
    ['LEAVE', 'mov rbp, 0x800000000000\nat: leave'],
    ['IRETQ', 'mov rsp, 0x800000000000\nat: iretq'],
    ['RETF', 'mov rsp, 0x800000000000\nat: db 0x48\nretf'],
    ['PUSHF', 'mov rsp, 0x800000000008\nat: pushfq'],
    ['ENTER', 'mov rsp, 0x800000000008\nat: enter 8, 0'],
    ['an XMM operand', 'mov rbp, 0x800000000000\nat: movups xmm0, [rbp]'],
  ] as const)('64-bit: %s on a stack that is not canonical is #SS(0) (vol. 1, 3.3.7.1)', (_, code) => {
    guest.machine.gate(12, HANDLERS + 12 * 16, { ist: 1 })
    expect(guest.run(code)).toMatchObject({ vector: 12, error: 0, ip: guest.label('at') })
  })

  it('addresses of 32 bits are cut before the base is added (vol. 1, 3.3.7)', () => {
    guest.memory.write32(AT.data, 0x55)
    guest.run(
      `mov ecx, 0xc0000100\nmov eax, ${AT.data}\nxor edx, edx\nwrmsr\nmov rbx, 0x100000000\nmov ecx, [fs:ebx]\nhlt`,
    )
    expect(guest.reg('rcx')).toBe(0x55)
  })

  it('RDFSBASE to WRGSBASE need CR4.FSGSBASE and 64-bit mode (vol. 2B, RDFSBASE; vol. 2D, WRFSBASE)', () => {
    guest.control('cr4', CR4.lo.FSGSBASE)
    guest.run(`mov rax, 0xffff800012345678\nwrgsbase rax\nrdgsbase rbx\nrdgsbase ecx\nwrfsbase eax\nrdfsbase rdx\nhlt`)
    expect([guest.wide('rbx'), guest.reg('rcx'), guest.wide('rdx')]).toEqual([
      0xffff800012345678n,
      0x12345678,
      0x12345678n,
    ])
    guest.start(64)
    expect(guest.run('at: rdfsbase rax')).toMatchObject({ vector: 6, ip: guest.label('at') })
    guest.start(64, 3).control('cr4', CR4.lo.FSGSBASE)
    expect(guest.run('mov rax, 0x800000000000\nat: wrfsbase rax')).toMatchObject({
      vector: GP,
      error: 0,
      ip: guest.label('at'),
    })
    guest.start(32).control('cr4', CR4.lo.FSGSBASE)
    expect(guest.run('at: db 0xf3, 0x0f, 0xae, 0xc0')).toMatchObject({ vector: 6 })
  })

  it('SWAPGS exchanges the base with IA32_KERNEL_GS_BASE, at level 0 of 64-bit mode (vol. 2B, SWAPGS)', () => {
    guest.state.set(FIELD.gsBase, 0x1111, 0)
    guest.state.set(FIELD.kernelGsBase, 0x2222, 0xffff8000)
    guest.cpu.stateWritten()
    guest.memory.write32(AT.data, 7)
    guest.run('swapgs\nhlt')
    expect([guest.wide('gsBase'), guest.wide('kernelGsBase')]).toEqual([0xffff800000002222n, 0x1111n])
    guest.start(64, 3)
    expect(guest.run('at: swapgs')).toMatchObject({ vector: GP, error: 0 })
    guest.start(32)
    expect(guest.run('at: db 0x0f, 0x01, 0xf8')).toMatchObject({ vector: 6 })
  })

  it('accesses with GS follow SWAPGS and WRGSBASE at once', () => {
    guest.control('cr4', CR4.lo.FSGSBASE)
    guest.state.set(FIELD.kernelGsBase, AT.data, 0)
    guest.memory.write32(AT.data, 7)
    guest.memory.write32(AT.data + 8, 9)
    guest.run(`swapgs\nmov ebx, [gs:0]\nmov eax, ${AT.data + 8}\nwrgsbase rax\nmov ecx, [gs:0]\nhlt`)
    expect([guest.reg('rbx'), guest.reg('rcx')]).toEqual([7, 9])
    expect(guest.state.lo(FIELD.segLimit, SEGMENT.GS)).toBe(0xffffffff)
  })

  it('loads of FS and GS outside 64-bit mode clear the upper half of the base (vol. 3A, 3.4.4)', () => {
    guest.state.set(FIELD.gsBase, 0x1111, 0xffff8000)
    guest.cpu.stateWritten()
    guest.run(`${use(SELECTOR.data, 'gs')}\nhlt`)
    expect(guest.wide('gsBase')).toBe(0n)
  })
})
