/** The kernels outside our engines: natively, and in QEMU with TCG. Times are of the processor, not of the wall. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'

const QEMU = 'qemu-system-x86_64'
const RESULT_BYTES = 8
const LIMIT_MS = 60_000

export interface KernelRun {
  readonly result: bigint
  readonly cpuMs: number
}

export interface Peer {
  run(kernel: number, argument: number): Promise<KernelRun>
  dispose(): void
}

/** The next bytes of a stream that satisfy a condition, all that came before them included. */
function receive(stream: Readable, isWhole: (bytes: Buffer) => boolean): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let bytes = Buffer.alloc(0)
    const limit = setTimeout(() => finish(() => reject(new Error('no answer'))), LIMIT_MS)
    const finish = (end: () => void) => {
      clearTimeout(limit)
      stream.off('data', take).off('end', ended)
      end()
    }
    const take = (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk])
      if (isWhole(bytes)) finish(() => resolve(bytes))
    }
    const ended = () => finish(() => reject(new Error('the program has ended')))
    stream.on('data', take).on('end', ended)
  })
}

function start(command: string, ...args: string[]): ChildProcess & { stdin: Writable; stdout: Readable; pid: number } {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  if (child.pid === undefined) throw new Error(`${command} does not start`)
  return child as ChildProcess & { stdin: Writable; stdout: Readable; pid: number }
}

/** The program that native.c is; it measures itself. */
export function nativePeer(path: string): Peer {
  const child = start(path)
  return {
    async run(kernel, argument) {
      const answer = receive(child.stdout, (bytes) => bytes.includes('\n'))
      child.stdin.write(`${kernel} ${argument}\n`)
      const [result = '', ns = ''] = (await answer).toString().trim().split(' ')
      return { result: BigInt(`0x${result}`), cpuMs: Number(ns) / 1e6 }
    },
    dispose: () => child.stdin.end(),
  }
}

export const hasQemu = (): boolean => spawnSync(QEMU, ['--version'], { stdio: 'ignore' }).status === 0

export const qemuVersion = (): string =>
  spawnSync(QEMU, ['--version'], { encoding: 'utf8' }).stdout.split('\n')[0] ?? ''

/** Processor time of all threads of a process (Linux, Documentation/scheduler/sched-stats.rst). */
function cpuMsOf(pid: number): number {
  let ns = 0
  for (const task of readdirSync(`/proc/${pid}/task`))
    ns += Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0])
  return ns / 1e6
}

/** The boot image in system mode. The guest polls for commands, so that it is stopped between them. */
export function qemuPeer(image: Uint8Array): Peer {
  const directory = mkdtempSync(join(tmpdir(), 'ringfold-spike-'))
  const path = join(directory, 'boot.bin')
  writeFileSync(path, image)
  const machine = '-accel tcg -machine pc -m 64 -display none -nodefaults -serial stdio -no-reboot'
  const child = start(QEMU, ...machine.split(' '), '-kernel', path)
  return {
    async run(kernel, argument) {
      const command = new Uint8Array(5)
      command[0] = kernel
      new DataView(command.buffer).setUint32(1, argument, true)
      child.kill('SIGCONT')
      const answer = receive(child.stdout, (bytes) => bytes.length >= RESULT_BYTES)
      const before = cpuMsOf(child.pid)
      child.stdin.write(command)
      const result = (await answer).readBigUInt64LE()
      const cpuMs = cpuMsOf(child.pid) - before
      child.kill('SIGSTOP')
      return { result, cpuMs }
    },
    dispose() {
      child.kill('SIGKILL')
      rmSync(directory, { recursive: true, force: true })
    },
  }
}
