import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { consoleBackendChecks } from '@ringfold/testkit'
import { afterAll, describe, expect, it } from 'vitest'
import { EscapeKeys, fileConsole, socketConsole, terminalConsole } from './index.ts'

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
})
