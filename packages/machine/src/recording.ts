/** Recordings of all that came into a machine: as bytes. */
import { MachineError } from './errors.ts'
import type { LoggedInput } from './inputs.ts'
import { decodePlain, encodePlain } from './plain-data.ts'

/** The version of what follows. */
export const RECORDING_VERSION = 1
const KIND = 'inputs'

export interface Recording {
  /** Hash of the machine when it began, and when it ended. */
  readonly from: string
  readonly to: string
  /** Instructions that were retired at its end. */
  readonly instructions: number
  readonly inputs: readonly LoggedInput[]
  /** What whoever recorded wants to know again: plain data. */
  readonly notes: Readonly<Record<string, unknown>>
}

export function encodeRecording(recording: Recording): Uint8Array {
  return encodePlain(KIND, { version: RECORDING_VERSION, ...recording })
}

/** Throws `MachineError` `machine.recording` for what is no recording, or damaged. */
export function decodeRecording(bytes: Uint8Array): Recording {
  const recording = decodePlain(KIND, bytes, 'machine.recording') as Recording & { readonly version: number }
  if (recording.version === RECORDING_VERSION) return recording
  const what = `the recording is of version ${recording.version}, this release reads ${RECORDING_VERSION}`
  throw new MachineError('machine.recording', what, 'replay it with the release that wrote it')
}
