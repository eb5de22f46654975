import { type Architecture, directoryOf, npmNameOf, type PackageRow } from './model.ts'

const BEGIN = '<!-- generated from architecture.json by `npm run -s check:architecture -- --write`: do not edit -->'
const END = '<!-- end of the generated part -->'

function reachable(from: PackageRow, rows: ReadonlyMap<string, PackageRow>): Set<string> {
  const found = new Set<string>()
  const visit = (row: PackageRow) => {
    for (const name of row.imports) {
      const target = rows.get(name)
      if (target === undefined || found.has(name)) continue
      found.add(name)
      visit(target)
    }
  }
  visit(from)
  return found
}

/** The imports that no other import implies: with all of them drawn, the picture would be a hairball. */
export function directImports(row: PackageRow, { packages }: Architecture): string[] {
  const rows = new Map(packages.map((other) => [other.name, other]))
  return row.imports.filter((name) =>
    row.imports.every((other) => {
      const target = rows.get(other)
      return other === name || target === undefined || !reachable(target, rows).has(name)
    }),
  )
}

function drawMermaid(architecture: Architecture): string[] {
  const nodes = architecture.packages.map(
    ({ name, environment, status }) => `  ${name}["${name}"]:::${status === 'planned' ? 'planned' : environment}`,
  )
  const edges = architecture.packages.flatMap((row) =>
    directImports(row, architecture).map((name) => `  ${row.name} --> ${name}`),
  )
  return [
    '```mermaid',
    'graph BT',
    ...nodes,
    ...edges,
    '  classDef none fill:#e8f1ff,stroke:#3465a4,color:#000',
    '  classDef node fill:#e9f7e4,stroke:#4e9a06,color:#000',
    '  classDef web fill:#fff3d6,stroke:#c17d11,color:#000',
    '  classDef planned fill:#f6f6f6,stroke:#999,color:#666,stroke-dasharray:4 3',
    '```',
  ]
}

function drawTable({ packages, scope }: Architecture): string[] {
  const line = (row: PackageRow) => {
    const name = row.status === 'present' ? `[\`${npmNameOf(row, scope)}\`](../${directoryOf(row)})` : row.name
    const imports = row.imports.length === 0 ? 'nothing' : row.imports.join(', ')
    return `| ${name} | ${row.status} | ${row.environment} | ${row.purpose} | ${imports} |`
  }
  return [
    '| package | status | environment | what it is | may import |',
    '|---|---|---|---|---|',
    ...packages.map(line),
  ]
}

/** The page with its generated part renewed; the prose around it stays. */
export function renewPage(page: string, architecture: Architecture): string {
  const begin = page.indexOf(BEGIN)
  const end = page.indexOf(END)
  if (begin < 0 || end < begin) throw new Error(`docs/architecture.md has lost its markers: ${BEGIN} and ${END}`)
  const generated = ['', ...drawMermaid(architecture), '', ...drawTable(architecture), '', ''].join('\n')
  return `${page.slice(0, begin + BEGIN.length)}\n${generated}${page.slice(end)}`
}
