/** Errors of the packages that are their user's to mend. */
import { InputError } from './exit.ts'

/** Beginnings of the codes of such errors. */
const MENDABLE = ['host.', 'machine.', 'model.', 'boot.', 'memory.ram-size', 'memory.wasm-size', 'device.option']

/** An `InputError` for what a user can mend; other errors as they are. */
export function asInputError(error: unknown): unknown {
  if (!(error instanceof Error)) return error
  const { code, remedy } = error as Partial<{ code: unknown; remedy: unknown }>
  if (typeof code !== 'string' || typeof remedy !== 'string') return error
  if (!MENDABLE.some((start) => code.startsWith(start))) return error
  // Some packages say the remedy in their message too.
  const message = error.message.replace(` (${remedy})`, '')
  return Object.assign(new InputError(message, remedy), { cause: error })
}

/** Does something that may meet such errors. */
export async function withInputErrors<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    throw asInputError(error)
  }
}
