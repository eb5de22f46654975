import { createHash } from 'node:crypto'
import { statSync } from 'node:fs'
import { ENGINES } from '@ringfold/cpu'
import { describe, expect, it } from 'vitest'
import { REACHED_END } from './case.ts'
import { recordable } from './catalog.ts'
import { compareOutcomes } from './compare.ts'
import { hostProcessor, recordedForms } from './forms.ts'
import { drawImage, IMAGE } from './image.ts'
import { modelFor, modelThatClears, SiliconMachine } from './machine.ts'
import { NativeRunner, nativeMissing } from './native.ts'
import { hashOf, seeded } from './random.ts'
import { runCases } from './record.ts'
import { Tally } from './replay.ts'
import { reportOf } from './report.ts'
import { readVectors, type StoredFile, type Vector, vectorFiles } from './vectors.ts'
import { windowBytes } from './window.ts'

const seed = Number(process.env.RINGFOLD_SEED ?? Date.now() & 0x7fffffff)
const MOST_BYTES = 10_000_000
const files: readonly StoredFile[] = vectorFiles().map(readVectors)

/** A vector of every n-th group of every file, both chosen by the seed. */
function* sample(every: number): Generator<readonly [string, Vector]> {
  const next = seeded(seed)
  for (const file of files)
    for (const group of file.groups) {
      const choice = next()
      if (choice % every === 0) yield [file.name, group.vector((choice >>> 8) % group.count)]
    }
}

describe('vectors recorded on silicon', () => {
  it('hold at least 100 of every form of user code, in 10 MB', () => {
    const counts = new Map(files.flatMap((f) => f.groups).map((g) => [`${g.name}/${g.bits}`, g.count]))
    for (const bits of [64, 32] as const)
      for (const { name } of recordedForms(bits))
        expect(counts.get(`${name}/${bits}`), name).toBeGreaterThanOrEqual(100)
    expect(vectorFiles().reduce((sum, path) => sum + statSync(path).size, 0)).toBeLessThan(MOST_BYTES)
    for (const { header } of files)
      expect(header).toMatchObject({ processor: expect.any(String), seed: expect.any(Number) })
  })

  it('are made with the generator that their README describes', () => {
    const next = seeded(1)
    expect([next(), next(), next()]).toEqual([2693262067, 11749833, 2265367787])
    // What another program, written after the README alone, makes of the same seeds.
    const hash = createHash('sha256')
    for (let n = 0; n < 500; n++) {
      hash.update(drawImage(Math.imul(n, 2654435761) >>> 0, 64))
      hash.update(drawImage(Math.imul(n, 40503) >>> 0, 32))
    }
    expect(hash.update(windowBytes()).digest('hex')).toMatch(/^656a5d4ffddd1ffbcafd65e75cb2aff6/)
  })

  it.each(ENGINES)(`are what engine %s makes of them, in a sample of every form (RINGFOLD_SEED=${seed})`, (engine) => {
    const machine = new SiliconMachine(engine, modelFor(files[0]?.header.processor ?? ''))
    const tally = new Tally(engine)
    // Each new shape of instruction costs the interpreter a compilation.
    for (const [name, vector] of sample(engine === 'reference' ? 1 : 2)) tally.run(name, vector, machine)
    expect(tally.total.failed, reportOf(tally)).toBe(0)
    expect(tally.total.vectors).toBeGreaterThan(1000)
  })
})

/** Forms of which vectors have shown a defect that a sample may pass over. */
const ONCE_WRONG = /^(pop_rm\d+|popad|arpl_rm16_r16|jmp_rel8_o16|frstor_m94byte|enter_imm16_imm8|iretd)$/

it.each(ENGINES)('what was wrong once is right on engine %s', (engine) => {
  const machine = new SiliconMachine(engine, modelFor(files[0]?.header.processor ?? ''))
  const tally = new Tally(engine)
  for (const file of files)
    for (const group of file.groups.filter((g) => ONCE_WRONG.test(g.name)))
      for (let n = 0; n < group.count; n++) tally.run(file.name, group.vector(n), machine)
  expect(tally.total.failed, reportOf(tally)).toBe(0)
  expect(tally.total.vectors).toBeGreaterThan(700)
})

