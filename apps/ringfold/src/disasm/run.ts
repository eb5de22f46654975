import process from 'node:process'
import { Formatter } from '@ringfold/isa/formatter'
import { openSource } from '../input.ts'
import { BufferedOutput } from '../output.ts'
import { styled } from '../style.ts'
import type { DisasmOptions } from './command.ts'
import { disassembleRegion } from './disassemble.ts'
import { jsonLines, textLines } from './lines.ts'
import { type Region, regionsOf, type Selection } from './regions.ts'
import { TargetNames } from './targets.ts'

/** Of a damaged file's problems, so many are shown. */
const WARNINGS_SHOWN = 5

function warn(warnings: readonly string[]): void {
  for (const warning of warnings.slice(0, WARNINGS_SHOWN))
    process.stderr.write(`${styled('yellow', 'warning', process.stderr)}: ${warning}\n`)
  const left = warnings.length - WARNINGS_SHOWN
  if (left > 0) process.stderr.write(`warning: and ${left} more\n`)
}

function selectionOf({ bits, section, offset, length, base }: DisasmOptions): Selection {
  return {
    ...(bits === undefined ? {} : { bits: Number(bits) as Region['bits'] }),
    ...(section === undefined ? {} : { section }),
    ...(offset === undefined ? {} : { offset }),
    ...(length === undefined ? {} : { length }),
    ...(base === undefined ? {} : { base }),
  }
}

/** `ringfold disasm`. */
export async function runDisasm(path: string, options: DisasmOptions): Promise<void> {
  const { regions, warnings } = await regionsOf(await openSource(path), selectionOf(options))
  warn(warnings)
  const formatter = new Formatter({ syntax: options.syntax })
  const names = new TargetNames()
  const lines = options.json ? jsonLines(formatter, names) : textLines(formatter, names)
  const output = new BufferedOutput()
  for (const region of regions) {
    names.symbols = region.symbols
    await disassembleRegion(region, lines, output)
  }
}
