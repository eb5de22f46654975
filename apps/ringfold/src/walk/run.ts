import process from 'node:process'
import { CR0, CR4, EFER } from '@ringfold/arch'
import {
  ACCESS,
  explainWalk,
  FULL_CAPABILITIES,
  isCanonical,
  PagingState,
  readPdptes,
  type WalkExplanation,
} from '@ringfold/mmu'
import { InputError } from '../exit.ts'
import type { Mode, WalkOptions } from './command.ts'
import { hex } from './describe.ts'
import { type DumpMemory, openDump } from './dump.ts'
import { walkJson, walkText } from './print.ts'

const LINEAR_BITS: Readonly<Record<Mode, 32 | 48 | 57>> = { '4-level': 48, '5-level': 57, pae: 32, '32-bit': 32 }
const lowHalf = (value: bigint): number => Number(BigInt.asUintN(32, value))
const highHalf = (value: bigint): number => Number(BigInt.asUintN(32, value >> 32n))

/** Refuses addresses that no access can have. */
function checkAddress(address: bigint, mode: Mode): void {
  const bits = LINEAR_BITS[mode]
  if (bits === 32) {
    if (address >> 32n !== 0n)
      throw new InputError(`${hex(address)} has more than 32 bits`, `${mode} paging has no more`)
    return
  }
  if (isCanonical(lowHalf(address), highHalf(address), bits)) return
  const canonical = BigInt.asUintN(64, BigInt.asIntN(bits, address))
  throw new InputError(
    `${hex(address)} is not canonical: bits 63 to ${bits - 1} are not all equal`,
    `an access raises #GP; the nearest that is canonical: ${hex(canonical)}`,
  )
}

function checkCr3(cr3: bigint, mode: Mode, maxphyaddr: number): void {
  if (LINEAR_BITS[mode] === 32) {
    if (cr3 >> 32n !== 0n) throw new InputError(`CR3 ${hex(cr3)} has more than 32 bits`, `${mode} paging has no more`)
  } else if (cr3 >> BigInt(maxphyaddr) !== 0n) {
    throw new InputError(`CR3 ${hex(cr3)} has bits beyond MAXPHYADDR, which is ${maxphyaddr}`, 'see --maxphyaddr')
  }
}

function accessOf({ write, fetch, user, ac }: WalkOptions): number {
  return (write ? ACCESS.WRITE : 0) | (fetch ? ACCESS.FETCH : 0) | (user ? ACCESS.USER : 0) | (ac ? ACCESS.AC : 0)
}

/** The paging state that the options describe; with PAE paging, its PDPTE registers come from the dump. */
function pagingOf(options: WalkOptions, memory: DumpMemory): PagingState {
  const { cr3, mode, maxphyaddr, nx, wp, pse, smep, smap } = options
  const paging = new PagingState({ ...FULL_CAPABILITIES, physicalAddressBits: maxphyaddr })
  const pdptes = new Uint32Array(8)
  if (mode === 'pae') loadPdptes(memory, paging, lowHalf(cr3), pdptes)
  paging.load({
    cr0: (CR0.lo.PE | CR0.lo.PG | (wp ? CR0.lo.WP : 0)) >>> 0,
    ...{ cr3Lo: lowHalf(cr3), cr3Hi: highHalf(cr3), pdptes },
    cr4:
      CR4.lo.PGE |
      (mode === '32-bit' ? 0 : CR4.lo.PAE) |
      (mode === '5-level' ? CR4.lo.LA57 : 0) |
      (pse ? CR4.lo.PSE : 0) |
      (smep ? CR4.lo.SMEP : 0) |
      (smap ? CR4.lo.SMAP : 0),
    efer: (LINEAR_BITS[mode] === 32 ? 0 : EFER.lo.LMA) | (nx ? EFER.lo.NXE : 0),
  })
  return paging
}

function loadPdptes(memory: DumpMemory, paging: PagingState, cr3Lo: number, into: Uint32Array): void {
  const bad = readPdptes(memory, paging, cr3Lo, into)
  if (memory.missing !== undefined) throw outside(memory, 'the page-directory-pointer table', memory.missing)
  if (bad < 0) return
  const value = (BigInt(into[2 * bad + 1] as number) << 32n) | BigInt(into[2 * bad] as number)
  throw new InputError(
    `PDPTE ${bad}, ${hex(value)}, has reserved bits set`,
    'MOV to CR3 raises #GP(0) then, and no PDPTE register is loaded: Intel SDM vol. 3A, 5.4.1',
  )
}

function outside({ base, sizeBytes }: DumpMemory, what: string, address: number): InputError {
  const holds = sizeBytes === 0 ? 'is empty' : `holds ${hex(base)} to ${hex(base + sizeBytes - 1)}`
  return new InputError(`${what} at ${hex(address)} lies outside the dump, which ${holds}`, 'see --base and --cr3')
}

/** The walk, or an error if it left the dump. */
function explain(
  paging: PagingState,
  memory: DumpMemory,
  address: bigint,
  access: number,
): WalkExplanation | InputError {
  memory.forget()
  const walk = explainWalk(paging, memory, address, access)
  if (memory.missing === undefined) return walk
  return outside(memory, `${hex(address)}: the ${walk.levels.at(-1)?.name ?? 'table'}`, memory.missing)
}

/** `ringfold walk`. All that can be explained is; what cannot makes the status 2. */
export async function runWalk(path: string, addresses: readonly bigint[], options: WalkOptions): Promise<void> {
  const { mode, cr3, base, maxphyaddr } = options
  for (const address of addresses) checkAddress(address, mode)
  checkCr3(cr3, mode, maxphyaddr)
  if (base >> 52n !== 0n) throw new InputError(`${hex(base)} is no physical address`, 'they have 52 bits at most')
  const memory = await openDump(path, Number(base))
  try {
    const paging = pagingOf(options, memory)
    const walks = addresses.map((address) => explain(paging, memory, address, accessOf(options)))
    const done = walks.filter((walk) => !(walk instanceof InputError)) as WalkExplanation[]
    const text = options.json
      ? done.map((walk) => `${JSON.stringify(walkJson(walk, mode))}\n`).join('')
      : done.map(walkText).join('\n')
    process.stdout.write(text)
    const problems = walks.filter((walk) => walk instanceof InputError)
    const [first] = problems
    if (first) throw new InputError(problems.map(({ message }) => message).join('\nerror: '), first.remedy)
  } finally {
    memory.close()
  }
}
