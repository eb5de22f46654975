import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import process from 'node:process'
import { expect, it } from 'vitest'

const cli = join(import.meta.dirname, '..', 'cli.ts')

function exec(...args: string[]): { stdout: string; stderr: string; status: number | null } {
  const command = ['-C', '@ringfold/source', cli, 'exec', ...args]
  const env = { ...process.env, FORCE_COLOR: undefined }
  const { stdout, stderr, status } = spawnSync(process.execPath, command, { encoding: 'utf8', env })
  return { stdout, stderr, status }
}

it('shows registers and flags before and after, and marks undefined flags', () => {
  const { stdout, status } = exec(
    'shl eax, 3; ror ebx, 2',
    '--set',
    'eax=0x80000001',
    '--set',
    'ebx=1',
    '--set',
    'cf=1',
  )
  expect(status).toBe(0)
  expect(stdout).toMatch(/rax +0x0000000080000001 +0x0000000000000008/)
  expect(stdout).toMatch(/rbx +0x0000000000000001 +0x0000000040000000/)
  expect(stdout).toMatch(/flags +CF +.*AF\? OF\?/)
  expect(stdout).toContain('2 instructions retired')
})

it.each([
  ['imul eax, eax; shl eax, 33', ['AF']],
  ['imul eax, eax; shl eax, 32', ['PF', 'AF', 'ZF', 'SF']],
  ['shl eax, 3; and eax, eax', ['AF']],
  ['mov cl, 1; shr ecx, cl', ['AF']],
  ['shl ax, 16', ['CF', 'AF', 'OF']],
  ['sar al, 9', ['AF', 'OF']],
  ['shld ax, bx, 17', ['CF', 'PF', 'AF', 'ZF', 'SF', 'OF']],
  ['rol rax, 64; rcr al, 1', []],
  ['mul eax; bt eax, 1; clc', ['PF', 'AF', 'ZF', 'SF', 'OF']],
])('leaves undefined after %s what the manual does', (text, expected) => {
  const report = JSON.parse(exec(text, '--json').stdout) as { flags: { undefined: string[] } }
  expect(report.flags.undefined).toEqual(expected)
})

it.each(['reference', 'interpreter'])('gives the state as JSON on engine %s', (engine) => {
  const { stdout } = exec(
    'push rax; addsd xmm0, xmm1',
    '--set',
    'xmm1=0x3ff0000000000000',
    '--engine',
    engine,
    '--json',
  )
  const report = JSON.parse(stdout) as {
    ended: string
    registers: { name: string; after: string }[]
    memory: unknown[]
  }
  expect(report.ended).toBe('end')
  expect(report.registers.map(({ name }) => name)).toEqual(['rsp', 'xmm0'])
  expect(report.registers[1]?.after).toBe('0x00000000000000003ff0000000000000')
})

it('tells the exception, its error code and place', () => {
  const { stdout, status } = exec('nop; mov [0x7fffff000000], eax', '--user', '--json')
  expect(status).toBe(0)
  expect(JSON.parse(stdout)).toMatchObject({ ended: '#PF', errorCode: '0x6', address: '0x40001', retired: 1 })
})

it.each([
  [['mvo eax, 1'], /unknown mnemonic 'mvo'/],
  [['nop', '--set', 'rax'], /has no name and value/],
  [['nop', '--set', 'foo=1'], /there is no register or flag foo/],
  [['nop', '--set', 'rax=ten'], /ten is no number/],
  [['nop', '--cpu-model', 'z80'], /there is no CPU model z80/],
  [['nop', '--steps', '0'], /--steps wants/],
])('ends with status 2 for %j', (args, message) => {
  const { stderr, status, stdout } = exec(...args)
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
  expect(stderr).toMatch(message)
})
