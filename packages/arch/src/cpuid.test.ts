import { describe, expect, it } from 'vitest'
import { type CpuidResult, cpuidFeature, cpuidFeatures, cpuidRegister, hasFeature } from './cpuid.ts'

describe('CPUID', () => {
  it('has each feature at a place of its own, and each spelling once', () => {
    const features = cpuidFeatures()
    const places = features.map(({ leaf, subleaf, output, bit }) => `${leaf}.${subleaf}.${output}.${bit}`)
    expect(new Set(places).size).toBe(features.length)
    const spellings = features.flatMap(({ name, aka }) => [name, ...aka])
    expect(spellings.filter((each, i) => spellings.indexOf(each) !== i)).toEqual([])
  })

  it.each([
    ['SSE4_1', 1, undefined, 'ECX', 19],
    ['CX8', 1, undefined, 'EDX', 8],
    ['AVX2', 7, 0, 'EBX', 5],
    ['CET_IBT', 7, 0, 'EDX', 20],
    ['AVX_VNNI', 7, 1, 'EAX', 4],
    ['XSAVES', 13, 1, 'EAX', 3],
    ['SSE4A', 0x80000001, undefined, 'ECX', 6],
    ['LM', 0x80000001, undefined, 'EDX', 29],
    ['NP', 0x8000000a, undefined, 'EDX', 0],
  ] as const)('finds %s', (name, leaf, subleaf, output, bit) => {
    expect(cpuidFeature(name)).toMatchObject({ name, leaf, subleaf, output, bit })
  })

  it('finds a feature by its other spellings', () => {
    expect(cpuidFeature('ABM')).toBe(cpuidFeature('LZCNT'))
    expect(cpuidFeature('AESNI')?.name).toBe('AES')
    expect(cpuidFeature('NONSENSE')).toBeUndefined()
  })

  it('takes registers apart', () => {
    // A Skylake-SP: family 6, model 55H, stepping 4.
    const signature = cpuidRegister('1.EAX')
    expect(signature.describe(0x50654)).toEqual(['STEPPING=4', 'MODEL=5', 'FAMILY=6', 'EXTENDED_MODEL=5'])
    expect(cpuidRegister('80000008.EAX').extract('PHYS_ADDR_SIZE', 0x3030)).toBe(48)
    expect(cpuidRegister('1.EDX').lo.PSE_36).toBe(1 << 17)
  })

  it('asks a processor, and does not believe leaves beyond its highest', () => {
    const none: CpuidResult = { eax: 0, ebx: 0, ecx: 0, edx: 0 }
    const answers: Record<number, CpuidResult> = {
      0: { ...none, eax: 1 },
      1: { ...none, ecx: 1 << 19 },
      7: { ...none, ebx: 0xffffffff },
      2147483648: { ...none, eax: 0x80000001 },
      2147483649: { ...none, edx: 1 << 29 },
    }
    const query = (leaf: number) => answers[leaf] ?? none
    expect(hasFeature('SSE4_1', query)).toBe(true)
    expect(hasFeature('SSE4_2', query)).toBe(false)
    expect(hasFeature('AVX2', query)).toBe(false)
    expect(hasFeature('LM', query)).toBe(true)
    expect(hasFeature('NP', query)).toBe(false)
  })
})
