import { gunzipSync, zstdDecompressSync } from 'node:zlib'

/** Unpacks what `@ringfold/boot` leaves to its caller: gzip and zstd. Undefined for other formats, or damaged data. */
export function gunzipped(format: string, bytes: Uint8Array): Uint8Array | undefined {
  try {
    if (format === 'gzip') return gunzipSync(bytes)
    return format === 'zstd' ? zstdDecompressSync(bytes) : undefined
  } catch {
    return undefined
  }
}
