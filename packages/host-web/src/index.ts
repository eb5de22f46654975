/** A machine in a page: it runs in a worker, and this is the page's side of it. */
export type { Endpoint } from './endpoint.ts'
export { HostWebError, type HostWebErrorCode } from './errors.ts'
export type { Progress, Source, WebBootOptions, WebDiskOptions, WebEngine, WebMachineOptions } from './options.ts'
export { createWebMachine, type WebMachine, type WebMachineListeners } from './page/web-machine.ts'
