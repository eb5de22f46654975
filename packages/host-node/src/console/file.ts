/** A file as the other end of a serial line. */
import { closeSync, constants, fstatSync, ftruncateSync, openSync, statSync, writeSync } from 'node:fs'
import process from 'node:process'
import type { ConsoleBackend } from '@ringfold/contracts'
import { pathError } from '../errors.ts'

export interface FileConsoleOptions {
  /** Where it is said, once, that the file cannot be written any more: its disk is full. Default: standard error. */
  readonly notices?: NodeJS.WritableStream
}

/**
 * What the guest sends goes into a file, and nothing comes back. What was in the file goes when the guest sends something, or the console is
 * closed, and not before: a machine that cannot be made empties no log. A device or a pipe that somebody reads will do as well. A write that
 * fails ends the output, not the machine. Throws `HostError` `host.path`.
 */
export function fileConsole(path: string, { notices = process.stderr }: FileConsoleOptions = {}): ConsoleBackend {
  let file: number | undefined = openForOutput(path)
  let isEmptied = false
  const empty = (descriptor: number) => {
    if (!isEmptied && fstatSync(descriptor).isFile()) ftruncateSync(descriptor)
    isEmptied = true
  }
  const close = () => {
    if (file !== undefined) closeSync(file)
    file = undefined
  }
  return {
    write: (bytes) => {
      if (file === undefined) return
      try {
        empty(file)
        for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done)
      } catch (error) {
        close()
        notices.write(`${(pathError(`no more is written to ${path}`, error) as Error).message}\n`)
      }
    },
    onInput: () => undefined,
    close: () => {
      if (file !== undefined) empty(file)
      close()
    },
  }
}

function openForOutput(path: string): number {
  let probe: number | undefined
  try {
    // Opening a pipe waits for its reader; opened this way, it fails if there is none.
    if (statSync(path, { throwIfNoEntry: false })?.isFIFO() === true)
      probe = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK)
    return openSync(path, constants.O_WRONLY | constants.O_CREAT)
  } catch (error) {
    throw pathError(`cannot write ${path}`, error)
  } finally {
    if (probe !== undefined) closeSync(probe)
  }
}
