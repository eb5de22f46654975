/** A virtual-8086 program under a 32-bit monitor. */
import { RFLAGS } from '@ringfold/arch'
import { AT, type Guest, SELECTOR, type Stop } from './guest.ts'

export const V86_CODE = 0x48000
const V86_SEGMENTS = { ss: 0x6000, es: 0x5001, ds: 0x5000, fs: 0x5002, gs: 0x5003 } as const
export const V86_SP = 0x8000
export const V86 = { cs: V86_CODE >> 4, ...V86_SEGMENTS } as const

/** Runs a program of 16-bit code in virtual-8086 mode, from a monitor that returns to it, with these flags besides VM. */
export function runV86(guest: Guest, text: string, flags = 2): Stop {
  const { cs, ss, es, ds, fs, gs } = V86
  const image = [gs, fs, ds, es, ss, V86_SP, RFLAGS.lo.VM | flags, cs, 0]
  guest.load(`${image.map((value) => `push ${value}`).join('\n')}\niretd`, { bits: 32, at: AT.code })
  guest.load(text, { bits: 16, at: V86_CODE })
  return guest.go()
}

/** The selectors that an event pushed above the ordinary frame: ES, DS, FS, GS. */
export function pushedSegments(guest: Guest, hasError: boolean): number[] {
  const top = guest.stackTop + (hasError ? 4 : 0) + 20
  return [0, 4, 8, 12].map((offset) => guest.read(top + offset, 4))
}

/** A map of the redirection of INT n, all to the IDT, and the I/O map behind it, all allowed. */
export function putRedirectionMap(guest: Guest, redirected: readonly number[]): void {
  const map = 0x68
  guest.memory.write16(AT.tss + 102, map + 32)
  for (let n = 0; n < 32; n++) guest.memory.write8(AT.tss + map + n, 0xff)
  for (const vector of redirected) {
    const at = AT.tss + map + (vector >> 3)
    guest.memory.write8(at, guest.memory.read8(at) & ~(1 << (vector & 7)))
  }
}

export const MONITOR_CS = SELECTOR.code32
