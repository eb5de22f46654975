import process from 'node:process'
import type { DebianFlavour } from '@ringfold/guests'
import { obtainDebian } from '@ringfold/host-node'
import { InputError } from '../exit.ts'
import { withInputErrors } from '../host-errors.ts'
import { labelled } from '../table.ts'
import type { GuestOptions } from './command.ts'

/** `ringfold guest`. */
export async function runGuest(name: string, { flavour, offline, refresh, json }: GuestOptions): Promise<void> {
  if (name !== 'debian') throw new InputError(`there is no guest ${name} to obtain`, 'use debian; lab needs nothing')
  const progress = (what: string) => process.stderr.write(`debian: ${what}\n`)
  const found = await withInputErrors(() =>
    obtainDebian({ flavour: flavour as DebianFlavour, offline, refresh, progress }),
  )
  if (json) process.stdout.write(`${JSON.stringify(found, null, 2)}\n`)
  else
    process.stdout.write(
      `${labelled([
        ['flavour', found.flavour],
        ['kernel', `${found.release}, package ${found.version}`],
        ['kernel file', found.kernelPath],
        ['initramfs', found.initramfsPath],
      ])}\n`,
    )
}
