/** Page faults in the middle of instructions: nothing is done, or exactly what the manual says, and the restart completes it. */
import { CR0, RFLAGS } from '@ringfold/arch'
import { ENGINES } from '@ringfold/cpu'
import { beforeEach, describe, expect, it } from 'vitest'
import { installPager, pageFaults } from './demand-pager.ts'
import { AT, Guest } from './guest.ts'
import { A, D, ERROR, P, PAGE, RW, US } from './paging-tables.ts'

const PF = 14
/** The first page is there, the second is not, or may only be read. */
const SECOND = PAGE + 0x1000
const REGISTERS = ['rax', 'rbx', 'rcx', 'rdx', 'rsi', 'rdi', 'rbp', 'rsp', 'r8', 'r9'] as const
const BEFORE = `mov rax, 0x1111111111111111\nmov rbx, 0x2222222222222222\nmov ecx, 0x33\nmov edx, 0x44\nmov esi, ${PAGE + 0xff8}\nmov edi, ${PAGE + 0xffc}\nmov ebp, ${AT.data}\nmov r8, rax\nmov r9, rbx`

// biome-ignore format: a table
const CROSSING: readonly [code: string, error: number, cr2?: number][] = [
  ['mov eax, [rdi + 2]', 0],
  ['mov [rdi + 2], eax', ERROR.WR],
  ['mov [rdi + 1], rax', ERROR.WR],
  ['add [rdi + 2], eax', ERROR.WR],
  ['add eax, [rdi + 2]', 0],
  ['xchg [rdi + 2], eax', ERROR.WR],
  ['xadd [rdi + 2], eax', ERROR.WR],
  ['cmpxchg [rdi + 2], ebx', ERROR.WR],
  ['cmpxchg8b [rdi + 2]', ERROR.WR],
  ['inc word [rdi + 3]', ERROR.WR],
  ['movups xmm0, [rdi]', 0],
  ['movups [rdi], xmm0', ERROR.WR],
  ['movq [rdi + 1], mm0', ERROR.WR],
  ['fstp qword [rdi]', ERROR.WR],
  ['fstp tword [rdi]', ERROR.WR],
  ['fld tword [rdi]', 0],
  ['fnsave [rdi]', ERROR.WR],
  ['fnstenv [rdi]', ERROR.WR],
  ['push qword [rdi + 1]', 0],
  ['pop qword [rdi + 1]', ERROR.WR],
  ['movsq', ERROR.WR],
  ['xchg rsi, rdi\nlodsq', 0],
  ['stosq', ERROR.WR],
  ['scasq', 0],
  ['bts dword [rdi + 2], 3', ERROR.WR],
  ['shld [rdi + 2], eax, 5', ERROR.WR],
  ['sgdt [rdi]', ERROR.WR],
  ['lgdt [rdi]', 0],
  ['call [rdi + 1]', 0],
  ['jmp [rdi + 1]', 0],
  ['lea rsp, [rdi + 8]\nret', 0, SECOND + 4],
  ['setz [rdi + 4]', ERROR.WR],
  ['imul rax, [rdi + 2]', 0],
]

