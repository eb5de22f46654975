/** Makes the machine that a page asks for. */
import type { BlockBackend } from '@ringfold/contracts'
import { MemoryBlock, ScratchBlock } from '@ringfold/devices'
import { type BootOptions, createMachine, type Machine, snapshotShape } from '@ringfold/machine'
import { BlobBlock } from '../block/blob-block.ts'
import { HostWebError } from '../errors.ts'
import type { Progress, Source, WebBootOptions, WebDiskOptions, WebMachineOptions } from '../options.ts'
import { download } from './download.ts'

const MOST_SERIAL_LINES = 4
const MS_PER_SECOND = 1000

export interface BuiltMachine {
  readonly machine: Machine
  readonly disks: readonly BlockBackend[]
}

type Report = (progress: Progress) => void

/** Downloads what is needed, one after the other. Rejects with `HostWebError`, and with what the machine's parts throw. */
export async function buildMachine(options: WebMachineOptions, report: Report): Promise<BuiltMachine> {
  const { engine = 'auto', boot, disks: wanted = [], snapshot, serialLines = 1, ...same } = options
  const { clock = 'real', seed = randomSeed() } = options
  const saved = snapshot === undefined ? undefined : await bytesOf(snapshot, 'snapshot', report)
  const disks: BlockBackend[] = []
  for (const [n, disk] of wanted.entries()) disks.push(await openDisk(disk, `disk${n}`, report))
  const machine = createMachine({
    ...(saved === undefined ? {} : shapeOf(saved)),
    ...(clock === 'real' ? { epochSeconds: Math.floor(Date.now() / MS_PER_SECOND) } : {}),
    ...same,
    ...{ engine, clock, seed },
    ...(boot === undefined ? {} : { boot: await bootOf(boot, report) }),
    serial: linesOf(serialLines),
    disks: disks.map((backend, n) => ({ backend, ...serialNumberOf(wanted[n]) })),
  })
  if (saved !== undefined) machine.restore(saved)
  return { machine, disks }
}

const randomSeed = (): number => crypto.getRandomValues(new Uint32Array(1))[0] as number

/** What need not be told again of a machine that was saved. */
function shapeOf(snapshot: Uint8Array): { readonly cpus: number; readonly memory: number } {
  const { cpus, memoryBytes } = snapshotShape(snapshot)
  return { cpus, memory: memoryBytes }
}

/** Lines that nobody but the machine's own listeners hears. */
function linesOf(count: number) {
  if (!(Number.isInteger(count) && count >= 1 && count <= MOST_SERIAL_LINES))
    throw new HostWebError('web.option', `a PC with ${count} serial lines`, `give it 1 to ${MOST_SERIAL_LINES}`)
  return Array.from({ length: count }, () => ({
    write: () => undefined,
    onInput: () => undefined,
    close: () => undefined,
  }))
}

async function bootOf({ kernel, initrd, modules, ...same }: WebBootOptions, report: Report): Promise<BootOptions> {
  const read = []
  for (const [n, { bytes, text }] of (modules ?? []).entries())
    read.push({ bytes: await bytesOf(bytes, `module${n}`, report), text })
  return {
    ...same,
    kernel: await bytesOf(kernel, 'kernel', report),
    ...(initrd === undefined ? {} : { initrd: await bytesOf(initrd, 'initrd', report) }),
    ...(modules === undefined ? {} : { modules: read }),
  }
}

async function openDisk({ contents, readOnly = false }: WebDiskOptions, what: string, report: Report) {
  if (typeof contents === 'number') return new MemoryBlock(contents, { readOnly })
  if (!(contents instanceof Blob)) return new MemoryBlock(await bytesOf(contents, what, report), { readOnly })
  const disk = new BlobBlock(contents)
  return readOnly ? disk : new ScratchBlock(disk)
}

const serialNumberOf = ({ serial }: Partial<WebDiskOptions> = {}) => (serial === undefined ? {} : { serial })

async function bytesOf(source: Source, what: string, report: Report): Promise<Uint8Array> {
  if (source instanceof Uint8Array) return source
  if (source instanceof ArrayBuffer) return new Uint8Array(source)
  if (source instanceof Blob) return new Uint8Array(await source.arrayBuffer())
  return download(String(source), (loadedBytes, totalBytes) => report({ what, loadedBytes, totalBytes }))
}
