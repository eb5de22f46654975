/** What control registers, EFER, XCR0 and model-specific registers may hold. */
import { CR0, CR4, EFER, FIELD } from '@ringfold/arch'
import { ENGINES } from '@ringfold/cpu'
import { describe, expect, it } from 'vitest'
import type { TestMode } from '../machine.ts'
import { AT, Guest } from './guest.ts'

const GP = 13
const UD = 6
const { PE, MP, EM, TS, ET, NE, WP, AM, NW, CD, PG } = CR0.lo
const hex = (value: number) => `0x${(value >>> 0).toString(16)}`
const setCr0 = (set: number, clear = 0) =>
  `mov rax, cr0\nor eax, ${hex(set)}\nand eax, ${hex(~clear)}\nat: mov cr0, rax`
const narrow = (code: string, mode: TestMode) => (mode === 64 ? code : code.replaceAll('rax', 'eax'))

describe.each(ENGINES)('CR0 (Intel SDM vol. 3A, 2.5; vol. 2B, MOV CR), engine %s', (engine) => {
  const guest = new Guest(engine)

  // biome-ignore format: a table
  it.each<[string, TestMode, string, (() => void)?]>([
    ['PG without PE', 16, setCr0(PG)],
    ['NW without CD', 32, setCr0(NW, CD)],
    ['PE cleared with PG set', 64, setCr0(0, PE)],
    ['PG cleared in 64-bit mode', 64, setCr0(0, PG)],
    ['bits 63:32', 64, 'mov rax, cr0\nbts rax, 32\nat: mov cr0, rax'],
    ['PG with EFER.LME and without CR4.PAE', 32, setCr0(PG), () => guest.state.set(FIELD.efer, EFER.lo.LME, 0)],
    ['PG with EFER.LME and a 16-bit TSS', 32, setCr0(PG), () => {
      guest.state.set(FIELD.efer, EFER.lo.LME, 0)
      guest.state.setLo(FIELD.segAccess, 0x83, 7)
      guest.control('cr4', CR4.lo.PAE)
    }],
    ['PG with EFER.LME and CS.L', 32, setCr0(PG), () => {
      guest.state.set(FIELD.efer, EFER.lo.LME, 0)
      guest.state.setLo(FIELD.segAccess, guest.state.lo(FIELD.segAccess, 1) | 0x2000, 1)
      guest.control('cr4', CR4.lo.PAE)
    }],
  ])('%s is #GP(0), and CR0 stays', (_, mode, code, prepare) => {
    guest.start(mode)
    prepare?.()
    guest.cpu.stateWritten()
    const before = guest.reg('cr0')
    const stop = guest.run(narrow(code, mode))
    expect(stop).toMatchObject({ vector: GP, ip: guest.label('at') - (mode === 16 ? AT.code : 0) })
    expect(guest.reg('cr0')).toBe(before)
  })

  it('ET is always 1, reserved bits are ignored', () => {
    guest.start(32)
    guest.run(`mov eax, ${hex(PE | 0x1ffaffc0 | NE)}\nmov cr0, eax\nmov ebx, cr0\nhlt`)
    expect(guest.reg('rbx')).toBe(PE | ET | NE)
  })

  it('LMSW sets PE, MP, EM and TS, and cannot clear PE; SMSW and CLTS (vol. 2A, LMSW, CLTS; vol. 2B, SMSW)', () => {
    guest.start(32)
    guest.run(
      `mov eax, ${MP | EM | TS | NE}\nlmsw ax\nmov ebx, cr0\nxor eax, eax\nlmsw ax\nsmsw ecx\nmov eax, ${TS}\nlmsw ax\nclts\nsmsw edx\nhlt`,
    )
    const rest = NE | ET
    expect([guest.reg('rbx'), guest.reg('rcx'), guest.reg('rdx')]).toEqual([
      PE | MP | EM | TS | rest,
      PE | rest,
      PE | rest,
    ])
  })

  it('SMSW of a register gives all of CR0 in the operand size, of memory 16 bits (vol. 2B, SMSW)', () => {
    guest.start(64)
    guest.run(
      `mov rbx, -1\nmov rcx, -1\nmov rdx, -1\nmov qword [${AT.data}], -1\nsmsw rbx\nsmsw ecx\nsmsw dx\nsmsw [${AT.data}]\nhlt`,
    )
    const cr0 = guest.reg('cr0')
    expect([guest.reg('rbx'), guest.reg('rcx'), guest.wide('rdx')]).toEqual([
      cr0,
      cr0,
      0xffffffffffff0000n | BigInt(cr0 & 0xffff),
    ])
    expect(guest.machine.get64(AT.data)).toBe(0xffffffffffff0000n | BigInt(cr0 & 0xffff))
    expect(cr0 & (WP | AM)).toBe(WP)
  })
})

