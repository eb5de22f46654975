import { labGuest } from '@ringfold/guests'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findChromium, openPage } from './chromium.ts'
import type { PageRequest } from './page/page.ts'
import { type Site, serveSite } from './site.ts'

const LAB: PageRequest = { engine: 'auto', kernel: 'kernel', memory: 32 << 20, prompt: '> ', patienceMs: 30_000 }
const program = findChromium()

describe.skipIf(program === undefined)(
  `the lab guest in a page${program === undefined ? ' (skipped: chromium is not installed)' : ''}`,
  () => {
    let site: Site
    beforeAll(async () => {
      site = await serveSite({ kernel: labGuest().image })
    })
    afterAll(() => site.close())

    it.each([
      ['with', true],
      ['without', false],
    ])('runs to its end %s cross-origin isolation', async (_, isIsolated) => {
      const page = await openPage(program ?? '', site.address(isIsolated))
      try {
        const facts = await page.call('make', LAB)
        expect(facts).toMatchObject({
          ...{ isPageIsolated: isIsolated, isWorkerIsolated: isIsolated, hasSharedMemory: isIsolated },
          downloads: [expect.objectContaining({ what: 'kernel' })],
        })
        expect(await page.call('runToEnd')).toEqual({ kind: 'powered-off' })
        expect(await page.call('output')).toContain('lab: 64-bit mode')
        await page.call('close')
        expect(page.complaints).toEqual([])
      } finally {
        await page.close()
      }
    })

    it('that cannot be had is refused with an error that tells why', async () => {
      const page = await openPage(program ?? '', site.address(false))
      try {
        await expect(page.call('make', { ...LAB, kernel: 'missing' })).rejects.toThrow(
          /missing: its server answered 404/,
        )
        await expect(page.call('make', { ...LAB, engine: 'none' as never })).rejects.toThrow(/no engine none/)
        await expect(page.call('make', { ...LAB, worker: 'missing.js' })).rejects.toThrow(/worker could not be loaded/)
      } finally {
        await page.close()
      }
    })
  },
)
