import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import process from 'node:process'
import { expect, it } from 'vitest'

const cli = join(import.meta.dirname, '..', 'cli.ts')

// What a session does, `conformance/gdb` shows; here is what does not come to one.
function gdb(input: Uint8Array, ...args: string[]): { status: number | null; stderr: string; stdout: string } {
  const command = ['-C', '@ringfold/source', cli, 'gdb', ...args]
  const { status, stderr, stdout } = spawnSync(process.execPath, command, { encoding: 'utf8', input, timeout: 30_000 })
  return { status, stderr, stdout }
}

it.each([
  ['firmware of an odd size', ['-', '--bios'], /firmware cannot have 5 bytes/],
  ['code beyond real mode', ['-', '--at', '0x100000'], /do not fit at 0x100000/],
  ['an unknown model', ['-', '--model', 'z80'], /use one of/],
  ['no processors', ['-', '--cpus', '0'], /from 1 to 64/],
  ['an unknown engine', ['-', '--engine', 'fast'], /interpreter, reference/],
  ['a file that is not there', ['/nowhere/at/all'], /no such file/],
] as const)('ends with status 2 for %s', (_, args, message) => {
  expect(gdb(new Uint8Array(5), ...args)).toMatchObject({ status: 2, stderr: expect.stringMatching(message) })
})

it('explains itself', () => {
  expect(gdb(new Uint8Array(), '--help')).toMatchObject({ status: 0, stdout: expect.stringContaining('--startup') })
})
