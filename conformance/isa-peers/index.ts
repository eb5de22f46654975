/**
 * Peers on bytes that nobody chose: `npm run -s conformance -- isa-peers [FILE...] [--seed N] [--count N]`.
 * Every executable section of three large binaries of this machine (or FILE...), and random byte strings in every mode.
 */
import { closeSync, existsSync, openSync, readFileSync, readSync, statSync } from 'node:fs'
import { executableSections } from './binaries.ts'
import { IcedPeer } from './iced.ts'
import { randomBytes } from './random.ts'

const SLOT = 32
const USED = 15

/** Random strings of 15 bytes, each followed by one-byte NOPs, on which linear disassemblers fall back into step. */
export function randomSlots(seed: number, count: number): Uint8Array {
  const next = randomBytes(seed)
  const bytes = new Uint8Array(count * SLOT).fill(0x90)
  for (let s = 0; s < count; s++) for (let i = 0; i < USED; i++) bytes[s * SLOT + i] = next()
  return bytes
}

/** Decodes `count` random strings in each mode. */
export function randomTallies(seed: number, count: number) {
  return ([16, 32, 64] as const).map((bits) => {
    const peer = new IcedPeer(`${count} random byte strings, ${bits}-bit, seed ${seed}`, bits)
    const chunk = 1 << 15
    for (let done = 0; done < count; done += chunk)
      peer.slots(randomSlots(seed + bits + done, Math.min(chunk, count - done)), SLOT, USED)
    return peer.tally
  })
}

/** Large binaries that many machines have; the first three that are there are taken. */
const CANDIDATES = [
  process.execPath,
  '/usr/lib/gcc/x86_64-linux-gnu/12/cc1',
  '/usr/lib/x86_64-linux-gnu/libLLVM-14.so.1',
  '/usr/lib/x86_64-linux-gnu/libz3.so.4',
  '/usr/lib/chromium/chromium',
  '/usr/bin/gdb',
  '/usr/lib/x86_64-linux-gnu/libc.so.6',
]

export function largeBinaries(): string[] {
  return CANDIDATES.filter((f) => existsSync(f) && isElf64(f))
    .sort((a, b) => statSync(b).size - statSync(a).size)
    .slice(0, 3)
}

function isElf64(path: string): boolean {
  const file = openSync(path, 'r')
  const head = new Uint8Array(20)
  readSync(file, head, 0, 20, 0)
  closeSync(file)
  return head[0] === 0x7f && head[4] === 2 && head[18] === 62
}

function binaryTallies(files: readonly string[]) {
  return files.map((file) => {
    const peer = new IcedPeer(`executable sections of ${file.split('/').at(-1)}`, 64)
    for (const section of executableSections(readFileSync(file))) peer.sweep(section)
    return peer.tally
  })
}

/** Value of `--name N` among the arguments. */
export function numberOption(args: readonly string[], name: string, otherwise: number): number {
  const at = args.indexOf(name)
  return at < 0 ? otherwise : Number(args[at + 1])
}

/** Arguments that are neither options nor their values. */
export const plainArguments = (args: readonly string[]): string[] =>
  args.filter((a, i) => !a.startsWith('--') && !args[i - 1]?.startsWith('--'))

export function run(options: { readonly json: boolean; readonly args: readonly string[] }): boolean {
  const seed = numberOption(options.args, '--seed', (Math.random() * 0x7fffffff) | 0)
  const count = numberOption(options.args, '--count', 1_000_000)
  const files = plainArguments(options.args)
  const tallies = [...binaryTallies(files.length > 0 ? files : largeBinaries()), ...randomTallies(seed, count)]
  if (options.json) {
    console.log(
      JSON.stringify(
        tallies.map((t) => ({
          name: t.name,
          total: t.total,
          agree: t.agree,
          explained: Object.fromEntries(t.explained),
          unexplained: t.unexplained.length,
        })),
        null,
        2,
      ),
    )
  } else for (const t of tallies) console.log(t.report(20))
  return tallies.every((t) => t.unexplained.length === 0)
}
