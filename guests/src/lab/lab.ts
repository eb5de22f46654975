/**
 * The lab guest: a small operating system of our own that shows, in plain words on COM1, what a processor and its machine do. Each
 * topic has a file; this one puts them together.
 */
import { assemble } from '@ringfold/isa/assembler'
import { serialConsole } from './console.ts'
import { ending, monitor, type PowerOff } from './ending.ts'
import { entry } from './entry.ts'
import { elfImage } from './image.ts'
import { paging } from './paging.ts'
import { PLACE } from './places.ts'
import { processors } from './processors.ts'
import { LabSource } from './source.ts'
import { tables } from './tables.ts'
import { timers } from './timers.ts'
import { userMode } from './user.ts'
import { virtio } from './virtio.ts'

export interface LabGuestOptions {
  /** Answers keys at its end until somebody presses q. Default: it powers off at once. */
  readonly interactive?: boolean
  /** How the power is switched off. Default: as on Ringfold's machine. */
  readonly powerOff?: PowerOff
}

export interface LabGuest {
  /** An ELF file with a PVH note. */
  readonly image: Uint8Array
  /** Its source, as it was assembled. */
  readonly source: string
}

/** PM1a control at 604H, SLP_TYP 5 with SLP_EN. */
const POWER_OFF: PowerOff = { port: 0x604, value: (5 << 10) | 0x2000 }

/** Assembles the lab guest. */
export function labGuest({ interactive = false, powerOff = POWER_OFF }: LabGuestOptions = {}): LabGuest {
  const source = new LabSource()
  entry(source)
  source.add('main:')
  source.line('lab: 64-bit mode, 4 levels of page tables, our own GDT, IDT and TSS')
  for (const topic of ['paging', 'timers', 'user_mode', 'virtio_devices', 'processors']) source.add(`  call ${topic}`)
  if (interactive) source.add('  call monitor')
  source.add('  ret')
  for (const topic of [serialConsole, tables, paging, timers, userMode, virtio, processors, monitor]) topic(source)
  ending(source, powerOff)
  const text = source.toString()
  const { bytes } = assemble(text, { bits: 32, origin: BigInt(PLACE.IMAGE) })
  return { image: elfImage(bytes, PLACE.IMAGE, PLACE.IMAGE), source: text }
}
