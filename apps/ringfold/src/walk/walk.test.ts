import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { PDE_2M, PTE } from '@ringfold/arch'
import { afterAll, describe, expect, it } from 'vitest'
import { run } from '../program.ts'

const cli = join(import.meta.dirname, '..', 'cli.ts')
const folder = mkdtempSync(join(tmpdir(), 'ringfold-walk-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const { P, RW, US, A, G } = PTE.lo
const ALL = P | RW | US
const XD = 2 ** 31

interface Outcome {
  readonly stdout: string
  readonly stderr: string
  readonly status: number
}

/** The command in this process: starting one takes a second. */
async function walk(args: readonly string[]): Promise<Outcome> {
  const texts = { stdout: '', stderr: '' }
  const { stdout, stderr } = process
  const writes = [stdout.write, stderr.write] as const
  const noColor = process.env.NO_COLOR
  process.env.NO_COLOR = '1'
  stdout.write = (text: string | Uint8Array) => {
    texts.stdout += text
    return true
  }
  stderr.write = (text: string | Uint8Array) => {
    texts.stderr += text
    return true
  }
  try {
    const status = await run(['walk', ...args])
    return { ...texts, status }
  } finally {
    ;[stdout.write, stderr.write] = writes
    if (noColor === undefined) delete process.env.NO_COLOR
    else process.env.NO_COLOR = noColor
  }
}

const json = (stdout: string) =>
  stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))

/** A dump of 64 KiB with entries of 8 bytes: place, low half, high half. */
function dump(name: string, entries: readonly (readonly [number, number, number?])[]): string {
  const bytes = new Uint8Array(0x10000)
  const view = new DataView(bytes.buffer)
  for (const [at, lo, hi = 0] of entries) {
    view.setUint32(at, lo >>> 0, true)
    view.setUint32(at + 4, hi, true)
  }
  const path = join(folder, name)
  writeFileSync(path, bytes)
  return path
}

// FFFF888000403000H: indices 273, 0, 2, 3. And 40000000H: a page of 1 GByte; 600000H: one of 2 MBytes, for supervisors.
const long = dump('long.raw', [
  [0x1000 + 8 * 273, 0x2000 | ALL | A],
  [0x2000, 0x3000 | ALL],
  [0x3000 + 8 * 2, 0x4000 | P | RW | A],
  [0x4000 + 8 * 3, 0x5000 | P | RW | US | G, XD],
  [0x4000 + 8 * 4, 0x5000 | ALL, 0x00080000],
  [0x1000, 0x6000 | ALL],
  [0x6000 + 8, 0xc0000000 | ALL | PDE_2M.lo.PS, 1],
  [0x6000, 0x7000 | ALL],
  [0x7000 + 8 * 3, 0x800000 | P | PDE_2M.lo.PS],
  [0x6000 + 8 * 2, 0x20000 | ALL],
])
const cr3 = ['--cr3', '0x1000']

