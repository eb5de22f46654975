/** Single steps: where the trap comes, and where it does not (Intel SDM vol. 3B, 19.3.1.4 "Single-Step Exception Condition"). */
import { DR6, RFLAGS } from '@ringfold/arch'
import { ENGINES } from '@ringfold/cpu'
import { beforeEach, describe, expect, it } from 'vitest'
import { debugExceptions, logDebug } from './debug-log.ts'
import { AT, FREE, Guest, SELECTOR } from './guest.ts'

const { TF } = RFLAGS.lo
const { BS } = DR6.lo
const SET = `pushfq\nor qword [rsp], ${TF}\npopfq`
const CLEAR = `pushfq\nand qword [rsp], ${~TF}\npopfq`

describe.each(ENGINES)('single steps (Intel SDM vol. 3B, 19.3.1.4), engine %s', (engine) => {
  const guest = new Guest(engine)
  /** Labels of the places where a trap came. */
  const traps = (...labels: string[]) => {
    expect(debugExceptions(guest).map(({ ip }) => ip)).toEqual(labels.map((name) => guest.label(name)))
    for (const { dr6 } of debugExceptions(guest)) expect(dr6).toBe(BS)
  }
  beforeEach(() => {
    guest.start(64)
    logDebug(guest)
    // Code and stack of SYSCALL, one behind the other.
    guest.describe(FREE, 0, 0xfffff, 0x9a, 0xa).describe(FREE + 8, 0, 0xfffff, 0x92)
  })

  it('begin after the instruction that follows POPF, and end after the one that clears TF', () => {
    expect(
      guest.run(`${SET}\nnop\na: inc eax\nb: pushfq\nc: and qword [rsp], ${~TF}\nd: popfq\ne: nop\nhlt`).reason,
    ).toBe('halted')
    traps('a', 'b', 'c', 'd', 'e')
    const [first] = debugExceptions(guest)
    // The image has TF, and RF is clear for a trap (19.3.1.1).
    expect((first?.flags ?? 0) & (TF | RFLAGS.lo.RF)).toBe(TF)
  })

  it('begin after the instruction that IRET returns to', () => {
    guest.run(
      `push 0x10\npush ${AT.stack}\npush ${TF | 2}\npush ${SELECTOR.code64}\nlea rax, [rel a]\npush rax\niretq\na: nop\nb: nop\nc: ${CLEAR}\nd: hlt`,
    )
    expect(debugExceptions(guest)[0]?.ip).toBe(guest.label('b'))
  })

  it('an IRET that clears TF is itself the last', () => {
    guest.run(
      `${SET}\npush 0x10\na: push ${AT.stack}\nb: push 2\nc: push ${SELECTOR.code64}\nd: lea rax, [rel f]\ne: push rax\ng: iretq\nf: nop\nhlt`,
    )
    traps('a', 'b', 'c', 'd', 'e', 'g', 'f')
  })

  it('skip the handler of INT n, and go on after the instruction behind it', () => {
    guest.load('inc ebx\niretq', { at: 0x47000 })
    guest.machine.gate(0x50, 0x47000)
    guest.run(`${SET}\nint 0x50\na: nop\nb: ${CLEAR}\nd: hlt`)
    expect(guest.reg('rbx')).toBe(1)
    expect(debugExceptions(guest)[0]?.ip).toBe(guest.label('b'))
  })

  it('wait for the instruction behind MOV SS and POP SS (vol. 3A, 7.8.3)', () => {
    guest.run(`mov eax, 0x10\n${SET}\nmov ss, eax\na: inc ebx\nb: pushfq\nc: and qword [rsp], ${~TF}\nd: popfq\ne: hlt`)
    traps('b', 'c', 'd', 'e')
    expect(guest.reg('rbx')).toBe(1)
  })

  it('come after each iteration of a repeated string instruction', () => {
    guest.run(
      `mov ecx, 3\nmov edi, ${AT.data}\n${SET}\nat: rep stosb\na: pushfq\nb: and qword [rsp], ${~TF}\nc: popfq\nd: hlt`,
    )
    traps('at', 'at', 'a', 'b', 'c', 'd')
    // Between iterations RF is pushed as 1 (19.3.1.1).
    expect(debugExceptions(guest).map(({ flags }) => flags & RFLAGS.lo.RF)).toEqual([
      RFLAGS.lo.RF,
      RFLAGS.lo.RF,
      0,
      0,
      0,
      0,
    ])
  })

  it('a fault comes instead, and the image keeps TF', () => {
    expect(guest.run(`xor ecx, ecx\n${SET}\nat: div ecx`)).toMatchObject({ vector: 0, ip: guest.label('at') })
    traps()
  })

  it('HLT is stepped, and left by the trap', () => {
    guest.run(`${SET}\nhlt\na: pushfq\nb: and qword [rsp], ${~TF}\nc: popfq\nd: hlt`)
    traps('a', 'b', 'c', 'd')
  })

  const msr = (number: number, lo: string | number, hi = '0') =>
    `mov ecx, ${number}\nmov eax, ${lo}\nmov edx, ${hi}\nwrmsr`
  const SYSTEM_CALLS = [msr(0xc0000081, 0, '0x00200058'), msr(0xc0000082, 0x47000)].join('\n')

  it('SYSCALL looks at TF after FMASK, SYSRET after R11: as one step (Xen security advisory 204)', () => {
    guest.load('inc ebx\nsysretq', { at: 0x47000 })
    const user = `push 0x2b\npush ${AT.userStack}\npush ${TF | 2}\npush 0x33\nlea rax, [rel user]\npush rax\niretq`
    guest.run(`${SYSTEM_CALLS}\n${msr(0xc0000084, TF)}\n${user}\nuser: nop\na: syscall\nb: nop\nc: int 0x80`)
    expect(guest.reg('rbx')).toBe(1)
    expect(debugExceptions(guest).map(({ ip, cs }) => [ip, cs & 3])).toEqual([
      [guest.label('a'), 3],
      [guest.label('b'), 3],
      [guest.label('c'), 3],
    ])
  })

  it('SYSCALL with TF kept by FMASK is stepped in the kernel (Xen security advisory 204)', () => {
    guest.load(`inc ebx\na: and r11, ${~TF}\npushfq\nand qword [rsp], ${~TF}\npopfq\nb: sysretq`, { at: 0x47000 })
    const kernel = guest.label('a') - 2
    const user = `push 0x2b\npush ${AT.userStack}\npush ${TF | 2}\npush 0x33\nlea rax, [rel user]\npush rax\niretq`
    guest.run(
      `${SYSTEM_CALLS}\n${msr(0xc0000084, 0)}\n${user}\nuser: mov rsp, ${AT.stack - 0x1000}\nat: syscall\nb: nop\nc: int 0x80`,
    )
    const seen = debugExceptions(guest)
    expect(seen.slice(0, 3).map(({ ip, cs }) => [ip, cs & 3])).toEqual([
      [guest.label('at'), 3],
      [kernel, 0],
      [kernel + 2, 0],
    ])
    // R11 lost TF: no step behind SYSRET.
    expect(seen.some(({ ip }) => ip === guest.label('b') || ip === guest.label('c'))).toBe(false)
  })

  it('INTO that does nothing is an instruction like others', () => {
    guest.start(32)
    const stop = guest.run(`pushfd\nor dword [esp], ${TF}\npopfd\ninto\nat: nop`)
    expect(stop).toMatchObject({ vector: 1, ip: guest.label('at') })
  })

  it('in 32-bit code and in real mode too', () => {
    guest.start(32)
    expect(guest.run(`pushfd\nor dword [esp], ${TF}\npopfd\nnop\nat: nop`)).toMatchObject({
      vector: 1,
      ip: guest.label('at'),
      flags: TF | 2,
    })
    guest.start(16)
    expect(guest.run(`pushf\npop ax\nor ax, ${TF}\npush ax\npopf\nnop\nat: nop`)).toMatchObject({
      vector: 1,
      ip: guest.label('at') - AT.code,
      flags: TF | 2,
    })
  })
})
