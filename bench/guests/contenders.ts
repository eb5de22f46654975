/** How each contender is started on the same kernel and initramfs; its console is its standard output. */
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import process from 'node:process'
import type { Bits } from './build.ts'

export const PEERS = ['qemu', 'v86', 'native'] as const
export type Peer = (typeof PEERS)[number]
export type ContenderName = 'ringfold' | Peer

export interface Guest {
  readonly kernelPath: string
  readonly initrdPath: string
}

export interface MachineContender {
  readonly name: ContenderName
  readonly version: string
  start(guest: Guest): ReturnType<typeof spawn>
}

const MEMORY_MB = 512
/** The peers' clocks are the host's; all get the same words. */
export const APPEND = 'console=ttyS0 quiet rdinit=/bench/init'
const CLI = join(import.meta.dirname, '../../apps/ringfold/src/cli.ts')
const V86_HOST = join(import.meta.dirname, 'v86-host.ts')
/** Of the npm package. */
const v86Version = (): string => {
  const build = dirname(createRequire(import.meta.url).resolve('v86'))
  const { version } = JSON.parse(readFileSync(join(build, '..', 'package.json'), 'utf8')) as {
    readonly version: string
  }
  return version
}
/** Of Debian's seabios. */
const BIOS = '/usr/share/seabios/bios.bin'
const VGA_BIOS = '/usr/share/seabios/vgabios-stdvga.bin'

const versionOf = (command: string): string | undefined => {
  const { status, stdout } = spawnSync(command, ['--version'], { encoding: 'utf8' })
  return status === 0 ? stdout.split('\n')[0] : undefined
}

export function ringfold(engine: string): MachineContender {
  return {
    name: 'ringfold',
    version: `engine ${engine}`,
    start: ({ kernelPath, initrdPath }) =>
      spawn(
        process.execPath,
        [
          ...['-C', '@ringfold/source', CLI, 'run', '--kernel', kernelPath, '--initrd', initrdPath, '--append', APPEND],
          ...['--memory', `${MEMORY_MB}M`, '--engine', engine, '--quiet', '--no-reboot', '--clock', 'virtual'],
        ],
        { stdio: ['ignore', 'pipe', 'inherit'] },
      ),
  }
}

/** A machine that stands beside ours; a text says why it cannot. */
export function peerMachine(peer: 'qemu' | 'v86', bits: Bits): MachineContender | string {
  return peer === 'qemu' ? qemu(bits) : v86(bits)
}

function qemu(bits: Bits): MachineContender | string {
  const command = bits === 64 ? 'qemu-system-x86_64' : 'qemu-system-i386'
  const version = versionOf(command)
  if (version === undefined) return `${command} is not there`
  const fixed = ['-M', 'q35', '-accel', 'tcg', '-nographic', '-no-reboot', '-net', 'none', '-m', String(MEMORY_MB)]
  const start = ({ kernelPath, initrdPath }: Guest) =>
    spawn(command, [...fixed, '-kernel', kernelPath, '-initrd', initrdPath, '-append', APPEND], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
  return { name: 'qemu', version, start }
}

function v86(bits: Bits): MachineContender | string {
  if (bits === 64) return 'v86 has no 64-bit mode'
  if (!existsSync(BIOS) || !existsSync(VGA_BIOS)) return "v86 wants the BIOS of Debian's package seabios"
  const start = ({ kernelPath, initrdPath }: Guest) =>
    spawn(process.execPath, [V86_HOST, kernelPath, initrdPath, BIOS, VGA_BIOS, String(MEMORY_MB), APPEND], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
  return { name: 'v86', version: v86Version(), start }
}