describe.each(ENGINES)('CR2, CR3, CR4 and CR8 (Intel SDM vol. 3A, 2.5), engine %s', (engine) => {
  const guest = new Guest(engine)

  it('CR2 holds 64 bits', () => {
    guest.start(64)
    guest.run('mov rax, 0x123456789abcdef0\nmov cr2, rax\nmov rbx, cr2\nhlt')
    expect(guest.wide('rbx')).toBe(0x123456789abcdef0n)
  })

  it('CR3: bits beyond MAXPHYADDR are #GP(0); PWT and PCD stay', () => {
    guest.start(64)
    guest.run(`mov rax, ${AT.tables | 0x18}\nmov cr3, rax\nmov rbx, cr3\nhlt`)
    expect(guest.reg('rbx')).toBe(AT.tables | 0x18)
    for (const bit of [40, 51, 52, 62]) {
      guest.start(64)
      expect(guest.run(`mov rax, cr3\nbts rax, ${bit}\nat: mov cr3, rax`)).toMatchObject({
        vector: GP,
        error: 0,
        ip: guest.label('at'),
      })
    }
  })

  it.each([11, 13, 14, 15, 19, 23, 25, 31])(
    'reserved bit %i of CR4, or one of a feature that is not there, is #GP(0)',
    (bit) => {
      guest.start(32)
      expect(guest.run(`mov eax, cr4\nbts eax, ${bit === 11 ? 12 : bit}\nat: mov cr4, eax`)).toMatchObject({
        vector: GP,
        error: 0,
        ip: guest.label('at'),
      })
    },
  )

  it('CR4: bits 63:32, and PAE cleared in IA-32e mode, are #GP(0)', () => {
    for (const change of ['bts rax, 33', 'btr rax, 5']) {
      guest.start(64)
      expect(guest.run(`mov rax, cr4\n${change}\nat: mov cr4, rax`)).toMatchObject({
        vector: GP,
        error: 0,
        ip: guest.label('at'),
      })
    }
  })

  it('CR8 holds four bits; others are #GP(0) (13.8.6)', () => {
    guest.start(64)
    guest.run('mov eax, 15\nmov cr8, rax\nmov rbx, cr8\nhlt')
    expect(guest.reg('rbx')).toBe(15)
    for (const value of ['16', '0x100000000']) {
      guest.start(64)
      expect(guest.run(`mov rax, ${value}\nat: mov cr8, rax`)).toMatchObject({ vector: GP, error: 0 })
    }
  })

  it('moves are of 64 bits in 64-bit mode and of 32 bits elsewhere, whatever the operand size (vol. 2B, MOV CR)', () => {
    guest.start(64)
    guest.run('mov rbx, -1\ndb 0x66, 0x0f, 0x20, 0xc3\nhlt')
    expect(guest.reg('rbx')).toBe(guest.reg('cr0'))
    guest.start(16)
    guest.run('mov ebx, -1\nmov ebx, cr0\nhlt')
    expect(guest.reg('rbx')).toBe(guest.reg('cr0'))
  })

  it('the mod field counts as 3 (vol. 2B, MOV CR)', () => {
    guest.start(64)
    guest.run('db 0x0f, 0x20, 0x03\nhlt')
    expect(guest.reg('rbx')).toBe(guest.reg('cr0'))
  })
})

