/**
 * The host's network for a machine, without root: Debian's `passt`, which turns frames into the host's own sockets. What the guest sends
 * to the gateway's address reaches the host's loopback.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import type { Socket } from 'node:net'
import { networkInterfaces } from 'node:os'
import type { NetBackend } from '@ringfold/contracts'
import { HostError } from '../errors.ts'
import { FramedSocket } from './framed-socket.ts'

/** The network that the guest sees: it gets its address by DHCP. */
export const USER_NETWORK = { address: '10.0.2.15', netmask: '24', gateway: '10.0.2.2', mtu: '1500' } as const

const REMEDY = 'apt-get install passt, or use --net none'
/** Where passt gets its end of the pair of sockets. */
const SOCKET_FD = 3
/** It has started if it has not ended by then. */
const START_MS = 150

export interface PasstOptions {
  /** The program. Default: `passt` of the PATH. */
  readonly program?: string
}

/** Starts passt. It ends with this process, whatever ends that. Throws `HostError` `host.tool`. */
export async function passtNetwork({ program = 'passt' }: PasstOptions = {}): Promise<NetBackend> {
  const { address, netmask, gateway, mtu } = USER_NETWORK
  const words = ['--foreground', '--quiet', '--ipv4-only', '--fd', String(SOCKET_FD)]
  words.push('--address', address, '--netmask', netmask, '--gateway', gateway, '--mtu', mtu)
  words.push('--no-dhcp-dns', '--no-dhcp-search', '--no-ndp', '--no-dhcpv6', '--no-ra', ...interfaceWords())
  const child = spawn(program, words, { stdio: ['ignore', 'ignore', 'pipe', 'pipe'] })
  await started(child)
  const socket = child.stdio[SOCKET_FD] as Socket
  let receive: (frame: Uint8Array) => void = () => undefined
  const framed = new FramedSocket(socket, (frame) => receive(frame))
  child.unref()
  ;(child.stderr as Socket | null)?.unref()
  const end = () => void child.kill('SIGKILL')
  process.once('exit', end)
  return {
    send: (frame) => framed.send(frame),
    onReceive: (taker) => {
      receive = taker
    },
    close: () => {
      process.off('exit', end)
      framed.close()
      end()
    },
  }
}

/** passt takes its template from the interface of the default route; where there is none, any other will do. */
function interfaceWords(): readonly string[] {
  const found = Object.entries(networkInterfaces()).find(([, addresses]) =>
    addresses?.some(({ family, internal }) => family === 'IPv4' && !internal),
  )
  return found === undefined ? [] : ['--interface', found[0]]
}

/** Resolves when passt runs. */
function started(child: ChildProcess): Promise<void> {
  let said = ''
  child.stderr?.on('data', (bytes: Buffer) => {
    said = (said + bytes.toString('latin1')).slice(-2000)
  })
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, START_MS)
    child.once('error', (error: NodeJS.ErrnoException) => {
      clearTimeout(timer)
      const what = error.code === 'ENOENT' ? 'passt is not installed' : `passt cannot be started: ${error.message}`
      reject(new HostError('host.tool', what, REMEDY))
    })
    child.once('exit', (status) => {
      clearTimeout(timer)
      const last =
        said
          .trim()
          .split('\n')
          .filter((line) => !line.includes('syslog'))
          .at(-1) ?? ''
      reject(new HostError('host.tool', `passt ended with status ${status}: ${last}`, REMEDY))
    })
  })
}
