/** Breakpoints of the debug registers (Intel SDM vol. 3B, 19.2 and 19.3). */
import { CR4, DR6, DR7, RFLAGS } from '@ringfold/arch'
import { ENGINES } from '@ringfold/cpu'
import { beforeEach, describe, expect, it } from 'vitest'
import { debugExceptions, logDebug } from './debug-log.ts'
import { AT, FREE, Guest } from './guest.ts'
import { PAGE } from './paging-tables.ts'

const { B0, B1, B2, B3, BS, BD } = DR6.lo
const { RF } = RFLAGS.lo
const EXECUTE = 0
const WRITE = 1
const IO = 2
const ACCESS = 3
/** Bits of LEN: 2 is 8 bytes. */
const LENGTH = { 1: 0, 2: 1, 4: 3, 8: 2 } as const

/** DR7 with breakpoint `n` enabled for all tasks. */
const enabled = (n: number, on: number, bytes: 1 | 2 | 4 | 8 = 1): number =>
  ((DR7.lo.G0 << (2 * n)) | (((LENGTH[bytes] << 2) | on) << (16 + 4 * n))) >>> 0

/** Sets DRn and DR7. */
const arm = (dr7: number, ...addresses: (number | string)[]): string => {
  const loads = addresses.map((at, n) => `mov rax, ${at}\nmov dr${n}, rax`)
  return `${loads.join('\n')}\nmov eax, ${dr7}\nmov dr7, rax`
}

