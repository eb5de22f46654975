import { connect, type Socket } from 'node:net'
import { Processor, ProcessorTarget } from '@ringfold/cpu'
import { PhysicalMemory } from '@ringfold/memory'
import { afterEach, describe, expect, it } from 'vitest'
import { type GdbServer, type GdbServerOptions, serveGdb } from './server.ts'

const open: { close(): Promise<void> | void }[] = []
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close()
})

/** A processor in real mode that jumps to itself at 0:1000H. */
async function serve(options: GdbServerOptions = {}): Promise<GdbServer> {
  const memory = new PhysicalMemory({ ramBytes: 1 << 16 })
  memory.writeBytes(0x1000, Uint8Array.of(0xeb, 0xfe))
  const cpu = new Processor({ memory })
  cpu.state.write('csBase', 0n)
  cpu.state.write('rip', 0x1000n)
  cpu.stateWritten()
  const server = await serveGdb(new ProcessorTarget([cpu]), options)
  open.push(server)
  return server
}

class Connection {
  received = ''
  isClosed = false
  readonly socket: Socket

  constructor(port: number) {
    this.socket = connect(port, '127.0.0.1')
    this.socket.on('data', (bytes) => {
      this.received += bytes.toString('latin1')
    })
    this.socket.on('close', () => {
      this.isClosed = true
    })
    this.socket.on('error', () => {})
    open.push({ close: () => void this.socket.destroy() })
  }

  send(payload: string): void {
    const sum = [...payload].reduce((total, c) => total + c.charCodeAt(0), 0) & 0xff
    this.socket.write(`$${payload}#${sum.toString(16).padStart(2, '0')}`)
  }

  async until(done: () => boolean): Promise<void> {
    for (let n = 0; n < 500 && !done(); n++) await new Promise((resolve) => setTimeout(resolve, 10))
    expect(done(), this.received).toBe(true)
  }
}

describe('gdb over TCP', () => {
  it('runs until it is interrupted', async () => {
    const { port } = await serve()
    const gdb = new Connection(port)
    gdb.send('vCont;c')
    await gdb.until(() => gdb.received === '+')
    gdb.socket.write('\x03')
    await gdb.until(() => gdb.received.includes('$T02thread:1;#'))
  })

  it('turns a second debugger away, and takes the next one', async () => {
    const { port } = await serve()
    const first = new Connection(port)
    first.send('?')
    await first.until(() => first.received.includes('#'))
    const second = new Connection(port)
    await second.until(() => second.isClosed)
    first.socket.destroy()
    await first.until(() => first.isClosed)
    const third = new Connection(port)
    third.send('qC')
    await third.until(() => third.received.includes('$QC1#'))
  })

  it('tells of detaching and killing', async () => {
    const events: string[] = []
    const { port } = await serve({ onDetach: () => events.push('detach'), onKill: () => events.push('kill') })
    const gdb = new Connection(port)
    gdb.send('D')
    await gdb.until(() => gdb.received.includes('$OK#'))
    gdb.send('k')
    await gdb.until(() => gdb.isClosed)
    expect(events).toEqual(['detach', 'kill'])
  })

  it('closes while a machine runs', async () => {
    const server = await serve()
    const gdb = new Connection(server.port)
    gdb.send('c')
    await gdb.until(() => gdb.received === '+')
    await server.close()
    await gdb.until(() => gdb.isClosed)
  })
})
