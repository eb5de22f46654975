import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Published } from './published.ts'

/** A fenced code block of a README. */
export interface Example {
  readonly title: string
  readonly code: string
  /** Everything that the example says it prints: the texts after `// => `, or the lines below the commands. */
  readonly expected: string
}

function blocksOf({ directory }: Published, language: string): string[] {
  const readme = readFileSync(join(directory, 'README.md'), 'utf8')
  const fence = new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\`$`, 'gm')
  return [...readme.matchAll(fence)].map((match) => match[1] ?? '')
}

/** The `ts` blocks of a package's README. Each line that one prints stands behind a `// => `. */
export function typescriptExamples(published: Published): Example[] {
  return blocksOf(published, 'ts').map((code, index) => ({
    title: `README example ${index + 1} of ${published.name}`,
    code,
    expected: [...code.matchAll(/\/\/ => ?(.*)$/gm)].map((match) => `${match[1]}\n`).join(''),
  }))
}

/** The `console` blocks of a README: commands after `$ `, each followed by what it prints. */
export function consoleExamples(published: Published): Example[] {
  return blocksOf(published, 'console').flatMap((block, index) => {
    const [, ...commands] = block.split(/^\$ /m)
    return commands.map((text, position) => {
      const end = text.indexOf('\n')
      return {
        title: `README command ${index + 1}.${position + 1} of ${published.name}: ${text.slice(0, end)}`,
        code: text.slice(0, end),
        expected: text.slice(end + 1),
      }
    })
  })
}
