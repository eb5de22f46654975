/** IR as text, a line an op. */
import type { IrCode } from './builder.ts'
import { OP_ROWS, Op } from './ops.ts'
import { VALUE_TYPE_NAMES, ValueType } from './types.ts'

function argumentText(code: IrCode, value: number): string {
  if (!code.isConstant(value)) return `v${value}`
  const constant = code.constant(value)
  return constant < 0 ? `-0x${(-constant).toString(16)}` : `0x${constant.toString(16)}`
}

/** The ops of a piece of IR; constants are written where they are used. */
export function printIr(code: IrCode): string {
  const lines: string[] = []
  let depth = 0
  for (let n = 0; n < code.length; n++) {
    const op = code.op[n] as number
    if (code.isConstant(n)) continue
    const row = OP_ROWS[op] as { name: string; result: ValueType; imm?: string }
    const args = [code.a[n], code.b[n], code.c[n]].filter((v) => (v as number) >= 0) as number[]
    if (op === Op.end || op === Op.else) depth--
    const target = row.result === ValueType.none ? '' : `v${n}: ${VALUE_TYPE_NAMES[row.result]} = `
    const imm = row.imm === undefined ? '' : ` #${code.imm[n]}`
    lines.push(
      `${'  '.repeat(depth)}${target}${row.name}${imm} ${args.map((v) => argumentText(code, v)).join(', ')}`.trimEnd(),
    )
    if (op === Op.if || op === Op.else || op === Op.loop) depth++
  }
  return lines.join('\n')
}
