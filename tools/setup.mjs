// Makes a fresh clone runnable, and does nothing when that was done before. Runs under any Node from 20 on, before
// anything is installed: no dependencies, plain JavaScript. All output goes to stderr, because the commands that start
// with this step promise their stdout to somebody else.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const modules = join(root, 'node_modules')
const bin = join(modules, '.bin')
const stampFile = join(modules, '.ringfold-setup')
const lockDir = join(root, '.cache', 'setup.lock')
const LOWEST_NODE_MAJOR = 24
const LOCK_POLL_MS = 500

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

/** What the installed tree depends on: the lockfile, pnpm's settings, its version, and the machine. */
function wantedStamp() {
  const hash = createHash('sha256')
  for (const file of ['pnpm-lock.yaml', 'pnpm-workspace.yaml']) hash.update(readFileSync(join(root, file)))
  hash.update(`${manifest.packageManager} ${process.platform} ${process.arch}`)
  return hash.digest('hex')
}

function readOrUndefined(file) {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}

function isSetUp(stamp) {
  return readOrUndefined(stampFile) === stamp
}

function fail(message) {
  process.stderr.write(`setup: ${message}\n`)
  process.exit(10)
}

/** pnpm as installed by an earlier set-up if it is the right one, else through npx. */
function pnpmCommand() {
  const wanted = manifest.packageManager.replace('pnpm@', '')
  const installed = readOrUndefined(join(modules, 'pnpm', 'package.json'))
  if (installed !== undefined && JSON.parse(installed).version === wanted) return [join(bin, 'pnpm')]
  return ['npx', '--yes', manifest.packageManager]
}

function install(...flags) {
  const [command, ...prefix] = pnpmCommand()
  const env = { ...process.env }
  // Either would make pnpm leave out the development dependencies, which are what a clone works with.
  delete env.NODE_ENV
  delete env.npm_config_omit
  const args = [...prefix, 'install', '--frozen-lockfile', '--config.confirmModulesPurge=false', ...flags]
  const { status, error } = spawnSync(command, args, { cwd: root, env, stdio: ['ignore', 2, 2] })
  if (error) fail(`cannot start ${command}: ${error.message}. npm (which brings npx) must be on the PATH.`)
  if (status !== 0) fail(`\`pnpm install\` failed (above). Mend the cause, for example the network, and run again.`)
}

/** Whether the Node that came with the dependencies runs; an install that was killed half-way leaves none. */
function hasOwnNode() {
  const env = { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}` }
  const { stdout } = spawnSync(join(bin, 'node'), ['--version'], { env, encoding: 'utf8' })
  const major = /^v(\d+)\./.exec(stdout ?? '')?.[1]
  return major !== undefined && Number(major) >= LOWEST_NODE_MAJOR
}

function isRunning(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}

function isAbandoned() {
  const owner = readOrUndefined(join(lockDir, 'pid'))
  // No pid yet: its maker may be between the two steps, unless the lock is old.
  if (owner === undefined) return Date.now() - (statSync(lockDir, { throwIfNoEntry: false })?.mtimeMs ?? 0) > 10_000
  return !isRunning(Number(owner))
}

/** Two commands started in one fresh clone must not install at the same time: the second waits for the first. */
function takeLock() {
  mkdirSync(join(root, '.cache'), { recursive: true })
  for (let waits = 0; ; waits++) {
    try {
      mkdirSync(lockDir)
      writeFileSync(join(lockDir, 'pid'), String(process.pid))
      return
    } catch (error) {
      if (error.code !== 'EEXIST') throw error
    }
    if (isAbandoned()) rmSync(lockDir, { recursive: true, force: true })
    else {
      if (waits === 0) process.stderr.write('setup: another command is setting up; waiting for it\n')
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOCK_POLL_MS)
    }
  }
}

function setUp(stamp) {
  if (isSetUp(stamp)) return
  process.stderr.write('setup: installing the development dependencies\n')
  rmSync(stampFile, { force: true })
  install()
  if (!hasOwnNode()) install('--force')
  if (!hasOwnNode())
    fail(`the \`node\` package brought no Node ${LOWEST_NODE_MAJOR} for ${process.platform}-${process.arch}.`)
  writeFileSync(stampFile, stamp)
}

try {
  const stamp = wantedStamp()
  if (!isSetUp(stamp)) {
    takeLock()
    process.on('exit', () => rmSync(lockDir, { recursive: true, force: true }))
    setUp(stamp)
  }
} catch (error) {
  fail(error.message)
}
