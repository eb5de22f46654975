import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { consoleBackendChecks } from '@ringfold/testkit'
import { afterAll, describe, expect, it } from 'vitest'
import { EscapeKeys, fileConsole, socketConsole, terminalConsole } from './index.ts'
import { KeptOutput } from './kept-output.ts'

const folder = mkdtempSync(join(tmpdir(), 'ringfold-console-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
let count = 0
const fresh = (): string => join(folder, `console${count++}`)
const settled = () => new Promise<void>((resolve) => setTimeout(resolve, 50))

/** Streams in the place of a terminal. */
function pipes(isTTY: boolean) {
  const input = Object.assign(new PassThrough(), {
    isTTY,
    raw: [] as boolean[],
    setRawMode: (raw: boolean) => input.raw.push(raw),
  })
  const output = Object.assign(new PassThrough(), { isTTY })
  const notices = new PassThrough()
  const chunks: Buffer[] = []
  output.on('data', (chunk: Buffer) => chunks.push(chunk))
  return { input, output, notices, written: () => new Uint8Array(Buffer.concat(chunks)) }
}

describe.each([true, false])('standard input and output (a terminal: %s)', (isTTY) => {
  const checks = consoleBackendChecks(() => {
    const { input, output, notices, written } = pipes(isTTY)
    const backend = terminalConsole({ input: input as never, output, notices })
    return { backend, output: written, feed: (bytes) => void input.write(bytes), settled, keptBytes: [0x1d] }
  })
  it.each(checks.map((check) => [check.name, check] as const))('%s', (_, check) => check.run())
})

describe('a terminal', () => {
  it('is raw while it is used, and says how to leave', async () => {
    const { input, output, notices } = pipes(true)
    const keys: string[] = []
    const got: number[] = []
    const console = terminalConsole({ input: input as never, output, notices, onEscape: (key) => keys.push(key) })
    console.onInput((bytes) => got.push(...bytes))
    input.write(Buffer.from('a\u0003\u001dx\u001d\u001db'))
    await settled()
    expect(input.raw).toEqual([true])
    expect(String(notices.read())).toContain('Ctrl-]')
    expect([keys, got]).toEqual([['x'], [97, 3, 0x1d, 98]])
    void console.close()
    expect(input.raw).toEqual([true, false])
  })

  it('takes the escape key apart from what follows it', () => {
    const keys: string[] = []
    const got: number[] = []
    const taken = new EscapeKeys(
      (bytes) => got.push(...bytes),
      (key) => keys.push(key),
    )
    for (const byte of [1, 0x1d, 0x70, 2, 0x1d, 0x1d, 3]) taken.take(Uint8Array.of(byte))
    expect([keys, got]).toEqual([['p'], [1, 2, 0x1d, 3]])
  })

  it('is raw again when it goes on', () => {
    const { input, output, notices } = pipes(true)
    const console = terminalConsole({ input: input as never, output, notices })
    console.onInput(() => undefined)
    process.emit('SIGCONT')
    expect(input.raw).toEqual([true, false, true])
    void console.close()
    process.emit('SIGCONT')
    expect(input.raw).toEqual([true, false, true, false])
  })

  it('has the escape key that it is given, and leaves nothing listening behind', async () => {
    const { input, output, notices } = pipes(true)
    const keys: string[] = []
    const got: number[] = []
    const signals = ['exit', 'SIGHUP', 'SIGQUIT', 'SIGCONT'] as const
    const before = signals.map((signal) => process.listenerCount(signal))
    const onEscape = (key: string) => keys.push(key)
    const console = terminalConsole({
      input: input as never,
      output,
      notices,
      escapeKey: 1,
      escapes: 'q quits',
      onEscape,
    })
    console.onInput((bytes) => got.push(...bytes))
    input.write(Uint8Array.of(1, 0x71, 0x1d, 1, 1))
    await settled()
    expect(String(notices.read())).toBe('The escape key is Ctrl-A (twice sends it): q quits.\r\n')
    expect([keys, got]).toEqual([['q'], [0x1d, 1]])
    void console.close()
    expect(signals.map((signal) => process.listenerCount(signal))).toEqual(before)
  })

  it('says once that its input has ended, also when it breaks', async () => {
    const { input, output, notices } = pipes(true)
    let ends = 0
    const console = terminalConsole({ input: input as never, output, notices, onEnd: () => ends++ })
    console.onInput(() => undefined)
    input.destroy(new Error('EIO'))
    await settled()
    expect(ends).toBe(1)
    void console.close()
  })
})

/** Uses the terminal, and ends in one of many ways. */
const ENDING = `
import { terminalConsole } from '@ringfold/host-node'
const console = terminalConsole()
console.onInput(() => undefined)
const how = process.argv[1]
process.stdout.write(process.stdin.isRaw ? 'raw;' : 'cooked;')
if (how === 'close') console.close()
else if (how === 'exit') process.exit(0)
else if (how === 'throw') throw new Error('uncaught')
else if (how === 'handler') {
  process.on('SIGTERM', () => process.exit(0))
  process.kill(process.pid, 'SIGTERM')
} else process.kill(process.pid, how)
`
const hasScript = spawnSync('script', ['--version']).status === 0

describe.skipIf(!hasScript)('a real terminal (needs script of util-linux)', () => {
  it.each(['close', 'exit', 'throw', 'handler', 'SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT'])(
    'is as before after %s',
    (how) => {
      const program = `"${process.execPath}" -C @ringfold/source --input-type=module -e "$PROGRAM" ${how} 2>/dev/null`
      const line = `stty -g; ${program}; echo; stty -g`
      const { stdout } = spawnSync('script', ['-qec', line, '/dev/null'], {
        cwd: import.meta.dirname,
        env: { ...process.env, PROGRAM: ENDING },
        encoding: 'utf8',
      })
      const modes = stdout.split(/\s+/).filter((word) => /^[\da-f]+(:[\da-f]+)+$/.test(word))
      expect(stdout).toContain('raw;')
      expect(modes).toHaveLength(2)
      expect(modes[1]).toBe(modes[0])
    },
  )
})

describe('a file', () => {
  const paths = new Map<object, string>()
  const checks = consoleBackendChecks(() => {
    const path = fresh()
    const backend = fileConsole(path)
    paths.set(backend, path)
    return { backend, output: () => new Uint8Array(readFileSync(path)) }
  })
  it.each(checks.map((check) => [check.name, check] as const))('%s', (_, check) => check.run())

  it('must be one', () => {
    expect(() => fileConsole(folder)).toThrow(/it is a directory/)
    expect(() => fileConsole(join(folder, 'none', 'log'))).toThrow(/no such file/)
  })

  it('is emptied when there is something to write, or nothing more', () => {
    const path = fresh()
    writeFileSync(path, 'of the last run')
    const first = fileConsole(path)
    expect(readFileSync(path, 'utf8')).toBe('of the last run')
    first.write(Uint8Array.of(0x61))
    expect(readFileSync(path, 'utf8')).toBe('a')
    void first.close()
    void fileConsole(path).close()
    expect(readFileSync(path, 'utf8')).toBe('')
  })

  it('on a disk that is full loses output, and says so once', () => {
    const notices = new PassThrough()
    const console = fileConsole('/dev/full', { notices })
    console.write(Uint8Array.of(1))
    console.write(Uint8Array.of(2))
    expect(String(notices.read())).toBe('no more is written to /dev/full: the disk is full\n')
    void console.close()
  })

  it('that is a pipe needs a reader', () => {
    const path = fresh()
    expect(spawnSync('mkfifo', [path]).status).toBe(0)
    expect(() => fileConsole(path)).toThrow(expect.objectContaining({ code: 'host.path' }))
  })
})

describe('the end of an output', () => {
  it.each([1, 3, 8, 9, 16, 25])('is kept, in pieces of %i bytes', (size) => {
    const kept = new KeptOutput(8)
    const all: number[] = []
    for (let round = 0; round < 7; round++) {
      const piece = Array.from({ length: size }, (_, n) => round * 32 + n)
      kept.add(Uint8Array.from(piece))
      all.push(...piece)
      expect([...kept.bytes]).toEqual(all.slice(-8))
    }
  })
})

async function client(path: string): Promise<{ socket: Socket; received: () => Uint8Array }> {
  const socket = connect(path)
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  await new Promise<void>((resolve) => socket.once('connect', resolve))
  await settled()
  return { socket, received: () => new Uint8Array(Buffer.concat(chunks)) }
}

describe('a socket', () => {
  const checks = consoleBackendChecks(async () => {
    const path = fresh()
    const backend = await socketConsole(path)
    const { socket, received } = await client(path)
    return { backend, output: received, feed: (bytes) => void socket.write(bytes), settled }
  })
  it.each(checks.map((check) => [check.name, check] as const))('%s', (_, check) => check.run())

  it('keeps the end of what was written for who connects later', async () => {
    const path = fresh()
    const console = await socketConsole(path)
    console.write(new TextEncoder().encode('before'))
    const { socket, received } = await client(path)
    expect(new TextDecoder().decode(received())).toBe('before')
    socket.destroy()
    await console.close()
    expect(existsSync(path)).toBe(false)
  })

  it('is not taken from whoever serves it, nor from a file', async () => {
    const path = fresh()
    const console = await socketConsole(path)
    await expect(socketConsole(path)).rejects.toThrow(/served by another program/)
    await console.close()
    writeFileSync(path, 'a file')
    await expect(socketConsole(path)).rejects.toThrow(/no socket/)
    expect(readFileSync(path, 'utf8')).toBe('a file')
  })

  it('ends though a client reads nothing, and another one was turned away', async () => {
    const path = fresh()
    const console = await socketConsole(path)
    const first = connect({ path, allowHalfOpen: true }).pause()
    await settled()
    const second = connect({ path, allowHalfOpen: true })
    let wasTurnedAway = false
    second
      .on('error', () => undefined)
      .once('close', () => {
        wasTurnedAway = true
      })
    second.write(new Uint8Array(1 << 20))
    await settled()
    for (let count = 0; count < 100; count++) console.write(new Uint8Array(1 << 16))
    await console.close()
    expect(wasTurnedAway).toBe(true)
    first.destroy()
  })

  it('serves the next client when the last one has gone', async () => {
    const path = fresh()
    const console = await socketConsole(path)
    const first = await client(path)
    first.socket.destroy()
    await settled()
    console.write(new TextEncoder().encode('between'))
    const second = await client(path)
    expect(new TextDecoder().decode(second.received())).toBe('between')
    second.socket.destroy()
    await console.close()
  })
})
