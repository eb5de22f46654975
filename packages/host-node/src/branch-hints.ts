import { setFlagsFromString } from 'node:v8'

/**
 * Lets V8 listen to the branch hints of compiled guest code (`metadata.code.branch_hint`), which makes accesses to memory up to 1.5
 * times as fast. Node 26 listens by itself; Node 24 does where this was called before a machine is made. It holds for the process.
 */
export function enableBranchHints(): void {
  setFlagsFromString('--experimental-wasm-branch-hinting')
}
