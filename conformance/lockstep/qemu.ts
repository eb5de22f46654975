/** QEMU, stopped at the reset vector of a firmware image, behind its gdb stub. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { RemoteSubject, RspClient } from '@ringfold/cpu'

const QEMU = 'qemu-system-x86_64'
const START_MS = 10_000

/** The first line that it says of itself, or null where there is none. */
export function qemuVersion(): string | null {
  try {
    const text = execFileSync(QEMU, ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
    return text.split('\n')[0] ?? null
  } catch {
    return null
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}

async function connectTo(port: number, alive: () => boolean): Promise<Socket> {
  for (const end = Date.now() + START_MS; Date.now() < end && alive(); ) {
    const socket = await new Promise<Socket | null>((resolve) => {
      const attempt = connect(port, '127.0.0.1', () => resolve(attempt))
      attempt.once('error', () => resolve(null))
    })
    if (socket !== null) return socket
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`${QEMU} does not answer on port ${port}`)
}

export interface Qemu {
  readonly subject: RemoteSubject
  close(): void
}

/** Starts it with an image as firmware and 16 MiB of RAM, and nothing else. */
export async function startQemu(image: Uint8Array): Promise<Qemu> {
  const directory = mkdtempSync(join(tmpdir(), 'ringfold-lockstep-'))
  const bios = join(directory, 'firmware.bin')
  writeFileSync(bios, image)
  const port = await freePort()
  const machine = ['-M', 'pc', '-accel', 'tcg', '-cpu', 'Nehalem', '-m', '16', '-nodefaults', '-display', 'none']
  const args = [...machine, '-no-reboot', '-bios', bios, '-S', '-gdb', `tcp:127.0.0.1:${port}`]
  const child: ChildProcess = spawn(QEMU, args, { stdio: 'ignore' })
  let isAlive = true
  child.once('exit', () => {
    isAlive = false
  })
  const close = (): void => {
    child.kill('SIGKILL')
    rmSync(directory, { recursive: true, force: true })
  }
  try {
    const socket = await connectTo(port, () => isAlive)
    socket.setNoDelay(true)
    const client = new RspClient((bytes) => socket.write(bytes))
    socket.on('data', (bytes) => client.receive(bytes))
    socket.on('error', () => socket.destroy())
    socket.on('close', () => client.close())
    return { subject: await RemoteSubject.connect('qemu', client), close }
  } catch (error) {
    close()
    throw error
  }
}
