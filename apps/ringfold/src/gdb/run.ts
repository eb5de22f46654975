import process from 'node:process'
import { type DebugArchitecture, Processor, ProcessorTarget } from '@ringfold/cpu'
import { HIGH_RAM_BASE, PAGE_BYTES, PhysicalMemory } from '@ringfold/memory'
import { type CpuModel, cpuModel, type RingsError, withTopology } from '@ringfold/rings'
import { InputError } from '../exit.ts'
import { openSource } from '../input.ts'
import type { GdbOptions } from './command.ts'
import { serveGdb } from './server.ts'

const MIB = 1 << 20
/** Where a PC's firmware puts a boot sector. */
const BOOT_SECTOR = 0x7c00n
/** What PCs show of their firmware below 1 MiB. */
const LOW_FIRMWARE_BYTES = 128 << 10
const MOST_FIRMWARE_BYTES = 4 * MIB

/** Firmware, as ROM. */
function addFirmware(memory: PhysicalMemory, image: Uint8Array): void {
  if (image.length === 0 || image.length % PAGE_BYTES !== 0 || image.length > MOST_FIRMWARE_BYTES)
    throw new InputError(
      `firmware cannot have ${image.length} bytes`,
      'Give a multiple of 4096, up to 4 MiB: its last 16 bytes are the reset vector.',
    )
  const low = image.subarray(Math.max(0, image.length - LOW_FIRMWARE_BYTES))
  memory.addRom(MIB - low.length, low)
  memory.addRom(HIGH_RAM_BASE - image.length, image)
}

/** Plain code, entered in real mode with CS = 0, or with the segment in which the address lies at offset 0. */
function addPlainCode(memory: PhysicalMemory, image: Uint8Array, at: number, first: Processor): void {
  if (at >= MIB || at + image.length > memory.ramBytes)
    throw new InputError(`${image.length} bytes do not fit at 0x${at.toString(16)}`, 'Real mode begins below 1 MiB.')
  memory.writeBytes(at, image)
  const segment = at < 0x10000 ? 0 : at >>> 4
  first.state.write('cs', segment)
  first.state.write('csBase', BigInt(segment << 4))
  first.state.write('rip', BigInt(at - (segment << 4)))
  first.stateWritten()
}

function modelOf(name: string | undefined): CpuModel {
  try {
    return cpuModel(name)
  } catch (error) {
    const { code, remedy, message } = error as RingsError
    throw typeof code === 'string' && code.startsWith('model.') ? new InputError(message, remedy) : error
  }
}

/** `ringfold gdb`. */
export async function runGdb(path: string, options: GdbOptions): Promise<void> {
  const { at, bios, cpus, startup } = options
  const model = modelOf(options.model)
  const image = await (await openSource(path)).rest()
  const memory = new PhysicalMemory({ ramBytes: options.memory * MIB })
  const { engine } = options
  if (bios) addFirmware(memory, image)
  const processors = Array.from(
    { length: cpus },
    (_, n) => new Processor({ memory, engine, model: withTopology(model, n, cpus), bootstrap: n === 0 }),
  )
  if (!bios) addPlainCode(memory, image, Number(at ?? BOOT_SECTOR), processors[0] as Processor)
  if (startup !== undefined) for (const processor of processors.slice(1)) processor.signalStartup(startup)
  await serve(new ProcessorTarget(processors, { isClosed: true }), options)
}

/** Serves until the debugger detaches or kills. */
async function serve(target: ProcessorTarget, { port, architecture }: GdbOptions): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const server = await serveGdb(target, {
    port,
    architecture: architecture as DebugArchitecture,
    onDetach: resolve,
    onKill: resolve,
  }).catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'EADDRINUSE' || error.code === 'EACCES'
      ? new InputError(`port ${port} cannot be used (${error.code})`, 'Give another --port, or 0 for any.')
      : error
  })
  process.stdout.write(`gdb: target remote 127.0.0.1:${server.port}\n`)
  await promise
  await server.close()
}
