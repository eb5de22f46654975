/** Random code in random modes over random tables: what both engines must agree on, and nothing may throw on. */
import { ACCESS_RIGHTS, CR0, CR4, EFER, FIELD, PTE, RFLAGS, SEGMENT, writeRflags } from '@ringfold/arch'
import { allForms, type FormFacts } from '@ringfold/isa/facts'
import { encodeSample } from '@ringfold/isa/samples'
import { AT, SELECTOR, type TestMachine, type TestMode } from './machine.ts'

export type Random = () => number

/** mulberry32. */
export function generator(start: number): Random {
  let a = start
  return () => {
    a = (a + 0x6d2b79f5) | 0
    let t = Math.imul(a ^ (a >>> 15), a | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return (t ^ (t >>> 14)) >>> 0
  }
}

const CODE_BYTES = 0x3000
const forms = new Map<TestMode, readonly FormFacts[]>()

function formsOf(mode: TestMode): readonly FormFacts[] {
  const known = forms.get(mode)
  if (known !== undefined) return known
  // HLT and its kin end a run early; they come up among the random bytes often enough.
  const found = allForms().filter((f) => f.later === null && f.modes.includes(mode) && f.flow !== 'halt')
  forms.set(mode, found)
  return found
}

/** Instructions of random forms with random registers, and some random bytes. */
function randomCode(next: Random, mode: TestMode): Uint8Array {
  const code = new Uint8Array(CODE_BYTES)
  const all = formsOf(mode)
  let at = 0
  while (at < CODE_BYTES - 16) {
    const bytes = encodeSample(all[next() % all.length] as FormFacts, mode, next() % 4)
    if (bytes instanceof Uint8Array && next() % 16 !== 0) {
      code.set(bytes, at)
      at += bytes.length
    } else for (let n = next() % 4; n > 0; n--) code[at++] = next() & 0xff
  }
  return code
}

const EDGES = [0n, 1n, 0x7fn, 0x80n, 0xffffn, 0x7fffffffn, 0x80000000n, 0xffffffffn, 1n << 47n, 1n << 63n]

function randomValue(next: Random): bigint {
  switch (next() % 5) {
    case 0:
      return EDGES[next() % EDGES.length] as bigint
    case 1:
      return BigInt(next() % 100)
    case 2:
    case 3:
      return BigInt(AT.data + (next() % 0x20000))
    default:
      return (BigInt(next()) << 32n) | BigInt(next())
  }
}

/** Marks pages of the identity map: absent, read-only, supervisor, not executable, or with reserved bits. */
function randomPages(next: Random, m: TestMachine): void {
  const { P, RW, US } = PTE.lo
  for (let n = next() % 24; n > 0; n--) {
    const page = next() % 256
    const flags = [0, P, P | RW, P | US, P | RW | US][next() % 5] as number
    const high = next() % 4 === 0 ? PTE.hi.XD >>> 0 : next() % 16 === 0 ? 1 << (next() % 31) : 0
    m.put64(m.pte(page * 4096), BigInt(page * 4096) | BigInt(flags) | (BigInt(high) << 32n))
  }
}

/** Gates to random places in the code, some absent or of other types. */
function randomGates(next: Random, m: TestMachine, mode: TestMode): void {
  if (mode === 16) {
    for (let vector = 0; vector < 256; vector++)
      m.memory.write32(vector * 4, ((AT.code >> 4) << 16) | (next() % CODE_BYTES))
    return
  }
  for (let vector = 0; vector < 256; vector++) {
    const type = next() % 12 === 0 ? next() % 16 : 14 + (next() % 2)
    const selector = next() % 12 === 0 ? next() & 0xffff : mode === 64 ? SELECTOR.code64 : SELECTOR.code32
    m.gate(vector, AT.code + (next() % CODE_BYTES), {
      type,
      dpl: next() % 4,
      selector,
      ist: mode === 64 ? next() % 2 : 0,
    })
  }
  m.put64(AT.tss + 36, BigInt(AT.stack - 0x4000))
}

export interface RandomCase {
  readonly mode: TestMode
  readonly cpl: number
  readonly paging: boolean
}

/** Prepares machines alike: the same mode, memory, registers and flags. */
export function prepare(next: Random, machines: readonly TestMachine[]): RandomCase {
  const mode = ([16, 32, 64, 64] as const)[next() % 4] as TestMode
  const cpl = mode !== 16 && next() % 2 === 0 ? 3 : 0
  const paging = mode === 64 || (mode === 32 && next() % 2 === 0)
  const seed = next()
  for (const m of machines) fill(generator(seed), m, { mode, cpl, paging })
  return { mode, cpl, paging }
}

function fill(next: Random, m: TestMachine, { mode, cpl, paging }: RandomCase): void {
  const { state } = m.cpu
  m.memory.writeBytes(0, new Uint8Array(m.memory.ramBytes))
  m.writeTables()
  m.enter(mode, cpl, AT.code + (mode === 16 ? 0 : next() % 64))
  m.memory.writeBytes(AT.code, randomCode(next, mode))
  for (let n = 0; n < 256; n++) m.memory.write32(AT.data + (next() & 0x1fffc), next())
  if (mode === 64) randomPages(next, m)
  if (mode === 32 && paging) enablePae(next, m)
  randomGates(next, m, mode)
  for (let n = 0; n < 16; n++)
    if (n !== 4) state.write('gpr', BigInt.asUintN(mode === 64 ? 64 : 32, randomValue(next)), n)
  for (let n = 0; n < 16; n++) state.write('xmm', (randomValue(next) << 64n) | randomValue(next), n)
  const { CF, PF, AF, ZF, SF, OF, DF, IF, TF, AC } = RFLAGS.lo
  const rare = next() % 16 === 0 ? TF | AC : 0
  writeRflags(state, (next() & (CF | PF | AF | ZF | SF | OF | DF | rare)) | (next() % 2 === 0 ? IF : 0))
  if (next() % 4 === 0)
    state.setLo(FIELD.cr0, state.lo(FIELD.cr0) | ([CR0.lo.TS, CR0.lo.EM, CR0.lo.AM][next() % 3] as number))
  if (next() % 4 === 0) state.setLo(FIELD.cr4, state.lo(FIELD.cr4) | CR4.lo.SMEP | CR4.lo.SMAP | CR4.lo.UMIP)
  if (mode !== 16 && next() % 6 === 0) limitData(next, m)
  m.cpu.stateWritten()
}

/** PAE paging for 32-bit code: the page directory and table of the 64-bit map under four PDPTEs. */
function enablePae(next: Random, m: TestMachine): void {
  const { state } = m.cpu
  m.mapAll()
  randomPages(next, m)
  state.set(FIELD.cr3, AT.tables + 0x1000, 0)
  state.setLo(FIELD.cr4, state.lo(FIELD.cr4) | CR4.lo.PAE)
  state.setLo(FIELD.cr0, state.lo(FIELD.cr0) | CR0.lo.PG | CR0.lo.WP)
  state.set(FIELD.efer, EFER.lo.NXE, 0)
  state.set(FIELD.pdpte, (AT.tables + 0x2000) | 1, 0)
}

/** A data segment with a base and a limit, so that addressing is not flat. */
function limitData(next: Random, m: TestMachine): void {
  const { state } = m.cpu
  const { S, P, DB } = ACCESS_RIGHTS.lo
  const dpl = state.lo(FIELD.segAccess, SEGMENT.SS) & ACCESS_RIGHTS.lo.DPL
  const segment = [SEGMENT.DS, SEGMENT.ES, SEGMENT.SS][next() % 3] as number
  state.set(FIELD.segBase, next() & 0xfff, 0, segment)
  state.setLo(FIELD.segLimit, next() & 0xfffff, segment)
  state.setLo(FIELD.segAccess, S | P | DB | dpl | (next() % 4 === 0 ? 7 : 3), segment)
}
