import { writeFile } from 'node:fs/promises'
import { basename } from 'node:path'
import process from 'node:process'
import { codeBits, executableSections, indexSymbols, readElf } from '@ringfold/boot/elf'
import { SingleBar } from 'cli-progress'
import { InputError, unusablePath } from '../exit.ts'
import { openSource } from '../input.ts'
import { hasColor, styled } from '../style.ts'
import { type Census, countInstructions, emptyCensus } from './census.ts'
import type { CensusOptions } from './command.ts'
import { htmlPage } from './html.ts'
import { FREQUENT_MNEMONICS, summaryText } from './print.ts'
import { type Program, summarize } from './summary.ts'

const REMEDY = 'Name an ELF file of x86 code: ringfold census FILE.'

async function openProgram(path: string): Promise<Program> {
  const source = await openSource(path)
  const file = readElf(await source.rest())
  if (file.kind === 'rejected') throw new InputError(`${source.name} ${file.message}`, REMEDY)
  const bits = codeBits(file)
  if (bits === undefined) throw new InputError(`${source.name} is an ELF file for another machine than x86`, REMEDY)
  const sections = executableSections(file)
  if (sections.length === 0) throw new InputError(`${source.name} has no executable section`, REMEDY)
  return { name: basename(source.name), bits, sections, symbols: indexSymbols(file) }
}

/** Sweeps through the program. The bar shows on a terminal only. */
function takeCensus({ sections, bits }: Program): Census {
  const census = emptyCensus()
  const total = sections.reduce((sum, { bytes }) => sum + bytes.length, 0)
  const bar = new SingleBar({
    format: `${styled('dim', 'decoding', process.stderr)} {bar} {percentage}%  {instructions} instructions`,
    barCompleteChar: '█',
    barIncompleteChar: hasColor(process.stderr) ? '░' : ' ',
    hideCursor: true,
    stream: process.stderr,
    clearOnComplete: true,
  })
  bar.start(total, 0, { instructions: '0' })
  sections.forEach(({ bytes }, section) => {
    const progress = countInstructions(census, bits, bytes, section)
    for (const _done of progress)
      bar.update(census.bytes, { instructions: census.instructions.toLocaleString('en-US') })
  })
  bar.update(total)
  bar.stop()
  return census
}

async function writeHtml(path: string, page: string): Promise<void> {
  try {
    await writeFile(path, page)
  } catch (error) {
    throw unusablePath(`cannot write ${path}`, error)
  }
}

/** `ringfold census`. */
export async function runCensus(path: string | undefined, { html }: CensusOptions): Promise<void> {
  const program = await openProgram(path ?? process.execPath)
  const startMs = performance.now()
  const census = takeCensus(program)
  const seconds = (performance.now() - startMs) / 1000
  const summary = summarize(program, census)
  if (html !== undefined) await writeHtml(html, htmlPage(program, census, summary, FREQUENT_MNEMONICS))
  process.stdout.write(summaryText(program, census, summary, seconds))
  if (html !== undefined) process.stderr.write(`charts: ${html}\n`)
}
