import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { PassThrough, Writable } from 'node:stream'
import type { NetBackend } from '@ringfold/contracts'
import { type NetSubject, netBackendChecks } from '@ringfold/testkit'
import { afterAll, describe, expect, it } from 'vitest'
import { FramedSocket } from './framed-socket.ts'
import { joinSwitch, NetSwitch, passtNetwork } from './index.ts'

const settled = () => new Promise<void>((resolve) => setTimeout(resolve, 60))

describe('a switch within a process', () => {
  const checks = netBackendChecks((): NetSubject => {
    const net = new NetSwitch()
    const [backend, peer] = [net.port(), net.port()]
    const received: Uint8Array[] = []
    peer.onReceive((frame) => received.push(frame))
    return { backend, received, send: (frame) => peer.send(frame) }
  })
  it.each(checks.map((check) => [check.name, check] as const))('%s', (_, check) => check.run())

  it('learns who is where, and floods what it does not know', () => {
    const net = new NetSwitch()
    const got: number[][] = [[], [], []]
    const ports = got.map((list, n) => {
      const port = net.port()
      port.onReceive((frame) => list.push(frame[12] as number))
      return { port, n }
    })
    const frame = (to: number, from: number, mark: number) =>
      Uint8Array.from([2, 0, 0, 0, 0, to, 2, 0, 0, 0, 0, from, mark, ...new Array(47).fill(0)])
    ports[0]?.port.send(frame(1, 0, 10))
    ports[1]?.port.send(frame(0, 1, 11))
    ports[0]?.port.send(frame(1, 0, 12))
    ports[2]?.port.send(Uint8Array.from({ length: 60 }, (_, n) => (n < 6 ? 0xff : n === 12 ? 13 : 2)))
    expect(got).toEqual([[11, 13], [10, 12, 13], [10]])
  })
})

describe('a switch between processes', () => {
  let names = 0
  const fresh = (): string => `test-${names++}`
  const folder = mkdtempSync(join(tmpdir(), 'ringfold-net-'))
  const { XDG_RUNTIME_DIR } = process.env
  process.env.XDG_RUNTIME_DIR = folder
  afterAll(() => {
    if (XDG_RUNTIME_DIR === undefined) delete process.env.XDG_RUNTIME_DIR
    else process.env.XDG_RUNTIME_DIR = XDG_RUNTIME_DIR
    rmSync(folder, { recursive: true, force: true })
  })

  describe.each(['who serves it', 'who connects'])('for %s', (role) => {
    const checks = netBackendChecks(async (): Promise<NetSubject> => {
      const name = fresh()
      const members = [await joinSwitch(name), await joinSwitch(name)] as [NetBackend, NetBackend]
      const [backend, peer] = role === 'who connects' ? members.toReversed() : members
      const received: Uint8Array[] = []
      peer?.onReceive((frame) => received.push(frame))
      ends.push(() => peer?.close())
      return { backend: backend as NetBackend, received, send: (frame) => peer?.send(frame), settled }
    })
    const ends: (() => unknown)[] = []
    afterAll(() => Promise.all(ends.map((end) => end())))
    it.each(checks.map((check) => [check.name, check] as const))('%s', (_, check) => check.run())
  })

  it('survives whoever serves it', async () => {
    const name = fresh()
    const members = [await joinSwitch(name), await joinSwitch(name), await joinSwitch(name)]
    const got = received(members)
    members[1]?.send(broadcast(60))
    await settled()
    expect(got).toEqual([[60], [], [60]])
    await members[0]?.close()
    await expectConnected(members.slice(1), got.slice(1))
    for (const member of members) await member.close()
  })

  it('survives that another process which serves it is killed, though all want to take its place', async () => {
    const name = fresh()
    const program = `await (await import('@ringfold/host-node')).joinSwitch('${name}'); console.log('serves'); setInterval(() => 0, 1000)`
    const server = spawn(process.execPath, ['-C', '@ringfold/source', '--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
      cwd: import.meta.dirname,
    })
    await once(server.stdout, 'data')
    const members = await Promise.all(Array.from({ length: 5 }, () => joinSwitch(name)))
    server.kill('SIGKILL')
    await once(server, 'exit')
    // Some come back, and some are new; its socket is still there.
    members.push(...(await Promise.all(Array.from({ length: 3 }, () => joinSwitch(name)))))
    await expectConnected(members, received(members))
    for (const member of members) await member.close()
  })

  it('has a name', async () => {
    await expect(joinSwitch('../elsewhere')).rejects.toMatchObject({ code: 'host.option' })
  })

  it('says where it cannot be', async () => {
    const path = join(folder, 'x'.repeat(120))
    process.env.XDG_RUNTIME_DIR = path
    await expect(joinSwitch('a')).rejects.toMatchObject({
      code: 'host.path',
      message: expect.stringContaining('too long'),
    })
    process.env.XDG_RUNTIME_DIR = folder
  })
})

