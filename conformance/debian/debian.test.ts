import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openRawDisk, passtNetwork, USER_NETWORK } from '@ringfold/host-node'
import { createMachine, type Machine } from '@ringfold/machine'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bootDebian, debianOr, type RunningGuest, started } from './guest.ts'
import { unexplained } from './warnings.ts'

const BOOT_MS = 180_000
const has = (program: string): boolean => spawnSync('which', [program]).status === 0
const guest = await debianOr()
const withPasst = has('passt')
const withExt4 = has('mkfs.ext4') && has('e2fsck') && has('debugfs')
const folder = mkdtempSync(join(tmpdir(), 'ringfold-debian-'))
const image = join(folder, 'disk.img')

describe.skipIf(typeof guest === 'string')(
  `a stock Debian on two processors${typeof guest === 'string' ? ` (skipped: ${guest})` : ''}`,
  () => {
    let running: RunningGuest
    let server: Server
    const shell = (command: string) => running.console.run(command)

    beforeAll(async () => {
      if (typeof guest === 'string') return
      server = createServer((request, response) => response.end(`you asked for ${request.url}\n`))
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      writeFileSync(image, '')
      execFileSync('truncate', ['-s', '32M', image])
      if (withExt4) execFileSync('mkfs.ext4', ['-q', '-F', image])
      running = await bootDebian(guest, {
        cpus: 2,
        clock: 'real',
        epochSeconds: 1_790_000_000,
        disks: [{ backend: openRawDisk(image) }],
        nets: withPasst ? [{ backend: await passtNetwork() }] : [],
      })
      await running.console.ready(BOOT_MS)
    }, BOOT_MS)

    afterAll(async () => {
      server?.close()
      await running?.machine.close()
      rmSync(folder, { recursive: true, force: true })
    })

    it('boots without a warning that is not explained', async () => {
      expect(unexplained(await shell('dmesg -r'))).toEqual([])
    })

    it('sees the processor that the model describes, twice', async () => {
      const text = await shell('cat /proc/cpuinfo')
      expect(text).toContain('Ringfold x86-64-v2 Processor')
      for (const flag of ['sse4_2', 'aes', 'smep', 'x2apic', 'tsc_deadline_timer'])
        expect(text).toMatch(new RegExp(`^flags.*\\b${flag}\\b`, 'm'))
      expect((await shell('nproc')).trim()).toBe('2')
    })

    it('computes what the host computes', async () => {
      const wanted = createHash('sha256').update('abc'.repeat(1000)).digest('hex')
      expect(await shell('for i in $(seq 1000); do printf abc; done | sha256sum')).toContain(wanted)
      expect(
        await shell('seq 20000 > /tmp/a; gzip -k /tmp/a; gunzip -c /tmp/a.gz | cmp - /tmp/a && echo same'),
      ).toContain('same')
      // Doubles: 1/3 a thousand times, a root by Newton.
      const program =
        'BEGIN { for (i = 0; i < 1000; i++) s += 1 / 3; x = 1; for (i = 0; i < 9; i++) x = (x + 2 / x) / 2; printf "%.12f %.15f\\n", s, x }'
      const sum = Array.from({ length: 1000 }).reduce<number>((total) => total + 1 / 3, 0)
      const doubles = `${sum.toFixed(12)} ${Math.SQRT2.toFixed(15)}`
      expect(await shell(`awk '${program}'`)).toContain(doubles)
    })

    it('forks, executes and signals', async () => {
      expect(
        await shell('i=0; while [ $i -lt 50 ]; do /bin/busybox true || echo bad; i=$((i+1)); done; echo $i'),
      ).toContain('50')
      expect(await shell('sh -c \'trap "echo caught" USR1; kill -USR1 $$; echo after\'')).toMatch(/caught\s+after/)
      running.console.type("sh -c 'echo begins; exec sleep 1000'\n")
      await running.console.expect('begins\r\n')
      running.console.type('\u0003')
      await running.console.ready(BOOT_MS)
      expect(await shell('echo $?')).toContain('130')
    })

    it('loads both processors', async () => {
      const busy =
        'for c in 0 1; do taskset $((c+1)) sh -c "i=0; while [ \\$i -lt 20000 ]; do i=\\$((i+1)); done" & done; wait'
      await shell(busy)
      const stat = await shell("grep -E '^cpu[01]' /proc/stat")
      const users = [...stat.matchAll(/^cpu\d (\d+)/gm)].map(([, ticks]) => Number(ticks))
      expect(users).toHaveLength(2)
      for (const ticks of users) expect(ticks).toBeGreaterThan(5)
    })

    it.skipIf(!withPasst)("reaches an HTTP server on its host's loopback (needs passt)", async () => {
      const { port } = server.address() as AddressInfo
      expect(await shell(`wget -qO- http://${USER_NETWORK.gateway}:${port}/from-the-guest`)).toContain(
        '/from-the-guest',
      )
    })

    it.skipIf(!withExt4)('writes a file system on a virtio disk (needs e2fsprogs)', async () => {
      await shell('mount /dev/vda /mnt && seq 5000 > /mnt/numbers && sync')
      expect(await shell('umount /mnt && echo done')).toContain('done')
    })

    it(
      'reboots, and is switched off by its power button',
      async () => {
        running.console.type('reboot\n')
        await running.console.ready(BOOT_MS)
        expect(running.machine.statistics.resets).toBe(1)
        if (withExt4) expect(await shell('mount /dev/vda /mnt && tail -1 /mnt/numbers; umount /mnt')).toContain('5000')
        running.machine.pressPowerButton()
        expect(await running.ended).toEqual({ kind: 'powered-off' })
        await running.machine.close()
      },
      BOOT_MS,
    )

    it.skipIf(!withExt4)('has left a good file system behind (needs e2fsprogs)', () => {
      expect(spawnSync('e2fsck', ['-fn', image]).status).toBe(0)
      const { stdout } = spawnSync('debugfs', ['-R', 'cat /numbers', image], { encoding: 'utf8' })
      expect(stdout.trim().split('\n').at(-1)).toBe('5000')
    })
  },
)

describe('a machine that was made from a snapshot', () => {
  it('is refused another', () => {
    const small = createMachine({ memory: 1 << 20 })
    const large = createMachine({ memory: 2 << 20 }) satisfies Machine
    expect(() => large.restore(small.snapshot())).toThrow(/of another machine: its memoryBytes is 1048576/)
    expect(started).toBeDefined()
  })
})
