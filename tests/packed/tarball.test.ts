import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { describe, expect, inject, it } from 'vitest'
import { type Manifest, readJson } from '../../tools/architecture/model.ts'
import { published, root } from './published.ts'

const packed = inject('packed')
const consumer = inject('consumer')

interface AttwReport {
  readonly problems?: Readonly<Record<string, readonly { readonly resolutionKind?: string }[]>>
}

/** Resolutions that the profile `esm-only` leaves out; JSON lists their problems all the same. */
const NOT_ESM = ['node10', 'node16-cjs']

/** Are the types wrong? attw's own exit status says nothing with JSON output. */
function attwProblems(tarball: string): unknown[] {
  const attw = join(root, 'node_modules', '.bin', 'attw')
  const output = execFileSync(attw, ['--profile', 'esm-only', '--format', 'json', tarball], { encoding: 'utf8' })
  const problems = Object.values((JSON.parse(output) as AttwReport).problems ?? {}).flat()
  return problems.filter(({ resolutionKind }) => !NOT_ESM.includes(resolutionKind ?? ''))
}

describe.each(published)('the tarball of $name', ({ name, specifiers }) => {
  const { tarball, files } = packed.find((each) => each.name === name) ?? { tarball: 'missing', files: [] }
  const installed = join(consumer, 'node_modules', name)

  it('holds dist, README and LICENSE, and no source or test', () => {
    expect(files).toEqual(expect.arrayContaining(['LICENSE', 'README.md', 'package.json']))
    expect(files.filter((path) => !/^(dist\/.*\.(js|d\.ts)|LICENSE|README\.md|package\.json)$/.test(path))).toEqual([])
    expect(files.filter((path) => path.includes('.test.'))).toEqual([])
  })

  it('has a manifest without anything that works in the repository only', () => {
    const text = readFileSync(join(installed, 'package.json'), 'utf8')
    expect(text).not.toMatch(/@ringfold\/source|workspace:|\.\/src\//)
    const { devDependencies, scripts } = JSON.parse(text) as Manifest & { scripts?: unknown }
    expect({ devDependencies, scripts }).toEqual({ devDependencies: undefined, scripts: undefined })
  })

  it('passes publint', async () => {
    const manifest = readJson<Record<string, unknown>>(join(installed, 'package.json'))
    const archive = readFileSync(tarball)
    const pack = { tarball: archive.buffer.slice(archive.byteOffset, archive.byteOffset + archive.byteLength) }
    const { messages } = await publint({ pack, strict: true })
    expect(messages.map((message) => formatMessage(message, manifest))).toEqual([])
  })

  it.skipIf(specifiers.length === 0)('passes attw', () => expect(attwProblems(tarball)).toEqual([]))
})