const broadcast = (sizeBytes: number): Uint8Array => new Uint8Array(sizeBytes).fill(0xff)

/** The sizes of what each gets. */
function received(members: readonly NetBackend[]): number[][] {
  return members.map((member) => {
    const sizes: number[] = []
    member.onReceive((frame) => sizes.push(frame.length))
    return sizes
  })
}

/** Sooner or later what one sends reaches all others. */
async function expectConnected(members: readonly NetBackend[], got: readonly number[][]): Promise<void> {
  for (const [from, member] of members.entries()) {
    const sizeBytes = 100 + from
    await waitFor(() => {
      member.send(broadcast(sizeBytes))
      return got.every((sizes, to) => to === from || sizes.includes(sizeBytes))
    })
  }
}

describe('frames over a stream', () => {
  it('come in any pieces, and what is none ends it', async () => {
    const [stream, frames] = [new PassThrough(), [] as number[]]
    const framed = new FramedSocket(stream as never, ({ length }) => frames.push(length))
    const word = (length: number) => [0, 0, length >>> 8, length & 0xff]
    const bytes = [...word(14), ...new Array(14).fill(1), ...word(3), 1, 2, 3, ...word(20), ...new Array(20).fill(2)]
    for (const byte of bytes) stream.write(Uint8Array.of(byte))
    await settled()
    expect(frames).toEqual([14, 20])
    stream.write(Uint8Array.of(0, 1, 0, 15, 0))
    await settled()
    expect(stream.destroyed).toBe(true)
    framed.send(broadcast(60))
  })

  it('are dropped, not kept, where nobody reads', async () => {
    const stream = new Writable({ write: () => undefined })
    const framed = new FramedSocket(stream as never, () => undefined)
    for (let n = 0; n < 1000; n++) framed.send(broadcast(65_550))
    expect(stream.writableLength).toBeLessThan(5 << 20)
  })
})

const hasPasst = spawnSync('which', ['passt']).status === 0
const MAC = [0x52, 0x54, 0x00, 0x12, 0x34, 0x56]
const [GUEST, GATEWAY] = [
  [10, 0, 2, 15],
  [10, 0, 2, 2],
]

function sum(bytes: Uint8Array): number {
  let total = 0
  for (let n = 0; n < bytes.length; n += 2) total += ((bytes[n] as number) << 8) | (bytes[n + 1] ?? 0)
  while (total > 0xffff) total = (total & 0xffff) + (total >>> 16)
  return ~total & 0xffff
}
const word = (value: number): number[] => [value >>> 8, value & 0xff]

/** An IPv4 packet in a frame. */
function packet(
  to: readonly number[],
  protocol: number,
  from: readonly number[],
  target: readonly number[],
  payload: readonly number[],
) {
  const header = [0x45, 0, ...word(20 + payload.length), 0, 0, 0, 0, 64, protocol, 0, 0, ...from, ...target]
  header.splice(10, 2, ...word(sum(Uint8Array.from(header))))
  return Uint8Array.from([...to, ...MAC, 0x08, 0x00, ...header, ...payload])
}

const programs = mkdtempSync(join(tmpdir(), 'ringfold-passt-'))
afterAll(() => rmSync(programs, { recursive: true, force: true }))
let wrappers = 0

/** A program in the place of passt, whose process is known. */
function wrapped(commands: string): { readonly path: string; pid(): number } {
  const path = join(programs, `passt${wrappers++}`)
  writeFileSync(path, `#!/bin/sh\necho $$ >${path}.pid\n${commands}\n`)
  chmodSync(path, 0o755)
  return { path, pid: () => Number(readFileSync(`${path}.pid`, 'utf8')) }
}

/** Not even as one that only waits to be reaped, which may take its time when its parent is gone. */
function isRunning(pid: number): boolean {
  try {
    return !readFileSync(`/proc/${pid}/stat`, 'latin1').includes(') Z ')
  } catch {
    return false
  }
}

