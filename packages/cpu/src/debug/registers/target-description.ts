import { type AnyBitfield, type BitPosition, MXCSR, RFLAGS } from '@ringfold/arch'
import { type DebugRegister, REGISTER_FEATURES, type RegisterFeature } from './register.ts'
import { FLAG_TYPES } from './system.ts'
import type { RegisterTable } from './table.ts'

/** GDB manual, appendix G.5.15 "x86 Features". The last is our own: gdb shows what it does not know, too. */
const FEATURE_NAMES: Readonly<Record<RegisterFeature, string>> = {
  core: 'org.gnu.gdb.i386.core',
  sse: 'org.gnu.gdb.i386.sse',
  segments: 'org.gnu.gdb.i386.segments',
  system: 'org.ringfold.system',
}

const VECTORS: readonly (readonly [id: string, element: string, count: number])[] = [
  ['v4f', 'ieee_single', 4],
  ['v2d', 'ieee_double', 2],
  ['v16i8', 'int8', 16],
  ['v8i16', 'int16', 8],
  ['v4i32', 'int32', 4],
  ['v2i64', 'int64', 2],
]

/** The members that gdb's own descriptions give to a vector register, so that `$xmm0.v4_float` works. */
const VECTOR_MEMBERS: readonly (readonly [name: string, type: string])[] = [
  ['v4_float', 'v4f'],
  ['v2_double', 'v2d'],
  ['v16_int8', 'v16i8'],
  ['v8_int16', 'v8i16'],
  ['v4_int32', 'v4i32'],
  ['v2_int64', 'v2i64'],
  ['uint128', 'uint128'],
]

function bitRange(at: BitPosition): readonly [start: number, end: number] {
  if (typeof at === 'number') return [at, at]
  const [msb = '0', lsb = msb] = at.split(':')
  return [Number(lsb), Number(msb)]
}

/** The flags type of a bit-field table. Fields of more than 32 bits (addresses) gdb would print as flags: they are left out. */
function flagsType(id: string, table: AnyBitfield, sizeBytes: 4 | 8): string {
  const fields = table.fields
    .filter((field) => field.widthBits <= 32)
    .map((field) => {
      const [start, end] = bitRange(field.at)
      return `<field name="${field.name}" start="${start}" end="${end}"/>`
    })
  return `<flags id="${id}" size="${sizeBytes}">${fields.join('')}</flags>`
}

function vectorTypes(): string {
  const vectors = VECTORS.map(([id, type, count]) => `<vector id="${id}" type="${type}" count="${count}"/>`)
  const members = VECTOR_MEMBERS.map(([name, type]) => `<field name="${name}" type="${type}"/>`)
  return `${vectors.join('')}<union id="vec128">${members.join('')}</union>`
}

function typesOf(feature: RegisterFeature): string {
  switch (feature) {
    case 'core':
      return flagsType('eflags', RFLAGS, 4)
    case 'sse':
      return vectorTypes() + flagsType('mxcsr', MXCSR, 4)
    case 'system':
      return Object.entries(FLAG_TYPES)
        .map(([id, table]) => flagsType(id, table, 8))
        .join('')
    default:
      return ''
  }
}

function groupOf(register: DebugRegister): string {
  if (register.isSystem) return ' group="system"'
  return register.feature === 'core' && /^f[a-z]{2,}$/.test(register.name) ? ' group="float"' : ''
}

function registerElement(register: DebugRegister, number: number): string {
  const { name, bits, type } = register
  return `<reg name="${name}" bitsize="${bits}" type="${type}" regnum="${number}"${groupOf(register)}/>`
}

/** The document `target.xml`: registers, their numbers and types. GDB manual, appendix G "Target Descriptions". */
export function targetDescription({ architecture, registers }: RegisterTable): string {
  const features = REGISTER_FEATURES.map((feature) => {
    const elements = registers
      .map((register, number) => (register.feature === feature ? registerElement(register, number) : ''))
      .join('')
    return elements === '' ? '' : `<feature name="${FEATURE_NAMES[feature]}">${typesOf(feature)}${elements}</feature>`
  })
  return [
    '<?xml version="1.0"?><!DOCTYPE target SYSTEM "gdb-target.dtd">',
    `<target version="1.0"><architecture>${architecture}</architecture>`,
    ...features,
    '</target>',
  ].join('')
}
