import {
  type CpuidFeatureName,
  CR4,
  cpuidFeature,
  cpuidFeatures,
  cpuidRegister,
  FIELD,
  XCR0,
  XSAVE_COMPONENT,
} from '@ringfold/arch'
import type { RuleContext, RuleStatus } from '../context.ts'
import { type CpuModel, hasFeature } from './model.ts'

const EXTENDED = 0x80000000
const XSAVE_LEGACY_BYTES = 576
const LINE_BYTES = 64
const OUTPUTS = ['EAX', 'EBX', 'ECX', 'EDX'] as const
/** EAX, EBX, ECX, EDX. */
const out = /* @__PURE__ */ new Uint32Array(4)

type Words = ReadonlyMap<string, Uint32Array>
const cache = /* @__PURE__ */ new WeakMap<CpuModel, Words>()

/** The features of a model as words, by leaf and sub-leaf. */
function featureWords(model: CpuModel): Words {
  const known = cache.get(model)
  if (known !== undefined) return known
  const words = new Map<string, Uint32Array>()
  for (const { name, leaf, subleaf = 0, output, bit } of cpuidFeatures()) {
    if (!model.features.has(name as CpuidFeatureName)) continue
    const key = `${leaf}.${subleaf}`
    const word = words.get(key) ?? new Uint32Array(4)
    words.set(key, word)
    const at = OUTPUTS.indexOf(output)
    word[at] = (word[at] as number) | (1 << bit)
  }
  cache.set(model, words)
  return words
}

/** XCR0 bits that a model supports (Intel SDM vol. 1, 13.1). */
export function supportedXcr0(model: CpuModel): number {
  if (!model.features.has('XSAVE')) return 0
  const { X87, SSE, AVX, PKRU } = XCR0.lo
  return X87 | SSE | (model.features.has('AVX') ? AVX : 0) | (model.features.has('PKU') ? PKRU : 0)
}

/** Bytes of a standard XSAVE area for the components of an XCR0 (Intel SDM vol. 2A, CPUID leaf 0DH). */
export function xsaveBytes(xcr0: number): number {
  let end = XSAVE_LEGACY_BYTES
  for (const { component, sizeBytes, offsetBytes } of Object.values(XSAVE_COMPONENT)) {
    if (offsetBytes !== undefined && ((xcr0 >>> component) & 1) !== 0) end = Math.max(end, offsetBytes + sizeBytes)
  }
  return end
}

/**
 * CPUID: puts what the model answers into EAX, EBX, ECX and EDX (upper halves zero). A leaf beyond the highest gives what the
 * highest basic leaf gives on Intel processors and zeros on AMD's. Intel SDM vol. 2A, CPUID; AMD APM vol. 3, appendix E.
 */
export function cpuid(ctx: RuleContext, leaf: number, subleaf: number): RuleStatus {
  const { state, model } = ctx
  let asked = leaf >>> 0
  const beyond = asked >= EXTENDED ? asked > model.maxExtendedLeaf : asked > model.maxLeaf
  if (beyond && model.vendor === 'GenuineIntel') asked = model.maxLeaf
  out.fill(0)
  if (!beyond || asked !== leaf >>> 0) answer(ctx, asked, subleaf >>> 0)
  state.set(FIELD.rax, out[0] as number, 0)
  state.set(FIELD.rbx, out[1] as number, 0)
  state.set(FIELD.rcx, out[2] as number, 0)
  state.set(FIELD.rdx, out[3] as number, 0)
  return 0
}

function answer(ctx: RuleContext, leaf: number, subleaf: number): void {
  const usesSubleaf = leaf === 7 || leaf === 0xd
  const words = featureWords(ctx.model).get(`${leaf}.${usesSubleaf ? subleaf : 0}`)
  if (words !== undefined) out.set(words)
  if (leaf < EXTENDED) basic(ctx, leaf, subleaf)
  else extended(ctx.model, leaf)
}

function set(eax: number, ebx: number, ecx: number, edx: number): void {
  out[0] = eax
  out[1] = ebx
  out[2] = ecx
  out[3] = edx
}

