/**
 * Stack-pointer folding, and the same for any base: sums of a value and several constants become one sum, so that pushes, pops and
 * the slots between them count from where the pointer was, and do not wait for one another.
 *
 *     v2: i64 = i64.add v1, -0x8       v2: i64 = i64.add v1, -0x8
 *     v3: i64 = i64.add v2, -0x8   =>  v3: i64 = i64.add v1, -0x10
 *     v4: i64 = i64.sub v3, 0x20       v4: i64 = i64.add v1, -0x30
 */
import { IrBuilder, type IrCode, opNumber } from '@ringfold/semantics'
import { copyOp, isFlagResult, type Pass, rebuildBlock } from './pass.ts'

const [ADD32, ADD64] = [opNumber('i32.add'), opNumber('i64.add')]
const [SUB32, SUB64] = [opNumber('i32.sub'), opNumber('i64.sub')]

/** The constant that an op adds to its first argument; undefined: it is another op. */
function addend(code: IrCode, value: number): number | undefined {
  const op = code.op[value]
  const isSum = op === ADD32 || op === ADD64
  if (!isSum && op !== SUB32 && op !== SUB64) return undefined
  const b = code.b[value] as number
  if (!code.isConstant(b) || code.isConstant(code.a[value] as number)) return undefined
  const constant = code.imm[b] as number
  // Displacements and steps fit into 32 bits; what does not stays as it is.
  if (op !== ADD32 && op !== SUB32 && code.immHi[b] !== constant >> 31) return undefined
  return isSum ? constant : -constant
}

export const foldOffsets: Pass = {
  name: 'fold-offsets',
  summary: 'sums of a value and several constants are one sum: stack pointer and frame slots',
  run(lifted, into) {
    const { code } = lifted
    const builder = new IrBuilder(into)
    return rebuildBlock(lifted, into, (n, a, b, c) => {
      const made = copyOp(code, n, into, a, b, c)
      const outer = addend(into, made)
      const inner = outer === undefined ? undefined : addend(into, a)
      if (outer === undefined || inner === undefined || isFlagResult(code, n)) return made
      into.length = made
      if (outer + inner === 0) return into.a[a] as number
      const is64 = code.op[n] === ADD64 || code.op[n] === SUB64
      const sum = is64 ? builder.i64(outer + inner, Math.floor((outer + inner) / 2 ** 32)) : builder.i32(outer + inner)
      return into.push(is64 ? ADD64 : ADD32, into.a[a] as number, sum, -1, 0, 0)
    })
  },
}