describe.each(ENGINES)('operands across pages (Intel SDM vol. 3A, 5.7, 7.5), engine %s', (engine) => {
  const guest = new Guest(engine)
  const registers = () => REGISTERS.map((name) => guest.wide(name))
  const bytes = () => Array.from({ length: 16 }, (_, n) => guest.memory.read8(PAGE + 0xff0 + n))

  it.each(CROSSING)(
    '%s: CR2 in the second page, nothing changed, and the restart completes',
    (code, error, cr2 = SECOND) => {
      const [prepare, instruction] = code.includes('\n') ? (code.split('\n') as [string, string]) : ['nop', code]
      const program = `${BEFORE}\n${prepare}\nat: ${instruction}\nhlt`
      const start = () => {
        guest.start(64).page(SECOND, 0)
        guest.memory.writeBytes(PAGE + 0xff0, new Uint8Array(16).fill(0x5a))
        return guest.load(program)
      }
      start()
      const steps = program.split('\n').length - 2
      expect(guest.go(steps)).toEqual({ reason: 'budget' })
      const [before, memory] = [registers(), bytes()]
      guest.machine.gate(PF, 0x44000 + PF * 16, { ist: 1 })
      expect(guest.go()).toMatchObject({ vector: PF, error, ip: guest.label('at') })
      expect(guest.reg('cr2')).toBe(cr2)
      const rsp = guest.read(guest.stackTop + 32, 8)
      expect(registers().map((value, n) => (REGISTERS[n] === 'rsp' ? BigInt(rsp) : value))).toEqual(before)
      expect(bytes()).toEqual(memory)
      // With a pager it ends as without any fault.
      const run = (paged: boolean) => {
        start()
        if (paged) installPager(guest)
        else guest.page(SECOND, P | RW | US | A | D)
        guest.go(steps + 1)
        return [registers(), bytes(), guest.memory.read32(SECOND), guest.reg('rip'), pageFaults(guest)]
      }
      const plain = run(false)
      start()
      installPager(guest)
      // The pager's eight instructions, and the one that began again.
      guest.go(steps + 1 + 8)
      expect([registers(), bytes(), guest.memory.read32(SECOND), guest.reg('rip'), pageFaults(guest)]).toEqual([
        ...plain.slice(0, 4),
        1,
      ])
    },
  )

  it.each([
    'add [rdi + 2], eax',
    'mov [rdi + 1], rax',
    'movups [rdi], xmm0',
    'xadd [rdi + 2], eax',
    'xchg [rdi + 2], eax',
    'push rax',
    'call at',
    'fnstenv [rdi]',
  ])('%s into a second page that may only be read: the first is not written', (code) => {
    guest
      .start(64)
      .control('cr0', CR0.lo.WP)
      .page(SECOND, P | US | A | D)
    guest.machine.gate(PF, 0x44000 + PF * 16, { ist: 1 })
    guest.memory.writeBytes(PAGE + 0xff0, new Uint8Array(16).fill(0x5a))
    expect(guest.run(`${BEFORE}\nlea rsp, [rdi + 10]\nat: ${code}`)).toMatchObject({
      vector: PF,
      error: ERROR.P | ERROR.WR,
      ip: guest.label('at'),
    })
    expect(bytes()).toEqual(new Array(16).fill(0x5a))
    expect([guest.wide('rax'), guest.reg('cr2')]).toEqual([0x1111111111111111n, SECOND])
  })
})

describe.each(ENGINES)('read-modify-write of a page that may only be read (Intel SDM vol. 2), engine %s', (engine) => {
  const guest = new Guest(engine)

  // biome-ignore format: a table
  it.each([
    'cmpxchg [rdi], ebx', 'lock cmpxchg [rdi], ebx', 'cmpxchg8b [rdi]', 'cmpxchg16b [rdi]', 'lock cmpxchg16b [rdi]', 'xadd [rdi], eax', 'lock xadd [rdi], eax',
    'xchg [rdi], eax', 'bts dword [rdi], 1', 'lock btr dword [rdi], 1', 'btc [rdi], eax', 'not dword [rdi]', 'neg byte [rdi]', 'rol dword [rdi], 1',
    'adc [rdi], eax', 'or dword [rdi], 0', 'pop qword [rdi]', 'stosb', 'fistp dword [rdi]', 'stmxcsr [rdi]', 'movnti [rdi], eax', 'sidt [rdi]', 'str [rdi]',
  ])('%s: #PF for a write, even where nothing would change', (code) => {
    guest.start(64).control('cr0', CR0.lo.WP).page(PAGE, P | US)
    guest.load(`mov edi, ${PAGE}\nmov eax, 0x55\nxor ebx, ebx\nxor ecx, ecx\nxor edx, edx\nfninit\nfld1\nat: ${code}`)
    expect(guest.go()).toMatchObject({ vector: PF, error: ERROR.P | ERROR.WR, ip: guest.label('at') })
    // A bit of a register's number may lie behind the doubleword that is named.
    expect([guest.reg('rax'), guest.reg('rdi'), guest.reg('cr2')]).toEqual([0x55, PAGE, code.startsWith('btc') ? PAGE + 8 : PAGE])
    // Accessed and dirty are set by no access that faults (vol. 3A, 5.8).
    expect(guest.memory.read32(guest.machine.pte(PAGE)) & D).toBe(0)
  })

  it.each([
    'cmp [rdi], eax',
    'test [rdi], eax',
    'bt dword [rdi], 1',
    'mov ebx, [rdi]',
    'push qword [rdi]',
    'cmpsb',
    'fild dword [rdi]',
  ])('%s: only reads', (code) => {
    guest
      .start(64)
      .control('cr0', CR0.lo.WP)
      .page(PAGE, P | US)
    expect(guest.run(`mov edi, ${PAGE}\nmov esi, edi\n${code}\nhlt`)).toEqual({ reason: 'halted' })
  })
})

