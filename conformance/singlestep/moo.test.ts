import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { readMoo } from './moo.ts'

const u32 = (n: number): number[] => [n & 255, (n >> 8) & 255, (n >> 16) & 255, n >>> 24]
const chunk = (tag: string, data: readonly number[]): number[] => [
  ...new TextEncoder().encode(tag),
  ...u32(data.length),
  ...data,
]
/** State with bx = 0x1234 and one byte of memory. */
const state = [...chunk('REGS', [2, 0, 0x34, 0x12]), ...chunk('RAM ', [...u32(1), ...u32(0xfffff), 0x90])]
const file = new Uint8Array([
  ...chunk('MOO ', [1, 1, 0, 0, ...u32(1)]),
  ...chunk('TEST', [
    ...u32(7),
    ...chunk('NAME', [...u32(3), 0x6e, 0x6f, 0x70]),
    ...chunk('BYTS', [...u32(1), 0x90]),
    ...chunk('INIT', state),
    ...chunk('FINA', state),
    ...chunk('EXCP', [13, ...u32(0x400)]),
  ]),
])

describe('single-step files', () => {
  it('reads every chunk', () => {
    const read = readMoo(file)
    const test = read.kind === 'read' ? read.tests[0] : undefined
    expect(test).toMatchObject({ index: 7, name: 'nop', exception: { vector: 13, flagsAddress: 0x400 } })
    expect(test?.initial.registers[1]).toBe(0x1234)
    expect([...(test?.final.addresses ?? [])]).toEqual([0xfffff])
    expect([...(test?.bytes ?? [])]).toEqual([0x90])
  })

  it('rejects a file cut short anywhere, without a host exception', () => {
    for (let n = 0; n < file.length; n++) expect(readMoo(file.slice(0, n)).kind, `${n} bytes`).toBe('rejected')
  })

  for (const set of ['singlestep-80286', 'singlestep-8086']) {
    const directory = join(import.meta.dirname, '../../../shared/data', set)
    it.skipIf(!existsSync(directory))(`reads files of ${set}`, () => {
      const files = readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter((f) => f.endsWith('.MOO.gz'))
      expect(files.length).toBeGreaterThan(300)
      for (const name of files.filter((_, i) => i % 40 === 0)) {
        const read = readMoo(gunzipSync(readFileSync(join(directory, name))))
        expect(read, name).toMatchObject({ kind: 'read' })
        if (read.kind === 'read') expect(read.tests.length, name).toBe(200)
      }
    })
  }
})
