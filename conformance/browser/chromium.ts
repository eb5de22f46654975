/** Headless Chromium, and a page of the site in it. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import process from 'node:process'
import { type Browser, type CDPSession, chromium } from 'playwright-core'
import type { TestPage } from './page/page.ts'

const PROGRAM = 'chromium'
const ROOT = 0

/** Where Chromium is installed; undefined where it is not. */
export function findChromium(): string | undefined {
  const { stdout } = spawnSync('which', [PROGRAM], { encoding: 'utf8' })
  return stdout?.trim() || undefined
}

/** Calls a function of the page. */
type Call = <Name extends keyof TestPage>(
  name: Name,
  ...parameters: Parameters<TestPage[Name]>
) => Promise<Awaited<ReturnType<TestPage[Name]>>>

export interface OpenPage {
  readonly call: Call
  /** Seconds of processor time that the browser has used, with all its processes. */
  cpuSeconds(): Promise<number>
  /** The most that the page's process has had in memory; undefined where the system does not tell. */
  peakBytes(): Promise<number | undefined>
  /** What the page complained of on its console. */
  readonly complaints: readonly string[]
  readonly version: string
  close(): Promise<void>
}

/** Opens an address in a browser of its own. */
export async function openPage(executablePath: string, address: string): Promise<OpenPage> {
  const browser = await chromium.launch({ executablePath, chromiumSandbox: process.getuid?.() !== ROOT })
  try {
    return await pageOf(browser, address)
  } catch (error) {
    await browser.close()
    throw error
  }
}

async function pageOf(browser: Browser, address: string): Promise<OpenPage> {
  const page = await browser.newPage()
  const complaints: string[] = []
  page.on('pageerror', ({ message }) => complaints.push(message))
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text())
  })
  await page.goto(address)
  await page.waitForFunction('globalThis.testPage !== undefined')
  const session = await browser.newBrowserCDPSession()
  const call = (name: string, ...parameters: readonly unknown[]) =>
    page.evaluate(
      ([wanted, given]) => {
        const { testPage } = globalThis as unknown as { testPage: Record<string, (...given: unknown[]) => unknown> }
        return testPage[wanted]?.(...given)
      },
      [name, [...parameters]] as [string, unknown[]],
    )
  return {
    call: call as Call,
    cpuSeconds: async () => (await processes(session)).reduce((sum, { cpuTime }) => sum + cpuTime, 0),
    peakBytes: async () => peakOf((await processes(session)).filter(({ type }) => type === 'renderer')),
    complaints,
    version: browser.version(),
    close: () => browser.close(),
  }
}

interface ProcessInfo {
  readonly type: string
  readonly id: number
  readonly cpuTime: number
}

async function processes(session: CDPSession): Promise<readonly ProcessInfo[]> {
  return (await session.send('SystemInfo.getProcessInfo')).processInfo
}

function peakOf(found: readonly ProcessInfo[]): number | undefined {
  try {
    const peaks = found.map(({ id }) => /VmHWM:\s*(\d+) kB/.exec(readFileSync(`/proc/${id}/status`, 'utf8'))?.[1])
    return Math.max(...peaks.map((kilobytes) => Number(kilobytes) * 1024))
  } catch {
    return undefined
  }
}