describe.each(ENGINES)('partial progress (Intel SDM vol. 2), engine %s', (engine) => {
  const guest = new Guest(engine)
  beforeEach(() => {
    guest.start(64).page(SECOND, 0)
    guest.machine.gate(PF, 0x44000 + PF * 16, { ist: 1 })
    for (let n = 0; n < 64; n++) guest.memory.write8(AT.data + n, n + 1)
  })

  // biome-ignore format: a table
  it.each([
    ['rep movsb', 'rdi', 8, ERROR.WR, 1],
    ['rep movsd', 'rdi', 8, ERROR.WR, 4],
    ['rep stosw', 'rdi', 8, ERROR.WR, 2],
    ['rep lodsb', 'rsi', 8, 0, 1],
    ['repne scasb', 'rdi', 8, 0, 1],
  ] as const)('%s stops at the element that faults, with the registers of before it (vol. 2B, REP)', (code, register, room, error, size) => {
    const other = register === 'rdi' ? 'rsi' : 'rdi'
    guest.load(`mov ${register}, ${SECOND - room}\nmov ${other}, ${AT.data}\nmov ecx, 12\nmov eax, 0x7f\nat: ${code}`)
    expect(guest.go()).toMatchObject({ vector: PF, error, ip: guest.label('at') })
    expect([guest.reg('rcx'), guest.reg(register), guest.reg('cr2')]).toEqual([12 - room / size, SECOND, SECOND])
    if (code.startsWith('rep movs')) expect(guest.reg('rsi')).toBe(AT.data + room)
  })

  it('an element across the pages is not moved in part', () => {
    guest.load(`mov edi, ${SECOND - 6}\nmov esi, ${AT.data}\nmov ecx, 3\nat: rep movsd`)
    expect(guest.go()).toMatchObject({ vector: PF, ip: guest.label('at') })
    expect([guest.reg('rcx'), guest.reg('rdi'), guest.memory.read16(SECOND - 2)]).toEqual([2, SECOND - 2, 0])
  })

  it('downwards, with DF', () => {
    guest.page(SECOND, P | RW).page(PAGE, 0)
    guest.load(`std\nmov edi, ${SECOND + 2}\nmov ecx, 8\nat: rep stosb`)
    expect(guest.go()).toMatchObject({ vector: PF, error: ERROR.WR, ip: guest.label('at') })
    expect([guest.reg('rcx'), guest.reg('cr2')]).toEqual([5, SECOND - 1])
    expect((guest.flags & RFLAGS.lo.DF) !== 0).toBe(true)
  })

  it('the restart completes all', () => {
    installPager(guest)
    guest.run(`mov edi, ${SECOND - 8}\nmov esi, ${AT.data}\nmov ecx, 32\nrep movsb\nhlt`)
    expect([guest.reg('rcx'), pageFaults(guest), guest.memory.read8(SECOND + 23)]).toEqual([0, 1, 32])
  })

  it('ENTER with levels: nothing moves where a frame pointer cannot be pushed (vol. 2A, ENTER)', () => {
    guest.page(SECOND, P | RW).page(PAGE, 0)
    guest.load(`mov esp, ${SECOND + 16}\nmov ebp, ${AT.data + 64}\nat: enter 16, 4`)
    expect(guest.go()).toMatchObject({ vector: PF, error: ERROR.WR, ip: guest.label('at'), sp: SECOND + 16 })
    expect(guest.reg('rbp')).toBe(AT.data + 64)
  })

  it('ENTER: the end of the frame must be writable (vol. 2A, ENTER)', () => {
    guest.page(SECOND, P | RW).page(PAGE, 0)
    guest.load(`mov esp, ${SECOND + 16}\nmov ebp, ${AT.data + 64}\nat: enter 0x100, 0`)
    expect(guest.go()).toMatchObject({ vector: PF, error: ERROR.WR, ip: guest.label('at'), sp: SECOND + 16 })
    expect(guest.reg('rbp')).toBe(AT.data + 64)
  })

  it('LEAVE and POP leave the stack pointer alone (vol. 2)', () => {
    for (const code of [
      `mov ebp, ${SECOND}\nat: leave`,
      `mov esp, ${SECOND}\nat: pop rax`,
      `mov esp, ${SECOND}\nat: popfq`,
    ]) {
      guest.start(64).page(SECOND, 0)
      guest.machine.gate(PF, 0x44000 + PF * 16, { ist: 1 })
      guest.load(code)
      const stop = guest.go()
      expect(stop).toMatchObject({ vector: PF, error: 0, ip: guest.label('at') })
      expect(stop.sp).toBe(code.includes('leave') ? AT.stack : SECOND)
    }
  })

  it('PUSH and CALL: nothing is pushed in part', () => {
    for (const code of ['push rax', 'push qword [rbp]', 'call at', 'pushfq', 'push fs']) {
      guest.start(64).page(PAGE, 0)
      guest.machine.gate(PF, 0x44000 + PF * 16, { ist: 1 })
      guest.load(`mov esp, ${SECOND + 4}\nmov ebp, ${AT.data}\nat: ${code}`)
      expect(guest.go()).toMatchObject({ vector: PF, error: ERROR.WR, ip: guest.label('at'), sp: SECOND + 4 })
      expect(guest.memory.read32(SECOND)).toBe(0)
    }
  })
})