describe.each(ENGINES)(
  'EFER and other model-specific registers (Intel SDM vol. 4; vol. 2B, RDMSR, WRMSR), engine %s',
  (engine) => {
    const guest = new Guest(engine)
    const write = (number: number, lo: number, hi = 0) =>
      `mov ecx, ${hex(number)}\nmov eax, ${hex(lo)}\nmov edx, ${hex(hi)}\nat: wrmsr`
    const EFER_MSR = 0xc0000080
    const { SCE, LME, LMA, NXE } = EFER.lo

    // biome-ignore format: a table
    it.each<[string, TestMode, number, number, number]>([
    ['EFER: LME changed with paging on', 64, EFER_MSR, SCE | NXE | LMA, 0],
    ['EFER: a reserved bit', 64, EFER_MSR, SCE | LME | LMA | NXE | 2, 0],
    ['EFER: SVME, which there is not', 64, EFER_MSR, SCE | LME | LMA | NXE | 0x1000, 0],
    ['EFER: bits 63:32', 64, EFER_MSR, SCE | LME | LMA | NXE, 1],
    ['a register that does not exist', 64, 0x12345, 0, 0],
    ['IA32_LSTAR that is not canonical', 64, 0xc0000082, 0, 0x8000],
    ['IA32_CSTAR that is not canonical', 64, 0xc0000083, 0, 0x8000],
    ['IA32_FS_BASE that is not canonical', 64, 0xc0000100, 0, 0x8000],
    ['IA32_GS_BASE that is not canonical', 64, 0xc0000101, 0, 0x8000],
    ['IA32_KERNEL_GS_BASE that is not canonical', 64, 0xc0000102, 0, 0x8000],
    ['IA32_SYSENTER_ESP that is not canonical', 64, 0x175, 0, 0x8000],
    ['IA32_SYSENTER_EIP that is not canonical', 64, 0x176, 0, 0x8000],
    ['IA32_TSC_AUX: bits 63:32', 64, 0xc0000103, 0, 1],
    ['IA32_PAT: a type that is reserved', 64, 0x277, 0x02, 0],
    ['IA32_PAT: type 3', 64, 0x277, 0x06060603, 0x06060606],
    ['IA32_MTRR_DEF_TYPE: a type that is reserved', 64, 0x2ff, 2, 0],
    ['IA32_MTRR_PHYSBASE0: beyond MAXPHYADDR', 64, 0x200, 6, 0x100],
    ['IA32_MTRRCAP is read-only', 64, 0xfe, 0, 0],
    ['IA32_APIC_BASE: x2APIC without the enable bit', 64, 0x1b, 0xfee00500, 0],
  ])('WRMSR %s is #GP(0)', (_, mode, number, lo, hi) => {
    guest.start(mode)
    expect(guest.run(write(number, lo, hi))).toMatchObject({ vector: GP, error: 0, ip: guest.label('at') })
  })

    it('RDMSR of a register that does not exist is #GP(0)', () => {
      guest.start(64)
      expect(guest.run('mov ecx, 0x12345\nat: rdmsr')).toMatchObject({ vector: GP, error: 0, ip: guest.label('at') })
    })

    // biome-ignore format: a table
    it.each([
    ['IA32_LSTAR', 0xc0000082, 0x12345678, 0xffff8000], ['IA32_STAR', 0xc0000081, 0x12345678, 0x00230010], ['IA32_FMASK', 0xc0000084, 0x47700, 0],
    ['IA32_KERNEL_GS_BASE', 0xc0000102, 0x12345678, 0xffff8000], ['IA32_PAT', 0x277, 0x00070106, 0x00070406], ['IA32_SYSENTER_CS', 0x174, 0x10, 0],
    ['IA32_SYSENTER_EIP', 0x176, 0x12345678, 0xffff8000], ['IA32_MTRR_FIX64K_00000', 0x250, 0x06060606, 0x06060606], ['IA32_TSC_AUX', 0xc0000103, 0x12345678, 0],
  ])('%s keeps what is written', (_, number, lo, hi) => {
    guest.start(64)
    guest.run(`${write(number, lo, hi)}\nmov rax, -1\nmov rdx, -1\nrdmsr\nhlt`)
    expect([guest.wide('rax'), guest.wide('rdx')]).toEqual([BigInt(lo), BigInt(hi)])
  })

    it('EFER.LMA cannot be written, and follows LME and CR0.PG (vol. 3A, 2.2.1)', () => {
      guest.start(64)
      guest.run(`${write(EFER_MSR, SCE | LME | NXE)}\nrdmsr\nhlt`)
      expect(guest.reg('rax')).toBe(SCE | LME | LMA | NXE)
      guest.start(32)
      guest.run(`${write(EFER_MSR, LME | LMA | SCE)}\nrdmsr\nhlt`)
      expect(guest.reg('rax')).toBe(LME | SCE)
    })

    it('IA32_TIME_STAMP_COUNTER and IA32_TSC_ADJUST move together (vol. 3B, 19.17.3)', () => {
      guest.start(64)
      guest.run(
        `rdtsc\nmov esi, eax\n${write(0x3b, 1000)}\nrdtsc\nsub eax, esi\nmov ebx, eax\n${write(0x10, 0, 1).replace('at:', '')}\nrdtsc\nmov edi, eax\nmov ebp, edx\nhlt`,
      )
      expect([guest.reg('rbx'), guest.reg('rdi'), guest.reg('rbp')]).toEqual([1006, 1, 1])
    })
  },
)

