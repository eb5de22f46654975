import { describe, expect, it } from 'vitest'
import type { Architecture, PackageRow } from './model.ts'
import { directImports, renewPage } from './page.ts'

function row(name: string, imports: readonly string[]): PackageRow {
  return { name, folder: 'packages', status: 'present', environment: 'none', imports, purpose: `${name} it is` }
}

const architecture: Architecture = {
  scope: '@ringfold',
  packages: [row('a', []), row('b', ['a']), row('c', ['a', 'b'])],
}
const markers = [
  '<!-- generated from architecture.json by `npm run -s check:architecture -- --write`: do not edit -->',
  '<!-- end of the generated part -->',
]

describe('the architecture page', () => {
  it('leaves out imports that others imply, in the picture only', () => {
    expect(architecture.packages.map((each) => directImports(each, architecture))).toEqual([[], ['a'], ['b']])
    const page = renewPage(markers.join('\n'), architecture)
    expect(page).toContain('c --> b')
    expect(page).not.toContain('c --> a')
    expect(page).toContain('| [`@ringfold/c`](../packages/c) | present | none | c it is | a, b |')
  })

  it('keeps the prose, and renewing twice changes nothing', () => {
    const once = renewPage(`# before\n${markers.join('\nSTALE\n')}\nafter\n`, architecture)
    expect(once).toMatch(/^# before\n/)
    expect(once).toMatch(/\nafter\n$/)
    expect(once).not.toContain('STALE')
    expect(renewPage(once, architecture)).toBe(once)
  })

  it('refuses a page without its markers', () => {
    expect(() => renewPage('# page\n', architecture)).toThrow('markers')
  })
})
