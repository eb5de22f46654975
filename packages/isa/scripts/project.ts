/** Projections of the forms: the tables that each consumer imports, as plain numbers and strings. */
import { FormBit, ImmKind } from '../src/decoder/form-bits.ts'
import { OperandPlace } from '../src/decoder/places.ts'
import { REGISTER_CLASSES, RegisterClassId } from '../src/registers.ts'
import type { Form, OperandSpec } from './form.ts'
import { OPERAND_SIZE, TableError } from './operand-types.ts'

function firstImmediate(f: Form): number {
  const token = f.imms[0]
  const sign = f.operands.find((o) => o.place === 'I')?.immSignTo ?? 0
  switch (token) {
    case undefined:
      return ImmKind.none
    case 'ib':
      return sign ? ImmKind.s8 : ImmKind.u8
    case 'iw':
      return ImmKind.u16
    case 'id':
      return sign ? ImmKind.s32 : ImmKind.u32
    case 'iq':
      return ImmKind.u64
    case 'cb':
      return ImmKind.rel8
    case 'cw':
      return ImmKind.rel16
    case 'cd':
      return ImmKind.rel32
    case 'ap16':
      return ImmKind.far16
    case 'ap32':
      return ImmKind.far32
    case 'mo':
      return ImmKind.moffs
    case 'is4':
      return ImmKind.is4
    default:
      throw new TableError(`${f.name}: unknown immediate`)
  }
}

function secondImmediate(f: Form): number {
  if (f.imms.length > 2) throw new TableError(`${f.name}: more than two immediates`)
  const token = f.imms[1]
  if (token !== undefined && token !== 'ib' && token !== 'iw')
    throw new TableError(`${f.name}: second immediate ${token}`)
  return token === 'ib' ? 1 : token === 'iw' ? 2 : 0
}

/** The decoder's word for one form: see FormBit. */
export function formBits(f: Form): number {
  let bits = firstImmediate(f) | (secondImmediate(f) << FormBit.imm2Shift)
  const set = (condition: boolean, bit: number) => {
    if (condition) bits |= bit
  }
  const encoded = (reg: string) => f.operands.find((o) => o.reg === reg && o.place === 'R')
  set(f.attributes.has('lock'), FormBit.lock)
  set(f.later !== null, FormBit.later)
  set(f.size64 === 'd64', FormBit.d64)
  set(f.size64 === 'f64', FormBit.f64)
  set(
    f.operands.some((o) => o.place === 'V'),
    FormBit.vvvv,
  )
  set(encoded('sreg') !== undefined, FormBit.sreg | FormBit.check)
  set(encoded('sreg')?.access === 'w', FormBit.sregWrite)
  set(encoded('cr') !== undefined, FormBit.cr | FormBit.check)
  set(encoded('dr') !== undefined, FormBit.dr | FormBit.check)
  set(
    f.operands.some((o) => o.vsib !== null),
    FormBit.vsib | FormBit.check,
  )
  set(f.attributes.has('gather'), FormBit.gather | FormBit.check)
  set(
    f.operands.some((o) => o.type === 'mib'),
    FormBit.mib | FormBit.check,
  )
  set(f.attributes.has('no66'), FormBit.no66 | FormBit.check)
  set(f.attributes.has('rep'), FormBit.rep)
  set(f.attributes.has('repcc'), FormBit.repcc)
  set(f.hasModrm, FormBit.modrm)
  set(f.space === 'vex' || f.pp !== null, FormBit.sizeless)
  bits |= (f.operandSize === null ? 0 : { 16: 1, 32: 2, 64: 3 }[f.operandSize]) << FormBit.sizeShift
  return bits
}

const PLACE: Readonly<Record<OperandSpec['place'], number>> = {
  R: OperandPlace.reg,
  M: OperandPlace.rm,
  V: OperandPlace.vvvv,
  O: OperandPlace.opcode,
  I: OperandPlace.imm,
  J: OperandPlace.imm2,
  D: OperandPlace.rel,
  S: OperandPlace.is4,
  fixed: OperandPlace.fixed,
  const: OperandPlace.constant,
  si: OperandPlace.si,
  di: OperandPlace.di,
  memfixed: OperandPlace.memFixed,
}

/** Distinct operand specifications, in columns; number 0 is "no operand". */
export interface OperandTable {
  readonly place: number[]
  /** Register class number, 0 none. */
  readonly reg: number[]
  /** Fixed register number or constant. */
  readonly fixed: number[]
  readonly memBytes: number[]
  /** Width in bits to which an immediate counts: its own, or the one it is sign-extended to. */
  readonly immBits: number[]
  readonly immSigned: number[]
  readonly vsib: number[]
  readonly type: string[]
  /** Four a form, form 0 first. */
  readonly ofForm: number[]
  readonly counts: number[]
}

/** Bits in which an immediate counts; 0 stands for the operand size. */
function immediateBits(o: OperandSpec): number {
  if (o.immSignTo === OPERAND_SIZE) return 0
  return o.immSignTo && o.place !== 'D' ? o.immSignTo : o.immBytes * 8
}

function placeOf(o: OperandSpec, f: Form): number {
  if (o.place === 'D' && o.type.startsWith('ptr')) return OperandPlace.far
  if (o.place === 'D' && o.mem) return OperandPlace.moffs
  // ST(i) stands in ModRM.rm whichever letter the manual uses.
  if (o.place === 'O' && f.hasModrm) return OperandPlace.rm
  return PLACE[o.place]
}

export function operandTable(forms: readonly Form[]): OperandTable {
  const t: OperandTable = {
    place: [0],
    reg: [0],
    fixed: [0],
    memBytes: [0],
    immBits: [0],
    immSigned: [0],
    vsib: [0],
    type: [''],
    ofForm: [0, 0, 0, 0],
    counts: [0],
  }
  const known = new Map<string, number>()
  for (const f of forms) {
    if (f.operands.length > 4) throw new TableError(`${f.name}: more than four operands`)
    t.counts.push(f.operands.length)
    for (let i = 0; i < 4; i++) {
      const o = f.operands[i]
      if (!o) {
        t.ofForm.push(0)
        continue
      }
      const row = [
        placeOf(o, f),
        o.reg ? RegisterClassId[o.reg] : 0,
        o.fixed,
        o.memBytes,
        immediateBits(o),
        o.immSignTo ? 1 : 0,
        o.vsib ? REGISTER_CLASSES.indexOf(o.vsib) : 0,
      ] as const
      const key = `${row.join()},${o.type}`
      let at = known.get(key)
      if (at === undefined) {
        at = t.place.length
        known.set(key, at)
        const columns = [t.place, t.reg, t.fixed, t.memBytes, t.immBits, t.immSigned, t.vsib]
        for (const [k, column] of columns.entries()) column.push(row[k] ?? 0)
        t.type.push(o.type)
      }
      t.ofForm.push(at)
    }
  }
  return t
}
