/**
 * The host's network for a machine, without root: Debian's `passt`, which turns frames into the host's own sockets. What the guest sends
 * to the gateway's address reaches the host's loopback.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { networkInterfaces } from 'node:os'
import process from 'node:process'
import type { NetBackend } from '@ringfold/contracts'
import { HostError } from '../errors.ts'
import { arpRequest, isArpReply } from './arp.ts'
import { FramedSocket } from './framed-socket.ts'

/**
 * The network that the guest sees: it gets its address by DHCP. A resolver on the host's loopback is at `resolver`; others are as the
 * host has them.
 */
export const USER_NETWORK = {
  address: '10.0.2.15',
  netmask: '24',
  gateway: '10.0.2.2',
  resolver: '10.0.2.3',
  mtu: '1500',
  /** Of the gateway, locally administered: passt needs the one of an interface else, and loopback has none. */
  gatewayMac: '52:55:0a:00:02:02',
} as const

const REMEDY = 'apt-get install passt, or use --net none'
/** Where passt gets its end of the pair of sockets. */
const SOCKET_FD = 3
/** Interfaces: of Linux, as passt is. */
const LOOPBACK = 'lo'
/** It is asked so often whether it runs, and has so long to answer. */
const ASK_MS = 50
const START_MS = 15_000
/** Of what it says, the end is kept. */
const SAID_CHARACTERS = 2000

export interface PasstOptions {
  /** The program. Default: `passt` of the PATH. */
  readonly program?: string
  /** It has ended, though nobody closed it: the guest has no network from then on. Default: a warning of this process. */
  readonly onFailure?: (error: HostError) => void
}

/**
 * Starts passt, and waits until it answers. It runs as any user, also where the host has no network, and ends with this process, whatever
 * ends that. Throws `HostError` `host.tool`.
 */
export async function passtNetwork(options: PasstOptions = {}): Promise<NetBackend> {
  const { program = 'passt', onFailure = (error) => process.emitWarning(error) } = options
  const child = spawn(program, passtWords(), { stdio: ['ignore', 'ignore', 'pipe', 'pipe'] })
  const net = new PasstNet(child)
  const onExit = () => void child.kill('SIGKILL')
  process.once('exit', onExit)
  const failure = failureOf(child)
  void failure.then((error) => {
    process.off('exit', onExit)
    if (net.isUsed) onFailure(error)
  })
  try {
    await net.answers(failure)
  } catch (error) {
    await net.close()
    throw error
  }
  return net
}

function passtWords(): string[] {
  const { address, netmask, gateway, resolver, mtu, gatewayMac } = USER_NETWORK
  const words = ['--foreground', '--quiet', '--ipv4-only', '--fd', String(SOCKET_FD)]
  words.push('--address', address, '--netmask', netmask, '--gateway', gateway, '--mtu', mtu, '--mac-addr', gatewayMac)
  words.push('--dns-forward', resolver, '--no-dhcp-search', '--no-ndp', '--no-dhcpv6', '--no-ra', ...interfaceWords())
  return words
}

/** passt wants an interface to look at, and looks for a default route itself; where there is no network, loopback will do. */
function interfaceWords(): readonly string[] {
  const found = Object.entries(networkInterfaces()).find(([, addresses]) =>
    addresses?.some(({ family, internal }) => family === 'IPv4' && !internal),
  )
  return ['--interface', found?.[0] ?? LOOPBACK]
}

/** Resolves when it has ended, or could not be started, with what that was. */
function failureOf(child: ChildProcess): Promise<HostError> {
  let said = ''
  child.stderr?.on('data', (bytes: Buffer) => {
    said = (said + bytes.toString('latin1')).slice(-SAID_CHARACTERS)
  })
  return new Promise((resolve) => {
    const end = (what: string) => resolve(new HostError('host.tool', what, REMEDY))
    child.on('error', (error: NodeJS.ErrnoException) =>
      end(error.code === 'ENOENT' ? 'passt is not installed' : `passt cannot be started: ${error.message}`),
    )
    // After what it said has come.
    child.once('close', (status, signal) => end(`passt ended with ${signal ?? `status ${status}`}: ${lastLine(said)}`))
  })
}

/** It complains that there is no system log, too. */
function lastLine(said: string): string {
  const lines = said.trim().split('\n')
  return lines.findLast((line) => line !== '' && !line.includes('syslog')) ?? 'it said nothing'
}

class PasstNet implements NetBackend {
  readonly #child: ChildProcess
  readonly #framed: FramedSocket
  #receive: (frame: Uint8Array) => void = () => undefined
  /** It has answered, and nobody has closed it. */
  isUsed = false

  constructor(child: ChildProcess) {
    this.#child = child
    const socket = child.stdio[SOCKET_FD] as Socket
    this.#framed = new FramedSocket(socket, (frame) => this.#receive(frame))
    child.unref()
    for (const stream of [socket, child.stderr as Socket | null]) stream?.unref()
  }

  /** Asks for the gateway until it answers. */
  async answers(failure: Promise<HostError>): Promise<void> {
    const asked = setInterval(() => this.#framed.send(arpRequest(USER_NETWORK.gateway)), ASK_MS)
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<HostError>((resolve) => {
      timer = setTimeout(() => resolve(new HostError('host.tool', 'passt does not answer', REMEDY)), START_MS)
    })
    const answered = new Promise<undefined>((resolve) => {
      this.#receive = (frame) => {
        if (isArpReply(frame)) resolve(undefined)
      }
    })
    this.#framed.send(arpRequest(USER_NETWORK.gateway))
    const error = await Promise.race([answered, failure, late])
    clearInterval(asked)
    clearTimeout(timer)
    this.#receive = () => undefined
    if (error !== undefined) throw error
    this.isUsed = true
  }

  send(frame: Uint8Array): void {
    this.#framed.send(frame)
  }

  /** Answers to the question at the start may still come; they are not for the guest. */
  onReceive(receive: (frame: Uint8Array) => void): void {
    this.#receive = (frame) => {
      if (!isArpReply(frame)) receive(frame)
    }
  }

  async close(): Promise<void> {
    this.isUsed = false
    const { pid, exitCode, signalCode } = this.#child
    this.#framed.close()
    if (pid === undefined || exitCode !== null || signalCode !== null) return
    const ended = once(this.#child, 'exit')
    this.#child.ref()
    this.#child.kill('SIGKILL')
    await ended
  }
}
