/** Which processors hold code of which pages of one memory: a page is watched for writes while anybody does. */
import type { PageNumber } from '@ringfold/contracts'
import type { PhysicalMemory } from '@ringfold/memory'

const registries = /* @__PURE__ */ new WeakMap<PhysicalMemory, CodePages>()

export class CodePages {
  readonly #memory: PhysicalMemory
  readonly #holders = new Map<PageNumber, Set<object>>()

  private constructor(memory: PhysicalMemory) {
    this.#memory = memory
  }

  /** The registry of a memory, which its processors share. */
  static of(memory: PhysicalMemory): CodePages {
    let registry = registries.get(memory)
    if (registry === undefined) {
      registry = new CodePages(memory)
      registries.set(memory, registry)
    }
    return registry
  }

  hold(page: PageNumber, holder: object): void {
    const holders = this.#holders.get(page)
    if (holders !== undefined) holders.add(holder)
    else this.#holders.set(page, new Set([holder]))
    this.#memory.markCode(page)
  }

  release(page: PageNumber, holder: object): void {
    const holders = this.#holders.get(page)
    if (holders === undefined || !holders.delete(holder) || holders.size > 0) return
    this.#holders.delete(page)
    this.#memory.unmarkCode(page)
  }

  releaseAll(holder: object): void {
    for (const page of [...this.#holders.keys()]) this.release(page, holder)
  }
}
