/** Who may execute what: privileged instructions, IOPL, the permission map, TSD, and instructions that a model does not have. */
import { CR4, FIELD, RFLAGS, SEGMENT } from '@ringfold/arch'
import { ENGINES } from '@ringfold/cpu'
import { cpuModel, withFeatures } from '@ringfold/rings'
import { describe, expect, it } from 'vitest'
import { AT, Guest, SELECTOR } from './guest.ts'
import { InterruptLine } from './interrupt-line.ts'

const GP = 13
const UD = 6
const { IF, IOPL, CF } = RFLAGS.lo

// biome-ignore format: a table
const PRIVILEGED = [
  'hlt', 'clts', 'invd', 'wbinvd', 'rdmsr', 'wrmsr', 'mov rax, cr0', 'mov rax, cr2', 'mov rax, cr3', 'mov rax, cr4', 'mov cr0, rax', 'mov cr2, rax', 'mov cr3, rax',
  'mov cr4, rax', 'mov rax, dr0', 'mov rax, dr6', 'mov dr3, rax', 'mov dr7, rax', 'lmsw ax', 'invlpg [rax]', 'lgdt [rax]', 'lidt [rax]', 'lldt ax', 'ltr ax',
]

describe.each(ENGINES)('privileged instructions (Intel SDM vol. 3A, 6.9), engine %s', (engine) => {
  const guest = new Guest(engine)

  it.each([...PRIVILEGED, 'mov rax, cr8', 'mov cr8, rax', 'swapgs', 'sysretq', 'db 0x48, 0x0f, 0x35'])(
    '%s at level 3 of 64-bit mode is #GP(0)',
    (code) => {
      guest.start(64, 3)
      expect(guest.run(`at: ${code}`)).toMatchObject({
        vector: GP,
        error: 0,
        ip: guest.label('at'),
        cs: SELECTOR.userCode64,
      })
    },
  )

  it.each(PRIVILEGED.map((code) => code.replaceAll('rax', 'eax')))('%s at level 3 of 32-bit mode is #GP(0)', (code) => {
    guest.start(32, 3)
    expect(guest.run(`at: ${code}`)).toMatchObject({ vector: GP, error: 0, ip: guest.label('at') })
  })

  it.each([1, 2])('level %i is not level 0', (level) => {
    for (const code of ['hlt', 'mov eax, cr0', 'clts', 'lgdt [eax]', 'rdmsr']) {
      guest
        .start(32)
        .describe(0x58, 0, 0xfffff, 0x9a | (level << 5))
        .describe(0x60, 0, 0xfffff, 0x92 | (level << 5))
      guest.load(`push ${0x60 | level}\npush ${AT.userStack}\npush ${0x58 | level}\npush there\nretf\nthere: ${code}`)
      expect(guest.go()).toMatchObject({
        vector: GP,
        error: 0,
        ip: guest.label('there'),
        cs: 0x58 | level,
        ss: 0x60 | level,
      })
    }
  })

  it.each(['clac', 'stac', 'monitor', 'mwait'])('%s at level 3 is #UD (vol. 2)', (code) => {
    guest.start(64, 3)
    expect(guest.run(`xor ecx, ecx\nat: ${code}`)).toMatchObject({ vector: UD, ip: guest.label('at') })
  })

  it('MOV to and from control registers that do not exist is #UD before anything else (vol. 2B, MOV CR)', () => {
    for (const n of [1, 5, 6, 7, 9, 15]) {
      for (const [cpl, opcode] of [
        [0, 0x20],
        [0, 0x22],
        [3, 0x20],
      ] as const) {
        guest.start(64, cpl)
        expect(guest.run(`at: db ${n > 7 ? 0x44 : 0x40}, 0x0f, ${opcode}, ${0xc0 | ((n & 7) << 3)}`)).toMatchObject({
          vector: UD,
          ip: guest.label('at'),
        })
      }
    }
  })

  it('LOCK MOV from CR0 is CR8 on AMD processors only: #UD (AMD APM vol. 3, MOV CRn)', () => {
    guest.start(32)
    expect(guest.run('at: db 0xf0, 0x0f, 0x20, 0xc0')).toMatchObject({ vector: UD })
  })

  it('RDTSC and RDTSCP at level 3 with CR4.TSD are #GP(0) (vol. 2B, RDTSC)', () => {
    for (const code of ['rdtsc', 'rdtscp']) {
      guest.start(64, 3)
      expect(guest.run(`${code}\nint 0x80`).vector).toBe(0x80)
      guest.start(64, 3).control('cr4', CR4.lo.TSD)
      expect(guest.run(`at: ${code}`)).toMatchObject({ vector: GP, error: 0, ip: guest.label('at') })
      guest.start(64, 0).control('cr4', CR4.lo.TSD)
      expect(guest.run(`${code}\nhlt`)).toEqual({ reason: 'halted' })
    }
  })

  it('RDTSC counts, and IA32_TSC_AUX comes with RDTSCP (vol. 2B, RDTSCP)', () => {
    guest.start(64)
    guest.run(
      'rdtsc\nmov ebx, eax\nnop\nnop\nrdtsc\nsub eax, ebx\nmov esi, eax\nmov ecx, 0xc0000103\nmov eax, 0x1234\nxor edx, edx\nwrmsr\nrdtscp\nhlt',
    )
    expect([guest.reg('rsi'), guest.reg('rcx')]).toEqual([4, 0x1234])
  })

  it('RDPMC: #GP(0) for a counter that is not there, and at level 3 without CR4.PCE (vol. 2B, RDPMC)', () => {
    for (const cpl of [0, 3]) {
      guest.start(64, cpl)
      expect(guest.run('mov ecx, 99\nat: rdpmc')).toMatchObject({ vector: GP, error: 0, ip: guest.label('at') })
    }
  })

  it.each([
    ['MONITOR with ECX ≠ 0', 'mov ecx, 1\nat: monitor'],
    ['MWAIT with a reserved hint in ECX', 'mov ecx, 2\nat: mwait'],
  ])('%s is #GP(0) (vol. 2B)', (_, code) => {
    guest.start(64)
    expect(guest.run(`mov eax, ${AT.data}\n${code}`)).toMatchObject({ vector: GP, error: 0, ip: guest.label('at') })
  })

  it('MONITOR checks its address as a load; MWAIT without it goes on (vol. 2B, MONITOR)', () => {
    guest.start(64).page(0x60000, 0)
    expect(guest.run('mov eax, 0x60008\nxor ecx, ecx\nat: monitor')).toMatchObject({
      vector: 14,
      error: 0,
      ip: guest.label('at'),
    })
    guest.start(64)
    expect(guest.run('xor eax, eax\nxor ecx, ecx\nmwait\nmov ebx, 1\nhlt')).toEqual({ reason: 'halted' })
    expect(guest.reg('rbx')).toBe(1)
  })
})