describe.each(ENGINES)('PUSHA and POPA across pages (Intel SDM vol. 2B), engine %s', (engine) => {
  const guest = new Guest(engine)
  const DIRECTORY = 0x20000
  const entry = (address: number) => DIRECTORY + 0x1000 + (address >>> 12) * 4
  beforeEach(() => {
    guest.start(32)
    guest.memory.write32(DIRECTORY, (DIRECTORY + 0x1000) | P | RW | US)
    for (let n = 0; n < 1024; n++) guest.memory.write32(DIRECTORY + 0x1000 + n * 4, (n << 12) | P | RW | US)
    // The handler of the page fault is another task, with a stack of its own.
    guest.describe(0x58, 0x3800, 0x67, 0x89, 0)
    const fields = [
      [28, DIRECTORY],
      [32, 0x47000],
      [36, 2],
      [56, AT.stack],
      [76, 8],
      [80, 0x10],
      [84, 0x10],
    ] as const
    for (const [at, value] of fields) guest.memory.write32(0x3800 + at, value)
    guest.load('hlt', { at: 0x47000 })
    guest.machine.gate(PF, 0, { type: 5, selector: 0x58 })
  })
  const on = `mov eax, ${DIRECTORY}\nmov cr3, eax\nmov eax, cr0\nor eax, 0x80000000\nmov cr0, eax`
  const saved = (offset: number) => guest.read(AT.tss + offset, 4)

  it('PUSHAD: the stack pointer stays', () => {
    guest.memory.write32(entry(PAGE), 0)
    guest.load(`${on}\nmov esp, ${SECOND + 16}\nat: pushad`)
    expect(guest.go().reason).toBe('halted')
    expect([guest.read(AT.stack - 4, 4), saved(32), saved(56), guest.reg('cr2')]).toEqual([
      ERROR.WR,
      guest.label('at'),
      SECOND + 16,
      SECOND - 4,
    ])
  })

  it('POPAD: no register changes', () => {
    guest.memory.write32(entry(SECOND), 0)
    for (let n = 0; n < 4; n++) guest.memory.write32(SECOND - 16 + 4 * n, 0x1000 + n)
    guest.load(`${on}\nmov edi, 0x77\nmov ecx, 0x66\nmov esp, ${SECOND - 16}\nat: popad`)
    expect(guest.go().reason).toBe('halted')
    expect([saved(32), saved(56), saved(68), saved(44), guest.reg('cr2')]).toEqual([
      guest.label('at'),
      SECOND - 16,
      0x77,
      0x66,
      SECOND,
    ])
  })
})

