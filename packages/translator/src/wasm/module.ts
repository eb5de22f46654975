/** Builds WebAssembly modules: types, imports, functions, exports, element segments. */
import { ByteWriter } from './bytes.ts'
import type { WasmType } from './opcodes.ts'

export interface FunctionType {
  readonly params: readonly WasmType[]
  readonly results: readonly WasmType[]
}

/** A reference to an imported or defined function: its index. */
export type FunctionIndex = number

interface MemoryImport {
  readonly name: string
  readonly minimum: number
  readonly maximum: number | null
  readonly shared: boolean
}

/** Which way a branch is expected to go, for compilers that listen (branch hinting proposal, "Custom Section"). */
export interface BranchHint {
  /** Offset of the `if` or `br_if` in the function's body, as it was given. */
  readonly at: number
  readonly isTaken: boolean
}

interface DefinedFunction {
  readonly type: number
  readonly locals: readonly WasmType[]
  readonly body: Uint8Array
  readonly hints: readonly BranchHint[]
}

const SECTION = { custom: 0, type: 1, import: 2, function: 3, export: 7, element: 9, code: 10 } as const

export class ModuleBuilder {
  readonly #types: FunctionType[] = []
  readonly #typeIndex = new Map<string, number>()
  readonly #functionImports: { name: string; type: number }[] = []
  readonly #memories: MemoryImport[] = []
  #table: { name: string; minimum: number } | null = null
  readonly #functions: (DefinedFunction | null)[] = []
  readonly #exports: { name: string; index: number }[] = []
  readonly #elements: { start: number; indices: readonly FunctionIndex[] }[] = []

  type(params: readonly WasmType[], results: readonly WasmType[]): number {
    const key = `${params.join()}>${results.join()}`
    const known = this.#typeIndex.get(key)
    if (known !== undefined) return known
    this.#typeIndex.set(key, this.#types.length)
    return this.#types.push({ params, results }) - 1
  }

  /** All imports of functions come before the first definition. They are looked up in the import object's module `e`. */
  importFunction(name: string, params: readonly WasmType[], results: readonly WasmType[]): FunctionIndex {
    if (this.#functions.length > 0) throw new Error('imports come before definitions')
    return this.#functionImports.push({ name, type: this.type(params, results) }) - 1
  }

  importMemory(name: string, minimum: number, maximum: number | null = null, shared = false): number {
    return this.#memories.push({ name, minimum, maximum, shared }) - 1
  }

  importTable(name: string, minimum: number): void {
    this.#table = { name, minimum }
  }

  /** Reserves an index, so that functions can call what is defined later. */
  declare(): FunctionIndex {
    return this.#functionImports.length + this.#functions.push(null) - 1
  }

  /** Defines a declared function; `body` ends without its `end`. Hints are in the order of the body. */
  define(
    index: FunctionIndex,
    params: readonly WasmType[],
    results: readonly WasmType[],
    locals: readonly WasmType[],
    body: Uint8Array,
    hints: readonly BranchHint[] = [],
  ): void {
    this.#functions[index - this.#functionImports.length] = { type: this.type(params, results), locals, body, hints }
  }

  /** Puts functions into the imported table, from an element on, when the module is instantiated. */
  fillTable(start: number, indices: readonly FunctionIndex[]): void {
    if (indices.length > 0) this.#elements.push({ start, indices })
  }

  export(name: string, index: FunctionIndex): void {
    this.#exports.push({ name, index })
  }

  toBytes(): Uint8Array {
    const out = new ByteWriter(4096)
    out.bytes([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0])
    this.#section(out, SECTION.type, (w) => this.#writeTypes(w))
    this.#section(out, SECTION.import, (w) => this.#writeImports(w))
    this.#section(out, SECTION.function, (w) => {
      w.u32(this.#functions.length)
      for (const f of this.#functions) w.u32((f as DefinedFunction).type)
    })
    this.#section(out, SECTION.export, (w) => {
      w.u32(this.#exports.length)
      for (const { name, index } of this.#exports) {
        w.name(name)
        w.byte(0)
        w.u32(index)
      }
    })
    if (this.#elements.length > 0) this.#section(out, SECTION.element, (w) => this.#writeElements(w))
    if (this.#functions.some((f) => (f as DefinedFunction).hints.length > 0))
      this.#section(out, SECTION.custom, (w) => this.#writeHints(w))
    this.#section(out, SECTION.code, (w) => this.#writeCode(w))
    return out.toBytes()
  }

  #section(out: ByteWriter, id: number, write: (w: ByteWriter) => void): void {
    const content = new ByteWriter(1024)
    write(content)
    out.byte(id)
    out.u32(content.length)
    out.bytes(content.view())
  }

  #writeTypes(w: ByteWriter): void {
    w.u32(this.#types.length)
    for (const { params, results } of this.#types) {
      w.byte(0x60)
      w.u32(params.length)
      w.bytes(params)
      w.u32(results.length)
      w.bytes(results)
    }
  }

  #writeImports(w: ByteWriter): void {
    w.u32(this.#functionImports.length + this.#memories.length + (this.#table ? 1 : 0))
    for (const { name, type } of this.#functionImports) {
      w.name('e')
      w.name(name)
      w.byte(0)
      w.u32(type)
    }
    if (this.#table) {
      w.name('e')
      w.name(this.#table.name)
      w.bytes([1, 0x70, 0])
      w.u32(this.#table.minimum)
    }
    for (const { name, minimum, maximum, shared } of this.#memories) {
      w.name('e')
      w.name(name)
      w.byte(2)
      w.byte((maximum === null ? 0 : 1) | (shared ? 2 : 0))
      w.u32(minimum)
      if (maximum !== null) w.u32(maximum)
    }
  }

  /** Active segments of table 0, by function indices. */
  #writeElements(w: ByteWriter): void {
    w.u32(this.#elements.length)
    for (const { start, indices } of this.#elements) {
      w.bytes([0, 0x41])
      w.s32(start)
      w.byte(0x0b)
      w.u32(indices.length)
      for (const index of indices) w.u32(index)
    }
  }

  /** Hints stand before the code; their offsets count from where the function's locals are declared. */
  #writeHints(w: ByteWriter): void {
    w.name('metadata.code.branch_hint')
    const hinted = this.#functions.filter((f) => (f as DefinedFunction).hints.length > 0)
    w.u32(hinted.length)
    for (const each of hinted) {
      const { locals, hints } = each as DefinedFunction
      const start = declarations(locals).length
      w.u32(this.#functionImports.length + this.#functions.indexOf(each))
      w.u32(hints.length)
      for (const { at, isTaken } of hints) {
        w.u32(start + at)
        w.bytes([1, isTaken ? 1 : 0])
      }
    }
  }

  #writeCode(w: ByteWriter): void {
    w.u32(this.#functions.length)
    for (const each of this.#functions) {
      const { locals, body } = each as DefinedFunction
      const declared = declarations(locals)
      w.u32(declared.length + body.length + 1)
      w.bytes(declared.view())
      w.bytes(body)
      w.byte(0x0b)
    }
  }
}

/** Declarations of locals: runs of one type. */
function declarations(locals: readonly WasmType[]): ByteWriter {
  const out = new ByteWriter(64)
  const runs: [number, WasmType][] = []
  for (const type of locals) {
    const last = runs.at(-1)
    if (last !== undefined && last[1] === type) last[0]++
    else runs.push([1, type])
  }
  out.u32(runs.length)
  for (const [count, type] of runs) {
    out.u32(count)
    out.byte(type)
  }
  return out
}
