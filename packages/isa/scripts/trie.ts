/**
 * The decision graph of the decoder, made from the forms: for every mode, encoding space, map and opcode either a form, or a
 * selector (which part of the instruction decides next) with a child for each of its values. Equal subgraphs are shared.
 */

import { SELECTOR_SIZE, SELECTORS, type Selector } from '../src/decoder/selectors.ts'
import { type Form, MODES, type Mode } from './form.ts'
import { TableError } from './operand-types.ts'

/** Allowed values of each selector for one form; a missing selector is free. */
type Constraints = Partial<Record<Selector, readonly number[]>>

interface Candidate {
  readonly id: number
  readonly form: Form
  readonly constraints: Constraints
  readonly rank: number
}

export const MAPS = ['legacy0', 'legacy1', 'legacy2', 'legacy3', 'vex1', 'vex2', 'vex3', 'vex7'] as const
const mapIndex = (f: Form): number => MAPS.indexOf(`${f.space}${f.map}` as (typeof MAPS)[number])

function operandSizes(f: Form, mode: Mode): readonly number[] | undefined {
  const index = { 16: 0, 32: 1, 64: 2 }
  // REX.W is the operand size of 64: said, so that a row for `o16` beside it is not a rival.
  if (f.operandSize === null) return f.space === 'legacy' && f.w === 1 && mode === 64 ? [2] : undefined
  if (f.sizeKind === 'y') return undefined
  if (mode !== 64) return [index[f.operandSize]]
  if (f.operandSize === 64) return f.size64 === 'f64' ? undefined : f.size64 === 'd64' ? [1, 2] : [2]
  if (f.operandSize === 32 && f.sizeKind === 'z') return [1, 2]
  return [index[f.operandSize]]
}

function constraintsOf(f: Form, mode: Mode, besidePlusR: boolean): Constraints {
  const c: Constraints = {}
  if (f.vendor) c.vendor = [f.vendor === 'amd' ? 1 : 0]
  if (f.pp) c.pp = f.pp
  if (f.reg !== null) c.reg = [f.reg]
  if (f.mod !== null) c.mod = [f.mod]
  if (f.rm !== null) c.rm = [f.rm]
  const sizes = operandSizes(f, mode)
  if (sizes) c.osz = sizes
  // Outside 64-bit mode a `y` form takes either W.
  if (f.w !== null && !(f.sizeKind === 'y' && mode !== 64)) c.w = [f.w]
  if (f.l !== null) c.l = [f.l]
  if (f.addressSize !== null) c.asz = [{ 16: 0, 32: 1, 64: 2 }[f.addressSize]]
  // REX.B turns NOP into XCHG r8; PAUSE (F3) stays PAUSE.
  if (besidePlusR && !f.pp) c.rexb = [0]
  return c
}

/** Packs a graph reference: selector number (0: the payload is a form) above 16 bits of payload. */
const pack = (selector: number, payload: number): number => (selector << 16) | payload

export interface Graph {
  /** Children of all selectors, packed. */
  readonly nodes: number[]
  /** Per mode 16, 32, 64: MAPS.length * 256 packed roots, with bit 24 ModRM present, bit 25 ModRM.mod ignored. */
  readonly roots: Readonly<Record<Mode, number[]>>
}

class GraphBuilder {
  readonly nodes: number[] = []
  readonly #shared = new Map<string, number>()

  build(candidates: readonly Candidate[], from: number): number {
    if (candidates.length === 0) return 0
    for (let s = from; s < SELECTORS.length; s++) {
      const selector = SELECTORS[s] as Selector
      if (!candidates.some((c) => c.constraints[selector])) continue
      const children = Array.from({ length: SELECTOR_SIZE[selector] }, (_, v) =>
        this.build(
          candidates.filter((c) => c.constraints[selector]?.includes(v) ?? true),
          s + 1,
        ),
      )
      return this.#select(s + 1, children)
    }
    const best = candidates.reduce((a, b) => (b.rank > a.rank ? b : a))
    const rivals = candidates.filter((c) => c.rank === best.rank)
    if (rivals.length > 1)
      throw new TableError(
        `rows decode the same bytes: ${rivals.map((r) => `${r.form.name} <${r.form.row}>`).join(' AND ')}`,
      )
    return pack(0, best.id)
  }

  #select(selector: number, children: readonly number[]): number {
    if (children.every((c) => c === children[0])) return children[0] ?? 0
    const key = children.join()
    let at = this.#shared.get(key)
    if (at === undefined) {
      at = this.nodes.length
      this.nodes.push(...children)
      this.#shared.set(key, at)
    }
    if (at > 0xffff) throw new TableError('decision graph beyond 65536 entries: widen the packing')
    return pack(selector, at)
  }
}

function candidatesOf(all: readonly { id: number; form: Form }[], mode: Mode): Candidate[] {
  const plusR = all.some((x) => x.form.plusR)
  return all
    .filter((x) => x.form.modes.includes(mode))
    .map(({ id, form }) => {
      const beside = plusR && !form.plusR
      const constraints = constraintsOf(form, mode, beside)
      // A row with the whole opcode fixed wins over a `+r` row that covers it: NOP over XCHG eAX, eAX.
      const given = Object.keys(constraints).filter((k) => k !== 'rexb').length
      return { id, form, constraints, rank: given + (beside ? 10 : 0) }
    })
}

/** Bits of a root: 24 a ModRM byte follows, 25 ModRM.mod is ignored, 26 it follows on Intel only (UD0). */
function rootFlags(candidates: readonly Candidate[]): number {
  const of = (vendor: 'intel' | 'amd') =>
    candidates.filter((c) => c.form.vendor === null || c.form.vendor === vendor).map((c) => c.form)
  const [intel, amd] = [of('intel'), of('amd')]
  if ([intel, amd].some((forms) => forms.some((f) => f.hasModrm !== forms[0]?.hasModrm))) {
    throw new TableError(`rows disagree on ModRM: ${candidates.map((c) => c.form.row).join(' AND ')}`)
  }
  const modrm = intel[0]?.hasModrm ?? amd[0]?.hasModrm ?? false
  const differs = intel[0] !== undefined && amd[0] !== undefined && intel[0].hasModrm !== amd[0].hasModrm
  return (
    (modrm ? 1 << 24 : 0) |
    (candidates.some((c) => c.form.attributes.has('nomodreg')) ? 1 << 25 : 0) |
    (differs ? 1 << 26 : 0)
  )
}

/** Builds the graph; `forms[i]` gets number i + 1, 0 is "no such form". */
export function buildGraph(forms: readonly Form[], onError?: (message: string) => void): Graph {
  const builder = new GraphBuilder()
  const byOpcode = new Map<number, { id: number; form: Form }[]>()
  forms.forEach((form, i) => {
    const map = mapIndex(form)
    for (let r = 0; r < (form.plusR ? 8 : 1); r++) {
      const key = map * 256 + form.opcode + r
      byOpcode.set(key, [...(byOpcode.get(key) ?? []), { id: i + 1, form }])
    }
  })
  const roots = {} as Record<Mode, number[]>
  for (const mode of MODES) {
    const table = new Array<number>(MAPS.length * 256).fill(0)
    roots[mode] = table
    for (const [key, all] of byOpcode) {
      try {
        const candidates = candidatesOf(all, mode)
        if (candidates.length === 0) continue
        table[key] = builder.build(candidates, 0) | rootFlags(candidates)
      } catch (e) {
        if (!(e instanceof TableError) || !onError) throw e
        onError(`${mode}-bit: ${e.message}`)
      }
    }
  }
  return { nodes: builder.nodes, roots }
}
