/**
 * As much of the platform as the package of the machine uses: these exist in Node, in browsers and in workers alike, but their types
 * come with a platform's.
 */
interface ReadableStreamDefaultController<Chunk> {
  readonly desiredSize: number | null
  enqueue(chunk: Chunk): void
  close(): void
  error(reason?: unknown): void
}
interface ReadableStream<Chunk> {
  getReader(): { read(): Promise<{ done: boolean; value?: Chunk }>; cancel(reason?: unknown): Promise<void> }
}
declare const ReadableStream: {
  new <Chunk>(
    source: {
      start?(controller: ReadableStreamDefaultController<Chunk>): void
      pull?(controller: ReadableStreamDefaultController<Chunk>): void
      cancel?(reason?: unknown): void
    },
    strategy?: { highWaterMark?: number; size?(chunk: Chunk): number },
  ): ReadableStream<Chunk>
}
interface WritableStream<Chunk> {
  getWriter(): { write(chunk: Chunk): Promise<void>; close(): Promise<void> }
}
declare const WritableStream: {
  new <Chunk>(sink: { write?(chunk: Chunk): void | Promise<void>; close?(): void }): WritableStream<Chunk>
}
declare const MessageChannel: { new (): { readonly port1: unknown; readonly port2: unknown } }
declare const performance: { now(): number }
declare function setTimeout(callback: () => void, milliseconds: number): unknown
declare function clearTimeout(handle: unknown): void
declare class TextEncoder {
  encode(text: string): Uint8Array
}
declare class TextDecoder {
  constructor(label?: string, options?: { fatal?: boolean })
  decode(bytes?: Uint8Array, options?: { stream?: boolean }): string
}