describe.each(ENGINES)('breakpoints (Intel SDM vol. 3B, 19), engine %s', (engine) => {
  const guest = new Guest(engine)
  const seen = () => debugExceptions(guest).map(({ ip, dr6 }) => [ip, dr6])
  /** The handler sets RF in the image, as debuggers do. */
  const resume = `or dword [rsp + 32], ${RF}`
  beforeEach(() => {
    guest.start(64)
    logDebug(guest)
  })

  it('execution: a fault before the instruction without RF in the image; the handler sets it to go on (19.3.1.1)', () => {
    logDebug(guest, resume)
    guest.run(`${arm(enabled(1, EXECUTE), 0, AT.code + 0x100)}\njmp at\norg ${AT.code + 0x100}\nat: inc ebx\nhlt`)
    expect(seen()).toEqual([[guest.label('at'), B1]])
    expect((debugExceptions(guest)[0]?.flags ?? 0) & RF).toBe(0)
    expect(guest.reg('rbx')).toBe(1)
  })

  it('execution: without RF the fault comes again', () => {
    logDebug(guest, `inc edx\ncmp edx, 3\njb again\n${resume}\nagain:`)
    guest.run(
      `xor edx, edx\n${arm(enabled(0, EXECUTE), AT.code + 0x100)}\njmp at\norg ${AT.code + 0x100}\nat: inc ebx\nhlt`,
    )
    expect(seen()).toHaveLength(3)
    expect(guest.reg('rbx')).toBe(1)
  })

  it('execution: only the first byte counts, prefixes included (19.2.5)', () => {
    guest.run(
      `${arm(enabled(0, EXECUTE) | enabled(1, EXECUTE), AT.code + 0x101, AT.code + 0x103)}\njmp at\norg ${AT.code + 0x100}\nat: mov ebx, 5\nnext: hlt`,
    )
    expect(seen()).toEqual([])
  })

  it('execution: RF lasts for one instruction, and then the loop is met again (19.3.1.1)', () => {
    logDebug(guest, resume)
    guest.run(
      `${arm(enabled(0, EXECUTE), AT.code + 0x100)}\nmov ecx, 3\njmp at\norg ${AT.code + 0x100}\nat: dec ecx\njnz at\nhlt`,
    )
    expect(seen()).toEqual([
      [guest.label('at'), B0],
      [guest.label('at'), B0],
      [guest.label('at'), B0],
    ])
  })

  it('execution: a repeated string instruction is met once, not at every iteration (19.3.1.1)', () => {
    logDebug(guest, resume)
    guest.run(
      `mov edi, ${AT.data}\nmov ecx, 5\n${arm(enabled(0, EXECUTE), AT.code + 0x100)}\njmp at\norg ${AT.code + 0x100}\nat: rep stosb\nhlt`,
    )
    expect(seen()).toEqual([[guest.label('at'), B0]])
    expect(guest.reg('rcx')).toBe(0)
  })

  it('execution comes before what fetching and decoding raise (vol. 3A, 7.9)', () => {
    logDebug(guest, resume)
    guest.load(`${arm(enabled(0, EXECUTE), AT.code + 0x100)}\njmp at\norg ${AT.code + 0x100}\nat: ud2`)
    expect(guest.go()).toMatchObject({ vector: 6 })
    expect(seen()).toEqual([[guest.label('at'), B0]])
  })

  it('execution behind MOV SS is not met (vol. 3A, 7.8.3)', () => {
    guest.run(
      `${arm(enabled(0, EXECUTE), AT.code + 0x102)}\nmov edx, 0x10\njmp at\norg ${AT.code + 0x100}\nat: mov ss, edx\ninc ebx\nhlt`,
    )
    expect(seen()).toEqual([])
    expect(guest.reg('rbx')).toBe(1)
  })

  it.each([
    ['a write meets WRITE', WRITE, 4, 'mov [rdi], ebx', true],
    ['a read does not meet WRITE', WRITE, 4, 'mov ebx, [rdi]', false],
    ['a read meets ACCESS', ACCESS, 4, 'mov ebx, [rdi]', true],
    ['a write meets ACCESS', ACCESS, 4, 'mov [rdi], ebx', true],
    ['a byte within 4', WRITE, 4, 'mov [rdi + 3], bl', true],
    ['a byte behind 4', WRITE, 4, 'mov [rdi + 4], bl', false],
    ['a byte before 4', WRITE, 4, 'mov [rdi - 1], bl', false],
    ['a quadword that reaches in from below', WRITE, 1, 'mov [rdi - 7], rbx', true],
    ['a byte within 8', ACCESS, 8, 'mov bl, [rdi + 7]', true],
    ['a byte within 2', ACCESS, 2, 'mov bl, [rdi + 1]', true],
    ['PUSH', WRITE, 8, 'lea rsp, [rdi + 8]\npush rbx', true],
    ['a read-modify-write', WRITE, 4, 'add [rdi], ebx', true],
    ['an XMM store', WRITE, 4, 'movups [rdi - 12], xmm0', true],
    ['an XMM load whose upper half meets it', ACCESS, 4, 'movups xmm0, [rdi - 12]', true],
    ['a string store', WRITE, 1, 'stosb', true],
  ] as const)('data: %s (19.3.1.2, 19.2.5)', (_, on, bytes, code, meets) => {
    guest.run(`mov edi, ${AT.data}\n${arm(enabled(2, on, bytes), 0, 0, AT.data)}\n${code}\nnext: nop\nhlt`)
    expect(seen()).toEqual(meets ? [[guest.label('next'), B2]] : [])
    if (meets) expect((debugExceptions(guest)[0]?.flags ?? 0) & RF).toBe(0)
  })

  it('data: low bits of the address count as zero by the length (19.2.5)', () => {
    guest.run(`${arm(enabled(0, WRITE, 4), AT.data + 3)}\nmov byte [${AT.data}], 1\nnext: hlt`)
    expect(seen()).toEqual([[guest.label('next'), B0]])
  })

  it('data: two are reported together, with the single step (19.3.1.2)', () => {
    const tf = RFLAGS.lo.TF
    logDebug(guest, `and dword [rsp + 32], ${~tf}`)
    guest.run(
      `${arm(enabled(0, WRITE, 4) | enabled(3, ACCESS, 1), AT.data, 0, 0, AT.data + 1)}\npushfq\nor qword [rsp], ${tf}\npopfq\nmov dword [${AT.data}], 1\nnext: hlt`,
    )
    expect(seen()).toEqual([[guest.label('next'), B0 | B3 | BS]])
  })

  it('data: the operand of MOV SS is reported after the instruction behind it (vol. 3A, 7.8.3)', () => {
    guest.memory.write16(AT.data, 0x10)
    guest.run(`${arm(enabled(0, ACCESS, 2), AT.data)}\nmov ss, word [${AT.data}]\ninc ebx\nnext: hlt`)
    expect(seen()).toEqual([[guest.label('next'), B0]])
  })

  it('data: repeated strings stop after the iteration that meets it (19.3.1.2)', () => {
    guest.run(`mov edi, ${AT.data}\nmov ecx, 8\n${arm(enabled(0, WRITE, 1), AT.data + 2)}\nat: rep stosb\nnext: hlt`)
    expect(seen()).toEqual([[guest.label('at'), B0]])
    expect((debugExceptions(guest)[0]?.flags ?? 0) & RF).toBe(RF)
    expect(guest.reg('rcx')).toBe(0)
  })

  it('data: an access that faults is not reported (19.3.1.2)', () => {
    guest.page(AT.data, 1 | 4)
    guest.control('cr0', 0)
    expect(guest.run(`${arm(enabled(0, WRITE, 1), AT.data)}\nat: mov byte [${AT.data}], 1`)).toMatchObject({
      vector: 14,
      error: 3,
    })
    expect(seen()).toEqual([])
  })

  it('data: what a faulting instruction met before its fault is forgotten (19.3.1.2)', () => {
    // MOVSB reads the watched byte, and faults at its destination: the restart meets it, not the handler.
    guest.page(PAGE, 0)
    guest.load(`or dword [${guest.machine.pte(PAGE)}], 7\nadd rsp, 8\niretq`, { at: 0x47000 })
    guest.machine.gate(14, 0x47000)
    guest.run(`mov esi, ${AT.data}\nmov edi, ${PAGE}\n${arm(enabled(0, ACCESS, 1), AT.data)}\nmovsb\nnext: hlt`)
    expect(seen()).toEqual([[guest.label('next'), B0]])
  })

  it('data: pushes and pops of far transfers (19.3.1.2)', () => {
    guest.run(
      `${arm(enabled(0, WRITE, 8) | enabled(1, ACCESS, 8), AT.stack - 16, AT.stack - 24)}\nmov rbx, there\nmov [${AT.data}], rbx\nmov word [${AT.data + 8}], 0x18\nmov ebx, ${AT.data}\ndb 0x48, 0xff, 0x1b\nhlt\nthere: nop\na: mov esp, ${AT.stack - 24}\npush 0x18\nb: lea rbx, [rel c]\npush rbx\nadd rsp, 0\ndb 0x48\nretf\nc: hlt`,
    )
    // CALL writes the return address at -16; the second push writes at -40 and is not met.
    expect(seen()[0]).toEqual([guest.label('there'), B0])
  })

  it('ports: with CR4.DE, a trap after IN and OUT (19.2.5)', () => {
    guest.control('cr4', CR4.lo.DE)
    guest.run(`${arm(enabled(0, IO, 2), 0x61)}\nin al, 0x60\na: out 0x62, al\nin al, 0x62\nin ax, 0x5f\nb: hlt`)
    expect(seen()).toEqual([
      [guest.label('a'), B0],
      [guest.label('b'), B0],
    ])
  })

  it('disabled ones are not met', () => {
    guest.run(`${arm(enabled(0, WRITE, 1) & ~3, AT.data)}\nmov byte [${AT.data}], 1\nhlt`)
    expect(seen()).toEqual([])
  })

  it('DR7.GD: an access to a debug register is a fault that clears GD (19.2.4)', () => {
    guest.run(`mov eax, ${DR7.lo.GD}\nmov dr7, rax\nat: mov rbx, dr7\nhlt`)
    const [first] = debugExceptions(guest)
    // The handler reads DR6 itself: GD must be clear by then.
    expect(debugExceptions(guest)).toHaveLength(1)
    expect([first?.ip, first?.dr6, (first?.flags ?? 0) & RF]).toEqual([guest.label('at'), BD, RF])
    expect(guest.reg('rbx')).toBe(0x400)
  })

  it('fixed bits of DR6 and DR7 (19.2.3, 19.2.4)', () => {
    guest.run(
      `mov eax, 0xffffffff\nmov dr6, rax\nmov rbx, dr6\nxor eax, eax\nmov dr6, rax\nmov rcx, dr6\nmov eax, 0xdc00\nmov dr7, rax\nmov rdx, dr7\nhlt`,
    )
    expect([guest.reg('rbx'), guest.reg('rcx'), guest.reg('rdx')]).toEqual([0xffffefff, 0xffff0ff0, 0x400])
  })

  it('in 32-bit code with a base, and in real mode: linear addresses count (19.2.1)', () => {
    guest.start(32).describe(FREE, AT.code, 0xfffff, 0x9a)
    const set = (at: number, dr7: number) => `mov eax, ${at}\nmov dr0, eax\nmov eax, ${dr7}\nmov dr7, eax`
    guest.load(
      `${set(AT.code + 0x100, enabled(0, EXECUTE))}\ndb 0xea\ndd 0x100\ndw ${FREE}\norg ${AT.code + 0x100}\nnop`,
    )
    expect(guest.go()).toMatchObject({ vector: 1, ip: 0x100, cs: FREE })
    guest.start(16)
    guest.load(`${set(AT.data + 4, enabled(0, WRITE, 2))}\nmov word [4], 1\nnext: nop`)
    expect(guest.go()).toMatchObject({ vector: 1, ip: guest.label('next') - AT.code })
  })

  it('INT1 changes no bit of DR6 (19.3.1)', () => {
    guest.run('db 0xf1\nnext: hlt')
    expect(seen()).toEqual([[guest.label('next'), 0]])
  })

  it('DR4 and DR5 are DR6 and DR7, or #UD with CR4.DE (19.2.2)', () => {
    guest.run('mov rbx, dr5\nhlt')
    expect(guest.reg('rbx')).toBe(0x400)
    guest.start(64).control('cr4', CR4.lo.DE)
    expect(guest.run('at: mov rbx, dr5')).toMatchObject({ vector: 6, ip: guest.label('at') })
  })

  it.each([6, 7])('bits 63:32 of DR%i are #GP (19.2.6)', (n) => {
    expect(guest.run(`mov rax, 0x100000000\nat: mov dr${n}, rax`)).toMatchObject({
      vector: 13,
      error: 0,
      ip: guest.label('at'),
    })
  })

  it('DR8 does not exist, and level 3 may use none (vol. 2B, MOV DR)', () => {
    expect(guest.run('at: db 0x44, 0x0f, 0x21, 0xc0')).toMatchObject({ vector: 6 })
    guest.start(64, 3)
    expect(guest.run('at: mov rax, dr0')).toMatchObject({ vector: 13, error: 0 })
  })
})
