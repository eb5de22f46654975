/** The host's compiler: one object file of kernels, linked into a guest image and into a native program. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Flags that make the object position-dependent, free of vector instructions, and nothing but what the source says. */
const COMPILE_FLAGS =
  '-O2 -c -ffreestanding -fno-tree-vectorize -fno-pic -fcf-protection=none -fno-stack-protector -fno-asynchronous-unwind-tables'
const LINK_GUEST_FLAGS = '-static -nostdlib -no-pie -Wl,--build-id=none -Wl,-e,prepare'
const LINK_NATIVE_FLAGS = '-O2 -no-pie'

export interface Built {
  /** The first line of the compiler's `--version`. */
  readonly compiler: string
  /** A static ELF file with the kernels alone. */
  readonly guest: Uint8Array
  /** Path of the native program. */
  readonly native: string
  dispose(): void
}

function gcc(...args: string[]): string {
  const { status, stdout, stderr, error } = spawnSync('gcc', args, { encoding: 'utf8' })
  if (error) throw error
  if (status !== 0) throw new Error(`gcc ${args.join(' ')}: ${stderr}`)
  return stdout
}

/** Whether a program can be started here. */
export function isInstalled(program: string): boolean {
  return spawnSync(program, ['--version'], { stdio: 'ignore' }).status === 0
}

/** Whether the host can compile and run the kernels. */
export const canBuild = (): boolean => process.platform === 'linux' && process.arch === 'x64' && isInstalled('gcc')

/** Compiles and links into a directory of its own. */
export function build(): Built {
  const directory = mkdtempSync(join(tmpdir(), 'ringfold-spike-'))
  const at = (name: string) => join(directory, name)
  const source = (name: string) => join(import.meta.dirname, name)
  gcc(...COMPILE_FLAGS.split(' '), source('kernels.c'), '-o', at('kernels.o'))
  gcc(...LINK_GUEST_FLAGS.split(' '), at('kernels.o'), '-o', at('guest.elf'))
  gcc(...LINK_NATIVE_FLAGS.split(' '), source('native.c'), at('kernels.o'), '-o', at('native'))
  return {
    compiler: gcc('--version').split('\n')[0] ?? '',
    guest: readFileSync(at('guest.elf')),
    native: at('native'),
    dispose: () => rmSync(directory, { recursive: true, force: true }),
  }
}
