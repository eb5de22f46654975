/**
 * The decoder: bytes at an offset, and a mode, to an {@link Instruction}. Allocates nothing, never throws, looks at 15 bytes at most.
 * The order of its steps is the one of SDM vol. 2, 2.1 (figure 2-1): prefixes, opcode, ModRM, SIB, displacement, immediate.
 */
import { checkedBits } from '../errors.ts'
import { FORM_BITS, NODES, ROOTS_16, ROOTS_32, ROOTS_64 } from '../generated/decode.ts'
import { evexEnd, xopEnd } from './extent.ts'
import { CONTROL_REGISTERS, FormBit, ImmKind } from './form-bits.ts'
import { BASE_IP, type Instruction, InvalidReason, Prefix, Status } from './instruction.ts'

export interface DecoderOptions {
  /** Whose rule holds where Intel and AMD differ (66 before near branches in 64-bit mode, LOCK MOV CR0). Default `intel`. */
  readonly vendor?: 'intel' | 'amd'
}

const MAX_LENGTH = 15
/** The fast path may look this far past the offset without asking. */
const SLACK = 32

// Classes of bytes at the start of an instruction.
const C_OPCODE = 0
const C_SEGMENT = 1 // 1..6: ES CS SS DS FS GS
const C_66 = 7
const C_67 = 8
const C_LOCK = 9
const C_F3 = 10
const C_F2 = 11
const C_REX = 12
const C_0F = 13
const C_VEX2 = 14
const C_VEX3 = 15
const C_EVEX = 16
const C_XOP = 17

const VEX_MAP_ROOT = [-1, 4, 5, 6, -1, -1, -1, 7]

function byteClasses(mode: number): Uint8Array {
  const c = new Uint8Array(256)
  for (const [i, b] of [0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65].entries()) c[b] = C_SEGMENT + i
  c[0x66] = C_66
  c[0x67] = C_67
  c[0xf0] = C_LOCK
  c[0xf3] = C_F3
  c[0xf2] = C_F2
  c[0x0f] = C_0F
  c[0xc5] = C_VEX2
  c[0xc4] = C_VEX3
  c[0x62] = C_EVEX
  c[0x8f] = C_XOP
  if (mode === 64) c.fill(C_REX, 0x40, 0x50)
  return c
}

/** 16-bit addressing: base and index registers by ModRM.rm (SDM vol. 2, table 2-1). */
const BASE16 = /* @__PURE__ */ Int8Array.from([3, 3, 5, 5, 6, 7, 5, 3])
const INDEX16 = /* @__PURE__ */ Int8Array.from([6, 7, 6, 7, -1, -1, -1, -1])

/** Roots for AMD: where only Intel has a ModRM byte (bit 26, UD0), none. */
const withoutIntelModrm = (roots: Uint32Array): Uint32Array => roots.map((n) => (n & 0x4000000 ? n & ~0x1000000 : n))

/** Decodes for one mode. Holds no state of the instructions that it has seen. */
export class Decoder {
  readonly bits: 16 | 32 | 64
  readonly vendor: 'intel' | 'amd'
  readonly #classes: Uint8Array
  readonly #roots: Uint32Array
  readonly #mode64: boolean
  readonly #amd: number
  readonly #scratch = new Uint8Array(2 * SLACK)
  // The position of the parse, and ModRM and SIB as they stand: fields, so that the steps can share them.
  #p = 0

  constructor(bits: 16 | 32 | 64, options: DecoderOptions = {}) {
    this.bits = checkedBits(bits)
    this.vendor = options.vendor ?? 'intel'
    this.#classes = byteClasses(bits)
    const roots = bits === 64 ? ROOTS_64 : bits === 32 ? ROOTS_32 : ROOTS_16
    this.#roots = this.vendor === 'amd' ? withoutIntelModrm(roots) : roots
    this.#mode64 = bits === 64
    this.#amd = this.vendor === 'amd' ? 1 : 0
  }

