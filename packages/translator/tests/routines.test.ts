import { FIELD } from '@ringfold/arch'
import { OP_ROWS, routineCode, routineNumbers } from '@ringfold/semantics'
import { expect, it } from 'vitest'

/** Names of the ops with which a routine would reach what regions keep in locals, or leave. */
const FORBIDDEN = /^(flags|mem)\.|^(jump|repeat|leave|transfer|external|rip\.)/
const LOCALS = [FIELD.gpr, FIELD.zmm].map(({ offset, count, strideBytes }) => [offset, offset + count * strideBytes])

/** What of a routine a region could not bear. */
function offences(number: number): string[] {
  const code = routineCode(number)
  const found: string[] = []
  for (let n = 0; n < code.length; n++) {
    const { name } = OP_ROWS[code.op[n] as number] as { name: string }
    if (FORBIDDEN.test(name)) found.push(`${number}: ${name}`)
    if (!name.startsWith('state.')) continue
    const base = code.a[n] as number
    const offset = (code.imm[n] as number) + (code.isConstant(base) ? Number(code.constant(base)) : 0)
    if (LOCALS.some(([from, to]) => offset >= (from as number) && offset < (to as number)))
      found.push(`${number}: ${name} ${offset}`)
  }
  return found
}

it('routines touch nothing that regions keep in locals: general and XMM registers, flags, memory', () => {
  const numbers = routineNumbers()
  expect(numbers.length).toBeGreaterThan(50)
  expect(numbers.flatMap(offences)).toEqual([])
})
