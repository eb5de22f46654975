import { labGuest } from '@ringfold/guests'
import { ConsoleDriver } from '@ringfold/testkit'
import { afterEach, describe, expect, it } from 'vitest'
import { createWebMachine, type Endpoint, type Progress, type WebMachine, type WebMachineOptions } from './index.ts'
import { serveMachine } from './worker.ts'

const open: { close(): unknown }[] = []
afterEach(async () => {
  for (const each of open.splice(0)) await each.close()
})

/** A page's end of a channel to a worker; both are this thread, which lends them its event loop. */
function worker(): Endpoint {
  const { port1, port2 } = new MessageChannel()
  serveMachine(port2)
  return port1
}

const LAB = { kernel: labGuest().image }
const ASKING = { kernel: labGuest({ interactive: true }).image }
const code = (wanted: string) => expect.objectContaining({ code: wanted })

async function make(options: WebMachineOptions): Promise<WebMachine> {
  const machine = await createWebMachine(worker(), { memory: 32 << 20, clock: 'virtual', seed: 1, ...options })
  open.push(machine)
  return machine
}

/** Everything that a machine prints. */
function printed(machine: WebMachine): () => string {
  let text = ''
  machine.serial[0]?.onOutput((bytes) => {
    text += new TextDecoder().decode(bytes)
  })
  return () => text
}

describe('a machine in a worker', () => {
  it('runs a guest to its end, and says how it went', async () => {
    const machine = await make({ boot: LAB, cpus: 2 })
    const text = printed(machine)
    expect(await machine.run()).toEqual({ kind: 'powered-off' })
    expect(text()).toContain('64-bit mode')
    expect((await machine.statistics()).instructions).toBeGreaterThan(10_000)
    expect(machine.isIsolated).toBe(false)
  })

  it('downloads what it is not given, and tells how far that has come', async () => {
    const kernel = new URL(`data:,${[...LAB.kernel].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('')}`)
    const seen: Progress[] = []
    const boot = { kernel, initrd: 'data:,abc', modules: [] }
    const listeners = { onProgress: (progress: Progress) => void seen.push(progress) }
    const machine = await createWebMachine(worker(), { memory: 32 << 20, clock: 'virtual', boot }, listeners)
    open.push(machine)
    expect(new Set(seen.map(({ what }) => what))).toEqual(new Set(['kernel', 'initrd']))
    expect(seen.findLast(({ what }) => what === 'kernel')?.loadedBytes).toBe(LAB.kernel.length)
    expect(await machine.run()).toEqual({ kind: 'powered-off' })
  })

  it('takes what is typed, by calls and by web streams', async () => {
    const machine = await make({ boot: ASKING, clock: 'real' })
    const [serial] = machine.serial
    if (serial === undefined) throw new Error('no serial line')
    const driver = new ConsoleDriver(serial, { prompt: '> ' })
    const ended = machine.run()
    await driver.expect('q')
    const writer = serial.writable.getWriter()
    await writer.write('q')
    expect(await ended).toEqual({ kind: 'powered-off' })
  })

  it('is held and let go, and stops when a signal aborts', async () => {
    const machine = await make({ boot: ASKING, clock: 'real' })
    const controller = new AbortController()
    const ended = machine.run({ signal: controller.signal })
    await expect(machine.run()).rejects.toEqual(code('machine.busy'))
    await expect(machine.snapshot()).rejects.toEqual(code('machine.busy'))
    await machine.pause()
    const hash = await machine.stateHash()
    await new Promise((resolve) => setTimeout(resolve, 30))
    expect(await machine.stateHash()).toBe(hash)
    await machine.resume()
    controller.abort()
    expect(await ended).toEqual({ kind: 'stopped' })
    expect(await machine.run({ signal: controller.signal })).toEqual({ kind: 'stopped' })
  })

  it('goes on from a snapshot in another worker to the same state', async () => {
    const one = await make({ boot: LAB })
    expect(await one.run({ instructions: 20_000 })).toEqual({ kind: 'budget' })
    const snapshot = await one.snapshot()
    const other = await make({ snapshot })
    expect(await other.stateHash()).toBe(await one.stateHash())
    const ends = [await one.run(), await other.run()]
    expect(ends).toEqual([{ kind: 'powered-off' }, { kind: 'powered-off' }])
    expect(await other.stateHash()).toBe(await one.stateHash())
    await other.restore(snapshot)
    await expect(other.restore(snapshot.slice(8))).rejects.toEqual(code('machine.snapshot'))
  })

  it('has disks of bytes, of blobs, and of nothing', async () => {
    const contents = Uint8Array.from({ length: 2048 }, (_, n) => n)
    const disks = [{ contents }, { contents: new Blob([contents]), readOnly: true }, { contents: 512 }]
    const machine = await make({ disks })
    expect(await machine.diskContents(0)).toEqual(contents)
    expect(await machine.diskContents(1)).toEqual(contents)
    expect(await machine.diskContents(2)).toEqual(new Uint8Array(512))
    await expect(machine.diskContents(3)).rejects.toEqual(code('web.option'))
  })

  it('has as many serial lines as are asked for', async () => {
    const machine = await make({ serialLines: 4 })
    expect(machine.serial).toHaveLength(4)
    await expect(make({ serialLines: 5 })).rejects.toEqual(code('web.option'))
  })

  it('takes keys and buttons', async () => {
    const machine = await make({ boot: ASKING, clock: 'real', stopOnReset: true })
    const ended = machine.run()
    await machine.key('KeyA', true)
    await machine.reset()
    expect(await ended).toEqual({ kind: 'reset' })
  })

  it('draws its randomness from the platform', async () => {
    const hashes = []
    for (let n = 0; n < 2; n++) {
      const machine = await createWebMachine(worker(), { memory: 1 << 20, clock: 'virtual' })
      open.push(machine)
      hashes.push(await machine.stateHash())
    }
    expect(new Set(hashes).size).toBe(2)
  })
})

