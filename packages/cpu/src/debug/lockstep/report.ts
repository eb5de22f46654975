import type { LockstepReport } from './lockstep.ts'
import type { LockstepSubject, Observation } from './subject.ts'

const hex = (value: bigint): string => value.toString(16)

/** A report for people: the instruction, what differs, and both states. */
export function describeLockstep(a: LockstepSubject, b: LockstepSubject, report: LockstepReport): string {
  if (report.kind === 'agree') {
    const end = report.end === undefined ? '' : `, where both are ${report.end === 'halted' ? 'halted' : 'shut down'}`
    return `${a.name} and ${b.name} agree after ${report.instructions} instructions${end}`
  }
  const { instruction, instructions, differences } = report
  const lines = [`${a.name} and ${b.name} differ after ${instructions} instructions`]
  if (instruction === undefined) lines.push('single steps do not show the difference again')
  else lines.push(`at ${hex(instruction.address)}: ${instruction.text}`)
  if (differences.length === 0) lines.push('one of them ended, and the other did not')
  for (const { field, a: mine, b: other } of differences)
    lines.push(`  ${field.padEnd(12)} ${a.name}: ${hex(mine)}  ${b.name}: ${hex(other)}${before(report.before, field)}`)
  lines.push(`${a.name}: ${stateLine(report.a)}`, `${b.name}: ${stateLine(report.b)}`)
  return lines.join('\n')
}

function before(values: Observation, field: string): string {
  const value = values.get(field)
  return value === undefined ? '' : `  before: ${hex(value)}`
}

/** Fields that are not zero. */
function stateLine(values: Observation): string {
  return [...values]
    .filter(([, value]) => value !== 0n)
    .map(([field, value]) => `${field}=${hex(value)}`)
    .join(' ')
}