describe.each(ENGINES)('code across pages (Intel SDM vol. 3A, 5.7), engine %s', (engine) => {
  const guest = new Guest(engine)
  const CODE = PAGE + 0xffd

  it('an instruction whose rest is in a page that is not there: CR2 is that page, the pointer its begin', () => {
    guest.start(64).page(SECOND, 0)
    guest.load('mov rax, 0x1122334455667788\nhlt', { at: CODE })
    guest.load(`mov ebx, ${CODE}\njmp rbx`)
    expect(guest.go()).toMatchObject({ vector: PF, error: ERROR.ID, ip: CODE })
    expect(guest.reg('cr2')).toBe(SECOND)
  })

  it('and the restart executes it', () => {
    guest.start(64).page(SECOND, 0)
    installPager(guest)
    guest.load('mov rax, 0x1122334455667788\nhlt', { at: CODE })
    guest.run(`mov ebx, ${CODE}\njmp rbx`)
    expect([guest.wide('rax'), pageFaults(guest)]).toEqual([0x1122334455667788n, 1])
  })

  it('an instruction that ends with the page does not fetch from the next', () => {
    guest.start(64).page(SECOND, 0)
    guest.load('mov eax, 5\nnop\nhlt', { at: SECOND - 7 })
    expect(guest.run(`mov ebx, ${SECOND - 7}\njmp rbx`)).toEqual({ reason: 'halted' })
    expect(guest.reg('rax')).toBe(5)
  })

  it('running into a page that is not there faults at its first byte', () => {
    guest.start(64).page(SECOND, 0)
    guest.load('mov eax, 5\nnop', { at: SECOND - 6 })
    expect(guest.run(`mov ebx, ${SECOND - 6}\njmp rbx`)).toMatchObject({ vector: PF, error: ERROR.ID, ip: SECOND })
    expect(guest.reg('rax')).toBe(5)
  })

  it('sets the accessed bit of code pages, both where it crosses (5.8)', () => {
    guest
      .start(64)
      .page(PAGE, P | RW)
      .page(SECOND, P | RW)
    guest.load('mov rax, 0x1122334455667788\nhlt', { at: CODE })
    guest.run(`mov ebx, ${CODE}\njmp rbx`)
    expect([PAGE, SECOND].map((at) => guest.memory.read32(guest.machine.pte(at)) & (A | D))).toEqual([A, A])
  })

  it('the two pages may lie anywhere in physical memory', () => {
    guest.start(64).page(SECOND, P | RW)
    guest.memory.write32(guest.machine.pte(SECOND), 0x65000 | P | RW)
    guest.load('mov rax, 0x1122334455667788\nhlt', { at: CODE })
    const bytes = new Uint8Array(16)
    guest.memory.readBytes(SECOND, bytes)
    guest.memory.writeBytes(0x65000, bytes)
    guest.memory.writeBytes(SECOND, new Uint8Array(16))
    guest.run(`mov ebx, ${CODE}\njmp rbx`)
    expect(guest.wide('rax')).toBe(0x1122334455667788n)
  })
})