describe.each(ENGINES)('IOPL and the I/O permission map (Intel SDM vol. 1, 20.5), engine %s', (engine) => {
  const line = new InterruptLine()
  const guest = new Guest(engine, { ports: line.ports })
  const MAP = AT.tss + 0x68
  const deny = (port: number) =>
    guest.memory.write8(MAP + (port >> 3), guest.memory.read8(MAP + (port >> 3)) | (1 << (port & 7)))
  const setIopl = (flags: number) => {
    guest.flags = flags | 2
  }

  it.each([32, 64] as const)('the map counts where CPL is above IOPL, in %i-bit mode', (mode) => {
    for (const [iopl, vector] of [
      [0, GP],
      [IOPL, 0x80],
    ] as const) {
      guest.start(mode, 3)
      deny(0x40)
      setIopl(iopl)
      expect(guest.run('at: in al, 0x40\nint 0x80').vector).toBe(vector)
    }
    guest.start(mode, 0)
    deny(0x40)
    expect(guest.run('in al, 0x40\nhlt')).toEqual({ reason: 'halted' })
  })

  // biome-ignore format: a table
  it.each([
    ['a byte before', 0x48, 'in al, 0x47', true],
    ['the byte', 0x48, 'in al, 0x48', false],
    ['a word that ends with it', 0x48, 'in ax, 0x47', false],
    ['a word before', 0x48, 'in ax, 0x46', true],
    ['a doubleword that ends with it', 0x48, 'in eax, 0x45', false],
    ['a doubleword before', 0x48, 'in eax, 0x44', true],
    ['OUT', 0x48, 'out 0x48, al', false],
    ['a port in DX', 0x148, 'mov edx, 0x148\nin al, dx', false],
    ['INSB', 0x148, `mov edx, 0x148\nmov edi, ${AT.data}\ninsb`, false],
    ['OUTSD', 0x14b, `mov edx, 0x148\nmov esi, ${AT.data}\noutsd`, false],
    ['REP INSB', 0x148, `mov edx, 0x148\nmov edi, ${AT.data}\nmov ecx, 3\nrep insb`, false],
  ] as const)('%s', (_, denied, code, allowed) => {
    for (const mode of [32, 64] as const) {
      guest.start(mode, 3)
      deny(denied)
      const stop = guest.run(`${code}\nint 0x80`)
      if (allowed) expect(stop.vector).toBe(0x80)
      else expect(stop).toMatchObject({ vector: GP, error: 0 })
    }
  })

  it('two bytes are always read: the map needs one behind its last port (20.5.2)', () => {
    // The last byte within the limit is that of ports 8 to 15.
    for (const [port, allowed] of [
      [7, true],
      [8, false],
    ] as const) {
      guest.start(32, 3)
      guest.state.setLo(FIELD.segLimit, 0x69, SEGMENT.TR)
      guest.cpu.stateWritten()
      const stop = guest.run(`in al, ${port}\nint 0x80`)
      expect(stop.vector).toBe(allowed ? 0x80 : GP)
    }
  })

  it('a map that begins beyond the limit: nothing is allowed', () => {
    guest.start(32, 3)
    guest.memory.write16(AT.tss + 102, 0x168)
    expect(guest.run('at: in al, 0x10\nint 0x80')).toMatchObject({ vector: GP, error: 0, ip: guest.label('at') })
  })

  it('a 16-bit TSS has no map (20.5.2)', () => {
    guest.start(32, 3)
    guest.state.setLo(FIELD.segAccess, 0x83, SEGMENT.TR)
    guest.memory.write32(AT.tss + 2, ((SELECTOR.data << 16) | (AT.stack & 0xffff)) >>> 0)
    guest.cpu.stateWritten()
    guest.describe(0x58, 0, 0xfffff, 0x9e)
    guest.machine.gate(GP, 0x47000, { selector: 0x58 })
    guest.load('jmp $', { at: 0x47000 })
    guest.load('at: in al, 0x10\nint 0x80')
    guest.go(3)
    expect(guest.reg('rip')).toBe(0x47000)
  })

  it('OUT and IN reach the device with their widths', () => {
    guest.start(64)
    guest.run('mov eax, 0x12345678\nout 0x10, al\nout 0x10, ax\nout 0x10, eax\nin al, 0x10\nhlt')
    expect(line.pending).toEqual([0x78, 0x5678, 0x12345678])
    expect(guest.reg('rax')).toBe(0x12345603)
    line.pending.length = 0
  })

  it('REP INS reads the port only for elements that can be stored (vol. 2A, INS)', () => {
    guest.start(64).page(0x60000, 0)
    line.reads = 0
    guest.machine.gate(14, 0x44000 + 14 * 16, { ist: 1 })
    guest.load(`mov edx, 0x10\nmov edi, ${0x60000 - 3}\nmov ecx, 8\nat: rep insb`)
    expect(guest.go()).toMatchObject({ vector: 14, error: 2, ip: guest.label('at') })
    expect([line.reads, guest.reg('rcx'), guest.reg('rdi')]).toEqual([3, 5, 0x60000])
  })

  it('REP OUTS writes nothing that could not be read (vol. 2B, OUTS)', () => {
    guest.start(64).page(0x60000, 0)
    line.pending.length = 0
    guest.machine.gate(14, 0x44000 + 14 * 16, { ist: 1 })
    guest.memory.writeBytes(0x5fffc, new Uint8Array([1, 2, 3, 4]))
    guest.load(`mov edx, 0x10\nmov esi, ${0x60000 - 4}\nmov ecx, 8\nat: rep outsb`)
    expect(guest.go()).toMatchObject({ vector: 14, error: 0, ip: guest.label('at') })
    expect([line.pending.splice(0), guest.reg('rcx'), guest.reg('rsi')]).toEqual([[1, 2, 3, 4], 4, 0x60000])
  })

  // biome-ignore format: a table
  it.each([
    ['CLI above IOPL', 0, 'cli', undefined],
    ['STI above IOPL', 0, 'sti', undefined],
    ['CLI with IOPL 3', IOPL | IF, 'cli', IOPL],
    ['STI with IOPL 3', IOPL, 'sti', IOPL | IF],
    ['POPF of IF above IOPL', 0, `push ${IF | CF}\npopfd`, CF],
    ['POPF of IF with IOPL 3', IOPL, `push ${IF | CF}\npopfd`, IOPL | IF | CF],
    ['POPF of IOPL at level 3', IOPL, 'push 0\npopfd', IOPL],
    ['POPF of 16 bits', IOPL, 'push 0x201\ndb 0x66\npopfd', IOPL | IF | CF],
  ] as const)('%s (vol. 2A, CLI; vol. 2B, POPF)', (_, flags, code, after) => {
    guest.start(32, 3)
    setIopl(flags)
    const stop = guest.run(`at: ${code}\nint 0x80`)
    if (after === undefined) expect(stop).toMatchObject({ vector: GP, error: 0, ip: guest.label('at') })
    else expect(stop).toMatchObject({ vector: 0x80, flags: after | 2 })
  })

  it('POPF at level 0 changes IOPL and IF, not VM, VIF and VIP; RF is cleared (vol. 2B, POPF, table 4-16)', () => {
    guest.start(64)
    const { VM, VIF, VIP, RF, AC, ID, NT } = RFLAGS.lo
    guest.run(`push ${VM | VIF | VIP | RF | AC | ID | NT | IOPL | IF}\npopfq\nhlt`)
    expect(guest.flags).toBe(AC | ID | NT | IOPL | IF | 2)
  })

  it('PUSHF pushes RF and VM as 0 (vol. 2B, PUSHF)', () => {
    guest.start(64)
    guest.flags = RFLAGS.lo.RF | CF | 2
    guest.run('pushfq\npop rax\nhlt')
    expect(guest.reg('rax')).toBe(CF | 2)
  })
})

