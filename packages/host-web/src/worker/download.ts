/** Downloads, with their progress. */
import { HostWebError } from '../errors.ts'

/** Called with what has come so far, and with how much there is, where the server tells. */
export type DownloadProgress = (loadedBytes: number, totalBytes: number | undefined) => void

const REMEDY =
  'check the address, and that its server allows pages from elsewhere (CORS, and CORP for an isolated page)'

/** The bytes behind an address. Rejects with `HostWebError` `web.download`. */
export async function download(address: string, progress: DownloadProgress = () => undefined): Promise<Uint8Array> {
  try {
    const response = await fetch(address)
    if (!response.ok) throw new Error(`its server answered ${response.status} ${response.statusText}`.trim())
    return await body(response, progress)
  } catch (error) {
    throw new HostWebError('web.download', `${address}: ${(error as Error).message}`, REMEDY)
  }
}

async function body(response: Response, progress: DownloadProgress): Promise<Uint8Array> {
  const totalBytes = lengthOf(response.headers)
  const pieces: Uint8Array[] = []
  let loadedBytes = 0
  progress(0, totalBytes)
  const reader = response.body?.getReader()
  for (;;) {
    const piece = await reader?.read()
    if (piece?.value === undefined) return joined(pieces, loadedBytes)
    pieces.push(piece.value)
    loadedBytes += piece.value.length
    progress(loadedBytes, totalBytes)
  }
}

/** The length of what comes out of a body: what is sent may be packed, and is then counted otherwise. */
function lengthOf(headers: Headers): number | undefined {
  const length = headers.get('content-length')
  return length === null || headers.has('content-encoding') ? undefined : Number(length)
}

function joined(pieces: readonly Uint8Array[], lengthBytes: number): Uint8Array {
  const all = new Uint8Array(lengthBytes)
  let at = 0
  for (const piece of pieces) {
    all.set(piece, at)
    at += piece.length
  }
  return all
}