function text(value: string, at: number): number {
  let word = 0
  for (let n = 0; n < 4; n++) word |= (value.charCodeAt(at + n) || 0) << (8 * n)
  return word
}

function vendorText(model: CpuModel, eax: number): void {
  set(eax, text(model.vendor, 0), text(model.vendor, 8), text(model.vendor, 4))
}

/** Family, model and stepping in one word (Intel SDM vol. 2A, CPUID, figure 3-6). */
export function signature({ family, model, stepping }: CpuModel): number {
  const eax = cpuidRegister('1.EAX')
  let word = eax.insertLo('STEPPING', 0, stepping)
  word = eax.insertLo('MODEL', word, model)
  word = eax.insertLo('EXTENDED_MODEL', word, model >>> 4)
  word = eax.insertLo('FAMILY', word, Math.min(family, 15))
  return eax.insertLo('EXTENDED_FAMILY', word, Math.max(family - 15, 0))
}

function basic(ctx: RuleContext, leaf: number, subleaf: number): void {
  const { model } = ctx
  const intel = model.vendor === 'GenuineIntel'
  if (leaf === 0) vendorText(model, model.maxLeaf)
  else if (leaf === 1) identity(ctx)
  // One cache descriptor: "no information here, use leaf 4" (Intel SDM vol. 2A, CPUID, table 3-12).
  else if (leaf === 2 && intel) set(0x00feff01, 0, 0, 0)
  else if (leaf === 4 && intel) cacheLeaf(model, subleaf)
  else if (leaf === 5 && hasFeature(ctx, 'MONITOR')) set(LINE_BYTES, LINE_BYTES, 3, 0)
  else if (leaf === 7 && subleaf === 0) extendedFeatures(ctx)
  else if (leaf === 0xb && hasFeature(ctx, 'X2APIC')) topology(model, subleaf)
  else if (leaf === 0xd) xsaveLeaf(ctx, subleaf)
  else if (leaf === 0x15 && model.tscHz !== 0) set(1, 1, model.tscHz, 0)
  else if (leaf === 0x16 && model.tscHz !== 0) set(model.tscHz / 1e6, model.tscHz / 1e6, 0, 0)
}

function extendedFeatures(ctx: RuleContext): void {
  follow(ctx, CR4.lo.PKE, 'OSPKE')
  const words = featureWords(ctx.model)
  out[0] = [2, 1].find((subleaf) => words.has(`7.${subleaf}`)) ?? 0
}

/** A bit of ECX that follows one of CR4. */
function follow(ctx: RuleContext, cr4Bit: number, name: 'OSXSAVE' | 'OSPKE'): void {
  if ((ctx.state.lo(FIELD.cr4) & cr4Bit) !== 0) out[2] = (out[2] as number) | (1 << cpuidFeature(name).bit)
}

function identity(ctx: RuleContext): void {
  const { model } = ctx
  const ebx = cpuidRegister('1.EBX')
  out[0] = signature(model)
  let word = ebx.insertLo('CLFLUSH_SIZE', 0, LINE_BYTES / 8)
  word = ebx.insertLo('MAX_LOGICAL', word, model.processors)
  out[1] = ebx.insertLo('INITIAL_APIC_ID', word, model.apicId)
  follow(ctx, CR4.lo.OSXSAVE, 'OSXSAVE')
  if (model.processors > 1) out[3] = (out[3] as number) | (1 << cpuidFeature('HTT').bit)
}

/** Two L1 of 32 KByte, an L2 of 256 KByte, and an L3 of 8 MByte that the package shares. */
function cacheLeaf(model: CpuModel, subleaf: number): void {
  const [type, level, ways, sets] = CACHES[subleaf] ?? [0, 0, 0, 0]
  if (type === 0) return
  const { lo, shift } = cpuidRegister('4.n.EAX')
  const sharing = level === 3 ? model.processors - 1 : 0
  const eax = (type << shift.CACHE_TYPE) | (level << shift.CACHE_LEVEL) | lo.SELF_INITIALIZING
  const cores = (model.processors - 1) << shift.MAX_CORES
  const ebx = cpuidRegister('4.n.EBX').shift
  const lines = ((LINE_BYTES - 1) << ebx.LINE_SIZE) | ((ways - 1) << ebx.WAYS)
  set(eax | (sharing << shift.MAX_SHARING) | cores, lines, sets - 1, 0)
}

