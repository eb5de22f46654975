/** The site that is served to the browser: the page, its scripts as bundles, and the guest. */
import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'

const PAGE = `<!doctype html>
<meta charset="utf-8">
<title>Ringfold</title>
<link rel="icon" href="data:,">
<script type="module" src="/page.js"></script>
`

/** Nothing from elsewhere, and no code from strings; a machine compiles WebAssembly. */
const POLICY =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'; img-src data:"

/** With these, and only with these, a page may share memory with its workers. */
const ISOLATION = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
} as const

interface Served {
  readonly type: string
  readonly bytes: Uint8Array
}

export interface Site {
  /** Where its page is served with or without cross-origin isolation. */
  address(isIsolated: boolean): string
  /** Of the worker's script, which holds the machine. */
  readonly workerBytes: number
  readonly workerGzippedBytes: number
  close(): Promise<void>
}

/** Bundles a script of the page for browsers. What needs Node does not get through here. */
async function bundle(name: string): Promise<Uint8Array> {
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, 'page', `${name}.ts`)],
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: 'es2024',
    conditions: ['@ringfold/source'],
  })
  return outputFiles[0]?.contents ?? new Uint8Array(0)
}

/** Serves the page, and files of a guest by their names. */
export async function serveSite(files: Readonly<Record<string, string | Uint8Array>>): Promise<Site> {
  const [page, worker] = [await bundle('page'), await bundle('worker')]
  const script = (bytes: Uint8Array): Served => ({ type: 'text/javascript', bytes })
  const served = new Map<string, Served>([
    ['/', { type: 'text/html', bytes: new TextEncoder().encode(PAGE) }],
    ['/page.js', script(page)],
    ['/worker.js', script(worker)],
  ])
  for (const [name, file] of Object.entries(files)) {
    const bytes = typeof file === 'string' ? readFileSync(file) : file
    served.set(`/${name}`, { type: 'application/octet-stream', bytes })
  }
  const servers = [await listen(served, {}), await listen(served, ISOLATION)]
  return {
    address: (isIsolated) => addressOf(servers[isIsolated ? 1 : 0] as Server),
    workerBytes: worker.length,
    workerGzippedBytes: gzipSync(worker).length,
    close: async () => {
      for (const server of servers) await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function listen(served: ReadonlyMap<string, Served>, headers: Readonly<Record<string, string>>): Promise<Server> {
  const server = createServer(({ url = '' }, response) => {
    const found = served.get(url)
    if (found === undefined) return void response.writeHead(404).end()
    const { type, bytes } = found
    const own = { 'content-type': type, 'content-length': bytes.length, 'content-security-policy': POLICY }
    response.writeHead(200, { ...own, ...headers }).end(bytes)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return server
}

const addressOf = (server: Server): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
