/** The charts of `census` as one HTML file that loads nothing. */
import type { Census } from './census.ts'
import type { Count, Notable, Program, Summary } from './summary.ts'

const STYLE = `
:root { color-scheme: light dark; font: 15px/1.45 system-ui, sans-serif; }
body { max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
section { margin-top: 2.2rem; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(24rem, 1fr)); gap: 0 3rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .1rem .6rem .1rem 0; font-weight: normal; vertical-align: top; }
th { font-family: ui-monospace, monospace; white-space: nowrap; }
td.count { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
td.bar { width: 55%; vertical-align: middle; }
td.bar div { background: #3b7dd8; height: .8rem; border-radius: 2px; min-width: 1px; }
p.small { opacity: .75; }
`

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

const escaped = (text: string): string => text.replaceAll(/[&<>"]/g, (character) => ENTITIES[character] ?? character)

const grouped = (count: number): string => count.toLocaleString('en-US')

function chart(title: string, counts: readonly Count[]): string {
  const largest = Math.max(1, ...counts.map(({ count }) => count))
  const rows = counts.map(({ name, count }) => {
    const width = ((100 * count) / largest).toFixed(2)
    const bar = count === 0 ? '' : `<div style="width:${width}%"></div>`
    return `<tr><th>${escaped(name)}</th><td class="bar">${bar}</td><td class="count">${grouped(count)}</td></tr>`
  })
  return `<section><h2>${escaped(title)}</h2><table>${rows.join('\n')}</table></section>`
}

function notableTable(notable: readonly Notable[]): string {
  const rows = notable.map(({ mnemonic, count, kind, why, firstAddress, firstSymbol }) => {
    const where = `0x${firstAddress.toString(16)} ${firstSymbol}`
    return `<tr><th>${escaped(mnemonic)}</th><td class="count">${grouped(count)}</td><td>${escaped(kind)}</td><td>${escaped(why)}<br><small>first at ${escaped(where)}</small></td></tr>`
  })
  return `<section><h2>Instructions that a monitor cares about</h2><table>${rows.join('\n')}</table></section>`
}

/** The whole page. */
export function htmlPage(program: Program, census: Census, summary: Summary, frequent: number): string {
  const { instructions, bytes, notInTable, badBytes } = census
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Instructions of ${escaped(program.name)}</title>
<style>${STYLE}</style>
<h1>Instructions of ${escaped(program.name)}</h1>
<p>${grouped(instructions)} instructions of ${program.bits}-bit code in ${grouped(bytes)} bytes; ${grouped(notInTable)} of extensions that the
table does not hold; ${grouped(badBytes)} bytes that are no instruction.</p>
<div class="charts">
${chart('Length in bytes', summary.byLength)}
${chart('Class', summary.byGroup)}
${chart('Most frequent mnemonics', summary.byMnemonic.slice(0, frequent))}
${chart('ISA extension', summary.byExtension)}
</div>
${notableTable(summary.notable)}
<p class="small">Made by ringfold census. The sweep goes straight through each section, so that data among the code is counted too.</p>
</html>
`
}
