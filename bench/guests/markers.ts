/** What the programs say of themselves: markers on the guest's console. */

export type Marker =
  | { readonly kind: 'begin'; readonly name: string }
  /** Microseconds: the program's own account of its processor time, which only natively is the host's. */
  | { readonly kind: 'end'; readonly name: string; readonly checksum: string; readonly microseconds: number }

/** The marker that a line of the console is. */
export function markerOf(line: string): Marker | undefined {
  const begin = /^RINGFOLD-BEGIN (\S+)\s*$/.exec(line)
  if (begin !== null) return { kind: 'begin', name: begin[1] as string }
  const end = /^RINGFOLD-END (\S+) (\d+) (\d+)\s*$/.exec(line)
  if (end === null) return undefined
  const [, name, checksum, microseconds] = end as unknown as [string, string, string, string]
  return { kind: 'end', name, checksum, microseconds: Number(microseconds) }
}

/** Splits what comes from a console into lines. */
export class Lines {
  #rest = ''
  readonly #onLine: (line: string) => void

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine
  }

  push(text: string): void {
    const lines = (this.#rest + text).split(/\r*\n/)
    this.#rest = lines.pop() as string
    for (const line of lines) this.#onLine(line)
  }
}
