/** The system's package tool with a state of its own: no root, and nothing of the system's is changed. */
import { spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { HostError } from '../errors.ts'

export interface AptOptions {
  /** A directory for lists and archives; it is made where it is absent. */
  readonly directory: string
  /** Debian's name of the architecture whose packages are wanted: `amd64`, `i386`. */
  readonly architecture: string
  readonly signal?: AbortSignal
}

const NOT_DEBIAN = 'on a Debian system: apt-get install apt dpkg; elsewhere use the lab guest, or --kernel'
/** Mirrors are renewed now and then, and between two of their files so is a list: then all is asked for again. */
const TRIES = 3

export interface CommandResult {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs a program to its end. Throws `HostError` `host.tool` where there is no such program. */
export function runTool(
  program: string,
  programArguments: readonly string[],
  options: { readonly cwd?: string; readonly signal?: AbortSignal } = {},
): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, programArguments, {
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' },
    })
    let [stdout, stderr] = ['', '']
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString('latin1')
    })
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString('latin1')
    })
    child.once('error', (error: NodeJS.ErrnoException) =>
      reject(error.code === 'ENOENT' ? new HostError('host.tool', `${program} is not installed`, NOT_DEBIAN) : error),
    )
    child.once('close', (status) => resolve({ status: status ?? -1, stdout, stderr }))
  })
}

export class PrivateApt {
  readonly #options: AptOptions
  /** What apt said of lists that it could not renew. */
  #missing = ''

  constructor(options: AptOptions) {
    this.#options = options
    for (const folder of ['state/lists/partial', 'cache/archives/partial', 'log'])
      mkdirSync(join(options.directory, folder), { recursive: true })
    // Nothing is installed here, as far as this state knows.
    writeFileSync(join(options.directory, 'state', 'status'), '')
  }

  #settings(): string[] {
    const { directory, architecture } = this.#options
    const settings = {
      'Dir::State': join(directory, 'state'),
      'Dir::State::status': join(directory, 'state', 'status'),
      'Dir::Cache': join(directory, 'cache'),
      'Dir::Log': join(directory, 'log'),
      'APT::Architecture': architecture,
      'APT::Architectures::': architecture,
      'APT::Sandbox::User': '',
      'Acquire::Languages': 'none',
      'Acquire::Retries': '3',
      'Debug::NoLocking': '1',
    }
    return Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`])
  }

  #run(program: string, rest: readonly string[], cwd?: string): Promise<CommandResult> {
    const { signal } = this.#options
    return runTool(program, [...this.#settings(), ...rest], {
      ...(cwd === undefined ? {} : { cwd }),
      ...(signal === undefined ? {} : { signal }),
    })
  }

  /**
   * Renews the lists of packages. A list that cannot be had, as while a mirror is being renewed, is no error yet: what is wanted may
   * stand in another.
   */
  async update(): Promise<void> {
    for (let attempt = 0; attempt < TRIES; attempt++) {
      const { status, stderr } = await this.#run('apt-get', ['update', '-qq', '--error-on=any'])
      this.#missing = status === 0 ? '' : stderr
      if (status === 0) return
    }
  }

  /** Fields of a package's newest version. Throws `HostError` `host.obtain` if there is none. */
  async show(name: string): Promise<ReadonlyMap<string, string>> {
    const { stdout, stderr } = await this.#run('apt-cache', ['show', '--no-all-versions', name])
    const fields = new Map<string, string>()
    for (const [, key = '', value = ''] of stdout.matchAll(/^([\w-]+): (.*)$/gm)) fields.set(key, value)
    if (fields.size > 0) return fields
    throw obtainError(`there is no package ${name} for ${this.#options.architecture}`, `${this.#missing}\n${stderr}`)
  }

  /** Downloads packages into a directory; apt compares them with its signed lists. */
  async download(names: readonly string[], into: string): Promise<void> {
    let last = ''
    for (let attempt = 0; attempt < TRIES; attempt++) {
      const { status, stderr } = await this.#run('apt-get', ['download', '-qq', ...names], into)
      if (status === 0) return
      last = stderr
      // The lists may have been renewed in between.
      await this.update()
    }
    throw obtainError(`${names.join(' and ')} cannot be downloaded`, last)
  }
}

function obtainError(what: string, stderr: string): HostError {
  const line = stderr.split('\n').find((text) => text.startsWith('E:')) ?? ''
  const reason = line === '' ? '' : ` (${line.slice(2).trim()})`
  const remedy = 'check the network and the sources of apt-get, or use --offline with what is there, or the lab guest'
  return new HostError('host.obtain', `${what}${reason}`, remedy)
}
