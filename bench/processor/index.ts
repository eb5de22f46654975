/** The processor: the interpreter tier against v86's interpreter, and what a walk, an exception and a start cost. */
import { median } from '../measure.ts'
import { OurMachine } from './ours.ts'
import { distinctInstructions, type Program, tightLoop } from './programs.ts'
import { exceptionNs, startUpMs, walkNs } from './single.ts'
import { cpuMicroseconds, V86Machine, v86Version } from './v86.ts'

/** Each turn takes so many rounds of one machine, then of the other. */
const TURNS = 5
const ROUNDS = 2

interface Row {
  readonly name: string
  readonly ringfoldMips: number
  readonly v86Mips: number
  readonly ratio: number
}

async function measure(program: Program): Promise<Row> {
  const ours = new OurMachine(program, 'interpreter')
  const theirs = await V86Machine.create(program)
  const ratios: number[] = []
  const [mine, yours]: [number[], number[]] = [[], []]
  ours.round()
  await theirs.rounds(1)
  for (let turn = 0; turn < TURNS; turn++) {
    const start = cpuMicroseconds()
    for (let n = 0; n < ROUNDS; n++) ours.round()
    const own = (cpuMicroseconds() - start) / ROUNDS
    const times = await theirs.rounds(ROUNDS)
    const other = times.reduce((a, b) => a + b, 0) / times.length
    mine.push(program.instructionsPerRound / own)
    yours.push(program.instructionsPerRound / other)
    ratios.push(other / own)
  }
  await theirs.close()
  return { name: program.name, ringfoldMips: median(mine), v86Mips: median(yours), ratio: median(ratios) }
}

export async function run({ json }: { readonly json: boolean }): Promise<boolean> {
  const rows: Row[] = []
  for (const program of [distinctInstructions(), tightLoop()]) rows.push(await measure(program))
  const single = {
    walkNs: walkNs(),
    exceptionNs: exceptionNs(false),
    exceptionAndReturnNs: exceptionNs(true),
    startUpMs: startUpMs(),
  }
  if (json) console.log(JSON.stringify({ peer: `v86 ${v86Version}, JIT disabled`, rows, ...single }, undefined, 2))
  else {
    console.log(
      `Interpreter tier against v86 ${v86Version} with its JIT disabled, in CPU time (medians of ${TURNS} turns)`,
    )
    for (const { name, ringfoldMips, v86Mips, ratio } of rows)
      console.log(
        `${name.padEnd(30)} ${ringfoldMips.toFixed(1).padStart(8)} MIPS ${v86Mips.toFixed(1).padStart(8)} MIPS ${ratio.toFixed(2).padStart(6)}x`,
      )
    console.log(`a walk of 4 levels             ${single.walkNs.toFixed(1).padStart(8)} ns`)
    console.log(
      `#UD through a 64-bit IDT       ${single.exceptionNs.toFixed(0).padStart(8)} ns, with four instructions`,
    )
    console.log(`the same, and IRETQ            ${single.exceptionAndReturnNs.toFixed(0).padStart(8)} ns`)
    console.log(
      `start-up of the engine         ${single.startUpMs.toFixed(1).padStart(8)} ms, to the first instruction retired`,
    )
  }
  return true
}
