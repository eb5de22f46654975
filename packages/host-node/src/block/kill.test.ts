import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { afterAll, describe, expect, it } from 'vitest'
import { openOverlay, openRawDisk } from './index.ts'

const SECTOR = 512
const DISK = 8 << 20
const folder = mkdtempSync(join(tmpdir(), 'ringfold-kill-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const ROUNDS = 3 * Number(process.env.RINGFOLD_SOAK ?? 1)
/** Numbers of one round are above those of the rounds before. */
const ROUND = 1_000_000

/** Writes numbered sectors for ever, and says after each flush how far it was. */
const WRITER = `
import { openOverlay, openRawDisk } from '@ringfold/host-node'
import { writeSync } from 'node:fs'
const [kind, path, base, first] = process.argv.slice(1)
const disk = kind === 'raw' ? openRawDisk(path) : openOverlay(path, base)
const sectors = disk.sizeBytes / 512
for (let n = Number(first) + 1; ; n++) {
  const bytes = new Uint8Array(512 * (1 + (n % 200)))
  new Uint32Array(bytes.buffer).fill(n)
  disk.write(((n * 7919) % (sectors - 200)) * 512, bytes)
  if (n % 5 === 0) {
    disk.flush()
    writeSync(1, n + '\\n')
  }
}`

/** Lets it write, and kills it. @returns how far it was when it last said that it had flushed */
async function writeUntilKilled(words: readonly string[], afterMs: number): Promise<number> {
  const flags = ['-C', '@ringfold/source', '--input-type=module', '-e', WRITER]
  const child = spawn(process.execPath, [...flags, ...words], {
    stdio: ['ignore', 'pipe', 'inherit'],
    cwd: import.meta.dirname,
  })
  let said = ''
  child.stdout.on('data', (bytes: Buffer) => {
    said += bytes.toString()
  })
  await Promise.race([once(child.stdout, 'data'), once(child, 'exit')])
  await new Promise((resolve) => setTimeout(resolve, afterMs))
  child.kill('SIGKILL')
  await once(child, 'close')
  return Number(said.slice(0, said.lastIndexOf('\n')).split('\n').at(-1))
}

/** The last number that was flushed to each sector. */
class Flushed {
  readonly #least = new Map<number, number>()

  add(first: number, last: number): void {
    for (let n = first + 1; n <= last; n++) {
      const sector = (n * 7919) % (DISK / SECTOR - 200)
      for (let at = 0; at < 1 + (n % 200); at++) this.#least.set(sector + at, n)
    }
  }

  /** Every sector is whole, and holds that number or a later one. */
  expectIn(words: Uint32Array): void {
    const wrong: number[] = []
    for (let sector = 0; sector < DISK / SECTOR; sector++) {
      const found = words.subarray((sector * SECTOR) / 4, ((sector + 1) * SECTOR) / 4)
      const [value] = found as unknown as [number]
      if (value < (this.#least.get(sector) ?? 0) || found.some((word) => word !== value)) wrong.push(sector)
    }
    expect(wrong).toEqual([])
  }
}

describe('a process that is killed while it writes, again and again', () => {
  it.each(['raw', 'overlay'] as const)(
    'loses nothing that it flushed (%s)',
    async (kind) => {
      const [path, basePath] = [join(folder, kind), join(folder, `${kind}-base`)]
      writeFileSync(kind === 'raw' ? path : basePath, new Uint8Array(DISK))
      const flushed = new Flushed()
      for (let round = 0; round < ROUNDS; round++) {
        const first = round * ROUND
        const last = await writeUntilKilled([kind, path, basePath, String(first)], 10 + Math.random() * 150)
        expect(last).toBeGreaterThan(first)
        flushed.add(first, last)
        const disk = kind === 'raw' ? openRawDisk(path) : openOverlay(path, basePath)
        const bytes = new Uint8Array(disk.sizeBytes)
        disk.read(0, bytes)
        disk.close()
        flushed.expectIn(new Uint32Array(bytes.buffer))
      }
    },
    60_000 + ROUNDS * 3000,
  )
})