describe.skipIf(!hasPasst)('the network of the host (needs passt)', () => {
  it("gives an address by DHCP, and reaches a server on the host's loopback", async () => {
    const server = createServer(() => undefined)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const net = await passtNetwork()
    const frames: Uint8Array[] = []
    net.onReceive((frame) => frames.push(frame))
    const bootp = [1, 1, 6, 0, 1, 2, 3, 4, ...new Array(20).fill(0), ...MAC, ...new Array(202).fill(0)]
    const dhcp = [...bootp, 0x63, 0x82, 0x53, 0x63, 53, 1, 1, 255, ...new Array(60).fill(0)]
    const broadcast = new Array<number>(6).fill(0xff)
    const udp = [...word(68), ...word(67), ...word(8 + dhcp.length), 0, 0, ...dhcp]
    net.send(packet(broadcast, 17, [0, 0, 0, 0], [255, 255, 255, 255], udp))
    await waitFor(() => frames.length > 0)
    const offer = frames.shift() as Uint8Array
    expect([...offer.subarray(14 + 20 + 8 + 16, 14 + 20 + 8 + 20)]).toEqual(GUEST)
    const gatewayMac = [...offer.subarray(6, 12)]
    const { port } = server.address() as AddressInfo
    const tcp = [...word(40_000), ...word(port), 0, 0, 0, 1, 0, 0, 0, 0, 0x50, 0x02, 0x20, 0, 0, 0, 0, 0]
    const pseudo = Uint8Array.from([
      ...(GUEST as number[]),
      ...(GATEWAY as number[]),
      0,
      6,
      ...word(tcp.length),
      ...tcp,
    ])
    tcp.splice(16, 2, ...word(sum(pseudo)))
    net.send(packet(gatewayMac, 6, GUEST as number[], GATEWAY as number[], tcp))
    await waitFor(() => frames.some((frame) => frame[23] === 6))
    const answer = frames.find((frame) => frame[23] === 6) as Uint8Array
    // SYN and ACK.
    expect((answer[14 + 20 + 13] as number) & 0x12).toBe(0x12)
    await net.close()
    server.close()
  })

  it('runs where there is no network at all', () => {
    const program = `
      const net = await (await import('@ringfold/host-node')).passtNetwork()
      await net.close()
      console.log('it answered')`
    const words = ['-rn', process.execPath, '-C', '@ringfold/source', '--input-type=module', '-e', program]
    const { stdout, stderr } = spawnSync('unshare', words, { cwd: import.meta.dirname, encoding: 'utf8' })
    if (!stderr.includes('unshare')) expect(stdout).toBe('it answered\n')
  })

  it.each(['is killed', 'ends'])('ends with a process that %s', async (how) => {
    const { path, pid } = wrapped('exec passt "$@"')
    const end = how === 'ends' ? 'process.exit()' : "process.kill(process.pid, 'SIGKILL')"
    const program = `await (await import('@ringfold/host-node')).passtNetwork({ program: '${path}' }); ${end}`
    spawnSync(process.execPath, ['-C', '@ringfold/source', '--input-type=module', '-e', program], {
      cwd: import.meta.dirname,
    })
    await waitFor(() => !isRunning(pid()))
  })

  it('ends when it is closed', async () => {
    const { path, pid } = wrapped('exec passt "$@"')
    const net = await passtNetwork({ program: path })
    await net.close()
    expect(isRunning(pid())).toBe(false)
    await net.close()
    net.send(broadcast(60))
  })

  it('tells when it has ended on its own', async () => {
    const { path, pid } = wrapped('exec passt "$@"')
    const failures: Error[] = []
    const net = await passtNetwork({ program: path, onFailure: (error) => failures.push(error) })
    process.kill(pid(), 'SIGKILL')
    await waitFor(() => failures.length > 0)
    expect(failures[0]?.message).toContain('SIGKILL')
    net.send(broadcast(60))
    await net.close()
  })

  it('says why it does not start', async () => {
    const { path } = wrapped('echo "it is too late" >&2; exit 3')
    await expect(passtNetwork({ program: path })).rejects.toMatchObject({
      code: 'host.tool',
      message: 'passt ended with status 3: it is too late',
    })
  })

  it('says how to get what is not installed', async () => {
    await expect(passtNetwork({ program: 'no-such-passt' })).rejects.toMatchObject({
      ...{ code: 'host.tool', message: 'passt is not installed' },
      remedy: expect.stringContaining('apt-get install passt'),
    })
  })
})

async function waitFor(condition: () => boolean): Promise<void> {
  for (let tries = 0; tries < 100 && !condition(); tries++) await new Promise((resolve) => setTimeout(resolve, 20))
  expect(condition()).toBe(true)
}
