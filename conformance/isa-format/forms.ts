/** Every form of the table in every mode that it allows, with register and memory operands, against GNU objdump. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isEncodeError } from '@ringfold/isa/encoder'
import { allForms } from '@ringfold/isa/facts'
import { encodeSample } from '@ringfold/isa/samples'
import type { Tally } from '../isa-vectors/tally.ts'
import { MACHINE, ObjdumpComparison, SYNTAXES, type TextCase } from './objdump.ts'

const SLOT = 32

/** One slot for each form and variant, filled up with one-byte NOPs. */
function formSlots(bits: 16 | 32 | 64): Uint8Array {
  const samples = allForms()
    .filter((f) => f.later === null && f.modes.includes(bits))
    .flatMap((f) => [encodeSample(f, bits, 0), encodeSample(f, bits, 1)])
    .filter((s) => !isEncodeError(s))
  const image = new Uint8Array(samples.length * SLOT).fill(0x90)
  for (const [n, s] of samples.entries()) image.set(s as Uint8Array, n * SLOT)
  return image
}

export async function formTextTallies(): Promise<Tally<TextCase>[]> {
  const folder = mkdtempSync(join(tmpdir(), 'ringfold-objdump-'))
  const tallies: Tally<TextCase>[] = []
  try {
    for (const bits of [16, 32, 64] as const) {
      const file = join(folder, `forms${bits}`)
      writeFileSync(file, formSlots(bits))
      for (const syntax of SYNTAXES)
        tallies.push(
          await new ObjdumpComparison(`every form, ${bits}-bit`, bits, syntax, SLOT).run([
            '-D',
            '-b',
            'binary',
            '-m',
            MACHINE[bits],
            file,
          ]),
        )
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  return tallies
}
