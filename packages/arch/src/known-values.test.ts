import { describe, expect, it } from 'vitest'
import * as arch from './index.ts'

describe('registers', () => {
  it('reads the values that processors have after RESET (Intel SDM vol. 3A, 11.1.1, table 11-1)', () => {
    expect(arch.CR0.describe(0x60000010)).toEqual(['ET', 'NW', 'CD'])
    expect(arch.RFLAGS.describe(0x2)).toEqual([])
    expect(arch.DR6.describe(0xffff0ff0)).toEqual(['BLD', 'RTM'])
    expect(arch.DR7.lo.L0 | arch.DR7.alwaysOneLo).toBe(0x401)
    expect(arch.MXCSR.describe(0x1f80)).toEqual(['IM', 'DM', 'ZM', 'OM', 'UM', 'PM', 'RC=0 (nearest even)'])
    expect(arch.FCW.describe(0x37f)).toContain('PC=3 (double extended)')
    expect(arch.PAT.describe(0x0007040600070406n)).toEqual([
      'PA0=6 (WB)',
      'PA1=4 (WT)',
      'PA2=7 (UC-)',
      'PA3=0 (UC)',
      'PA4=6 (WB)',
      'PA5=4 (WT)',
      'PA6=7 (UC-)',
      'PA7=0 (UC)',
    ])
    expect(arch.APIC_BASE.describe(0xfee00900)).toEqual(['BSP', 'EN', 'BASE=0xfee00'])
  })

  it('reads what a 64-bit kernel runs with', () => {
    expect(arch.CR0.describe(0x80050033)).toEqual(['PE', 'MP', 'ET', 'NE', 'WP', 'AM', 'PG'])
    expect(arch.EFER.describe(0xd01)).toEqual(['SCE', 'LME', 'LMA', 'NXE'])
    expect(arch.CR3_PCID.describe(0x8000000012345001n)).toEqual(['PCID=1', 'ADDRESS=0x12345', 'NOFLUSH'])
    expect(arch.STAR.extract('SYSCALL_CS', 0, 0x00230010)).toBe(0x10)
    expect(arch.RFLAGS.describe(0x10246)).toEqual(['PF', 'ZF', 'IF', 'RF'])
  })

  it('has the status flags together', () => {
    expect(arch.STATUS_FLAGS_MASK).toBe(0x8d5)
  })
})

describe('paging (Intel SDM vol. 3A, 5)', () => {
  it.each([
    [0x0, []],
    [0x2, ['WR']],
    [0x7, ['P', 'WR', 'US']],
    [0x9, ['P', 'RSVD']],
    [0x11, ['P', 'ID']],
    [0x25, ['P', 'US', 'PK']],
    [0x47, ['P', 'WR', 'US', 'SS']],
  ])('reads page-fault error code %i', (code, fields) => {
    expect(arch.PAGE_FAULT_ERROR_CODE.describe(code)).toEqual(fields)
  })

  it('finds the address of a PSE-36 page in its two parts', () => {
    // Bits 39:32 of the address stand in bits 20:13 of the entry, bits 31:22 in place.
    const physical = 0xab_c0400000
    const entry = (0xc0400000 | (0xab << 13) | 0x83) >>> 0
    expect(arch.PDE_4M.extract('ADDRESS', entry) * 2 ** 22).toBe(physical)
    expect(arch.PDE_4M.reservedLo).toBe(1 << 21)
  })

  it('has the reserved bits of each format', () => {
    expect(arch.PML4E.reservedLo).toBe(1 << 7)
    expect(arch.PDE_2M.reservedLo).toBe(0x001fe000)
    expect(arch.PDPTE_1G.reservedLo).toBe(0x3fffe000)
    expect([arch.PTE.reservedLo, arch.PTE.reservedHi]).toEqual([0, 0])
    expect([arch.PDPTE_PAE.reservedLo, arch.PDPTE_PAE.reservedHi >>> 0]).toEqual([0x1e6, 0xfff00000])
    expect(arch.PTE_PAE.reservedHi).toBe(0x7ff00000)
  })
})

