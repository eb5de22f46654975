/** A file as the other end of a serial line. */
import { closeSync, openSync, writeSync } from 'node:fs'
import type { ConsoleBackend } from '@ringfold/contracts'
import { pathError } from '../errors.ts'

/** What the guest sends goes into a file, which is emptied first, and nothing comes back. Throws `HostError` `host.path`. */
export function fileConsole(path: string): ConsoleBackend {
  let file: number
  try {
    file = openSync(path, 'w')
  } catch (error) {
    throw pathError(`cannot write ${path}`, error)
  }
  let isOpen = true
  return {
    write: (bytes) => {
      if (isOpen) writeSync(file, bytes)
    },
    onInput: () => undefined,
    close: () => {
      if (isOpen) closeSync(file)
      isOpen = false
    },
  }
}