describe('judging an outcome', () => {
  const vectors = files.flatMap((f) => f.groups).filter((g) => g.name === 'and_rm32_r32' && g.bits === 64)
  const { input, expected } = Array.from({ length: 100 }, (_, n) => vectors[0]?.vector(n)).find(
    (v) => v?.expected.trap === REACHED_END,
  ) as Vector
  const changed = (at: number, mask: number) => {
    const image = expected.image.slice()
    image[at] = (image[at] as number) ^ mask
    return compareOutcomes(input, expected, { ...expected, image }).differences.map((d) => d.field)
  }

  it('finds every kind of difference', () => {
    expect(compareOutcomes(input, expected, expected).differences).toEqual([])
    expect(changed(IMAGE.gpr + 8 * 3, 1)).toEqual(['rbx'])
    expect(changed(IMAGE.xmm + 15, 0x80)).toEqual(['xmm0'])
    expect(changed(IMAGE.st + 9, 1)).toEqual(['st0'])
    expect(changed(IMAGE.mxcsr, 1)).toEqual(['mxcsr'])
    expect(changed(IMAGE.rip, 1)).toEqual(['rip'])
    const window = expected.window.slice()
    window[0x123] = (window[0x123] as number) ^ 1
    const fields = (got: object) =>
      compareOutcomes(input, expected, { ...expected, ...got }).differences.map((d) => d.field)
    expect(fields({ window })).toEqual(['memory+123'])
    expect(fields({ trap: 14 })).toEqual(['trap'])
  })

  it('compares defined flags, and counts undefined ones', () => {
    expect(changed(IMAGE.rflags, 1)).toEqual(['rflags'])
    // AF after AND (SDM vol. 2A, AND, "Flags Affected").
    expect(changed(IMAGE.rflags, 0x10)).toEqual([])
    const image = expected.image.slice()
    image[IMAGE.rflags] = (image[IMAGE.rflags] as number) ^ 0x10
    expect(compareOutcomes(input, expected, { ...expected, image })).toMatchObject({
      undefinedBits: 1,
      undefinedEqual: 0,
    })
  })
})

/** Differences are explained by the vendor of the recorded processor. */
const isSameVendor = (): boolean => modelFor(hostProcessor().name) === modelFor(files[0]?.header.processor ?? '')
const missing = nativeMissing() ?? (isSameVendor() ? null : "another vendor's processor")

describe.skipIf(missing !== null)(`fresh cases${missing === null ? '' : ` (skipped: ${missing})`}`, () => {
  it(`end on this host's processor as on the reference engine (RINGFOLD_SEED=${seed})`, () => {
    const next = seeded(seed)
    const runner = new NativeRunner()
    const cases = recordable()
      .filter(() => next() % 12 === 0)
      .flatMap((one) => Array.from({ length: 4 }, (_, n) => one.draw(hashOf(one.name, seed + one.bits), n)))
      .filter((c) => c !== undefined)
    // A hypervisor hides the bit by which a processor says whether null selectors clear bases: it is this one's, if it is all cases'.
    let tallies: Tally[]
    try {
      const vectors = [...runCases(runner, cases)]
      tallies = [true, false].map((clearsBase) => {
        const machine = new SiliconMachine('reference', modelThatClears(hostProcessor().name, clearsBase))
        const tally = new Tally('reference')
        for (const vector of vectors) tally.run('fresh', vector, machine)
        return tally
      })
    } finally {
      runner.close()
    }
    const tally = tallies.reduce((best, each) => (each.total.failed < best.total.failed ? each : best))
    expect(tally.total.failed, reportOf(tally)).toBe(0)
    expect(tally.total.vectors).toBeGreaterThan(300)
  })
})
