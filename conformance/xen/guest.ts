/** Debian's Xen on a machine of this process, with Debian's kernel as its first domain. */
import { readFileSync } from 'node:fs'
import { extractVmlinux } from '@ringfold/boot'
import { DOM0_FLAVOUR, joinArchives, scriptArchive, XEN_MEMORY_BYTES, xenBoot } from '@ringfold/guests'
import { HostError, obtainDebian, obtainXen } from '@ringfold/host-node'
import { createMachine, type MachineEnd, type MachineOptions } from '@ringfold/machine'

export interface XenGuest {
  readonly xenPath: string
  readonly kernelPath: string
  readonly initramfsPath: string
}

/** The guest, or why it cannot be had. */
export async function xenOr(progress: (what: string) => void = () => undefined): Promise<XenGuest | string> {
  try {
    const { path } = await obtainXen({ progress })
    return { xenPath: path, ...(await obtainDebian({ flavour: DOM0_FLAVOUR, progress })) }
  } catch (error) {
    if (error instanceof HostError) return error.message
    throw error
  }
}

export interface XenRun extends Pick<MachineOptions, 'cpus' | 'engine'> {
  /** Of the first domain: the bzImage that Xen unpacks, or what is in it. */
  readonly kernel: 'bzImage' | 'vmlinux'
  readonly script: string
}

export interface XenResult {
  readonly end: MachineEnd
  /** All that came to COM1: of Xen, and of its first domain. */
  readonly output: string
  readonly instructions: number
}

/** Far more than it takes: 9 billion with a bzImage. */
const INSTRUCTIONS = 30e9

/** Runs a script in the user space of the first domain, which then powers off. */
export async function runXen(guest: XenGuest, { kernel, script, cpus, engine }: XenRun): Promise<XenResult> {
  const packed = readFileSync(guest.kernelPath)
  const machine = createMachine({
    memory: XEN_MEMORY_BYTES,
    ...(cpus === undefined ? {} : { cpus }),
    ...(engine === undefined ? {} : { engine }),
    boot: xenBoot({
      xen: readFileSync(guest.xenPath),
      kernel: kernel === 'bzImage' ? packed : await unpacked(packed),
      initramfs: joinArchives(readFileSync(guest.initramfsPath), scriptArchive(script)),
    }),
  })
  let output = ''
  machine.serial[0]?.onOutput((bytes) => {
    output += new TextDecoder('latin1').decode(bytes)
  })
  const end = await machine.run({ instructions: INSTRUCTIONS })
  const { instructions } = machine.statistics
  await machine.close()
  return { end, output: output.replaceAll('\r', ''), instructions }
}

async function unpacked(bzImage: Uint8Array): Promise<Uint8Array> {
  const result = await extractVmlinux(bzImage)
  if (result.kind === 'vmlinux') return result.bytes
  throw new Error(result.message)
}
