/** Disks, network cards and serial lines, as options name them. */
import { existsSync } from 'node:fs'
import process from 'node:process'
import type { BlockBackend, ConsoleBackend, NetBackend } from '@ringfold/contracts'
import { ScratchBlock } from '@ringfold/devices'
import {
  fileConsole,
  joinSwitch,
  openOverlay,
  openRawDisk,
  passtNetwork,
  socketConsole,
  terminalConsole,
} from '@ringfold/host-node'
import { InputError } from '../exit.ts'

export interface DiskUse {
  /** What is written goes nowhere: a replay leaves disks as they are. */
  readonly isReplay: boolean
  /** Disks must be found again as they were at the beginning. */
  readonly isRecorded: boolean
}

/** Opens `FILE`, `FILE,ro` or `FILE,overlay=F`. Throws `InputError`, `HostError`. */
export async function openDisk(text: string, { isReplay, isRecorded }: DiskUse): Promise<BlockBackend> {
  const [path = '', ...words] = text.split(',')
  const overlays = words.filter((word) => word.startsWith('overlay=')).map((word) => word.slice('overlay='.length))
  const readOnly = words.includes('ro')
  const isKnown = words.length === overlays.length + (readOnly ? 1 : 0) && words.length <= 1
  if (path === '' || !isKnown)
    throw new InputError(`--disk ${text} is not understood`, 'give FILE, FILE,ro or FILE,overlay=F')
  const [overlay] = overlays
  if (isReplay) return new ScratchBlock(await openRawDisk(path, { readOnly: true }))
  if (isRecorded && !readOnly && (overlay === undefined || existsSync(overlay)))
    throw new InputError(
      `a replay would need ${overlay ?? path} as it is now, but it is written`,
      'with --record, give disks as FILE,ro or with an overlay that does not exist yet',
    )
  return overlay === undefined ? openRawDisk(path, { readOnly }) : openOverlay(overlay, path)
}

/** Connects `user` or `switch:NAME`; undefined for `none`. */
export async function openNet(text: string, isReplay: boolean): Promise<NetBackend | undefined> {
  const [kind, name = ''] = text.split(':')
  if (kind === 'none') return undefined
  const isKnown = kind === 'user' ? name === '' : kind === 'switch' && name !== ''
  if (!isKnown) throw new InputError(`--net ${text} is not understood`, 'give none, user or switch:NAME')
  if (isReplay) return UNPLUGGED
  return kind === 'user' ? passtNetwork() : joinSwitch(name)
}

/** A cable that leads nowhere. */
const UNPLUGGED: NetBackend = { send: () => undefined, onReceive: () => undefined, close: () => undefined }

export interface Stdio {
  readonly console: ConsoleBackend
}

export interface SerialUse {
  /** A key was pressed behind the escape key. */
  readonly onEscape: (key: string) => void
  /** Standard input has ended. */
  readonly onEnd: () => void
  /** The guest is not to get standard input. */
  readonly isDeaf: boolean
}

/** Opens the other end of a serial line; undefined for `none`. */
export async function openSerial(text: string, use: SerialUse): Promise<ConsoleBackend | undefined> {
  const [kind = '', ...rest] = text.split(':')
  const path = rest.join(':')
  if (kind === 'none' && path === '') return undefined
  if (kind === 'stdio' && path === '') return use.isDeaf ? standardOutput() : terminalConsole(use)
  if (kind === 'file' && path !== '') return fileConsole(path)
  if (kind === 'unix' && path !== '') return socketConsole(path)
  throw new InputError(`--serial ${text} is not understood`, 'give stdio, file:FILE, unix:PATH or none')
}

function standardOutput(): ConsoleBackend {
  return {
    write: (bytes) => void process.stdout.write(bytes.slice()),
    onInput: () => undefined,
    close: () => undefined,
  }
}
