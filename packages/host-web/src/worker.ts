/** The worker's side of a machine in a page, and the back ends that it uses. */
export { BlobBlock } from './block/blob-block.ts'
export type { Endpoint } from './endpoint.ts'
export { HostWebError, type HostWebErrorCode } from './errors.ts'
export { type DownloadProgress, download } from './worker/download.ts'
export { serveMachine } from './worker/serve-machine.ts'
