/** `--dump ir|wasm --at ADDRESS`: what became of a piece of guest code. */
import { type EngineFactory, type EngineName, regionEngine } from '@ringfold/cpu'
import { Formatter } from '@ringfold/isa/formatter'
import type { BlockText, RegionText } from '@ringfold/translator'
import { InputError } from '../exit.ts'

export type DumpKind = 'ir' | 'wasm'

export interface DumpOptions {
  readonly dump?: DumpKind
  readonly at?: bigint
  readonly engine: EngineName
}

const PAGE = 4096n
const hex = (value: bigint): string => `0x${value.toString(16)}`

/** Collects the regions that hold the instruction at an address, and writes down the last one of each entry. */
export class Dump {
  readonly #regions = new Map<number, RegionText>()
  readonly #kind: DumpKind
  readonly #address: bigint
  readonly engine: EngineFactory

  private constructor(kind: DumpKind, address: bigint, name: 'auto' | 'translator') {
    this.#kind = kind
    this.#address = address
    const show = (region: RegionText) => void this.#regions.set(region.entry, region)
    this.engine = regionEngine(name, { watch: { address, show } })
  }

  /** Throws `InputError` where the options do not go together; undefined: nothing is to be dumped. */
  static of({ dump, at, engine }: DumpOptions): Dump | undefined {
    if (dump === undefined && at === undefined) return undefined
    if (dump === undefined || at === undefined)
      throw new InputError('--dump and --at belong together', 'give both, like --dump ir --at 0xffffffff81000000')
    if (engine !== 'auto' && engine !== 'translator')
      throw new InputError(`engine ${engine} translates nothing`, 'use --engine auto or --engine translator')
    return new Dump(dump, at, engine)
  }

  /** Everything as text. */
  async text(): Promise<string> {
    if (this.#regions.size === 0)
      return `nothing was made of the code at ${hex(this.#address)}: it was not executed, or not often enough (--engine translator compiles at once)\n`
    const texts: string[] = []
    for (const region of this.#regions.values())
      texts.push(`${this.#title(region)}\n${this.#kind === 'ir' ? this.#ir(region) : await wasmText(region)}`)
    return texts.join('\n')
  }

  #addressOf(place: number): bigint {
    return this.#address - (this.#address % PAGE) + BigInt(place)
  }

  #title({ entry, blocks }: RegionText): string {
    const count = blocks.reduce((sum, { instructions }) => sum + instructions.length, 0)
    return `region at ${hex(this.#addressOf(entry))}: ${blocks.length} blocks, ${count} instructions`
  }

  #ir({ blocks }: RegionText): string {
    return blocks.map((block, n) => this.#block(block, n)).join('\n')
  }

  #block({ instructions, end, stages }: BlockText, n: number): string {
    const formatter = new Formatter()
    const lines = instructions.map(({ place, decoded }) => {
      const address = this.#addressOf(place)
      decoded.ipLo = Number(BigInt.asIntN(32, address))
      decoded.ipHi = Number(BigInt.asIntN(32, address >> 32n))
      return `  ${hex(address)}  ${formatter.format(decoded)}`
    })
    const parts = stages.map(({ name, ir }, at) => {
      const isSame = at > 0 && ir === stages[at - 1]?.ir
      return isSame ? `  ${name}: unchanged` : `  ${name}:\n${ir.replace(/^(?=.)/gm, '    ')}`
    })
    return [`block ${n}, ends with ${end}`, ...lines, ...parts, ''].join('\n')
  }
}

/** The function of a region in the text format of WebAssembly. */
async function wasmText({ module, functionIndex }: RegionText): Promise<string> {
  const { default: load } = await import('wabt')
  const wabt = await load()
  const parsed = wabt.readWasm(module, { readDebugNames: false, simd: true, multi_memory: true } as never)
  const text = parsed.toText({ foldExprs: false, inlineExport: false })
  parsed.destroy()
  const lines = text.split('\n')
  const start = lines.findIndex((line) => line.startsWith(`  (func (;${functionIndex};)`))
  const end = lines.findIndex((line, n) => n > start && /^ {2}\(\w/.test(line))
  return `${lines.slice(start, end < 0 ? undefined : end).join('\n')}\n`
}