describe.each(ENGINES)('instructions that a model does not have (Intel SDM vol. 2), engine %s', (engine) => {
  // biome-ignore format: a table
  const ROWS = [
    ['SSE4_2', 'pcmpgtq xmm0, xmm1'], ['POPCNT', 'popcnt eax, ebx'], ['AES', 'aesenc xmm0, xmm1'], ['PCLMULQDQ', 'pclmulqdq xmm0, xmm1, 0'], ['RDRAND', 'rdrand eax'],
    ['RDTSCP', 'rdtscp'], ['SMAP', 'stac'], ['INVPCID', 'invpcid rax, [rel at]'], ['MONITOR', 'monitor'], ['CMPXCHG16B', 'cmpxchg16b [rsp]'], ['XSAVE', 'xgetbv'],
    ['FSGSBASE', 'rdfsbase rax'], ['LAHF_SAHF', 'lahf'], ['CLFSH', 'clflush [rsp]'],
  ] as const
  const without = new Guest(engine, {
    model: withFeatures(
      cpuModel(),
      ROWS.map(([name]) => `-${name}`)
        .join(',')
        .concat(',-PCID'),
    ),
  })
  const guest = new Guest(engine)
  const prepare = (of: Guest) => of.start(64).control('cr4', CR4.lo.OSXSAVE | CR4.lo.FSGSBASE)

  it.each(ROWS)('without %s: %s is #UD', (_, code) => {
    prepare(without)
    expect(without.run(`xor ecx, ecx\nat: ${code}`)).toMatchObject({ vector: UD, ip: without.label('at') })
    prepare(guest)
    expect(guest.run(`xor ecx, ecx\nmov eax, 1\nat: ${code}\nhlt`).vector).not.toBe(UD)
  })

  it('LZCNT, TZCNT and WBNOINVD are BSR, BSF and WBINVD', () => {
    guest.start(64)
    guest.run('mov ebx, 0x10\ntzcnt eax, ebx\nlzcnt ecx, ebx\nhlt')
    expect([guest.reg('rax'), guest.reg('rcx')]).toEqual([4, 4])
  })

  it.each([64, 32] as const)('RDSSPD and RDSSPQ leave the register alone, %i-bit mode', (bits) => {
    guest.start(bits)
    const first = bits === 64 ? 'mov rbx, 0x123456789\nrdsspq rbx\n' : 'mov ebx, 9\nrdsspd ebx\n'
    guest.run(`${first}mov ecx, 7\nrdsspd ecx\nhlt`)
    expect([guest.reg('rcx'), guest.reg('rbx')]).toEqual([7, bits === 64 ? 0x1_2345_6789 : 9])
  })

  it('control bits of features that are not there are #GP(0) (vol. 2B, MOV CR)', () => {
    without.start(64)
    expect(without.run(`mov rax, cr4\nor eax, ${CR4.lo.SMAP}\nat: mov cr4, rax`)).toMatchObject({
      vector: GP,
      error: 0,
      ip: without.label('at'),
    })
  })

  it('CPUID tells what there is, and follows CR4.OSXSAVE (vol. 2A, CPUID)', () => {
    for (const [of, has] of [
      [guest, true],
      [without, false],
    ] as const) {
      of.start(64)
      of.run('mov eax, 1\ncpuid\nhlt')
      expect([(of.reg('rcx') >>> 23) & 1, (of.reg('rcx') >>> 25) & 1, (of.reg('rcx') >>> 27) & 1]).toEqual(
        has ? [1, 1, 0] : [0, 0, 0],
      )
    }
    guest.start(64).control('cr4', CR4.lo.OSXSAVE)
    guest.run('mov eax, 1\ncpuid\nhlt')
    expect((guest.reg('rcx') >>> 27) & 1).toBe(1)
  })
})
