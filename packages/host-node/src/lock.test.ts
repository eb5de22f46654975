import { existsSync, mkdtempSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { Worker } from 'node:worker_threads'
import { afterAll, describe, expect, it } from 'vitest'
import { lockOwner, tryLock } from './lock.ts'

const folder = mkdtempSync(join(tmpdir(), 'ringfold-lock-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
let count = 0
const fresh = (): string => join(folder, `lock${count++}`)

/** What this process writes into its locks: pid, start, namespace, boot, host, token. */
function ownWords(): string[] {
  const path = fresh()
  const release = tryLock(path) as () => void
  const words = readlinkSync(path).split(' ')
  release()
  return words
}

/** A lock that says something else in one place. */
function lockOf(place: number, word: string): string {
  const path = fresh()
  symlinkSync(ownWords().with(place, word).join(' '), path)
  return path
}

describe('a lock', () => {
  it('is had by one, and given back', () => {
    const path = fresh()
    const release = tryLock(path) as () => void
    expect(tryLock(path)).toMatchObject({ pid: process.pid })
    expect(lockOwner(path)).toMatchObject({ pid: process.pid })
    release()
    release()
    expect(existsSync(path)).toBe(false)
    expect(lockOwner(path)).toBeUndefined()
  })

  it.each([
    ['no process has the number', 0, '999999999'],
    ['another process has the number now', 1, '1'],
    ['the host has started again', 3, 'another-boot'],
  ])('is taken over where %s', (_, place, word) => {
    const path = lockOf(place, word)
    expect(lockOwner(path)).toBeUndefined()
    const release = tryLock(path)
    expect(release).toBeTypeOf('function')
    if (typeof release === 'function') release()
  })

  it.each([
    ['another container', 2, 'pid:[1]'],
    ['another host', 4, 'elsewhere'],
  ])('is left to %s, of whose processes nothing is known', (_, place, word) => {
    const path = lockOf(place, word)
    expect(tryLock(path)).toMatchObject({ pid: process.pid })
  })

  it.each([
    ['a file', (path: string) => writeFileSync(path, 'something else')],
    ['a link', (path: string) => symlinkSync('somewhere', path)],
  ])('is refused where %s has its name', (_, make) => {
    const path = fresh()
    make(path)
    expect(() => tryLock(path)).toThrow(expect.objectContaining({ code: 'host.busy' }))
  })

  it('that a crash left is taken over by one of many', async () => {
    const [rounds, workers] = [40, 4]
    const paths = Array.from({ length: rounds }, () => lockOf(0, '999999999'))
    const wins = new Int32Array(new SharedArrayBuffer(4 * rounds))
    const arrived = new Int32Array(new SharedArrayBuffer(4 * rounds))
    const module = join(import.meta.dirname, 'lock.ts')
    const workerData = { paths, wins, arrived, workers, module }
    const ended = Array.from({ length: workers }, () => {
      const worker = new Worker(RACER, { eval: true, workerData, execArgv: ['-C', '@ringfold/source'] })
      return new Promise((resolve, reject) => worker.once('exit', resolve).once('error', reject))
    })
    await Promise.all(ended)
    expect([...wins]).toEqual(new Array(rounds).fill(1))
  })
})

/** Takes lock after lock, each at the same moment as the others do. */
const RACER = `
const { workerData } = require('node:worker_threads')
const { paths, wins, arrived, workers, module } = workerData
import(module).then(({ tryLock }) => {
  for (const [round, path] of paths.entries()) {
    Atomics.add(arrived, round, 1)
    while (Atomics.load(arrived, round) < workers);
    if (typeof tryLock(path) === 'function') Atomics.add(wins, round, 1)
  }
})`
