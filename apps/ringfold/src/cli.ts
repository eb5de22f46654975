#!/usr/bin/env node
import process from 'node:process'
import { ExitStatus, reportHostError } from './exit.ts'

// Nothing else is imported statically: what fails while it is loaded must end with our status too, not with Node's.
process.on('uncaughtException', reportHostError)
process.on('unhandledRejection', reportHostError)
process.stdout.on('error', endOfOutput)
process.stderr.on('error', endOfOutput)

/** The reader went away (`| head`): there is nobody left to tell. */
function endOfOutput(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') process.exit(ExitStatus.ok)
  reportHostError(error)
}

const { run } = await import('./program.ts')
process.exitCode = await run(process.argv.slice(2))
