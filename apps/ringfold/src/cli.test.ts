import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { afterAll, describe, expect, it } from 'vitest'

const cli = join(import.meta.dirname, 'cli.ts')
const folder = mkdtempSync(join(tmpdir(), 'ringfold-cli-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Outcome {
  readonly stdout: string
  readonly stderr: string
  readonly status: number | null
}

function ringfold(args: readonly string[], input?: Uint8Array, env: Record<string, string> = {}): Outcome {
  const { stdout, stderr, status } = spawnSync(process.execPath, ['-C', '@ringfold/source', cli, ...args], {
    encoding: 'utf8',
    ...(input ? { input } : {}),
    env: { ...process.env, FORCE_COLOR: undefined, ...env },
    maxBuffer: 1 << 28,
  })
  return { stdout, stderr, status }
}

const file = (name: string, bytes: Uint8Array): string => {
  const path = join(folder, name)
  writeFileSync(path, bytes)
  return path
}

describe('asm', () => {
  it('prints bytes', () => {
    expect(ringfold(['asm', 'mov rax, [rbx+8*rcx+0x10]'])).toEqual({
      stdout: '48 8b 44 cb 10\n',
      stderr: '',
      status: 0,
    })
  })

  it('lists addresses, as text and as JSON', () => {
    const { stdout } = ringfold(['asm', '--bits', '16', '--base', '0x7c00', '--json', 'start: jmp start; hlt'])
    expect(
      stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual([
      { address: '0x7c00', bytes: 'ebfe', mnemonic: 'jmp', text: 'jmp start' },
      { address: '0x7c02', bytes: 'f4', mnemonic: 'hlt', text: 'hlt' },
    ])
    const switched = ringfold(['asm', '--bits', '16', '--json', 'bits 64; push rax']).stdout
    expect(JSON.parse(switched)).toMatchObject({ bytes: '50', mnemonic: 'push' })
  })

  it.each([
    ['mvo eax, 1', /line 1: unknown mnemonic 'mvo'.*mov/s],
    ['nop\nadd eax, xmm0', /line 2: operand 2 of 'add' does not fit; accepted: .*r\/m32/],
    ['mov [rax], 1', /line 1: the size of operand 1 of 'mov' is not given/],
    ['jmp nowhere', /line 1: label 'nowhere' is not defined/],
    ['mov eax, (1', /line 1: '\)' expected/],
    ['', /nothing to assemble|^$/],
  ])('%j names the line, the operand and what would be accepted', (text, message) => {
    const { stdout, stderr, status } = ringfold(['asm', '--file', file('bad.s', new TextEncoder().encode(text))])
    expect(stdout).toBe('')
    expect(stderr).toMatch(message)
    expect(status).toBe(text === '' ? 0 : 2)
  })
})

describe('disasm', () => {
  const code = Uint8Array.of(0x48, 0x89, 0xc3, 0x06, 0x62, 0xf1, 0x7c, 0x48, 0x58, 0xc1, 0xe8)

  it('writes one JSON object a line, undecodable bytes one at a time', () => {
    const { stdout, status } = ringfold(['disasm', '-', '--json', '--base', '0x1000'], code)
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(lines).toMatchObject([
      { address: '0x1000', bytes: '4889c3', mnemonic: 'mov', text: 'mov rbx, rax' },
      { address: '0x1003', bytes: '06', mnemonic: '(bad)', text: '(bad)' },
      { address: '0x1004', bytes: '62f17c4858c1', mnemonic: '(not in table)', note: 'an EVEX instruction' },
      {
        address: '0x100a',
        bytes: 'e8',
        mnemonic: '(bad)',
        text: '(bad)',
        note: 'the bytes end within the instruction',
      },
    ])
    expect(status).toBe(0)
  })

  it('refuses an ELF file that ends before its code', () => {
    const { stdout, stderr, status } = ringfold([
      'disasm',
      file('cut', readFileSync(process.execPath).subarray(0, 4096)),
    ])
    expect({ stdout, status }).toEqual({ stdout: '', status: 2 })
    expect(stderr).toMatch(/holds none of its code/)
  })

  it('knows syntaxes, widths and windows', () => {
    const path = file('code.bin', code)
    expect(ringfold(['disasm', path, '--syntax', 'att', '--length', '3']).stdout).toContain('mov %rax,%rbx')
    expect(ringfold(['disasm', path, '--bits', '32', '--offset', '3', '--length', '1']).stdout).toMatch(
      /3: +06 +push es/,
    )
  })

  it("disassembles this machine's own ELF files with labels", () => {
    const { stdout, status } = ringfold(['disasm', process.execPath, '--section', '.init'])
    expect(stdout).toContain('section .init')
    expect(status).toBe(0)
  })

  it.each([
    [['disasm', '/no/such/file'], /no such file/],
    [['disasm', '-', '--bits', '8'], /16, 32, 64/],
    [['disasm', '-', '--base', 'zero'], /number is wanted/],
    [['disasm'], /missing required argument/],
    [['disam', 'x'], /Did you mean disasm/],
    [['disasm', process.execPath, '--section', '.txt'], /Did you mean \.text/],
  ] as const)('%j is bad input: status 2', (args, message) => {
    const { stdout, stderr, status } = ringfold(args, new Uint8Array(0))
    expect(status).toBe(2)
    expect(stderr).toMatch(message)
    expect(stdout).toBe('')
  })

  it('ends silently when the reader goes away', () => {
    const script = `"${process.execPath}" -C @ringfold/source "${cli}" disasm "${process.execPath}" | head -1; echo "$?"`
    const { stdout, stderr } = spawnSync('sh', ['-c', script], { encoding: 'utf8' })
    expect(stderr).toBe('')
    expect(stdout.trim().split('\n').at(-1)).toBe('0')
  })
})

describe('explain', () => {
  it('tells everything of a mnemonic', () => {
    const { stdout, status } = ringfold(['explain', 'popf'])
    for (const word of ['9D', 'popfq', 'IOPL', 'control-sensitive', 'Robin-Irvine 3B', 'INTERCEPT_POPF', 'SDM 2B POPF'])
      expect(stdout).toContain(word)
    expect(status).toBe(0)
  })

  it('takes bytes, instructions, forms and aliases', () => {
    expect(ringfold(['explain', '0f', '01', 'd0']).stdout).toContain('xgetbv')
    expect(ringfold(['explain', 'lock cmpxchg [rdi], rsi']).stdout).toContain('lock cmpxchg %rsi,(%rdi)')
    expect(ringfold(['explain', 'mov_r64_crn']).stdout).toContain('0F 20 /r')
    expect(ringfold(['explain', 'jz']).stdout).toContain('je_rel8')
    expect(ringfold(['explain', 'ret']).stdout).toContain('Robin-Irvine 3C')
    const [first] = JSON.parse(ringfold(['explain', 'cpuid', '--json']).stdout)
    expect(first).toMatchObject({ mnemonic: 'cpuid', vmx: [{ name: 'CPUID', number: 10, when: 'always' }] })
  })

  it('suggests what may have been meant', () => {
    const { stderr, status } = ringfold(['explain', 'cpuud'])
    expect(stderr).toContain('Did you mean cpuid?')
    expect(status).toBe(2)
  })
})

describe('the whole', () => {
  it('has help and a version', () => {
    expect(ringfold(['--help']).stdout).toContain('Usage: ringfold')
    expect(ringfold(['disasm', '--help']).stdout).toContain('Examples:')
    const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '..', 'package.json'), 'utf8'))
    expect(ringfold(['--version'])).toEqual({ stdout: `${version}\n`, stderr: '', status: 0 })
    expect(ringfold(['completion', 'bash']).stdout).toContain('ringfold')
  })

  it('colours only where it is wanted', () => {
    const sequence = '\u001b['
    expect(ringfold(['explain', 'hlt'], undefined, { FORCE_COLOR: '1' }).stdout).toContain(sequence)
    expect(ringfold(['explain', 'hlt'], undefined, { NO_COLOR: '1' }).stdout).not.toContain(sequence)
  })

  it.skipIf(!existsSync('/bin/true'))('census: decodes and explains a program, in text and as a page', () => {
    const page = join(folder, 'page.html')
    const { stdout, status } = ringfold(['census', '/bin/true', '--html', page])
    expect(stdout).toMatch(/instructions decoded in/)
    expect(stdout).toContain('ISA extension')
    expect(readFileSync(page, 'utf8')).toMatch(/^<!doctype html>/)
    expect(status).toBe(0)
    expect(ringfold(['census', cli]).status).toBe(2)
  })
})
