/** A picture of the table: how many times as fast as each peer, a bar for each row, on a logarithmic scale. */
import { type Document, speedAgainst } from './report.ts'

const [WIDTH, LEFT, RIGHT, BAR, GAP, TOP] = [860, 150, 60, 12, 10, 56]
const PEERS = [
  { peer: 'qemu', color: '#4c78a8' },
  { peer: 'v86', color: '#f58518' },
] as const
/** The scale: from a hundredth to a hundred times. */
const DECADES = 2

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
const text = (x: number, y: number, words: string, anchor = 'start', size = 12): string =>
  `<text x="${x}" y="${y}" text-anchor="${anchor}" font-size="${size}">${escaped(words)}</text>`

/** The x of a ratio. */
function placeOf(ratio: number): number {
  const at = Math.min(1, Math.max(0, (Math.log10(ratio) + DECADES) / (2 * DECADES)))
  return LEFT + at * (WIDTH - LEFT - RIGHT)
}

export function chart(document: Document): string {
  const rows = document.rows.filter((row) => PEERS.some(({ peer }) => speedAgainst(row, peer) !== null))
  const step = PEERS.length * BAR + GAP
  const height = TOP + rows.length * step + 24
  const bars = rows.flatMap((row, n) => {
    const y = TOP + n * step
    const label = text(LEFT - 8, y + BAR + 4, `${row.name} (${row.bits})`, 'end')
    return [label, ...PEERS.flatMap(({ peer, color }, k) => bar(speedAgainst(row, peer), color, y + k * BAR))]
  })
  const grid = Array.from({ length: 2 * DECADES + 1 }, (_, n) => 10 ** (n - DECADES)).map((ratio) => {
    const x = placeOf(ratio)
    const line = `<line x1="${x}" x2="${x}" y1="${TOP - 6}" y2="${height - 18}" stroke="#888" stroke-width="${ratio === 1 ? 1.5 : 0.4}"/>`
    return line + text(x, TOP - 12, `${ratio}x`, 'middle', 10)
  })
  const legend = PEERS.map(({ peer, color }, n) => {
    const x = LEFT + n * 160
    return `<rect x="${x}" y="10" width="12" height="12" fill="${color}"/>${text(x + 18, 20, `against ${peer}`)}`
  })
  const box = `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" font-family="sans-serif">`
  const background = `<rect width="100%" height="100%" fill="#fff"/>`
  return [box, background, ...legend, ...grid, ...bars, '</svg>', ''].join('\n')
}

function bar(ratio: number | null, color: string, y: number): string[] {
  if (ratio === null) return []
  const [one, end] = [placeOf(1), placeOf(ratio)]
  const rect = `<rect x="${Math.min(one, end)}" y="${y}" width="${Math.max(1, Math.abs(end - one))}" height="${BAR - 2}" fill="${color}"/>`
  return [rect, text(WIDTH - RIGHT + 6, y + BAR - 3, `${ratio.toFixed(2)}x`, 'start', 10)]
}
