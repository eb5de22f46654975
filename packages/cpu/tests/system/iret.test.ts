/** IRET of every size, within a level and outward (Intel SDM vol. 2A, IRET; vol. 3A, 7.12.1 and 7.14.3). */
import { RFLAGS } from '@ringfold/arch'
import { ENGINES } from '@ringfold/cpu'
import { describe, expect, it } from 'vitest'
import { AT, FREE, Guest, SELECTOR } from './guest.ts'

const { CF, PF, AF, ZF, SF, DF, OF, NT, RF, VM, AC, VIF, VIP, ID, IF, IOPL } = RFLAGS.lo
const ALL = CF | PF | AF | ZF | SF | DF | OF | NT | RF | AC | VIF | VIP | ID | IF | IOPL
const LOW = 0xffff

describe.each(ENGINES)('IRET (Intel SDM vol. 2A, IRET), engine %s', (engine) => {
  const guest = new Guest(engine)
  /** Flags at the instruction that was returned to: HLT, or INT 80H at level 3. */
  const after = (stop: ReturnType<Guest['go']>) => (stop.vector === 0x80 ? (stop.flags ?? 0) : guest.flags)

  it.each([
    ['IRETD at level 0 changes all but VM', 0, 'iretd', ALL & ~NT, 2, (ALL & ~NT & ~RF) | 2],
    ['IRET of 16 bits changes the low half', 0, 'db 0x66, 0xcf', ALL & ~NT, 2, (ALL & ~NT & LOW) | 2],
    [
      'IRETD at level 3 keeps IOPL, IF, VIF and VIP',
      3,
      'iretd',
      ALL & ~NT,
      2,
      CF | PF | AF | ZF | SF | DF | OF | AC | ID | 2,
    ],
    ['IRETD at level 3 with IOPL 3 may change IF', 3, 'iretd', IF, IOPL | 2, IF | IOPL | 2],
    ['IRETD at level 3 can clear IF with IOPL 3', 3, 'iretd', 0, IOPL | IF | 2, IOPL | 2],
  ] as const)('%s', (_, cpl, code, image, before, expected) => {
    guest.start(32, cpl)
    guest.flags = before
    const cs = cpl === 3 ? SELECTOR.userCode32 : SELECTOR.code32
    const end = cpl === 3 ? 'int 0x80' : 'hlt'
    if (code === 'iretd') guest.load(`push ${image}\npush ${cs}\npush there\niretd\nthere: ${end}`)
    else {
      // A 16-bit offset reaches the code through a segment with a base.
      guest.describe(FREE, AT.code, 0xffff, 0x9a, 4)
      const pushes = [image & LOW, FREE, 0x80].map((v, n) => `mov word [esp - ${2 * n + 2}], ${v}`)
      guest.load(`${pushes.join('\n')}\nsub esp, 6\n${code}\ntimes 200 nop\n${end}`)
    }
    expect(after(guest.go())).toBe(expected)
  })

  it('RF comes from the image, and lasts for an instruction (vol. 3B, 19.3.1.1)', () => {
    guest.start(32)
    guest.run(`push ${RF | 2}\npush 8\npush there\niretd\nthere: nop\nhlt`, { budget: 4 })
    expect([guest.reg('rip'), guest.flags]).toEqual([guest.label('there'), RF | 2])
    guest.go(1)
    expect(guest.flags).toBe(2)
  })

  it('outward: SS:ESP come from the stack, and data segments that level 3 may not use become null', () => {
    guest.start(32)
    guest.load(
      `mov ax, ${SELECTOR.userData}\nmov gs, ax\npush ${SELECTOR.userData}\npush ${AT.userStack}\npush 2\npush ${SELECTOR.userCode32}\npush user\niretd\nuser: int 0x80`,
    )
    expect(guest.go()).toMatchObject({ vector: 0x80, sp: AT.userStack, ss: SELECTOR.userData, cs: SELECTOR.userCode32 })
    expect(['ds', 'es', 'fs', 'gs'].map((name) => guest.reg(name as 'ds'))).toEqual([0, 0, 0, SELECTOR.userData])
  })

  it('outward with NT set is a task return, and the link is checked (vol. 3A, 9.4)', () => {
    guest.start(32)
    guest.memory.write16(AT.tss, SELECTOR.data)
    guest.flags = NT | 2
    expect(guest.run('at: iretd')).toMatchObject({ vector: 10, error: SELECTOR.data, ip: guest.label('at') })
    guest.start(64)
    guest.flags = NT | 2
    expect(guest.run('at: iretq')).toMatchObject({ vector: 13, error: 0, ip: guest.label('at') })
  })

  it('to a 16-bit stack: SP, and the upper half of ESP stays (vol. 2A, IRET)', () => {
    guest
      .start(32)
      .describe(FREE, 0x60000, 0xffff, 0xf2, 0)
      .describe(FREE + 8, 0, 0xfffff, 0xfa)
    guest.load(
      `push ${FREE | 3}\npush 0x12348000\npush 2\npush ${(FREE + 8) | 3}\npush user\niretd\nuser: nop\nint 0x80`,
    )
    expect(guest.go().vector).toBe(0x80)
    const sp = guest.read(guest.stackTop + 12, 4)
    expect(sp & LOW).toBe(0x8000)
  })

  it('64-bit: pops SS:RSP at the same level too, and may load a null SS below level 3', () => {
    guest.start(64)
    guest.load(`push 0\npush ${AT.stack - 0x100}\npush 2\npush 0x18\nlea rax, [rel there]\npush rax\niretq\nthere: hlt`)
    expect(guest.go()).toEqual({ reason: 'halted' })
    expect([guest.reg('ss'), guest.reg('rsp')]).toEqual([0, AT.stack - 0x100])
  })

  it('64-bit: IRET of 32 and 16 bits pops slots of that size', () => {
    guest.start(64)
    const at = AT.stack - 0x100
    guest.load(
      `mov rsp, ${at}\nmov dword [rsp], there\nmov dword [rsp + 4], 0x18\nmov dword [rsp + 8], 2\nmov dword [rsp + 12], ${at + 64}\nmov dword [rsp + 16], 0x10\ndb 0xcf\nthere: hlt`,
    )
    expect(guest.go()).toEqual({ reason: 'halted' })
    expect([guest.reg('rsp'), guest.reg('rip')]).toEqual([at + 64, guest.label('there') + 1])
  })

  it.each([
    [SELECTOR.userCode32, 32],
    [SELECTOR.userCode64, 64],
  ] as const)('64-bit: to user code with selector %i', (selector, bits) => {
    guest.start(64)
    guest.load(
      `mov ax, ${SELECTOR.data}\nmov ds, ax\npush 0x2b\npush ${AT.userStack}\npush 2\npush ${selector}\nlea rax, [rel user]\npush rax\niretq\nbits ${bits}\nuser: inc ecx\nint 0x80`,
    )
    expect(guest.go()).toMatchObject({ vector: 0x80, cs: selector, sp: AT.userStack, ss: 0x2b })
    expect([guest.reg('rcx'), guest.reg('ds')]).toEqual([1, 0])
  })

  // biome-ignore format: a table
  it.each([
    ['a null CS', `push 2\npush 0\npush there`, 13, 0],
    ['a CS beyond the GDT', `push 2\npush 0xff8\npush there`, 13, 0xff8],
    ['data', `push 2\npush ${SELECTOR.data}\npush there`, 13, SELECTOR.data],
    ['an RPL below CPL', `push 2\npush ${SELECTOR.userCode32 & ~3}\npush there`, 13, SELECTOR.userCode32 & ~3],
    ['a CS that is not present', `push 2\npush ${FREE}\npush there`, 11, FREE],
    ['an offset beyond the limit', `push 2\npush ${FREE + 8}\npush there`, 13, 0],
    ['an outer null SS', `push 0\npush 0\npush 2\npush ${SELECTOR.userCode32}\npush there`, 13, 0],
    ['an outer SS of another RPL', `push ${SELECTOR.data}\npush 0\npush 2\npush ${SELECTOR.userCode32}\npush there`, 13, SELECTOR.data],
    ['an outer SS that is not present', `push ${(FREE + 16) | 3}\npush 0\npush 2\npush ${SELECTOR.userCode32}\npush there`, 12, FREE + 16],
    ['a conforming segment of a higher DPL', `push 2\npush ${FREE + 24}\npush there`, 13, FREE + 24],
  ] as const)('%s: vector %#, and nothing changes', (_, pushes, vector, error) => {
    guest.start(32).describe(FREE, 0, 0xfffff, 0x1a).describe(FREE + 8, 0, 0xff, 0x9a, 4)
    guest.describe(FREE + 16, 0, 0xfffff, 0x72).describe(FREE + 24, 0, 0xfffff, 0xfe)
    guest.load(`${pushes}\nmov ebx, esp\nat: iretd\nthere: hlt`)
    expect(guest.go()).toMatchObject({ vector, error, ip: guest.label('at') })
    expect(guest.stackTop).toBe(guest.reg('rbx') - 16)
  })

  it('beyond the limit of the stack: #SS(0)', () => {
    guest.start(32).describe(FREE, 0, 0x6ffff, 0x92, 4)
    guest.load(`mov ax, ${FREE}\nmov ss, ax\nmov esp, 0x6fff8\nat: iretd`)
    expect(guest.go()).toMatchObject({ vector: 12, error: 0, ip: guest.label('at') })
  })

  // biome-ignore format: a table
  it.each([
    ['an address that is not canonical', 'mov rax, 0x800000000000', 0x18, 0x10, 13, 0],
    ['a null SS for level 3', 'lea rax, [rel there]', SELECTOR.userCode64, 0, 13, 0],
    ['a null SS for compatibility mode', 'lea rax, [rel there]', SELECTOR.code32, 0, 13, 0],
    ['L and D both set', 'lea rax, [rel there]', FREE, 0x10, 13, FREE],
  ] as const)('64-bit: %s', (_, load, cs, ss, vector, error) => {
    guest.start(64).describe(FREE, 0, 0xfffff, 0x9a, 0xe)
    expect(guest.run(`push ${ss}\npush ${AT.stack}\npush 2\npush ${cs}\n${load}\npush rax\nat: iretq\nthere: hlt`)).toMatchObject({ vector, error, ip: guest.label('at') })
  })

  it('64-bit: VM in the image is ignored (vol. 2A, IRET)', () => {
    guest.start(64)
    expect(
      guest.run(
        `push 0x10\npush ${AT.stack}\npush ${VM | 2}\npush 0x18\nlea rax, [rel there]\npush rax\niretq\nthere: hlt`,
      ),
    ).toEqual({ reason: 'halted' })
    expect(guest.flags).toBe(2)
  })

  it('real mode: IP, CS and the flags, IOPL and NT included (vol. 2A, IRET)', () => {
    guest.start(16)
    guest.load(`mov ax, ${0x7000 | DF | CF}\npush ax\npush cs\nmov ax, 10\npush ax\niret\nhlt`)
    expect(guest.go()).toEqual({ reason: 'halted' })
    expect(guest.flags).toBe(0x7000 | DF | CF | 2)
    // IRETD may change RF, AC and ID too, not VIF and VIP.
    guest.start(16)
    guest.load(
      `push dword ${AC | ID | VIF | VIP | VM}\npush dword ${AT.code >> 4}\npush dword 20\niretd\ntimes 8 nop\nhlt`,
    )
    expect(guest.go()).toEqual({ reason: 'halted' })
    expect(guest.flags).toBe(AC | ID | 2)
  })

  it('real mode: an IP beyond 64 KByte is #GP (vol. 2A, IRET)', () => {
    guest.start(16)
    expect(guest.run(`push dword 2\npush dword 0\npush dword 0x10000\nat: iretd`)).toMatchObject({
      vector: 13,
      ip: guest.label('at') - AT.code,
    })
  })
})
