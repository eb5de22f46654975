import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import * as arch from './index.ts'

// The headers of the machine that runs the tests, as a second opinion on our constants. They are read, never copied.
const uapi = ['/usr/include/x86_64-linux-gnu/asm', '/usr/include/asm'].find((each) => existsSync(`${each}/debugreg.h`))
const gcc = newestCpuidHeader()

function newestCpuidHeader(): string | undefined {
  const folder = '/usr/lib/gcc/x86_64-linux-gnu'
  const versions = existsSync(folder) ? readdirSync(folder).sort((a, b) => Number(b) - Number(a)) : []
  return versions.map((version) => `${folder}/${version}/include/cpuid.h`).find((path) => existsSync(path))
}

/** The numbers behind `#define PREFIXname SUFFIX`, by name. */
function defined(file: string, pattern: RegExp): Map<string, number> {
  const text = readFileSync(file, 'utf8')
  return new Map([...text.matchAll(pattern)].map(([, name, value]) => [name as string, Number(value)]))
}

describe.skipIf(uapi === undefined)(
  `Linux headers${uapi === undefined ? ' (skipped: linux-libc-dev is absent)' : ''}`,
  () => {
    const flags = () => defined(`${uapi}/processor-flags.h`, /#define X86_(\w+)_BIT\s+(\d+)/g)

    it.each([
      ['CR0', arch.CR0, []],
      ['CR4', arch.CR4, []],
      ['EFLAGS', arch.RFLAGS, ['FIXED']],
      ['CR3', arch.CR3_PCID, ['PWT', 'PCD', 'PCID_NOFLUSH']],
    ] as const)('agree on every bit of %s', (register, table, others) => {
      const known = [...flags()].filter(([name]) => name.startsWith(`${register}_`))
      expect(known.length).toBeGreaterThan(2)
      for (const [name, bit] of known) {
        const own = name.slice(register.length + 1)
        if ((others as readonly string[]).includes(own)) continue
        const field = table.fields.find((each) => each.name === own)
        const at = typeof field?.at === 'string' ? Number(field.at.split(':')[1]) : field?.at
        expect([name, at]).toEqual([name, bit])
      }
    })

    it('agree on the bits whose names differ', () => {
      const bits = flags()
      expect(arch.RFLAGS.alwaysOneLo).toBe(1 << (bits.get('EFLAGS_FIXED') as number))
      expect(arch.CR3.shift.PWT).toBe(bits.get('CR3_PWT'))
      expect(arch.CR3.shift.PCD).toBe(bits.get('CR3_PCD'))
      expect(arch.CR3_PCID.shift.NOFLUSH + 32).toBe(bits.get('CR3_PCID_NOFLUSH'))
    })

    it('agree on the debug registers', () => {
      const masks = defined(`${uapi}/debugreg.h`, /#define (DR_\w+|DR6_\w+)\s+\((0x[0-9a-fA-F]+)\)/g)
      expect(arch.DR6.lo.BS).toBe(masks.get('DR_STEP'))
      expect(arch.DR6.lo.BT).toBe(masks.get('DR_SWITCH'))
      const { B0, B1, B2, B3 } = arch.DR6.lo
      expect([B0, B1, B2, B3]).toEqual(['DR_TRAP0', 'DR_TRAP1', 'DR_TRAP2', 'DR_TRAP3'].map((name) => masks.get(name)))
      // Linux counts the two active-low bits among those that read as one.
      expect((arch.DR6.alwaysOneLo | arch.DR6.lo.BLD | arch.DR6.lo.RTM) >>> 0).toBe(masks.get('DR6_RESERVED'))
      const { L0, L1, L2, L3, G0, G1, G2, G3 } = arch.DR7.lo
      expect(L0 | L1 | L2 | L3).toBe(masks.get('DR_LOCAL_ENABLE_MASK'))
      expect(G0 | G1 | G2 | G3).toBe(masks.get('DR_GLOBAL_ENABLE_MASK'))
    })
  },
)

/** Names that GCC spells in a way of its own; all others are ours without underscores. */
const GCC_SPELLINGS: Readonly<Record<string, string>> = {
  PCLMUL: 'PCLMULQDQ',
  RDRND: 'RDRAND',
  FXSAVE: 'FXSR',
  BMI: 'BMI1',
  SHSTK: 'CET_SS',
  IBT: 'CET_IBT',
  PRFCHW: 'PREFETCHW',
  MWAITX: 'MONITORX',
  LAHF_LM: 'LAHF_SAHF',
  '3DNOWP': '3DNOWEXT',
}

describe.skipIf(gcc === undefined)(`GCC's <cpuid.h>${gcc === undefined ? ' (skipped: gcc is absent)' : ''}`, () => {
  const bits = () => defined(gcc as string, /#define bit_(\w+)\s+\(1u? << (\d+)\)/g)
  const plain = (name: string) => name.toUpperCase().replaceAll('_', '')
  const features = new Map(
    arch.cpuidFeatures().flatMap((each) => [each.name, ...each.aka].map((n) => [plain(n), each])),
  )

  it('agrees on the bit of every feature that both know', () => {
    const known = [...bits()].flatMap(([name, bit]) => {
      const feature = features.get(plain(GCC_SPELLINGS[name] ?? name))
      return feature === undefined ? [] : [{ name, bit, ours: feature.bit }]
    })
    // GCC 12 names 95; other versions know more or fewer.
    expect(known.length).toBeGreaterThan(80)
    expect(known.filter(({ bit, ours }) => bit !== ours)).toEqual([])
  })
})
