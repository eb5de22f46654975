/** Draws cases: one instruction of a form, or a short sequence. */
import { encode, type MemoryValue, type OperandValue } from '@ringfold/isa/encoder'
import type { FormFacts } from '@ringfold/isa/facts'
import type { SiliconCase } from './case.ts'
import { Draft } from './draft.ts'
import type { CodeBits } from './image.ts'
import { drawMemory, drawOperand, memoryBytes } from './operands.ts'
import { vectorSeed } from './random.ts'
import { adjustImmediates, alignedAddress, prepareOperands, prepareState } from './special.ts'

const ATTEMPTS = 12

type PrefixName = 'lock' | 'rep' | 'repe' | 'repne'

function drawPrefixes(d: Draft, form: FormFacts, operands: readonly OperandValue[]): PrefixName[] {
  if (form.attributes.includes('lock') && operands[0]?.kind === 'memory' && d.once(3)) return ['lock']
  if (form.attributes.includes('rep') && d.once(2)) return ['rep']
  if (form.attributes.includes('repcc') && !d.once(3)) return [d.once(2) ? 'repe' : 'repne']
  return []
}

/** A large operand whose alignment or extent matters is placed on purpose. */
function drawPlaced(d: Draft, form: FormFacts, type: string): OperandValue {
  const bytes = memoryBytes(type)
  const address = /^m(\d|$)/.test(type) && d.pointers.size === 0 ? alignedAddress(d, form, bytes) : undefined
  return address === undefined ? drawOperand(d, type) : drawMemory(d, bytes, address)
}

/** Whether the wanted displacement can be encoded; a far-off register makes one that cannot. */
const fits = (m: OperandValue): boolean =>
  m.kind !== 'memory' || m.ripTarget === true || m.base === 0 || BigInt.asIntN(32, m.displacement) === m.displacement

/** Appends an instruction of the form. @returns false where these choices cannot be encoded. */
export function appendInstruction(d: Draft, form: FormFacts): boolean {
  if (d.pointers.size === 0) prepareState(d, form)
  const operands = form.operands.map((o) => drawPlaced(d, form, o.type))
  adjustImmediates(d, form, operands)
  if (!operands.every(fits)) return false
  if (d.pointers.size === 0) prepareOperands(d, form, operands)
  const request = {
    form: form.name,
    operands: operands.map(withoutBytes(form)),
    prefixes: drawPrefixes(d, form, operands),
  }
  const bytes = encode(request, { bits: d.bits, address: BigInt(d.address) })
  if (!(bytes instanceof Uint8Array)) return false
  d.code.push(...bytes)
  return true
}

/** Forms whose memory has no size take it without. */
const withoutBytes =
  (form: FormFacts) =>
  (o: OperandValue, n: number): OperandValue => {
    if (o.kind !== 'memory') return o
    const type = form.operands[n]?.type ?? ''
    if (type.startsWith('m16:') && form.flow !== 'next') return { ...o, far: true } satisfies MemoryValue
    return type === 'm' || type.startsWith('m16:') ? ({ ...o, bytes: 0 } satisfies MemoryValue) : o
  }

/** Case `index` of a form, or undefined where the form cannot be encoded. */
export function drawCase(form: FormFacts, bits: CodeBits, seed: number, index: number): SiliconCase | undefined {
  const own = vectorSeed(seed, index)
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const d = new Draft(bits, own, attempt)
    if (appendInstruction(d, form)) return d.finish(form.name, index)
  }
  return undefined
}