describe('segmentation (Intel SDM vol. 3A, 3.4.5 and 3.5)', () => {
  it('reads the flat descriptors of a 64-bit kernel', () => {
    const code = 0x00af9b000000ffffn
    expect(arch.SEGMENT_DESCRIPTOR.describe(code)).toEqual([
      'LIMIT=0xfffff',
      'TYPE=11 (code, execute/read, accessed)',
      'S',
      'P',
      'L',
      'G',
    ])
    expect(arch.SEGMENT_DESCRIPTOR.describe(0x00cff3000000ffffn)).toContain('TYPE=3 (data, read/write, accessed)')
    expect(arch.SEGMENT_DESCRIPTOR.describe(0x00cff3000000ffffn)).toContain('DPL=3')
  })

  it('joins base and limit from their parts', () => {
    const [lo, hi] = [0x5678_4321, 0x12_4f_89_34]
    expect(arch.SEGMENT_DESCRIPTOR.extract('BASE', lo, hi)).toBe(0x12345678)
    expect(arch.SEGMENT_DESCRIPTOR.extract('LIMIT', lo, hi)).toBe(0xf4321)
  })

  it('reads a 64-bit interrupt gate', () => {
    const [lo, hi] = [0x0010_9c40, 0x8180_8e03]
    expect(arch.INTERRUPT_GATE.extract('OFFSET', lo, hi)).toBe(0x81809c40)
    expect(arch.INTERRUPT_GATE.describe((BigInt(hi) << 32n) | BigInt(lo))).toEqual([
      'OFFSET=0x81809c40',
      'SELECTOR=16',
      'IST=3',
      'TYPE=14 (32-bit interrupt gate)',
      'P',
    ])
  })

  it('has access rights that are bits 55:40 of a descriptor without the limit', () => {
    const hi = 0x00af9b00
    expect(arch.ACCESS_RIGHTS.describe((hi >>> 8) & 0xf0ff)).toEqual(['TYPE=11', 'S', 'P', 'L', 'G'])
    for (const name of ['TYPE', 'S', 'DPL', 'P', 'AVL', 'L', 'DB', 'G'] as const) {
      expect(arch.ACCESS_RIGHTS.lo[name]).toBe(arch.SEGMENT_DESCRIPTOR.hi[name] >>> 8)
    }
  })

  it('has the sizes and the landmarks of the TSS formats', () => {
    expect([arch.TSS16.sizeBytes, arch.TSS32.sizeBytes, arch.TSS64.sizeBytes]).toEqual([0x2c, 0x68, 0x68])
    expect([arch.TSS32.offset.IOMAP, arch.TSS64.offset.IOMAP]).toEqual([0x66, 0x66])
    expect(arch.TSS64.offset.IST7).toBe(0x54)
    expect(arch.TSS32.offset.LDT).toBe(0x60)
  })
})

describe('events', () => {
  it('reads a page fault with an error code as a VMCS holds it', () => {
    expect(arch.EVENT_INFORMATION.describe(0x80000b0e)).toEqual([
      'VECTOR=14',
      'TYPE=3 (hardware exception)',
      'ERROR_CODE',
      'VALID',
    ])
  })
})

describe('XSAVE areas', () => {
  it('puts each component of the standard format behind the one before it', () => {
    const { AVX, OPMASK, ZMM_HI256, HI16_ZMM, PKRU } = arch.XSAVE_COMPONENT
    expect(AVX.offsetBytes).toBe(arch.FXSAVE_AREA.sizeBytes + arch.XSAVE_HEADER.sizeBytes)
    for (const [before, after] of [
      [OPMASK, ZMM_HI256],
      [ZMM_HI256, HI16_ZMM],
      [HI16_ZMM, PKRU],
    ] as const) {
      expect(after.offsetBytes).toBe((before.offsetBytes as number) + before.sizeBytes)
    }
  })

  it('numbers components as XCR0 and IA32_XSS do', () => {
    for (const [name, { component, offsetBytes }] of Object.entries(arch.XSAVE_COMPONENT)) {
      const table = offsetBytes === undefined ? arch.XSS : arch.XCR0
      expect(table.fields.find((field) => field.name === name)?.at).toBe(component)
    }
  })
})

describe('structure', () => {
  it('refuses fields that overlap or leave it', () => {
    const define = (fields: Record<string, [number, number, string]>) => () =>
      arch.structure({ name: 's', source: 'none', sizeBytes: 4, fields })
    const refused = expect.objectContaining({ code: 'structure.definition' })
    expect(define({ a: [0, 2, 'a'], b: [1, 1, 'b'] })).toThrow(refused)
    expect(define({ a: [2, 4, 'a'] })).toThrow(refused)
  })
})
