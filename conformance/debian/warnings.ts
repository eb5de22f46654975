/** Lines of a boot log at level "warning" or above, and why those that are known are there. */

/** `dmesg -r` puts the level, with the facility, before each line. */
const LINE = /^<(\d+)>\[[^\]]*\] ?(.*)$/
const WARNING = 4

interface Explanation {
  readonly line: RegExp
  readonly why: string
}

/** What QEMU's `-M q35` shows with the same kernel too, or what the test itself brings about. */
export const EXPLAINED: readonly Explanation[] = [
  { line: /^EXT4-fs .*mounted filesystem/, why: 'information, which ext4 of this kernel gives at this level' },
  {
    line: /^ext2 filesystem being mounted .* supports timestamps until 2038/,
    why: 'of the file system that a test makes',
  },
]

/** The warnings that nobody has explained. */
export function unexplained(log: string): string[] {
  return log
    .split('\n')
    .map((text) => LINE.exec(text.trim()))
    .filter((match) => match !== null && Number(match[1]) % 8 <= WARNING)
    .map((match) => match?.[2] ?? '')
    .filter((text) => !EXPLAINED.some(({ line }) => line.test(text)))
}
