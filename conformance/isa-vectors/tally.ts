/** Counts of a comparison: agreeing, explained (by a rule with a reason), and everything else with samples. */

/** A known difference: an identifier, the reason, and which cases it covers. */
export interface Explanation<Case> {
  readonly id: string
  readonly why: string
  covers(difference: Difference<Case>): boolean
}

export interface Difference<Case> {
  readonly case: Case
  /** What differs: `status`, `length`, `mnemonic`, `operands`. */
  readonly what: string
  readonly ours: string
  readonly theirs: string
}

export class Tally<Case> {
  agree = 0
  readonly explained = new Map<string, number>()
  readonly unexplained: Difference<Case>[] = []
  readonly name: string
  readonly #explanations: readonly Explanation<Case>[]

  constructor(name: string, explanations: readonly Explanation<Case>[]) {
    this.name = name
    this.#explanations = explanations
  }

  add(c: Case, difference: Omit<Difference<Case>, 'case'> | null): void {
    if (difference === null) {
      this.agree++
      return
    }
    const full = { case: c, ...difference }
    const rule = this.#explanations.find((e) => e.covers(full))
    if (rule) this.explained.set(rule.id, (this.explained.get(rule.id) ?? 0) + 1)
    else this.unexplained.push(full)
  }

  get total(): number {
    return this.agree + this.unexplained.length + [...this.explained.values()].reduce((a, b) => a + b, 0)
  }

  /** Lines for people: counts, then each reason, then up to `samples` differences. */
  report(samples = 20): string {
    const lines = [
      `${this.name}: ${this.total} cases, ${this.agree} agree, ${this.total - this.agree - this.unexplained.length} explained, ${this.unexplained.length} not`,
    ]
    for (const [id, n] of [...this.explained].sort((a, b) => b[1] - a[1])) {
      lines.push(`  ${String(n).padStart(8)}  ${id}: ${this.#explanations.find((e) => e.id === id)?.why ?? ''}`)
    }
    for (const d of this.unexplained.slice(0, samples)) {
      lines.push(`  UNEXPLAINED ${JSON.stringify(d.case)} ${d.what}: ours ${d.ours}, theirs ${d.theirs}`)
    }
    return lines.join('\n')
  }
}
