/** What `seq N` prints. */
export function joinedNumbers(count: number): string {
  return Array.from({ length: count }, (_, n) => `${n + 1}\n`).join('')
}
