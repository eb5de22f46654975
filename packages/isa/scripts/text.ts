/** Pieces of generated TypeScript. */
import { pack } from '../src/packed.ts'

export const HEADER = '// Generated from packages/isa/table by `npm run generate`. Do not edit.\n'

/** What a generated file with packed numbers begins with. */
export const UNPACK_IMPORT = "import { unpack } from '../packed.ts'\n"

/**
 * A typed array as a constant. Its numbers stand in one string (src/packed.ts): an engine reads that ten times as fast as it
 * compiles as many literals, and this package is mostly tables.
 */
export function numbers(name: string, type: string, doc: string, values: readonly number[]): string {
  const text = values.length < 64 ? `${JSON.stringify(values)}` : JSON.stringify(pack(values))
  const array =
    values.length < 64 ? `new ${type}(${text})` : `unpack(/* @__PURE__ */ new ${type}(${values.length}), ${text})`
  return `/** ${doc} */\nexport const ${name}: ${type} = /* @__PURE__ */ ${array};\n`
}

/** A list of strings as one joined string: smaller, and quicker to read for an engine, than thousands of literals. */
export function strings(name: string, doc: string, values: readonly string[], separator = '|'): string {
  const bad = values.find((v) => v.includes(separator))
  if (bad !== undefined) throw new Error(`'${bad}' holds the separator of ${name}`)
  const joined = JSON.stringify(values.join(separator))
  return `/** ${doc} */\nexport const ${name}: readonly string[] = /* @__PURE__ */ ${joined}.split(${JSON.stringify(separator)});\n`
}

/** As {@link strings}, but split when it is first asked for: texts for people, which most programs never read. */
export function lazyStrings(name: string, doc: string, values: readonly string[], separator: string): string {
  return strings(name, doc, values, separator)
    .replace(
      `${name}: readonly string[] = /* @__PURE__ */ `,
      `${name}: () => readonly string[] = /* @__PURE__ */ lazy(`,
    )
    .replace(/\.split\((".*?")\);\n$/, ', $1);\n')
}

/** Gives equal strings one number; number 0 is the first one given. */
export class Interned {
  readonly values: string[] = []
  readonly #index = new Map<string, number>()

  constructor(first?: string) {
    if (first !== undefined) this.add(first)
  }

  add(value: string): number {
    const known = this.#index.get(value)
    if (known !== undefined) return known
    this.#index.set(value, this.values.length)
    this.values.push(value)
    return this.values.length - 1
  }
}
