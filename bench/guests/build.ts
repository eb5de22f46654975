/** Builds the guest programs with the host's compiler, for both widths. */
import { spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'

export type Bits = 32 | 64

const SOURCES = join(import.meta.dirname, 'programs')
const PROGRAM = ['main.c', 'system.c', 'compute.c', 'floating.c', 'programs.c'].map((name) => join(SOURCES, name))
const ALONE = ['-O2', '-static', '-nostdlib', '-ffreestanding', '-fno-stack-protector', '-fno-pie', '-no-pie']
const PLAIN = ['-fno-tree-loop-distribute-patterns', '-fno-asynchronous-unwind-tables']
const WIDTH: Readonly<Record<Bits, readonly string[]>> = { 64: [], 32: ['-m32', '-msse2', '-mfpmath=sse'] }

export interface BuiltPrograms {
  readonly guest: string
  /** The program that has a libc; a text says why there is none. */
  readonly libc: string | { readonly missing: string }
}

function compile(words: readonly string[], output: string): string | undefined {
  const { status, stderr, error } = spawnSync('gcc', [...words, '-o', output], { encoding: 'utf8' })
  if (error !== undefined) return `gcc cannot be run: ${error.message}`
  return status === 0 ? undefined : (stderr.trim().split('\n')[0] ?? `gcc ended with status ${status}`)
}

/** Builds into a folder. @returns the programs, or why there are none */
export function buildPrograms(folder: string, bits: Bits): BuiltPrograms | { readonly skipped: string } {
  mkdirSync(folder, { recursive: true })
  const guest = join(folder, `guest${bits}`)
  const failure = compile([...WIDTH[bits], ...ALONE, ...PLAIN, ...PROGRAM], guest)
  if (failure !== undefined) return { skipped: failure }
  if (bits === 32) return { guest, libc: { missing: 'it is built for 64 bits only' } }
  const libc = join(folder, 'libc64')
  const missing = compile(['-O2', '-static', join(SOURCES, 'libc.c')], libc)
  return { guest, libc: missing === undefined ? libc : { missing } }
}
