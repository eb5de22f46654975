import { spawn, spawnSync } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { gzipSync } from 'node:zlib'
import { labGuest } from '@ringfold/guests'
import { assemble } from '@ringfold/isa/assembler'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const cli = join(import.meta.dirname, '..', 'cli.ts')
const folder = mkdtempSync(join(tmpdir(), 'ringfold-run-'))
const at = (name: string): string => join(folder, name)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function ringfold(...args: readonly string[]) {
  const command = ['-C', '@ringfold/source', cli, ...args]
  const { stdout, stderr, status } = spawnSync(process.execPath, command, {
    encoding: 'utf8',
    input: '',
    env: { ...process.env, XDG_CACHE_HOME: at('cache'), FORCE_COLOR: undefined },
  })
  return { stdout, stderr, status }
}
const run = (...args: readonly string[]) => ringfold('run', '--quiet', ...args)

/** A multiboot kernel that writes AL = modules + 40 to the debug-exit port. */
function multibootKernel(code: string): Uint8Array {
  const origin = 0x100000
  const source = `
bits 32
  dd 0x1badb002, 0x10003, ${-(0x1badb002 + 0x10003) >>> 0}
  dd ${origin}, ${origin}, 0, 0, start
start:
${code}
stop:
  cli
  hlt
  jmp stop`
  return assemble(source, { bits: 32, origin: BigInt(origin) }).bytes
}

beforeAll(() => {
  writeFileSync(at('lab.elf'), labGuest().image)
  writeFileSync(at('disk.img'), new Uint8Array(1 << 20))
  writeFileSync(at('module'), 'contents')
})

