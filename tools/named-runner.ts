import { globSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Command, CommanderError } from 'commander'

/** How a benchmark or suite was asked to run. */
export interface RunOptions {
  /** Print one JSON document on stdout instead of a table. */
  readonly json: boolean
  /** Arguments after the name that the runner does not know: the program's own. */
  readonly args: readonly string[]
}

/** What a file in `bench/` or `conformance/` exports. */
export interface NamedProgram {
  /** @returns false when the program ran but did not show what it must. */
  run(options: RunOptions): Promise<boolean | undefined> | boolean | undefined
}

/** A family of programs, each of which is a file with a name. */
export interface Family {
  /** The npm script that runs them. */
  readonly command: string
  readonly description: string
  readonly directory: string
  /** Glob patterns, from the directory, with one `*` where the name stands. */
  readonly patterns: readonly string[]
}

const EXIT_USAGE = 2
const EXIT_HOST_ERROR = 10

/** The programs of a family: name to path. */
export function findPrograms({ directory, patterns }: Family): Map<string, string> {
  const found = patterns.flatMap((pattern) => {
    const [before = '', after = ''] = pattern.split('*')
    return globSync(pattern, { cwd: directory })
      .filter((path) => !path.endsWith('.test.ts'))
      .map((path) => [path.slice(before.length, path.length - after.length), join(directory, path)] as const)
  })
  return new Map(found.sort(([a], [b]) => (a < b ? -1 : 1)))
}

async function runProgram(path: string, options: RunOptions): Promise<number> {
  const program = (await import(pathToFileURL(path).href)) as Partial<NamedProgram>
  if (program.run === undefined) throw new Error(`${path} exports no function named run`)
  return (await program.run(options)) === false ? EXIT_HOST_ERROR : 0
}

/**
 * Runs the program that the arguments name.
 *
 * @returns the exit status: 0 done; 2 no such name, the names being listed on stderr; 10 the program failed, or ran and did
 * not show what it must.
 */
export async function runNamed(family: Family, argv: readonly string[]): Promise<number> {
  let status = EXIT_USAGE
  const programs = findPrograms(family)
  const names = `Names: ${[...programs.keys()].join(', ') || 'none yet'}`
  const command = new Command(family.command)
    .description(family.description)
    .exitOverride()
    .addHelpCommand(false)
    .showHelpAfterError(names)
    .usage('NAME [--json] [ARGS...]')
  // Without a subcommand to miss, commander would not call an argument unknown.
  if (programs.size === 0) command.action(() => command.error('error: there is nothing to run'))
  for (const [name, path] of programs)
    command
      .command(name)
      .argument('[args...]')
      .option('--json', 'print one JSON document instead of a table', false)
      .allowUnknownOption()
      .action(async (args: string[], { json }: { json: boolean }) => {
        status = await runProgram(path, { json, args })
      })
  try {
    await command.parseAsync(argv, { from: 'user' })
    return status
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_USAGE
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
    return EXIT_HOST_ERROR
  }
}
