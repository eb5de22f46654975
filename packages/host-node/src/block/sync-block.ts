/** Disks that answer at once. */
import type { BlockBackend } from '@ringfold/contracts'

/** A disk whose methods are done when they return. */
export interface SyncBlockBackend extends BlockBackend {
  read(offset: number, into: Uint8Array): void
  write(offset: number, bytes: Uint8Array): void
  flush(): void
  discard(offset: number, lengthBytes: number): void
  close(): void
}

/** What an overlay needs of its base. */
export type SyncBlock = Pick<SyncBlockBackend, 'sizeBytes' | 'read' | 'close'>

/** Does all of it, and then throws what was thrown first. */
export function endAll(...steps: readonly (() => void)[]): void {
  const thrown: unknown[] = []
  for (const step of steps) {
    try {
      step()
    } catch (error) {
      thrown.push(error)
    }
  }
  if (thrown.length > 0) throw thrown[0]
}