  /**
   * Decodes the instruction at `offset` of `bytes`, which end at `end`, into `out`.
   * @returns `out.status`. `out.ipLo` and `out.ipHi` are left alone.
   */
  decode(out: Instruction, bytes: Uint8Array, offset = 0, end: number = bytes.length): Status {
    if (end > bytes.length) end = bytes.length
    if (end - offset >= SLACK && offset >= 0) return this.#decode(out, bytes, offset, MAX_LENGTH)
    const available = offset >= 0 && offset < end ? end - offset : 0
    const scratch = this.#scratch
    scratch.fill(0)
    for (let i = 0; i < available && i < SLACK; i++) scratch[i] = bytes[offset + i] as number
    return this.#decode(out, scratch, 0, Math.min(available, MAX_LENGTH))
  }

  #decode(out: Instruction, bytes: Uint8Array, offset: number, available: number): Status {
    const classes = this.#classes
    const mode64 = this.#mode64
    let p = offset
    let prefixes = 0
    let rex = 0
    let pp = 0
    let segment = -1
    let b = bytes[p++] as number
    let c = classes[b] as number
    while (c !== C_OPCODE && c < C_0F) {
      if (p - offset >= available) return this.#fail(out, p - offset + 1, available, InvalidReason.tooLong)
      if (c === C_REX) {
        rex = b
      } else {
        rex = 0
        if (c <= 6) {
          // ES, CS, SS and DS overrides are ignored in 64-bit mode (SDM vol. 1, 3.4.2.1): they do not displace FS or GS, but
          // 3E is still CET's NOTRACK, and 2E and 3E are branch hints.
          if (!mode64 || c >= 5 || segment < 4) segment = c - C_SEGMENT
        } else if (c === C_66) prefixes |= Prefix.operandSize
        else if (c === C_67) prefixes |= Prefix.addressSize
        else if (c === C_LOCK) prefixes |= Prefix.lock
        else {
          // The last of F2 and F3 counts.
          prefixes = (prefixes & ~(Prefix.rep | Prefix.repne)) | (c === C_F3 ? Prefix.rep : Prefix.repne)
          pp = c === C_F3 ? 2 : 3
        }
      }
      b = bytes[p++] as number
      c = classes[b] as number
    }
    if (rex !== 0) prefixes |= Prefix.rex
    let root = 0
    let w = (rex >> 3) & 1
    let vex = false
    let vvvv = 0
    if (c !== C_OPCODE) {
      if (c === C_0F) {
        b = bytes[p++] as number
        root = 256
        if (b === 0x38 || b === 0x3a) {
          root = b === 0x38 ? 512 : 768
          b = bytes[p++] as number
        }
      } else {
        const next = bytes[p] as number
        if (c === C_XOP ? (next & 0x1f) >= 8 : mode64 || next >= 0xc0) {
          if (p - offset >= available) return this.#fail(out, p - offset + 1, available, InvalidReason.undefinedOpcode)
          if (prefixes & (Prefix.operandSize | Prefix.lock | Prefix.rep | Prefix.repne | Prefix.rex))
            return this.#fail(out, p - offset, available, InvalidReason.prefixBeforeVex)
          if (c === C_EVEX || c === C_XOP) return this.#extent(out, bytes, offset, p, available, prefixes, c === C_EVEX)
          vex = true
          prefixes |= Prefix.vex
          let v = next
          if (c === C_VEX2) {
            rex = ((next >> 5) & 4) ^ 4
            root = 4 * 256
          } else {
            root = VEX_MAP_ROOT[next & 7] as number
            if ((next & 0x18) !== 0 || root < 0)
              return this.#fail(out, p - offset + 1, available, InvalidReason.undefinedOpcode)
            root *= 256
            rex = (next >> 5) ^ 7
            v = bytes[++p] as number
            w = v >> 7
            rex |= w << 3
          }
          p++
          if (!mode64) rex &= 8
          vvvv = (~v >> 3) & 15
          out.vvvv = mode64 ? vvvv : vvvv & 7
          out.vectorLength = (v >> 2) & 1
          pp = v & 3
          b = bytes[p++] as number
        }
      }
    }
    if (!vex) {
      if (pp === 0) pp = prefixes & 1
      out.vvvv = 0
      out.vectorLength = 0
    }
    // Effective sizes as selector values: 0, 1, 2 for 16, 32, 64.
    const osz = mode64 ? (w ? 2 : (prefixes & 1) ^ 1) : (this.bits === 32 ? 1 : 0) ^ (prefixes & 1)
    const asz = this.#addressSize(prefixes)
    let n = this.#roots[root + b] as number
    out.base = -1
    out.index = -1
    out.sib = -1
    out.dispBytes = 0
    out.dispLo = 0
    out.dispHi = 0
    let mod = 3
    let modrm = 0
    if (n & 0x1000000) {
      modrm = bytes[p++] as number
      mod = n & 0x2000000 ? 3 : modrm >> 6
      out.reg = ((modrm >> 3) & 7) | ((rex & 4) << 1)
      out.rm = (modrm & 7) | ((rex & 1) << 3)
      if (mod !== 3) {
        this.#p = p
        if (asz !== 0) this.#memory32(out, bytes, mod, modrm & 7, rex, offset)
        else this.#memory16(out, bytes, mod, modrm & 7, offset)
        p = this.#p
      }
    }
    out.mod = mod
    let kind = (n >> 16) & 0xff
    while (kind !== 0) {
      n = n & 0xffff
      switch (kind) {
        case 1:
          n += this.#amd
          break
        case 2:
          n += pp
          break
        case 3:
          n += (modrm >> 3) & 7
          break
        case 4:
          n += mod === 3 ? 1 : 0
          break
        case 5:
          n += modrm & 7
          break
        case 6:
          n += osz
          break
        case 7:
          n += w
          break
        case 8:
          n += out.vectorLength
          break
        case 9:
          n += asz
          break
        default:
          n += rex & 1
          break
      }
      n = NODES[n] as number
      kind = n >> 16
    }
    const form = n & 0xffff
    const bits = FORM_BITS[form] as number
    out.form = form
    out.mode = this.bits
    out.prefixes = prefixes
    out.rex = rex
    out.segment = segment
    out.addressSize = 16 << asz
    out.opcodeReg = (b & 7) | ((rex & 1) << 3)
    if (form === 0) return this.#fail(out, p - offset, available, InvalidReason.undefinedOpcode)
    const declared = (bits >> FormBit.sizeShift) & FormBit.sizeMask
    if (declared !== 0) out.operandSize = 8 << declared
    else if ((bits & FormBit.sizeless) !== 0) out.operandSize = this.bits === 16 ? 16 : 32
    else if (
      mode64 &&
      (bits & (FormBit.d64 | FormBit.f64)) !== 0 &&
      (osz === 1 || ((bits & FormBit.f64) !== 0 && this.#amd === 0))
    )
      out.operandSize = 64
    else out.operandSize = 16 << osz
    if ((bits & FormBit.immMask) !== 0) p = this.#immediate(out, bytes, p, offset, bits, asz)
    else out.immBytes = 0
    const length = p - offset
    out.length = length
    if (length > available) return this.#fail(out, length, available, InvalidReason.tooLong)
    if ((bits & FormBit.check) !== 0 || (prefixes & Prefix.lock) !== 0 || vvvv !== 0) {
      const reason = this.#check(out, bits, vvvv)
      if (reason !== InvalidReason.none) return this.#fail(out, length, available, reason)
    }
    out.reason = InvalidReason.none
    const status = bits & FormBit.later ? Status.notInTable : Status.ok
    out.status = status
    return status
  }

  /** Not an instruction: `looked` bytes decided it. If not all of them are there, more bytes could change the answer. */
  #fail(out: Instruction, looked: number, available: number, reason: InvalidReason): Status {
    out.form = 0
    out.mode = this.bits
    out.length = Math.min(looked, available)
    if (looked > available && available < MAX_LENGTH) {
      out.reason = InvalidReason.none
      out.status = Status.needMoreBytes
      return Status.needMoreBytes
    }
    out.reason = looked > available ? InvalidReason.tooLong : reason
    out.status = Status.invalid
    return Status.invalid
  }

