import { type AnyBitfield, CR0, CR3, CR4, CR8, DR6, DR7, EFER, FIELD, SEGMENT, type StateField } from '@ringfold/arch'
import { canonicalRegister } from './general.ts'
import { type DebugRegister, fieldRegister, hiOf, loOf } from './register.ts'

/**
 * What a debugger must not change, because the rest of the state would have to change with it: a mode of the processor is entered
 * by executing the instructions that do.
 */
const MODE_BITS = {
  cr0: CR0.lo.PE | CR0.lo.PG,
  cr4: CR4.lo.PAE | CR4.lo.LA57 | CR4.lo.PCIDE,
  efer: EFER.lo.LME | EFER.lo.LMA,
} as const

/** A register of flags: reserved bits and bits of `mode` keep their values, or the write is refused. */
function flagsRegister(name: string, field: StateField<64>, table: AnyBitfield, mode = 0): DebugRegister {
  return {
    name,
    bits: 64,
    type: name,
    feature: 'system',
    read: ({ state }) => state.readBig(field),
    write: ({ state }, value) => {
      const [lo, hi] = [loOf(value), hiOf(value)]
      const changed = ((lo ^ state.lo(field)) & (table.reservedLo | mode)) | ((hi ^ state.hi(field)) & table.reservedHi)
      if (changed !== 0) return false
      state.set(field, lo, hi)
      return true
    },
  }
}

const system = { feature: 'system', type: 'uint64' } as const

/** Of the group "system". */
const grouped = { ...system, isSystem: true } as const

function debugRegisters(): DebugRegister[] {
  const addresses = [0, 1, 2, 3].map((n) => fieldRegister(`dr${n}`, FIELD.dr, grouped, n))
  const flags = [flagsRegister('dr6', FIELD.dr6, DR6), flagsRegister('dr7', FIELD.dr7, DR7)]
  return [...addresses, ...flags.map((register) => ({ ...register, isSystem: true }))]
}

/** Read-only: a descriptor table is loaded by the instruction that does. */
function shown(name: string, field: StateField, index = 0): DebugRegister {
  const bits = field.bits <= 32 ? 32 : 64
  const type = bits === 32 ? 'uint32' : 'uint64'
  return {
    ...fieldRegister(name, field, grouped, index),
    bits,
    type,
    write: ({ state }, value) => state.readBig(field, index) === value,
  }
}

function segmentRegisters(): DebugRegister[] {
  const { CS, SS, DS, ES, LDTR, TR } = SEGMENT
  const bases = [
    shown('cs_base', FIELD.segBase, CS),
    shown('ss_base', FIELD.segBase, SS),
    shown('ds_base', FIELD.segBase, DS),
    shown('es_base', FIELD.segBase, ES),
  ]
  const tables = [
    shown('ldtr', FIELD.segSelector, LDTR),
    shown('ldtr_base', FIELD.segBase, LDTR),
    shown('tr', FIELD.segSelector, TR),
    shown('tr_base', FIELD.segBase, TR),
    shown('gdtr_base', FIELD.gdtrBase),
    shown('gdtr_limit', FIELD.gdtrLimit),
    shown('idtr_base', FIELD.idtrBase),
    shown('idtr_limit', FIELD.idtrLimit),
  ]
  return [...bases, ...tables]
}

/** Control registers as QEMU's description names them, then debug registers, the rest of segmentation and a few MSRs. */
export function systemRegisters(): DebugRegister[] {
  return [
    canonicalRegister('k_gs_base', 'kernelGsBase'),
    flagsRegister('cr0', FIELD.cr0, CR0, MODE_BITS.cr0),
    fieldRegister('cr2', FIELD.cr2, system),
    { ...flagsRegister('cr3', FIELD.cr3, CR3), type: 'uint64' },
    flagsRegister('cr4', FIELD.cr4, CR4, MODE_BITS.cr4),
    { ...flagsRegister('cr8', FIELD.cr8, CR8), type: 'uint64' },
    flagsRegister('efer', FIELD.efer, EFER, MODE_BITS.efer),
    ...debugRegisters(),
    ...segmentRegisters(),
    ...(['star', 'lstar', 'cstar', 'fmask'] as const).map((name) => shown(name, FIELD[name])),
  ]
}

/** The bit-fields that `type` of a register names. */
export const FLAG_TYPES: Readonly<Record<string, AnyBitfield>> = /* @__PURE__ */ (() =>
  Object.freeze({ cr0: CR0, cr4: CR4, efer: EFER, dr6: DR6, dr7: DR7 }))()
