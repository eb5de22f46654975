/** The encoder's projection of the forms: the text of `src/generated/encode.ts`. */
import { MandatoryPrefix, MemoryUse, Mod, Rule, Shape } from '../src/encoder/form-shape.ts'
import { type Form, PP } from './form.ts'
import { TableError } from './operand-types.ts'
import { type OperandTable, operandTable } from './project.ts'

/** `emit.ts` writes columns; this file only says which. */
export interface ColumnWriter {
  readonly header: string
  readonly numbers: (name: string, type: string, doc: string, values: readonly number[]) => string
  readonly strings: (name: string, doc: string, values: readonly string[]) => string
}

function mandatoryPrefix(f: Form): number {
  if (f.pp === null) return MandatoryPrefix.none
  if (f.pp.length === 2) return MandatoryPrefix.nfx
  const only = f.pp[0]
  if (only === PP.NP) return MandatoryPrefix.np
  return only === PP['66'] ? MandatoryPrefix.x66 : only === PP.F3 ? MandatoryPrefix.f3 : MandatoryPrefix.f2
}

function shape(f: Form): number {
  const bit = (v: 0 | 1 | null): number => (v === null ? 0 : v + 1)
  const field = (v: number | null): number => v ?? Shape.fieldFree
  const mod = f.mod === null ? Mod.any : f.mod === 0 ? Mod.memory : Mod.register
  const word =
    f.opcode |
    (f.map << Shape.mapShift) |
    (field(f.reg) << Shape.regShift) |
    (field(f.rm) << Shape.rmShift) |
    (mod << Shape.modShift) |
    (mandatoryPrefix(f) << Shape.prefixShift) |
    (bit(f.w) << Shape.wShift) |
    (bit(f.l) << Shape.lShift)
  return word | (f.space === 'vex' ? Shape.vex : 0) | (f.plusR ? Shape.plusR : 0)
}

const sizeNumber = (size: number | null): number => (size === null ? 0 : { 16: 1, 32: 2, 64: 3 }[size as 16 | 32 | 64])

/** Registers of a `+r` form whose opcode another row has for itself, without REX.B. */
function takenRegisters(f: Form, forms: readonly Form[]): readonly number[] {
  if (!f.plusR) return []
  const rivals = forms.filter((g) => !g.plusR && g.space === f.space && g.map === f.map)
  return [...new Set(rivals.map((g) => g.opcode - f.opcode).filter((r) => r >= 0 && r < 8))]
}

function rules(f: Form, forms: readonly Form[]): number {
  let word =
    sizeNumber(f.operandSize) |
    (sizeNumber(f.addressSize) << Rule.addressSizeShift) |
    (f.modes.reduce((bits, m) => bits | (m >> 4), 0) << Rule.modesShift)
  const set = (condition: boolean, bit: number) => {
    if (condition) word |= bit
  }
  const taken = takenRegisters(f, forms)
  if (taken.some((r) => r !== 0)) throw new TableError(`${f.name}: another row has its opcode with register ${taken}`)
  set(f.sizeKind === 'y', Rule.sizeByW)
  set(f.attributes.has('alias'), Rule.alias)
  set(f.attributes.has('undoc'), Rule.undocumented)
  set(f.vendor === 'intel', Rule.intel)
  set(f.vendor === 'amd', Rule.amd)
  set(
    f.operands.some((o) => o.place === 'M' && o.access === 'r' && /^r\d+\/m16$/.test(o.type)),
    Rule.selectorSource,
  )
  set(taken.length > 0, Rule.registerZeroTaken)
  set(f.attributes.has('nomodreg'), Rule.modIgnored)
  return word
}

/** By specification: whether memory can stand there (MemoryUse). */
function memoryUse(forms: readonly Form[], table: OperandTable): number[] {
  const uses = table.type.map(() => MemoryUse.none as number)
  forms.forEach((f, i) => {
    f.operands.forEach((o, k) => {
      if (!o.mem) return
      const bySize = /^m16:|^m\d+byte$/.test(o.type)
      uses[table.ofForm[(i + 1) * 4 + k] as number] = bySize ? MemoryUse.bySize : MemoryUse.sized
    })
  })
  return uses
}

function mnemonicType(forms: readonly Form[]): string {
  const names = [...new Set(forms.filter((f) => f.later === null).map((f) => f.mnemonic.toLowerCase()))]
  const lines: string[] = []
  for (const name of names) {
    const last = lines.at(-1)
    const text = `| '${name}'`
    if (last !== undefined && last.length + text.length < 158) lines[lines.length - 1] = `${last} ${text}`
    else lines.push(`  ${text}`)
  }
  return `/** Every mnemonic of the table. */\nexport type Mnemonic =\n${lines.join('\n')};\n`
}

/** The text of `src/generated/encode.ts`. */
export function encodeFile(forms: readonly Form[], write: ColumnWriter): string {
  const table = operandTable(forms)
  const { numbers, strings } = write
  return [
    write.header,
    numbers('FORM_SHAPE', 'Uint32Array', 'Bytes of each form: Shape in encoder/form-shape.ts.', [
      0,
      ...forms.map(shape),
    ]),
    numbers('FORM_RULES', 'Uint16Array', 'Modes and sizes of each form: Rule in encoder/form-shape.ts.', [
      0,
      ...forms.map((f) => rules(f, forms)),
    ]),
    numbers('SPEC_MEMORY', 'Uint8Array', 'By operand specification: how it takes memory.', memoryUse(forms, table)),
    strings('SPEC_TYPE', "By operand specification: its type in the manual's letters.", table.type),
    mnemonicType(forms),
  ].join('\n')
}
