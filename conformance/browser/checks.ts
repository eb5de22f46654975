/** What a Debian in a page must do: commands, and what they must print. */
import { createHash } from 'node:crypto'
import { joinedNumbers } from '../debian/numbers.ts'
import { unexplained } from '../debian/warnings.ts'
import type { OpenPage } from './chromium.ts'

export const DISK = { text: 'the first sector', sizeBytes: 1 << 20 } as const

const NUMBERS = 20_000
const sum = createHash('sha256').update(joinedNumbers(NUMBERS)).digest('hex')

/** Commands that print something certain, wherever they are run. */
const COMMANDS: readonly (readonly [command: string, wanted: string])[] = [
  ['uname -m; nproc', 'x86_64\n1\n'],
  [`seq ${NUMBERS} > /tmp/numbers; sha256sum < /tmp/numbers`, sum],
  ['gzip -k /tmp/numbers; gunzip -c /tmp/numbers.gz | cmp - /tmp/numbers && echo same', 'same\n'],
  [`awk 'BEGIN { x = 1; for (i = 0; i < 9; i++) x = (x + 2 / x) / 2; printf "%.15f\\n", x }'`, Math.SQRT2.toFixed(15)],
  ['i=0; while [ $i -lt 30 ]; do /bin/busybox true || echo bad; i=$((i+1)); done; echo $i', '30\n'],
  [`dd if=/dev/vda bs=${DISK.text.length} count=1 2>/dev/null; echo`, DISK.text],
  ['[ $(date +%s) -gt 1700000000 ] && echo now', 'now\n'],
]

/** What is wrong, if anything is. */
export async function problemsOf(page: OpenPage): Promise<string[]> {
  const problems: string[] = []
  for (const [command, wanted] of COMMANDS) {
    const found = await page.call('command', command)
    if (!found.includes(wanted)) problems.push(`${command} printed ${JSON.stringify(found)}`)
  }
  problems.push(...unexplained(await page.call('command', 'dmesg -r')))
  return [...problems, ...(await snapshotProblems(page)), ...(await diskProblems(page))]
}

/** What is done after a snapshot is undone when it is put back. */
async function snapshotProblems(page: OpenPage): Promise<string[]> {
  const look = 'ls /tmp/after 2>/dev/null || echo none'
  await page.call('save')
  const before = await page.call('command', `touch /tmp/after; ${look}`)
  await page.call('goBack')
  const after = await page.call('command', look)
  const isRight = before.includes('/tmp/after\n') && after.includes('none\n')
  return isRight ? [] : [`a snapshot that was put back: ${JSON.stringify([before, after])}`]
}

async function diskProblems(page: OpenPage): Promise<string[]> {
  const text = 'written by the guest'
  await page.call('command', `printf '${text}' | dd of=/dev/vda bs=512 seek=2 2>/dev/null; sync`)
  const found = await page.call('diskText', 1024, text.length)
  return found === text ? [] : [`the disk holds ${JSON.stringify(found)}`]
}
