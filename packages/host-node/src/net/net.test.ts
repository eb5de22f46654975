import { spawnSync } from 'node:child_process'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import process from 'node:process'
import { type NetSubject, netBackendChecks } from '@ringfold/testkit'
import { describe, expect, it } from 'vitest'
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
  it('carries frames, and survives whoever serves it', async () => {
    const name = `test-${process.pid}`
    const members = [await joinSwitch(name), await joinSwitch(name), await joinSwitch(name)]
    const got: number[][] = [[], [], []]
    for (const [n, member] of members.entries()) member.onReceive((frame) => got[n]?.push(frame.length))
    members[1]?.send(new Uint8Array(60).fill(0xff))
    await settled()
    expect(got).toEqual([[60], [], [60]])
    await members[0]?.close()
    for (let tries = 0; tries < 50 && (got[2]?.length ?? 0) < 2; tries++) {
      members[1]?.send(new Uint8Array(61).fill(0xff))
      await settled()
    }
    expect(got[2]).toContain(61)
    for (const member of members) await member.close()
  })

  it('has a name', async () => {
    await expect(joinSwitch('../elsewhere')).rejects.toThrow(/no name of a switch/)
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