describe.each(ENGINES)('XCR0 (Intel SDM vol. 3A, 2.6; vol. 2D, XSETBV), engine %s', (engine) => {
  const guest = new Guest(engine)
  const set = (lo: number, hi = 0, index = 0) => `mov ecx, ${index}\nmov eax, ${lo}\nmov edx, ${hi}\nat: xsetbv`

  it('keeps x87 and SSE', () => {
    guest.start(64).control('cr4', CR4.lo.OSXSAVE)
    guest.run(`${set(3)}\nxor eax, eax\nxgetbv\nhlt`)
    expect([guest.reg('rax'), guest.reg('rdx')]).toEqual([3, 0])
  })

  it.each([
    ['without x87', 2, 0, 0],
    ['AVX, which there is not', 7, 0, 0],
    ['a reserved bit', 0x13, 0, 0],
    ['bits 63:32', 3, 1, 0],
    ['XCR1', 3, 0, 1],
  ])('%s is #GP(0)', (_, lo, hi, index) => {
    guest.start(64).control('cr4', CR4.lo.OSXSAVE)
    expect(guest.run(set(lo, hi, index))).toMatchObject({ vector: GP, error: 0, ip: guest.label('at') })
  })

  it('XSETBV and XGETBV are #UD without CR4.OSXSAVE; XSETBV at level 3 is #GP(0)', () => {
    guest.start(64)
    expect(guest.run(set(3))).toMatchObject({ vector: UD, ip: guest.label('at') })
    guest.start(64)
    expect(guest.run('xor ecx, ecx\nat: xgetbv')).toMatchObject({ vector: UD, ip: guest.label('at') })
    guest.start(64, 3).control('cr4', CR4.lo.OSXSAVE)
    expect(guest.run(set(3))).toMatchObject({ vector: GP, error: 0, ip: guest.label('at') })
    guest.start(64, 3).control('cr4', CR4.lo.OSXSAVE)
    expect(guest.run('xor ecx, ecx\nxgetbv\nint 0x80').vector).toBe(0x80)
    guest.start(64).control('cr4', CR4.lo.OSXSAVE)
    expect(guest.run('mov ecx, 2\nat: xgetbv')).toMatchObject({ vector: GP, error: 0 })
  })
})
