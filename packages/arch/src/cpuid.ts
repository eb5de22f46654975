import { type Bitfield, type BitfieldRows, bitfield } from './bitfield.ts'
import { cpuidTable } from './cpuid-table.ts'

type Table = ReturnType<typeof cpuidTable>

/** An output register of CPUID: `1.ECX`, or with its sub-leaf `7.0.EBX`; leaf and sub-leaf are hexadecimal, `n` any sub-leaf. */
export type CpuidRegisterName = keyof Table

type FlagsOf<Rows> = { [K in keyof Rows]: Rows[K] extends readonly [number, ...unknown[]] ? K : never }[keyof Rows]

/** The name of a feature: of any single bit that CPUID reports. */
export type CpuidFeatureName = { [R in CpuidRegisterName]: FlagsOf<Table[R]> }[CpuidRegisterName] & string

/** Which register CPUID returns something in. */
export type CpuidOutput = 'EAX' | 'EBX' | 'ECX' | 'EDX'

/** Where CPUID reports a feature. */
export interface CpuidFeature {
  readonly name: CpuidFeatureName
  /** Input in EAX. */
  readonly leaf: number
  /** Input in ECX; `undefined` if the leaf does not look at it. */
  readonly subleaf: number | undefined
  readonly output: CpuidOutput
  readonly bit: number
  readonly meaning: string
  readonly source: string
  /** Other spellings: of the other manual, or of the instruction pages. */
  readonly aka: readonly string[]
}

/** An output register of CPUID, taken apart. */
export interface CpuidAddress {
  readonly leaf: number
  readonly subleaf: number | 'any' | undefined
  readonly output: CpuidOutput
}

let table: Table | undefined
const registers = /* @__PURE__ */ new Map<CpuidRegisterName, unknown>()

/** The bit-fields of an output register of CPUID: `cpuidRegister('1.EAX').extract('STEPPING', eax)`. */
export function cpuidRegister<Name extends CpuidRegisterName>(name: Name): Bitfield<Table[Name]> {
  let register = registers.get(name)
  if (register === undefined) {
    const source = sourceOf(cpuidAddress(name).leaf)
    register = bitfield<BitfieldRows>({ name: `CPUID ${name}`, widthBits: 32, source, fields: rowsOf()[name] })
    registers.set(name, register)
  }
  return register as Bitfield<Table[Name]>
}

function rowsOf(): Table {
  table ??= cpuidTable()
  return table
}

/** Leaf, sub-leaf and output of a register name. */
export function cpuidAddress(name: CpuidRegisterName): CpuidAddress {
  const parts = name.split('.')
  const [leaf, subleaf] = parts.slice(0, -1)
  return {
    leaf: Number.parseInt(leaf as string, 16),
    subleaf: subleaf === undefined ? undefined : subleaf === 'n' ? 'any' : Number.parseInt(subleaf, 16),
    output: parts.at(-1) as CpuidOutput,
  }
}

/** The names of all output registers in the table, by leaf. */
export function cpuidRegisterNames(): CpuidRegisterName[] {
  return Object.keys(rowsOf()) as CpuidRegisterName[]
}

function sourceOf(leaf: number): string {
  const intel = 'Intel SDM vol. 2A, chapter 3, "CPUID—CPU Identification"'
  if (leaf < 0x80000000) return `${intel}; AMD APM vol. 3, E.3`
  return leaf <= 0x80000008
    ? `AMD APM vol. 3, E.4; ${intel}`
    : 'AMD APM vol. 3, E.4 "Extended Feature Function Numbers"'
}

let byName: ReadonlyMap<string, CpuidFeature> | undefined

/** A feature by its name or one of its other spellings; `undefined` for a name that the table does not know. */
export function cpuidFeature(name: CpuidFeatureName): CpuidFeature
export function cpuidFeature(name: string): CpuidFeature | undefined
export function cpuidFeature(name: string): CpuidFeature | undefined {
  byName ??= featureMap()
  return byName.get(name)
}

/** All features, in the order of leaf, output and bit. */
export function cpuidFeatures(): CpuidFeature[] {
  byName ??= featureMap()
  return [...new Set(byName.values())]
}

function featureMap(): ReadonlyMap<string, CpuidFeature> {
  const map = new Map<string, CpuidFeature>()
  for (const registerName of cpuidRegisterNames()) {
    const { leaf, subleaf, output } = cpuidAddress(registerName)
    if (subleaf === 'any') continue
    for (const { name, at, meaning, source, aka } of cpuidRegister(registerName).fields) {
      if (typeof at !== 'number') continue
      const feature = Object.freeze({
        name: name as CpuidFeatureName,
        leaf,
        subleaf,
        output,
        bit: at,
        meaning,
        source,
        aka,
      })
      for (const spelling of [name, ...aka]) map.set(spelling, feature)
    }
  }
  return map
}

/** The four registers that CPUID returns, as unsigned 32-bit numbers. */
export interface CpuidResult {
  readonly eax: number
  readonly ebx: number
  readonly ecx: number
  readonly edx: number
}

/** Whether a processor has a feature, given what its CPUID answers. `query` stands for the instruction. */
export function hasFeature(name: CpuidFeatureName, query: (leaf: number, subleaf: number) => CpuidResult): boolean {
  const { leaf, subleaf = 0, output, bit } = cpuidFeature(name)
  if (leaf > query((leaf & 0xffff0000) >>> 0, 0).eax >>> 0) return false
  const result = query(leaf, subleaf)
  const word = { EAX: result.eax, EBX: result.ebx, ECX: result.ecx, EDX: result.edx }[output]
  return ((word >>> bit) & 1) === 1
}