describe('run', () => {
  it('runs the lab guest on several processors, and reports', () => {
    const { stdout, status } = run(
      '--guest',
      'lab',
      '--cpus',
      '3',
      '--disk',
      at('disk.img'),
      '--report',
      at('report.json'),
    )
    expect(status).toBe(0)
    for (const text of [
      'error 0011, CR2 40001000',
      'SYSCALL from ring 3',
      'written and read again',
      'others that started: 2',
    ])
      expect(stdout).toContain(text)
    expect(readFileSync(at('disk.img')).subarray(512, 520).toString()).toBe('torw bal')
    expect(JSON.parse(readFileSync(at('report.json'), 'utf8'))).toMatchObject({
      ...{ version: 1, guest: 'lab', end: { kind: 'powered-off' }, interrupts: expect.any(Number) },
      exits: { portWrites: expect.any(Number) },
    })
  })

  it('shows what became of a piece of guest code', () => {
    const code = `
  mov esp, 0x90000
  mov ecx, 20000
again:
  push ecx
  add eax, ecx
  pop ecx
  dec ecx
  jnz again
  mov al, 40
  out 0xf4, al`
    writeFileSync(at('loop.elf'), multibootKernel(code))
    const dump = (...args: readonly string[]) =>
      run('--kernel', at('loop.elf'), '--serial', 'none', '--debug-exit', '0xf4', '--dump', ...args)
    const ir = dump('ir', '--at', '0x10002c')
    expect(ir.status).toBe(81)
    for (const text of ['region at 0x10002a: ', '0x10002f  jne 0x10002a', 'lift:', 'forward-registers:', 'locals:'])
      expect(ir.stderr).toContain(text)
    const wasm = dump('wasm', '--at', '0x10002a', '--engine', 'translator')
    expect(wasm.stderr).toMatch(/region at 0x10002a[\s\S]*\(func \(;\d+;\)[\s\S]*i32\.lt_s/)
    expect(dump('ir', '--at', '0x200000').stderr).toContain('nothing was made of the code at 0x200000')
    expect(dump('ir').status).toBe(2)
    expect(dump('ir', '--at', '0x10002a', '--engine', 'interpreter').status).toBe(2)
  })

  it('repeats to the bit with the virtual clock, on both engines', () => {
    const ends = ['reference', 'interpreter'].map((engine) => {
      run(
        '--guest',
        'lab',
        '--engine',
        engine,
        '--clock',
        'virtual',
        '--max-instructions',
        '60000',
        '--snapshot',
        at(`${engine}.snapshot`),
      )
      return readFileSync(at(`${engine}.snapshot`))
    })
    expect(ends[0]?.equals(ends[1] as Buffer)).toBe(true)
  })

  it('goes on from a snapshot in another process', () => {
    const whole = run('--guest', 'lab')
    const first = run('--guest', 'lab', '--max-instructions', '300000', '--snapshot', at('half'))
    expect([first.status, first.stderr]).toEqual([8, 'the instructions are used up\n'])
    const second = run('--restore', at('half'))
    expect(second.status).toBe(0)
    expect(first.stdout + second.stdout).toBe(whole.stdout)
  })

  it('replays what it recorded to the same state', () => {
    expect(run('--guest', 'lab', '--clock', 'real', '--record', at('recording')).status).toBe(0)
    const { stderr, status } = run('--guest', 'lab', '--replay', at('recording'))
    expect([stderr, status]).toEqual(['replay: the same state as recorded\n', 0])
    const other = run('--guest', 'lab', '--cpus', '2', '--replay', at('recording'))
    expect([other.status, other.stderr]).toEqual([2, expect.stringContaining('begins with another machine')])
  })

  it('loads multiboot kernels with their modules, and passes on what they exit with', () => {
    const kernel = multibootKernel('  mov eax, [ebx + 20]\n  add eax, 40\n  out 0xf4, al')
    writeFileSync(at('multiboot'), kernel)
    const words = ['--kernel', at('multiboot'), '--initrd', at('module'), '--module', `${at('module')} A=1`]
    expect(run(...words, '--debug-exit', '0xf4').status).toBe((42 << 1) | 1)
  })

  it("unpacks a kernel that is packed with gzip, and tells a multiboot kernel its file's name first", () => {
    // The letter behind the first blank of the command line.
    const code = `
  mov ebx, [ebx + 16]
next:
  mov al, [ebx]
  inc ebx
  cmp al, 32
  jne next
  mov al, [ebx]
  out 0xf4, al`
    writeFileSync(at('a kernel.gz'), gzipSync(multibootKernel(code)))
    const words = ['--kernel', at('a kernel.gz'), '--append', 'x=1', '--debug-exit', '0xf4']
    expect(run(...words).status).toBe((('x'.charCodeAt(0) << 1) | 1) & 0xff)
    writeFileSync(at('cut.gz'), readFileSync(at('a kernel.gz')).subarray(0, 40))
    expect(run('--kernel', at('cut.gz'))).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/looks like gzip, and cannot be unpacked/),
    })
  })

  it('ends with a status of its own for a triple fault, a panic, and a machine that waits for ever', () => {
    writeFileSync(at('fault'), multibootKernel('  ud2'))
    expect(run('--kernel', at('fault'))).toMatchObject({ status: 4, stderr: expect.stringContaining('triple fault') })
    writeFileSync(at('panic'), multibootKernel('  mov edx, 0x505\n  mov al, 1\n  out dx, al'))
    expect(run('--kernel', at('panic'))).toMatchObject({ status: 6, stderr: 'the guest panicked\n' })
    writeFileSync(at('wait'), multibootKernel(''))
    expect(run('--kernel', at('wait'))).toMatchObject({
      status: 6,
      stderr: expect.stringContaining('nothing can wake'),
    })
  })

  it('writes a serial line to a file', () => {
    run('--guest', 'lab', '--serial', `file:${at('serial.log')}`)
    expect(readFileSync(at('serial.log'), 'utf8')).toContain('lab: done')
  })

  it('is stopped by SIGTERM, after the power button', async () => {
    writeFileSync(at('spin'), multibootKernel('spin:\n  jmp spin'))
    const child = spawn(process.execPath, ['-C', '@ringfold/source', cli, 'run', '--kernel', at('spin')], {
      stdio: 'pipe',
    })
    await new Promise<void>((resolve) => child.stderr.once('data', () => resolve()))
    child.kill('SIGTERM')
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(child.exitCode).toBeNull()
    child.kill('SIGTERM')
    expect(await new Promise((resolve) => child.once('exit', resolve))).toBe(0)
  }, 30_000)
})

