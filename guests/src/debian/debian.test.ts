import { readCpio } from '@ringfold/boot/cpio'
import { describe, expect, it } from 'vitest'
import { SCRIPT_PATH } from './init-script.ts'
import { debianInitramfs, joinArchives, scriptArchive } from './initramfs.ts'
import { moduleName, resolveModules } from './modules.ts'

const module = (name: string) => ({ name, bytes: new TextEncoder().encode(name) })

describe('the initramfs of a Debian guest', () => {
  const parts = { busybox: Uint8Array.of(1, 2, 3), modules: [module('virtio'), module('virtio_blk')] }

  it('holds busybox, modules and scripts; the same parts make the same bytes', () => {
    const bytes = debianInitramfs(parts)
    expect(debianInitramfs(parts)).toEqual(bytes)
    const archive = readCpio(bytes)
    if (archive.kind === 'rejected') throw new Error(archive.message)
    const paths = archive.entries.map(({ path }) => path)
    for (const path of ['init', 'bin/busybox', 'dev/console', 'lib/ringfold/virtio_blk.ko', 'sbin/poweroff'])
      expect(paths).toContain(path)
    const list = archive.entries.find(({ path }) => path === 'lib/ringfold/modules')
    expect(list?.kind === 'file' && new TextDecoder().decode(list.contents)).toBe('virtio\nvirtio_blk\n')
  })

  it('takes a script in an archive behind it', () => {
    const bytes = joinArchives(debianInitramfs(parts), scriptArchive('uname -a\n'))
    const archive = readCpio(bytes)
    if (archive.kind === 'rejected') throw new Error(archive.message)
    const paths = archive.entries.map(({ path }) => path)
    for (const path of ['init', SCRIPT_PATH]) expect(paths).toContain(path)
  })
})

describe('kernel modules', () => {
  it('have one name, however it is spelled', () => {
    expect(moduleName('kernel/drivers/char/hw_random/virtio-rng.ko.xz')).toBe('virtio_rng')
  })

  it('that do not exist are left out', () => {
    expect(resolveModules(['none'], () => undefined)).toEqual([])
  })
})