  /** 32- and 64-bit addressing (SDM vol. 2, tables 2-2 and 2-3; 2.2.1.6 for RIP-relative). */
  #memory32(out: Instruction, bytes: Uint8Array, mod: number, rm: number, rex: number, offset: number): void {
    let p = this.#p
    let base = rm
    out.sib = -1
    if (rm === 4) {
      const sib = bytes[p++] as number
      out.sib = sib
      base = sib & 7
      const index = ((sib >> 3) & 7) | ((rex & 2) << 2)
      // The scale is kept without an index too: GNU prints it, and it re-encodes to the same bytes.
      out.scale = sib >> 6
      if (index !== 4) out.index = index
      if (base === 5 && mod === 0) base = -1
    } else {
      out.scale = 0
      if (rm === 5 && mod === 0) base = this.#mode64 ? BASE_IP : -1
    }
    if (mod === 1) {
      out.dispBytes = 1
      out.dispOffset = p - offset
      const d = ((bytes[p++] as number) << 24) >> 24
      out.dispLo = d
      out.dispHi = d >> 31
    } else if (mod === 2 || base === -1 || base === BASE_IP) {
      out.dispBytes = 4
      out.dispOffset = p - offset
      const d =
        (bytes[p] as number) |
        ((bytes[p + 1] as number) << 8) |
        ((bytes[p + 2] as number) << 16) |
        ((bytes[p + 3] as number) << 24)
      p += 4
      out.dispLo = d
      out.dispHi = d >> 31
    }
    out.base = base === -1 || base === BASE_IP ? base : base | ((rex & 1) << 3)
    this.#p = p
  }

  /** 16-bit addressing (SDM vol. 2, table 2-1). */
  #memory16(out: Instruction, bytes: Uint8Array, mod: number, rm: number, offset: number): void {
    let p = this.#p
    out.sib = -1
    out.scale = 0
    if (rm === 6 && mod === 0) {
      out.base = -1
    } else {
      out.base = BASE16[rm] as number
      out.index = INDEX16[rm] as number
    }
    if (mod === 1) {
      out.dispBytes = 1
      out.dispOffset = p - offset
      const d = ((bytes[p++] as number) << 24) >> 24
      out.dispLo = d
      out.dispHi = d >> 31
    } else if (mod === 2 || out.base === -1) {
      out.dispBytes = 2
      out.dispOffset = p - offset
      out.dispLo = (((bytes[p] as number) | ((bytes[p + 1] as number) << 8)) << 16) >> 16
      out.dispHi = out.dispLo >> 31
      p += 2
    }
    this.#p = p
  }

  #immediate(out: Instruction, bytes: Uint8Array, p: number, offset: number, bits: number, asz: number): number {
    out.immOffset = p - offset
    const first = p
    switch (bits & FormBit.immMask) {
      case ImmKind.u8:
      case ImmKind.is4:
        out.immLo = bytes[p++] as number
        out.immHi = 0
        break
      case ImmKind.s8:
      case ImmKind.rel8:
        out.immLo = ((bytes[p++] as number) << 24) >> 24
        out.immHi = out.immLo >> 31
        break
      case ImmKind.u16:
        out.immLo = (bytes[p] as number) | ((bytes[p + 1] as number) << 8)
        out.immHi = 0
        p += 2
        break
      case ImmKind.rel16:
        out.immLo = (((bytes[p] as number) | ((bytes[p + 1] as number) << 8)) << 16) >> 16
        out.immHi = out.immLo >> 31
        p += 2
        break
      case ImmKind.u32:
      case ImmKind.s32:
      case ImmKind.rel32:
        out.immLo = read32(bytes, p)
        out.immHi = (bits & FormBit.immMask) === ImmKind.u32 ? 0 : out.immLo >> 31
        p += 4
        break
      case ImmKind.u64:
        out.immLo = read32(bytes, p)
        out.immHi = read32(bytes, p + 4)
        p += 8
        break
      case ImmKind.far16:
        out.immLo = (bytes[p] as number) | ((bytes[p + 1] as number) << 8)
        out.immHi = 0
        out.imm2 = (bytes[p + 2] as number) | ((bytes[p + 3] as number) << 8)
        p += 4
        break
      case ImmKind.far32:
        out.immLo = read32(bytes, p)
        out.immHi = 0
        out.imm2 = (bytes[p + 4] as number) | ((bytes[p + 5] as number) << 8)
        p += 6
        break
      default:
        return this.#memoryOffset(out, bytes, p, offset, asz)
    }
    out.immBytes = p - first
    const second = (bits >> FormBit.imm2Shift) & FormBit.imm2Mask
    if (second === 1) out.imm2 = bytes[p++] as number
    else if (second === 2) {
      out.imm2 = (bytes[p] as number) | ((bytes[p + 1] as number) << 8)
      p += 2
    }
    return p
  }

  /** MOV moffs: the address itself, as wide as the address size, not sign-extended. */
  #memoryOffset(out: Instruction, bytes: Uint8Array, p: number, offset: number, asz: number): number {
    out.immBytes = 0
    out.dispOffset = p - offset
    out.dispBytes = 2 << asz
    out.dispHi = 0
    if (asz === 0) out.dispLo = (bytes[p] as number) | ((bytes[p + 1] as number) << 8)
    else out.dispLo = read32(bytes, p)
    if (asz === 2) out.dispHi = read32(bytes, p + 4)
    return p + (2 << asz)
  }

  /** Rules that only some forms have. */
  #check(out: Instruction, bits: number, vvvv: number): InvalidReason {
    if ((out.prefixes & Prefix.lock) !== 0) {
      const altMovCr8 = (bits & FormBit.cr) !== 0 && this.#amd === 1 && (out.reg === 0 || out.reg === 8)
      if (altMovCr8)
        out.reg = 8 // APM vol. 3, MOV CRn: LOCK MOV CR0 is MOV CR8
      else if ((bits & FormBit.lock) === 0 || out.mod === 3) return InvalidReason.lock
    }
    // All four bits count, also where three name a register (SDM vol. 2, 2.3.5.6: 1111b, otherwise #UD).
    if (vvvv !== 0 && (bits & FormBit.vvvv) === 0) return InvalidReason.vvvv
    if ((bits & FormBit.sreg) !== 0) {
      out.reg &= 7 // REX.R is ignored (SDM vol. 2, 2.2.1.2)
      if (out.reg > 5 || (out.reg === 1 && (bits & FormBit.sregWrite) !== 0)) return InvalidReason.register
    }
    if ((bits & FormBit.cr) !== 0 && ((CONTROL_REGISTERS >> out.reg) & 1) === 0) return InvalidReason.register
    if ((bits & FormBit.dr) !== 0 && out.reg > 7) return InvalidReason.register
    if ((bits & FormBit.no66) !== 0 && (out.prefixes & Prefix.operandSize) !== 0) return InvalidReason.undefinedOpcode
    if ((bits & FormBit.mib) !== 0 && out.base === BASE_IP) return InvalidReason.addressing
    if ((bits & FormBit.vsib) !== 0) {
      if (out.sib < 0) return InvalidReason.addressing
      out.index = ((out.sib >> 3) & 7) | ((out.rex & 2) << 2)
      if ((bits & FormBit.gather) !== 0 && (out.reg === out.index || out.reg === out.vvvv || out.index === out.vvvv))
        return InvalidReason.gather
    }
    return InvalidReason.none
  }

  /** EVEX and XOP: only how long they are. */
  #extent(
    out: Instruction,
    bytes: Uint8Array,
    offset: number,
    p: number,
    available: number,
    prefixes: number,
    evex: boolean,
  ): Status {
    const asz = this.#addressSize(prefixes)
    const length = (evex ? evexEnd(bytes, p, asz) : xopEnd(bytes, p, asz)) - offset
    if (length < 0) return this.#fail(out, p - offset + 1, available, InvalidReason.undefinedOpcode)
    if (length > available) return this.#fail(out, length, available, InvalidReason.tooLong)
    out.form = 0
    out.mode = this.bits
    out.length = length
    out.prefixes = prefixes | (evex ? Prefix.evex : Prefix.xop)
    out.addressSize = 16 << asz
    out.immBytes = 0
    out.dispBytes = 0
    out.reason = InvalidReason.none
    out.status = Status.notInTable
    return Status.notInTable
  }

  /** Effective address size as selector value: 0, 1, 2 for 16, 32, 64. */
  #addressSize(prefixes: number): number {
    const override = (prefixes >> 1) & 1
    return this.#mode64 ? 2 - override : (this.bits === 32 ? 1 : 0) ^ override
  }
}

function read32(bytes: Uint8Array, p: number): number {
  return (
    (bytes[p] as number) |
    ((bytes[p + 1] as number) << 8) |
    ((bytes[p + 2] as number) << 16) |
    ((bytes[p + 3] as number) << 24)
  )
}
