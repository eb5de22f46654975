import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import process from 'node:process'
import { expect, it } from 'vitest'

const cli = join(import.meta.dirname, '..', 'cli.ts')

function cpuModels(...args: string[]): { stdout: string; stderr: string; status: number | null } {
  const command = ['-C', '@ringfold/source', cli, 'cpu-models', ...args]
  const { stdout, stderr, status } = spawnSync(process.execPath, command, { encoding: 'utf8' })
  return { stdout, stderr, status }
}

it('lists the models, and one of them is the default', () => {
  const { stdout, status } = cpuModels('--json')
  const models = JSON.parse(stdout) as { name: string; default: boolean }[]
  expect(status).toBe(0)
  expect(models.filter((model) => model.default).map((model) => model.name)).toEqual(['x86-64-v2'])
  expect(cpuModels().stdout).toContain('x86-64-v2 (default)')
})

it('shows one, with features switched', () => {
  const { features } = JSON.parse(cpuModels('x86-64-v2', '--features=-AES', '--json').stdout) as { features: string[] }
  expect(features).toContain('SSE4_2')
  expect(features).not.toContain('AES')
  expect(cpuModels('x86-64').stdout).toContain('GenuineIntel')
})

it('ends with status 2 for what does not exist', () => {
  expect(cpuModels('z80')).toMatchObject({ status: 2, stderr: expect.stringContaining('use one of') })
  expect(cpuModels('x86-64', '--features=+NOTHING').status).toBe(2)
})
