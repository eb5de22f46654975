/** The page of the suite: a machine in a worker, with a hand on its console. What the suite asks for comes by `testPage`. */
import {
  createWebMachine,
  type Endpoint,
  type Progress,
  type WebEngine,
  type WebMachine,
  type WebMachineOptions,
} from '@ringfold/host-web'
import type { MachineEnd, MachineStatistics } from '@ringfold/machine'
import { ConsoleDriver } from '@ringfold/testkit'

// The suite is compiled with Node's types, which have all of the platform that is used here but this.
declare const Worker: new (address: URL, options: { readonly type: 'module' }) => Endpoint

/** What is to be booted, as JSON. */
export interface PageRequest {
  readonly engine: WebEngine
  /** Default: the worker's script. */
  readonly worker?: string
  readonly kernel: string
  readonly initrd?: string
  readonly commandLine?: string
  readonly memory: number
  readonly prompt: string
  readonly patienceMs: number
  /** The beginning of a disk, and its size. */
  readonly disk?: { readonly text: string; readonly sizeBytes: number }
}

/** What a page is, and what came to it. */
export interface PageFacts {
  readonly isPageIsolated: boolean
  readonly isWorkerIsolated: boolean
  readonly hasSharedMemory: boolean
  /** The last report of each download. */
  readonly downloads: readonly Progress[]
}

let machine: WebMachine
let driver: ConsoleDriver
let ended: Promise<MachineEnd>
let output = ''
let saved: Uint8Array

function optionsOf({ engine, kernel, initrd, commandLine, memory, disk }: PageRequest): WebMachineOptions {
  const boot = { kernel, ...(initrd === undefined ? {} : { initrd }), ...(commandLine ? { commandLine } : {}) }
  if (disk === undefined) return { engine, memory, boot }
  const contents = new Blob([disk.text, new Uint8Array(disk.sizeBytes - disk.text.length)])
  return { engine, memory, boot, disks: [{ contents }] }
}

async function make(request: PageRequest): Promise<PageFacts> {
  const downloads = new Map<string, Progress>()
  const worker = new Worker(new URL(request.worker ?? './worker.js', import.meta.url), { type: 'module' })
  const onProgress = (progress: Progress) => void downloads.set(progress.what, progress)
  machine = await createWebMachine(worker, optionsOf(request), { onProgress })
  const [serial] = machine.serial
  if (serial === undefined) throw new Error('no serial line')
  serial.onOutput((bytes) => {
    output += new TextDecoder('latin1').decode(bytes)
  })
  driver = new ConsoleDriver(serial, { prompt: request.prompt, patienceMs: request.patienceMs })
  return {
    isPageIsolated: (globalThis as { readonly crossOriginIsolated?: boolean }).crossOriginIsolated === true,
    isWorkerIsolated: machine.isIsolated,
    hasSharedMemory: typeof SharedArrayBuffer === 'function',
    downloads: [...downloads.values()],
  }
}

const testPage = {
  make,
  /** @returns seconds from here to the prompt */
  async boot(): Promise<number> {
    const startMs = performance.now()
    ended = machine.run()
    const early = ended.then((end) => Promise.reject(new Error(`it ended with ${JSON.stringify(end)} on its way`)))
    await Promise.race([driver.ready(), early])
    return (performance.now() - startMs) / 1000
  },
  async runToEnd(): Promise<MachineEnd> {
    return machine.run()
  },
  command: (text: string): Promise<string> => driver.run(text),
  statistics: (): Promise<MachineStatistics> => machine.statistics(),
  /** @returns the length of the snapshot */
  async save(): Promise<number> {
    await machine.pause()
    saved = await machine.snapshot()
    await machine.resume()
    return saved.length
  },
  async goBack(): Promise<void> {
    await machine.pause()
    await machine.restore(saved)
    await machine.resume()
  },
  async diskText(offset: number, length: number): Promise<string> {
    return new TextDecoder().decode((await machine.diskContents(0)).subarray(offset, offset + length))
  },
  async powerOff(): Promise<MachineEnd> {
    await machine.pressPowerButton()
    return ended
  },
  output: (): string => output,
  close: (): Promise<void> => machine.close(),
}

export type TestPage = typeof testPage

Object.assign(globalThis, { testPage })
