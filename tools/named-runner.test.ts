import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findPrograms } from './named-runner.ts'

const directory = mkdtempSync(join(tmpdir(), 'ringfold-programs-'))
const family = { command: 'run', description: 'd', directory, patterns: ['*.bench.ts', '*/index.ts'] }

beforeAll(() => {
  writeFileSync(
    join(directory, 'speed.bench.ts'),
    'export const run = (options: object) => { console.log(JSON.stringify(options)) }\n',
  )
  writeFileSync(join(directory, 'speed.test.ts'), '')
  writeFileSync(join(directory, 'measure.ts'), '')
  writeFileSync(join(directory, 'missed.bench.ts'), 'export const run = () => false\n')
  writeFileSync(join(directory, 'broken.bench.ts'), "export const run = () => { throw new Error('no data') }\n")
  mkdirSync(join(directory, 'soak'))
  writeFileSync(join(directory, 'soak', 'index.ts'), 'export const run = async () => {}\n')
})
afterAll(() => rmSync(directory, { recursive: true, force: true }))

function run(...args: string[]) {
  const script = `
    import { runNamed } from ${JSON.stringify(join(import.meta.dirname, 'named-runner.ts'))}
    process.exitCode = await runNamed(${JSON.stringify(family)}, process.argv.slice(1))`
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--input-type=module', '--eval', script, '--', ...args],
    { encoding: 'utf8' },
  )
  return { status, stdout, stderr }
}

it('finds programs by the pattern, tests and other modules excepted', () => {
  expect([...findPrograms(family).keys()]).toEqual(['broken', 'missed', 'soak', 'speed'])
})

describe('running by name', () => {
  it('hands over --json and the arguments', () => {
    expect(run('speed', '--json', 'a b', '--own=1')).toEqual({
      status: 0,
      stdout: '{"json":true,"args":["a b","--own=1"]}\n',
      stderr: '',
    })
    expect(run('soak')).toMatchObject({ status: 0, stdout: '' })
  })

  it.each([
    { args: [], message: 'Usage:' },
    { args: ['sped'], message: 'Did you mean speed?' },
    { args: ['quark'], message: 'Names: broken, missed, soak, speed' },
    { args: ['--quark'], message: 'Names:' },
  ])('$args is a usage error, explained on stderr', ({ args, message }) => {
    const { status, stdout, stderr } = run(...args)
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toContain(message)
  })

  it('lists the names in its help', () => {
    expect(run('--help')).toMatchObject({ status: 0, stdout: expect.stringContaining('speed') })
  })

  it('ends with 10 when the program throws or does not show what it must', () => {
    expect(run('broken')).toMatchObject({ status: 10, stderr: expect.stringContaining('no data') })
    expect(run('missed').status).toBe(10)
  })
})
