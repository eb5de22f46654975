import process from 'node:process'
import { DEFAULT_DEBIAN_FLAVOUR, type DebianFlavour, DOM0_FLAVOUR } from '@ringfold/guests'
import { type DebianGuest, obtainDebian, obtainXen, type XenHypervisor } from '@ringfold/host-node'
import { InputError } from '../exit.ts'
import { withInputErrors } from '../host-errors.ts'
import { labelled } from '../table.ts'
import type { GuestOptions } from './command.ts'

/** `ringfold guest`. */
export async function runGuest(name: string, { flavour, json, ...options }: GuestOptions): Promise<void> {
  if (name !== 'debian' && name !== 'xen')
    throw new InputError(`there is no guest ${name} to obtain`, 'use debian or xen; lab needs nothing')
  if (name === 'xen' && flavour !== undefined)
    throw new InputError('--flavour does not go with xen', `its first domain is Debian ${DOM0_FLAVOUR}`)
  const how = { ...options, progress: (what: string) => void process.stderr.write(`debian: ${what}\n`) }
  const wanted = name === 'xen' ? DOM0_FLAVOUR : ((flavour ?? DEFAULT_DEBIAN_FLAVOUR) as DebianFlavour)
  await withInputErrors(async () => {
    const xen = name === 'xen' ? await obtainXen(how) : undefined
    const found = await obtainDebian({ ...how, flavour: wanted })
    if (json) process.stdout.write(`${JSON.stringify({ ...found, ...(xen && { xen }) }, null, 2)}\n`)
    else process.stdout.write(`${labelled([...hypervisorRows(xen), ...kernelRows(found)])}\n`)
  })
}

const kernelRows = ({ flavour, release, version, kernelPath, initramfsPath }: DebianGuest): [string, string][] => [
  ['flavour', flavour],
  ['kernel', `${release}, package ${version}`],
  ['kernel file', kernelPath],
  ['initramfs', initramfsPath],
]

function hypervisorRows(xen: XenHypervisor | undefined): [string, string][] {
  if (xen === undefined) return []
  return [
    ['hypervisor', `${xen.release}, package ${xen.version}`],
    ['hypervisor file', xen.path],
  ]
}
