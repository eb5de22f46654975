import { readFileSync } from 'node:fs'
import { parseSync, Visitor } from 'oxc-parser'

/** One mention of another module: import, re-export, dynamic import, `import()` type, `import x = require()`, module augmentation. */
export interface ImportSite {
  readonly specifier: string
  readonly line: number
}

export interface ScannedFile {
  readonly imports: readonly ImportSite[]
  /** `/// <reference types|lib="…" />`: would smuggle another environment's types into a package. */
  readonly references: readonly ImportSite[]
  /** Lines of statements that leave something at run time. */
  readonly runtimeLines: readonly number[]
}

type Program = ReturnType<typeof parseSync>['program']

const typeStatements = new Set(['TSInterfaceDeclaration', 'TSTypeAliasDeclaration', 'EmptyStatement'])

function isTypeOnly(statement: Program['body'][number]): boolean {
  switch (statement.type) {
    case 'ImportDeclaration':
      return statement.importKind === 'type'
    case 'ExportAllDeclaration':
      return statement.exportKind === 'type'
    case 'ExportNamedDeclaration':
      return statement.exportKind === 'type' || (statement.declaration === null && statement.specifiers.length === 0)
    default:
      return typeStatements.has(statement.type)
  }
}

function literalOf(node: unknown): string | undefined {
  const { type, value } = node as { type?: string; value?: unknown }
  return type === 'Literal' && typeof value === 'string' ? value : undefined
}

/**
 * The modules that a TypeScript source mentions, type imports included.
 *
 * @throws Error when the text does not parse: a file that cannot be read must not pass the check.
 */
export function scanSource(path: string, text: string): ScannedFile {
  const { program, comments, errors } = parseSync(path, text)
  const failure = errors.find(({ severity }) => severity === 'Error')
  if (failure !== undefined) throw new Error(`${path}: ${failure.message}`)
  const lineOf = (offset: number) => text.slice(0, offset).split('\n').length
  const imports: ImportSite[] = []
  const add = (node: { start: number }, source: unknown) => {
    const specifier = source === null ? undefined : literalOf(source)
    if (specifier !== undefined) imports.push({ specifier, line: lineOf(node.start) })
  }
  new Visitor({
    ImportDeclaration: (node) => add(node, node.source),
    ExportNamedDeclaration: (node) => add(node, node.source),
    ExportAllDeclaration: (node) => add(node, node.source),
    ImportExpression: (node) => add(node, node.source),
    TSImportType: (node) => add(node, node.source),
    TSExternalModuleReference: (node) => add(node, node.expression),
    TSModuleDeclaration: (node) => add(node, node.id),
  }).visit(program)
  const references = comments.flatMap(({ value, start }) => {
    const specifier = /^\/\s*<reference\s+(?:types|lib|path)\s*=\s*["']([^"']+)/.exec(value)?.[1]
    return specifier === undefined ? [] : [{ specifier, line: lineOf(start) }]
  })
  const runtimeLines = program.body.filter((statement) => !isTypeOnly(statement)).map(({ start }) => lineOf(start))
  return { imports: imports.sort((a, b) => a.line - b.line), references, runtimeLines }
}

export function scanFile(path: string): ScannedFile {
  return scanSource(path, readFileSync(path, 'utf8'))
}
