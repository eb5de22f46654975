import type { CpuidFeatureName } from '@ringfold/arch'
import { RingsError } from './errors.ts'
import type { CpuModel } from './model.ts'

/** What every x86-64 processor has: the x86-64 psABI's baseline, and the system features of the first of them. */
// biome-ignore format: a table
const BASELINE = [
  'FPU', 'VME', 'DE', 'PSE', 'TSC', 'MSR', 'PAE', 'MCE', 'CX8', 'APIC', 'SEP', 'MTRR', 'PGE', 'MCA', 'CMOV', 'PAT',
  'PSE_36', 'CLFSH', 'MMX', 'FXSR', 'SSE', 'SSE2', 'SYSCALL', 'NX', 'LM',
] as const satisfies readonly CpuidFeatureName[]

/** What level 2 of the psABI adds (x86-64 psABI 1.0, 3.1.1, table 3.1). */
const LEVEL_2 = [
  ...['CMPXCHG16B', 'LAHF_SAHF', 'POPCNT', 'SSE3', 'SSE4_1', 'SSE4_2', 'SSSE3'],
] as const satisfies readonly CpuidFeatureName[]

/** What our processors of level 2 have beyond it, of either vendor. */
// biome-ignore format: a table
const MODERN = [
  'AES', 'PCLMULQDQ', 'RDRAND', 'RDTSCP', 'SMEP', 'SMAP', 'FSGSBASE', 'UMIP', 'PCID', 'INVPCID', 'XSAVE', 'PAGE1GB',
  'X2APIC', 'MONITOR', 'ERMS', 'ARAT', 'INVARIANT_TSC',
] as const satisfies readonly CpuidFeatureName[]

const ONE_PROCESSOR = { apicId: 0, processors: 1, linearAddressBits: 48, tscHz: 0 } as const

/** The CPU models. The default is the first. */
export function cpuModels(): readonly CpuModel[] {
  return [level2(), baseline(), amdLevel2()]
}

function level2(): CpuModel {
  return {
    ...ONE_PROCESSOR,
    name: 'x86-64-v2',
    vendor: 'GenuineIntel',
    description: 'level 2 of the x86-64 psABI, with AES and the protections of current operating systems',
    brand: 'Ringfold x86-64-v2 Processor',
    // Westmere's: the first of this level. Operating systems know no erratum by this number that needs new microcode.
    family: 6,
    model: 44,
    stepping: 2,
    physicalAddressBits: 40,
    maxLeaf: 0xd,
    maxExtendedLeaf: 0x80000008,
    features: new Set<CpuidFeatureName>([
      ...[
        ...BASELINE,
        ...LEVEL_2,
        ...MODERN,
        'SS',
        'TSC_ADJUST',
        'TSC_DEADLINE',
        'IBRS_IBPB',
        'ARCH_CAPABILITIES',
        'BHI_CTRL',
      ],
    ] as CpuidFeatureName[]),
  }
}

function baseline(): CpuModel {
  return {
    ...ONE_PROCESSOR,
    name: 'x86-64',
    vendor: 'GenuineIntel',
    description: 'the baseline of the x86-64 psABI, with SSE3 and CMPXCHG16B',
    brand: 'Ringfold x86-64 Processor',
    family: 15,
    model: 107,
    stepping: 1,
    physicalAddressBits: 40,
    maxLeaf: 5,
    maxExtendedLeaf: 0x80000008,
    features: new Set<CpuidFeatureName>([...BASELINE, 'SSE3', 'CMPXCHG16B', 'LAHF_SAHF']),
  }
}

function amdLevel2(): CpuModel {
  return {
    ...ONE_PROCESSOR,
    name: 'x86-64-v2-amd',
    vendor: 'AuthenticAMD',
    description: "as x86-64-v2, with AMD's rules where the vendors differ",
    brand: 'Ringfold x86-64-v2-AMD Processor',
    family: 25,
    model: 33,
    stepping: 0,
    physicalAddressBits: 40,
    maxLeaf: 0xd,
    maxExtendedLeaf: 0x80000021,
    features: new Set<CpuidFeatureName>([...BASELINE, ...LEVEL_2, ...MODERN, 'NULL_SELECT_CLEARS_BASE']),
  }
}

/** The name of the model that is used where none is named. */
export const DEFAULT_CPU_MODEL = 'x86-64-v2'

/** A model by name. Throws `RingsError` `model.unknown`. */
export function cpuModel(name: string = DEFAULT_CPU_MODEL): CpuModel {
  const models = cpuModels()
  const found = models.find((model) => model.name === name)
  if (found !== undefined) return found
  throw new RingsError('model.unknown', `there is no CPU model ${name}`, `use one of ${listed(models)}`)
}

function listed(models: readonly CpuModel[]): string {
  return models.map((model) => model.name).join(', ')
}

/** One of the processors of a package. Throws `RingsError` `model.topology`. */
export function withTopology(model: CpuModel, apicId: number, processors: number): CpuModel {
  const valid = Number.isInteger(apicId) && Number.isInteger(processors) && apicId >= 0 && processors > apicId
  if (valid && processors <= 255) return { ...model, apicId, processors }
  const what = `no processor ${apicId} in a package of ${processors}`
  throw new RingsError('model.topology', what, 'give a number below the number of processors, which is at most 255')
}
