/** Single SSE and x87 instructions on this host's processor, by a small C program. */
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Where the fields of a record stand (native.c). */
export const RECORD = {
  bytes: 256,
  length: 15,
  mxcsr: 16,
  eflags: 20,
  rax: 24,
  xmm: 32,
  memory: 80,
  fpu: 96,
  trapped: 204,
  isX87: 208,
} as const

const RECORDS_AT_ONCE = 256

/** Why nothing can be run natively here, or null. */
export function nativeMissing(): string | null {
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'the host is no x86-64 Linux'
  return spawnSync('gcc', ['--version']).status === 0 ? null : 'gcc is absent'
}

/** Runs records, one after the other; the outcomes are new records in their order. */
export async function runNative(records: readonly Uint8Array[]): Promise<Uint8Array[]> {
  const folder = mkdtempSync(join(tmpdir(), 'ringfold-float-'))
  try {
    const program = join(folder, 'native')
    const source = join(import.meta.dirname, 'native.c')
    const compiled = spawnSync('gcc', ['-O2', '-mno-red-zone', '-o', program, source], { encoding: 'utf8' })
    if (compiled.status !== 0) throw new Error(`gcc: ${compiled.stderr}`)
    return await pipe(program, records)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function pipe(program: string, records: readonly Uint8Array[]): Promise<Uint8Array[]> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, [], { stdio: ['pipe', 'pipe', 'inherit'] })
    const chunks: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
    child.on('error', reject)
    child.on('close', (status) => {
      if (status !== 0) reject(new Error(`the native program ended with ${status}`))
      const all = Buffer.concat(chunks)
      resolve(records.map((_, n) => new Uint8Array(all.subarray(n * RECORD.bytes, (n + 1) * RECORD.bytes))))
    })
    for (let n = 0; n < records.length; n += RECORDS_AT_ONCE) {
      const batch = records.slice(n, n + RECORDS_AT_ONCE)
      const count = Buffer.alloc(4)
      count.writeUInt32LE(batch.length)
      child.stdin.write(count)
      child.stdin.write(Buffer.concat(batch))
    }
    child.stdin.end()
  })
}