const CACHES: readonly (readonly [type: number, level: number, ways: number, sets: number])[] = [
  [1, 1, 8, 64],
  [2, 1, 8, 64],
  [3, 2, 8, 512],
  [3, 3, 16, 8192],
]

/** The levels of threads (one in a core) and of cores. */
function topology(model: CpuModel, subleaf: number): void {
  const LEVELS = 2
  const bits = subleaf === 0 ? 0 : apicIdBits(model)
  const count = subleaf === 0 ? 1 : model.processors
  if (subleaf < LEVELS) set(bits, count, subleaf | ((subleaf + 1) << 8), model.apicId)
  else set(0, 0, subleaf & 0xff, model.apicId)
}

function apicIdBits({ processors }: CpuModel): number {
  return 32 - Math.clz32(processors - 1)
}

function xsaveLeaf(ctx: RuleContext, subleaf: number): void {
  const supported = supportedXcr0(ctx.model)
  if (supported === 0) return
  const enabled = ctx.state.lo(FIELD.xcr0)
  if (subleaf === 0) set(supported, xsaveBytes(enabled), xsaveBytes(supported), 0)
  else if (subleaf === 1) {
    if (hasFeature(ctx, 'XSAVEC') || hasFeature(ctx, 'XSAVES')) out[1] = xsaveBytes(enabled)
  } else if (subleaf < 32 && ((supported >>> subleaf) & 1) !== 0) {
    const part = Object.values(XSAVE_COMPONENT).find(({ component }) => component === subleaf)
    const aligned = cpuidRegister('D.n.ECX').lo.ALIGNED_64
    if (part !== undefined) set(part.sizeBytes, part.offsetBytes ?? 0, part.aligned64 ? aligned : 0, 0)
  }
}

/** Bits of 1.EDX that AMD processors repeat in 80000001.EDX: 9:0, 17:12, 23 and 24. */
const AMD_DUPLICATES = 0x0183f3ff
const BRAND_LEAF = 0x80000002
const BRAND_LEAVES = 3
/** L2 of 256 KByte, 8 ways (code 6), in the form of 80000006.ECX. */
const EXTENDED_L2 = (256 << 16) | (6 << 12) | LINE_BYTES
/** L1 of 32 KByte, 8 ways, one line a tag, in the form of 80000005.ECX and EDX. */
const EXTENDED_L1 = (32 << 24) | (8 << 16) | (1 << 8) | LINE_BYTES

function extended(model: CpuModel, leaf: number): void {
  const amd = model.vendor === 'AuthenticAMD'
  const brandAt = leaf - BRAND_LEAF
  if (brandAt >= 0 && brandAt < BRAND_LEAVES) {
    const at = brandAt * 16
    const { brand } = model
    set(text(brand, at), text(brand, at + 4), text(brand, at + 8), text(brand, at + 12))
  } else if (leaf === EXTENDED) {
    if (amd) vendorText(model, model.maxExtendedLeaf)
    else set(model.maxExtendedLeaf, 0, 0, 0)
  } else if (leaf === 0x80000001 && amd) {
    out[0] = signature(model)
    out[3] = (out[3] as number) | ((featureWords(model).get('1.0')?.[3] ?? 0) & AMD_DUPLICATES)
  } else if (leaf === 0x80000005 && amd) set(0, 0, EXTENDED_L1, EXTENDED_L1)
  else if (leaf === 0x80000006) set(0, 0, EXTENDED_L2, 0)
  else if (leaf === 0x80000008) {
    out[0] = model.physicalAddressBits | (model.linearAddressBits << 8)
    if (amd) out[2] = (model.processors - 1) | (apicIdBits(model) << cpuidRegister('80000008.ECX').shift.APIC_ID_SIZE)
  }
}
