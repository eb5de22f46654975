import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readFileChecked, writeFileAtomically } from './files.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ringfold-files-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))
const at = (name: string): string => join(folder, name)

async function* pieces(fails: boolean): AsyncGenerator<Uint8Array> {
  yield Uint8Array.of(1, 2)
  yield new Uint8Array(0)
  await Promise.resolve()
  if (fails) throw new Error('no more')
  yield Uint8Array.of(3)
}

describe('a file that is read', () => {
  it('comes whole', async () => {
    writeFileSync(at('kernel'), 'text')
    expect(new TextDecoder().decode(await readFileChecked(at('kernel'), { what: 'kernel' }))).toBe('text')
  })

  it('may be a pipe, and is read to its end, within its limit', async () => {
    spawnSync('mkfifo', [at('pipe')])
    const [found] = await Promise.all([
      readFileChecked(at('pipe'), { what: 'kernel' }),
      writeFile(at('pipe'), new Uint8Array(3 << 20).fill(7)),
    ])
    expect(found.length).toBe(3 << 20)
    await expect(readFileChecked('/dev/zero', { what: 'kernel', mostBytes: 5 << 20 })).rejects.toMatchObject({
      code: 'host.path',
      message: expect.stringContaining('may have 5242880'),
    })
  })

  it.each([
    ['missing', () => at('none'), /^cannot read kernel .*no such file/],
    ['a directory', () => folder, /^cannot read kernel .*it is a directory/],
    ['empty', () => at('empty'), /^kernel .* is empty/],
    ['too large', () => at('large'), /^kernel .* has 100 bytes, and may have 10/],
    ['no name', () => 'a\0b', /no file can have this name/],
  ])('says in one line that it is %s', async (_, path, message) => {
    writeFileSync(at('empty'), '')
    writeFileSync(at('large'), new Uint8Array(100))
    const read = readFileChecked(path(), { what: 'kernel', mostBytes: 10 })
    await expect(read).rejects.toMatchObject({ code: 'host.path', message: expect.stringMatching(message) })
  })
})

describe('a file that is written', () => {
  it.each([
    ['bytes', () => Uint8Array.of(1, 2, 3)],
    ['a string', () => '\u0001\u0002\u0003'],
    ['pieces', () => [Uint8Array.of(1), Uint8Array.of(2, 3)]],
    ['pieces that come later', () => pieces(false)],
  ])('is there whole, from %s', async (_, contents) => {
    await writeFileAtomically(at('file'), contents())
    expect([...readFileSync(at('file'))]).toEqual([1, 2, 3])
    expect(readdirSync(folder)).toEqual(['file'])
  })

  it('keeps its permissions, and the links that lead to it', async () => {
    writeFileSync(at('file'), 'before')
    chmodSync(at('file'), 0o640)
    symlinkSync('file', at('link'))
    await writeFileAtomically(at('link'), 'after')
    expect(readFileSync(at('file'), 'utf8')).toBe('after')
    expect(statSync(at('file')).mode & 0o777).toBe(0o640)
    expect(readdirSync(folder)).toEqual(['file', 'link'])
  })

  it('is as before where the pieces end with an error', async () => {
    writeFileSync(at('file'), 'before')
    await expect(writeFileAtomically(at('file'), pieces(true))).rejects.toThrow('no more')
    await expect(writeFileAtomically(at('other'), pieces(true))).rejects.toThrow('no more')
    expect(readFileSync(at('file'), 'utf8')).toBe('before')
    expect(readdirSync(folder)).toEqual(['file'])
  })

  it('is not put in the place of a device', async () => {
    await writeFileAtomically('/dev/null', 'nothing')
    expect(statSync('/dev/null').isCharacterDevice()).toBe(true)
    await expect(writeFileAtomically('/dev/full', 'much')).rejects.toMatchObject({ code: 'host.path' })
  })

  it.each([
    ['a directory', () => folder, /it is a directory/],
    ['in no directory', () => at('none/file'), /no such file or directory/],
  ])('says that it is %s', async (_, path, message) => {
    const written = writeFileAtomically(path(), 'x')
    await expect(written).rejects.toMatchObject({ code: 'host.path', message: expect.stringMatching(message) })
  })
})