describe('bad input is one line that says what to do, status 2, and nothing is overwritten', () => {
  const spoiled = (name: string, change: (path: string) => void): string => {
    copyFileSync(at('lab.elf'), at(name))
    change(at(name))
    return at(name)
  }
  const foreign = (path: string) => {
    const bytes = readFileSync(path)
    bytes.writeUInt16LE(183, 18)
    writeFileSync(path, bytes)
  }
  it.each<[string, () => readonly string[], RegExp]>([
    ['nothing to run', () => [], /nothing to run \(give --guest/],
    ['an option that is not there', () => ['--guset', 'lab'], /unknown option.*--guest/s],
    ['a guest that is not there', () => ['--guest', 'plan9'], /no guest plan9/],
    ['a missing kernel', () => ['--kernel', at('none')], /kernel .*none: there is no such file/],
    ['a directory as kernel', () => ['--kernel', folder], /it is a directory/],
    ['an empty kernel', () => ['--kernel', spoiled('empty', (path) => truncateSync(path, 0))], /is empty/],
    [
      'a kernel that is cut off',
      () => ['--kernel', spoiled('cut', (path) => truncateSync(path, 5000))],
      /ends|cut|truncated|beyond/,
    ],
    ['a kernel for another machine', () => ['--kernel', spoiled('arm', foreign)], /another|architecture|machine/],
    ['what is no kernel', () => ['--kernel', at('module')], /no Linux|not a|is no/],
    ['a missing initrd', () => ['--kernel', at('lab.elf'), '--initrd', at('none')], /initrd .*no such file/],
    ['a missing disk', () => ['--guest', 'lab', '--disk', at('none')], /disk .*no such file/],
    ['a disk of a bad size', () => ['--guest', 'lab', '--disk', at('module')], /has 8 bytes/],
    ['words that no disk has', () => ['--guest', 'lab', '--disk', `${at('disk.img')},rw`], /not understood/],
    ['a snapshot that is none', () => ['--restore', at('module')], /no snapshot/],
    ['a recording that is none', () => ['--guest', 'lab', '--replay', at('module')], /no recording/],
    ['too much memory', () => ['--guest', 'lab', '--memory', '4000G'], /memory|RAM/],
    ['a processor that is not there', () => ['--guest', 'lab', '--cpu-model', 'z80'], /no CPU model z80/],
    ['a feature that is not there', () => ['--guest', 'lab', '--cpu-features', '+warp'], /WARP|warp/],
    ['a network that is not there', () => ['--guest', 'lab', '--net', 'token-ring'], /not understood/],
    ['a serial line to nowhere', () => ['--guest', 'lab', '--serial', `file:${at('none/log')}`], /no such file/],
    ['two answers to one question', () => ['--guest', 'lab', '--kernel', at('lab.elf')], /exclude each other/],
  ])('%s', (_, words, message) => {
    const before = readdirSync(folder).sort()
    const args = words()
    const { stdout, stderr, status } = run(...args)
    expect(stderr).toMatch(message)
    expect([status, stdout]).toEqual([2, ''])
    expect(stderr.trim().split('\n').length).toBeLessThanOrEqual(3)
    expect(readdirSync(folder).length).toBeLessThanOrEqual(before.length + 1)
  })

  it('a damaged snapshot', () => {
    run('--guest', 'lab', '--max-instructions', '1000', '--snapshot', at('good'))
    const bytes = readFileSync(at('good'))
    bytes[bytes.length >>> 1] = (bytes[bytes.length >>> 1] as number) ^ 1
    writeFileSync(at('bad'), bytes)
    expect(run('--restore', at('bad'))).toMatchObject({ status: 2, stderr: expect.stringMatching(/its sum is wrong/) })
  })

  it('a port that is taken', async () => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    expect(run('--guest', 'lab', '--gdb', `${port}`)).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/cannot be used/),
    })
    server.close()
  })

  it('an overlay that belongs to another base, or is none', () => {
    writeFileSync(at('other.img'), new Uint8Array(1 << 20).fill(1))
    expect(run('--guest', 'lab', '--disk', `${at('disk.img')},overlay=${at('overlay')}`).status).toBe(0)
    const kept = readFileSync(at('overlay'))
    const wrong = run('--guest', 'lab', '--disk', `${at('other.img')},overlay=${at('overlay')}`)
    expect(wrong).toMatchObject({ status: 2, stderr: expect.stringMatching(/another base/) })
    expect(readFileSync(at('overlay')).equals(kept)).toBe(true)
    const none = run('--guest', 'lab', '--disk', `${at('disk.img')},overlay=${at('module')}`)
    expect(none).toMatchObject({ status: 2, stderr: expect.stringMatching(/no overlay/) })
    expect(readFileSync(at('module'), 'utf8')).toBe('contents')
  })
})

describe('start', () => {
  it('runs the lab guest where Debian cannot be had', () => {
    const { stdout, stderr, status } = ringfold('start', '--offline')
    expect(stderr).toMatch(/no whole Debian cloud-amd64.*the lab guest runs instead/)
    expect([status, stdout]).toEqual([0, expect.stringContaining('lab: done')])
  })
})

describe('other commands', () => {
  it('doctor says what is there', () => {
    const { stdout, status } = ringfold('doctor', '--json')
    const tools = JSON.parse(stdout) as { name: string; purpose: string }[]
    expect(status).toBe(0)
    for (const name of ['qemu', 'passt', 'gdb', 'gcc', 'chromium'])
      expect(tools.map((tool) => tool.name)).toContain(name)
  })

  it('guest says what it lacks where nothing may be obtained', () => {
    const { stderr, status } = ringfold('guest', 'debian', '--offline')
    expect([status, stderr]).toEqual([
      2,
      expect.stringMatching(/no whole Debian cloud-amd64.*run "ringfold guest debian"/s),
    ])
    const xen = ringfold('guest', 'xen', '--offline')
    expect([xen.status, xen.stderr]).toEqual([2, expect.stringMatching(/no whole Debian Xen.*"ringfold guest xen"/s)])
    expect(ringfold('guest', 'xen', '--flavour', '686').stderr).toMatch(/--flavour does not go with xen/)
    expect(existsSync(at('cache'))).toBe(false)
  })
})
