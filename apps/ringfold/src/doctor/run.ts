import { spawnSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { styled } from '../style.ts'
import { columnsOf } from '../table.ts'
import type { DoctorOptions } from './command.ts'
import { OPTIONAL_TOOLS, type OptionalTool } from './tools.ts'

interface Finding {
  readonly name: string
  readonly path: string | null
  /** The first line that it prints of itself. */
  readonly version: string | null
  readonly purpose: string
  readonly package: string
}

/** `13.1`, or the dates by which some projects call their releases: `20230503`, `0.0~git20230309`, `2023_03_09`. */
const VERSION = /\d+(\.\d+)+|\b\d{8}\b|\b\d{4}_\d\d_\d\d\b/
/** System programs that a plain user's PATH leaves out. */
const MORE_FOLDERS = ['/usr/sbin', '/sbin']

function pathOf(program: string): string | null {
  const folders = [...(process.env.PATH ?? '').split(':'), ...MORE_FOLDERS]
  for (const folder of folders) {
    const path = join(folder, program)
    try {
      accessSync(path, constants.X_OK)
      return path
    } catch {
      // Not there.
    }
  }
  return null
}

function find({ name, programs, versionArguments, purpose, package: from }: OptionalTool): Finding {
  const path = programs.map(pathOf).find((found) => found !== null) ?? null
  const version = path === null ? null : versionOf(path, versionArguments)
  return { name, path, version, purpose, package: from }
}

function versionOf(path: string, versionArguments: readonly string[]): string | null {
  const { stdout, stderr } = spawnSync(path, versionArguments, { encoding: 'utf8', timeout: 5000 })
  const [first = ''] = `${stdout ?? ''}${stderr ?? ''}`
    .split('\n')
    .filter((line) => VERSION.test(line) && !/licen[sc]e/i.test(line))
  return VERSION.exec(first)?.[0] ?? null
}

/** `ringfold doctor`. */
export function runDoctor({ json }: DoctorOptions): void {
  const findings = OPTIONAL_TOOLS.map(find)
  if (json) {
    process.stdout.write(`${JSON.stringify(findings, null, 2)}\n`)
    return
  }
  const rows = findings.map(({ name, path, version, purpose }) => [
    name,
    path === null ? styled('yellow', 'absent') : (version ?? 'present'),
    purpose,
  ])
  process.stdout.write(`${columnsOf(['tool', 'version', 'what it is for'], rows)}\n`)
  const absent = findings.filter(({ path }) => path === null)
  if (absent.length === 0) return
  process.stdout.write(`\nOn Debian: apt-get install ${absent.map((tool) => tool.package).join(' ')}\n`)
}
