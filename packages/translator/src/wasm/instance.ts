/** The host's WebAssembly: the one place that instantiates modules, so that declarations name nothing that a platform brings. */

/** A table of functions. */
export interface CodeTable {
  readonly length: number
  set(index: number, value: unknown): void
  grow(by: number): number
}

export function newTable(initial: number): CodeTable {
  return new WebAssembly.Table({ element: 'anyfunc', initial }) as unknown as CodeTable
}

/** Compiles and instantiates a module whose imports are all of module `e`. @returns its exports */
export function instantiate(
  bytes: Uint8Array,
  e: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const module = new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>)
  return new WebAssembly.Instance(module, { e: e as never }).exports
}