describe('ringfold walk', () => {
  it('explains each level down to the page', async () => {
    const { stdout, stderr, status } = await walk([long, ...cr3, '--write', '0xffff888000403abc'])
    expect({ stderr, status }).toEqual({ stderr: '', status: 0 })
    expect(stdout).toMatch(/0xffff888000403abc {2}supervisor write/)
    expect(stdout).toMatch(/PML4E +0x1000 +273 +0x0000000000002027 +P RW US A +user rwx/)
    expect(stdout).toMatch(/PDPTE +0x2000 +0 +0x0000000000003007 +P RW US +user rwx/)
    expect(stdout).toMatch(/PDE +0x3000 +2 +0x0000000000004023 +P RW A +supervisor rwx/)
    expect(stdout).toMatch(/PTE +0x4000 +3 +0x8000000000005107 +P RW US G XD +supervisor rw-/)
    expect(stdout).toMatch(/physical +0x5abc: 4 KiB page at 0x5000, offset 0xabc/)
    expect(stdout).toMatch(/sets +accessed in PDPTE, PTE; dirty in PTE/)
  })

  it('changes nothing in the dump', async () => {
    const before = readFileSync(long)
    await walk([long, ...cr3, '--write', '0xffff888000403abc', '0x40000000'])
    expect(readFileSync(long).equals(before)).toBe(true)
  })

  it('takes several addresses, large pages, and writes an object for each', async () => {
    const { stdout } = await walk([long, ...cr3, '--json', '0x7fffffff', '0x612345', '0xffff888000403000'])
    const [gigabyte, megabytes, page] = json(stdout)
    expect(gigabyte).toMatchObject({
      ...{ address: '0x7fffffff', mode: '4-level', access: 'supervisor read', result: 'page' },
      page: { address: '0x1ffffffff', base: '0x1c0000000', pageBytes: 2 ** 30, patIndex: 0, global: false },
    })
    expect(gigabyte.levels.map(({ name, kind }: { name: string; kind: string }) => `${name} ${kind}`)).toEqual([
      ...['PML4E table', 'PDPTE page'],
    ])
    expect(megabytes.page).toMatchObject({ address: '0x812345', pageBytes: 2 ** 21, rights: { writable: false } })
    expect(page.page).toMatchObject({ address: '0x5000', global: true, dirty: false })
    expect(page.levels[3]).toMatchObject({
      ...{ name: 'PTE', table: '0x4000', index: 3, address: '0x4018', value: '0x8000000000005107', isRegister: false },
      ...{
        flags: ['P', 'RW', 'US', 'G', 'XD'],
        sets: ['A'],
        rights: { writable: true, user: false, executable: false },
      },
    })
  })

  it.each([
    [['--user', '0xffff888000403000'], 5, 'supervisor-page', ['PDE'], /U\/S is 0 in PDE/],
    [['--fetch', '0xffff888000403000'], 17, 'execute-disable', ['PTE'], /XD is 1 in PTE/],
    [['--no-nx', '0xffff888000403000'], 9, 'reserved', ['PTE'], /reserved bits set: 63/],
    [['--maxphyaddr', '51', '0xffff888000404000'], 9, 'reserved', ['PTE'], /reserved bits set: 51/],
    [['--write', '0x600000'], 3, 'read-only', ['PDE'], /CR0\.WP is set: R\/W is 0 in PDE/],
    [['--user', '--write', '0xffff888000407000'], 6, 'not-present', ['PTE'], /the PTE is not present/],
    [['--smap', '0x40000000'], 1, 'smap', ['PML4E', 'PDPTE'], /SMAP/],
    [['--smep', '--fetch', '0x40000000'], 17, 'smep', ['PML4E', 'PDPTE'], /SMEP/],
  ] as const)('%j: the fault and its reason', async (args, errorCode, reason, entries, text) => {
    const { stdout, status } = await walk([long, ...cr3, '--json', ...args])
    expect(status).toBe(0)
    const [{ result, fault }] = json(stdout)
    expect({ result, ...fault }).toMatchObject({ result: 'fault', errorCode, reason, entries })
    expect(fault.text).toMatch(text)
    expect((await walk([long, ...cr3, ...args])).stdout).toMatch(text)
  })

  it('lets pass what the control bits let pass', async () => {
    for (const args of [
      ['--no-wp', '--write', '0x600000'],
      ['--smap', '--ac', '0x40000000'],
      ['--smep', '--fetch', '--user', '0x40000000'],
    ])
      expect(json((await walk([long, ...cr3, '--json', ...args])).stdout)[0].result).toBe('page')
  })

  it('knows the other modes', async () => {
    const five = dump('five.raw', [
      [0x8000 + 8 * 511, 0x1000 | ALL],
      [0x1000, 0x2000 | ALL],
      [0x2000, 0xc0000000 | ALL | PDE_2M.lo.PS],
    ])
    const args = [five, '--cr3', '0x8000', '--mode', '5-level', '--json', '0xffff000000000123']
    expect(json((await walk(args)).stdout)[0]).toMatchObject({ result: 'page', page: { address: '0xc0000123' } })
    const pae = dump('pae.raw', [
      [0x1020 + 8 * 3, 0x2000 | P],
      [0x2000, 0x3000 | ALL],
      [0x3000 + 8, 0x4000 | ALL, 1],
    ])
    const [walked] = json((await walk([pae, '--cr3', '0x1020', '--mode', 'pae', '--json', '0xc0001004'])).stdout)
    expect(walked.page).toMatchObject({ address: '0x100004004' })
    expect(walked.levels[0]).toMatchObject({
      name: 'PDPTE',
      isRegister: true,
      index: 3,
      address: '0x1038',
      flags: ['P'],
    })
    const legacy = dump('legacy.raw', [
      [0x1000 + 4, 0x00400000 | (5 << 13) | PDE_2M.lo.PS | ALL],
      [0x1000 + 8, 0x2000 | ALL, 0x2000 | PDE_2M.lo.PS | ALL],
      [0x2000, 0x3000 | P],
    ])
    const narrow = [legacy, '--cr3', '0x1000', '--mode', '32-bit', '--json']
    const [large, small] = json((await walk([...narrow, '0x400010', '0x800020'])).stdout)
    expect(large.page).toMatchObject({ address: '0x500400010', pageBytes: 4 << 20 })
    expect(small.page).toMatchObject({ address: '0x3020', pageBytes: 4096 })
    expect(json((await walk([...narrow, '--no-pse', '0xc00020'])).stdout)[0].page).toMatchObject({ address: '0x3020' })
  })

  it('reads a dump that begins elsewhere, from standard input', async () => {
    const bytes = new Uint8Array(0x2000)
    const view = new DataView(bytes.buffer)
    view.setUint32(0, 0x101000 | ALL, true)
    view.setUint32(0x1000, 0xc0000000 | ALL | PDE_2M.lo.PS, true)
    const args = ['-', '--base', '0x100000', '--cr3', '0x100000', '--json', '0x123']
    const { stdout } = spawnSync(process.execPath, ['-C', '@ringfold/source', cli, 'walk', ...args], { input: bytes })
    expect(json(stdout.toString())[0].page.address).toBe('0xc0000123')
  })

  it('explains what it can, and ends with status 2 for tables outside the dump', async () => {
    const { stdout, stderr, status } = await walk([long, ...cr3, '--json', '0x80000000', '0x40000000'])
    expect(json(stdout)).toHaveLength(1)
    expect(stderr).toMatch(/0x80000000: the PDE at 0x20000 lies outside the dump, which holds 0x0 to 0xffff/)
    expect(status).toBe(2)
  })

  it.each([
    [['0x800000000000'], /not canonical.*0xffff800000000000/s],
    [['--mode', '5-level', '0x100000000000000'], /not canonical: bits 63 to 56/],
    [['--mode', 'pae', '0x100000000'], /more than 32 bits/],
    [['--mode', '3-level', '0'], /4-level, 5-level, pae, 32-bit/],
    [['--maxphyaddr', '64', '0'], /32 to 52/],
    [['--maxphyaddr', '40', '--cr3', '0x10000000000', '0'], /CR3.*MAXPHYADDR/],
    [['--base', '0x10000000000000', '0'], /no physical address/],
    [['--user', '--ac', '0'], /cannot be used with/],
    [['zero'], /number is wanted/],
    [[], /missing required argument/],
    [['--mode', 'pae', '--cr3', '0x3000', '0x80000000'], /PDPTE 2.*reserved bits/],
    [['--mode', 'pae', '--cr3', '0x20000', '0'], /page-directory-pointer table.*outside the dump/],
  ] as const)('%j is bad input: status 2', async (args, message) => {
    const { stdout, stderr, status } = await walk([long, ...(args.includes('--cr3' as never) ? [] : cr3), ...args])
    expect({ stdout, status }).toEqual({ stdout: '', status: 2 })
    expect(stderr).toMatch(message)
  })

  it('needs a dump and CR3', async () => {
    expect(await walk(['/no/such/dump', ...cr3, '0'])).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/no such file/),
    })
    expect(await walk([long, '0'])).toMatchObject({ status: 2, stderr: expect.stringMatching(/--cr3/) })
  })
})
