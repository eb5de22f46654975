import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { download } from './download.ts'

const CONTENTS = Uint8Array.from({ length: 300_000 }, (_, n) => n >> 5)

describe('a download', () => {
  let server: Server
  let at = ''

  beforeAll(async () => {
    server = createServer(({ url }, response) => {
      if (url === '/plain') response.writeHead(200, { 'content-length': CONTENTS.length }).end(CONTENTS)
      else if (url === '/packed') {
        const packed = gzipSync(CONTENTS)
        response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': packed.length }).end(packed)
      } else if (url === '/empty') response.writeHead(200).end()
      else if (url === '/cut') {
        response.writeHead(200, { 'content-length': CONTENTS.length })
        response.write(CONTENTS.subarray(0, 1000), () => response.destroy())
      } else response.writeHead(404).end()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    at = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  afterAll(() => server.close())

  it('tells how far it has come, of how much', async () => {
    const steps: (readonly [number, number | undefined])[] = []
    const bytes = await download(`${at}/plain`, (loaded, total) => steps.push([loaded, total]))
    expect(bytes).toEqual(CONTENTS)
    expect(steps[0]).toEqual([0, CONTENTS.length])
    expect(steps.at(-1)).toEqual([CONTENTS.length, CONTENTS.length])
    expect(steps.map(([loaded]) => loaded)).toEqual(steps.map(([loaded]) => loaded).sort((a, b) => a - b))
  })

  it('knows no length of what is sent packed', async () => {
    const totals = new Set<number | undefined>()
    expect(await download(`${at}/packed`, (_, total) => totals.add(total))).toEqual(CONTENTS)
    expect([...totals]).toEqual([undefined])
  })

  it('may be of nothing', async () => {
    expect(await download(`${at}/empty`)).toEqual(new Uint8Array(0))
  })

  it.each(['missing', 'cut'])('that cannot be whole is refused: %s', async (name) => {
    await expect(download(`${at}/${name}`)).rejects.toEqual(expect.objectContaining({ code: 'web.download' }))
  })
})