describe('what cannot be is refused', () => {
  it.each<[string, WebMachineOptions, string]>([
    ['an engine', { engine: 'none' as never }, 'cpu.engine'],
    ['a kernel', { boot: { kernel: new Uint8Array(10) } }, 'machine.boot'],
    ['an address', { boot: { kernel: 'vmlinuz' } }, 'web.option'],
    ['a kernel behind an address', { boot: { kernel: 'data:no' } }, 'web.download'],
    ['a disk', { disks: [{ contents: new Blob(['abc']) }] }, 'web.option'],
    ['memory', { memory: 1000 }, 'machine.option'],
  ])('%s that no machine can have', async (_, options, wanted) => {
    await expect(createWebMachine(worker(), options)).rejects.toEqual(code(wanted))
  })

  it('a second machine of one worker, and a page of another release', async () => {
    const { port1, port2 } = new MessageChannel()
    serveMachine(port2)
    open.push(port1)
    const answers: unknown[] = []
    port1.addEventListener('message', (event) => answers.push((event as MessageEvent).data.error?.code))
    port1.start()
    const ask = (id: number, name: string, ...parameters: unknown[]) =>
      port1.postMessage({ kind: 'call', id, name, parameters })
    ask(1, 'run', undefined)
    ask(2, 'create', 99, {})
    ask(3, 'create', 1, { memory: 1 << 20 })
    ask(4, 'create', 1, { memory: 1 << 20 })
    ask(5, 'sing')
    await expect.poll(() => answers).toHaveLength(5)
    expect(answers.filter((each) => each === 'web.protocol')).toHaveLength(4)
  })

  it('anything of a machine that was closed, or whose worker failed', async () => {
    const machine = await createWebMachine(worker(), { memory: 1 << 20 })
    const ended = machine.run()
    await machine.close()
    expect(await ended.catch((error) => error.code)).toMatch(/web.closed|stopped/)
    await expect(machine.statistics()).rejects.toEqual(code('web.closed'))
    await machine.close()

    const { port1, port2 } = new MessageChannel()
    serveMachine(port2)
    const orphan = await createWebMachine(port1, { memory: 1 << 20 })
    port2.close()
    await orphan.close()

    const events = new EventTarget()
    const broken: Endpoint = {
      postMessage: () => queueMicrotask(() => events.dispatchEvent(new Event('error'))),
      addEventListener: (type, listener) => events.addEventListener(type, listener),
    }
    await expect(createWebMachine(broken)).rejects.toEqual(code('web.worker'))
  })
})
